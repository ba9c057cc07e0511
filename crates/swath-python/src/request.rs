//! What was passed, turned into what is meant.

use std::path::PathBuf;

use pyo3::prelude::*;
use pyo3::types::{PyBool, PyDict, PyList, PyRange, PyRangeMethods, PyTuple};
use swath::download::DownloadOptions;
use swath::export::Existing;
use swath::search::{Area, OptionValue, Query};
use swath::{LayerOptions, LonLatBox, ReadLimits, Region, Window};

use crate::failure;

/// Which pixels of which layer: `bbox` in degrees, or `window` in pixels, or all.
#[derive(FromPyObject)]
pub(crate) struct LayerRequest {
    #[pyo3(item)]
    frequency: String,
    #[pyo3(item)]
    layer: String,
    #[pyo3(item)]
    bbox: Option<[f64; 4]>,
    #[pyo3(item)]
    window: Option<[u64; 4]>,
    #[pyo3(item)]
    max_bytes: Option<u64>,
}

impl LayerRequest {
    pub(crate) fn options(self, py: Python<'_>) -> PyResult<LayerOptions> {
        let raised = |error| failure::raised(py, &error);
        let region = match (self.bbox, self.window) {
            (Some(_), Some(_)) => return Err(failure::usage(py, "give a bbox or a window, not both")),
            (Some(area), None) => Region::Box(lon_lat_box(py, area)?),
            (None, Some([row, column, height, width])) => {
                Region::Window(Window::new(row, column, height, width).map_err(raised)?)
            }
            (None, None) => Region::Whole,
        };
        Ok(LayerOptions::new(&self.frequency, &self.layer).region(region).limits(limits(self.max_bytes)))
    }
}

/// Where files go, which of them, and what to do with those that are there.
#[derive(FromPyObject)]
pub(crate) struct DownloadRequest {
    #[pyo3(item)]
    folder: PathBuf,
    #[pyo3(item)]
    files: Option<Vec<String>>,
    #[pyo3(item)]
    overwrite: bool,
    #[pyo3(item)]
    access: Option<String>,
    #[pyo3(item)]
    max_bytes: Option<u64>,
    #[pyo3(item)]
    at_once: usize,
}

impl DownloadRequest {
    pub(crate) fn options(self) -> swath::Result<DownloadOptions> {
        let existing = if self.overwrite { Existing::Replace } else { Existing::Refuse };
        let mut options = DownloadOptions::new(self.folder).existing(existing).at_once(self.at_once);
        if let Some(word) = self.access {
            options = options.access(word.parse()?);
        }
        if let Some(bytes) = self.max_bytes {
            options = options.max_bytes(bytes);
        }
        match self.files {
            Some(words) => {
                Ok(options.files(words.iter().map(|word| word.parse()).collect::<swath::Result<_>>()?))
            }
            None => Ok(options),
        }
    }
}

/// The library's limits, with a smaller one on what is fetched if there is one.
pub(crate) fn limits(max_bytes: Option<u64>) -> ReadLimits {
    let mut limits = ReadLimits::default();
    limits.max_bytes = max_bytes.unwrap_or(limits.max_bytes);
    limits
}

pub(crate) fn lon_lat_box(py: Python<'_>, [west, south, east, north]: [f64; 4]) -> PyResult<LonLatBox> {
    LonLatBox::new(west, south, east, north).map_err(|error| failure::raised(py, &error))
}

/// A query from options named as the library names them, or as asf_search does; `area` besides, text or a path. Where no option names
/// other data, it asks for GCOV of NISAR's production, but for the options named in `unless`;
/// without `unless`, nothing is assumed.
pub(crate) fn query(
    py: Python<'_>,
    options: &Bound<'_, PyDict>,
    unless: Option<&Bound<'_, PyList>>,
) -> PyResult<Query> {
    let raised = |error| failure::raised(py, &error);
    let mut query = Query::new();
    for (name, given) in options {
        let name: String = name.extract()?;
        if name == "area" {
            let text: String = given.extract()?;
            query = query.area(py.detach(|| Area::parse_or_open(&text)).map_err(raised)?);
            continue;
        }
        let Some(value) = value(&given)? else {
            let kind = given.get_type().name()?;
            return Err(failure::usage(py, &format!("{name} cannot be given as {kind}")));
        };
        query = query.with(&name, value).map_err(raised)?;
    }
    // asf_search's words mean what they say: nothing is assumed.
    let Some(unless) = unless else { return Ok(query) };
    let unless: Vec<String> = unless.extract()?;
    Ok(query.or_usual(&unless.iter().map(String::as_str).collect::<Vec<_>>()))
}

/// A Python value as an option takes it; `None` for what no option takes.
fn value(given: &Bound<'_, PyAny>) -> PyResult<Option<OptionValue>> {
    if given.is_instance_of::<PyBool>() {
        return Ok(Some(given.extract::<bool>()?.into()));
    }
    if let Ok(text) = given.extract::<String>() {
        return Ok(Some(text.into()));
    }
    if let Ok(whole) = given.extract::<i64>() {
        return Ok(Some(whole.into()));
    }
    if let Ok(number) = given.extract::<f64>() {
        return Ok(Some(number.into()));
    }
    // Dates and times, those of pandas too.
    if given.hasattr("isoformat")? {
        return Ok(Some(given.call_method0("isoformat")?.extract::<String>()?.into()));
    }
    if given.is_instance_of::<PyRange>() {
        let range = given.cast::<PyRange>()?;
        if range.step()? == 1 && range.stop()? > range.start()? {
            return Ok(Some((range.start()? as i64, range.stop()? as i64 - 1).into()));
        }
    }
    if let Ok((first, last)) = given.extract::<(f64, f64)>()
        && given.is_instance_of::<PyTuple>()
    {
        let both: Vec<Bound<'_, PyAny>> = given.extract()?;
        return Ok(match (value(&both[0])?, value(&both[1])?) {
            (Some(first), Some(last)) => Some((first, last).into()),
            _ => Some((first, last).into()),
        });
    }
    let Ok(items) = given.try_iter() else { return Ok(None) };
    let mut values = Vec::new();
    for item in items {
        match value(&item?)? {
            Some(one) => values.push(one),
            None => return Ok(None),
        }
    }
    Ok(Some(OptionValue::List(values)))
}
