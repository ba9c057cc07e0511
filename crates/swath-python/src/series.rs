//! A time series: statistics of one window through several granules.

use pyo3::prelude::*;
use pyo3::types::PyBytes;
use swath::{Sample, export, plot};

use crate::failure;

/// Samples in the order of time.
#[pyclass(frozen, module = "swath._swath")]
pub(crate) struct Series(pub(crate) Vec<Sample>);

#[pymethods]
impl Series {
    fn __len__(&self) -> usize {
        self.0.len()
    }

    /// The rows as JSON, as `swath timeseries --json` prints them.
    fn json(&self) -> String {
        serde_json::Value::from(self.0.iter().map(Sample::to_json).collect::<Vec<_>>()).to_string()
    }

    /// The table, as `swath timeseries -o` writes it.
    fn csv(&self, py: Python<'_>) -> PyResult<String> {
        let mut bytes = Vec::new();
        export::write_series_csv(&mut bytes, &self.0).map_err(|error| failure::raised(py, &error))?;
        Ok(String::from_utf8_lossy(&bytes).into_owned())
    }

    /// A picture of the series.
    fn png<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyBytes>> {
        let png = py.detach(|| plot::series(&self.0)).map_err(|error| failure::raised(py, &error))?;
        Ok(PyBytes::new(py, &png))
    }
}
