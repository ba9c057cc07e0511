//! `docs/faults.md` claims nothing that no test shows: its rows are complete, the tests they name exist, its tables are measured.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use serde_json::Value;

/// Faults in the first table, rules in the second.
const FAULTS: usize = 32;
const RULES: usize = 10;

fn workspace() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../..").canonicalize().unwrap()
}

/// Every test of the workspace as `file::function`.
fn tests(folder: &Path, found: &mut BTreeSet<String>) {
    for entry in fs::read_dir(folder).unwrap().flatten() {
        let path = entry.path();
        if path.is_dir() {
            let name = entry.file_name();
            let is_ours = !["target", "node_modules"].contains(&name.to_str().unwrap_or_default())
                && !name.to_string_lossy().starts_with('.');
            if is_ours {
                tests(&path, found);
            }
            continue;
        }
        let stem = path.file_stem().unwrap_or_default().to_string_lossy().into_owned();
        let text = || fs::read_to_string(&path).unwrap_or_default();
        let functions = match path.extension().and_then(|extension| extension.to_str()) {
            Some("rs") => rust_tests(&text()),
            Some("py") => python_tests(&text()),
            _ => Vec::new(),
        };
        found.extend(functions.into_iter().map(|function| format!("{stem}::{function}")));
    }
}

/// The functions after a `#[test]` or `#[tokio::test]`, other attributes between them allowed.
fn rust_tests(text: &str) -> Vec<String> {
    let (mut found, mut marked) = (Vec::new(), false);
    for line in text.lines().map(str::trim) {
        match line {
            line if line == "#[test]" || line.starts_with("#[tokio::test") => marked = true,
            line if line.starts_with("#[") || line.starts_with("//") => {}
            line => {
                let function = line.strip_prefix("async ").unwrap_or(line).strip_prefix("fn ");
                found.extend(function.filter(|_| marked).map(word));
                marked = false;
            }
        }
    }
    found
}

fn python_tests(text: &str) -> Vec<String> {
    text.lines()
        .filter_map(|line| line.strip_prefix("def "))
        .filter(|f| f.starts_with("test_"))
        .map(word)
        .collect()
}

fn word(text: &str) -> String {
    text.chars().take_while(|c| c.is_alphanumeric() || *c == '_').collect()
}

/// The rows of the page's tables: number, state, tests.
fn rows(page: &str) -> Vec<(String, String, Vec<String>)> {
    let cells = |line: &str| -> Vec<String> { line.split('|').map(|cell| cell.trim().to_owned()).collect() };
    let is_row =
        |cells: &Vec<String>| cells.len() == 7 && cells[1].trim_start_matches('R').parse::<u32>().is_ok();
    let row = |cells: Vec<String>| {
        let tests = cells[5].split('`').skip(1).step_by(2).map(str::to_owned).collect();
        (cells[1].clone(), cells[4].clone(), tests)
    };
    page.lines().map(cells).filter(is_row).map(row).collect()
}

#[test]
fn every_fault_and_rule_names_tests_that_exist() {
    let page = fs::read_to_string(workspace().join("docs/faults.md")).unwrap();
    let rows = rows(&page);
    let numbers: Vec<&str> = rows.iter().map(|row| row.0.as_str()).collect();
    let faults = (1..=FAULTS).map(|number| number.to_string());
    let wanted: Vec<String> = faults.chain((1..=RULES).map(|number| format!("R{number}"))).collect();
    assert_eq!(numbers, wanted);
    let mut known = BTreeSet::new();
    tests(&workspace().join("crates"), &mut known);
    assert!(known.contains("acceptance::every_fault_and_rule_names_tests_that_exist"), "{}", known.len());
    let mut wrong = Vec::new();
    for (number, state, named) in &rows {
        let fits = match state.split(':').next().unwrap_or_default() {
            "shown" => !named.is_empty() && !state.contains(':'),
            "in part" => !named.is_empty() && state.contains(':'),
            "not yet" => named.is_empty(),
            "does not apply" => named.is_empty() && state.contains(':'),
            _ => false,
        };
        if !fits {
            wrong.push(format!("{number}: {state:?} with {} tests", named.len()));
        }
        wrong.extend(
            named.iter().filter(|test| !known.contains(*test)).map(|test| format!("{number}: no {test}")),
        );
    }
    assert!(wrong.is_empty(), "docs/faults.md is not true:\n{}", wrong.join("\n"));
}

/// What must not come of a fault; `bench/faults.py` calls them severe.
const SEVERE: [&str; 4] = ["wrong data", "hang", "crash", "token leaked"];

/// A cell of the tables, as `bench/faults.py` writes it.
fn cell(found: &Value) -> String {
    let outcome = found["outcome"].as_str().unwrap();
    let text = if SEVERE.contains(&outcome) { format!("**{outcome}**") } else { outcome.to_owned() };
    match found["about_seconds"].as_u64() {
        Some(seconds) => format!("{text}, {seconds} s"),
        None => text,
    }
}

#[test]
fn the_matrix_says_what_was_measured_and_swath_has_no_severe_fault() {
    let page = fs::read_to_string(workspace().join("docs/faults.md")).unwrap();
    let data = fs::read_to_string(workspace().join("docs/faults-matrix.json")).unwrap();
    let data: Value = serde_json::from_str(&data).unwrap();
    let between = page.split("<!-- begin: bench/faults.py -->").nth(1).unwrap();
    let between = between.split("<!-- end: bench/faults.py -->").next().unwrap();
    let shown: Vec<&str> = between.lines().filter(|line| line.starts_with("| ")).collect();
    let mut measured = Vec::new();
    for table in data["tables"].as_array().unwrap() {
        let text = |value: &Value| value.as_str().unwrap().to_owned();
        let columns: Vec<String> = table["columns"].as_array().unwrap().iter().map(text).collect();
        measured.push(format!("| fault | {} |", columns.join(" | ")));
        for row in table["rows"].as_array().unwrap() {
            let cells: Vec<String> = columns.iter().map(|column| cell(&row["cells"][column])).collect();
            measured.push(format!("| {} | {} |", text(&row["fault"]), cells.join(" | ")));
            let swath = &row["cells"]["swath"];
            let outcome = text(&swath["outcome"]);
            assert!(!SEVERE.contains(&outcome.as_str()), "{}: {swath}", row["fault"]);
            let well = text(&row["fault"]).starts_with("nothing wrong");
            let all_well = columns.iter().all(|column| row["cells"][column]["outcome"] == "right");
            assert!(!well || all_well, "a tool that fails where nothing is wrong has not been set up: {row}");
        }
    }
    assert!(measured.len() > 50, "{}", measured.len());
    assert_eq!(shown, measured, "run `python3 bench/faults.py --render`");
}
