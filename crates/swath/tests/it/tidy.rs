//! The house rules that a machine can check: arrows between modules, sizes of files and functions, names.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

/// Lines of code in a file, comments and blank lines aside; and all its lines.
const MOST_CODE: usize = 500;
const MOST_LINES: usize = 800;
/// Lines of a function, from its name to its closing brace.
const MOST_FUNCTION: usize = 80;

fn workspace() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../..").canonicalize().unwrap()
}

/// Every Rust file below a folder.
fn rust_files(folder: &Path) -> Vec<PathBuf> {
    let mut files = Vec::new();
    for entry in fs::read_dir(folder).unwrap().flatten() {
        let path = entry.path();
        if path.is_dir() && path.file_name().is_some_and(|name| name != "target") {
            files.extend(rust_files(&path));
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            files.push(path);
        }
    }
    files
}

fn is_test(path: &Path) -> bool {
    path.components().any(|part| part.as_os_str() == "tests") || path.ends_with("tests.rs")
}

/// The table in ARCHITECTURE.md: module → the modules it may use.
fn arrows() -> BTreeMap<String, Vec<String>> {
    let page = fs::read_to_string(workspace().join("ARCHITECTURE.md")).unwrap();
    let (_, after) = page.split_once("## Arrows").expect("the page has its table of arrows");
    let table = after.split("```").nth(1).unwrap().trim_start_matches("text");
    let row = |line: &str| {
        let (from, to) = line.split_once('→')?;
        let to = to.split(',').map(|name| name.trim().to_owned()).filter(|name| !name.starts_with('('));
        Some((from.trim().to_owned(), to.collect()))
    };
    table.lines().filter_map(row).collect()
}

#[test]
fn modules_use_only_what_the_architecture_allows() {
    let arrows = arrows();
    let source = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut wrong = Vec::new();
    for file in rust_files(&source).into_iter().filter(|file| !is_test(file)) {
        let relative = file.strip_prefix(&source).unwrap();
        let module = relative.components().next().unwrap().as_os_str().to_string_lossy().replace(".rs", "");
        if module == "lib" || module == "error" {
            continue;
        }
        let allowed = arrows.get(&module).unwrap_or_else(|| panic!("{module} is missing in ARCHITECTURE.md"));
        let text = fs::read_to_string(&file).unwrap();
        let code = text.split("#[cfg(test)]").next().unwrap_or_default();
        for line in code.lines().filter(|line| !line.trim_start().starts_with("//")) {
            for used in line.split("crate::").skip(1) {
                let name: String = used.chars().take_while(|c| c.is_alphanumeric() || *c == '_').collect();
                // Names that the crate's root passes on are errors' only.
                let is_module = name.chars().next().is_some_and(char::is_lowercase);
                if is_module && name != module && name != "error" && !allowed.contains(&name) {
                    wrong.push(format!("{module} uses {name} ({})", relative.display()));
                }
            }
        }
    }
    wrong.sort();
    wrong.dedup();
    assert!(wrong.is_empty(), "arrows that ARCHITECTURE.md does not have:\n{}", wrong.join("\n"));
}

#[test]
fn files_and_functions_stay_small() {
    let mut wrong = Vec::new();
    for file in rust_files(&workspace().join("crates")) {
        let text = fs::read_to_string(&file).unwrap();
        let shown = file.strip_prefix(workspace()).unwrap_or(&file).display().to_string();
        let is_code = |line: &&str| !line.trim().is_empty() && !line.trim_start().starts_with("//");
        let (lines, code) = (text.lines().count(), text.lines().filter(is_code).count());
        if lines > MOST_LINES || code > MOST_CODE {
            wrong.push(format!("{shown}: {lines} lines, {code} of code"));
        }
        for (name, length) in functions(&text) {
            if length > MOST_FUNCTION {
                wrong.push(format!("{shown}: fn {name} has {length} lines"));
            }
        }
    }
    assert!(wrong.is_empty(), "too large:\n{}", wrong.join("\n"));
}

/// Names and lengths of a formatted file's functions: from the line of `fn` to the brace at the same indent.
fn functions(text: &str) -> Vec<(String, usize)> {
    let lines: Vec<&str> = text.lines().collect();
    let mut found = Vec::new();
    for (start, line) in lines.iter().enumerate() {
        let trimmed = line.trim_start();
        let Some((before, after)) = trimmed.split_once("fn ") else { continue };
        if before.contains("//") || !before.chars().all(|c| c.is_alphanumeric() || " ()_:\"".contains(c)) {
            continue;
        }
        let indent = line.len() - trimmed.len();
        let closing = format!("{}}}", " ".repeat(indent));
        let name = after.chars().take_while(|c| c.is_alphanumeric() || *c == '_').collect();
        let length = lines[start..].iter().position(|line| *line == closing);
        if let Some(length) = length.filter(|_| !line.trim_end().ends_with(['}', ';'])) {
            found.push((name, length + 1));
        }
    }
    found
}

#[test]
fn no_file_is_named_after_nothing() {
    let banned =
        ["utils.rs", "util.rs", "common.rs", "helpers.rs", "types.rs", "manager.rs", "misc.rs", "handler.rs"];
    for file in rust_files(&workspace().join("crates")) {
        let name = file.file_name().unwrap().to_string_lossy().into_owned();
        assert!(!banned.contains(&name.as_str()), "{}", file.display());
    }
}

#[test]
fn nothing_is_left_for_later_in_the_code() {
    let marks = [
        concat!("TO", "DO"),
        concat!("FIX", "ME"),
        concat!("XX", "X:"),
        concat!("todo", "!("),
        concat!("unimpl", "emented!("),
    ];
    for file in rust_files(&workspace().join("crates")) {
        let text = fs::read_to_string(&file).unwrap();
        for mark in marks {
            assert!(!text.contains(mark), "{mark} in {}", file.display());
        }
    }
}

#[test]
fn the_documents_link_to_what_is_there() {
    for page in [
        "README.md",
        "ARCHITECTURE.md",
        "CONTRIBUTING.md",
        "SECURITY.md",
        "docs/benchmarks.md",
        "docs/faults.md",
        "docs/voice.md",
    ] {
        let Ok(text) = fs::read_to_string(workspace().join(page)) else {
            assert_eq!(page, "docs/benchmarks.md", "{page} is missing");
            continue;
        };
        let folder = workspace().join(page).parent().unwrap().to_owned();
        for link in text.split("](").skip(1).filter_map(|rest| rest.split(')').next()) {
            let target = link.split('#').next().unwrap_or_default();
            if !target.is_empty() && !target.contains("://") {
                assert!(folder.join(target).exists(), "{page} links to {target}");
            }
        }
    }
}

/// What the recipes build is what the lock file says, and what they install has one version; `cargo deny` is among the jobs.
#[test]
fn what_the_recipes_build_and_install_is_pinned() {
    let read = |name: &str| fs::read_to_string(workspace().join(name)).unwrap();
    let recipes = read("justfile");
    let jobs = recipes.lines().find(|line| line.contains(".ci/steps.py")).unwrap();
    assert!(jobs.split(' ').any(|job| job == "deny"), "{jobs}");
    let resolves = ["build", "clippy", "deny", "doc", "install", "test", "tree"];
    for line in recipes.lines().chain(read("test.sh").lines()).filter(|line| !line.trim().starts_with('#')) {
        let verb = line.split("cargo ").nth(1).and_then(|rest| rest.split(' ').next());
        if verb.is_some_and(|verb| resolves.contains(&verb)) {
            assert!(line.contains("--locked"), "{line}");
        }
    }
    let lists = ["bench/faults", "crates/swath-python", "docs/site", "fixtures"];
    for list in lists.map(|folder| read(&format!("{folder}/requirements.txt"))) {
        let wanted = list.lines().map(|line| line.split('#').next().unwrap().trim());
        for line in wanted.filter(|line| !line.is_empty()) {
            assert!(line.contains("=="), "{line}");
        }
    }
}
