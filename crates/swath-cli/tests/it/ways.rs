//! `--access`, `--timeout`, `--verbose` and what is told while something is waited for.

use std::io::{Read, Write};
use std::net::TcpListener;

use crate::shell::*;

const BOX: [&str; 5] = ["--bbox", "40.8463", "13.2553", "40.8574", "13.2684"];

fn boxed<'a>(start: &[&'a str]) -> Vec<&'a str> {
    [start, BOX.as_slice()].concat()
}

fn s3() -> String {
    format!("s3://sds-n-cumulus-prod-nisar-products/NISAR_L2_GCOV_BETA_V1/{GRANULE}/{GRANULE}.h5")
}

#[test]
fn the_way_is_chosen_and_told() {
    let sandbox = SandboxProcess::start();
    // In a container of AWS the region is known; nobody is asked for it.
    let inside = [("AWS_EXECUTION_ENV", "AWS_ECS_FARGATE"), ("AWS_REGION", "us-west-2")];
    let outside = [("AWS_EC2_METADATA_DISABLED", "true")];
    for (changes, way) in [(inside.as_slice(), "s3"), (outside.as_slice(), "https")] {
        let run = sandbox.run(&boxed(&["stats", GRANULE, "--json", "-v", "--no-cache"]), changes);
        assert_eq!(run.code, 0, "{}", run.err);
        assert!(run.err.contains(&format!("way to the archive: {way}: ")), "{}", run.err);
        let folder = folder();
        let into = folder.path().display().to_string();
        let got = sandbox.run(&["get", GRANULE, "-o", &into, "--json"], changes);
        assert_eq!((got.code, got.json()["access"].as_str()), (0, Some(way)), "{}", got.err);
    }
    let folder = folder();
    let into = folder.path().display().to_string();
    let got = sandbox.run(&["get", GRANULE, "-o", &into, "--json", "--direct-access"], &outside);
    assert_eq!((got.code, got.json()["access"].as_str()), (0, Some("s3")), "{}", got.err);
    let both = sandbox.run(&["get", GRANULE, "--direct-access", "--access", "https"], &outside);
    assert_eq!(both.code, 2, "{}", both.err);
    let odd = sandbox.run(&["info", GRANULE, "--access", "ftp"], &outside);
    assert!(odd.code == 2 && odd.err.contains("auto, s3 or https"), "{}", odd.err);
    let variable = sandbox.run(&["info", "s3://other/x.h5"], &[("SWATH_ACCESS", "https")]);
    assert!(variable.code == 2 && variable.err.contains("gateway"), "{}", variable.err);
    let variable = sandbox.run(&["info", GRANULE], &[("SWATH_ACCESS", "ftp")]);
    assert!(variable.code == 2 && variable.err.contains("SWATH_ACCESS"), "{}", variable.err);
    let doctor = sandbox.run(&["doctor"], &inside).out;
    assert!(doctor.contains("us-west-2; with the access auto the archive is read over s3"), "{doctor}");
}

/// A server of one answer that is always the same.
fn always(answer: &'static str) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    std::thread::spawn(move || {
        for mut client in listener.incoming().flatten() {
            let _ = client.read(&mut [0; 4096]);
            let _ = client.write_all(answer.as_bytes());
        }
    });
    url
}

const REFUSAL: &str = "HTTP/1.1 403 Forbidden\r\nContent-Type: application/xml\r\nContent-Length: 36\r\nConnection: close\r\n\r\n\
                       <Error><Code>AccessDenied</Code></Er";

#[test]
fn a_refusal_of_s3_is_a_note_and_no_failure_unless_s3_was_demanded() {
    let sandbox = SandboxProcess::start();
    let (refusing, s3) = (always(REFUSAL), s3());
    let changes = [("SWATH_S3_ENDPOINT_URL", refusing.as_str())];
    let run = sandbox.run(&boxed(&["stats", &s3, "--json", "--no-cache"]), &changes);
    assert_eq!(run.code, 0, "{}", run.err);
    assert!(run.err.contains("S3 refused this machine") && run.err.contains("over https"), "{}", run.err);
    let quiet = sandbox.run(&boxed(&["stats", &s3, "--json", "--no-cache", "--quiet"]), &changes);
    assert_eq!((quiet.code, quiet.err.as_str(), &quiet.json()["mean"]), (0, "", &run.json()["mean"]));
    let demanded = sandbox.run(&boxed(&["stats", &s3, "--no-cache", "--access", "s3"]), &changes);
    assert_eq!(demanded.code, 4, "{}", demanded.err);
    assert!(demanded.err.contains("us-west-2"), "{}", demanded.err);
}

#[test]
fn a_long_wait_is_told_and_ends_with_the_time_that_was_allowed() {
    let busy =
        "HTTP/1.1 429 Too Many Requests\r\nRetry-After: 37\r\nContent-Length: 0\r\nConnection: close\r\n\r\n";
    let url = always(busy);
    let mut command = swath(&["search", "--count", "--timeout", "1s", "--json"]);
    command.env("SWATH_CMR_URL", &url).env("SWATH_ALLOW_HTTP", "loopback");
    let output = command.output().unwrap();
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert_eq!((output.status.code(), output.stdout.is_empty()), (Some(5), true), "{said}");
    assert!(
        said.contains("the catalogue") && said.contains("asks to wait 37 s (HTTP 429); try 2 of 5"),
        "{said}"
    );
    assert!(said.contains("not done after the 1 s that were allowed"), "{said}");
}

#[test]
fn a_time_is_read_as_people_write_it() {
    let local = local_granule();
    for time in ["90s", "5m", "1h30m", "2 minutes", "90", "PT90S"] {
        assert_eq!(run(&["info", &local, "--timeout", time]).code, 0, "{time}");
    }
    for time in ["soon", "0", "-5s", "0s"] {
        let refused = run(&["info", &local, &format!("--timeout={time}")]);
        assert!(refused.code == 2 && refused.err.contains("90s"), "{time}: {}", refused.err);
    }
}

#[test]
fn what_was_done_in_time_is_kept() {
    // A source that never answers among those that do.
    let silent = TcpListener::bind("127.0.0.1:0").unwrap();
    let never = format!("http://{}/{GRANULE}.h5", silent.local_addr().unwrap());
    let (local, place) = (local_granule(), folder());
    let table = place.path().join("series.csv").display().to_string();
    for arguments in [
        boxed(&["stats", &local, &never, "--json", "--timeout", "4s"]),
        boxed(&["timeseries", &local, &never, "-o", &table, "--timeout", "4s"]),
    ] {
        let mut command = swath(&arguments);
        let output = command.env("SWATH_ALLOW_HTTP", "loopback").output().unwrap();
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        assert_eq!(output.status.code(), Some(7), "{arguments:?}: {said}");
        assert!(said.contains("1 of 2 sources failed") && said.contains(" s that were allowed"), "{said}");
    }
    assert_eq!(std::fs::read_to_string(&table).unwrap().lines().count(), 2);
    // None in time: nothing is written.
    let late = place.path().join("late.csv").display().to_string();
    let mut command = swath(&boxed(&["timeseries", &never, "-o", &late, "--timeout", "200ms"]));
    assert_eq!(command.env("SWATH_ALLOW_HTTP", "loopback").status().unwrap().code(), Some(5));
    assert_eq!(files(place.path()), ["series.csv"]);
}

#[test]
fn more_than_is_allowed_is_not_begun() {
    let (sandbox, place) = (SandboxProcess::start(), folder());
    let into = place.path().display().to_string();
    let url = sandbox
        .variable("SWATH_S3CREDENTIALS_URL")
        .replace("/s3credentials", "/NISAR/NISAR_L2_GCOV_BETA_V1/");
    let url = format!("{url}{GRANULE}/{GRANULE}.h5");
    for source in [GRANULE, &url] {
        let refused = sandbox.run(&["get", source, "-o", &into, "--max-mb", "1"], &[]);
        assert_eq!(refused.code, 8, "{source}: {}", refused.err);
        assert!(refused.err.contains("1.0 MB are allowed"), "{}", refused.err);
        assert!(files(place.path()).is_empty(), "{:?}", files(place.path()));
    }
    let limit =
        |verb: &[&'static str]| sandbox.run(&boxed(&[verb, &[GRANULE, "--max-mb", "0"]].concat()), &[]).code;
    let refusals = [
        limit(&["stats"]),
        limit(&["timeseries", "-o", "/nonexistent/series.csv"]),
        limit(&["quicklook", "-o", "/nonexistent/box.png"]),
    ];
    assert_eq!(refusals, [8, 8, 8]);
    assert_eq!(sandbox.run(&["get", GRANULE, "-o", &into, "--max-mb", "100"], &[]).code, 0);
}
