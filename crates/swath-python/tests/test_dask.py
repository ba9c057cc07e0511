"""Dask: the same arrays in a cluster of processes; the index travels, nothing is asked for twice."""

from __future__ import annotations

import os
import pathlib
import pickle
import re
from collections.abc import Iterator
from typing import Any

import h5py
import numpy as np
import pytest
import xarray as xr
from conftest import GROUP

import swath

distributed = pytest.importorskip("distributed")

WORKERS = 4
GRANULES = 21


@pytest.fixture(scope="module")
def many(folder: pathlib.Path, tmp_path_factory: pytest.TempPathFactory) -> pathlib.Path:
    """Twenty-one granules of one frame: the seven of the demo, linked under other cycles and dates."""
    into = tmp_path_factory.mktemp("many")
    sources = sorted(folder.glob("NISAR_*.h5"))
    for number in range(GRANULES):
        source = sources[number % len(sources)]
        start = np.datetime64("2025-01-01T02:46:18") + np.timedelta64(12 * number, "D")
        end = start + np.timedelta64(34, "s")
        stamps = [str(moment).replace("-", "").replace(":", "") for moment in (start, end)]
        name = re.sub(r"_GCOV_\d{3}_", f"_GCOV_{100 + number:03}_", source.name)
        name = re.sub(r"_\d{8}T\d{6}_\d{8}T\d{6}_X\d{5}_", f"_{stamps[0]}_{stamps[1]}_X05009_", name)
        os.link(source, into / name)
    return into


@pytest.fixture(scope="module")
def cluster(many: pathlib.Path) -> Iterator[tuple[swath.SandboxSession, Any]]:
    with swath.sandbox(many) as session:
        # Each worker finds its own login, as it would on a real cluster.
        before = os.environ.get("EARTHDATA_TOKEN")
        os.environ["EARTHDATA_TOKEN"] = session.environment["EARTHDATA_TOKEN"]
        try:
            with (
                distributed.LocalCluster(
                    n_workers=WORKERS, threads_per_worker=1, processes=True, dashboard_address=None
                ) as local,
                distributed.Client(local) as client,
            ):
                yield session, client
        finally:
            if before is None:
                del os.environ["EARTHDATA_TOKEN"]
            else:
                os.environ["EARTHDATA_TOKEN"] = before


def chunk_ranges(path: pathlib.Path) -> set[tuple[int, int]]:
    """First byte and end of every chunk of HHHH, as h5py sees them."""
    with h5py.File(path) as file:
        layer = file[f"{GROUP}/HHHH"].id
        chunks = [layer.get_chunk_info(number) for number in range(layer.get_num_chunks())]
    return {(chunk.byte_offset, chunk.byte_offset + chunk.size) for chunk in chunks}


def test_a_cluster_computes_a_statistic_of_a_stack(
    cluster: tuple[swath.SandboxSession, Any], many: pathlib.Path
) -> None:
    session, client = cluster
    granules = session.search(start="2025-01-01", end="2025-12-31")[::-1]
    assert len(granules) == GRANULES
    layers = [
        xr.open_dataset(g.url, engine="swath", session=session, group=GROUP, chunks={}).HHHH for g in granules
    ]
    stack = xr.concat(layers, dim="time")
    assert stack.chunks == ((1,) * GRANULES, (512, 512, 216), (512, 512, 296))
    session.clear_log()
    deviation = stack.astype("f8").std("time").compute()

    paths = [many / f"{granule.name}.h5" for granule in granules]
    values = []
    for path in paths:
        with h5py.File(path) as file:
            values.append(file[f"{GROUP}/HHHH"][...].astype("f8"))
    np.testing.assert_allclose(deviation.values, np.nanstd(np.stack(values), axis=0), rtol=1e-9, atol=1e-12)

    # What the workers asked for is pixels: every range lies within chunks of the layer. No metadata.
    data = [entry for entry in session.log() if entry["service"] in ("cdn", "s3")]
    assert len(data) >= GRANULES
    by_name = {path.name: chunk_ranges(path) for path in paths}
    for entry in data:
        first, last = (int(number) for number in re.findall(r"\d+", entry["range"]))
        inside = [(a, b) for a, b in by_name[entry["path"].rsplit("/", 1)[-1]] if first <= a and b <= last + 1]
        assert inside and min(a for a, _ in inside) == first and max(b for _, b in inside) == last + 1, entry
    catalogue = [entry for entry in session.log() if entry["service"] == "cmr"]
    assert catalogue == []
    used = client.run(lambda: os.getpid())
    assert len(set(used.values())) == WORKERS and os.getpid() not in used.values()


def test_a_stack_computes_in_the_cluster(cluster: tuple[swath.SandboxSession, Any]) -> None:
    session, client = cluster
    granules = session.search(start="2025-01-01", end="2025-12-31")[::-1]
    box = (40.8463, 13.2553, 40.8574, 13.2684)
    # From S3: each worker fetches its own credentials.
    s3 = granules.find_urls(pattern=r"^(?!.*QA_STATS)", direct_access=True)
    stack = session.open_stack(s3, bbox=box).chunk({"time": 5})
    means = stack.HHHH.astype("f8").mean(("y", "x"))
    here = session.timeseries(granules, bbox=box)
    there = client.compute(means).result(timeout=180)
    assert there.values == pytest.approx([row["mean"] for row in here], rel=1e-12)


def test_a_worker_without_a_login_says_so(cluster: tuple[swath.SandboxSession, Any]) -> None:
    session, client = cluster
    url = session.search(limit=1)[0].url
    packed = pickle.dumps(xr.open_dataset(url, engine="swath", session=session, group=GROUP, chunks={}).HHHH)

    def without(packed: bytes) -> str:
        os.environ.pop("EARTHDATA_TOKEN")
        os.environ["NETRC"] = "/nowhere"
        swath._session._arrived.clear()
        swath._tree._reopened.clear()
        try:
            pickle.loads(packed)[0, 0].compute(scheduler="synchronous")
        except PermissionError as error:
            return str(error)
        return "it read"

    answer = client.submit(without, packed, pure=False).result(timeout=180)
    assert "no Earthdata Login token" in answer
