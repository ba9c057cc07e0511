//! NASA's services on loopback, in this process.

use std::path::PathBuf;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use pyo3::prelude::*;
use pyo3::types::PyDict;
use swath_sandbox::{Fault, LogEntry, Misbehaviour, SandboxOptions, Service, unpack_demo};

use crate::failure;
use crate::waiting::wait_any;

/// A running sandbox.
#[pyclass(frozen, module = "swath._swath")]
pub(crate) struct Sandbox(Mutex<Option<swath_sandbox::Sandbox>>);

impl Sandbox {
    fn with<T>(&self, py: Python<'_>, use_it: impl FnOnce(&swath_sandbox::Sandbox) -> T) -> PyResult<T> {
        let held = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        held.as_ref().map(use_it).ok_or_else(|| failure::usage(py, "the sandbox has been stopped"))
    }
}

#[pymethods]
impl Sandbox {
    /// Serves the granules of a folder, or unpacks the demo granules into `scratch` and serves those.
    #[new]
    #[pyo3(signature = (data, scratch))]
    fn new(py: Python<'_>, data: Option<PathBuf>, scratch: PathBuf) -> PyResult<Self> {
        let starting = async move {
            let folder = match data {
                Some(folder) => folder,
                None => unpack_demo(&scratch)?,
            };
            let sandbox = swath_sandbox::Sandbox::start(SandboxOptions::new(folder)).await?;
            sandbox.write_ca(&scratch.join("authority.pem"))?;
            Ok::<_, swath_sandbox::Error>(sandbox)
        };
        let started = wait_any(py, starting, None)?;
        let sandbox = started.map_err(|error| failure::local(py, &error))?;
        Ok(Self(Mutex::new(Some(sandbox))))
    }

    /// The environment that leads here: variable → value.
    fn environment(&self, py: Python<'_>) -> PyResult<Vec<(String, String)>> {
        self.with(py, swath_sandbox::Sandbox::environment)
    }

    /// The authority that its certificates are signed with.
    fn ca_pem(&self, py: Python<'_>) -> PyResult<String> {
        self.with(py, |sandbox| sandbox.ca_pem().to_owned())
    }

    fn token(&self, py: Python<'_>, user: &str, seconds: i64) -> PyResult<String> {
        self.with(py, |sandbox| sandbox.token(user, seconds))
    }

    fn url_of(&self, py: Python<'_>, granule: &str) -> PyResult<String> {
        self.with(py, |sandbox| sandbox.url_of(granule))
    }

    fn s3_url_of(&self, py: Python<'_>, granule: &str) -> PyResult<String> {
        self.with(py, |sandbox| sandbox.s3_url_of(granule))
    }

    /// What was asked, in order.
    fn log<'py>(&self, py: Python<'py>) -> PyResult<Vec<Bound<'py, PyDict>>> {
        let entries = self.with(py, swath_sandbox::Sandbox::log)?;
        entries.iter().map(|entry| entry_of(py, entry)).collect()
    }

    fn clear_log(&self, py: Python<'_>) -> PyResult<()> {
        self.with(py, swath_sandbox::Sandbox::clear_log)
    }

    /// Every answer with data pauses for so many seconds, until [`Sandbox::behave`].
    fn stall(&self, py: Python<'_>, seconds: f64) -> PyResult<()> {
        let pause = Duration::try_from_secs_f64(seconds)
            .map_err(|_| failure::usage(py, "seconds must be a positive number"))?;
        self.with(py, |sandbox| {
            for service in [Service::Cdn, Service::S3] {
                let fault = Fault::Stall { after: 0, pause };
                sandbox.misbehave(Misbehaviour::new(service, fault).always());
            }
        })
    }

    /// Every answer with data is this status instead, until [`Sandbox::behave`]; with `wait`, only the next one is, and asks to
    /// wait so many seconds.
    #[pyo3(signature = (status, wait = None))]
    fn fail(&self, py: Python<'_>, status: u16, wait: Option<u64>) -> PyResult<()> {
        self.with(py, |sandbox| {
            for service in [Service::Cdn, Service::S3] {
                let fault = Fault::Status { code: status, retry_after: wait.map(Duration::from_secs) };
                let rule = Misbehaviour::new(service, fault);
                sandbox.misbehave(if wait.is_some() { rule } else { rule.always() });
            }
        })
    }

    fn behave(&self, py: Python<'_>) -> PyResult<()> {
        self.with(py, swath_sandbox::Sandbox::behave)
    }

    /// Ends the services; a second time does nothing.
    fn stop(&self, py: Python<'_>) -> PyResult<()> {
        let held = self.0.lock().unwrap_or_else(PoisonError::into_inner).take();
        match held {
            Some(sandbox) => wait_any(py, sandbox.stop(), None),
            None => Ok(()),
        }
    }
}

fn entry_of<'py>(py: Python<'py>, entry: &LogEntry) -> PyResult<Bound<'py, PyDict>> {
    let record = PyDict::new(py);
    record.set_item("service", entry.service.word())?;
    record.set_item("method", &entry.method)?;
    record.set_item("path", &entry.path)?;
    record.set_item("range", entry.range.as_deref())?;
    record.set_item("status", entry.status)?;
    record.set_item("bytes_sent", entry.bytes_sent)?;
    Ok(record)
}
