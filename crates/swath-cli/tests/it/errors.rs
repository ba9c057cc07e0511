//! What goes wrong: the exit code, what is said, and that nothing secret or half done is left.

use crate::shell::*;

const BOX: [&str; 5] = ["--bbox", "40.8463", "13.2553", "40.8574", "13.2684"];

fn stats<'a>(source: &'a str, more: &[&'a str]) -> Vec<&'a str> {
    [&["stats", source], BOX.as_slice(), more].concat()
}

#[test]
fn each_kind_of_failure_has_its_exit_code() {
    let sandbox = SandboxProcess::start();
    let gateway = sandbox.variable("SWATH_S3CREDENTIALS_URL").trim_end_matches("/s3credentials").to_owned();
    let url = format!("{gateway}/NISAR/NISAR_L2_GCOV_BETA_V1/{GRANULE}/{GRANULE}.h5");
    let absent = url.replace("X05009", "X05999");
    let local = local_granule();
    let folder = folder();
    let page = folder.path().join("page.h5");
    std::fs::write(&page, "<html>Earthdata Login</html>").unwrap();
    let page = page.display().to_string();
    type Case<'a> = (Vec<&'a str>, &'a [(&'a str, &'a str)], i32, &'a str);
    let cases: Vec<Case<'_>> = vec![
        (stats(&url, &[]), &[], 0, ""),
        (stats("no-such-file.h5", &[]), &[], 2, "there is no file"),
        (stats("ftp://h/x.h5", &[]), &[], 2, "ftp://"),
        (vec!["stats", &local, "--bbox", "1", "2", "3"], &[], 2, "four numbers"),
        (vec!["stats", &local, "--bbox", "0", "60", "1", "61"], &[], 2, ""),
        (stats(&local, &["--layer", "VVVV"]), &[], 2, "HVHV"),
        (vec!["stats", &local, "--window", "0", "0", "99999", "1"], &[], 2, ""),
        (stats(&url, &[]), &[("EARTHDATA_TOKEN", CANARY)], 4, "EARTHDATA_TOKEN"),
        (stats(&url, &[]), &[("EARTHDATA_TOKEN", "")], 4, "EARTHDATA_TOKEN"),
        (stats(&absent, &[]), &[], 5, "nothing at"),
        (stats(&page, &[]), &[], 6, "not an HDF5 file"),
        (stats(&url, &["--max-mb", "0"]), &[], 8, "smaller window"),
        (vec!["search", "--wkt", "POLYGON((0 0,1 1"], &[], 2, ""),
        (vec!["search", "--start", "2026-03-05", "--end", "2025-01-01"], &[], 2, ""),
        (vec!["search", "--direction", "sideways"], &[], 2, ""),
    ];
    for (arguments, changes, code, says) in cases {
        let run = sandbox.run(&arguments, changes);
        assert_eq!(run.code, code, "{arguments:?}: {}{}", run.out, run.err);
        assert!(run.err.contains(says), "{arguments:?} does not say {says:?}: {}", run.err);
        assert!(!run.err.contains(CANARY) && !run.out.contains(CANARY), "{arguments:?} tells the token");
        assert!(!run.err.contains("panicked"), "{}", run.err);
    }
}

#[test]
fn a_failure_is_json_when_json_is_wanted() {
    let run = run(&stats("no-such-file.h5", &["--json"]));
    assert_eq!((run.code, run.out.as_str()), (2, ""));
    let error: serde_json::Value = serde_json::from_str(&run.err).unwrap();
    assert_eq!(error["error"]["code"], 2);
    assert!(error["error"]["what"].as_str().unwrap().contains("no-such-file.h5"), "{error}");
}

#[test]
fn some_that_fail_do_not_hide_the_others() {
    let local = local_granule();
    let run = run(&[&["stats", &local, "absent.h5", "--json"], BOX.as_slice()].concat());
    assert_eq!(run.code, 7, "{}", run.err);
    assert_eq!(run.out.lines().count(), 1);
    assert!(run.err.contains("absent.h5") && run.err.contains("1 of 2"), "{}", run.err);
}

#[test]
fn files_are_not_replaced_unasked() {
    let (folder, local) = (folder(), local_granule());
    let table = folder.path().join("series.csv");
    std::fs::write(&table, "mine").unwrap();
    let path = table.display().to_string();
    let arguments = [&["timeseries", &local, "-o", &path], BOX.as_slice()].concat();
    let refused = run(&arguments);
    assert_eq!(refused.code, 2, "{}", refused.err);
    assert_eq!(std::fs::read_to_string(&table).unwrap(), "mine");
    let replaced = run(&[arguments.as_slice(), &["--overwrite"]].concat());
    assert_eq!(replaced.code, 0, "{}", replaced.err);
    assert!(std::fs::read_to_string(&table).unwrap().starts_with("time,"));
    assert_eq!(files(folder.path()), ["series.csv"], "something temporary is left");
}
