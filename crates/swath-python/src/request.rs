//! What was passed, turned into what is meant.

use std::path::PathBuf;

use pyo3::prelude::*;
use pyo3::types::PyDict;
use swath::download::DownloadOptions;
use swath::export::Existing;
use swath::search::{Area, NumberRange, Numbers, Query};
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
    direct_access: bool,
    #[pyo3(item)]
    at_once: usize,
}

impl DownloadRequest {
    pub(crate) fn options(self) -> swath::Result<DownloadOptions> {
        let existing = if self.overwrite { Existing::Replace } else { Existing::Refuse };
        let options = DownloadOptions::new(self.folder)
            .existing(existing)
            .direct_access(self.direct_access)
            .at_once(self.at_once);
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

/// One text or several.
#[derive(FromPyObject)]
enum Texts {
    One(String),
    Several(Vec<String>),
}

impl From<Texts> for Vec<String> {
    fn from(texts: Texts) -> Self {
        match texts {
            Texts::One(text) => vec![text],
            Texts::Several(texts) => texts,
        }
    }
}

/// A number, a range `(first, last)`, or a list of both.
#[derive(FromPyObject)]
enum Ranges {
    One(i64),
    Range((i64, i64)),
    Several(Vec<OneRange>),
}

#[derive(FromPyObject)]
enum OneRange {
    One(i64),
    Range((i64, i64)),
}

impl From<Ranges> for Numbers {
    fn from(ranges: Ranges) -> Self {
        let several = match ranges {
            Ranges::One(number) => vec![OneRange::One(number)],
            Ranges::Range(range) => vec![OneRange::Range(range)],
            Ranges::Several(several) => several,
        };
        let range = |one| match one {
            OneRange::One(number) => NumberRange::from(number),
            OneRange::Range(range) => NumberRange::from(range),
        };
        several.into_iter().map(range).collect::<Vec<_>>().into()
    }
}

/// A query from options named as [`Query`]'s methods.
pub(crate) fn query(py: Python<'_>, options: &Bound<'_, PyDict>) -> PyResult<Query> {
    let mut query = Query::new();
    for (name, value) in options {
        let name: String = name.extract()?;
        query = with(py, query, &name, &value).map_err(|error| named(py, &name, &value, error))?;
    }
    Ok(query)
}

/// An option of the wrong type becomes a usage error that names it.
fn named(py: Python<'_>, name: &str, value: &Bound<'_, PyAny>, error: PyErr) -> PyErr {
    if !error.is_instance_of::<pyo3::exceptions::PyTypeError>(py) {
        return error;
    }
    let kind = value.get_type().name().map(|name| name.to_string()).unwrap_or_default();
    failure::usage(py, &format!("{name} cannot be given as {kind}"))
}

fn with(py: Python<'_>, query: Query, name: &str, value: &Bound<'_, PyAny>) -> PyResult<Query> {
    let texts = || value.extract::<Texts>().map(Vec::<String>::from);
    let text = || value.extract::<String>();
    let numbers = || value.extract::<Ranges>().map(Numbers::from);
    Ok(match name {
        "dataset" => query.dataset(texts()?),
        "platform" => query.platform(texts()?),
        "processing_level" => query.processing_level(texts()?),
        "short_name" => query.short_name(texts()?),
        "collections" => query.collections(texts()?),
        "data_maturity" => {
            texts()?.into_iter().fold(query, |query, tier| match tier.eq_ignore_ascii_case("any") {
                true => query.mixed_maturity(true),
                false => query.data_maturity(tier),
            })
        }
        "crid" => query.crid(texts()?),
        "production_configuration" => query.production_configuration(texts()?),
        "main_band_polarization" => query.main_band_polarization(texts()?),
        "side_band_polarization" => query.side_band_polarization(texts()?),
        "range_bandwidth" => query.range_bandwidth(texts()?),
        "granule_list" => query.granule_list(texts()?),
        "product_list" => query.product_list(texts()?),
        "relative_orbit" => query.relative_orbit(numbers()?),
        "frame" => query.frame(numbers()?),
        "asf_frame" => query.asf_frame(numbers()?),
        "absolute_orbit" => query.absolute_orbit(numbers()?),
        "flight_direction" => query.flight_direction(text()?),
        "frame_coverage" => query.frame_coverage(text()?),
        "joint_observation" => query.joint_observation(value.extract()?),
        "intersects_with" => query.intersects_with(text()?),
        "area" => {
            let given = text()?;
            let area =
                py.detach(|| Area::parse_or_open(&given)).map_err(|error| failure::raised(py, &error))?;
            query.area(area)
        }
        "bbox" => query.bbox(value.extract::<Vec<f64>>()?),
        "point" => query.point(value.extract::<Vec<f64>>()?),
        "circle" => query.circle(value.extract::<Vec<f64>>()?),
        "linestring" => query.linestring(value.extract::<Vec<f64>>()?),
        "start" => query.start(text()?),
        "end" => query.end(text()?),
        "max_results" => query.max_results(value.extract()?),
        "allow_partial" => query.allow_partial(value.extract()?),
        _ => return Err(failure::usage(py, &format!("search has no option {name}"))),
    })
}
