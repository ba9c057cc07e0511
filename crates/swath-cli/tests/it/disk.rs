//! A disk that is full or read-only: answers come all the same, files are whole or absent.
#![cfg(target_os = "linux")]

use std::path::Path;
use std::process::Command;

use crate::shell::*;

const BOX: [&str; 5] = ["--bbox", "40.8463", "13.2553", "40.8574", "13.2684"];

/// The command where no file may become longer than some kilobytes: every longer write fails, as on a full disk.
fn on_a_full_disk(sandbox: &SandboxProcess, arguments: &[&str], cache: &Path) -> Command {
    let plain = swath(arguments);
    let mut command = Command::new("sh");
    command.args(["-c", "trap '' XFSZ; ulimit -f 4; exec \"$@\"", "sh"]);
    command.arg(plain.get_program()).args(plain.get_args());
    command.env_clear().envs(plain.get_envs().filter_map(|(name, value)| Some((name, value?))));
    command.envs(sandbox.environment.iter().map(|(name, value)| (name.as_str(), value.as_str())));
    command.env("XDG_CACHE_HOME", cache).current_dir(cache);
    command
}

fn url(sandbox: &SandboxProcess) -> String {
    let gateway = sandbox.variable("SWATH_S3CREDENTIALS_URL").trim_end_matches("/s3credentials").to_owned();
    format!("{gateway}/NISAR/NISAR_L2_GCOV_BETA_V1/{GRANULE}/{GRANULE}.h5")
}

#[test]
fn a_full_disk_costs_the_cache_and_no_answer() {
    let (sandbox, place) = (SandboxProcess::start(), folder());
    let url = url(&sandbox);
    let arguments = [&["stats", &url, "--json"], BOX.as_slice()].concat();
    let full = on_a_full_disk(&sandbox, &arguments, place.path()).output().unwrap();
    let roomy =
        sandbox.run(&arguments, &[("XDG_CACHE_HOME", &place.path().join("roomy").display().to_string())]);
    assert_eq!((full.status.code(), roomy.code), (Some(0), 0), "{}", String::from_utf8_lossy(&full.stderr));
    let full: serde_json::Value = serde_json::from_slice(&full.stdout).unwrap();
    assert_eq!(full["mean"], roomy.json()["mean"]);
    assert!(files(&place.path().join("swath/index")).is_empty(), "half an index was kept");
    assert_eq!(files(&place.path().join("roomy/swath/index")).len(), 1);
}

#[test]
fn a_file_that_does_not_fit_is_an_error_and_leaves_nothing() {
    let (sandbox, place) = (SandboxProcess::start(), folder());
    let url = url(&sandbox);
    let picture = [&["quicklook", &url, "--no-cache", "-o", "box.png"], BOX.as_slice()].concat();
    let get = vec!["get", &url, "-o", "."];
    for arguments in [picture, get] {
        let run = on_a_full_disk(&sandbox, &arguments, place.path()).output().unwrap();
        let says = String::from_utf8_lossy(&run.stderr).into_owned();
        assert_eq!(run.status.code(), Some(1), "{arguments:?}: {says}");
        assert!(says.contains("could not be written"), "{says}");
        // The folder of the cache is there too.
        let is_result = |name: &String| !name.starts_with('.') && name != "swath";
        let visible: Vec<String> = files(place.path()).into_iter().filter(is_result).collect();
        assert!(visible.is_empty(), "{visible:?}");
    }
}

#[test]
fn a_cache_that_cannot_be_written_costs_no_answer() {
    let sandbox = SandboxProcess::start();
    let url = url(&sandbox);
    let arguments = [&["stats", &url, "--json"], BOX.as_slice()].concat();
    // Not even the superuser makes a folder there.
    let run = sandbox.run(&arguments, &[("XDG_CACHE_HOME", "/proc")]);
    assert_eq!(run.code, 0, "{}", run.err);
}
