"""Every key that numpy and xarray know, against the same key on the values in memory."""

from __future__ import annotations

import asyncio
import pathlib
import random
from typing import Any

import h5py
import numpy as np
import pytest
import xarray as xr
from conftest import GROUP, ROOT

import swath
from swath.xarray_backend import _opened


@pytest.fixture(scope="module")
def path(folder: pathlib.Path) -> pathlib.Path:
    return sorted(folder.glob("NISAR_*.h5"))[1]


@pytest.fixture(scope="module")
def truth(path: pathlib.Path) -> np.ndarray[Any, Any]:
    with h5py.File(path) as file:
        values: np.ndarray[Any, Any] = file[f"{GROUP}/HHHH"][...]
    return values


def random_key(rng: random.Random, extent: int) -> Any:
    kind = rng.randrange(4)
    if kind == 0:
        return rng.randrange(-extent, extent)
    if kind == 1:
        count = rng.choice([0, 1, 3, 40])
        return np.array([rng.randrange(-extent, extent) for _ in range(count)], dtype=int)
    first, end = (rng.randrange(-extent - 5, extent + 5) for _ in range(2))
    return slice(first, end, rng.choice([None, 1, 2, 7, 600, -1, -3]))


def outer(values: np.ndarray[Any, Any], keys: tuple[Any, ...]) -> Any:
    for axis in reversed(range(len(keys))):
        values = values[(slice(None),) * axis + (keys[axis],)]
    return values


def test_orthogonal_keys_give_what_numpy_gives(path: pathlib.Path, truth: np.ndarray[Any, Any]) -> None:
    rng = random.Random(20251122)
    layer = swath.open(path, GROUP)["HHHH"]
    for _ in range(150):
        keys = tuple(random_key(rng, extent) for extent in truth.shape)
        ours, wanted = layer[keys], outer(truth, keys)
        assert ours.shape == np.shape(wanted), keys
        assert np.array_equal(ours, wanted, equal_nan=True), keys


def test_short_keys_and_dots(path: pathlib.Path, truth: np.ndarray[Any, Any]) -> None:
    layer = swath.open(path, GROUP)["HHHH"]
    assert np.array_equal(layer[700], truth[700], equal_nan=True)
    assert np.array_equal(layer[..., 5:9], truth[..., 5:9], equal_nan=True)
    assert np.array_equal(layer[700, ...], truth[700, ...], equal_nan=True)
    assert np.array_equal(np.asarray(layer), truth, equal_nan=True)
    mask = np.arange(truth.shape[0]) % 100 == 3
    assert np.array_equal(layer[mask], truth[mask], equal_nan=True)
    for wrong in [(1240, 0), (0, -1321), (0, 0, 0), ([5000], 0)]:
        with pytest.raises(IndexError):
            layer[wrong]


def test_xarray_indexing_gives_what_numpy_gives(path: pathlib.Path, truth: np.ndarray[Any, Any]) -> None:
    lazy = xr.open_dataset(path, engine="swath", group=GROUP).HHHH
    y = xr.DataArray([5, 600, 600, -1], dims="point")
    x = xr.DataArray([650, 0, 651, 7], dims="point")
    assert np.array_equal(lazy[y, x].values, truth[y.values, x.values], equal_nan=True)
    assert np.array_equal(lazy[::-1, 3:9][600:640:3].values, truth[::-1, 3:9][600:640:3], equal_nan=True)
    assert np.array_equal(lazy[[7, 3], [9, 1, 9]].values, truth[np.ix_([7, 3], [9, 1, 9])], equal_nan=True)
    assert lazy[0:0].shape == (0, 1320) and lazy[0:0].values.dtype == np.float32
    nearest = lazy.sel(yCoordinates=1_466_500.0, xCoordinates=700_500.0, method="nearest")
    assert nearest.values in truth


def test_far_places_are_not_read_with_what_lies_between(
    sandbox: swath.SandboxSession, granules: swath.Results, truth: np.ndarray[Any, Any]
) -> None:
    layer = sandbox.open(granules[0], GROUP)["HHHH"]
    layer[0, 0]
    before = layer._opened.core.cost()[1]
    layer[...]
    whole = layer._opened.core.cost()[1] - before
    layer[[620, 1239], 650:660]
    few = layer._opened.core.cost()[1] - before - whole
    assert 0 < few < whole


def test_arrays_load_without_blocking_the_loop(sandbox: swath.SandboxSession, granules: swath.Results) -> None:
    async def several() -> tuple[list[xr.Dataset], int]:
        ticks = 0

        async def tick() -> None:
            nonlocal ticks
            while True:
                await asyncio.sleep(0.005)
                ticks += 1

        ticking = asyncio.create_task(tick())
        opened = [
            xr.open_dataset(g.url, engine="swath", session=sandbox, group=GROUP)[["HHHH"]] for g in granules
        ]
        parts = [one.isel(yCoordinates=slice(565, 639), xCoordinates=slice(621, 683)) for one in opened]
        before = ticks
        loaded = await asyncio.gather(*(part.load_async() for part in parts))
        ticking.cancel()
        return list(loaded), ticks - before

    loaded, ticks = asyncio.run(several())
    assert ticks > 0 and [part.HHHH.shape for part in loaded] == [(74, 62)] * 5
    again = sandbox.stats(granules, window=(565, 621, 74, 62))
    means = [float(part.HHHH.astype("f8").mean()) for part in loaded]
    assert means == pytest.approx([record["mean"] for record in again], rel=1e-12)


def test_texts_and_scalars(path: pathlib.Path) -> None:
    tree = swath.open(path)
    identification = tree["science/LSAR/identification"]
    assert identification["productType"][...].item() == b"GCOV"
    assert identification["trackNumber"][()] == 172 and identification["trackNumber"].ndim == 0
    with pytest.raises(TypeError):
        len(identification["trackNumber"])
    assert len(tree.layer("HHHH")) == 1240


def test_bytes_of_the_other_order_come_out_right() -> None:
    path = ROOT / "target/fixtures/big_endian.h5"
    layer = swath.open(path).layer("HHHH")
    with h5py.File(path) as file:
        wanted = file[layer.path][300:310, 200:207]
    assert layer.dtype == np.dtype(">f4")
    assert np.array_equal(layer[300:310, 200:207], wanted, equal_nan=True)


def test_texts_of_any_length(tmp_path: pathlib.Path) -> None:
    path = tmp_path / "texts.h5"
    words = np.array([["grün", ""], ["a" * 5000, "b"]], dtype=object)
    with h5py.File(path, "w") as file:
        file.create_dataset("words", data=words, dtype=h5py.string_dtype())
        file["words"].attrs["of"] = words
        file["words"].attrs["one"] = ["single"]
    array = swath.open(path)["words"]
    assert array[...].tolist() == words.tolist() and array[1, 0].item() == "a" * 5000
    ours = xr.open_dataset(path, engine="swath")
    theirs = xr.open_dataset(path, engine="h5netcdf", phony_dims="access")
    xr.testing.assert_identical(ours, theirs)
    assert ours.words.dtype == theirs.words.dtype
    assert ours.words.encoding["dtype"] == theirs.words.encoding["dtype"]
    theirs.close()


def test_types_without_a_numpy_type_are_named(tmp_path: pathlib.Path) -> None:
    path = tmp_path / "references.h5"
    with h5py.File(path, "w") as file:
        file["x"] = np.arange(3.0)
        file.create_dataset("pointer", data=file["x"].ref, dtype=h5py.ref_dtype)
    with pytest.warns(swath.SwathWarning, match="pointer"):
        found = xr.open_dataset(path, engine="swath")
    assert list(found.variables) == ["x"]


def test_other_files_are_left_alone(folder: pathlib.Path, tmp_path: pathlib.Path) -> None:
    from xarray.backends.plugins import list_engines

    backend = list_engines()["swath"]
    granule = next(folder.glob("NISAR_*.h5"))
    archive = "https://nisar.asf.earthdatacloud.nasa.gov/NISAR/C/g/anything.h5"
    for ours in (granule, str(granule), f"https://host/x/{granule.name}?a=b", archive):
        assert backend.guess_can_open(ours), ours
    (tmp_path / "other.h5").write_bytes(granule.read_bytes()[:64])
    for theirs in (
        tmp_path / "other.h5", "era5.nc", "NISAR_notes.txt", "https://host/data.h5", "s3://bucket/data.h5",
        "/NISAR_L2_folder/x.h5", b"\x89HDF\r\n\x1a\n", granule.open("rb"),
        "https://evil.example/?https://nisar.asf.earthdatacloud.nasa.gov/x.h5",
    ):  # fmt: skip
        assert not backend.guess_can_open(theirs), theirs


def with_token_of(sandbox: swath.SandboxSession) -> swath.Session:
    return swath.Session(environment=sandbox.environment, cache=False, ca_pem=sandbox._sandbox.ca_pem())


def test_xarray_s_tree_costs_no_wave_more_than_the_tree(
    sandbox: swath.SandboxSession, granules: swath.Results
) -> None:
    # Indexes of coordinates, and the first and last of all times: one after the other they would be a round trip each.
    # Sessions of their own: one that knows a sibling asks for more at a time.
    alone = with_token_of(sandbox).open(granules[0])
    tree = _opened(granules[0].url, None, None, with_token_of(sandbox), None)
    # They are on their way already.
    assert {path.rpartition("/")[2] for path, _ in tree._opened.core.scales()[0]} >= {"xCoordinates", "time"}
    assert alone.cost["waves"] == tree.cost["waves"] == 3
    sandbox.clear_log()
    assert xr.open_datatree(tree, engine="swath")[GROUP].sizes["xCoordinates"] == 1320  # type: ignore[arg-type]
    assert sandbox.log() == []
    xr.open_datatree(granules[0].url, engine="swath", session=with_token_of(sandbox))
    asked = [entry["service"] for entry in sandbox.log()]
    assert (len(asked), alone.cost["requests"]) == (tree.cost["requests"], 9)


@pytest.mark.parametrize("chunks", [(1, 100, 60), None], ids=str)
def test_the_ends_of_long_times_come_along(tmp_path: pathlib.Path, chunks: Any) -> None:
    path = tmp_path / "times.h5"
    times = np.linspace(-3.5, 86_400.25, 3 * 150 * 80).reshape(3, 150, 80)
    with h5py.File(path, "w") as file:
        file.create_dataset("when", data=times, chunks=chunks, compression=None if chunks is None else "gzip")
        file["when"].attrs["units"] = "seconds since 2025-11-22T00:00:00"
        file["big"] = times.astype(">f8")
        file["big"].attrs["units"] = "minutes since 2025-11-22"
    session = swath.Session(cache=False)
    tree = _opened(path, None, None, session, None)
    ends = {name: [one.view("<f8").tolist() for one in both] for name, *both in tree._opened.core.scales()[1]}
    assert ends == dict.fromkeys(["/when", "/big"], [[times.flat[0]], [times.flat[-1]]])
    before = tree.cost
    ours = xr.open_dataset(tree, engine="swath")  # type: ignore[arg-type]
    assert tree.cost == before
    theirs = xr.open_dataset(path, engine="h5netcdf", phony_dims="access")
    xr.testing.assert_identical(ours, theirs)
    assert ours.big.dtype == theirs.big.dtype
    # What is at hand answers for itself alone; everything else is read.
    whole = xr.open_dataset(tree, engine="swath", decode_times=False).big  # type: ignore[arg-type]
    last = slice(-1, None)
    keys: list[tuple[Any, Any, Any]] = [
        (0, 0, 0), (slice(0, 1),) * 3, (last, 149, last), (slice(0, 1), slice(1, 2), 0), ([0], [0], [0]),
    ]  # fmt: skip
    for x, y, z in keys:
        found = whole.variable[x, y, z].values
        assert np.array_equal(found, times[np.ix_([0], [0], [0])] if x == [0] else times[x, y, z])
        assert found.dtype == whole.dtype
    tree.close()
    with pytest.raises(swath.ClosedError):
        xr.open_dataset(tree, engine="swath")  # type: ignore[arg-type]
    with pytest.raises(swath.ClosedError):
        whole[:1, :1, :1].load()
    theirs.close()
