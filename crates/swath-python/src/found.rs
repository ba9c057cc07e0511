//! What a search found.

use std::sync::Arc;

use futures::lock::Mutex;
use futures::stream::{Stream, StreamExt};
use pyo3::prelude::*;
use swath::Error;
use swath::search::{Format, OPTIONS, SearchResults, State};

use crate::failure;
use crate::waiting::wait;

/// Granules of the catalogue.
#[pyclass(frozen, module = "swath._swath")]
pub(crate) struct Found(pub(crate) SearchResults);

impl Found {
    fn text(py: Python<'_>, write: impl FnOnce(&mut Vec<u8>) -> Result<(), Error>) -> PyResult<String> {
        let mut bytes = Vec::new();
        write(&mut bytes).map_err(|error| failure::raised(py, &error))?;
        Ok(String::from_utf8_lossy(&bytes).into_owned())
    }
}

#[pymethods]
impl Found {
    /// Results from an answer of the catalogue (`granules.umm_json`).
    #[staticmethod]
    fn from_umm_json(py: Python<'_>, text: &str) -> PyResult<Self> {
        SearchResults::from_umm_json(text.to_owned()).map(Self).map_err(|error| failure::raised(py, &error))
    }

    fn __len__(&self) -> usize {
        self.0.granules.len()
    }

    /// Granules that the catalogue has for the query.
    #[getter]
    fn hits(&self) -> u64 {
        self.0.hits
    }

    #[getter]
    fn notices(&self) -> Vec<String> {
        let odd = self.0.odd.iter().map(|odd| format!("one catalogue item could not be read: {}", odd.why));
        self.0.notices.iter().cloned().chain(odd).chain(self.0.known_issues_note()).collect()
    }

    /// What should be known of the choice: maturities, frames in parts, what lies outside of the area.
    #[getter]
    fn notes(&self) -> Vec<String> {
        self.0.notes()
    }

    /// The results in a format, by its word.
    fn write(&self, py: Python<'_>, format: &str) -> PyResult<String> {
        let format: Format = format.parse().map_err(|error| failure::raised(py, &error))?;
        Self::text(py, |out| self.0.write(format, out))
    }

    /// One JSON object with `granules`, as `swath search --json` prints it.
    fn json(&self, py: Python<'_>) -> PyResult<String> {
        Self::text(py, |out| self.0.write_json(out))
    }

    /// A GeoJSON feature collection.
    fn geojson(&self, py: Python<'_>) -> PyResult<String> {
        Self::text(py, |out| self.0.write_geojson(out))
    }

    /// A table of comma-separated values.
    fn csv(&self, py: Python<'_>) -> PyResult<String> {
        Self::text(py, |out| self.0.write_csv(out))
    }

    /// The catalogue's own records, as [`Found::from_umm_json`] takes them.
    fn umm_json(&self) -> String {
        self.0.to_umm_json()
    }

    /// The newest release of each product, and the names of those left out.
    fn latest(&self) -> (Self, Vec<String>) {
        let old = |(granule, state): (&swath::Granule, State)| match state {
            State::Superseded { .. } => Some(granule.name.clone()),
            _ => None,
        };
        let left_out = self.0.states().into_iter().filter_map(old).collect();
        (Self(self.0.clone().into_latest()), left_out)
    }

    /// The results at these places.
    fn subset(&self, places: Vec<usize>) -> Self {
        Self(self.0.subset(places))
    }

    #[pyo3(signature = (extension, pattern, direct_access))]
    fn find_urls(
        &self,
        py: Python<'_>,
        extension: Option<&str>,
        pattern: Option<&str>,
        direct_access: bool,
    ) -> PyResult<Vec<String>> {
        let found = self.0.find_urls(extension, pattern, direct_access);
        found.map_err(|error| failure::raised(py, &error))
    }
}

type PageStream = Box<dyn Stream<Item = swath::Result<SearchResults>> + Send + Unpin>;

/// Pages of a search that are fetched when they are asked for.
#[pyclass(frozen, module = "swath._swath")]
pub(crate) struct Pages(Arc<Mutex<PageStream>>);

impl Pages {
    pub(crate) fn new(
        pages: impl Stream<Item = swath::Result<SearchResults>> + Send + Unpin + 'static,
    ) -> Self {
        Self(Arc::new(Mutex::new(Box::new(pages))))
    }
}

#[pymethods]
impl Pages {
    /// The next page; nothing after the last.
    fn next(&self, py: Python<'_>) -> PyResult<Option<Found>> {
        let pages = self.0.clone();
        let page = wait(py, async move { pages.lock().await.next().await.transpose() })?;
        Ok(page.map(Found))
    }
}

/// The names of a search's options: the library's, asf_search's, and what each does.
#[pyfunction]
pub(crate) fn search_options() -> Vec<(&'static str, &'static str, &'static str)> {
    OPTIONS.iter().map(|option| (option.name, option.asf_name, option.about)).collect()
}
