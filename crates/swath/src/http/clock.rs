//! Time as the network sees it: this machine's clock, how far the services' clock is from it, and waiting.

use std::fmt;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::{Duration, Instant};

use futures::future::BoxFuture;
use http::header::{self, HeaderMap};
use jiff::fmt::rfc2822;
use jiff::{SignedDuration, Timestamp};

/// Where the time comes from, and how to wait. Everything that expires or is tried again asks it, so that a test can
/// let ten hours pass in no time.
pub trait Clock: fmt::Debug + Send + Sync {
    /// The time of day of this machine (UTC).
    fn now(&self) -> Timestamp;

    /// The time since some moment in the past; unlike the time of day it never jumps.
    fn elapsed(&self) -> Duration;

    /// Waits.
    fn sleep(&self, wait: Duration) -> BoxFuture<'static, ()>;
}

/// The clock of this machine.
#[derive(Debug)]
pub struct SystemClock {
    begun: Instant,
}

impl Default for SystemClock {
    fn default() -> Self {
        Self { begun: Instant::now() }
    }
}

impl Clock for SystemClock {
    fn now(&self) -> Timestamp {
        Timestamp::now()
    }

    fn elapsed(&self) -> Duration {
        self.begun.elapsed()
    }

    fn sleep(&self, wait: Duration) -> BoxFuture<'static, ()> {
        Box::pin(tokio::time::sleep(wait))
    }
}

/// Smaller differences are the seconds that `Date` rounds away and the time that the answer took.
const TOLERANCE_SECONDS: i64 = 30;
/// What no difference can be: nothing was heard yet.
const UNKNOWN: i64 = i64::MIN;

/// How far the clock of the services is ahead of this machine's, by their last `Date` header.
#[derive(Debug)]
pub(super) struct Skew(AtomicI64);

impl Default for Skew {
    fn default() -> Self {
        Self(AtomicI64::new(UNKNOWN))
    }
}

impl Skew {
    /// The difference, once an answer has told it.
    pub(super) fn get(&self) -> Option<SignedDuration> {
        let seconds = self.0.load(Ordering::Relaxed);
        (seconds != UNKNOWN).then(|| SignedDuration::from_secs(seconds))
    }

    /// Compares an answer's `Date` (RFC 9110 §6.6.1) with the time at which it came.
    pub(super) fn hear(&self, headers: &HeaderMap, now: Timestamp) {
        // What comes out of a cache tells when it went in.
        if headers.contains_key(header::AGE) {
            return;
        }
        let date = headers.get(header::DATE).and_then(|value| value.to_str().ok());
        let Some(date) = date.and_then(|text| rfc2822::parse(text).ok()) else { return };
        let seconds = date.timestamp().duration_since(now).as_secs();
        let seconds = if seconds.abs() < TOLERANCE_SECONDS { 0 } else { seconds };
        self.0.store(seconds, Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_fresh_dates_that_differ_much_count() {
        let now: Timestamp = "1994-11-06T08:49:37Z".parse().unwrap();
        let heard = |date: &str, age: Option<&str>| {
            let (skew, mut headers) = (Skew::default(), HeaderMap::new());
            headers.insert(header::DATE, date.parse().unwrap());
            age.map(|age| headers.insert(header::AGE, age.parse().unwrap()));
            skew.hear(&headers, now);
            skew.get().map(|skew| skew.as_secs())
        };
        assert_eq!(heard("Sun, 06 Nov 1994 08:49:37 GMT", None), Some(0));
        assert_eq!(heard("Sun, 06 Nov 1994 08:49:30 GMT", None), Some(0));
        assert_eq!(heard("Sun, 06 Nov 1994 09:49:37 GMT", None), Some(3600));
        assert_eq!(heard("Sun, 06 Nov 1994 07:49:37 GMT", None), Some(-3600));
        assert_eq!(heard("Sun, 06 Nov 1994 07:49:37 GMT", Some("60")), None);
        assert_eq!(heard("some day", None), None);
    }
}
