use serde_json::json;

use super::super::tests::{NAME, item};
use super::*;

/// The granule of an item that stands alone on its page.
#[allow(clippy::needless_pass_by_value)]
fn granule(item: Value) -> Result<Granule, String> {
    let text = json!({"hits": 1, "items": [item]}).to_string();
    let mut page = Page::read(&Bytes::from(text))?;
    page.granules.pop().ok_or_else(|| page.odd.remove(0).why)
}

fn with(changes: &[(&str, Value)]) -> Value {
    let mut item = item(NAME, "2025-11-22T02:46:52Z");
    for (path, value) in changes {
        let (parent, key) = path.rsplit_once('/').unwrap();
        let parent = item.pointer_mut(parent).unwrap().as_object_mut().unwrap();
        parent.insert(key.to_owned(), value.clone());
    }
    item
}

fn attributes(pairs: &[(&str, Value)]) -> (&'static str, Value) {
    let all = pairs.iter().map(|(name, values)| json!({"Name": name, "Values": values}));
    ("/umm/AdditionalAttributes", all.collect())
}

#[test]
fn fields_come_from_the_catalogue() {
    let item = with(&[
        attributes(&[
            ("ASCENDING_DESCENDING", json!(["ASCENDING"])),
            ("TRACK_NUMBER", json!(["172"])),
            ("FRAME_NUMBER", json!(["8"])),
            ("FREQUENCY_A_POLARIZATION", json!(["HH", "HV"])),
            ("FREQUENCY_B_POLARIZATION", json!(["NA"])),
            ("RANGE_BANDWIDTH_CONCAT", json!(["20+5"])),
            ("FULL_FRAME", json!(["TRUE"])),
            ("JOINT_OBSERVATION", json!(["FALSE"])),
            ("PRODUCTION_PIPELINE", json!(["PR"])),
            ("PRODUCT_TYPE", json!(["GCOV"])),
            ("ORBIT_TYPE", json!(["MOE"])),
        ]),
        (
            "/umm/DataGranule",
            json!({
                "ProductionDateTime": "2026-02-15T00:00:00Z",
                "Identifiers": [
                    {"IdentifierType": "ProducerGranuleId", "Identifier": NAME},
                    {"IdentifierType": "CRID", "Identifier": "X05009"},
                ],
                "ArchiveAndDistributionInformation": [
                    {"Name": format!("{NAME}_QA_STATS.h5"), "SizeInBytes": 5, "Format": "HDF5"},
                    {"Name": format!("{NAME}.h5"), "SizeInBytes": 2_650_000_000_u64, "Format": "HDF5"},
                ],
            }),
        ),
    ]);
    let granule = granule(item).unwrap();
    assert_eq!((granule.track, granule.frame, granule.size), (Some(172), Some(8), Some(2_650_000_000)));
    assert_eq!(granule.direction, Some(Direction::Ascending));
    assert_eq!(granule.main_band_polarization, ["HH", "HV"]);
    assert_eq!(granule.side_band_polarization, Vec::<String>::new());
    assert_eq!((granule.coverage, granule.joint_observation), (Some(Coverage::Full), Some(false)));
    assert_eq!(granule.maturity, Some(Maturity::Beta));
    assert_eq!(granule.crid, Crid::parse("X05009"));
    assert_eq!(granule.processed.unwrap().to_string(), "2026-02-15T00:00:00Z");
    assert_eq!((granule.product.as_deref(), granule.orbit_type.as_deref()), (Some("GCOV"), Some("MOE")));
    assert_eq!(granule.umm()["GranuleUR"], NAME);
    assert_eq!(granule.meta()["collection-concept-id"], "C3622214170-ASF");
}

#[test]
fn the_name_speaks_where_the_catalogue_is_silent() {
    let granule = granule(json!({"umm": {"GranuleUR": NAME}})).unwrap();
    assert_eq!((granule.track, granule.frame), (Some(172), Some(8)));
    assert_eq!(granule.crid, Crid::parse("X05009"));
    assert_eq!(granule.start.unwrap().to_string(), "2025-11-22T02:46:18Z");
    assert_eq!((granule.maturity, granule.size), (Some(Maturity::Beta), None));
    assert!(granule.footprint.0.is_empty() && granule.urls().is_empty());
}

/// Values that must not stop a search: each is put in place of a sound one.
#[test]
fn odd_values_are_absent_not_fatal() {
    let odd =
        [json!(null), json!(7), json!("x"), json!([]), json!([[]]), json!({"a": [1]}), json!([{"Name": 1}])];
    let paths = [
        "/meta",
        "/umm/RelatedUrls",
        "/umm/AdditionalAttributes",
        "/umm/TemporalExtent",
        "/umm/SpatialExtent",
        "/umm/CollectionReference",
        "/umm/DataGranule",
    ];
    for path in paths {
        for value in &odd {
            let granule = granule(with(&[(path, value.clone())])).unwrap();
            assert_eq!(granule.name, NAME);
            let _ = (granule.feature(), granule.data_url());
        }
    }
    let numbers = attributes(&[("TRACK_NUMBER", json!(["12.5"])), ("FRAME_NUMBER", json!([9]))]);
    let from = granule(with(&[numbers])).unwrap();
    assert_eq!((from.track, from.frame), (Some(172), Some(9)));
}

fn gpolygons(rings: &Value) -> (&'static str, Value) {
    let polygons: Vec<Value> = rings
        .as_array()
        .unwrap()
        .iter()
        .map(|ring| {
            let point = |p: &Value| json!({"Longitude": p[0], "Latitude": p[1]});
            json!({"Boundary": {"Points": ring.as_array().unwrap().iter().map(point).collect::<Vec<_>>()}})
        })
        .collect();
    ("/umm/SpatialExtent", json!({"HorizontalSpatialDomain": {"Geometry": {"GPolygons": polygons}}}))
}

#[test]
fn outlines_are_read_and_cut_at_the_antimeridian() {
    let whole = granule(with(&[gpolygons(&json!([[[0, 0], [1, 0], [1, 1], [0, 0]]]))])).unwrap();
    assert_eq!(whole.footprint.0.len(), 1);
    let across = json!([[[178, 0], [-178, 0], [-178, 2], [178, 2], [178, 0]]]);
    assert_eq!(granule(with(&[gpolygons(&across)])).unwrap().footprint.0.len(), 2);
    for broken in [
        json!([[[0, 0], [1, 0]]]),
        json!([[[0, 0], ["x", 0], [1, 1], [0, 0]]]),
        json!([[[0, 95], [1, 0], [1, 1], [0, 95]]]),
    ] {
        assert!(granule(with(&[gpolygons(&broken)])).unwrap().footprint.0.is_empty());
    }
}

#[test]
fn another_missions_granule_keeps_its_own_name() {
    let item = json!({
        "meta": {"concept-id": "G1-ASF"},
        "umm": {
            "GranuleUR": "OPERA_L2_RTC-S1_T131-279916-IW1_S1A_30_v1.0",
            "AdditionalAttributes": [
                {"Name": "PATH_NUMBER", "Values": ["131"]},
                {"Name": "PROCESSING_TYPE", "Values": ["RTC"]},
            ],
            "CollectionReference": {"ShortName": "OPERA_L2_RTC-S1_V1"},
            "RelatedUrls": [
                {"URL": "https://h.example/a_VH.tif", "Type": "GET DATA"},
                {"URL": "s3://b/a_VH.tif", "Type": "GET DATA VIA DIRECT ACCESS"},
            ],
        },
    });
    let granule = granule(item).unwrap();
    assert_eq!((granule.parsed.clone(), granule.maturity, granule.crid), (None, None, None));
    assert_eq!((granule.track, granule.product.as_deref()), (Some(131), Some("RTC")));
    assert_eq!(granule.data_url(), Some("https://h.example/a_VH.tif"));
    assert_eq!(granule.data_s3_url(), Some("s3://b/a_VH.tif"));
}
