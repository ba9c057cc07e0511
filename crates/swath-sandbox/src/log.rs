//! What was asked: one entry per request, for tests that count them.

use std::collections::{HashMap, VecDeque};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use crate::Service;

/// No test and no demonstration asks this often; beyond it the oldest entries go.
const KEPT: usize = 100_000;

/// One request, as the service saw it. It holds no query string and no header but `Range` and
/// `User-Agent`, so no token or signature can be in it.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct LogEntry {
    /// The service that was asked.
    pub service: Service,
    /// The method: `GET`, `HEAD`, `POST`…
    pub method: String,
    /// The path of the URL, without the query.
    pub path: String,
    /// The `Range` header, as it came.
    pub range: Option<String>,
    /// The `User-Agent` header, as it came.
    pub user_agent: Option<String>,
    /// The status that was answered.
    pub status: u16,
    /// Bytes of the body handed to the connection so far; never more than were sent for.
    pub bytes_sent: u64,
    /// Whether the request carried an `Authorization` header, of any scheme.
    pub had_authorization: bool,
}

/// An entry whose body may still be on its way.
#[derive(Debug)]
pub(crate) struct Open {
    entry: LogEntry,
    sent: AtomicU64,
}

impl Open {
    /// Counts bytes as they leave.
    pub(crate) fn count(&self, bytes: usize) {
        self.sent.fetch_add(bytes as u64, Ordering::SeqCst);
    }
}

/// The list of requests, in the order in which they were answered.
#[derive(Debug, Default)]
pub(crate) struct Log {
    entries: Mutex<VecDeque<Arc<Open>>>,
}

impl Log {
    /// Adds an entry. It is there before the first byte of the answer leaves, so a client that
    /// has its answer finds itself in the log.
    pub(crate) fn add(&self, entry: LogEntry) -> Arc<Open> {
        let open = Arc::new(Open { entry, sent: AtomicU64::new(0) });
        let mut entries = lock(&self.entries);
        if entries.len() == KEPT {
            entries.pop_front();
        }
        entries.push_back(open.clone());
        open
    }

    /// A copy of all entries as they stand now.
    pub(crate) fn snapshot(&self) -> Vec<LogEntry> {
        let of = |open: &Arc<Open>| LogEntry {
            bytes_sent: open.sent.load(Ordering::SeqCst),
            ..open.entry.clone()
        };
        lock(&self.entries).iter().map(of).collect()
    }

    /// Forgets everything.
    pub(crate) fn clear(&self) {
        lock(&self.entries).clear();
    }
}

/// Counts the requests that each service has in progress, and remembers the most.
#[derive(Debug, Default)]
pub(crate) struct InProgress(Mutex<HashMap<Service, (usize, usize)>>);

impl InProgress {
    /// One more, until what is returned is dropped.
    pub(crate) fn one_more(self: &Arc<Self>, service: Service) -> Underway {
        let mut counts = lock(&self.0);
        let (now, most) = counts.entry(service).or_default();
        *now += 1;
        *most = (*most).max(*now);
        Underway { counts: self.clone(), service }
    }

    pub(crate) fn most(&self, service: Service) -> usize {
        lock(&self.0).get(&service).map_or(0, |(_, most)| *most)
    }

    /// The most becomes what there is now.
    pub(crate) fn forget(&self) {
        lock(&self.0).values_mut().for_each(|(now, most)| *most = *now);
    }
}

/// A request in progress.
#[derive(Debug)]
pub(crate) struct Underway {
    counts: Arc<InProgress>,
    service: Service,
}

impl Drop for Underway {
    fn drop(&mut self) {
        if let Some((now, _)) = lock(&self.counts.0).get_mut(&self.service) {
            *now -= 1;
        }
    }
}

/// Locks a mutex whose data stays sound even if a holder panicked.
pub(crate) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
