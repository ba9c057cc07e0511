//! Ctrl-C and the signal that schedulers send: every verb that waits ends at once, and leaves nothing that is half done.
#![cfg(unix)]

use std::io::Read;
use std::net::{TcpListener, TcpStream};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use crate::shell::*;

const BOX: [&str; 5] = ["--bbox", "40.8463", "13.2553", "40.8574", "13.2684"];

/// A service that takes what it is asked and never answers.
struct Silent {
    listener: TcpListener,
}

impl Silent {
    fn start() -> Self {
        Self { listener: TcpListener::bind("127.0.0.1:0").unwrap() }
    }

    fn url(&self) -> String {
        format!("http://{}", self.listener.local_addr().unwrap())
    }

    /// Waits for a request of this process; the connection stays open as long as what is returned.
    fn asked_by(&self, child: &mut Child) -> TcpStream {
        self.listener.set_nonblocking(true).unwrap();
        let mut found = None;
        wait_until("it asks something", || {
            assert!(child.try_wait().unwrap().is_none(), "it ended before it asked: {}", errors_of(child));
            found = self.listener.accept().ok();
            found.is_some()
        });
        found.unwrap().0
    }
}

/// What a process that has ended said on standard error.
fn errors_of(child: &mut Child) -> String {
    let mut said = String::new();
    let _ = child.stderr.take().unwrap().read_to_string(&mut said);
    said
}

/// The command, with all of NASA's services silent, everything of its own below one folder, and a pipe that nobody writes to.
fn waiting(silent: &Silent, place: &Path, arguments: &[&str]) -> Command {
    let mut command = swath(arguments);
    for name in ["SWATH_CMR_URL", "SWATH_EDL_URL", "SWATH_S3_ENDPOINT_URL"] {
        command.env(name, silent.url());
    }
    command.env("SWATH_S3CREDENTIALS_URL", format!("{}/s3credentials", silent.url()));
    command.env("SWATH_TOKEN_HOSTS", "127.0.0.1").env("SWATH_ALLOW_HTTP", "loopback");
    command.env("EARTHDATA_TOKEN", CANARY).env("TMPDIR", place).env("XDG_CACHE_HOME", place.join("cache"));
    command.env("XDG_CONFIG_HOME", place.join("config")).current_dir(place);
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    command
}

fn signal(child: &Child, name: &str) {
    let sent = Command::new("kill").args([&format!("-{name}"), &child.id().to_string()]).status().unwrap();
    assert!(sent.success());
}

/// Sends the signal; the exit code, and how long it took to end.
fn ended(mut child: Child, name: &str) -> (Option<i32>, Duration) {
    let begun = Instant::now();
    signal(&child, name);
    let status = child.wait().unwrap();
    (status.code(), begun.elapsed())
}

/// What is left in a folder, folders apart.
fn left(folder: &Path) -> Vec<String> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(folder).unwrap().flatten() {
        let path = entry.path();
        if path.is_dir() {
            found.extend(left(&path));
        } else {
            found.push(path.strip_prefix(folder).unwrap().display().to_string());
        }
    }
    found
}

#[test]
fn every_verb_that_waits_ends_at_a_signal() {
    let silent = Silent::start();
    let url = format!("{}/NISAR/C/{GRANULE}/{GRANULE}.h5", silent.url());
    let s3 = format!("s3://sds-n-cumulus-prod-nisar-products/C/{GRANULE}/{GRANULE}.h5");
    let boxed = |start: &[&str]| -> Vec<String> {
        [start, BOX.as_slice()].concat().into_iter().map(str::to_owned).collect()
    };
    let plain = |words: &[&str]| -> Vec<String> { words.iter().map(|word| (*word).to_owned()).collect() };
    let verbs = [
        boxed(&["search"]),
        boxed(&["search", "--count"]),
        plain(&["info", &url]),
        plain(&["info", GRANULE]),
        boxed(&["stats", &url, &s3]),
        boxed(&["timeseries", &url, "-o", "series.csv", "--plot", "series.png"]),
        boxed(&["quicklook", &s3, "-o", "box.png"]),
        plain(&["get", &url, "-o", "got"]),
        plain(&["get", GRANULE, "--access", "s3", "-o", "got"]),
        plain(&["login"]),
        plain(&["status", "--check"]),
        plain(&["doctor"]),
    ];
    for (number, arguments) in verbs.iter().enumerate() {
        for (name, code) in [("INT", 130), ("TERM", 143)] {
            // Both signals for every second verb and one for the others: they share all that is theirs.
            if number % 2 == 1 && name == "INT" {
                continue;
            }
            let place = folder();
            let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
            let mut child = waiting(&silent, place.path(), &arguments).spawn().unwrap();
            // It asks, and so did the one before, whose connections may still be waiting to be taken.
            let _connection = silent.asked_by(&mut child);
            wait_until("it listens for signals", || catches_signals(child.id()));
            let (found, took) = ended(child, name);
            assert_eq!(found, Some(code), "{arguments:?}");
            // It is a matter of milliseconds; a busy machine is given more, but nothing near the minutes of the wait.
            assert!(took < Duration::from_secs(10), "{arguments:?} took {took:?}");
            assert!(left(place.path()).is_empty(), "{arguments:?} left {:?}", left(place.path()));
        }
    }
}

#[test]
fn a_verb_that_waits_for_its_input_ends_at_a_signal() {
    let silent = Silent::start();
    for arguments in [["get", "-"], ["login", "--token-stdin"], ["search", "--area=-"]] {
        let place = folder();
        let mut command = waiting(&silent, place.path(), &arguments);
        command.env("EARTHDATA_TOKEN", "");
        let mut child = command.spawn().unwrap();
        let input = child.stdin.take();
        // A process that has installed its handlers is the one that is meant: before that a signal ends any process.
        wait_until(&format!("{arguments:?} listens for signals"), || catches_signals(child.id()));
        let (code, took) = ended(child, "INT");
        assert_eq!(code, Some(130), "{arguments:?}");
        assert!(took < Duration::from_secs(10), "{arguments:?} took {took:?}");
        drop(input);
    }
}

/// Whether a process has a handler for SIGINT and SIGTERM; where that cannot be seen, after a while.
fn catches_signals(process: u32) -> bool {
    let Ok(status) = std::fs::read_to_string(format!("/proc/{process}/status")) else {
        std::thread::sleep(Duration::from_secs(2));
        return true;
    };
    let caught = status.lines().find_map(|line| line.strip_prefix("SigCgt:")).unwrap_or("0").trim();
    let caught = u64::from_str_radix(caught, 16).unwrap_or(0);
    let of = |number: u32| caught & (1 << (number - 1)) != 0;
    of(2) && of(15)
}

fn wait_until(what: &str, mut is_so: impl FnMut() -> bool) {
    let begun = Instant::now();
    while !is_so() {
        assert!(begun.elapsed() < Duration::from_secs(30), "not after half a minute: {what}");
        std::thread::sleep(Duration::from_millis(5));
    }
}

#[test]
fn the_sandbox_and_the_demo_end_at_a_signal_and_leave_no_certificate() {
    let data = granules().display().to_string();
    for (name, code) in [("INT", 130), ("TERM", 143)] {
        let place = folder();
        let silent = Silent::start();
        let child = waiting(&silent, place.path(), &["sandbox", "--data", &data]).spawn().unwrap();
        let file = place.path().join(format!("swath-sandbox-{}.pem", child.id()));
        wait_until("the certificate is there", || file.exists());
        let (found, took) = ended(child, name);
        assert_eq!(found, Some(code));
        assert!(took < Duration::from_secs(10), "{took:?}");
        assert!(left(place.path()).is_empty(), "{:?}", left(place.path()));
        let child = waiting(&silent, place.path(), &["demo", "--output", "demo"]).spawn().unwrap();
        wait_until("the demo has begun", || place.path().join("demo/granules").exists());
        let (found, _) = ended(child, name);
        // A demo that was quicker than the signal is done.
        assert!(found == Some(code) || found == Some(0), "{found:?}");
        let half = |name: &String| name.ends_with(".part") || name.ends_with(".pem");
        assert!(!left(place.path()).iter().any(half), "{:?}", left(place.path()));
    }
}

#[test]
fn a_sandbox_tidies_up_after_those_that_were_killed() {
    let place = folder();
    let silent = Silent::start();
    let data = granules().display().to_string();
    let mut killed = waiting(&silent, place.path(), &["sandbox", "--data", &data]).spawn().unwrap();
    let behind = place.path().join(format!("swath-sandbox-{}.pem", killed.id()));
    wait_until("the certificate is there", || behind.exists());
    killed.kill().unwrap();
    killed.wait().unwrap();
    assert!(behind.exists());
    // The file of a process that lives stays: this one's.
    let living = place.path().join(format!("swath-sandbox-{}.pem", std::process::id()));
    std::fs::write(&living, "").unwrap();
    let next = waiting(&silent, place.path(), &["sandbox", "--data", &data]).spawn().unwrap();
    let own = place.path().join(format!("swath-sandbox-{}.pem", next.id()));
    wait_until("the next certificate is there", || own.exists());
    assert!(!behind.exists() && living.exists());
    assert_eq!(ended(next, "TERM").0, Some(143));
}

#[test]
fn a_download_that_is_interrupted_keeps_what_it_has_and_goes_on() {
    let (sandbox, place) = (SandboxProcess::start(), folder());
    let into = place.path().display().to_string();
    let file = format!("{GRANULE}.h5");
    let mut command = swath(&["get", GRANULE, "-o", &into]);
    command.envs(sandbox.environment.iter().map(|(name, value)| (name.as_str(), value.as_str())));
    let child = command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
    wait_until("something is on the disk", || !files(place.path()).is_empty());
    let (code, _) = ended(child, "INT");
    assert!(code == Some(130) || code == Some(0), "{code:?}");
    let allowed = [file.clone(), format!(".{file}.part"), format!(".{file}.part.json")];
    assert!(files(place.path()).iter().all(|name| allowed.contains(name)), "{:?}", files(place.path()));
    let run = sandbox.run(&["get", GRANULE, "-o", &into], &[]);
    assert_eq!(run.code, 0, "{}", run.err);
    assert_eq!(files(place.path()), std::slice::from_ref(&file));
    assert_eq!(std::fs::read(place.path().join(file)).unwrap(), std::fs::read(local_granule()).unwrap());
}
