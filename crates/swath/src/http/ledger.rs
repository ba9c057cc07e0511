//! The ledger: every request that was sent, and what it cost.
//!
//! `--stats`, `swath demo` and the tests read it; nothing else counts requests. A ledger may have a parent: what is
//! written in the child is written in the parent too, so that one granule's cost can be told from the session's.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

/// What a request was for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Purpose {
    /// A catalogue query.
    Search,
    /// A conversation with Earthdata Login.
    Login,
    /// Temporary S3 credentials.
    Credentials,
    /// A redirect on the way to an object.
    Redirect,
    /// A range of an object's bytes.
    Data,
}

/// One request as it went over the wire (each try is one).
#[derive(Debug, Clone)]
pub struct Entry {
    /// What it was for.
    pub purpose: Purpose,
    /// Host (and port) that was asked.
    pub host: String,
    /// HTTP status, or `None` when no answer came.
    pub status: Option<u16>,
    /// Bytes of the body that arrived.
    pub bytes: u64,
    /// From sending the request to the end of the body.
    pub elapsed: Duration,
}

/// A running account of requests. Cloning shares it.
#[derive(Debug, Clone, Default)]
pub struct Ledger(Arc<Book>);

#[derive(Debug, Default)]
struct Book {
    entries: Mutex<Vec<Entry>>,
    parent: Option<Ledger>,
}

/// Sums over a ledger's entries.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Totals {
    /// Requests sent, each try and each redirect counted.
    pub requests: u64,
    /// Bytes of bodies received.
    pub bytes: u64,
}

impl Ledger {
    /// A ledger whose entries are written here too.
    pub fn child(&self) -> Self {
        Self(Arc::new(Book { entries: Mutex::default(), parent: Some(self.clone()) }))
    }

    pub(crate) fn write(&self, entry: Entry) {
        if let Some(parent) = &self.0.parent {
            parent.write(entry.clone());
        }
        self.0.entries.lock().unwrap_or_else(PoisonError::into_inner).push(entry);
    }

    /// All entries so far, in the order in which they ended.
    pub fn entries(&self) -> Vec<Entry> {
        self.0.entries.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// The sums so far.
    pub fn totals(&self) -> Totals {
        let entries = self.0.entries.lock().unwrap_or_else(PoisonError::into_inner);
        Totals { requests: entries.len() as u64, bytes: entries.iter().map(|e| e.bytes).sum() }
    }
}
