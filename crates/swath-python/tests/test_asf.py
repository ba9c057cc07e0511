"""asf_search's words: what programs that were written for it get."""

from __future__ import annotations

import datetime
import json
import pathlib
from typing import Any

import pytest

import swath
from swath import asf

AREA = "POLYGON((40.9131 12.3904,41.8891 12.3904,41.8891 13.2454,40.9131 13.2454,40.9131 12.3904))"


@pytest.fixture(scope="module")
def found(sandbox: swath.SandboxSession) -> asf.ASFSearchResults:
    opts = asf.ASFSearchOptions(
        dataset=asf.DATASET.NISAR,
        processingLevel=[asf.PRODUCT_TYPE.GCOV],
        flightDirection="ASCENDING",
        productionConfiguration="PR",
        intersectsWith=AREA,
        start="2025-11-22",
        end=datetime.datetime(2026, 3, 5),
        session=sandbox,
    )
    return asf.search(opts=opts, maxResults=250)


def test_the_cookbook_s_search_finds_seven(found: asf.ASFSearchResults, sandbox: swath.SandboxSession) -> None:
    assert len(found) == 7 and found.searchComplete
    found.raise_if_incomplete()
    urls = found.find_urls(extension=".h5", pattern=r"^(?!.*QA_STATS).*")
    assert len(urls) == 7 and urls == sorted(urls)
    assert all(url.startswith("s3://") for url in found.find_urls(".h5", directAccess=True))
    assert len(found.latest()) == 5
    assert [p.properties["fileID"] for p in found.latest()[:2]] == [
        p.properties["fileID"] for p in found if "X05009" in p.properties["fileID"]
    ][:2]
    assert asf.search_count(opts=found.searchOptions) == 7
    name = found[0].properties["sceneName"]
    assert [p.properties["sceneName"] for p in asf.product_search([name], session=sandbox)] == [name]
    assert len(asf.granule_search(["NISAR_*_X05007_*"], session=sandbox)) == 2
    assert len(asf.geo_search(dataset="NISAR", relativeOrbit=[(172, 172)], frame=8, session=sandbox)) == 7
    assert len(next(asf.search_generator(dataset="NISAR", maxResults=3, session=sandbox))) == 3


def test_a_product_tells_what_asf_search_tells(found: asf.ASFSearchResults) -> None:
    product = found[0]
    properties = product.properties
    assert properties["pathNumber"] == 172 and properties["frameNumber"] == 8
    assert properties["mainBandPolarization"] == ["HH", "HV"] and properties["frameCoverage"] == "Full"
    assert product.umm["GranuleUR"] == properties["fileID"] and product.meta["provider-id"] == "ASF"
    longitude, latitude = product.centroid()
    assert 40 < longitude < 43 and 10 < latitude < 14
    assert product.geometry is not None and product.geometry["type"] == "Polygon"
    assert json.loads(str(product)) == product.geojson()
    data, other = product.get_urls(), product.get_urls(asf.FileDownloadType.ADDITIONAL_FILES)
    assert data == [properties["url"]] and not set(data) & set(other)
    assert product.get_urls(asf.FileDownloadType.ALL_FILES) == data + other
    assert "ASFProduct" in repr(product)


def test_results_are_written_as_asf_search_does(found: asf.ASFSearchResults) -> None:
    assert found.geojson()["type"] == "FeatureCollection" and len(found.geojson()["features"]) == 7
    lines = list(found.csv())
    assert len(lines) == 8 and lines[0].startswith('"Granule Name","Platform"')
    assert "".join(found.kml()).count("<Placemark>") == 7
    assert "".join(found.metalink()).count("<file ") == 7
    lite = json.loads("".join(found.jsonlite()))["results"]
    assert [one["granuleName"] for one in lite] == [p.properties["sceneName"] for p in found]
    short = json.loads("".join(found[2:4].jsonlite2()))["results"]
    assert [one["gn"] for one in short] == [p.properties["sceneName"] for p in found[2:4]]


def test_the_oldest_json_is_written_too(found: asf.ASFSearchResults) -> None:
    (rows,) = json.loads("".join(found[1:4].json()))
    assert [row["granuleName"] for row in rows] == [p.properties["sceneName"] for p in found[1:4]]
    first = rows[0]
    assert len(first) == 57 and first["downloadUrl"] == found[1].properties["url"]
    assert first["processingLevel"] == "GCOV" and first["collectionName"] is None
    assert json.loads("".join(asf.ASFSearchResults().json())) == [[]]


def test_a_generator_yields_page_by_page(sandbox: swath.SandboxSession) -> None:
    sandbox.clear_log()
    pages = asf.search_generator(dataset="NISAR", processingLevel=["GCOV", "GSLC"], maxResults=5, session=sandbox)
    assert sandbox.log() == []
    first = next(pages)
    assert len(first) == 5 and len(sandbox.log()) == 1
    assert first.searchOptions is not None and first.searchOptions.maxResults == 5
    assert sum(len(page) for page in pages) == 0
    with pytest.raises(ValueError, match="maxResults"):
        next(asf.search_generator(maxResults=0))


def test_attributes_of_collections_are_told(sandbox: swath.SandboxSession) -> None:
    found = asf.get_searchable_attributes(shortName="NISAR_L2_GCOV_BETA_V1", session=sandbox)
    track = found["TRACK_NUMBER"]
    assert track == asf.AdditionalAttribute("TRACK_NUMBER", "INT", track.description) and "173" in track.description
    assert asf.get_searchable_attributes(conceptID="C3622214170-ASF", session=sandbox) == found
    assert asf.get_searchable_attributes(processingLevel="GCOV", session=sandbox) == found
    for wrong in ({}, {"shortName": "NISAR_L9"}, {"conceptID": "NotAValidConceptID-ASF"}, {"processingLevel": "NotOne"}):
        with pytest.raises(ValueError):
            asf.get_searchable_attributes(session=sandbox, **wrong)
    native = sandbox.searchable_attributes(product="GCOV")
    assert [one["name"] for one in native] == sorted(found) and "NISAR_L2_GCOV_BETA_V1" in native[0]["collections"]


def test_the_newest_ephemerides_are_found(tmp_path: pathlib.Path) -> None:
    for kind, day in (("POE", 10), ("MOE", 20), ("MOE", 19)):
        name = f"NISAR_ANC_{kind}_202511{day}"
        record = {
            "GranuleUR": name,
            "CollectionReference": {"ShortName": "NISAR_OE", "Version": "1"},
            "AdditionalAttributes": [{"Name": "PRODUCT_TYPE", "Values": [kind]}],
            "TemporalExtent": {
                "RangeDateTime": {
                    "BeginningDateTime": f"2025-11-{day - 1}T21:00:00Z".replace("-9T", "-09T"),
                    "EndingDateTime": f"2025-11-{day}T03:00:00Z",
                }
            },
        }
        (tmp_path / f"{name}.umm.json").write_text(json.dumps(record))
    with swath.sandbox(tmp_path) as session:
        found = asf.get_nisar_orbit_ephemeras(asf.ASFSearchOptions(session=session))
        assert {kind: product.properties["fileID"] for kind, product in found.items()} == {
            "POE": "NISAR_ANC_POE_20251110",
            "MOE": "NISAR_ANC_MOE_20251120",
        }
        native = session.orbit_ephemerides(end="2025-11-15")
        assert [granule.name for granule in native] == ["NISAR_ANC_POE_20251110"] and len(native.notices) == 3


def test_files_are_downloaded_whole(
    found: asf.ASFSearchResults, sandbox: swath.SandboxSession, tmp_path: pathlib.Path
) -> None:
    found[:2].download(tmp_path, session=sandbox, processes=2)
    assert len(list(tmp_path.iterdir())) == 2
    found[2].download(tmp_path / "one", filename="mine.h5", session=sandbox)
    assert [file.name for file in (tmp_path / "one").iterdir()] == ["mine.h5"]
    asf.download_url(found[3].get_urls()[0], tmp_path / "two", session=sandbox)
    with pytest.raises(swath.NotFoundError):
        asf.download_urls([found[3].get_urls()[0].replace("X05009", "X05999")], tmp_path, session=sandbox)


def test_options_are_checked_when_they_are_set() -> None:
    opts = asf.ASFSearchOptions(maxResults="3", frame=[1, (3, 5)], jointObservation="false")
    assert opts.maxResults == 3 and opts.frame == [1, (3, 5)] and opts.jointObservation is False
    assert dict(opts) == {"maxResults": 3, "frame": [1, (3, 5)], "jointObservation": False}
    assert opts.pop("frame") == [1, (3, 5)] and opts.frame is None and opts.pop("frame", 7) == 7
    assert asf.ASFSearchOptions(relativeOrbit=(1, 10)).relativeOrbit == [(1, 10)]
    assert asf.ASFSearchOptions(start="2026-01-01T05:00:00-05:00").start == "2026-01-01T05:00:00-05:00"
    with pytest.raises(KeyError, match="Did you mean 'flightDirection'"):
        asf.ASFSearchOptions(flightdirection="A")
    for wrong in ({"frame": "potato"}, {"maxDoppler": "inf"}, {"jointObservation": "perhaps"}, {"circle": [1, 2]}):
        with pytest.raises(ValueError):
            asf.ASFSearchOptions(**wrong)
    with pytest.raises(ValueError, match="maxResults"):
        asf.search(maxResults=0)


def test_what_swath_cannot_search_by_is_named(sandbox: swath.SandboxSession) -> None:
    with pytest.raises(swath.SwathError, match="faraday|Faraday|range_bandwidth"):
        asf.search(dataset="NISAR", rangeBandwidth="1000", session=sandbox)


def test_sessions_log_in(sandbox: swath.SandboxSession, monkeypatch: pytest.MonkeyPatch, found: Any) -> None:
    with pytest.raises(asf.ASFAuthenticationError):
        asf.ASFSession().auth_with_token(sandbox.token(seconds=-5))
    session = asf.ASFSession(sandbox)
    assert len(asf.search(dataset="NISAR", maxResults=1, session=session)) == 1
