use serde_json::{Value, json};

use super::super::tests::{NAME, item, results};
use super::*;

const END: &str = "2025-11-22T02:46:52Z";

/// An item of another collection, with an outline.
fn of(name: &str, collection: &str, ring: Option<&[(f64, f64)]>) -> Value {
    let mut item = item(name, END);
    item["umm"]["CollectionReference"]["ShortName"] = collection.into();
    item["umm"]["TemporalExtent"] = Value::Null;
    if let Some(ring) = ring {
        let points: Vec<Value> = ring.iter().map(|(x, y)| json!({"Longitude": x, "Latitude": y})).collect();
        item["umm"]["SpatialExtent"]["HorizontalSpatialDomain"]["Geometry"]["GPolygons"] =
            json!([{"Boundary": {"Points": points}}]);
    }
    item
}

fn square(west: f64, south: f64, side: f64) -> [(f64, f64); 5] {
    let (east, north) = (west + side, south + side);
    [(west, south), (east, south), (east, north), (west, north), (west, south)]
}

fn searched(mut results: SearchResults, key: &str, value: &str) -> SearchResults {
    let pairs = [("page_size".to_owned(), "10".to_owned()), (key.to_owned(), value.to_owned())];
    results.context.area = area_pair(&pairs).cloned();
    assert!(results.context.area.is_some());
    results
}

const BETA: &str = "NISAR_L2_GCOV_BETA_V1";
const PROVISIONAL: &str = "NISAR_L2_GCOV_PROVISIONAL_V1";

/// A BETA granule of one date, and both releases of another.
fn two_maturities() -> SearchResults {
    let later = NAME.replace("_005_", "_006_").replace("20251122", "20251204");
    let newer = later.replace("X05009", "P05023");
    results(&[of(NAME, BETA, None), of(&later, BETA, None), of(&newer, PROVISIONAL, None)])
}

#[test]
fn one_maturity_is_used_and_the_rest_is_told() {
    let both = two_maturities();
    let words: Vec<&str> = both.states().iter().map(|(_, state)| state.word()).collect();
    let mut sorted = words.clone();
    sorted.sort_unstable();
    assert_eq!(sorted, ["other-maturity", "superseded", "used"]);
    let latest = both.clone().into_latest();
    assert_eq!(latest.granules.len(), 1);
    assert!(latest.granules[0].name.contains("P05023"));
    let note = latest.notices.join("\n");
    assert!(note.contains("1 BETA granule is left out") && note.contains("PROVISIONAL"), "{note}");
    let mixed = both.mixing_maturities().into_latest();
    assert_eq!(mixed.granules.len(), 2);
    assert!(mixed.notices.join("\n").contains("BETA and PROVISIONAL"), "{:?}", mixed.notices);
}

#[test]
fn maturities_are_compared_product_by_product() {
    let rslc = NAME.replace("L2", "L1").replace("GCOV", "RSLC");
    let other = NAME.replace("X05009", "P05023").replace("_008_", "_009_");
    let results =
        results(&[of(&rslc, "NISAR_L1_RSLC_BETA_V1", None), of(&other, PROVISIONAL, None)]).into_latest();
    assert_eq!(results.granules.len(), 2, "{:?}", results.notices);
    assert!(results.notices.is_empty(), "{:?}", results.notices);
}

#[test]
fn the_area_covered_is_a_share_of_the_area_searched() {
    let inside = of(NAME, BETA, Some(&square(10.0, 40.0, 2.0)));
    let all = |key: &str, value: &str| searched(results(std::slice::from_ref(&inside)), key, value);
    let percent = |key: &str, value: &str| {
        let results = all(key, value);
        results.area_percent(&results.granules[0]).map(f64::round)
    };
    assert_eq!(percent("bounding_box", "10.5,40.5,11,41"), Some(100.0));
    assert_eq!(percent("bounding_box", "9,40,11,42"), Some(50.0));
    assert_eq!(percent("polygon[]", "11,41,15,41,15,45,11,45,11,41"), Some(6.0));
    assert_eq!(percent("bounding_box", "20,40,21,41"), Some(0.0));
    assert_eq!(percent("point", "11,41"), Some(100.0));
    assert_eq!(percent("point", "1,1"), Some(0.0));
    assert_eq!(percent("line", "11,41,12,43"), None);
    let state = |key: &str, value: &str| all(key, value).states()[0].1.clone();
    assert_eq!(state("bounding_box", "20,40,21,41"), State::Outside);
    assert_eq!(state("line", "20,40,21,41"), State::Outside);
    assert_eq!(state("point", "12.02,41"), State::Used);
    let left = all("bounding_box", "20,40,21,41").into_latest();
    assert!(left.granules.is_empty() && left.notices[0].contains("does not touch"), "{:?}", left.notices);
}

#[test]
fn areas_and_outlines_meet_across_the_antimeridian() {
    let ring = [(179.0, 0.0), (-179.0, 0.0), (-179.0, 2.0), (179.0, 2.0), (179.0, 0.0)];
    let across = of(NAME, BETA, Some(&ring));
    for (key, value) in [("bounding_box", "179,0,-179,2"), ("polygon", "179,0,-179,0,-179,2,179,2,179,0")] {
        let results = searched(results(std::slice::from_ref(&across)), key, value);
        assert_eq!(results.area_percent(&results.granules[0]).map(f64::round), Some(100.0), "{key}");
    }
    let globe = searched(results(&[across]), "bounding_box", "-180,-90,180,90");
    assert!(globe.area_percent(&globe.granules[0]).is_some_and(|percent| percent < 0.1));
}

#[test]
fn parts_of_a_frame_are_recognised() {
    let first = NAME.replace("_N_F_J", "_N_P_J");
    let second = first.replace("024618_20251122T024652", "024640_20251122T024659").replace("2005", "4005");
    let other_pass = first.replace("_005_172", "_006_172");
    let results = results(&[of(&second, BETA, None), of(&other_pass, BETA, None), of(&first, BETA, None)]);
    let parts = results.frame_parts();
    assert_eq!(parts.len(), 1);
    let names: Vec<&str> = parts[0].iter().map(|granule| granule.name.as_str()).collect();
    assert_eq!(names, [first.as_str(), second.as_str()]);
    assert!(results.notes()[0].contains("2 granules are parts of one frame"), "{:?}", results.notes());
    let mut lines = Vec::new();
    results.write_json_lines(&mut lines).unwrap();
    let lines = String::from_utf8(lines).unwrap();
    assert_eq!(lines.matches("\"part\":[1,2]").count(), 1);
    assert_eq!(lines.matches("\"part\":null").count(), 1);
}

#[test]
fn what_is_no_area_is_none() {
    for (key, value) in [
        ("bounding_box", "1,2,3"),
        ("polygon", "1,2,3,4"),
        ("point", "x,y"),
        ("circle", "1,2,300"),
        ("line", "1,2"),
        ("shortName", "1,2"),
    ] {
        assert_eq!(area_of(&(key.to_owned(), value.to_owned())), None, "{key}={value}");
    }
}

#[test]
fn known_issues_are_told_once_for_all_granules() {
    let beta = two_maturities().mixing_maturities();
    let note = beta.known_issues_note().unwrap();
    assert!(note.contains("known issues of 2 granules") && note.contains("mask is misaligned"), "{note}");
    assert_eq!(note.matches("mask is misaligned").count(), 1);
    let of_name = |name: &str, collection: &str| {
        let found = results(&[of(name, collection, None)]);
        found.granules[0].known_issues().iter().map(|issue| issue.id.as_str()).collect::<Vec<_>>().join(",")
    };
    let provisional = NAME.replace("X05009", "P05023");
    assert_eq!(of_name(NAME, BETA), "beta-mask,beta-banding");
    assert_eq!(of_name(&provisional, PROVISIONAL), "frequency-b");
    let quad = provisional.replace("DHDH", "QPNA").replace("2005", "4000");
    assert_eq!(of_name(&quad, PROVISIONAL), "polarimetric-phase");
    let diagnostic = quad.replace("_172_A_008", "_169_A_090").replace("QPNA", "DHNA");
    assert_eq!(of_name(&diagnostic, PROVISIONAL), "diagnostic-mode");
    let later = diagnostic.replace("20251122", "20260901");
    assert_eq!(of_name(&later, PROVISIONAL), "");
    let validated = NAME.replace("X05009", "P06001");
    let none = results(&[of(&validated, "NISAR_L2_GCOV_V1", None)]);
    assert_eq!(none.known_issues_note(), None);
}

#[test]
fn what_was_searched_for_travels_with_the_results() {
    let inside = of(NAME, BETA, Some(&square(10.0, 40.0, 2.0)));
    let before = searched(results(&[inside]), "bounding_box", "9,40,11,42").mixing_maturities();
    let after = SearchResults::from_umm_json(before.to_umm_json()).unwrap();
    assert_eq!(after.context, before.context);
    assert_eq!(after.area_percent(&after.granules[0]), before.area_percent(&before.granules[0]));
}
