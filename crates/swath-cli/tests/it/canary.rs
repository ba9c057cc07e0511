//! Secrets are looked for in everything that any verb leaves behind: output, errors, files, cache.

use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::Stdio;

use crate::shell::*;

const BOX: [&str; 5] = ["--bbox", "40.8463", "13.2553", "40.8574", "13.2684"];
/// What only a signed URL or a header holds.
const TRACES: [&str; 6] =
    ["X-Amz-Signature", "X-Amz-Security-Token", "Key-Pair-Id=", "A-userid", "Bearer ", "secretAccessKey"];

/// Runs verbs in a place of its own, and remembers everything they said.
struct Place<'a> {
    sandbox: &'a SandboxProcess,
    folder: tempfile::TempDir,
    said: Vec<(String, Vec<u8>)>,
}

impl Place<'_> {
    fn run(&mut self, arguments: &[&str], changes: &[(&str, &str)], typed: &str) -> Option<i32> {
        let mut command = swath(arguments);
        command.envs(self.sandbox.environment.iter().map(|(name, value)| (name.as_str(), value.as_str())));
        for (name, below) in [("HOME", "."), ("XDG_CACHE_HOME", "cache"), ("XDG_CONFIG_HOME", "config")] {
            command.env(name, self.folder.path().join(below));
        }
        command.env("TMPDIR", self.folder.path()).env("RUST_LOG", "trace").env("RUST_BACKTRACE", "full");
        command.envs(changes.iter().copied()).current_dir(self.folder.path());
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = command.spawn().unwrap();
        // Whoever reads nothing may have ended already.
        let _ = child.stdin.take().unwrap().write_all(typed.as_bytes());
        let output = child.wait_with_output().unwrap();
        let shown = format!("{arguments:?}");
        self.said.push((format!("{shown} (standard output)"), output.stdout));
        self.said.push((format!("{shown} (standard error)"), output.stderr));
        output.status.code()
    }

    /// Every file below the place, but for the one that is meant to hold the token.
    fn files(&self, folder: &Path, found: &mut Vec<PathBuf>) {
        for entry in std::fs::read_dir(folder).unwrap().flatten() {
            let path = entry.path();
            if path.ends_with("demo/granules") {
                // What the demo unpacks for its sandbox was there before any secret.
                continue;
            }
            if path.is_dir() {
                self.files(&path, found);
            } else if path != self.token_file() {
                found.push(path);
            }
        }
    }

    fn token_file(&self) -> PathBuf {
        self.folder.path().join("config/swath/token")
    }
}

/// The verbs of the help, so that no new one escapes.
fn verbs() -> Vec<String> {
    let help = run(&["--help"]).out;
    let (_, list) = help.split_once("Commands:\n").unwrap();
    let list = list.split("\n\n").next().unwrap();
    list.lines()
        .filter(|line| line.starts_with("  ") && !line.starts_with("   "))
        .filter_map(|line| line.split_whitespace().next())
        .map(str::to_owned)
        .collect()
}

#[test]
fn no_verb_tells_or_keeps_a_secret() {
    let sandbox = SandboxProcess::start();
    let good = sandbox.variable("EARTHDATA_TOKEN").to_owned();
    let gateway = sandbox.variable("SWATH_S3CREDENTIALS_URL").trim_end_matches("/s3credentials").to_owned();
    let url = format!("{gateway}/NISAR/NISAR_L2_GCOV_BETA_V1/{GRANULE}/{GRANULE}.h5");
    let s3 = format!("s3://sds-n-cumulus-prod-nisar-products/NISAR_L2_GCOV_BETA_V1/{GRANULE}/{GRANULE}.h5");
    let absent = url.replace("X05009", "X05999");
    let mut place = Place { sandbox: &sandbox, folder: folder(), said: Vec::new() };
    let with_box = |start: &[&'static str]| [start, BOX.as_slice()].concat();
    // Each as it should be and with a token that is refused; what is run and how it must end.
    let group = "/science/LSAR/identification";
    let search = with_box(&["search", "--json", "--all-versions"]);
    let runs: Vec<(Vec<&str>, i32, i32)> = vec![
        (search, 0, 0),
        (vec!["info", &url, group, "--stats"], 0, 4),
        ([&["stats", &url, &s3, "--json", "--stats"], BOX.as_slice()].concat(), 0, 4),
        ([&["stats", &absent], BOX.as_slice()].concat(), 5, 4),
        ([&["stats", &s3, "--max-mb", "0", "--no-cache"], BOX.as_slice()].concat(), 8, 4),
        ([&["timeseries", &url, "-o", "series.csv", "--overwrite"], BOX.as_slice()].concat(), 0, 4),
        ([&["quicklook", &s3, "-o", "box.png", "--overwrite"], BOX.as_slice()].concat(), 0, 4),
        (vec!["get", &url, "-o", "got", "--json"], 0, 0),
        (vec!["get", &s3, "-o", "from-s3"], 0, 0),
        (vec!["get", &absent, "-o", "absent"], 5, 4),
        (vec!["status"], 0, 0),
        (vec!["status", "--check", "--json"], 0, 4),
        (vec!["doctor"], 0, 1),
        (vec!["doctor", "--json"], 0, 1),
    ];
    for (arguments, with_good, with_bad) in &runs {
        // The bad one first: what is downloaded or in the cache already would hide its refusal.
        let refused = place.run(arguments, &[("EARTHDATA_TOKEN", CANARY)], "");
        let is_download = arguments[0] == "get" && *with_bad == 0;
        assert!(
            refused == Some(*with_bad) || is_download && refused == Some(4),
            "{arguments:?}: {refused:?}"
        );
        assert_eq!(place.run(arguments, &[], ""), Some(*with_good), "{arguments:?}");
    }
    let no_token = ("EARTHDATA_TOKEN", "");
    let password = [no_token, ("EARTHDATA_USERNAME", "labuser"), ("EARTHDATA_PASSWORD", "canary-password")];
    assert_eq!(place.run(&["login"], &password, ""), Some(4));
    assert_eq!(place.run(&["login", "--token-stdin"], &[no_token], CANARY), Some(4));
    assert_eq!(place.run(&["login", "--token-stdin", "--json"], &[no_token], &good), Some(0));
    assert!(place.token_file().exists());
    assert_eq!(place.run(&["status", "--json"], &[no_token], ""), Some(0));
    assert_eq!(place.run(&["logout", "--json"], &[], ""), Some(0));
    assert!(!place.token_file().exists());
    assert_eq!(place.run(&["sandbox", "--data", "no-such-folder"], &[], ""), Some(1));
    assert_eq!(place.run(&["demo", "--output", "demo"], &[], ""), Some(0));

    let ran: Vec<String> =
        place.said.iter().map(|(what, _)| what.split('"').nth(1).unwrap().to_owned()).collect();
    for verb in verbs().into_iter().filter(|verb| verb != "help") {
        assert!(ran.contains(&verb), "{verb} was not run");
    }
    let mut files = Vec::new();
    place.files(place.folder.path(), &mut files);
    assert!(
        files.iter().any(|file| file.extension().is_some_and(|end| end == "index")),
        "nothing is in the cache"
    );
    let kept = files.iter().map(|file| (file.display().to_string(), std::fs::read(file).unwrap()));
    // The end of a token is its signature: the part that nobody else could write.
    let secrets = [CANARY, "canary-password", "labpass", &good[good.len() - 60..]];
    for (what, bytes) in place.said.iter().cloned().chain(kept) {
        let text = String::from_utf8_lossy(&bytes);
        for secret in secrets.iter().chain(&TRACES) {
            assert!(!text.contains(secret), "{what} holds {secret}");
        }
        assert!(!text.contains("panicked at"), "{what}");
    }
}
