//! Login, network and cache: where `search` and `open` begin.

use std::collections::HashMap;
use std::future::Future;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use futures::stream::{self, StreamExt, TryStreamExt};
use pyo3::prelude::*;
use pyo3::types::{PyBytes, PyDict, PyList};
use swath::download::{Downloaded, Progress};
use swath::{
    Access, DataArray, Door, Error, OpenOptions, Password, Sample, SessionOptions, Stack, Token, plot,
};

use crate::failure;
use crate::found::{Found, Pages};
use crate::request::{DownloadRequest, LayerRequest, limits, lon_lat_box, query};
use crate::series::Series;
use crate::tree::Tree;
use crate::waiting::{Limit, OfProcess, Tally, Watch, remember, runtime, wait, wait_watched};

/// Granules worked on at the same time; the requests of all share the hosts' limits.
const AT_ONCE: usize = 16;

/// Source, user, expiry, file.
type Status = (String, Option<String>, Option<String>, Option<PathBuf>);
/// Name, kind of the values, description, collections.
type Attribute = (String, String, String, Vec<String>);
/// Path, bytes, outcome, algorithm, address, way.
type Whole = (PathBuf, u64, &'static str, Option<String>, String, Option<&'static str>);
/// What is whole, and what failed: source, address of the file, exception.
type Report = (Vec<Whole>, Vec<(String, Option<String>, Py<PyAny>)>);

/// Passes a step on. What goes wrong in the callable is its own business and ends nothing.
fn tell(told: &Py<PyAny>, step: Progress<'_>) {
    let (word, name, bytes, have) = match step {
        Progress::Begun { name, size, have } => ("begun", name, size, have),
        Progress::Received { name, bytes } => ("received", name, bytes, 0),
        Progress::Ended { name } => ("ended", name, 0, 0),
        _ => return,
    };
    Python::attach(|py| {
        if let Err(error) = told.call1(py, (word, name, bytes, have)) {
            error.write_unraisable(py, None);
        }
    });
}

/// A span of time that is not nothing.
fn seconds_of(py: Python<'_>, seconds: f64) -> PyResult<Duration> {
    let time = Duration::try_from_secs_f64(seconds).ok().filter(|time| !time.is_zero());
    time.ok_or_else(|| failure::usage(py, "timeout wants a positive number of seconds"))
}

/// How to make the session, and the one of this process.
pub(crate) struct Live {
    variables: Option<HashMap<String, String>>,
    token: Option<Token>,
    password: Option<(String, Password)>,
    cache: Cache,
    ca_pem: Option<String>,
    access: Option<Access>,
    timeout: Option<Duration>,
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

    /// The moment by which a call that begins now has to be done.
    pub(crate) fn limit(&self, session: &swath::Session) -> Limit {
        Limit::of(session, self.timeout)
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
        options = options.with_observer(remember);
        options.access = self.access.unwrap_or(options.access);
        if let Some(token) = &self.token {
            options = options.with_token(token.clone());
        }
        if let Some((user, password)) = &self.password {
            options = options.with_password(user, password.clone());
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
    /// authority to trust besides the usual ones, user and password in place of a token, the way to the archive, the longest
    /// that one call may take in seconds.
    #[new]
    #[pyo3(signature = (variables, token, cache, ca_pem, password = None, access = None, timeout = None))]
    #[allow(clippy::too_many_arguments, reason = "the keywords of Python's Session, one by one")]
    fn new(
        py: Python<'_>,
        variables: Option<HashMap<String, String>>,
        token: Option<&str>,
        cache: Cache,
        ca_pem: Option<String>,
        password: Option<(String, String)>,
        access: Option<&str>,
        timeout: Option<f64>,
    ) -> PyResult<Self> {
        let access = access.map(str::parse).transpose().map_err(|error| failure::raised(py, &error))?;
        let timeout = timeout.map(|seconds| seconds_of(py, seconds)).transpose()?;
        let token = token.map(Token::parse).transpose().map_err(|error| failure::raised(py, &error))?;
        let password = password.map(|(user, secret)| (user, Password::new(secret)));
        let session = OfProcess::empty();
        let live = Live { variables, token, password, cache, ca_pem, access, timeout, session };
        live.current(py)?;
        Ok(Self(Arc::new(live)))
    }

    /// The way to the archive: what was asked for, what it came to, why.
    fn access(&self, py: Python<'_>) -> PyResult<(&'static str, &'static str, String)> {
        let session = self.0.current(py)?;
        let choice = wait(py, async move { Ok(session.access().await) })?;
        Ok((choice.asked.word(), choice.door.word(), choice.reason))
    }

    /// Looks for the token now; when it expires (ISO 8601, UTC), if it says so.
    fn login(&self, py: Python<'_>) -> PyResult<Option<String>> {
        let session = self.0.current(py)?;
        let limit = self.0.limit(&session);
        let expiry = wait(py, async move { limit.part(session.login()).await })?;
        Ok(expiry.map(|moment| moment.to_string()))
    }

    /// Who is logged in: source of the token, user, expiry (ISO 8601, UTC), file that keeps a token.
    fn login_status(&self, py: Python<'_>) -> PyResult<Status> {
        let session = self.0.current(py)?;
        let limit = self.0.limit(&session);
        let status = wait(py, async move { limit.part(session.login_status()).await })?;
        let expiry = status.expiry.map(|moment| moment.to_string());
        Ok((status.source.to_string(), status.user, expiry, status.file))
    }

    /// Asks ASF whether the token opens the archive.
    fn check_login(&self, py: Python<'_>) -> PyResult<()> {
        let session = self.0.current(py)?;
        let limit = self.0.limit(&session);
        wait(py, async move { limit.part(session.check_login()).await })
    }

    /// Keeps the token for later sessions; the file that it is in.
    fn keep_login(&self, py: Python<'_>) -> PyResult<PathBuf> {
        let session = self.0.current(py)?;
        let limit = self.0.limit(&session);
        wait(py, async move { limit.part(session.keep_login()).await })
    }

    /// Removes the token that was kept; the file that it was in.
    fn logout(&self, py: Python<'_>) -> PyResult<Option<PathBuf>> {
        self.0.current(py)?.logout().map_err(|error| failure::raised(py, &error))
    }

    /// Downloads files: what is whole (path, bytes, outcome, algorithm it was checked with, address, way), and what failed (source,
    /// address of the file, exception). `told` is called with (step, name, bytes, bytes that were there).
    #[pyo3(signature = (sources, wanted, told))]
    fn download(
        &self,
        py: Python<'_>,
        sources: Vec<String>,
        wanted: DownloadRequest,
        told: Option<Py<PyAny>>,
    ) -> PyResult<Report> {
        let session = self.0.current(py)?;
        let mut options = wanted.options().map_err(|error| failure::raised(py, &error))?;
        if let Some(told) = told {
            options = options.observer(move |step| tell(&told, step));
        }
        if let Some(deadline) = self.0.limit(&session).deadline() {
            options = options.deadline(deadline);
        }
        let report = wait(py, async move { session.download(&sources, &options).await })?;
        let whole = |file: Downloaded| {
            let way = file.door.map(Door::word);
            (file.path, file.bytes, file.outcome.word(), file.checked, file.address, way)
        };
        let failed = report.failed.into_iter().map(|failed| {
            let error = failure::raised(py, &failed.error);
            (failed.source, failed.address, error.into_value(py).into_any())
        });
        Ok((report.done.into_iter().map(whole).collect(), failed.collect()))
    }

    /// What the network was asked for so far: requests, bytes.
    fn cost(&self, py: Python<'_>) -> PyResult<(u64, u64)> {
        let totals = self.0.current(py)?.ledger().totals();
        Ok((totals.requests, totals.bytes))
    }

    #[pyo3(signature = (options, unless=None))]
    fn search(
        &self,
        py: Python<'_>,
        options: &Bound<'_, PyDict>,
        unless: Option<&Bound<'_, PyList>>,
    ) -> PyResult<Found> {
        let (session, query) = (self.0.current(py)?, query(py, options, unless)?);
        let limit = self.0.limit(&session);
        wait(py, async move { limit.part(session.search(&query)).await }).map(Found)
    }

    /// How many granules there are, and what the user should know.
    #[pyo3(signature = (options, unless=None))]
    fn search_count(
        &self,
        py: Python<'_>,
        options: &Bound<'_, PyDict>,
        unless: Option<&Bound<'_, PyList>>,
    ) -> PyResult<(u64, Vec<String>)> {
        let (session, query) = (self.0.current(py)?, query(py, options, unless)?);
        let limit = self.0.limit(&session);
        wait(py, async move { limit.part(session.search_count(&query)).await })
            .map(|count| (count.hits, count.notices))
    }

    /// The newest orbit ephemeris of each kind.
    fn orbit_ephemerides(&self, py: Python<'_>, options: &Bound<'_, PyDict>) -> PyResult<Found> {
        let (session, query) = (self.0.current(py)?, query(py, options, None)?);
        let limit = self.0.limit(&session);
        wait(py, async move { limit.part(session.orbit_ephemerides(&query)).await }).map(Found)
    }

    /// What granules can be searched by: name, kind of the values, description, collections.
    #[pyo3(signature = (options, unless=None))]
    fn searchable_attributes(
        &self,
        py: Python<'_>,
        options: &Bound<'_, PyDict>,
        unless: Option<&Bound<'_, PyList>>,
    ) -> PyResult<Vec<Attribute>> {
        let (session, query) = (self.0.current(py)?, query(py, options, unless)?);
        let limit = self.0.limit(&session);
        let found = wait(py, async move { limit.part(session.searchable_attributes(&query)).await })?;
        Ok(found.into_iter().map(|one| (one.name, one.data_type, one.description, one.collections)).collect())
    }

    /// The pages of a search, to be fetched one by one.
    #[pyo3(signature = (options, unless=None))]
    fn search_pages(
        &self,
        py: Python<'_>,
        options: &Bound<'_, PyDict>,
        unless: Option<&Bound<'_, PyList>>,
    ) -> PyResult<Pages> {
        let (session, query) = (self.0.current(py)?, query(py, options, unless)?);
        let pages = session.search_pages(&query).map_err(|error| failure::raised(py, &error))?;
        Ok(Pages::new(pages))
    }

    /// Opens a granule; with `scales`, what [`Tree::scales`] gives is on its way already.
    #[pyo3(signature = (source, group, max_bytes, scales=false))]
    fn open(
        &self,
        py: Python<'_>,
        source: String,
        group: String,
        max_bytes: Option<u64>,
        scales: bool,
    ) -> PyResult<Tree> {
        let (session, limits) = (self.0.current(py)?, limits(max_bytes));
        let options = OpenOptions::default().group(group).limits(limits).axes_later(scales);
        let limit = self.0.limit(&session);
        let tree = wait(py, async move { limit.part(session.open(&source, &options)).await })?;
        if scales {
            begin(tree.clone())?;
        }
        Ok(Tree::new(tree, self.0.clone(), limits))
    }

    /// Opens what [`Tree::to_bytes`] made; no request.
    #[pyo3(signature = (saved, max_bytes))]
    fn open_saved(&self, py: Python<'_>, saved: &[u8], max_bytes: Option<u64>) -> PyResult<Tree> {
        let (session, limits) = (self.0.current(py)?, limits(max_bytes));
        let tree = session.open_saved(saved, limits).map_err(|error| failure::raised(py, &error))?;
        Ok(Tree::new(tree, self.0.clone(), limits))
    }

    /// Statistics of each source as JSON, in the order of the sources, and the sources that failed.
    #[pyo3(signature = (sources, wanted, told))]
    fn stats<'py>(
        &self,
        py: Python<'py>,
        sources: Vec<String>,
        wanted: LayerRequest,
        told: Option<Py<PyAny>>,
    ) -> PyResult<(Vec<String>, Failures<'py>)> {
        let (session, wanted) = (self.0.current(py)?, wanted.options(py)?);
        let tally = Tally::of(sources.len() as u64);
        let watch = Watch::new(told, session.ledger(), &tally);
        let limit = self.0.limit(&session);
        let call = async move {
            let each: Vec<_> = sources
                .iter()
                .map(|source| counted(&tally, limit.part(measured(&session, source, &wanted))))
                .collect();
            Ok(parted(stream::iter(each).buffered(AT_ONCE).enumerate().collect().await))
        };
        let (done, failed) = wait_watched(py, call, watch)?;
        Ok((done.into_iter().map(|(_, record)| record).collect(), told_of(py, &failed)))
    }

    /// The samples of the sources in the order of time, and the sources that failed.
    #[pyo3(signature = (sources, wanted, told))]
    fn timeseries<'py>(
        &self,
        py: Python<'py>,
        sources: Vec<String>,
        wanted: LayerRequest,
        told: Option<Py<PyAny>>,
    ) -> PyResult<(Series, Failures<'py>)> {
        let (session, wanted) = (self.0.current(py)?, wanted.options(py)?);
        let tally = Tally::of(sources.len() as u64);
        let watch = Watch::new(told, session.ledger(), &tally);
        let limit = self.0.limit(&session);
        let call = async move { series(&session, &sources, &wanted, &tally, &limit).await };
        let (samples, failed) = wait_watched(py, call, watch)?;
        Ok((Series(samples), told_of(py, &failed)))
    }

    /// A picture of a layer; `outline` is a box to mark.
    #[pyo3(signature = (source, wanted, outline, told))]
    fn quicklook<'py>(
        &self,
        py: Python<'py>,
        source: String,
        wanted: LayerRequest,
        outline: Option<[f64; 4]>,
        told: Option<Py<PyAny>>,
    ) -> PyResult<Bound<'py, PyBytes>> {
        let (session, wanted) = (self.0.current(py)?, wanted.options(py)?);
        let outline = outline.map(|area| lon_lat_box(py, area)).transpose()?;
        let tally = Tally::of(1);
        let watch = Watch::new(told, session.ledger(), &tally);
        let limit = self.0.limit(&session);
        let drawing = async move {
            let layer = session.open_region(&source, &wanted).await?;
            let outline = match outline {
                Some(area) => Some(layer.clip_box(area).await?.window()?),
                None => None,
            };
            counted(&tally, plot::quicklook(&layer, outline)).await
        };
        let png = wait_watched(py, async move { limit.part(drawing).await }, watch)?;
        Ok(PyBytes::new(py, &png))
    }

    /// The layers of a stack in the order of time, each with the path of the layer, its window and its granule's name; and
    /// the grid they share: EPSG code and GDAL's six coefficients.
    #[allow(clippy::type_complexity, reason = "a tuple on its way to Python, taken apart at once")]
    #[pyo3(signature = (sources, wanted, told))]
    fn stack(
        &self,
        py: Python<'_>,
        sources: Vec<String>,
        wanted: LayerRequest,
        told: Option<Py<PyAny>>,
    ) -> PyResult<(Vec<(Tree, String, [u64; 4], String)>, u32, [f64; 6])> {
        let (session, wanted) = (self.0.current(py)?, wanted.options(py)?);
        let limits = wanted.limits;
        let tally = Tally::of(sources.len() as u64);
        let watch = Watch::new(told, session.ledger(), &tally);
        let limit = self.0.limit(&session);
        let opening = async move {
            let stack = stack(&session, &sources, &wanted, &tally).await?;
            let grid = stack.grid().await?;
            Ok((stack, grid))
        };
        let (stack, grid) = wait_watched(py, async move { limit.part(opening).await }, watch)?;
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

/// Begins to read the scales. Who wants them waits for this, and is told what went wrong.
fn begin(tree: swath::DataTree) -> PyResult<()> {
    drop(runtime()?.spawn(async move { tree.read_scales().await }));
    Ok(())
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
    tally: &Tally,
) -> swath::Result<Stack> {
    let opening: Vec<_> =
        sources.iter().map(|source| counted(tally, session.open_region(source, wanted))).collect();
    let layers: Vec<DataArray> = stream::iter(opening).buffered(AT_ONCE).try_collect().await?;
    Stack::new(layers)
}

/// The samples of what can be read, in the order of time, and the numbers of the sources that cannot, with the reasons.
async fn series(
    session: &swath::Session,
    sources: &[String],
    wanted: &swath::LayerOptions,
    tally: &Tally,
    limit: &Limit,
) -> swath::Result<(Vec<Sample>, Vec<(usize, Error)>)> {
    let opening: Vec<_> =
        sources.iter().map(|source| limit.part(session.open_region(source, wanted))).collect();
    let (opened, mut failed) = parted(stream::iter(opening).buffered(AT_ONCE).enumerate().collect().await);
    failed.iter().for_each(|_| tally.one_more());
    let numbers: HashMap<String, usize> =
        opened.iter().map(|(number, layer)| (layer.tree().address().to_string(), *number)).collect();
    let stack = Stack::new(opened.into_iter().map(|(_, layer)| layer).collect())?;
    let read = stack.each_statistics().inspect(|_| tally.one_more());
    let outcomes = limit.part(async { Ok(read.collect::<Vec<_>>().await) }).await?;
    let places = stack.layers().iter().map(|(_, layer)| layer.tree().address().to_string());
    let numbered = places.map(|place| numbers.get(&place).copied().unwrap_or_default()).zip(outcomes);
    let (samples, unread) = parted(numbered.collect());
    failed.extend(unread);
    failed.sort_by_key(|(number, _)| *number);
    Ok((samples.into_iter().map(|(_, sample)| sample).collect(), failed))
}

/// A part of a call that is counted when it has ended, well or not.
async fn counted<T>(tally: &Tally, part: impl Future<Output = T>) -> T {
    let ended = part.await;
    tally.one_more();
    ended
}

/// A value with the number of the source that it comes from.
type Numbered<T> = (usize, T);

/// What came out well and what failed, each with the number of its source.
fn parted<T>(results: Vec<Numbered<swath::Result<T>>>) -> (Vec<Numbered<T>>, Vec<Numbered<Error>>) {
    let (mut done, mut failed) = (Vec::new(), Vec::new());
    for (number, result) in results {
        match result {
            Ok(value) => done.push((number, value)),
            Err(error) => failed.push((number, error)),
        }
    }
    (done, failed)
}

/// Numbers of the sources that failed, each with its exception.
type Failures<'py> = Vec<Numbered<Bound<'py, PyAny>>>;

fn told_of<'py>(py: Python<'py>, failed: &[Numbered<Error>]) -> Failures<'py> {
    let exception = |error| failure::raised(py, error).into_value(py).into_bound(py).into_any();
    failed.iter().map(|(number, error)| (*number, exception(error))).collect()
}
