//! A moment by which a call, or several together, have to be done.

use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use futures::future::{Either, select};

use super::Session;
use crate::error::{Error, ErrorKind, Result};
use crate::http::{Clock, Ledger, Totals};

/// The moment by which work has to be done. Several pieces of work may share one: what is done by then is done, the rest fails.
///
/// ```
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> swath::Result<()> {
/// use std::time::Duration;
/// use swath::{ErrorKind, Session, SessionOptions};
///
/// let session = Session::new(SessionOptions::default())?;
/// let deadline = session.deadline(Duration::from_millis(1));
/// let late = deadline.limit(std::future::pending::<swath::Result<()>>()).await;
/// assert_eq!(late.unwrap_err().kind(), ErrorKind::Timeout);
/// # Ok(())
/// # }
/// ```
#[derive(Debug, Clone)]
pub struct Deadline {
    clock: Arc<dyn Clock>,
    /// On the clock's own count.
    at: Duration,
    allowed: Duration,
    ledger: Ledger,
    before: Totals,
}

impl Session {
    /// A moment that is `longest` from now, on the clock of this session.
    pub fn deadline(&self, longest: Duration) -> Deadline {
        let clock = self.store().http.clock().clone();
        let at = clock.elapsed().saturating_add(longest);
        let (ledger, before) = (self.ledger().clone(), self.ledger().totals());
        Deadline { clock, at, allowed: longest, ledger, before }
    }

    /// `work` within the deadline of this session's options, if it has one.
    pub(crate) fn limited<'a, T: 'a>(
        &'a self,
        work: impl Future<Output = Result<T>> + 'a,
    ) -> impl Future<Output = Result<T>> + 'a {
        // On the heap: calls nest, and each would hold the ones within it several times.
        let work = Box::pin(work);
        async move {
            match self.0.deadline {
                Some(longest) => self.deadline(longest).limit(work).await,
                None => work.await,
            }
        }
    }
}

impl Deadline {
    /// The result of `work`, or a timeout error when it is not there by the deadline. Work that is given up is dropped: its requests
    /// end, no file gets a name, and what a download has on the disk is gone on from later.
    ///
    /// # Errors
    /// Those of `work`; a timeout error that says what the network had given until then.
    pub fn limit<'a, T: 'a>(
        &'a self,
        work: impl Future<Output = Result<T>> + 'a,
    ) -> impl Future<Output = Result<T>> + 'a {
        let work = Box::pin(work);
        async move {
            let left = self.at.saturating_sub(self.clock.elapsed());
            if left.is_zero() {
                return Err(self.passed());
            }
            match select(work, self.clock.sleep(left)).await {
                Either::Left((done, _)) => done,
                Either::Right(((), _)) => Err(self.passed()),
            }
        }
    }

    /// The error of work that was not done in time.
    pub fn passed(&self) -> Error {
        let (now, before) = (self.ledger.totals(), self.before);
        let requests = now.requests.saturating_sub(before.requests);
        let megabytes = now.bytes.saturating_sub(before.bytes) as f64 / 1e6;
        let seconds = self.allowed.as_secs_f64();
        let answers = if requests == 1 { "request" } else { "requests" };
        Error::new(ErrorKind::Timeout, format!("not done after the {seconds} s that were allowed"))
            .because(format!(
                "{requests} {answers} had ended and {megabytes:.3} MB had come; the rest was given up"
            ))
            .with_hint("allow more time; what the cache or a begun download holds is not fetched again")
    }
}
