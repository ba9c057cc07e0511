//! Results in asf_search's own formats, against exports made with the unmodified asf_search 14.1.0.

use serde_json::Value;
use swath::search::{Format, SearchResults};

use crate::search::{ANSWER, vectors};

/// The reconstructed answer to the cookbook's search in a format, and the same as asf_search writes it.
fn both(format: Format, golden: &str) -> Option<(String, String)> {
    let (answer, golden) = (vectors(ANSWER)?, vectors(golden)?);
    let results = SearchResults::from_umm_json(answer).unwrap();
    let mut ours = Vec::new();
    results.write(format, &mut ours).unwrap();
    Some((String::from_utf8(ours).unwrap(), golden))
}

fn assert_same_lines(ours: &str, golden: &str) {
    for (place, (ours, golden)) in ours.split('\n').zip(golden.split('\n')).enumerate() {
        assert_eq!(ours, golden, "line {}", place + 1);
    }
    assert_eq!(ours.len(), golden.len());
}

#[test]
fn the_table_is_that_of_asf_search() {
    let Some((ours, golden)) = both(Format::AsfCsv, "golden/export.csv") else { return };
    assert_same_lines(&ours, &golden);
}

#[test]
fn the_metalink_is_that_of_asf_search() {
    let Some((ours, golden)) = both(Format::Metalink, "golden/export.metalink") else { return };
    assert_same_lines(&ours, &golden);
}

#[test]
fn the_placemarks_are_those_of_asf_search_but_for_a_heading() {
    let Some((ours, golden)) = both(Format::Kml, "golden/export.kml") else { return };
    // asf_search overwrites the first heading of each placemark by the second.
    assert_eq!(ours.matches("<h3>Metadata</h3>").count(), 7);
    assert_eq!(golden.matches("<h3>Metadata</h3>").count(), 0);
    assert_same_lines(&ours.replace("<h3>Metadata</h3>", "<h3>Files</h3>"), &golden);
}

#[test]
fn the_oldest_json_is_that_of_asf_search() {
    let Some((ours, golden)) = both(Format::AsfJson, "golden/export.json") else { return };
    assert_same_lines(&ours, &golden);
}

#[test]
fn jsonlite_is_that_of_asf_search() {
    let Some((ours, golden)) = both(Format::JsonLite, "golden/export.jsonlite") else { return };
    assert_same_values(&ours, &golden);
    assert_same_lines(&ours, &golden);
}

#[test]
fn jsonlite2_is_that_of_asf_search() {
    let Some((ours, golden)) = both(Format::JsonLite2, "golden/export.jsonlite2") else { return };
    assert_same_values(&ours, &golden);
    assert_same_lines(&ours, &golden);
}

/// Tells which member of which granule differs, where a line would be the whole file.
fn assert_same_values(ours: &str, golden: &str) {
    let [ours, golden] = [ours, golden].map(|text| serde_json::from_str::<Value>(text).unwrap());
    let [ours, golden] = [&ours, &golden].map(|value| value["results"].as_array().unwrap());
    assert_eq!(ours.len(), golden.len());
    for (ours, golden) in ours.iter().zip(golden) {
        for (name, value) in golden.as_object().unwrap() {
            assert_eq!(&ours[name], value, "{name}");
        }
        assert_eq!(ours.as_object().unwrap().len(), golden.as_object().unwrap().len());
    }
}
