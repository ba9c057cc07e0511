//! The time that a caller allows, on a clock that the test moves.

use std::sync::Arc;
use std::time::Duration;

use futures::FutureExt;
use futures::future::BoxFuture;
use jiff::Timestamp;
use swath::download::DownloadOptions;
use swath::http::Clock;
use swath::search::Query;
use swath::{ErrorKind, LayerOptions, OpenOptions, Session};
use swath_sandbox::{Fault, Misbehaviour, Sandbox, Service};
use tokio::sync::watch;

use crate::archive::*;

/// A clock that stands still until the test moves it.
#[derive(Debug)]
struct Still(watch::Sender<Duration>);

impl Still {
    fn new() -> Arc<Self> {
        Arc::new(Self(watch::channel(Duration::ZERO).0))
    }

    fn pass(&self, time: Duration) {
        self.0.send_modify(|now| *now += time);
    }
}

impl Clock for Still {
    fn now(&self) -> Timestamp {
        Timestamp::now()
    }

    fn elapsed(&self) -> Duration {
        *self.0.borrow()
    }

    fn sleep(&self, wait: Duration) -> BoxFuture<'static, ()> {
        let (until, mut time) = (self.elapsed() + wait, self.0.subscribe());
        async move {
            // A clock that is gone wakes nobody.
            if time.wait_for(|now| *now >= until).await.is_err() {
                std::future::pending::<()>().await;
            }
        }
        .boxed()
    }
}

const ALLOWED: Duration = Duration::from_secs(90);

/// A sandbox that stalls everywhere after the first bytes, and a session that allows 90 s.
async fn stalling() -> (Sandbox, Session, Arc<Still>) {
    let sandbox = sandbox().await;
    for service in [Service::Cmr, Service::Gateway, Service::Cdn, Service::S3] {
        let stall = Fault::Stall { after: 0, pause: Duration::from_secs(600) };
        sandbox.misbehave(Misbehaviour::new(service, stall).always());
    }
    let clock = Still::new();
    let mut options = options(&sandbox).with_deadline(ALLOWED);
    options.http.clock = clock.clone();
    options.http.stall_timeout = Duration::from_secs(600);
    options.http.answer_timeout = Duration::from_secs(600);
    (sandbox, Session::new(options).unwrap(), clock)
}

/// Waits until the sandbox has been asked something.
async fn asked(sandbox: &Sandbox) {
    while sandbox.log().is_empty() {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}

/// The call fails when its time is over and not before; what it says.
async fn times_out<T: std::fmt::Debug>(
    sandbox: &Sandbox,
    clock: &Still,
    call: impl Future<Output = swath::Result<T>>,
) -> String {
    sandbox.clear_log();
    let mut call = std::pin::pin!(call);
    tokio::select! {
        biased;
        early = &mut call => panic!("it ended before its time: {early:?}"),
        () = asked(sandbox) => {}
    }
    clock.pass(ALLOWED - Duration::from_millis(1));
    assert!(futures::poll!(&mut call).is_pending(), "it ended a millisecond early");
    clock.pass(Duration::from_millis(1));
    let error = call.await.unwrap_err();
    assert!(error.is_timeout(), "{error:?}");
    format!("{error:?}")
}

#[tokio::test]
async fn each_call_of_a_session_ends_in_its_time_and_says_so() {
    let (sandbox, session, clock) = stalling().await;
    let (url, s3) = (sandbox.url_of(GRANULE), sandbox.s3_url_of(GRANULE));
    let query = Query::new().dataset("NISAR").processing_level("GCOV");
    let wanted = LayerOptions::new("A", "HHHH");
    let said = [
        times_out(&sandbox, &clock, session.search(&query)).await,
        times_out(&sandbox, &clock, session.search_count(&query)).await,
        times_out(&sandbox, &clock, session.open(&url, &OpenOptions::default())).await,
        times_out(&sandbox, &clock, session.open(GRANULE, &OpenOptions::default())).await,
        times_out(&sandbox, &clock, session.open_region(&s3, &wanted)).await,
        times_out(&sandbox, &clock, session.measure(&url, &wanted)).await,
    ];
    for said in said {
        assert!(said.contains("not done after the 90 s") && said.contains("MB had come"), "{said}");
    }
}

#[tokio::test]
async fn a_shared_deadline_keeps_what_was_done_before_it() {
    let (sandbox, session, clock) = stalling().await;
    let folder = tempfile::tempdir().unwrap();
    sandbox.behave();
    let stall = Fault::Stall { after: 1 << 20, pause: Duration::from_secs(600) };
    sandbox.misbehave(Misbehaviour::new(Service::Cdn, stall).on_path(NEWEST[1]).after(2).always());
    let sources = [sandbox.url_of(NEWEST[0]), sandbox.url_of(NEWEST[1])];
    let deadline = session.deadline(ALLOWED);
    let options = DownloadOptions::new(folder.path()).piece_bytes(256 << 10).at_once(1).deadline(deadline);
    let whole = folder.path().join(format!("{}.h5", NEWEST[0]));
    let download = tokio::spawn({
        let session = session.clone();
        async move { session.download(&sources, &options).await }
    });
    // The first is whole, and the second hangs in its third piece or later.
    while !(whole.exists() && sandbox.log().iter().filter(|entry| entry.path.contains(NEWEST[1])).count() > 3)
    {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    clock.pass(ALLOWED);
    let report = download.await.unwrap().unwrap();
    let failed = &report.failed[0].error;
    assert_eq!((report.done.len(), report.failed.len(), failed.kind()), (1, 1, ErrorKind::Timeout));
    assert!(!folder.path().join(format!("{}.h5", NEWEST[1])).exists(), "half a file has its name");
    // A deadline that is over begins nothing.
    sandbox.behave();
    let late = session.deadline(Duration::ZERO).limit(session.search(&Query::new())).await.unwrap_err();
    assert!(late.is_timeout() && late.reasons()[0].starts_with("0 requests"), "{late:?}");
    // What was begun is gone on with.
    let again = DownloadOptions::new(folder.path()).piece_bytes(256 << 10);
    let report = session.download(&[sandbox.url_of(NEWEST[1])], &again).await.unwrap();
    assert!(report.failed.is_empty(), "{:?}", report.failed);
}
