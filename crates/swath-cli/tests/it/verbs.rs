//! Each verb with its usual answers.

use crate::shell::*;

const BOX: [&str; 5] = ["--bbox", "40.8463", "13.2553", "40.8574", "13.2684"];

#[test]
fn the_help_of_every_verb_is_as_agreed() {
    for verb in [
        "",
        "search",
        "get",
        "login",
        "status",
        "logout",
        "info",
        "stats",
        "timeseries",
        "quicklook",
        "doctor",
        "demo",
        "sandbox",
    ] {
        let arguments: Vec<&str> = [verb, "--help"].into_iter().filter(|word| !word.is_empty()).collect();
        let run = run(&arguments);
        assert_eq!(run.code, 0);
        let name = if verb.is_empty() { "swath" } else { verb };
        insta::assert_snapshot!(format!("help_{name}"), run.out);
    }
}

#[test]
fn stats_print_the_agreed_line() {
    let local = local_granule();
    let run = run(&[&["stats", &local, "--json"], BOX.as_slice()].concat());
    assert_eq!(run.code, 0, "{}", run.err);
    let line = run.json();
    let names: Vec<&str> = line.as_object().unwrap().keys().map(String::as_str).collect();
    assert_eq!(
        names,
        [
            "granule", "source", "layer", "epsg", "window", "n_total", "n_valid", "mean", "std", "min",
            "max", "requests", "bytes", "waves", "seconds"
        ]
    );
    assert_eq!(line["granule"], GRANULE);
    assert_eq!(line["epsg"], 32637);
    assert_eq!(
        line["window"],
        serde_json::json!({"row_off": 565, "col_off": 621, "height": 74, "width": 62})
    );
    assert_eq!((line["n_total"].as_u64(), line["n_valid"].as_u64()), (Some(4588), Some(4588)));
    // The same pixels named as a window, and with commas in the box.
    let window = ["stats", &local, "--json", "--window", "565", "621", "74", "62"];
    assert_eq!(crate::shell::run(&window).json()["mean"], line["mean"]);
    let commas = ["stats", "--bbox", "40.8463,13.2553,40.8574,13.2684", &local, "--json"];
    assert_eq!(crate::shell::run(&commas).json()["mean"], line["mean"]);
}

#[test]
fn info_tells_every_object_as_h5py_sees_it() {
    let run = run(&["info", &local_granule(), "--json"]);
    assert_eq!(run.code, 0, "{}", run.err);
    let found = run.json();
    let expected = std::path::Path::new(env!("CARGO_MANIFEST_DIR"))
        .join(format!("../../fixtures/expected/{GRANULE}.json"));
    let expected: serde_json::Value = serde_json::from_slice(&std::fs::read(expected).unwrap()).unwrap();
    let objects = expected["objects"].as_object().unwrap();
    for (path, wanted) in objects {
        let object = &found[path];
        let is_array = wanted["kind"] == "dataset";
        assert_eq!(object["kind"], if is_array { "array" } else { "group" }, "{path}");
        if is_array {
            assert_eq!(object["shape"], wanted["shape"], "{path}");
            assert_eq!(object["chunks"], wanted["chunks"], "{path}");
            let dims = object["dims"].as_array().unwrap();
            assert_eq!(dims.len(), wanted["shape"].as_array().unwrap().len(), "{path}");
        }
        for name in wanted["attributes"].as_object().unwrap().keys() {
            assert!(object["attrs"].get(name).is_some(), "{path} lacks attribute {name}");
        }
    }
    assert_eq!(found.as_object().unwrap().len(), objects.len());
    let layer = &found["/science/LSAR/GCOV/grids/frequencyA/HHHH"];
    assert_eq!(layer["dims"], serde_json::json!(["yCoordinates", "xCoordinates"]));
    assert_eq!(layer["dtype"], "float32");
    assert_eq!(layer["attrs"]["_FillValue"], "NaN");
}

#[test]
fn info_of_a_group_is_a_tree_for_people() {
    let run = run(&["info", &local_granule(), "/science/LSAR/GCOV/grids/frequencyB"]);
    assert_eq!(run.code, 0, "{}", run.err);
    assert!(run.out.contains("HHHH (yCoordinates: 310, xCoordinates: 330) float32"), "{}", run.out);
    assert!(!run.out.contains("frequencyA"));
}

#[test]
fn search_prints_in_every_format() {
    let sandbox = SandboxProcess::start();
    let query = [
        "search",
        "--bbox",
        "40.9131",
        "12.3904",
        "41.8891",
        "13.2454",
        "--start",
        "2025-11-22",
        "--direction",
        "ascending",
    ];
    let with = |more: &[&str]| sandbox.run(&[query.as_slice(), more].concat(), &[]);
    let table = with(&[]);
    assert_eq!(table.code, 0, "{}", table.err);
    assert_eq!(table.out.lines().count(), 6, "{}", table.out);
    assert!(table.err.contains("2 superseded"), "{}", table.err);
    let all = with(&["--all-versions"]);
    assert!(all.out.contains("superseded by NISAR_L2_PR_GCOV_005"), "{}", all.out);
    let json = with(&["--json"]).json();
    assert_eq!((json["hits"].as_u64(), json["granules"].as_array().unwrap().len()), (Some(7), 5));
    let lines = with(&["--jsonl"]);
    assert_eq!(lines.out.lines().count(), 5);
    for line in lines.out.lines() {
        let granule: serde_json::Value = serde_json::from_str(line).unwrap();
        assert!(granule["url"].as_str().unwrap().ends_with(".h5"));
    }
    assert_eq!(with(&["--csv"]).out.lines().count(), 6);
    assert_eq!(with(&["--geojson"]).json()["features"].as_array().unwrap().len(), 5);
    let urls = with(&["--extension", ".h5", "--pattern", "^(?!.*QA_STATS).*", "--direct-access"]);
    assert_eq!(urls.out.lines().filter(|url| url.starts_with("s3://")).count(), 5, "{}", urls.out);
    for (format, says) in [
        ("kml", "<h3>Metadata</h3>"),
        ("metalink", "<files>"),
        ("asf-csv", "Granule Name"),
        ("jsonlite", "\"granuleName\""),
        ("jsonlite2", "{gn}.h5"),
        ("stac", "\"stac_version\":\"1.1.0\""),
    ] {
        let run = with(&["--format", format]);
        assert!(run.code == 0 && run.out.contains(says), "{format}: {}{}", run.out, run.err);
    }
    assert_eq!(with(&["--format", "xls"]).code, 2);
    assert!(table.out.lines().next().unwrap().contains("area %"), "{}", table.out);
    assert!(table.err.contains("known issues of 5 granules"), "{}", table.err);
    let crid = with(&["--crid", "x05007", "--json"]).json();
    assert_eq!(crid["granules"].as_array().unwrap().len(), 2);
    assert_eq!(with(&["--crid", "latest"]).code, 2);
    assert_eq!(with(&["--maturity", "any"]).out.lines().count(), 6);
    let nothing = sandbox.run(&["search", "--bbox", "10", "10", "11", "11"], &[]);
    assert_eq!((nothing.code, nothing.out.as_str()), (0, ""));
    assert!(nothing.err.contains("no granule matches"), "{}", nothing.err);
}

#[test]
fn a_series_goes_from_the_catalogue_to_a_table_and_a_picture() {
    let (sandbox, folder) = (SandboxProcess::start(), folder());
    let found = sandbox.run(&["search", "--track", "172", "--frame", "8", "--jsonl"], &[]);
    let urls: Vec<String> = found
        .out
        .lines()
        .map(|line| {
            let granule: serde_json::Value = serde_json::from_str(line).unwrap();
            granule["url"].as_str().unwrap().to_owned()
        })
        .collect();
    let (table, plot) = (folder.path().join("s.csv"), folder.path().join("s.png"));
    let (table, plot) = (table.display().to_string(), plot.display().to_string());
    let mut arguments = vec!["timeseries", "-o", &table, "--plot", &plot];
    arguments.extend(BOX);
    arguments.extend(urls.iter().map(String::as_str));
    let run = sandbox.run(&arguments, &[]);
    assert_eq!(run.code, 0, "{}", run.err);
    let text = std::fs::read_to_string(&table).unwrap();
    let times: Vec<&str> = text.lines().skip(1).map(|line| &line[..10]).collect();
    assert_eq!(times, ["2025-11-22", "2025-12-04", "2025-12-16", "2025-12-28", "2026-01-09"]);
    assert!(std::fs::read(&plot).unwrap().starts_with(b"\x89PNG"));
    assert_eq!(files(folder.path()), ["s.csv", "s.png"]);
}

#[test]
fn a_quicklook_is_a_picture() {
    let (local, folder) = (local_granule(), folder());
    let path = folder.path().join("box.png").display().to_string();
    let run = run(&[&["quicklook", &local, "-o", &path], BOX.as_slice()].concat());
    assert_eq!(run.code, 0, "{}", run.err);
    assert!(std::fs::read(&path).unwrap().starts_with(b"\x89PNG"));
}
