//! Waiting for the library without holding the interpreter.

use std::future::Future;
use std::sync::mpsc::{RecvTimeoutError, channel};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use pyo3::prelude::*;
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
    wait_any(py, call)?.map_err(|error| failure::raised(py, &error))
}

/// As [`wait`], for a call that fails in its own way or not at all.
pub(crate) fn wait_any<T: Send + 'static>(
    py: Python<'_>,
    call: impl Future<Output = T> + Send + 'static,
) -> PyResult<T> {
    let (done, mut answer) = channel();
    let task = runtime()?.spawn(async move {
        // Nobody listens any more after an interrupt.
        let _ = done.send(call.await);
    });
    loop {
        let (received, returned) = py.detach(move || (answer.recv_timeout(TICK), answer));
        answer = returned;
        match received {
            Ok(value) => return Ok(value),
            Err(RecvTimeoutError::Timeout) => {
                if let Err(interrupt) = py.check_signals() {
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

/// The runtime of this process. A forked process has none of its parent's threads, so it makes its own; the parent's is
/// never dropped there, for that would wait for them.
fn runtime() -> PyResult<&'static Runtime> {
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
