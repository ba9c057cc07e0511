use serde_json::json;

use super::super::tests::{NAME, item, results};
use super::*;

fn text(results: &SearchResults, format: Format) -> String {
    let mut out = Vec::new();
    results.write(format, &mut out).unwrap();
    String::from_utf8(out).unwrap()
}

/// A granule that lies across the antimeridian, with a name that XML and JSON must escape.
fn odd() -> SearchResults {
    let mut one = item("a<b>&\"c\u{1b}[31m", "2025-11-22T02:46:52Z");
    let points = |ring: &[(f64, f64)]| {
        ring.iter().map(|(x, y)| json!({"Longitude": x, "Latitude": y})).collect::<Vec<_>>()
    };
    let ring = points(&[(178.0, 50.0), (-178.0, 50.0), (-178.0, 52.0), (178.0, 52.0), (178.0, 50.0)]);
    one["umm"]["SpatialExtent"]["HorizontalSpatialDomain"]["Geometry"]["GPolygons"] =
        json!([{"Boundary": {"Points": ring}}]);
    results(&[one])
}

#[test]
fn every_format_is_named_by_its_word() {
    for format in Format::ALL {
        assert_eq!(format.word().parse::<Format>().unwrap(), *format);
        assert!(!text(&odd(), *format).contains('\u{1b}'), "{format}");
        assert!(
            !text(&SearchResults::default(), *format).is_empty()
                || *format == Format::JsonLines
                || *format == Format::Csv
        );
    }
    let error = "xls".parse::<Format>().unwrap_err();
    assert!(error.hint().unwrap().contains("metalink"), "{error:?}");
}

#[test]
fn an_outline_across_the_antimeridian_is_whole() {
    let lite: Value = serde_json::from_str(&text(&odd(), Format::JsonLite)).unwrap();
    let first = &lite["results"][0];
    assert!(first["wkt"].as_str().unwrap().starts_with("MULTIPOLYGON"), "{first}");
    let whole = first["wkt_unwrapped"].as_str().unwrap();
    assert!(whole.starts_with("POLYGON") && whole.contains("178 ") && whole.contains("182 "), "{whole}");
    let kml = text(&odd(), Format::Kml);
    assert_eq!(kml.matches("<LinearRing>").count(), 2);
    assert!(kml.contains("a&lt;b&gt;&amp;"), "{kml}");
    let stac: Value = serde_json::from_str(&text(&odd(), Format::Stac)).unwrap();
    assert_eq!(stac["features"][0]["bbox"], json!([178.0, 50.0, -178.0, 52.0]));
}

#[test]
fn what_is_not_known_is_empty_and_no_failure() {
    let results = results(&[json!({"umm": {"GranuleUR": NAME}})]);
    assert!(text(&results, Format::Metalink).ends_with("<files>\n</files>\n</metalink>"));
    let table = text(&results, Format::AsfCsv);
    assert_eq!(table.matches("\r\n").count(), 2);
    let lite: Value = serde_json::from_str(&text(&results, Format::JsonLite2)).unwrap();
    assert_eq!((&lite["results"][0]["w"], &lite["results"][0]["o"]), (&Value::Null, &json!([])));
    let stac: Value = serde_json::from_str(&text(&results, Format::Stac)).unwrap();
    let only = &stac["features"][0];
    assert_eq!((only.get("bbox"), &only["geometry"]), (None, &Value::Null));
    assert_eq!(only["properties"]["datetime"], Value::Null);
    assert_eq!(only["properties"]["start_datetime"], "2025-11-22T02:46:18Z");
}

#[test]
fn a_stac_item_names_its_files_once() {
    let item = results(&[item(NAME, "2025-11-22T02:46:52Z")]).granules[0].stac_item();
    let assets = item["assets"].as_object().unwrap();
    let keys: Vec<&String> = assets.keys().collect();
    assert_eq!(keys, ["data", "browse", "qa-statistics", "data-s3", "qa-statistics-s3"]);
    assert!(assets["data"]["href"].as_str().unwrap().ends_with(&format!("/{NAME}.h5")));
}
