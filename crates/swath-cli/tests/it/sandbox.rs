//! The sandbox in a process of its own: told to misbehave, and what it tells of its requests.

use std::process::Command;

use serde_json::Value;

use crate::shell::{GRANULE, SandboxProcess, folder, granules, run};

#[test]
fn a_sandbox_does_wrong_what_it_is_told_and_keeps_a_log() {
    let place = folder();
    let log = place.path().join("log.jsonl").display().to_string();
    let orders = ["--misbehave", "cdn cut=1000 after=1", "--misbehave", "s3 region-refused always"];
    let sandbox = SandboxProcess::told(&granules(), &[&orders[..], &["--log", &log]].concat());
    let gateway = sandbox.variable("SWATH_S3CREDENTIALS_URL").trim_end_matches("/s3credentials").to_owned();
    let key = format!("NISAR_L2_GCOV_BETA_V1/{GRANULE}/{GRANULE}.h5");
    let window = ["--window", "565", "621", "74", "62", "--json", "--no-cache"];
    let https = format!("{gateway}/NISAR/{key}");
    let read = sandbox.run(&[&["stats", &https], &window[..]].concat(), &[]);
    assert_eq!(read.code, 0, "{}", read.err);
    let s3 = format!("s3://sds-n-cumulus-prod-nisar-products/{key}");
    assert_eq!(sandbox.run(&[&["stats", &s3, "--access", "s3"], &window[..]].concat(), &[]).code, 4);

    let asked: Vec<Value> = sandbox
        .interrupt(&log)
        .lines()
        .map(|line| serde_json::from_str(line).expect("an object a line"))
        .collect();
    let of = |service: &str| asked.iter().filter(|entry| entry["service"] == service).collect::<Vec<_>>();
    assert!(of("cdn").iter().any(|entry| entry["bytes_sent"] == 1000), "{asked:?}");
    assert!(of("cdn").iter().all(|entry| entry["had_authorization"] == false), "{asked:?}");
    assert!(of("gateway").iter().all(|entry| entry["had_authorization"] == true), "{asked:?}");
    assert!(of("s3").iter().all(|entry| entry["status"] == 403), "{asked:?}");
    assert!(!of("s3").is_empty());
}

#[test]
fn orders_that_mean_nothing_are_refused() {
    let refused = run(&["sandbox", "--data", ".", "--misbehave", "cdn explode=3"]);
    assert_eq!(refused.code, 2);
    assert!(refused.err.contains("explode=3"), "{}", refused.err);
    let run = run(&["sandbox", "--data", ".", "--log", "/no/such/folder/log"]);
    assert_eq!(run.code, 1, "{}", run.err);
    assert!(run.err.contains("/no/such/folder/log"), "{}", run.err);
}

impl SandboxProcess {
    /// Ends it as a user does; the log that it leaves.
    fn interrupt(mut self, log: &str) -> String {
        let number = self.child.id().to_string();
        assert!(Command::new("kill").args(["-INT", &number]).status().expect("kill").success());
        assert_eq!(self.child.wait().expect("its end").code(), Some(130));
        std::fs::read_to_string(log).expect("its log")
    }
}
