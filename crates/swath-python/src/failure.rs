//! The library's errors as the exceptions of `swath.exceptions`.

use pyo3::exceptions::PyRuntimeError;
use pyo3::prelude::*;
use swath::{Error, ErrorKind};

/// The class of the package for each kind; one table.
fn class(kind: ErrorKind) -> &'static str {
    match kind {
        ErrorKind::Usage => "UsageError",
        ErrorKind::Authentication => "AuthenticationError",
        ErrorKind::NotFound => "NotFoundError",
        ErrorKind::Service => "ServiceError",
        ErrorKind::Timeout => "DeadlineExceeded",
        ErrorKind::Integrity => "IntegrityError",
        ErrorKind::Unsupported => "UnsupportedError",
        ErrorKind::Limit => "LimitExceeded",
        ErrorKind::Closed => "ClosedError",
        ErrorKind::Local => "LocalError",
        _ => "SwathError",
    }
}

/// The exception that stands for an error.
pub(crate) fn raised(py: Python<'_>, error: &Error) -> PyErr {
    made(py, class(error.kind()), &error.to_string(), error.reasons(), error.hint())
}

/// A mistake in what was passed.
pub(crate) fn usage(py: Python<'_>, what: &str) -> PyErr {
    made(py, "UsageError", what, Vec::new(), None)
}

/// A defect of ours.
pub(crate) fn internal(py: Python<'_>, what: &str) -> PyErr {
    made(py, "SwathError", what, Vec::new(), None)
}

/// A failure of this machine: ports, folders.
pub(crate) fn local(py: Python<'_>, error: &(dyn std::error::Error + 'static)) -> PyErr {
    let mut reasons = Vec::new();
    let mut next = error.source();
    while let Some(reason) = next {
        reasons.push(reason.to_string());
        next = reason.source();
    }
    made(py, "LocalError", &error.to_string(), reasons, None)
}

fn made(py: Python<'_>, class: &str, what: &str, reasons: Vec<String>, hint: Option<&str>) -> PyErr {
    let exception = py
        .import("swath.exceptions")
        .and_then(|module| module.getattr(class))
        .and_then(|class| class.call1((what, reasons, hint)));
    match exception {
        Ok(exception) => PyErr::from_value(exception),
        // Only when the package itself is broken.
        Err(_) => PyRuntimeError::new_err(what.to_owned()),
    }
}
