"""Downloads and logins of the package, against the sandbox."""

from __future__ import annotations

import json
import os
import pathlib
import stat

import pytest

import swath


def test_granules_are_got_once_and_whole(
    sandbox: swath.SandboxSession, granules: swath.Results, tmp_path: pathlib.Path
) -> None:
    steps: list[tuple[str, int]] = []
    paths = sandbox.get(granules[:2], tmp_path, progress=lambda step, name, size, have: steps.append((step, size)))
    assert [path.stem for path in paths] == [granule.name for granule in granules[:2]]
    assert [file["outcome"] for file in paths.files] == ["fetched", "fetched"] and not paths.failed
    sizes = sum(path.stat().st_size for path in paths)
    assert sum(size for step, size in steps if step == "begun") == sizes
    assert sum(size for step, size in steps if step == "received") == sizes
    assert paths[0].read_bytes().startswith(b"\x89HDF")
    again = sandbox.get([granules[0].url, granules[1].name], tmp_path)
    assert [file["outcome"] for file in again.files] == ["unchanged", "unchanged"]
    assert sandbox.open(paths[0]).layer("HHHH").shape == (1240, 1320)


def test_what_fails_is_warned_of_and_told(
    sandbox: swath.SandboxSession, granules: swath.Results, tmp_path: pathlib.Path
) -> None:
    absent = granules[0].url.replace("X05009", "X05999")
    with pytest.raises(swath.NotFoundError):
        sandbox.get(absent, tmp_path)
    with pytest.warns(swath.SwathWarning, match="1 of 2 files failed"):
        paths = sandbox.get([absent, granules[0]], tmp_path)
    assert len(paths) == 1 and paths.failed[0][0] == absent
    assert isinstance(paths.failed[0][1], swath.NotFoundError)
    with pytest.raises(swath.UsageError, match="pictures"):
        sandbox.get(granules[0], tmp_path, files="data,pictures")


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
