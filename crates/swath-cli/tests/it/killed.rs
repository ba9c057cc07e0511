//! Killed at any moment: a file has its name only when it is whole.
#![cfg(unix)]

use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use crate::shell::*;

const BOX: [&str; 5] = ["--bbox", "40.8463", "13.2553", "40.8574", "13.2684"];
/// Moments at which a download is killed, and at which a table or a picture in the making is.
const OF_DOWNLOADS: u32 = 36;
const OF_RESULTS: u32 = 12;

fn started(sandbox: &SandboxProcess, arguments: &[&str], folder: &Path) -> Command {
    let mut command = swath(arguments);
    command.envs(sandbox.environment.iter().map(|(name, value)| (name.as_str(), value.as_str())));
    command.current_dir(folder).stdout(Stdio::null()).stderr(Stdio::null());
    command
}

/// How long an undisturbed run takes.
fn duration(mut command: Command) -> Duration {
    let begun = Instant::now();
    assert!(command.status().unwrap().success());
    begun.elapsed()
}

/// Starts the command and kills it after this time; whether it was still running.
fn killed_after(mut command: Command, time: Duration) -> bool {
    let mut child = command.spawn().unwrap();
    std::thread::sleep(time);
    let was_running = child.try_wait().unwrap().is_none();
    let _ = child.kill();
    child.wait().unwrap();
    was_running
}

#[test]
fn a_download_that_is_killed_at_any_moment_goes_on_and_is_never_half() {
    let (sandbox, place) = (SandboxProcess::start(), folder());
    let name = format!("{GRANULE}.h5");
    let whole = std::fs::read(local_granule()).unwrap();
    let file = place.path().join(&name);
    let arguments = ["get", GRANULE, "-o", "."];
    let usual = duration(started(&sandbox, &arguments, place.path()));
    std::fs::remove_file(&file).unwrap();
    let (mut killed, mut resumed) = (0, 0);
    for moment in 0..OF_DOWNLOADS {
        // Spread over a whole run, and beyond it: machines are not equally fast twice.
        let time = usual * moment / (OF_DOWNLOADS - 6);
        killed += u32::from(killed_after(started(&sandbox, &arguments, place.path()), time));
        if file.exists() {
            assert!(std::fs::read(&file).unwrap() == whole, "half a file has its name after {time:?}");
            std::fs::remove_file(&file).unwrap();
        }
        resumed += u32::from(files(place.path()).iter().any(|name| name.ends_with(".part.json")));
    }
    assert!(killed >= OF_DOWNLOADS / 3, "only {killed} were killed while they ran");
    println!("{killed} of {OF_DOWNLOADS} were killed, {resumed} of them with something to go on from");
    let run = sandbox.run(&["get", GRANULE, "-o", &place.path().display().to_string()], &[]);
    assert_eq!(run.code, 0, "{}", run.err);
    assert!(std::fs::read(&file).unwrap() == whole);
    // A journal that was being replaced when its writer was killed may be left; nothing else is.
    let left: Vec<String> = files(place.path()).into_iter().filter(|other| *other != name).collect();
    assert!(left.iter().all(|name| name.contains(".part.json.") && name.starts_with('.')), "{left:?}");
}

#[test]
fn tables_and_pictures_are_whole_or_absent_whenever_their_writer_is_killed() {
    let (sandbox, place) = (SandboxProcess::start(), folder());
    let local = local_granule();
    let series =
        [&["timeseries", &local, "-o", "series.csv", "--plot", "series.png"], BOX.as_slice()].concat();
    let picture = [&["quicklook", &local, "-o", "box.png"], BOX.as_slice()].concat();
    for (arguments, results) in [(series, vec!["series.csv", "series.png"]), (picture, vec!["box.png"])] {
        let usual = duration(started(&sandbox, &arguments, place.path()));
        let whole: Vec<Vec<u8>> =
            results.iter().map(|name| std::fs::read(place.path().join(name)).unwrap()).collect();
        for moment in 0..OF_RESULTS {
            results.iter().for_each(|name| drop(std::fs::remove_file(place.path().join(name))));
            // The writing is at the end, so that is where the moments are dense.
            let time = usual * (OF_RESULTS + moment) / (2 * OF_RESULTS - 4);
            killed_after(started(&sandbox, &arguments, place.path()), time);
            for (name, whole) in results.iter().zip(&whole) {
                match std::fs::read(place.path().join(name)) {
                    Ok(found) => assert!(found == *whole, "{name} is not whole after {time:?}"),
                    Err(error) => assert_eq!(error.kind(), std::io::ErrorKind::NotFound),
                }
            }
        }
    }
}
