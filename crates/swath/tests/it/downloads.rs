//! Downloads against the sandbox and its faults: what is on the disk afterwards, and how many requests it took.

use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};

use swath::download::{DownloadOptions, DownloadReport, FileSet, Outcome, Progress};
use swath::export::Existing;
use swath::{Access, Door, ErrorKind, Session};
use swath_sandbox::{Fault, Misbehaviour, Sandbox, SandboxOptions, Service};

use crate::archive::*;

const BUCKET: &str = "sds-n-cumulus-prod-nisar-products/NISAR_L2_GCOV_BETA_V1";

/// MD5 of the first demo granule, by Python's hashlib.
const MD5: &str = "bb32ee19eb35341ffd665e9f97dca6ce";

fn visible(folder: &Path) -> Vec<String> {
    let entries = std::fs::read_dir(folder).unwrap().flatten();
    let names = entries.map(|entry| entry.file_name().to_string_lossy().into_owned());
    let mut names: Vec<String> = names.filter(|name| !name.starts_with('.')).collect();
    names.sort();
    names
}

fn hidden(folder: &Path) -> usize {
    std::fs::read_dir(folder).unwrap().flatten().count() - visible(folder).len()
}

/// Small pieces, so that little files have many.
fn into(folder: &Path) -> DownloadOptions {
    DownloadOptions::new(folder).piece_bytes(256 << 10)
}

async fn get(session: &Session, source: &str, folder: &Path) -> DownloadReport {
    session.download(&[source.to_owned()], &into(folder)).await.unwrap()
}

fn data_requests(sandbox: &Sandbox) -> usize {
    sandbox.log().iter().filter(|entry| matches!(entry.service, Service::Cdn | Service::S3)).count()
}

fn assert_whole(folder: &Path, name: &str) {
    let ours = std::fs::read(folder.join(format!("{name}.h5"))).unwrap();
    assert!(ours == std::fs::read(stored(name)).unwrap(), "{name} differs");
    assert_eq!(hidden(folder), 0, "something temporary is left");
}

#[tokio::test]
async fn files_come_by_name_by_address_and_from_s3() {
    let sandbox = sandbox().await;
    let session = session(&sandbox);
    let folder = tempfile::tempdir().unwrap();
    let sources = [NEWEST[0].to_owned(), sandbox.url_of(NEWEST[1]), sandbox.s3_url_of(NEWEST[2])];
    let begun = Arc::new(Mutex::new((0, 0)));
    let told = begun.clone();
    let options = into(folder.path()).observer(move |step| {
        let mut sums = told.lock().unwrap();
        match step {
            Progress::Begun { size, .. } => sums.0 += size,
            Progress::Received { bytes, .. } => sums.1 += bytes,
            _ => {}
        }
    });
    let report = session.download(&sources, &options).await.unwrap();
    assert!(report.failed.is_empty(), "{:?}", report.failed);
    let names: Vec<String> = report
        .done
        .iter()
        .map(|file| file.path.file_stem().unwrap().to_string_lossy().into_owned())
        .collect();
    assert_eq!(names, NEWEST[..3]);
    for name in &NEWEST[..3] {
        assert_whole(folder.path(), name);
    }
    let sums = *begun.lock().unwrap();
    let bytes: u64 = report.done.iter().map(|file| file.bytes).sum();
    assert_eq!(sums, (bytes, bytes));
    // What is there is not fetched again, nor asked for where the catalogue tells its size.
    sandbox.clear_log();
    let again = session.download(&sources, &options).await.unwrap();
    assert!(again.done.iter().all(|file| file.outcome == Outcome::Unchanged), "{:?}", again.done);
    assert_eq!(data_requests(&sandbox), 0);
}

#[tokio::test]
async fn s3_stands_for_https_when_told() {
    let sandbox = sandbox().await;
    let folder = tempfile::tempdir().unwrap();
    let options = into(folder.path()).access(Access::S3);
    let report = session(&sandbox).download(&[GRANULE.to_owned()], &options).await.unwrap();
    assert!(report.failed.is_empty(), "{:?}", report.failed);
    assert_eq!(report.done[0].door, Some(Door::S3));
    assert_whole(folder.path(), GRANULE);
    assert!(sandbox.log().iter().all(|entry| entry.service != Service::Cdn));
}

#[tokio::test]
async fn faults_of_the_network_are_overcome() {
    let faults = [
        Fault::CutBody { after: 100_000 },
        Fault::Status { code: 503, retry_after: None },
        Fault::ShortBody { missing: 7 },
    ];
    for fault in faults {
        let sandbox = sandbox().await;
        sandbox.misbehave(data_fault(fault.clone()).after(2).times(2));
        let folder = tempfile::tempdir().unwrap();
        let report = get(&session(&sandbox), &sandbox.url_of(GRANULE), folder.path()).await;
        assert!(report.failed.is_empty(), "{fault:?}: {:?}", report.failed);
        assert_whole(folder.path(), GRANULE);
    }
}

#[tokio::test]
async fn what_stopped_half_way_goes_on() {
    let sandbox = sandbox().await;
    let folder = tempfile::tempdir().unwrap();
    let url = sandbox.url_of(GRANULE);
    // After the fifth piece the service is gone.
    sandbox.misbehave(data_fault(Fault::Status { code: 503, retry_after: None }).after(5).always());
    let stopped = get(&session(&sandbox), &url, folder.path()).await;
    assert_eq!(stopped.failed[0].error.kind(), ErrorKind::Service);
    assert!(visible(folder.path()).is_empty() && hidden(folder.path()) == 2);
    // Pieces that were asked for beyond the one that failed may still wait to be read: they are none of the next call's.
    sandbox.disconnect().await;
    sandbox.behave();
    sandbox.clear_log();
    let report = get(&session(&sandbox), &url, folder.path()).await;
    assert!(report.failed.is_empty(), "{:?}", report.failed);
    let Outcome::Resumed { from } = report.done[0].outcome else { panic!("{:?}", report.done) };
    assert!(from > 0 && from % (256 << 10) == 0, "{from}");
    assert_whole(folder.path(), GRANULE);
    let sent: u64 = sandbox.log().iter().filter(|e| e.service == Service::Cdn).map(|e| e.bytes_sent).sum();
    assert_eq!(sent, report.done[0].bytes - from, "bytes that were there are fetched again");
}

#[tokio::test]
async fn a_download_that_is_dropped_goes_on_too() {
    let sandbox = sandbox().await;
    let folder = tempfile::tempdir().unwrap();
    let url = sandbox.url_of(GRANULE);
    let (sender, received) = tokio::sync::oneshot::channel();
    let sender = Mutex::new(Some(sender));
    let pieces = std::sync::atomic::AtomicUsize::new(0);
    let options = into(folder.path()).observer(move |step| {
        let third = matches!(step, Progress::Received { .. })
            && pieces.fetch_add(1, std::sync::atomic::Ordering::SeqCst) == 2;
        if let Some(sender) = sender.lock().unwrap().take_if(|_| third) {
            let _ = sender.send(());
        }
    });
    let (session, sources) = (session(&sandbox), [url.clone()]);
    tokio::select! {
        _ = session.download(&sources, &options) => panic!("it ended before it was dropped"),
        _ = received => {}
    }
    assert!(visible(folder.path()).is_empty());
    let report = get(&session, &url, folder.path()).await;
    assert!(report.failed.is_empty(), "{:?}", report.failed);
    assert!(matches!(report.done[0].outcome, Outcome::Resumed { from } if from >= 3 * (256 << 10)));
    assert_whole(folder.path(), GRANULE);
}

#[tokio::test]
async fn an_object_replaced_meanwhile_is_never_mixed() {
    let sandbox = sandbox().await;
    let folder = tempfile::tempdir().unwrap();
    let url = sandbox.url_of(GRANULE);
    sandbox.misbehave(data_fault(Fault::ReplaceObject).after(3).times(3));
    let report = get(&session(&sandbox), &url, folder.path()).await;
    assert!(report.failed[0].error.is_integrity(), "{:?}", report.failed);
    assert_eq!((visible(folder.path()).len(), hidden(folder.path())), (0, 0));
    // Half of the old one is there, then the archive has a new one: it is fetched anew, once.
    sandbox.behave();
    sandbox.misbehave(data_fault(Fault::Status { code: 503, retry_after: None }).after(4).always());
    get(&session(&sandbox), &url, folder.path()).await;
    assert_eq!(hidden(folder.path()), 2);
    let journal = folder.path().join(format!(".{GRANULE}.h5.part.json"));
    let text = std::fs::read_to_string(&journal).unwrap();
    let mut known: serde_json::Value = serde_json::from_str(&text).unwrap();
    known["tag"] = "\"another\"".into();
    std::fs::write(&journal, known.to_string()).unwrap();
    sandbox.behave();
    let report = get(&session(&sandbox), &url, folder.path()).await;
    assert!(report.failed.is_empty(), "{:?}", report.failed);
    assert_eq!(report.done[0].outcome, Outcome::Fetched);
    assert_whole(folder.path(), GRANULE);
}

#[tokio::test]
async fn what_is_no_granule_never_gets_its_name() {
    let login = sandbox_with(data_fault(Fault::LoginPage).always()).await;
    let folder = tempfile::tempdir().unwrap();
    let report = get(&session(&login), &login.url_of(GRANULE), folder.path()).await;
    assert!(report.failed[0].error.is_authentication(), "{:?}", report.failed);
    let flipped = sandbox_with(data_fault(Fault::FlipBit { offset: 1 }).always()).await;
    let report = get(&session(&flipped), &flipped.url_of(GRANULE), folder.path()).await;
    assert!(report.failed[0].error.is_integrity(), "{:?}", report.failed);
    assert_eq!(visible(folder.path()), Vec::<String>::new());
}

#[tokio::test]
async fn some_that_fail_do_not_stop_the_others() {
    let sandbox = sandbox().await;
    let folder = tempfile::tempdir().unwrap();
    let sources = [
        sandbox.url_of(&GRANULE.replace("X05009", "X05999")),
        GRANULE.replace("X05009", "X05998"),
        "not a name".to_owned(),
        "local.h5".to_owned(),
        format!("{}?X-Amz-Signature=canary", sandbox.url_of(GRANULE)),
        GRANULE.to_owned(),
    ];
    let report = session(&sandbox).download(&sources, &into(folder.path())).await.unwrap();
    let kinds: Vec<ErrorKind> = report.failed.iter().map(|failed| failed.error.kind()).collect();
    use ErrorKind::{NotFound, Usage};
    assert_eq!(kinds, [NotFound, NotFound, Usage, Usage], "{:?}", report.failed);
    assert!(report.failed.iter().zip(&sources).all(|(failed, source)| failed.source == *source));
    // The same file by name and by address is fetched once.
    assert_eq!(report.done.len(), 1);
    assert!(!format!("{report:?}").contains("canary"));
    assert_whole(folder.path(), GRANULE);
}

/// A folder of one granule with side files, whose statistics are an HDF5 file too.
fn with_side_files(folder: &Path) -> PathBuf {
    let home = folder.join("archive").join(BUCKET).join(GRANULE);
    std::fs::create_dir_all(&home).unwrap();
    std::fs::copy(stored(GRANULE), home.join(format!("{GRANULE}.h5"))).unwrap();
    std::fs::write(home.join(format!("{GRANULE}_QA_STATS.h5")), b"\x89HDF\r\n\x1a\nstatistics").unwrap();
    std::fs::write(home.join(format!("{GRANULE}_QA_SUMMARY.csv")), "a,b\n").unwrap();
    std::fs::write(home.join(format!("{GRANULE}_QA_REPORT.pdf")), "%PDF-1.7").unwrap();
    folder.join("archive")
}

#[tokio::test]
async fn side_files_have_names_of_their_own() {
    let folder = tempfile::tempdir().unwrap();
    let archive = with_side_files(folder.path());
    let sandbox = Sandbox::start(SandboxOptions::new(&archive)).await.unwrap();
    let session = session(&sandbox);
    let target = folder.path().join("files");
    let options = into(&target).files(vec![FileSet::Data, FileSet::Qa]);
    let report = session.download(&[sandbox.url_of(GRANULE)], &options).await.unwrap();
    assert!(report.failed.is_empty(), "{:?}", report.failed);
    let endings: Vec<String> = visible(&target).iter().map(|name| name.replace(GRANULE, "")).collect();
    assert_eq!(endings, [".h5", "_QA_REPORT.pdf", "_QA_STATS.h5", "_QA_SUMMARY.csv"]);
    assert_eq!(std::fs::read(target.join(format!("{GRANULE}_QA_SUMMARY.csv"))).unwrap(), b"a,b\n");
    // The name of one file stands for that file.
    let other = folder.path().join("one");
    let report = get(&session, &format!("{GRANULE}_QA_SUMMARY.csv"), &other).await;
    assert_eq!((report.done.len(), visible(&other).len()), (1, 1));
    // All that is public is asked for; what the archive lacks is told, and the producer's own files are left alone.
    let all = into(&target).files(vec![FileSet::All]);
    let report = session.download(&[GRANULE.to_owned()], &all).await.unwrap();
    assert_eq!(report.done.iter().filter(|file| file.outcome == Outcome::Unchanged).count(), 4);
    assert!(report.failed.iter().all(|failed| failed.error.is_not_found()), "{:?}", report.failed);
    assert!(sandbox.log().iter().all(|entry| !entry.path.contains("PRIVATE")));
}

/// A session that asks one sandbox for data, and another for what is known of it.
fn between(data: &Sandbox, catalogue: &Sandbox) -> Session {
    let mut options = options(data);
    options.cmr_url = swath::SafeUrl::parse(catalogue.origin(Service::Cmr)).unwrap();
    options.http.extra_ca_pem = Some(format!("{}{}", data.ca_pem(), catalogue.ca_pem()));
    Session::new(options).unwrap()
}

#[tokio::test]
async fn size_and_checksum_are_those_of_the_catalogue() {
    let sandbox = sandbox().await;
    let folder = tempfile::tempdir().unwrap();
    let home = folder.path().join("archive").join(BUCKET).join(GRANULE);
    std::fs::create_dir_all(&home).unwrap();
    let (file, sum) = (home.join(format!("{GRANULE}.h5")), home.join(format!("{GRANULE}.h5.md5")));
    std::fs::write(&file, b"\x89HDF\r\n\x1a\nshort").unwrap();
    let catalogue = Sandbox::start(SandboxOptions::new(folder.path().join("archive"))).await.unwrap();
    let session = between(&sandbox, &catalogue);
    let target = folder.path().join("files");
    let report = get(&session, &sandbox.url_of(GRANULE), &target).await;
    assert!(report.failed[0].error.is_integrity(), "{:?}", report.failed);
    assert!(report.failed[0].error.reasons().join(" ").contains("wrong size"), "{:?}", report.failed);
    // Of the right size, but with a wrong checksum: nothing is left, and it is fetched anew.
    std::fs::copy(stored(GRANULE), &file).unwrap();
    std::fs::write(&sum, "00000000000000000000000000000000\n").unwrap();
    let report = get(&session, &sandbox.url_of(GRANULE), &target).await;
    assert!(report.failed[0].error.reasons().join(" ").contains("wrong checksum"), "{:?}", report.failed);
    assert_eq!((visible(&target).len(), hidden(&target)), (0, 0));
    // With the right one it is there, and is known to be right the next time.
    std::fs::write(&sum, MD5).unwrap();
    let report = get(&session, &sandbox.url_of(GRANULE), &target).await;
    assert!(report.failed.is_empty(), "{:?}", report.failed);
    assert_eq!(report.done[0].checked.as_deref(), Some("MD5"));
    let again = get(&session, &sandbox.url_of(GRANULE), &target).await;
    assert_eq!((again.done[0].outcome, again.done[0].checked.as_deref()), (Outcome::Unchanged, Some("MD5")));
    // A bit that turned on the disk is found.
    let path = target.join(format!("{GRANULE}.h5"));
    let mut bytes = std::fs::read(&path).unwrap();
    bytes[100_000] ^= 1;
    std::fs::write(&path, bytes).unwrap();
    let report = get(&session, &sandbox.url_of(GRANULE), &target).await;
    assert_eq!(report.failed[0].error.kind(), ErrorKind::Usage, "{:?}", report.failed);
}

#[tokio::test]
async fn a_file_of_the_same_name_is_replaced_only_when_told() {
    let sandbox = sandbox().await;
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join(format!("{GRANULE}.h5"));
    std::fs::write(&path, "mine").unwrap();
    let report = get(&session(&sandbox), GRANULE, folder.path()).await;
    assert_eq!(report.failed[0].error.kind(), ErrorKind::Usage);
    assert_eq!(std::fs::read(&path).unwrap(), b"mine");
    let options = into(folder.path()).existing(Existing::Replace);
    let report = session(&sandbox).download(&[GRANULE.to_owned()], &options).await.unwrap();
    assert!(report.failed.is_empty(), "{:?}", report.failed);
    assert_whole(folder.path(), GRANULE);
}

#[tokio::test]
async fn a_disk_that_cannot_be_written_is_named() {
    let sandbox = sandbox().await;
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("file");
    std::fs::write(&file, "no folder").unwrap();
    let error = session(&sandbox).download(&[GRANULE.to_owned()], &into(&file)).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Local);
    // A folder stands where the part would be written, which also stops those who may write everywhere.
    std::fs::create_dir(folder.path().join(format!(".{GRANULE}.h5.part"))).unwrap();
    let report = get(&session(&sandbox), GRANULE, folder.path()).await;
    assert_eq!(report.failed[0].error.kind(), ErrorKind::Local, "{:?}", report.failed);
    assert_eq!(visible(folder.path()), ["file"]);
}

#[tokio::test]
async fn a_licence_that_is_not_accepted_is_linked() {
    let sandbox = sandbox().await;
    let folder = tempfile::tempdir().unwrap();
    let session = session_with_token(&sandbox, &sandbox.token("noeula", 3600));
    let report = get(&session, &sandbox.url_of(GRANULE), folder.path()).await;
    let error = &report.failed[0].error;
    assert!(error.hint().unwrap().contains("approve_app"), "{error:?}");
    assert!(session.check_login().await.unwrap_err().hint().unwrap().contains("approve_app"));
}

#[tokio::test]
async fn a_catalogue_that_is_down_stops_names_but_not_addresses() {
    let sandbox = sandbox().await;
    sandbox
        .misbehave(Misbehaviour::new(Service::Cmr, Fault::Status { code: 500, retry_after: None }).always());
    let folder = tempfile::tempdir().unwrap();
    let sources = [NEWEST[1].to_owned(), sandbox.url_of(GRANULE)];
    let report = session(&sandbox).download(&sources, &into(folder.path())).await.unwrap();
    assert_eq!(report.failed[0].error.kind(), ErrorKind::Service, "{:?}", report.failed);
    assert_whole(folder.path(), GRANULE);
}
