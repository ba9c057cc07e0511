//! Very many readers at once: a process of its own reads from a sandbox in this one, so that its memory can be told apart.

use std::path::Path;
use std::process::Command;
use std::sync::Arc;
use std::time::{Duration, Instant};

use futures::stream::{self, StreamExt};
use swath::{LayerOptions, Region, Session, SessionOptions};
use swath_sandbox::{Sandbox, SandboxOptions, Service};

use crate::archive::*;

/// Names what a process that was started by a test is to do.
const TASK: &str = "SWATH_TEST_TASK";
/// Where the certificate authority of the sandbox is.
const AUTHORITY: &str = "SWATH_TEST_CA";
const READS: usize = 1000;
const GRANULES: usize = 200;

/// The session of a process that was started by a test.
fn session_of_task() -> Session {
    let mut options = SessionOptions::from_environment().unwrap().with_cache(None);
    options.http.extra_ca_pem = Some(std::fs::read_to_string(std::env::var(AUTHORITY).unwrap()).unwrap());
    options.http.no_proxy = true;
    Session::new(options).unwrap()
}

/// Runs this test in a process of its own, which knows the sandbox; the megabytes that it held at most.
fn in_own_process(test: &str, sandbox: &Sandbox, folder: &Path) -> f64 {
    let authority = folder.join("authority.pem");
    std::fs::write(&authority, sandbox.ca_pem()).unwrap();
    let mut command = Command::new(std::env::current_exe().unwrap());
    command.args([test, "--exact", "--nocapture", "--test-threads=1"]);
    command.env(TASK, test).env(AUTHORITY, &authority).envs(sandbox.environment());
    let output = command.output().unwrap();
    let said = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(output.status.success(), "{said}{}", String::from_utf8_lossy(&output.stderr));
    let peak = said.split("peak MB: ").nth(1).and_then(|rest| rest.split_whitespace().next()?.parse().ok());
    peak.unwrap_or_else(|| panic!("it told no peak: {said}"))
}

/// Whether this is the process that does the work of the test.
fn is_task(test: &str) -> bool {
    std::env::var(TASK).is_ok_and(|task| task == test)
}

/// The most that this process has held in memory, in MB; the least it can be is known from the kernel's own count.
fn tell_peak() {
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find(|line| line.starts_with("VmHWM:")).unwrap();
    let kilobytes: f64 = line.split_whitespace().nth(1).unwrap().parse().unwrap();
    println!("peak MB: {}", kilobytes * 1024.0 / 1e6);
}

/// The name of a granule that has the bytes of one of the five.
fn name_of(number: usize) -> (String, &'static str) {
    let like = NEWEST[number % NEWEST.len()];
    let (start, _) = like.rsplit_once('_').unwrap();
    (format!("{start}_{:03}", number / NEWEST.len() + 1), like)
}

/// An archive of two hundred names for five files.
fn archive_of_many(folder: &Path) {
    let collection = "sds-n-cumulus-prod-nisar-products/NISAR_L2_GCOV_BETA_V1";
    for number in 0..GRANULES {
        let (name, like) = name_of(number);
        let place = folder.join(collection).join(&name);
        std::fs::create_dir_all(&place).unwrap();
        let file = granules().join(collection).join(like).join(format!("{like}.h5"));
        std::fs::hard_link(file, place.join(format!("{name}.h5"))).unwrap();
    }
}

/// A thousand reads at once, with two threads.
async fn read_them_all() {
    let session = session_of_task();
    let gateway = std::env::var("SWATH_S3CREDENTIALS_URL").unwrap().replace("/s3credentials", "");
    let session = Arc::new(session);
    let opening = (0..GRANULES).map(|number| {
        let (session, (name, _)) = (session.clone(), name_of(number));
        let url = format!("{gateway}/NISAR/NISAR_L2_GCOV_BETA_V1/{name}/{name}.h5");
        tokio::spawn(
            async move { open(&session, &url).await.unwrap().clip_box(cookbook_box()).await.unwrap() },
        )
    });
    let layers: Vec<_> = futures::future::try_join_all(opening).await.unwrap();
    let reads = (0..READS).map(|number| {
        let layer = layers[number % GRANULES].clone();
        tokio::spawn(async move { (number % GRANULES % NEWEST.len(), layer.mean().await.unwrap().unwrap()) })
    });
    let truth: Vec<f64> = NEWEST.iter().map(|granule| true_mean(granule)).collect();
    let found: Vec<_> = futures::future::try_join_all(reads).await.unwrap();
    assert_eq!(found.len(), READS);
    found.into_iter().for_each(|(like, mean)| assert_close(mean, truth[like]));
}

#[test]
fn a_thousand_reads_of_two_hundred_granules_keep_to_their_bounds() {
    let test = "many::a_thousand_reads_of_two_hundred_granules_keep_to_their_bounds";
    let runtime = |threads| {
        tokio::runtime::Builder::new_multi_thread().worker_threads(threads).enable_all().build().unwrap()
    };
    if is_task(test) {
        runtime(2).block_on(read_them_all());
        return tell_peak();
    }
    if !cfg!(target_os = "linux") {
        println!("skipped: the memory of a process is told by Linux alone");
        return;
    }
    let folder = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR")).unwrap();
    archive_of_many(&folder.path().join("granules"));
    let runtime = runtime(2);
    let begun = Instant::now();
    let data = folder.path().join("granules");
    let sandbox = runtime.block_on(Sandbox::start(SandboxOptions::new(data))).unwrap();
    let peak = in_own_process(test, &sandbox, folder.path());
    println!("{READS} reads of {GRANULES} granules: {peak:.0} MB, {:.1} s", begun.elapsed().as_secs_f64());
    for service in [Service::Gateway, Service::Cdn] {
        let most = sandbox.most_at_once(service);
        assert!((2..=16).contains(&most), "{most} requests at once to {service:?}");
    }
    // Every granule has its way found once, and every window is read as often as it was asked for.
    let log = sandbox.log();
    assert_eq!(log.iter().filter(|entry| entry.service == Service::Gateway).count(), GRANULES);
    assert!(log.iter().filter(|entry| entry.service == Service::Cdn).count() >= READS + GRANULES);
    // Two hundred indexes, and what sixteen requests on their way and the pieces of the reads that wait for a decoder hold.
    assert!(peak < 250.0, "{peak} MB");
    runtime.block_on(sandbox.stop());
}

/// The statistics of a whole layer hold what is in flight, not the layer.
#[test]
fn statistics_of_a_whole_layer_hold_only_what_is_in_flight() {
    let test = "many::statistics_of_a_whole_layer_hold_only_what_is_in_flight";
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
    if is_task(test) {
        runtime.block_on(async {
            let session = session_of_task();
            let sources: Vec<String> = NEWEST.iter().map(|granule| (*granule).to_owned()).collect();
            let wanted = LayerOptions::new("A", "HHHH").region(Region::Whole);
            let all = stream::iter(&sources).map(|source| session.measure(source, &wanted)).buffered(5);
            let all: Vec<_> = all.collect().await;
            let pixels: u64 = all.into_iter().map(|found| found.unwrap().statistics.n_total).sum();
            println!("{pixels} pixels");
        });
        return tell_peak();
    }
    if !cfg!(target_os = "linux") {
        println!("skipped: the memory of a process is told by Linux alone");
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let sandbox = runtime.block_on(sandbox());
    let peak = in_own_process(test, &sandbox, folder.path());
    println!("whole layers of five granules: {peak:.0} MB");
    // Five sources at once, each with sixteen requests of 2 MiB and eight decoded pieces of 1 MiB at most.
    assert!(peak < 250.0, "{peak} MB");
    runtime.block_on(async {
        tokio::time::timeout(Duration::from_secs(30), sandbox.stop()).await.unwrap();
    });
}
