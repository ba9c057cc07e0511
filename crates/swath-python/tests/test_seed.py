"""The cookbook's own code, with only the call that opens replaced; its figures are the fixtures'."""

from __future__ import annotations

import datetime
import re
from pathlib import PurePosixPath
from typing import Any
from urllib.parse import urlparse

import numpy as np
import pytest
import rioxarray  # noqa: F401  (registers .rio)
import xarray as xr
from conftest import BOX, GROUP

import swath

WEST, SOUTH, EAST, NORTH = BOX


def clipped(hhhh: xr.DataArray, projection: int) -> xr.DataArray:
    hhhh = hhhh.rio.write_crs(projection)
    subset: xr.DataArray = hhhh.rio.clip_box(minx=WEST, miny=SOUTH, maxx=EAST, maxy=NORTH, crs="EPSG:4326")
    return subset


def window_of(expected: dict[str, Any], granule: str) -> dict[str, Any]:
    found: list[dict[str, Any]] = [
        window
        for window in expected[granule]["windows"]
        if window["path"] == f"{GROUP}/HHHH" and window["box"] == "seed"
    ]
    assert len(found) == 1
    return found[0]


@pytest.mark.parametrize("direct_access", [False, True], ids=["https", "s3"])
def test_one_granule(
    sandbox: swath.SandboxSession, granules: swath.Results, expected: dict[str, Any], direct_access: bool
) -> None:
    urls = granules.find_urls(extension=".h5", pattern=r"^(?!.*QA_STATS).*", direct_access=direct_access)
    assert len(urls) == 5
    dt = xr.open_datatree(
        urls[0],
        engine="swath",
        session=sandbox,
        decode_timedelta=False,
        phony_dims="access",
        chunks="auto",
    )
    frequencyA = dt["/science/LSAR/GCOV/grids/frequencyA"]
    projection = frequencyA.projection.attrs["epsg_code"].item()
    hhhh = frequencyA.HHHH
    subset_hhhh = clipped(hhhh, projection)
    truth = window_of(expected, PurePosixPath(urls[0]).stem)
    assert subset_hhhh.shape == (truth["height"], truth["width"])
    mean = subset_hhhh.astype("f8").mean().to_numpy().item()
    assert mean == pytest.approx(truth["mean"], rel=1e-12)
    # As the cookbook takes it: numpy's mean in single precision.
    subset_hhhh_mean = subset_hhhh.mean().to_numpy().item()
    assert subset_hhhh_mean == pytest.approx(truth["mean"], rel=1e-5)


def test_the_time_series(sandbox: swath.SandboxSession, granules: swath.Results, expected: dict[str, Any]) -> None:
    urls = granules.find_urls(pattern=r"^(?!.*QA_STATS).*")
    datatrees = [
        xr.open_datatree(
            url,
            engine="swath",
            session=sandbox,
            decode_timedelta=False,
            phony_dims="access",
            chunks="auto",
            group=GROUP,
        )
        for url in urls
    ]
    means = []
    for tree in datatrees:
        projection = tree.projection.attrs["epsg_code"].item()
        means.append(clipped(tree.HHHH, projection).astype("f8").mean().to_numpy().item())
    truth = [window_of(expected, PurePosixPath(url).stem)["mean"] for url in urls]
    assert means == pytest.approx(truth, rel=1e-12)

    stamp = re.compile(r"_(\d{8}T\d{6})_")
    dts = []
    for url in urls:
        found = stamp.search(PurePosixPath(urlparse(url).path).name)
        assert found is not None
        dts.append(datetime.datetime.strptime(found.group(1), "%Y%m%dT%H%M%S"))
    dataarrays = [
        tree.ds.assign_coords(time=dt).expand_dims(time=1) for dt, tree in zip(dts, datatrees, strict=True)
    ]
    assert dict(dataarrays[0].sizes) == {"time": 1, "yCoordinates": 1240, "xCoordinates": 1320, "phony_dim_0": 2}
    ts = xr.concat(dataarrays, dim="time")
    part = ts[["HHHH"]].isel(yCoordinates=slice(565, 639), xCoordinates=slice(621, 683)).compute()
    assert part.HHHH.shape == (5, 74, 62)
    assert part.HHHH.astype("f8").mean(("yCoordinates", "xCoordinates")).values == pytest.approx(truth, rel=1e-12)

    # Closing is no end: nothing was held open.
    for tree in datatrees:
        tree.close()
    assert np.isfinite(ts.HHHH[:, 600, 650].compute()).all()
