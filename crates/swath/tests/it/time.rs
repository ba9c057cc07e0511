//! Time that tests hold in their hands: waits are counted, not waited for; ten hours pass between two reads.

use std::io::{Read, Write};
use std::net::TcpListener;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use futures::future::{BoxFuture, join_all};
use jiff::{SignedDuration, Timestamp};
use swath::http::{Clock, Event};
use swath::{DataArray, Error, ErrorKind, Session};
use swath_sandbox::{Fault, Misbehaviour, Sandbox, Service};

use crate::archive::*;

/// A clock that moves only when somebody waits or it is told to, and is as far off as wanted.
#[derive(Debug, Default)]
struct Steps {
    ahead: Mutex<SignedDuration>,
    slept: Mutex<Vec<Duration>>,
}

impl Steps {
    fn off_by(seconds: i64) -> Arc<Self> {
        let clock = Self::default();
        *clock.ahead.lock().unwrap() = SignedDuration::from_secs(seconds);
        Arc::new(clock)
    }

    fn pass(&self, time: SignedDuration) {
        *self.ahead.lock().unwrap() += time;
    }

    fn slept(&self) -> Vec<Duration> {
        self.slept.lock().unwrap().clone()
    }
}

impl Clock for Steps {
    fn now(&self) -> Timestamp {
        Timestamp::now() + *self.ahead.lock().unwrap()
    }

    fn elapsed(&self) -> Duration {
        self.slept().iter().sum()
    }

    fn sleep(&self, wait: Duration) -> BoxFuture<'static, ()> {
        self.slept.lock().unwrap().push(wait);
        self.pass(SignedDuration::try_from(wait).unwrap());
        Box::pin(tokio::task::yield_now())
    }
}

/// A session of this clock, as patient as users' are.
fn session_of(sandbox: &Sandbox, clock: &Arc<Steps>) -> Session {
    observed(sandbox, clock, |_| {})
}

/// The same, with somebody who is told what happens.
fn observed(sandbox: &Sandbox, clock: &Arc<Steps>, told: impl Fn(&Event) + Send + Sync + 'static) -> Session {
    let mut options = options(sandbox).with_observer(told);
    options.http.retry = swath::HttpOptions::default().retry;
    options.http.clock = clock.clone();
    Session::new(options).unwrap()
}

async fn failure(session: &Session, source: &str) -> Error {
    open(session, source).await.expect_err("nothing can be opened there")
}

#[tokio::test]
async fn tries_are_spread_and_the_error_tells_how_long_they_took() {
    let down = Misbehaviour::new(Service::Gateway, Fault::Status { code: 503, retry_after: None }).always();
    let (sandbox, clock) = (sandbox_with(down).await, Steps::off_by(0));
    let error = failure(&session_of(&sandbox, &clock), &sandbox.url_of(GRANULE)).await;
    let slept = clock.slept();
    assert_eq!((slept.len(), sandbox.log().len()), (4, 5));
    let bounds = Duration::from_millis(100)..=Duration::from_secs(15);
    assert!(slept.iter().all(|wait| bounds.contains(wait)), "{slept:?}");
    // Jitter: four draws of a continuous number are never the same.
    assert!(slept.windows(2).any(|pair| pair[0] != pair[1]), "{slept:?}");
    let took = format!("failed after 5 tries in {:.1} s", clock.elapsed().as_secs_f64());
    let said = format!("{error:?}");
    assert!(said.contains("GET https://127.0.0.1") && said.contains(&took), "{said}");
}

#[tokio::test]
async fn retry_after_is_kept_to_the_second_and_has_an_end() {
    let busy = |seconds| {
        let wait = Some(Duration::from_secs(seconds));
        data_fault(Fault::Status { code: 429, retry_after: wait })
    };
    for (asked, waited) in [(7, 7), (7000, 120)] {
        let (sandbox, clock) = (sandbox_with(busy(asked)).await, Steps::off_by(0));
        let told: Arc<Mutex<Vec<Event>>> = Arc::default();
        let events = told.clone();
        let session = observed(&sandbox, &clock, move |event| events.lock().unwrap().push(event.clone()));
        let found = mean(&session, &sandbox.url_of(GRANULE)).await.unwrap();
        assert_close(found, true_mean(GRANULE));
        assert_eq!(clock.slept(), [Duration::from_secs(waited)]);
        // Whoever waits is told for how long, before the wait.
        let told = told.lock().unwrap();
        let says = format!("asks to wait {waited} s (HTTP 429: SlowDown); try 2 of 5 follows");
        assert!(told.len() == 1 && told[0].to_string().ends_with(&says), "{told:?}");
    }
    // A second wait of two minutes would go beyond the three that a request may take.
    let rule = Misbehaviour::new(
        Service::Gateway,
        Fault::Status { code: 503, retry_after: Some(Duration::from_secs(7000)) },
    );
    let (sandbox, clock) = (sandbox_with(rule.always()).await, Steps::off_by(0));
    let error = failure(&session_of(&sandbox, &clock), &sandbox.url_of(GRANULE)).await;
    assert!(format!("{error:?}").contains("failed after 2 tries in 120.0 s"), "{error:?}");
    assert_eq!(clock.slept(), [Duration::from_secs(120)]);
}

#[tokio::test]
async fn who_cannot_be_reached_is_named() {
    let (sandbox, clock) = (sandbox().await, Steps::off_by(0));
    let nobody = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let session = session_of(&sandbox, &clock);
    let error = failure(&session, &format!("https://{nobody}/{GRANULE}.h5")).await;
    assert_eq!(error.kind(), ErrorKind::Service);
    assert!(format!("{error:?}").contains(&nobody.to_string()), "{error:?}");
    assert_eq!(clock.slept().len(), 4);
    let error = failure(&session, &format!("https://nobody.invalid/{GRANULE}.h5")).await;
    assert_eq!(error.kind(), ErrorKind::Service);
    assert!(format!("{error:?}").contains("nobody.invalid"), "{error:?}");
    // A server whose authority is not known is not talked to.
    let mut options = options(&sandbox);
    options.http.extra_ca_pem = None;
    options.http.clock = Steps::off_by(0);
    let error = failure(&Session::new(options).unwrap(), &sandbox.url_of(GRANULE)).await;
    assert_eq!(error.kind(), ErrorKind::Service);
    assert!(format!("{error:?}").to_lowercase().contains("certificate"), "{error:?}");
    assert!(sandbox.log().is_empty());
}

/// Requests for new credentials, and for new signed URLs.
fn renewals(sandbox: &Sandbox) -> (usize, usize) {
    let log = sandbox.log();
    let count = |credentials: bool| {
        let gateway = log.iter().filter(|entry| entry.service == Service::Gateway);
        gateway.filter(|entry| (entry.path == "/s3credentials") == credentials).count()
    };
    (count(true), count(false))
}

/// How many read at once: very many the first time, then one for each granule.
fn readers(hour: usize) -> usize {
    if hour == 1 { 32 } else { NEWEST.len() }
}

/// Reads the same box of all layers at once and checks every figure.
async fn read_all(layers: &[DataArray], readers: usize) {
    let readers = (0..readers).map(|reader| {
        let layer = &layers[reader % layers.len()];
        async move { (NEWEST[reader % NEWEST.len()], layer.mean().await) }
    });
    for (granule, mean) in join_all(readers).await {
        assert_close(mean.unwrap().unwrap(), true_mean(granule));
    }
}

/// The layers of all granules, opened and clipped.
async fn layers(session: &Session, sources: impl Iterator<Item = String>) -> Vec<DataArray> {
    let mut layers = Vec::new();
    for source in sources {
        layers.push(open(session, &source).await.unwrap().clip_box(cookbook_box()).await.unwrap());
    }
    layers
}

#[tokio::test]
async fn a_stack_outlives_ten_expiries_of_its_credentials() {
    let (sandbox, clock) = (sandbox().await, Steps::off_by(0));
    let session = session_of(&sandbox, &clock);
    let layers = layers(&session, NEWEST.iter().map(|granule| sandbox.s3_url_of(granule))).await;
    for hour in 1..=10 {
        clock.pass(SignedDuration::from_hours(1));
        read_all(&layers, readers(hour)).await;
        // Thirty-two readers of five granules wait for one renewal.
        assert_eq!(renewals(&sandbox), (1 + hour, 0));
    }
}

#[tokio::test]
async fn signed_urls_are_renewed_before_they_expire_once_for_all_readers() {
    let (sandbox, clock) = (sandbox().await, Steps::off_by(0));
    let session = session_of(&sandbox, &clock);
    let layers = layers(&session, std::iter::once(sandbox.url_of(GRANULE))).await;
    for hour in 1..=10 {
        // Half a minute before its end a signed URL is not used any more.
        clock.pass(SignedDuration::from_secs(3600 - 30));
        let readers = join_all((0..readers(hour)).map(|_| layers[0].mean())).await;
        readers.into_iter().for_each(|mean| assert_close(mean.unwrap().unwrap(), true_mean(GRANULE)));
        assert_eq!(renewals(&sandbox), (0, 1 + hour));
    }
    assert!(sandbox.log().iter().all(|entry| entry.status < 400), "a URL was used until it was refused");
}

/// A gateway whose addresses are good for a minute of this clock, before storage that is busy for longer than that, once.
fn short_lived(clock: Arc<Steps>) -> String {
    let object = std::fs::read(stored(GRANULE)).unwrap();
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}/{GRANULE}.h5", listener.local_addr().unwrap());
    let mut was_busy = false;
    let mut answer = move |asked: &str| -> Vec<u8> {
        let Some((_, expires)) = asked.split_once("?Expires=") else {
            let expires = clock.now().as_second() + 60;
            return format!(
                "302 Found\r\nLocation: /signed.h5?Expires={expires}\r\nContent-Length: 0\r\n\r\n"
            )
            .into();
        };
        if clock.now().as_second() >= expires.split(' ').next().unwrap().parse().unwrap() {
            let text = "<Error><Code>AccessDenied</Code></Error>";
            return format!("403 Forbidden\r\nContent-Length: {}\r\n\r\n{text}", text.len()).into_bytes();
        }
        if !std::mem::replace(&mut was_busy, true) {
            return b"503 Busy\r\nRetry-After: 100\r\nContent-Length: 0\r\n\r\n".to_vec();
        }
        let range = asked.lines().find_map(|line| line.strip_prefix("range: bytes=")).unwrap();
        let (first, last) = range.split_once('-').unwrap();
        let (first, last): (usize, usize) = (first.parse().unwrap(), last.trim().parse().unwrap());
        let (body, size) = (&object[first..(last + 1).min(object.len())], object.len());
        let (last, length) = (first + body.len() - 1, body.len());
        let head = format!(
            "206 Part\r\nContent-Range: bytes {first}-{last}/{size}\r\nContent-Length: {length}\r\n\r\n"
        );
        [head.as_bytes(), body].concat()
    };
    std::thread::spawn(move || {
        // One request a connection, one after the other.
        for mut client in listener.incoming().flatten() {
            let (mut asked, mut byte) = (Vec::new(), [0]);
            while !asked.ends_with(b"\r\n\r\n") && client.read_exact(&mut byte).is_ok() {
                asked.push(byte[0]);
            }
            let asked = String::from_utf8_lossy(&asked).replace("Range:", "range:");
            let _ = client.write_all(&[b"HTTP/1.1 ".as_slice(), &answer(&asked)].concat());
        }
    });
    url
}

#[tokio::test]
async fn an_address_that_expires_while_its_bytes_are_awaited_is_asked_for_again() {
    let (sandbox, clock) = (sandbox().await, Steps::off_by(0));
    let url = short_lived(clock.clone());
    assert_close(mean(&session_of(&sandbox, &clock), &url).await.unwrap(), true_mean(GRANULE));
    assert_eq!(clock.slept().iter().filter(|wait| **wait == Duration::from_secs(100)).count(), 1);
}

#[tokio::test]
async fn a_clock_that_is_hours_off_does_no_harm() {
    for seconds in [3600, -3600, 36_000, -36_000] {
        let (sandbox, clock) = (sandbox().await, Steps::off_by(seconds));
        let session = session_of(&sandbox, &clock);
        for _ in 0..2 {
            assert_close(mean(&session, &sandbox.s3_url_of(GRANULE)).await.unwrap(), true_mean(GRANULE));
        }
        assert_eq!(renewals(&sandbox), (1, 0), "{seconds} s off");
        let layer = open(&session, &sandbox.url_of(GRANULE)).await.unwrap();
        let layer = layer.clip_box(cookbook_box()).await.unwrap();
        for _ in 0..2 {
            assert_close(layer.mean().await.unwrap().unwrap(), true_mean(GRANULE));
        }
        assert_eq!(renewals(&sandbox), (1, 1), "{seconds} s off");
        assert!(sandbox.log().iter().all(|entry| entry.status < 400), "{seconds} s off");
        let report = session.examine().await;
        let found = report.checks.iter().find(|check| check.name == "clock").unwrap();
        let direction = if seconds > 0 { "ahead of" } else { "behind" };
        assert!(found.found.contains(direction) && found.fix.is_some(), "{found:?}");
    }
}
