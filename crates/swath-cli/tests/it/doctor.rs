//! `swath doctor`, behind a proxy too.

use std::io::{BufRead, BufReader, Write};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, OnceLock};

use serde_json::Value;

use crate::shell::*;

/// The outcome and the text of one check.
fn check<'a>(report: &'a Value, name: &str) -> (&'a str, &'a str) {
    let checks = report["checks"].as_array().unwrap();
    let check = checks.iter().find(|check| check["name"] == name).expect(name);
    (check["outcome"].as_str().unwrap(), check["found"].as_str().unwrap())
}

fn names(report: &Value) -> Vec<&str> {
    report["checks"].as_array().unwrap().iter().map(|check| check["name"].as_str().unwrap()).collect()
}

#[test]
fn a_machine_that_works_is_told_so() {
    let (sandbox, cache) = (SandboxProcess::start(), folder());
    let place = cache.path().display().to_string();
    let changes = [("XDG_CACHE_HOME", place.as_str())];
    let run = sandbox.run(&["doctor", "--json"], &changes);
    assert_eq!(run.code, 0, "{}{}", run.out, run.err);
    let report = run.json();
    assert_eq!(report["healthy"], true);
    let wanted = [
        "proxy",
        "certificates",
        "names",
        "catalogue",
        "login service",
        "clock",
        "token",
        "licence",
        "https",
        "region",
        "s3",
        "disk",
    ];
    assert_eq!(names(&report), wanted);
    for name in wanted.into_iter().filter(|name| *name != "region") {
        assert_eq!(check(&report, name).0, "good", "{report}");
    }
    assert!(check(&report, "disk").1.contains(&place), "{report}");
    // The same for people, and nothing secret in it.
    let text = sandbox.run(&["doctor"], &changes);
    assert_eq!(text.code, 0);
    assert!(
        text.out.lines().any(|line| line.starts_with("good") && line.contains("licence")),
        "{}",
        text.out
    );
    for secret in [sandbox.variable("EARTHDATA_TOKEN"), "labuser"] {
        assert!(!run.out.contains(secret) && !text.out.contains(secret), "{secret} is told");
    }
}

#[test]
fn each_trouble_is_named_with_what_helps() {
    let sandbox = SandboxProcess::start();
    let report = |changes: &[(&str, &str)]| {
        let run = sandbox.run(&["doctor", "--json"], changes);
        assert_eq!(run.code, 1, "{changes:?}: {}", run.out);
        run.json()
    };
    let found = report(&[("EARTHDATA_TOKEN", CANARY)]);
    assert_eq!((check(&found, "catalogue").0, check(&found, "licence").0), ("good", "failed"), "{found}");
    assert!(!found.to_string().contains(CANARY));
    let found = report(&[("EARTHDATA_TOKEN", "")]);
    assert_eq!(
        ["token", "licence", "https", "s3"].map(|name| check(&found, name).0),
        ["failed", "skipped", "skipped", "skipped"],
        "{found}"
    );
    let user = [("EARTHDATA_TOKEN", ""), ("EARTHDATA_USERNAME", "noeula"), ("EARTHDATA_PASSWORD", "labpass")];
    let found = report(&user);
    assert_eq!((check(&found, "token").0, check(&found, "licence").0), ("good", "failed"), "{found}");
    assert!(found.to_string().contains("approve_app") && !found.to_string().contains("labpass"), "{found}");
    // A folder that cannot be made: indexes are not kept, and nothing else suffers.
    let file = folder();
    let path = file.path().join("file");
    std::fs::write(&path, "").unwrap();
    let run = sandbox.run(&["doctor", "--json"], &[("XDG_CACHE_HOME", &path.display().to_string())]);
    assert_eq!((run.code, check(&run.json(), "disk").0), (0, "note"), "{}", run.out);
}

/// A proxy that connects whoever asks to whatever they name, and counts.
struct ConnectProxy {
    port: u16,
    connected: Arc<AtomicUsize>,
    authorization: Arc<OnceLock<String>>,
}

impl ConnectProxy {
    fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        let (connected, authorization) = (Arc::default(), Arc::default());
        let proxy =
            Self { port, connected: Arc::clone(&connected), authorization: Arc::clone(&authorization) };
        std::thread::spawn(move || {
            for client in listener.incoming().flatten() {
                let (connected, authorization) = (Arc::clone(&connected), Arc::clone(&authorization));
                std::thread::spawn(move || Self::serve(client, &connected, &authorization));
            }
        });
        proxy
    }

    fn serve(mut client: TcpStream, connected: &AtomicUsize, authorization: &OnceLock<String>) -> Option<()> {
        let mut lines = BufReader::new(client.try_clone().ok()?).lines();
        let first = lines.next()?.ok()?;
        let target = first.strip_prefix("CONNECT ")?.split(' ').next()?.to_owned();
        for line in lines.map_while(Result::ok).take_while(|line| !line.is_empty()) {
            if let Some(value) = line.to_lowercase().strip_prefix("proxy-authorization: ") {
                let _ = authorization.set(value.to_owned());
            }
        }
        let mut server = TcpStream::connect(target).ok()?;
        connected.fetch_add(1, Ordering::SeqCst);
        client.write_all(b"HTTP/1.1 200 Connection established\r\n\r\n").ok()?;
        let (mut back, mut from) = (client.try_clone().ok()?, server.try_clone().ok()?);
        std::thread::spawn(move || {
            let _ = std::io::copy(&mut from, &mut back);
            let _ = back.shutdown(Shutdown::Both);
        });
        let _ = std::io::copy(&mut client, &mut server);
        let _ = server.shutdown(Shutdown::Both);
        Some(())
    }
}

#[test]
fn a_proxy_is_used_and_left_out_as_the_environment_says() {
    let (sandbox, proxy) = (SandboxProcess::start(), ConnectProxy::start());
    let address = format!("http://me:{CANARY}@127.0.0.1:{}", proxy.port);
    let run = sandbox.run(&["doctor", "--json"], &[("HTTPS_PROXY", &address), ("NO_PROXY", "")]);
    assert_eq!(run.code, 0, "{}{}", run.out, run.err);
    let report = run.json();
    assert_eq!(check(&report, "https").0, "good", "{report}");
    assert!(check(&report, "proxy").1.contains(&format!("127.0.0.1:{}", proxy.port)), "{report}");
    assert!(!run.out.contains(CANARY) && !run.err.contains(CANARY), "the proxy's password is told");
    // Catalogue, login, gateway, network and S3: five origins at least.
    let through = proxy.connected.load(Ordering::SeqCst);
    assert!(through >= 5, "{through} connections");
    assert!(proxy.authorization.get().is_some_and(|value| value.starts_with("basic ")));
    let run = sandbox.run(&["doctor"], &[("HTTPS_PROXY", &address), ("NO_PROXY", "127.0.0.1")]);
    assert_eq!((run.code, proxy.connected.load(Ordering::SeqCst)), (0, through), "{}", run.out);
}

#[test]
fn only_known_authorities_are_trusted() {
    let sandbox = SandboxProcess::start();
    let place = folder();
    let other = place.path().join("other.pem");
    std::fs::write(&other, "-----BEGIN CERTIFICATE-----\n-----END CERTIFICATE-----\n").unwrap();
    let search = ["search", "--point", "40.85", "13.26"];
    assert_eq!(sandbox.run(&search, &[]).code, 0);
    let run = sandbox.run(&search, &[("SSL_CERT_FILE", &other.display().to_string())]);
    assert_eq!(run.code, 5, "{}", run.out);
    assert!(run.err.to_lowercase().contains("certificate"), "{}", run.err);
}
