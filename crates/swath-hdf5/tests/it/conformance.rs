//! Files made by others, against what libhdf5 reads from them.
//!
//! The files are not in the repository; the test runs where a folder `../shared/corpus` lies beside it, or
//! `SWATH_CORPUS` names one.

use std::collections::BTreeMap;
use std::path::PathBuf;

use serde_json::Value;

use crate::canon::describe;
use crate::support::workspace;

/// Where the witness itself is at odds with its description: it counts the numbers and not the elements of
/// lists whose elements are arrays, and takes each number of a single list for a list.
const WITNESS_DIFFERS: [&str; 2] = [
    "tools/test/h5dump/testfiles/tarray7.h5 /Dataset1",
    "tools/test/h5dump/testfiles/tvldtypes1.h5 /Dataset3.0",
];

/// Datasets and attributes whose values libhdf5 reads: how many are the same, wrong, or refused.
#[derive(Debug, Default)]
struct Score {
    files: usize,
    same: usize,
    wrong: Vec<String>,
    refused: usize,
}

#[test]
fn corpora_of_others_are_never_read_wrongly() {
    let corpora =
        std::env::var_os("SWATH_CORPUS").map_or_else(|| workspace().join("../shared/corpus"), PathBuf::from);
    let mut scores: BTreeMap<&str, Score> = BTreeMap::new();
    for name in ["hdf5lib", "jhdf", "netcdf-c"] {
        let Ok(text) = std::fs::read_to_string(corpora.join(format!("{name}.oracle.json"))) else {
            println!("skipped: no corpus {name}");
            continue;
        };
        // Python writes NaN and Infinity, which are not JSON; no value compared here holds them.
        let text = text.replace("NaN", "null").replace("-Infinity", "null").replace("Infinity", "null");
        let oracle: Value = serde_json::from_str(&text).unwrap();
        let score = scores.entry(name).or_default();
        for (relative, expected) in oracle.as_object().unwrap() {
            let bytes = std::fs::read(corpora.join(name).join(relative)).unwrap();
            let found = describe(bytes);
            if expected.get("_open_error").is_none() {
                compare(relative, expected, &found, score);
            }
        }
        println!("{name}: {score:?}");
    }
    for (name, score) in scores {
        assert!(score.wrong.is_empty(), "{name}: {:#?}", score.wrong);
        let share = score.same as f64 / (score.same + score.refused) as f64;
        assert!(share > 0.93, "{name}: only {share:.3} of the values can be read");
    }
}

fn compare(file: &str, expected: &Value, found: &Value, score: &mut Score) {
    score.files += 1;
    for (path, object) in expected.as_object().unwrap() {
        if path == "_file" {
            continue;
        }
        let dataset = object.get("kind").and_then(Value::as_str) == Some("dataset");
        if dataset {
            judge(&format!("{file} {path}"), object, found.get(path), score);
        }
        for (name, attribute) in object.get("attrs").and_then(Value::as_object).into_iter().flatten() {
            let found = found.get(path).and_then(|object| object.get("attrs")?.get(name));
            judge(&format!("{file} {path}@{name}"), attribute, found, score);
        }
    }
}

fn judge(what: &str, expected: &Value, found: Option<&Value>, score: &mut Score) {
    let Some(sha256) = expected.get("sha256").and_then(Value::as_str) else { return };
    match found.and_then(|found| found.get("sha256")).and_then(Value::as_str) {
        Some(found) if found == sha256 => score.same += 1,
        Some(_) if WITNESS_DIFFERS.contains(&what) => {}
        Some(_) => score.wrong.push(what.to_owned()),
        None => score.refused += 1,
    }
}
