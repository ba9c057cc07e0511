//! What the catalogue tells besides granules of one product: attributes, ephemerides, releases of many kinds.

use std::path::Path;

use serde_json::{Value, json};

use crate::shell::*;

/// Writes the record of a granule whose file is nowhere. What the sandbox does not look at is left out.
fn record(folder: &Path, name: &str, umm: &Value) {
    let mut whole = json!({
        "GranuleUR": name,
        "TemporalExtent": {"RangeDateTime": {
            "BeginningDateTime": "2025-11-22T00:00:00Z",
            "EndingDateTime": "2025-11-23T00:00:00Z",
        }},
        "Platforms": [{"ShortName": "NISAR", "Instruments": [{"ShortName": "L-SAR"}]}],
        "RelatedUrls": [{"URL": format!("https://h.example/{name}.xml"), "Type": "GET DATA"}],
    });
    for (member, value) in umm.as_object().unwrap() {
        whole[member] = value.clone();
    }
    std::fs::write(folder.join(format!("{name}.umm.json")), whole.to_string()).unwrap();
}

/// An ephemeris that ends on a day of November 2025.
fn ephemeris(folder: &Path, kind: &str, day: u8) {
    let range = json!({
        "BeginningDateTime": format!("2025-11-{:02}T21:00:00Z", day - 1),
        "EndingDateTime": format!("2025-11-{day:02}T03:00:00Z"),
    });
    let umm = json!({
        "CollectionReference": {"ShortName": "NISAR_OE", "Version": "1"},
        "AdditionalAttributes": [{"Name": "PRODUCT_TYPE", "Values": [kind]}],
        "TemporalExtent": {"RangeDateTime": range},
    });
    record(folder, &format!("NISAR_ANC_{kind}_202511{day:02}"), &umm);
}

#[test]
fn the_newest_ephemerides_are_found() {
    let folder = folder();
    for (kind, day) in [("POE", 9), ("POE", 10), ("MOE", 20), ("NOE", 21), ("FOE", 27), ("FOE", 24)] {
        ephemeris(folder.path(), kind, day);
    }
    let sandbox = SandboxProcess::over(folder.path());
    let all = sandbox.run(&["search", "--ephemerides", "--json"], &[]);
    assert_eq!(all.code, 0, "{}", all.err);
    let found = all.json();
    let names = |found: &Value| -> Vec<String> {
        let names = found["granules"]
            .as_array()
            .unwrap()
            .iter()
            .map(|one| one["granule"].as_str().unwrap().to_owned());
        names.collect()
    };
    let expected = [
        "NISAR_ANC_POE_20251110",
        "NISAR_ANC_MOE_20251120",
        "NISAR_ANC_NOE_20251121",
        "NISAR_ANC_FOE_20251127",
    ];
    assert_eq!((names(&found), &found["notices"]), (expected.map(str::to_owned).to_vec(), &json!([])));
    let early = sandbox.run(&["search", "--ephemerides", "--end", "2025-11-19", "--json"], &[]);
    assert_eq!(names(&early.json()), expected[..2]);
    assert_eq!(early.json()["notices"].as_array().unwrap().len(), 2);
    let urls = sandbox.run(&["search", "--ephemerides", "--extension", ".xml", "--quiet"], &[]);
    assert_eq!((urls.out.lines().count(), urls.err.as_str()), (4, ""));
    let table = sandbox.run(&["search", "--ephemerides"], &[]);
    assert!(
        table.out.contains("NISAR_ANC_POE_20251110") && !table.out.contains("NISAR_ANC_POE_20251109"),
        "{}",
        table.out
    );
    let both = sandbox.run(&["search", "--ephemerides", "--count"], &[]);
    assert_eq!(both.code, 2, "{}", both.err);
}

#[test]
fn what_can_be_searched_by_is_told() {
    let sandbox = SandboxProcess::start();
    let table = sandbox.run(&["search", "--product", "GCOV", "--attributes"], &[]);
    assert_eq!(table.code, 0, "{}", table.err);
    assert!(table.out.lines().next().unwrap().trim_start().starts_with("name"), "{}", table.out);
    assert!(
        table.out.lines().any(|line| line.contains("TRACK_NUMBER") && line.contains("INT")),
        "{}",
        table.out
    );
    let json = sandbox.run(&["search", "--short-name", "NISAR_OE", "--attributes", "--json"], &[]).json();
    let names: Vec<&str> =
        json["attributes"].as_array().unwrap().iter().map(|one| one["name"].as_str().unwrap()).collect();
    assert_eq!(names, ["PRODUCTION_PIPELINE", "PRODUCT_TYPE"]);
    assert_eq!(json["attributes"][0]["collections"], json!(["NISAR_OE"]));
    let by_id = sandbox.run(&["search", "--collections", "C3622214170-ASF", "--attributes", "--jsonl"], &[]);
    assert_eq!(by_id.out.lines().count(), 21, "{}", by_id.err);
    // What is told can be used.
    let used = ["search", "--cmr-keywords", "attribute[]=string,STACK_ID,172_A_008", "--count"];
    assert_eq!(sandbox.run(&used, &[]).out.trim(), "7");
    let none = sandbox.run(&["search", "--short-name", "NISAR_L9", "--attributes"], &[]);
    assert_eq!(none.code, 5, "{}", none.err);
    assert!(none.err.contains("no collection of these names"), "{}", none.err);
    assert_eq!(sandbox.run(&["search", "--attributes", "--csv"], &[]).code, 2);
}
