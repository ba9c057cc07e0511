use serde_json::{Value, json};

use super::*;

/// An item with what a granule needs most.
pub(super) fn item(name: &str, end: &str) -> Value {
    let file = |prefix: &str, ending: &str, kind: &str| json!({"URL": format!("{prefix}/{name}{ending}"), "Type": kind});
    let https = format!("https://nisar.example/NISAR/NISAR_L2_GCOV_BETA_V1/{name}");
    let s3 = format!("s3://nisar-products/NISAR_L2_GCOV_BETA_V1/{name}");
    json!({
        "meta": {"concept-id": format!("G{}-ASF", name.len()), "collection-concept-id": "C3622214170-ASF"},
        "umm": {
            "GranuleUR": name,
            "TemporalExtent": {"RangeDateTime": {"BeginningDateTime": "2025-11-22T02:46:18Z", "EndingDateTime": end}},
            "CollectionReference": {"ShortName": "NISAR_L2_GCOV_BETA_V1", "Version": "1"},
            "RelatedUrls": [
                file(&https, "_QA_STATS.h5", "EXTENDED METADATA"),
                file(&https, ".h5", "GET DATA"),
                file(&s3, "_QA_STATS.h5", "EXTENDED METADATA"),
                file(&s3, ".h5", "GET DATA VIA DIRECT ACCESS"),
                file(&https, ".png", "GET RELATED VISUALIZATION"),
                file(&https, ".h5", "GET DATA"),
                file("https://elsewhere.example", ".h5", "DATA SET LANDING PAGE"),
            ],
        },
    })
}

pub(super) const NAME: &str =
    "NISAR_L2_PR_GCOV_005_172_A_008_2005_DHDH_A_20251122T024618_20251122T024652_X05009_N_F_J_001";

pub(super) fn results(items: &[Value]) -> SearchResults {
    let page = json!({"hits": items.len(), "items": items});
    SearchResults::from_umm_json(page.to_string()).unwrap()
}

#[test]
fn an_odd_item_is_reported_and_the_rest_is_kept() {
    let results = results(&[
        json!({"meta": {"concept-id": "G7-ASF"}, "umm": {}}),
        item(NAME, "2025-11-22T02:46:52Z"),
        json!(null),
    ]);
    assert_eq!(results.granules.len(), 1);
    assert_eq!(results.odd.len(), 2);
    assert_eq!(results.odd[0].concept_id.as_deref(), Some("G7-ASF"));
    assert!(results.odd[0].why.contains("GranuleUR"));
}

#[test]
fn what_is_no_page_is_an_integrity_error() {
    for text in ["", "[]", "{\"hits\":1}", "<html>", "{\"items\":7}"] {
        assert!(SearchResults::from_umm_json(text.to_owned()).unwrap_err().is_integrity(), "{text}");
    }
}

#[test]
fn the_newest_end_comes_first_then_the_name_backwards() {
    let of = |name: &str, end: &str| item(name, end);
    let results = results(&[
        of("B", "2025-01-01T00:00:00Z"),
        of("C", "2026-01-01T00:00:00.900Z"),
        of("D", "2026-01-01T00:00:00.100Z"),
        json!({"umm": {"GranuleUR": "no time"}}),
        of("A", "2025-01-01T00:00:00Z"),
    ]);
    let names: Vec<&str> = results.granules.iter().map(|granule| granule.name.as_str()).collect();
    assert_eq!(names, ["D", "C", "B", "A", "no time"]);
}

#[test]
fn addresses_are_found_as_in_asf_search() {
    let results = results(&[item(NAME, "2025-11-22T02:46:52Z")]);
    let granule = &results.granules[0];
    let https = format!("https://nisar.example/NISAR/NISAR_L2_GCOV_BETA_V1/{NAME}/{NAME}");
    let s3 = format!("s3://nisar-products/NISAR_L2_GCOV_BETA_V1/{NAME}/{NAME}");
    let find = |extension, pattern, direct| results.find_urls(extension, pattern, direct).unwrap();
    assert_eq!(find(Some(".h5"), Some("^(?!.*QA_STATS).*"), false), [format!("{https}.h5")]);
    assert_eq!(find(Some(".h5"), None, false), [format!("{https}.h5"), format!("{https}_QA_STATS.h5")]);
    assert_eq!(find(Some(".h5"), Some("^(?!.*QA_STATS)"), true), [format!("{s3}.h5")]);
    assert_eq!(find(None, Some(r"\.png$"), false), [format!("{https}.png")]);
    assert_eq!(find(Some("h5"), None, false), Vec::<String>::new());
    assert_eq!(find(None, None, false).len(), 3);
    assert_eq!(results.find_urls(None, Some("("), false).unwrap_err().kind(), ErrorKind::Usage);
    assert_eq!(granule.find_urls(Some(".h5"), None, false).unwrap().len(), 2);
    assert_eq!(granule.data_url(), Some(format!("{https}.h5").as_str()));
    assert_eq!(granule.data_s3_url(), Some(format!("{s3}.h5").as_str()));
}

#[test]
fn the_data_of_a_nisar_granule_is_never_another_file() {
    let mut only_statistics = item(NAME, "2025-11-22T02:46:52Z");
    let urls = only_statistics.pointer_mut("/umm/RelatedUrls").unwrap();
    *urls = json!([
        {"URL": format!("https://h.example/{NAME}_QA_STATS.h5"), "Type": "GET DATA"},
        {"URL": format!("https://h.example/{}.h5", NAME.replace("X05009", "X05007")), "Type": "GET DATA"},
    ]);
    let results = results(&[only_statistics]);
    assert_eq!(results.granules[0].data_url(), None);
}

/// A few granules must not keep the text of the thousands that they came with.
#[test]
fn what_is_picked_out_lets_go_of_the_rest() {
    let items: Vec<Value> =
        (0..10).map(|number| item(&format!("G{number:03}"), "2025-11-22T02:46:52Z")).collect();
    let page = bytes::Bytes::from(json!({"hits": 10, "items": items}).to_string());
    let results = SearchResults::from_umm_json(page.clone()).unwrap();
    let few = results.subset([7, 2, 99]);
    assert_eq!(few.granules.iter().map(|one| one.name.as_str()).collect::<Vec<_>>(), ["G002", "G007"]);
    assert_eq!(few.granules[0].umm(), results.granules[7].umm());
    let many = results.subset([0, 1, 2, 3, 4]);
    drop(results);
    assert!(!page.is_unique());
    drop(many);
    // Only the page itself and what holds it: the few have texts of their own.
    assert!(page.is_unique());
    assert_eq!(few.granules[1].umm()["GranuleUR"], "G007");
}
