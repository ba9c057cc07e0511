//! `swath demo`: the contract that other programs rely on.

use crate::shell::{files, folder, granules, swath};

/// The true means of the five dates, from the witnesses' files.
fn truth() -> Vec<(String, f64)> {
    let expected = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fixtures/expected");
    let mut means = Vec::new();
    for name in files(&expected).into_iter().filter(|name| name.contains("X05009")) {
        let text = std::fs::read(expected.join(&name)).unwrap();
        let json: serde_json::Value = serde_json::from_slice(&text).unwrap();
        let wanted = |window: &&serde_json::Value| {
            window["box"] == "seed" && window["path"] == "/science/LSAR/GCOV/grids/frequencyA/HHHH"
        };
        let window = json["windows"].as_array().unwrap().iter().find(wanted).unwrap();
        means.push((name.trim_end_matches(".json").to_owned(), window["mean"].as_f64().unwrap()));
    }
    means.sort_by(|a, b| a.0.cmp(&b.0));
    means
}

#[test]
fn the_whole_flow_gives_the_true_figures_and_its_files() {
    let folder = folder();
    // What was unpacked for the other tests serves here, too.
    std::fs::create_dir(folder.path().join("out")).unwrap();
    let output = folder.path().join("out");
    let _ = granules();
    let run = swath(&["demo", "--json", "--output"]).arg(&output).output().unwrap();
    assert!(run.status.success(), "{}", String::from_utf8_lossy(&run.stderr));
    let report: serde_json::Value = serde_json::from_slice(&run.stdout).unwrap();
    assert_eq!((report["found"].as_u64(), report["kept"].as_u64()), (Some(7), Some(5)));
    let superseded: Vec<&str> =
        report["superseded"].as_array().unwrap().iter().filter_map(|v| v.as_str()).collect();
    assert_eq!(superseded.len(), 2);
    assert!(superseded.iter().all(|name| name.contains("X05007")));
    let truth = truth();
    let granules = report["granules"].as_array().unwrap();
    assert_eq!(granules.len(), truth.len());
    for (found, (name, mean)) in granules.iter().zip(&truth) {
        assert_eq!(found["granule"].as_str(), Some(name.as_str()));
        for door in ["mean_https", "mean_s3"] {
            let value = found[door].as_f64().unwrap();
            assert!((value - mean).abs() <= 1e-12 * mean, "{door} of {name}: {value}, not {mean}");
        }
        assert_eq!(found["n_valid"].as_u64(), Some(4588));
        assert!(found["start"].as_str().unwrap().ends_with('Z'));
    }
    for step in report["steps"].as_array().unwrap() {
        assert!(step["name"].is_string() && step["seconds"].is_number());
        assert!(step["requests"].is_u64() && step["bytes"].is_u64(), "{step}");
    }
    let path = |name: &str| std::path::PathBuf::from(report[name].as_str().unwrap());
    let table = std::fs::read_to_string(path("series_csv")).unwrap();
    assert_eq!(table.lines().count(), 6, "{table}");
    for name in ["quicklook_png", "series_png"] {
        let png = std::fs::read(path(name)).unwrap();
        assert!(png.starts_with(b"\x89PNG\r\n\x1a\n") && png.len() > 5_000, "{name} is no picture");
    }
}
