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

/// A release of a granule of track 172, frame 8, whose outline is a box.
fn release(folder: &Path, tail: &str, collection: &str, [west, south, east, north]: [f64; 4]) {
    let name = format!("NISAR_L2_PR_GCOV_{tail}");
    let moments: Vec<&str> = tail.split('_').filter(|field| field.len() == 15).collect();
    let iso = |text: &str| {
        let part = |range| text.get(range).unwrap();
        format!(
            "{}-{}-{}T{}:{}:{}Z",
            part(0..4),
            part(4..6),
            part(6..8),
            part(9..11),
            part(11..13),
            part(13..15)
        )
    };
    let corners = [(west, south), (east, south), (east, north), (west, north), (west, south)];
    let points: Vec<Value> = corners.iter().map(|(x, y)| json!({"Longitude": x, "Latitude": y})).collect();
    let one = |name: &str, value: &str| json!({"Name": name, "Values": [value]});
    let attributes = [
        one("PRODUCT_TYPE", "GCOV"),
        one("PRODUCTION_PIPELINE", "PR"),
        one("TRACK_NUMBER", "172"),
        one("FRAME_NUMBER", "8"),
    ];
    let umm = json!({
        "CollectionReference": {"ShortName": collection, "Version": "1"},
        "AdditionalAttributes": attributes,
        "TemporalExtent": {"RangeDateTime": {
            "BeginningDateTime": iso(moments[0]), "EndingDateTime": iso(moments[1]),
        }},
        "SpatialExtent": {"HorizontalSpatialDomain": {"Geometry": {"GPolygons": [{"Boundary": {"Points": points}}]}}},
    });
    record(folder, &name, &umm);
}

/// Everything that a table says of releases: used, superseded, of another maturity; parts of a frame; shares of the area.
#[test]
fn the_state_of_every_release_is_told() {
    const BETA: &str = "NISAR_L2_GCOV_BETA_V1";
    const PROVISIONAL: &str = "NISAR_L2_GCOV_PROVISIONAL_V1";
    let folder = folder();
    let whole = [40.0, 12.0, 42.0, 14.0];
    for (tail, collection, outline) in [
        ("005_172_A_008_2005_DHDH_A_20251122T024618_20251122T024652_X05007_N_F_J_001", BETA, whole),
        ("005_172_A_008_2005_DHDH_A_20251122T024619_20251122T024653_P05023_N_F_J_001", PROVISIONAL, whole),
        (
            "006_172_A_008_2005_DHDH_A_20251204T024618_20251204T024630_X05010_N_P_J_001",
            BETA,
            [40.0, 12.0, 42.0, 13.0],
        ),
        (
            "006_172_A_008_2005_DHDH_A_20251204T024630_20251204T024652_X05010_N_P_J_001",
            BETA,
            [40.0, 13.0, 42.0, 14.0],
        ),
        (
            "007_172_A_008_2005_DHDH_A_20251216T024618_20251216T024652_P05023_N_F_J_001",
            PROVISIONAL,
            [40.0, 12.0, 41.003, 14.0],
        ),
    ] {
        release(folder.path(), tail, collection, outline);
    }
    let sandbox = SandboxProcess::over(folder.path());
    let place = ["--bbox", "41", "12.5", "42", "13.5"];
    let all = sandbox.run(&[&["search", "--all-versions", "--jsonl"], place.as_slice()].concat(), &[]);
    assert_eq!(all.code, 0, "{}", all.err);
    let lines: Vec<Value> = all.out.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let told: Vec<(&str, Option<f64>)> =
        lines.iter().map(|line| (line["state"].as_str().unwrap(), line["area_percent"].as_f64())).collect();
    assert_eq!(told[0].0, "used");
    assert!(told[0].1.is_some_and(|percent| (0.2..0.4).contains(&percent)), "{told:?}");
    assert_eq!((told[1].0, told[2].0), ("other-maturity", "other-maturity"));
    let half = |percent: Option<f64>| percent.is_some_and(|percent| (49.0..51.0).contains(&percent));
    assert!(half(told[1].1) && half(told[2].1), "{told:?}");
    assert_eq!(told[3..], [("used", Some(100.0)), ("superseded", Some(100.0))]);
    assert!(lines[4]["superseded_by"].as_str().unwrap().contains("_P05023_"));
    let table = sandbox.run(&[&["search"], place.as_slice()].concat(), &[]);
    assert!(table.out.lines().any(|line| line.contains(" <1 ")), "{}", table.out);
    assert!(table.err.contains("2 BETA granules are left out"), "{}", table.err);
    assert!(table.err.contains("1 superseded release"), "{}", table.err);
    let mixed = sandbox.run(&["search", "--maturity", "any"], &[]);
    assert!(mixed.err.contains("2 granules are parts of one frame of one pass"), "{}", mixed.err);
    let mixed = sandbox.run(&["search", "--maturity", "any", "--jsonl"], &[]);
    let parts: Vec<Value> =
        mixed.out.lines().map(|line| serde_json::from_str::<Value>(line).unwrap()["part"].take()).collect();
    assert_eq!(parts, [json!(null), json!([2, 2]), json!([1, 2]), json!(null)]);
    assert_eq!(
        sandbox.run(&["search", "--limit", "0"], &[]).err,
        "the catalogue has 5 granules; none was asked for\n"
    );
}

#[test]
fn what_cannot_be_is_named_as_it_was_typed() {
    let cases: [(&[&str], &str); 7] = [
        (&["--track", "200"], "--track cannot be 200"),
        (&["--limit", "-1"], "--limit cannot be \"-1\""),
        (&["--frame-coverage", "half"], "--frame-coverage cannot be \"half\""),
        (&["--maturity", "gamma"], "VALIDATED, ANY"),
        (&["--start", "2026-13-45"], "--start \"2026-13-45\" is not a date"),
        (&["--season", "400-2"], "--season cannot be"),
        (&["--cmr-keywords", "nonsense"], "--cmr-keywords cannot be"),
    ];
    for (typed, expected) in cases {
        let run = run(&[&["search"], typed].concat());
        assert_eq!(run.code, 2, "{typed:?}");
        assert!(run.err.contains(expected), "{typed:?}: {}", run.err);
    }
    let sandbox = SandboxProcess::start();
    let dotless = sandbox.run(&["search", "--extension", "h5"], &[]);
    assert!(dotless.err.contains("extensions begin with a dot: .h5"), "{}", dotless.err);
}
