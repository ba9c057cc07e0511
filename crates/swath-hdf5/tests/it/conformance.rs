//! Files made by others, and files that use whatever the format has, against what libhdf5 reads from them.
//!
//! The files of others are not in the repository; the test runs where a folder `../shared/corpus` lies beside it, or
//! `SWATH_CORPUS` names one. `fixtures/formats.py` makes the other ones before the tests.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use serde_json::Value;

use crate::canon::describe;
use crate::support::workspace;

/// What is not read, or not as libhdf5 reads it: file, object, and the feature that keeps it away. The tests fail
/// where a row no longer is true, and where one is missing.
const MISSES: &str = include_str!("misses.tsv");

/// What is said of a dataset beside its values, compared wherever libhdf5 says it.
const FACTS: [&str; 14] = [
    "kind", "shape", "maxshape", "dtype", "order", "layout", "chunks", "filters", "external", "nchunks",
    "chunk0", "offset", "target", "same_as",
];

/// What is said of a file.
const FILE_FACTS: [&str; 4] = ["size", "superblock", "userblock", "sizes"];

/// Of a corpus: files, values that are the same, what is not, and what is said otherwise.
#[derive(Debug, Default)]
struct Score {
    files: usize,
    same: usize,
    wrong: BTreeSet<String>,
    refused: BTreeSet<String>,
    facts: usize,
    differing: BTreeSet<String>,
}

#[test]
fn corpora_of_others_are_read_but_for_the_misses() {
    let corpora =
        std::env::var_os("SWATH_CORPUS").map_or_else(|| workspace().join("../shared/corpus"), PathBuf::from);
    for name in ["hdf5lib", "jhdf", "netcdf-c"] {
        check(&corpora, name);
    }
}

#[test]
fn files_of_every_feature_are_read_but_for_the_misses() {
    check(&workspace().join("target/fixtures"), "formats");
}

/// Compares a folder with the witness beside it.
fn check(folder: &Path, name: &str) {
    let Ok(text) = std::fs::read_to_string(folder.join(format!("{name}.oracle.json"))) else {
        println!("skipped: no {name}");
        return;
    };
    // Python writes NaN and Infinity, which are not JSON; no value compared here holds them.
    let text = text.replace("NaN", "null").replace("-Infinity", "null").replace("Infinity", "null");
    let oracle: Value = serde_json::from_str(&text).unwrap();
    let mut score = Score::default();
    for (relative, expected) in oracle.as_object().unwrap() {
        let bytes = std::fs::read(folder.join(name).join(relative)).unwrap();
        let found = describe(bytes);
        if expected.get("_open_error").is_none() {
            compare(relative, expected, &found, &mut score);
        }
    }
    let known = misses(name);
    let missed: BTreeSet<String> = score.refused.union(&score.wrong).cloned().collect();
    println!(
        "{name}: {} files, {} values the same, {} not; {} facts the same, {} not",
        score.files,
        score.same,
        missed.len(),
        score.facts,
        score.differing.len()
    );
    let missed: BTreeSet<String> = missed.union(&score.differing).cloned().collect();
    let fresh: Vec<_> = missed.difference(&known).collect();
    assert!(fresh.is_empty(), "{name}: not in the table of misses: {fresh:#?}");
    let gone: Vec<_> = known.difference(&missed).collect();
    assert!(gone.is_empty(), "{name}: in the table of misses, but read: {gone:#?}");
    assert!(score.wrong.is_empty(), "{name}: wrong values: {:#?}", score.wrong);
    let share = score.same as f64 / (score.same + score.refused.len()).max(1) as f64;
    assert!(share > 0.985, "{name}: only {share:.4} of the values can be read");
}

/// The rows of a corpus, as `file object`.
fn misses(corpus: &str) -> BTreeSet<String> {
    let rows =
        MISSES.lines().filter(|line| !line.starts_with('#')).map(|line| line.split('\t').collect::<Vec<_>>());
    rows.filter_map(|row| match row[..] {
        [of, file, object, _feature] => (of == corpus).then(|| format!("{file} {object}")),
        _ => panic!("row of misses.tsv: {row:?}"),
    })
    .collect()
}

fn compare(file: &str, expected: &Value, found: &Value, score: &mut Score) {
    score.files += 1;
    if let (Some(stated), Some(own)) = (expected.get("_file"), found.get("_file")) {
        for fact in FILE_FACTS {
            assert_eq!(stated[fact], own[fact], "{file}: {fact}");
        }
    }
    for (path, object) in expected.as_object().unwrap() {
        if path == "_file" || object.get("kind").and_then(Value::as_str) == Some("error") {
            continue;
        }
        let what = format!("{file} {path}");
        let own = found.get(path);
        judge(&what, object, own, score);
        for fact in FACTS {
            let Some(stated) = object.get(fact) else { continue };
            // Where libhdf5 could not even read the type, it says less.
            if own.and_then(|own| own.get(fact)) == Some(stated) {
                score.facts += 1;
            } else if own.is_some_and(|own| own.get("error").is_none()) {
                score.differing.insert(format!("{what} {fact}"));
            }
        }
        for (name, attribute) in object.get("attrs").and_then(Value::as_object).into_iter().flatten() {
            let own = own.and_then(|object| object.get("attrs")?.get(name));
            let what = format!("{what}@{name}");
            judge(&what, attribute, own, score);
            for fact in ["shape", "dtype"] {
                match (attribute.get(fact), own.and_then(|own| own.get(fact))) {
                    (Some(stated), Some(own)) if stated == own => score.facts += 1,
                    (Some(_), Some(_)) => {
                        score.differing.insert(format!("{what} {fact}"));
                    }
                    _ => {}
                }
            }
        }
    }
}

fn judge(what: &str, expected: &Value, found: Option<&Value>, score: &mut Score) {
    let Some(sha256) = expected.get("sha256").and_then(Value::as_str) else { return };
    match found.and_then(|found| found.get("sha256")).and_then(Value::as_str) {
        Some(found) if found == sha256 => score.same += 1,
        Some(_) => {
            score.wrong.insert(what.to_owned());
        }
        None => {
            score.refused.insert(what.to_owned());
        }
    }
}
