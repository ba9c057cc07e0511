use serde_json::json;

use super::super::tests::{NAME, item, results};
use super::*;

fn text(write: impl FnOnce(&mut Vec<u8>) -> Result<()>) -> String {
    let mut out = Vec::new();
    write(&mut out).unwrap();
    String::from_utf8(out).unwrap()
}

fn two_releases() -> SearchResults {
    let older = NAME.replace("X05009", "X05007");
    results(&[item(NAME, "2025-11-22T02:46:52Z"), item(&older, "2025-11-22T02:46:52Z")])
}

#[test]
fn csv_has_one_line_per_granule_and_names_what_is_superseded() {
    let results = two_releases();
    let csv = text(|out| results.write_csv(out));
    let lines: Vec<&str> = csv.lines().collect();
    assert_eq!(
        lines[0].replace('"', ""),
        "granule,start,end,track,frame,direction,polarization,crid,maturity,coverage,area_percent,size,state,url,s3_url"
    );
    assert_eq!(lines.len(), 3);
    let none = text(|out| SearchResults::default().write_csv(out));
    assert_eq!(none.trim_end().replace('"', ""), lines[0].replace('"', ""));
    let base = format!("NISAR_L2_GCOV_BETA_V1/{NAME}/{NAME}.h5");
    let expected = format!(
        "\"{NAME}\",\"2025-11-22T02:46:18Z\",\"2025-11-22T02:46:52Z\",172,8,\"ASCENDING\",\"\",\"X05009\",\"beta\",\"full\",\"\",\"\",\"used\",\"https://nisar.example/NISAR/{base}\",\"s3://nisar-products/{base}\""
    );
    assert_eq!(lines[1], expected);
    assert!(lines[2].contains(&format!("superseded by {NAME}")), "{}", lines[2]);
}

#[test]
fn the_catalogues_own_records_come_back() {
    let results = two_releases();
    let again = SearchResults::from_umm_json(results.to_umm_json()).unwrap();
    assert_eq!(again.hits, results.hits);
    assert_eq!(text(|out| again.write_json(out)), text(|out| results.write_json(out)));
}

#[test]
fn json_lines_parse_one_by_one() {
    let results = two_releases();
    let lines = text(|out| results.write_json_lines(out));
    let lines: Vec<Value> = lines.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(lines.len(), 2);
    assert_eq!((&lines[0]["state"], &lines[0]["superseded_by"]), (&json!("used"), &Value::Null));
    assert_eq!((&lines[1]["state"], &lines[1]["superseded_by"]), (&json!("superseded"), &json!(NAME)));
    assert_eq!((&lines[0]["track"], &lines[0]["size"]), (&json!(172), &Value::Null));
    assert_eq!(lines[0]["collection"], "NISAR_L2_GCOV_BETA_V1");
}

#[test]
fn geojson_is_one_collection() {
    let results = two_releases();
    let geojson: Value = serde_json::from_str(&text(|out| results.write_geojson(out))).unwrap();
    assert_eq!(geojson["type"], "FeatureCollection");
    let first = &geojson["features"][0];
    assert_eq!((&first["type"], &first["geometry"]), (&json!("Feature"), &Value::Null));
    assert_eq!(first["properties"]["fileID"], NAME);
    assert_eq!(first["properties"]["pathNumber"], Value::Null);
    let empty: Value =
        serde_json::from_str(&text(|out| SearchResults::default().write_geojson(out))).unwrap();
    assert_eq!(empty["features"], json!([]));
}

#[test]
fn control_characters_and_formulas_do_no_harm() {
    let evil = "=cmd|' /C calc'!A0\u{1b}[31m\r\nnext\u{202e}line\u{7f}";
    let mut item = item(evil, "2025-11-22T02:46:52Z");
    item["umm"]["AdditionalAttributes"] =
        json!([{"Name": "FREQUENCY_A_POLARIZATION", "Values": ["H\u{1b}]0;x\u{7}H"]}]);
    let results = results(&[item]);
    let outputs = [
        text(|out| results.write_csv(out)),
        text(|out| results.write_json_lines(out)),
        text(|out| results.write_geojson(out)),
    ];
    for output in &outputs {
        let bad = |c: char| c != '\n' && (c.is_control() || c == '\u{202e}');
        assert!(!output.contains(bad), "{output:?}");
        assert!(!output.contains("\\u001b"), "{output:?}");
    }
    assert_eq!(outputs[0].lines().count(), 2);
    assert!(outputs[0].lines().nth(1).unwrap().starts_with("\"=cmd|"), "{}", outputs[0]);
}
