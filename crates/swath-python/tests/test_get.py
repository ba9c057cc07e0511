"""Downloads and logins of the package, against the sandbox."""

from __future__ import annotations

import json
import os
import pathlib
import pickle
import stat
from typing import Any

import pytest

import swath


def test_granules_are_got_once_and_whole(
    sandbox: swath.SandboxSession, granules: swath.Results, tmp_path: pathlib.Path
) -> None:
    steps: list[tuple[str, int]] = []
    paths = sandbox.get(granules[:2], tmp_path, progress=lambda step, name, size, have: steps.append((step, size)))
    assert [path.stem for path in paths] == [granule.name for granule in granules[:2]]
    assert [file["outcome"] for file in paths.files] == ["fetched", "fetched"] and not paths.failures
    sizes = sum(path.stat().st_size for path in paths)
    assert sum(size for step, size in steps if step == "begun") == sizes
    assert sum(size for step, size in steps if step == "received") == sizes
    assert paths[0].read_bytes().startswith(b"\x89HDF")
    again = sandbox.get([granules[0].url, granules[1].name], tmp_path)
    assert [file["outcome"] for file in again.files] == ["unchanged", "unchanged"]
    assert sandbox.open(paths[0]).layer("HHHH").shape == (1240, 1320)


def test_what_fails_is_told_as_by_the_other_verbs(
    sandbox: swath.SandboxSession, granules: swath.Results, tmp_path: pathlib.Path
) -> None:
    absent = granules[0].url.replace("X05009", "X05999")
    with pytest.raises(swath.PartialError) as caught:
        sandbox.get([absent, granules[0]], tmp_path)
    partial = caught.value
    assert [path.stem for path in partial.results] == [granules[0].name]
    assert partial.results[0].is_file() and not partial.results.failures
    assert list(partial.failures) == [absent] and isinstance(partial.failures[absent], swath.NotFoundError)
    assert str(partial).startswith("1 of 2 files failed\nhint: ")
    again = pickle.loads(pickle.dumps(partial))
    assert again.results == partial.results and again.results.files == partial.results.files
    with pytest.warns(swath.SwathWarning, match="X05999.* is left out") as heard:
        paths = sandbox.get([absent, granules[0]], tmp_path, errors="warn")
    assert [warning.filename for warning in heard] == [__file__]
    assert len(paths) == 1 and list(paths.failures) == [absent]
    assert list(pickle.loads(pickle.dumps(paths)).failures) == [absent]


def test_when_all_files_fail_the_first_is_raised(sandbox: swath.SandboxSession, tmp_path: pathlib.Path) -> None:
    absent = sandbox.search()[0].url.replace("X05009", "X05999")
    wishes: list[Any] = ["raise", "warn"]
    for errors in wishes:
        with pytest.raises(swath.NotFoundError):
            sandbox.get([absent, absent.replace("X05999", "X05998")], tmp_path, errors=errors)
    with pytest.raises(swath.UsageError, match="pictures"):
        sandbox.get(absent, tmp_path, files="data,pictures")
    with pytest.raises(swath.UsageError, match="errors"):
        sandbox.get(absent, tmp_path, errors="ignore")  # type: ignore[arg-type]


def test_files_of_one_source_that_fail_are_told_apart(
    sandbox: swath.SandboxSession, granules: swath.Results, tmp_path: pathlib.Path
) -> None:
    # The catalogue names seven files, of which the sandbox has two.
    with pytest.raises(swath.PartialError) as caught:
        sandbox.get(granules[0].name, tmp_path, files="data,qa,metadata")
    partial = caught.value
    assert [path.name for path in partial.results] == [f"{granules[0].name}{end}" for end in (".h5", "_QA_STATS.h5")]
    ends = [url.split("_001", 2)[-1] for url in partial.failures]
    assert sorted(ends) == [".h5.iso.xml", ".kml", ".rc.yaml", "_QA_REPORT.pdf", "_QA_SUMMARY.csv"]
    assert all(url.startswith("https://") and url in str(why) for url, why in partial.failures.items())
    assert len(partial.exceptions) == 5 and str(partial).startswith("5 of 7 files failed")


def test_a_line_of_the_caller_is_blamed_for_the_module_s_verbs_too(
    sandbox: swath.SandboxSession, granules: swath.Results, tmp_path: pathlib.Path
) -> None:
    swath.set_default_session(sandbox)
    try:
        with pytest.warns(swath.SwathWarning) as heard:
            swath.get([granules[0].url.replace("X05009", "X05999"), granules[0]], tmp_path, errors="warn")
    finally:
        swath.set_default_session(None)
    assert [warning.filename for warning in heard] == [__file__]


@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
def test_a_callable_that_fails_stops_nothing(
    sandbox: swath.SandboxSession, granules: swath.Results, tmp_path: pathlib.Path
) -> None:
    assert len(sandbox.get(granules[1], tmp_path, progress=lambda *step: 1 // 0)) == 1


def test_a_login_is_kept_for_its_owner_alone(
    sandbox: swath.SandboxSession, tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    environment = sandbox.environment
    ca = environment.pop("SSL_CERT_FILE", None)
    token = environment.pop("EARTHDATA_TOKEN")
    assert token.count(".") == 2
    environment |= {"XDG_CONFIG_HOME": str(tmp_path), "NETRC": "/nowhere"}
    pem = pathlib.Path(ca).read_text() if ca else None
    first = swath.Session(environment=environment, cache=False, ca_pem=pem, username="labuser", password="labpass")
    status = first.login_status
    assert (status["source"], status["user"], status["file"]) == ("user and password", "labuser", None)
    kept = first._core.keep_login()
    assert kept == tmp_path / "swath/token"
    if os.name == "posix":
        assert stat.S_IMODE(kept.stat().st_mode) == 0o600
    second = swath.Session(environment=environment, cache=False, ca_pem=pem)
    assert second.login_status["source"] == "swath login"
    second._core.check_login()
    secret = kept.read_text()
    assert secret not in repr(second) and secret not in str(second.login_status)
    assert second._core.logout() == kept and second._core.logout() is None
    wrong = swath.Session(environment=environment, cache=False, ca_pem=pem, username="labuser", password="canary-9")
    with pytest.raises(swath.AuthenticationError) as refused:
        wrong.login_status  # noqa: B018
    assert "canary" not in str(refused.value)
    with pytest.raises(swath.UsageError, match="together"):
        swath.Session(username="labuser")


def test_the_licence_s_link_is_in_the_error(sandbox: swath.SandboxSession) -> None:
    environment = sandbox.environment
    ca = environment.pop("SSL_CERT_FILE", None)
    pem = pathlib.Path(ca).read_text() if ca else None
    session = swath.Session(sandbox.token("noeula"), environment=environment, cache=False, ca_pem=pem)
    with pytest.raises(swath.AuthenticationError) as refused:
        session._core.check_login()
    assert refused.value.hint is not None and "approve_app" in refused.value.hint


def test_releases_and_maturities_are_chosen(sandbox: swath.SandboxSession) -> None:
    assert {g["crid"] for g in sandbox.search(crid="x05007", all_versions=True)} == {"X05007"}
    assert len(sandbox.search(maturity="any")) == 5
    found = sandbox.search(bbox=(40.9131, 12.3904, 41.8891, 13.2454))
    assert all(g["area_percent"] == 100.0 for g in found)
    assert any("known issues of 5 granules" in notice for notice in found.notices)


def test_stac_items_are_valid(sandbox: swath.SandboxSession) -> None:
    import pystac

    items = pystac.ItemCollection.from_dict(json.loads(sandbox.search().to_string("stac")))
    assert len(items) == 5
    for item in items:
        assert item.assets["data"].href.endswith(".h5") and item.properties["sat:relative_orbit"] == 172
        # The schemas of extensions are on the net; the core's come with pystac.
        item.stac_extensions = []
        item.validate()


def test_granules_are_written_as_geoparquet(sandbox: swath.SandboxSession, tmp_path: pathlib.Path) -> None:
    import geopandas

    found = sandbox.search()
    found.to_geoparquet(tmp_path / "granules.parquet")
    table = geopandas.read_parquet(tmp_path / "granules.parquet")
    shapes = found.to_geodataframe()
    assert list(table["granule"]) == [g.name for g in found] and table.crs.to_epsg() == 4326
    assert table.geometry.geom_equals(shapes.geometry).all()
