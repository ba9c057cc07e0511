//! `swath get`, `login`, `status` and `logout` as a user runs them.

use std::io::Write;
use std::process::Stdio;

use crate::shell::*;

fn url(sandbox: &SandboxProcess, granule: &str) -> String {
    let gateway = sandbox.variable("SWATH_S3CREDENTIALS_URL").trim_end_matches("/s3credentials").to_owned();
    format!("{gateway}/NISAR/NISAR_L2_GCOV_BETA_V1/{granule}/{granule}.h5")
}

#[test]
fn files_are_got_and_what_fails_is_told() {
    let (sandbox, folder) = (SandboxProcess::start(), folder());
    let into = folder.path().display().to_string();
    let good = url(&sandbox, GRANULE);
    let absent = good.replace("X05009", "X05999");
    let run = sandbox.run(&["get", &good, &absent, "-o", &into], &[]);
    assert_eq!(run.code, 7, "{}", run.err);
    assert!(run.out.contains("fetched") && run.out.contains(".h5"), "{}", run.out);
    assert!(run.err.contains("X05999") && run.err.contains("1 of 2"), "{}", run.err);
    assert_eq!(files(folder.path()), [format!("{GRANULE}.h5")]);
    assert_eq!(
        std::fs::read(folder.path().join(format!("{GRANULE}.h5"))).unwrap(),
        std::fs::read(local_granule()).unwrap()
    );
    let again = sandbox.run(&["get", GRANULE, "-o", &into, "--json"], &[]);
    assert_eq!((again.code, again.json()["outcome"].as_str()), (0, Some("unchanged")), "{}", again.err);
    // Alone, a failure has the exit code of its kind.
    assert_eq!(sandbox.run(&["get", &absent, "-o", &into], &[]).code, 5);
    assert_eq!(sandbox.run(&["get", &good, "-o", &into, "--files", "pictures"], &[]).code, 2);
    assert_eq!(sandbox.run(&["get"], &[]).code, 2);
    let refused =
        sandbox.run(&["get", &url(&sandbox, GRANULE), "-o", "elsewhere"], &[("EARTHDATA_TOKEN", CANARY)]);
    assert_eq!(refused.code, 4, "{}", refused.err);
    assert!(!refused.err.contains(CANARY) && !refused.out.contains(CANARY));
}

#[test]
fn results_of_a_search_can_be_piped_into_get() {
    let (sandbox, folder) = (SandboxProcess::start(), folder());
    let found = sandbox.run(&["search", "--track", "172", "--limit", "1", "--all-versions", "--jsonl"], &[]);
    let lines = format!("# found\n\n{}\n{GRANULE}\n", found.out.trim());
    let mut command = swath(&["get", "-", "-o", &folder.path().display().to_string()]);
    command.envs(sandbox.environment.iter().map(|(name, value)| (name.as_str(), value.as_str())));
    let mut child =
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    child.stdin.take().unwrap().write_all(lines.as_bytes()).unwrap();
    let output = child.wait_with_output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    assert_eq!(files(folder.path()).len(), 2);
}

#[cfg(unix)]
#[test]
fn a_download_that_is_killed_goes_on() {
    let sandbox = SandboxProcess::start();
    let folder = folder();
    let into = folder.path().display().to_string();
    let source = url(&sandbox, GRANULE);
    let mut command = swath(&["get", &source, "-o", &into]);
    command.envs(sandbox.environment.iter().map(|(name, value)| (name.as_str(), value.as_str())));
    let mut child = command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
    // As soon as anything is on the disk the process is killed; it may have been quicker, and then there is a whole file.
    while files(folder.path()).is_empty() && child.try_wait().unwrap().is_none() {
        std::thread::yield_now();
    }
    child.kill().unwrap();
    child.wait().unwrap();
    let name = folder.path().join(format!("{GRANULE}.h5"));
    let whole = std::fs::read(local_granule()).unwrap();
    assert!(!name.exists() || std::fs::read(&name).unwrap() == whole, "half a file has its name");
    let run = sandbox.run(&["get", &source, "-o", &into], &[]);
    assert_eq!(run.code, 0, "{}", run.err);
    assert_eq!(std::fs::read(&name).unwrap(), whole);
    assert_eq!(files(folder.path()), [format!("{GRANULE}.h5")], "something temporary is left");
}

#[test]
fn a_login_is_kept_told_and_removed() {
    let (sandbox, home) = (SandboxProcess::start(), folder());
    let config = home.path().display().to_string();
    let away = [("EARTHDATA_TOKEN", ""), ("XDG_CONFIG_HOME", config.as_str())];
    let with = |more: &[(&'static str, &'static str)]| [away.as_slice(), more].concat();
    let none = sandbox.run(&["status"], &away);
    assert_eq!((none.code, none.out.as_str()), (4, ""), "{}", none.err);
    assert!(none.err.contains("swath login"), "{}", none.err);
    let wrong = sandbox.run(&["login", "--username", "labuser"], &with(&[("EARTHDATA_PASSWORD", CANARY)]));
    assert_eq!(wrong.code, 4, "{}", wrong.err);
    assert!(!wrong.err.contains(CANARY));
    let right = sandbox.run(&["login", "--username", "labuser"], &with(&[("EARTHDATA_PASSWORD", "labpass")]));
    assert_eq!(right.code, 0, "{}", right.err);
    assert!(right.out.contains("as labuser") && right.out.contains("expires at"), "{}", right.out);
    let token = std::fs::read_to_string(home.path().join("swath/token")).unwrap();
    let status = sandbox.run(&["status", "--check", "--json"], &away);
    assert_eq!((status.code, status.json()["user"].as_str()), (0, Some("labuser")), "{}", status.err);
    for run in [&right, &status] {
        assert!(!run.out.contains(token.trim()) && !run.err.contains(token.trim()), "the token is seen");
    }
    let local = folder();
    let got = sandbox.run(&["get", GRANULE, "-o", &local.path().display().to_string()], &away);
    assert_eq!(got.code, 0, "{}", got.err);
    let out = sandbox.run(&["logout"], &away);
    assert!(out.code == 0 && out.out.contains("removed"), "{}{}", out.out, out.err);
    assert_eq!(sandbox.run(&["status"], &away).code, 4);
}

#[test]
fn a_licence_that_is_not_accepted_stops_the_login_with_its_link() {
    let (sandbox, home) = (SandboxProcess::start(), folder());
    let config = home.path().display().to_string();
    let changes =
        [("EARTHDATA_TOKEN", ""), ("XDG_CONFIG_HOME", config.as_str()), ("EARTHDATA_PASSWORD", "labpass")];
    let run = sandbox.run(&["login", "--username", "noeula"], &changes);
    assert_eq!(run.code, 4, "{}", run.err);
    assert!(run.err.contains("approve_app"), "{}", run.err);
    assert!(!home.path().join("swath/token").exists());
}
