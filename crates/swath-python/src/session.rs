//! Login, network and cache: where `search` and `open` begin.

use std::collections::HashMap;
use std::path::PathBuf;
use std::sync::Arc;

use futures::stream::{self, StreamExt, TryStreamExt};
use pyo3::prelude::*;
use pyo3::types::{PyBytes, PyDict};
use swath::{DataArray, OpenOptions, SessionOptions, Stack, Token, plot};

use crate::failure;
use crate::found::{Found, Pages};
use crate::request::{LayerRequest, limits, lon_lat_box, query};
use crate::series::Series;
use crate::tree::Tree;
use crate::waiting::{OfProcess, wait};

/// Granules worked on at the same time; the requests of all share the hosts' limits.
const AT_ONCE: usize = 16;

/// How to make the session, and the one of this process.
pub(crate) struct Live {
    variables: Option<HashMap<String, String>>,
    token: Option<Token>,
    cache: Cache,
    ca_pem: Option<String>,
    session: OfProcess<swath::Session>,
}

/// Where indexes are kept.
#[derive(FromPyObject)]
enum Cache {
    /// Where the environment says, or nowhere.
    Usual(bool),
    /// In this folder.
    Folder(PathBuf),
}

impl Live {
    /// The session of this process; a forked one makes its own.
    pub(crate) fn current(&self, py: Python<'_>) -> PyResult<swath::Session> {
        self.session.get(|_| self.made()).map_err(|error| failure::raised(py, &error))
    }

    fn made(&self) -> swath::Result<swath::Session> {
        let mut options = match &self.variables {
            Some(variables) => SessionOptions::from_variables(|name| variables.get(name).cloned())?,
            None => SessionOptions::from_environment()?,
        };
        if let Some(pem) = &self.ca_pem {
            options.http.extra_ca_pem = Some(pem.clone());
            // Who brings an authority means servers that are near.
            options.http.no_proxy = true;
        }
        match &self.cache {
            Cache::Usual(true) => {}
            Cache::Usual(false) => options.cache = None,
            Cache::Folder(folder) => options.cache = Some(folder.clone()),
        }
        if let Some(token) = &self.token {
            options = options.with_token(token.clone());
        }
        swath::Session::new(options)
    }
}

/// Login, network and cache.
#[pyclass(frozen, module = "swath._swath")]
pub(crate) struct Session(Arc<Live>);

#[pymethods]
impl Session {
    /// A session: variables in place of the process's environment, a token before any other, where indexes are kept, an
    /// authority to trust besides the usual ones.
    #[new]
    #[pyo3(signature = (variables, token, cache, ca_pem))]
    fn new(
        py: Python<'_>,
        variables: Option<HashMap<String, String>>,
        token: Option<&str>,
        cache: Cache,
        ca_pem: Option<String>,
    ) -> PyResult<Self> {
        let token = token.map(Token::parse).transpose().map_err(|error| failure::raised(py, &error))?;
        let live = Live { variables, token, cache, ca_pem, session: OfProcess::empty() };
        live.current(py)?;
        Ok(Self(Arc::new(live)))
    }

    /// Looks for the token now; when it expires (ISO 8601, UTC), if it says so.
    fn login(&self, py: Python<'_>) -> PyResult<Option<String>> {
        let session = self.0.current(py)?;
        let expiry = wait(py, async move { session.login().await })?;
        Ok(expiry.map(|moment| moment.to_string()))
    }

    /// What the network was asked for so far: requests, bytes.
    fn cost(&self, py: Python<'_>) -> PyResult<(u64, u64)> {
        let totals = self.0.current(py)?.ledger().totals();
        Ok((totals.requests, totals.bytes))
    }

    #[pyo3(signature = (options, unless))]
    fn search(&self, py: Python<'_>, options: &Bound<'_, PyDict>, unless: Vec<String>) -> PyResult<Found> {
        let (session, query) = (self.0.current(py)?, query(py, options, &unless)?);
        wait(py, async move { session.search(&query).await }).map(Found)
    }

    /// How many granules there are, and what the user should know.
    #[pyo3(signature = (options, unless))]
    fn search_count(
        &self,
        py: Python<'_>,
        options: &Bound<'_, PyDict>,
        unless: Vec<String>,
    ) -> PyResult<(u64, Vec<String>)> {
        let (session, query) = (self.0.current(py)?, query(py, options, &unless)?);
        wait(py, async move { session.search_count(&query).await }).map(|count| (count.hits, count.notices))
    }

    /// The pages of a search, to be fetched one by one.
    #[pyo3(signature = (options, unless))]
    fn search_pages(
        &self,
        py: Python<'_>,
        options: &Bound<'_, PyDict>,
        unless: Vec<String>,
    ) -> PyResult<Pages> {
        let (session, query) = (self.0.current(py)?, query(py, options, &unless)?);
        let pages = session.search_pages(&query).map_err(|error| failure::raised(py, &error))?;
        Ok(Pages::new(pages))
    }

    #[pyo3(signature = (source, group, max_bytes))]
    fn open(&self, py: Python<'_>, source: String, group: String, max_bytes: Option<u64>) -> PyResult<Tree> {
        let (session, limits) = (self.0.current(py)?, limits(max_bytes));
        let options = OpenOptions::default().group(group).limits(limits);
        let tree = wait(py, async move { session.open(&source, &options).await })?;
        Ok(Tree::new(tree, self.0.clone(), limits))
    }

    /// Opens what [`Tree::to_bytes`] made; no request.
    #[pyo3(signature = (saved, max_bytes))]
    fn open_saved(&self, py: Python<'_>, saved: &[u8], max_bytes: Option<u64>) -> PyResult<Tree> {
        let (session, limits) = (self.0.current(py)?, limits(max_bytes));
        let tree = session.open_saved(saved, limits).map_err(|error| failure::raised(py, &error))?;
        Ok(Tree::new(tree, self.0.clone(), limits))
    }

    /// Statistics of each source as JSON, in the order of the sources.
    fn stats(&self, py: Python<'_>, sources: Vec<String>, wanted: LayerRequest) -> PyResult<Vec<String>> {
        let (session, wanted) = (self.0.current(py)?, wanted.options(py)?);
        wait(py, async move {
            let each = sources.iter().map(|source| measured(&session, source, &wanted)).collect::<Vec<_>>();
            stream::iter(each).buffered(AT_ONCE).try_collect().await
        })
    }

    fn timeseries(&self, py: Python<'_>, sources: Vec<String>, wanted: LayerRequest) -> PyResult<Series> {
        let (session, wanted) = (self.0.current(py)?, wanted.options(py)?);
        let samples = wait(py, async move { stack(&session, &sources, &wanted).await?.statistics().await })?;
        Ok(Series(samples))
    }

    /// A picture of a layer; `outline` is a box to mark.
    #[pyo3(signature = (source, wanted, outline))]
    fn quicklook<'py>(
        &self,
        py: Python<'py>,
        source: String,
        wanted: LayerRequest,
        outline: Option<[f64; 4]>,
    ) -> PyResult<Bound<'py, PyBytes>> {
        let (session, wanted) = (self.0.current(py)?, wanted.options(py)?);
        let outline = outline.map(|area| lon_lat_box(py, area)).transpose()?;
        let png = wait(py, async move {
            let layer = session.open_region(&source, &wanted).await?;
            let outline = match outline {
                Some(area) => Some(layer.clip_box(area).await?.window()?),
                None => None,
            };
            plot::quicklook(&layer, outline).await
        })?;
        Ok(PyBytes::new(py, &png))
    }

    /// The layers of a stack in the order of time, each with the path of the layer, its window and its granule's name; and
    /// the grid they share: EPSG code and GDAL's six coefficients.
    #[allow(clippy::type_complexity, reason = "a tuple on its way to Python, taken apart at once")]
    fn stack(
        &self,
        py: Python<'_>,
        sources: Vec<String>,
        wanted: LayerRequest,
    ) -> PyResult<(Vec<(Tree, String, [u64; 4], String)>, u32, [f64; 6])> {
        let (session, wanted) = (self.0.current(py)?, wanted.options(py)?);
        let limits = wanted.limits;
        let (stack, grid) = wait(py, async move {
            let stack = stack(&session, &sources, &wanted).await?;
            let grid = stack.grid().await?;
            Ok((stack, grid))
        })?;
        let mut layers = Vec::new();
        for (granule, layer) in stack.layers() {
            let window = layer.window().map_err(|error| failure::raised(py, &error))?;
            let window = [window.row_off(), window.col_off(), window.height(), window.width()];
            let tree = Tree::new(layer.tree().clone(), self.0.clone(), limits);
            layers.push((tree, layer.path().to_owned(), window, granule.to_string()));
        }
        Ok((layers, grid.crs().epsg(), grid.geo_transform()))
    }
}

async fn measured(
    session: &swath::Session,
    source: &str,
    wanted: &swath::LayerOptions,
) -> swath::Result<String> {
    Ok(session.measure(source, wanted).await?.to_json()?.to_string())
}

async fn stack(
    session: &swath::Session,
    sources: &[String],
    wanted: &swath::LayerOptions,
) -> swath::Result<Stack> {
    let opening: Vec<_> = sources.iter().map(|source| session.open_region(source, wanted)).collect();
    let layers: Vec<DataArray> = stream::iter(opening).buffered(AT_ONCE).try_collect().await?;
    Stack::new(layers)
}
