//! When to try again, and how long to wait before it.
//!
//! Connection failures, cut or stalled bodies, 408, 429 and 5xx are tried again, with decorrelated jitter
//! (next = random between base and 3 × last, capped) or as long as `Retry-After` asks; everything else is final.
//! Reads have no side effects here, so any request may be repeated.

use std::hash::{BuildHasher, Hasher, RandomState};
use std::time::Duration;

use jiff::Timestamp;
use jiff::fmt::rfc2822;

/// How stubborn a request is.
#[derive(Debug, Clone)]
pub struct RetryPolicy {
    /// Tries in all, the first one counted.
    pub tries: u32,
    /// The shortest wait between two tries.
    pub base: Duration,
    /// The longest wait between two tries, also where `Retry-After` asks for more.
    pub cap: Duration,
    /// From the first try to the last wait; what would go beyond fails instead.
    pub deadline: Duration,
}

impl Default for RetryPolicy {
    fn default() -> Self {
        Self {
            tries: 5,
            base: Duration::from_millis(100),
            cap: Duration::from_secs(120),
            deadline: Duration::from_secs(180),
        }
    }
}

impl RetryPolicy {
    /// The wait after a failed try, given the last wait and what the server asked for.
    pub(crate) fn wait(&self, last: Duration, retry_after: Option<Duration>) -> Duration {
        if let Some(asked) = retry_after {
            return asked.min(self.cap);
        }
        let base = self.base.as_secs_f64();
        let high = (last.as_secs_f64() * 3.0).max(base * 3.0);
        let wait = base + (high - base) * random_unit();
        Duration::from_secs_f64(wait.min(self.cap.as_secs_f64()).min(15.0))
    }
}

/// A number in [0, 1): jitter needs no better source than the keys of a new hash map.
fn random_unit() -> f64 {
    let bits = RandomState::new().build_hasher().finish();
    (bits >> 11) as f64 / (1u64 << 53) as f64
}

/// Whether an answer with this status may be different next time.
pub(crate) fn is_transient(status: u16) -> bool {
    matches!(status, 408 | 429 | 500 | 502 | 503 | 504)
}

/// `Retry-After` as seconds or as an HTTP date (RFC 9110 §10.2.3).
pub(crate) fn retry_after(value: Option<&str>, now: Timestamp) -> Option<Duration> {
    let value = value?.trim();
    if let Ok(seconds) = value.parse::<u64>() {
        return Some(Duration::from_secs(seconds));
    }
    let when = rfc2822::parse(value).ok()?.timestamp();
    Some(Duration::try_from(when.duration_since(now)).unwrap_or(Duration::ZERO))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waits_stay_between_base_and_cap() {
        let policy = RetryPolicy::default();
        let mut last = policy.base;
        for _ in 0..200 {
            last = policy.wait(last, None);
            assert!(last >= policy.base && last <= Duration::from_secs(15), "{last:?}");
        }
        assert_eq!(policy.wait(last, Some(Duration::from_secs(7))), Duration::from_secs(7));
        assert_eq!(policy.wait(last, Some(Duration::from_secs(7000))), policy.cap);
    }

    #[test]
    fn retry_after_reads_seconds_and_dates() {
        let now = Timestamp::from_second(784_111_777).unwrap();
        assert_eq!(retry_after(Some("3"), now), Some(Duration::from_secs(3)));
        let date = Some("Sun, 06 Nov 1994 08:49:47 GMT");
        assert_eq!(retry_after(date, now), Some(Duration::from_secs(10)));
        assert_eq!(retry_after(Some("soon"), now), None);
    }
}
