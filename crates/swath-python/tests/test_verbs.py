"""The verbs of the package, against the sandbox."""

from __future__ import annotations

import csv
import datetime
import json
import pathlib
import pickle
import subprocess
import sys
from typing import Any

import numpy as np
import pytest
import xarray as xr
from conftest import BOX, GROUP
from test_seed import window_of

import swath


def test_a_search_keeps_the_newest_releases(sandbox: swath.SandboxSession) -> None:
    area = "POLYGON((40.9131 12.3904,41.8891 12.3904,41.8891 13.2454,40.9131 13.2454,40.9131 12.3904))"
    everything = sandbox.search(
        wkt=area,
        direction="ASCENDING",
        start=datetime.datetime(2025, 11, 22),
        end="2026-03-05",
        limit=250,
        all_versions=True,
    )
    assert (len(everything), everything.hits) == (7, 7)
    newest = everything.latest()
    assert len(newest) == 5 and all("X05009" in granule.name for granule in newest)
    assert sorted(newest.left_out) == sorted(g.name for g in everything if "X05007" in g.name)
    assert {g["state"] for g in everything} == {"used", "superseded"}
    same = sandbox.search(intersects_with=area, flight_direction="A", relative_orbit=172, frame=(1, 9))
    assert [g.name for g in same] == [g.name for g in newest]
    assert "2 superseded releases" in repr(same) and len(same.left_out) == 2


def test_results_are_a_list_a_table_and_a_map(granules: swath.Results, tmp_path: pathlib.Path) -> None:
    assert isinstance(granules[0], swath.Granule) and isinstance(granules[1:3], swath.Results)
    assert [g.name for g in granules[1:3]] == [g.name for g in list(granules)[1:3]]
    assert granules[::-1][0] == granules[-1]
    html = granules._repr_html_()
    assert html.count("<tr>") == 6 and "<script" not in html
    assert granules.__geo_interface__["type"] == "FeatureCollection"
    assert len(granules.__geo_interface__["features"]) == 5
    frame = granules.to_geodataframe()
    assert frame.crs.to_epsg() == 4326 and len(frame) == 5
    assert list(frame["granule"]) == [g.name for g in granules]
    assert frame.geometry.intersects(__import__("shapely").box(*BOX)).all()
    granules.to_csv(tmp_path / "granules.csv")
    with open(tmp_path / "granules.csv", newline="") as file:
        assert [row["granule"] for row in csv.DictReader(file)] == [g.name for g in granules]
    again = pickle.loads(pickle.dumps(granules))
    assert [g.record for g in again] == [g.record for g in granules]
    assert again.find_urls(direct_access=True) == granules.find_urls(direct_access=True)
    assert all(url.startswith("s3://") for url in granules.find_urls(direct_access=True))


def test_stats_are_the_figures_of_h5py(
    sandbox: swath.SandboxSession, granules: swath.Results, expected: dict[str, Any]
) -> None:
    records = sandbox.stats(granules, bbox=BOX)
    assert [record["granule"] for record in records] == [g.name for g in granules]
    for record in records:
        truth = window_of(expected, record["granule"])
        for name in ("row_off", "col_off", "height", "width"):
            assert record["window"][name] == truth[name]
        assert (record["n_total"], record["n_valid"]) == (truth["n_total"], truth["n_valid"])
        for name in ("mean", "std", "min", "max"):
            assert record[name] == pytest.approx(truth[name], rel=1e-12)
    window = [records[0]["window"][name] for name in ("row_off", "col_off", "height", "width")]
    by_name = sandbox.stats(granules[0].name, window=window)
    assert by_name[0]["mean"] == records[0]["mean"] and by_name[0]["epsg"] == 32637
    frame = records.to_dataframe()
    assert list(frame["mean"]) == [record["mean"] for record in records] and "row_off" in frame
    assert records._repr_html_().count("<tr>") == 6


def test_a_series_is_the_command_s(
    sandbox: swath.SandboxSession, granules: swath.Results, expected: dict[str, Any], tmp_path: pathlib.Path
) -> None:
    series = sandbox.timeseries(granules[::-1], bbox=BOX)
    assert [row["time"] for row in series] == sorted(row["time"] for row in series)
    for row in series:
        assert row["mean"] == pytest.approx(window_of(expected, row["granule"])["mean"], rel=1e-12)
    series.to_csv(tmp_path / "series.csv")
    with open(tmp_path / "series.csv", newline="") as file:
        rows = list(csv.DictReader(file))
    assert [float(row["mean"]) for row in rows] == [row["mean"] for row in series]
    assert [row["track"] for row in rows] == ["172"] * 5
    frame = series.to_dataframe()
    assert str(frame.index[0]) == "2025-11-22 02:46:18+00:00"
    assert series.plot().startswith(b"\x89PNG")
    assert pickle.loads(pickle.dumps(series)) == series


def test_a_quicklook_is_a_picture(
    sandbox: swath.SandboxSession, granules: swath.Results, tmp_path: pathlib.Path
) -> None:
    view = (40.8218, 13.2319, 40.8818, 13.2919)
    picture = sandbox.quicklook(granules[0], bbox=view, outline=BOX, path=tmp_path / "box.png")
    assert picture._repr_png_() == (tmp_path / "box.png").read_bytes() and picture[:4] == b"\x89PNG"
    assert picture != sandbox.quicklook(granules[0], bbox=view)


def test_a_tree_is_a_mapping_and_prints_for_nothing(
    sandbox: swath.SandboxSession, granules: swath.Results
) -> None:
    tree = sandbox.open(granules[0])
    spent = tree.cost
    assert "frequencyA" in str(tree) and "<details" in tree._repr_html_()
    grids = tree["science/LSAR/GCOV/grids"]
    assert list(grids) == ["frequencyA", "frequencyB"] and len(grids) == 2
    layer = tree.layer("HHHH")
    assert layer.path == f"{GROUP}/HHHH" and layer.shape == (1240, 1320) and layer.dtype == np.float32
    assert layer.dims == ("yCoordinates", "xCoordinates") and layer.chunks == (512, 512)
    assert layer.attrs["units"] == "1" and "CLASS" not in grids["frequencyA/xCoordinates"].attrs
    assert tree.attrs["mission_name"] == "NISAR" and "nothing" not in tree
    assert "HHHH" in repr(layer) and "HVHV" in repr(grids["frequencyA"])
    assert tree.cost == spent
    with pytest.raises(KeyError):
        tree["science/nothing"]
    assert layer[600, 650].shape == () and tree.cost["requests"] > spent["requests"]


def test_an_open_tree_goes_on_in_xarray(sandbox: swath.SandboxSession, granules: swath.Results) -> None:
    tree = sandbox.open(granules[0])
    spent = tree.cost["requests"]
    dt = tree["science/LSAR/GCOV/grids"].to_xarray(chunks={}, decode_timedelta=False)
    assert list(dt.children) == ["frequencyA", "frequencyB"]
    # The coordinates, in one wave; nothing of the metadata again.
    assert tree.cost["requests"] - spent <= 8
    there = xr.open_datatree(granules[0].url, engine="swath", session=sandbox, group="/science/LSAR/GCOV/grids")
    xr.testing.assert_identical(dt["frequencyB"].to_dataset(), there["frequencyB"].to_dataset())


def test_repr_after_opening_in_xarray_costs_nothing(
    sandbox: swath.SandboxSession, granules: swath.Results
) -> None:
    dt = xr.open_datatree(granules[0].url, engine="swath", session=sandbox)
    spent = sandbox.cost
    shown: list[Any] = [dt, dt[GROUP], dt[GROUP].HHHH]
    assert all("HHHH" in repr(one) and "HHHH" in one._repr_html_() for one in shown)
    assert sandbox.cost == spent


def test_opening_a_tree_costs_few_requests(sandbox: swath.SandboxSession, granules: swath.Results) -> None:
    sandbox.clear_log()
    xr.open_datatree(granules[0].url, engine="swath", session=sandbox)
    data = [entry for entry in sandbox.log() if entry["service"] == "cdn"]
    assert len(data) <= 24
    sandbox.clear_log()
    xr.open_datatree(granules[0].url, engine="swath", session=sandbox, group=GROUP)
    data = [entry for entry in sandbox.log() if entry["service"] == "cdn"]
    assert len(data) <= 8 and sum(entry["bytes_sent"] for entry in data) <= 1_500_000


def test_a_stack_lies_on_one_grid(
    sandbox: swath.SandboxSession, granules: swath.Results, expected: dict[str, Any]
) -> None:
    stack = sandbox.open_stack(granules[::-1], ["HHHH", "mask"], bbox=BOX)
    assert dict(stack.sizes) == {"time": 5, "y": 74, "x": 62}
    assert list(stack.granule.values) == [g.name for g in granules]
    assert stack.time.values[0] == np.datetime64("2025-11-22T02:46:18")
    means = stack.HHHH.astype("f8").mean(("y", "x")).values
    truth = [window_of(expected, g.name)["mean"] for g in granules]
    assert means == pytest.approx(truth, rel=1e-12)
    raw = sandbox.open(granules[1], GROUP)
    window = raw["HHHH"][565:639, 621:683]
    assert np.array_equal(stack.HHHH.isel(time=1).values, window, equal_nan=True)
    assert np.array_equal(stack.y.values, raw["yCoordinates"][565:639])
    assert np.array_equal(stack.x.values, raw["xCoordinates"][621:683])
    point = stack.HHHH.isel(time=[3, 0], y=10, x=[5, 5, 1])
    assert np.array_equal(point.values, stack.HHHH.values[np.ix_([3, 0], [10], [5, 5, 1])][:, 0])
    assert stack.mask.dtype == np.float32 and set(np.unique(stack.mask.values)) == {1.0}
    import rioxarray  # noqa: F401

    assert stack.rio.crs.to_epsg() == 32637
    assert stack.HHHH.rio.bounds() == pytest.approx((700020.0, 1466100.0, 701260.0, 1467580.0))
    lazy = sandbox.open_stack(granules, bbox=BOX).chunk({"time": 1})
    assert lazy.HHHH.astype("f8").mean(("y", "x")).compute().values == pytest.approx(truth, rel=1e-12)


def test_mixed_granules_make_no_stack(sandbox: swath.SandboxSession) -> None:
    everything = sandbox.search(all_versions=True)
    with pytest.raises(swath.UsageError, match="same time"):
        sandbox.open_stack(everything, bbox=BOX)


def test_the_default_session_is_named_by_whoever_wants(
    sandbox: swath.SandboxSession, granules: swath.Results
) -> None:
    swath.set_default_session(sandbox)
    try:
        assert swath.default_session() is sandbox
        assert len(swath.search(limit=2, all_versions=True)) == 2
        source = granules[0]
        assert swath.stats(source, bbox=BOX)[0]["mean"] == sandbox.stats(source, bbox=BOX)[0]["mean"]
        assert swath.timeseries([source], bbox=BOX)[0]["n_total"] == 4588
        assert swath.open(source, GROUP)["HHHH"].shape == (1240, 1320)
        assert swath.open_stack([source], bbox=BOX).sizes["time"] == 1
        assert swath.quicklook(source, bbox=BOX).startswith(b"\x89PNG")
        assert xr.open_dataset(source.url, engine="swath", group=GROUP).sizes["phony_dim_0"] == 2
    finally:
        swath.set_default_session(None)


def test_a_login_becomes_the_default(sandbox: swath.SandboxSession, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NETRC", "/nowhere")
    monkeypatch.delenv("EARTHDATA_TOKEN", raising=False)
    try:
        with pytest.raises(swath.AuthenticationError, match="no Earthdata Login token"):
            swath.login()
        with pytest.raises(swath.AuthenticationError, match="expired"):
            swath.login(sandbox.token(seconds=-5))
        session = swath.login(sandbox.token())
        assert swath.default_session() is session
    finally:
        swath.set_default_session(None)


def test_the_command_and_the_module_give_the_same_record(
    sandbox: swath.SandboxSession, granules: swath.Results
) -> None:
    record = sandbox.stats(granules[0], bbox=BOX)[0]
    assert list(record) == [
        "granule", "source", "layer", "epsg", "window", "n_total", "n_valid", "mean", "std", "min", "max",
        "requests", "bytes", "waves", "seconds",
    ]  # fmt: skip
    assert json.loads(json.dumps(record)) == record


def test_the_examples_run() -> None:
    script = "import doctest, swath, swath._session, swath._sandbox as s; g = {'swath': swath}\n"
    script += "r = [doctest.testmod(m, extraglobs=g) for m in (swath, swath._session, s)]\n"
    script += "assert sum(x.failed for x in r) == 0 and sum(x.attempted for x in r) >= 6, r"
    subprocess.run([sys.executable, "-c", script], check=True, timeout=120)
