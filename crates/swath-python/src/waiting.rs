//! Waiting for the library without holding the interpreter.

use std::future::Future;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::{RecvTimeoutError, channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use pyo3::prelude::*;
use swath::Deadline;
use swath::http::{Event, Ledger};
use tokio::runtime::{Builder, Runtime};

use crate::failure;

/// How long a call may be deaf to Ctrl-C.
const TICK: Duration = Duration::from_millis(100);

/// Runs a call of the library on the runtime's threads and waits for it, with the interpreter released. A signal whose
/// handler raises (Ctrl-C) ends both the wait and the call.
pub(crate) fn wait<T: Send + 'static>(
    py: Python<'_>,
    call: impl Future<Output = swath::Result<T>> + Send + 'static,
) -> PyResult<T> {
    wait_watched(py, call, None)
}

/// As [`wait`]; somebody is told how far the call is.
pub(crate) fn wait_watched<T: Send + 'static>(
    py: Python<'_>,
    call: impl Future<Output = swath::Result<T>> + Send + 'static,
    watch: Option<Watch>,
) -> PyResult<T> {
    let value = wait_any(py, call, watch.as_ref())?.map_err(|error| failure::raised(py, &error))?;
    if let Some(watch) = watch {
        watch.tell(py)?;
    }
    Ok(value)
}

/// As [`wait_watched`], for a call that fails in its own way or not at all; its end is not told.
pub(crate) fn wait_any<T: Send + 'static>(
    py: Python<'_>,
    call: impl Future<Output = T> + Send + 'static,
    watch: Option<&Watch>,
) -> PyResult<T> {
    let (done, mut answer) = channel();
    let task = runtime()?.spawn(async move {
        // Nobody listens any more after an interrupt.
        let _ = done.send(call.await);
    });
    loop {
        let (received, returned) = py.detach(move || (answer.recv_timeout(TICK), answer));
        answer = returned;
        let logged = log_events(py);
        match received {
            Ok(value) => return logged.map(|()| value),
            Err(RecvTimeoutError::Timeout) => {
                let told = || watch.map_or(Ok(()), |watch| watch.tell(py)).and(logged);
                if let Err(interrupt) = py.check_signals().and_then(|()| told()) {
                    task.abort();
                    return Err(interrupt);
                }
            }
            Err(RecvTimeoutError::Disconnected) => {
                return Err(failure::internal(py, "a call of the library ended without an answer"));
            }
        }
    }
}

/// A shorter wait is over before anybody wonders.
const WORTH_A_WORD: Duration = Duration::from_secs(2);

/// What happened on the threads of the runtime, until a thread that holds the interpreter logs it.
static EVENTS: Mutex<Vec<String>> = Mutex::new(Vec::new());

/// Keeps an event for the log, if it takes long or changes the way.
pub(crate) fn remember(event: &Event) {
    let is_short = matches!(event, Event::Waiting { wait, .. } if *wait <= WORTH_A_WORD);
    if !is_short {
        EVENTS.lock().unwrap_or_else(PoisonError::into_inner).push(event.to_string());
    }
}

/// Logs what has happened since the last time, as warnings of the logger `swath`.
fn log_events(py: Python<'_>) -> PyResult<()> {
    let events = std::mem::take(&mut *EVENTS.lock().unwrap_or_else(PoisonError::into_inner));
    if events.is_empty() {
        return Ok(());
    }
    let logger = py.import("logging")?.call_method1("getLogger", ("swath",))?;
    events.into_iter().try_for_each(|event| logger.call_method1("warning", ("%s", event)).map(drop))
}

/// The moment by which a call has to be done, if the session allows it no more.
#[derive(Clone)]
pub(crate) struct Limit(Option<Deadline>);

impl Limit {
    pub(crate) fn of(session: &swath::Session, longest: Option<Duration>) -> Self {
        Self(longest.map(|longest| session.deadline(longest)))
    }

    /// A part of the call: what has no time left fails, the others go on.
    pub(crate) async fn part<T>(&self, work: impl Future<Output = swath::Result<T>>) -> swath::Result<T> {
        match &self.0 {
            Some(deadline) => deadline.limit(work).await,
            None => work.await,
        }
    }

    pub(crate) fn deadline(&self) -> Option<Deadline> {
        self.0.clone()
    }
}

/// How far a call is, and the Python function that is told about it: by the thread that waits, while it holds the
/// interpreter, never by a thread of the runtime. What that function raises ends the call.
pub(crate) struct Watch {
    told: Py<PyAny>,
    ledger: Ledger,
    before: u64,
    tally: Tally,
}

/// What the threads of the runtime count: parts that are done, of how many (0 as long as nobody knows).
#[derive(Clone, Default)]
pub(crate) struct Tally {
    done: Arc<AtomicU64>,
    total: Arc<AtomicU64>,
}

impl Tally {
    pub(crate) fn of(total: u64) -> Self {
        let tally = Self::default();
        tally.expect(total);
        tally
    }

    pub(crate) fn expect(&self, total: u64) {
        self.total.store(total, Ordering::Relaxed);
    }

    pub(crate) fn one_more(&self) {
        self.done.fetch_add(1, Ordering::Relaxed);
    }
}

impl Watch {
    /// Tells `told` about a call whose requests are in this ledger; `None` when nobody wants to know.
    pub(crate) fn new(told: Option<Py<PyAny>>, ledger: &Ledger, tally: &Tally) -> Option<Self> {
        let before = ledger.totals().bytes;
        told.map(|told| Self { told, ledger: ledger.clone(), before, tally: tally.clone() })
    }

    /// Parts that are done, of how many, and bytes that were received meanwhile.
    fn tell(&self, py: Python<'_>) -> PyResult<()> {
        let received = self.ledger.totals().bytes.saturating_sub(self.before);
        let (done, total) =
            (self.tally.done.load(Ordering::Relaxed), self.tally.total.load(Ordering::Relaxed));
        self.told.call1(py, (done, (total > 0).then_some(total), received)).map(drop)
    }
}

/// The runtime of this process. A forked process has none of its parent's threads, so it makes its own; the parent's is
/// never dropped there, for that would wait for them.
pub(crate) fn runtime() -> PyResult<&'static Runtime> {
    static RUNTIME: Mutex<Option<(u32, &'static Runtime)>> = Mutex::new(None);
    let process = std::process::id();
    let mut known = RUNTIME.lock().unwrap_or_else(PoisonError::into_inner);
    match *known {
        Some((owner, runtime)) if owner == process => Ok(runtime),
        _ => {
            let made = Builder::new_multi_thread().enable_all().thread_name("swath").build()?;
            let runtime: &'static Runtime = Box::leak(Box::new(made));
            *known = Some((process, runtime));
            Ok(runtime)
        }
    }
}

/// Something that belongs to one process because it holds sockets or threads, and how to make it again in another.
pub(crate) struct OfProcess<T>(Mutex<Option<(u32, T)>>);

impl<T: Clone> OfProcess<T> {
    pub(crate) fn empty() -> Self {
        Self(Mutex::new(None))
    }

    pub(crate) fn holding(value: T) -> Self {
        Self(Mutex::new(Some((std::process::id(), value))))
    }

    /// The value of this process; `make` gets the one of the parent process, if there was one.
    pub(crate) fn get<E>(&self, make: impl FnOnce(Option<&T>) -> Result<T, E>) -> Result<T, E> {
        let process = std::process::id();
        let mut held = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((owner, value)) = held.as_ref()
            && *owner == process
        {
            return Ok(value.clone());
        }
        let made = make(held.as_ref().map(|(_, value)| value))?;
        // The parent's value may wait, on dropping, for threads that are not in this process.
        std::mem::forget(held.replace((process, made.clone())));
        Ok(made)
    }
}
