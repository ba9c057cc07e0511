//! A granule opened, and its reads.

use std::sync::Arc;

use futures::stream::{self, StreamExt, TryStreamExt};
use numpy::PyArray1;
use pyo3::IntoPyObjectExt;
use pyo3::prelude::*;
use pyo3::types::PyBytes;
use swath::{DataArray, DataTree, ReadLimits};
use swath_hdf5::{Axis, Charset, DataType, Dataset, Filter, Object, Selection};

use crate::session::Live;
use crate::waiting::{OfProcess, Tally, Watch, wait, wait_watched};
use crate::{element, failure};

/// Arrays read at the same time; the requests of all share the hosts' limits.
const AT_ONCE: usize = 16;

/// A granule opened. Works in a forked process too.
#[pyclass(frozen, module = "swath._swath")]
pub(crate) struct Tree {
    tree: OfProcess<DataTree>,
    session: Arc<Live>,
    limits: ReadLimits,
}

/// Start, count and step along each axis.
type Axes = Vec<(u64, u64, u64)>;

/// Path and bytes of a scale.
type Labels<'py> = (String, Bound<'py, PyArray1<u8>>);
/// Path and bytes of the first and the last of many times.
type Ends<'py> = (String, Bound<'py, PyArray1<u8>>, Bound<'py, PyArray1<u8>>);

/// What was read.
enum Elements {
    Bytes(Vec<u8>),
    Texts(Vec<String>),
}

impl Tree {
    pub(crate) fn new(tree: DataTree, session: Arc<Live>, limits: ReadLimits) -> Self {
        Self { tree: OfProcess::holding(tree), session, limits }
    }

    /// The tree of this process. In a forked one the parent's sockets are of no use: it is opened again from what is
    /// known, without a request.
    pub(crate) fn current(&self, py: Python<'_>) -> PyResult<DataTree> {
        self.tree.get(|parent| {
            let Some(parent) = parent else {
                return Err(failure::internal(py, "a tree without a tree"));
            };
            let session = self.session.current(py)?;
            let again = parent.to_bytes().and_then(|saved| session.open_saved(&saved, self.limits));
            let again = again.map_err(|error| failure::raised(py, &error))?;
            if parent.is_closed() {
                again.close();
            }
            Ok(again)
        })
    }

    fn array(&self, py: Python<'_>, path: &str) -> PyResult<DataArray> {
        self.current(py)?.array(path).map_err(|error| failure::raised(py, &error))
    }
}

#[pymethods]
impl Tree {
    #[getter]
    fn name(&self, py: Python<'_>) -> PyResult<String> {
        Ok(self.current(py)?.name().to_owned())
    }

    #[getter]
    fn address(&self, py: Python<'_>) -> PyResult<String> {
        Ok(self.current(py)?.address().to_string())
    }

    #[getter]
    fn group(&self, py: Python<'_>) -> PyResult<String> {
        Ok(self.current(py)?.index().root.clone())
    }

    /// Start of the acquisition, ISO 8601 in UTC.
    #[getter]
    fn start(&self, py: Python<'_>) -> PyResult<Option<String>> {
        Ok(self.current(py)?.granule().map(|name| name.start.to_string()))
    }

    #[getter]
    fn max_bytes(&self) -> u64 {
        self.limits.max_bytes
    }

    /// Bytes of the file.
    #[getter]
    fn size(&self, py: Python<'_>) -> PyResult<u64> {
        Ok(self.current(py)?.index().size)
    }

    /// Size and entity tag of the file.
    #[getter]
    fn version(&self, py: Python<'_>) -> PyResult<(u64, Option<String>)> {
        let tree = self.current(py)?;
        let tag = tree.object().version().and_then(|version| version.tag);
        Ok((tree.index().size, tag))
    }

    /// Objects that are there but could not be read: path and reason.
    #[getter]
    fn unreadable(&self, py: Python<'_>) -> PyResult<Vec<(String, String)>> {
        Ok(self.current(py)?.index().unreadable.clone())
    }

    /// What the network was asked for so far: requests, bytes, waves.
    fn cost(&self, py: Python<'_>) -> PyResult<(u64, u64, u64)> {
        let tree = self.current(py)?;
        let totals = tree.object().ledger().totals();
        Ok((totals.requests, totals.bytes, tree.object().waves()))
    }

    /// The tree as text.
    fn text(&self, py: Python<'_>) -> PyResult<String> {
        Ok(self.current(py)?.to_string())
    }

    /// Every object, a group before what is in it, in the order of the file: path, whether it is a group, attributes,
    /// and for an array its description.
    fn objects<'py>(&self, py: Python<'py>) -> PyResult<Vec<Bound<'py, PyAny>>> {
        let tree = self.current(py)?;
        let root = tree.index().root.clone();
        let mut found = Vec::new();
        if let Some(object) = tree.index().get(&root) {
            described(py, &tree, &root, object, &mut found)?;
        }
        Ok(found)
    }

    /// Path of a layer, wherever the product keeps it.
    fn layer(&self, py: Python<'_>, frequency: &str, layer: &str) -> PyResult<String> {
        let layer = self.current(py)?.layer(frequency, layer);
        layer.map(|layer| layer.path().to_owned()).map_err(|error| failure::raised(py, &error))
    }

    /// Reads elements: start, count and step along each axis. Bytes, or texts of variable length.
    #[pyo3(signature = (path, axes, told))]
    fn read<'py>(
        &self,
        py: Python<'py>,
        path: &str,
        axes: Axes,
        told: Option<Py<PyAny>>,
    ) -> PyResult<Bound<'py, PyAny>> {
        let array = self.array(py, path)?;
        let session = self.session.current(py)?;
        let limit = self.session.limit(&session);
        let watch = Watch::new(told, session.ledger(), &Tally::default());
        let read = wait_watched(py, async move { limit.part(elements(&array, axes)).await }, watch)?;
        handed_over(py, read)
    }

    /// The values of all dimension scales and of few other times, by path; the first and the last of many times. At most
    /// one wave.
    fn scales<'py>(&self, py: Python<'py>) -> PyResult<(Vec<Labels<'py>>, Vec<Ends<'py>>)> {
        let tree = self.current(py)?;
        let limit = self.session.limit(&self.session.current(py)?);
        let read = wait(py, async move { limit.part(tree.read_scales()).await })?;
        let array = |bytes: &Vec<u8>| element::array(py, bytes.clone());
        let values = read.values.iter().map(|(path, bytes)| (path.clone(), array(bytes)));
        let ends = read.ends.iter().map(|(path, [first, last])| (path.clone(), array(first), array(last)));
        Ok((values.collect(), ends.collect()))
    }

    /// All that opening found out, for another process; of one array alone if its path is given.
    #[pyo3(signature = (path = None))]
    fn to_bytes<'py>(&self, py: Python<'py>, path: Option<&str>) -> PyResult<Bound<'py, PyBytes>> {
        let tree = self.current(py)?;
        let saved = py.detach(|| match path {
            Some(path) => tree.array_to_bytes(path),
            None => tree.to_bytes(),
        });
        Ok(PyBytes::new(py, &saved.map_err(|error| failure::raised(py, &error))?))
    }

    fn close(&self, py: Python<'_>) -> PyResult<()> {
        self.current(py)?.close();
        Ok(())
    }

    #[getter]
    fn closed(&self, py: Python<'_>) -> PyResult<bool> {
        Ok(self.current(py)?.is_closed())
    }
}

/// Reads of several trees at the same time, each as [`Tree::read`].
#[pyfunction]
#[pyo3(signature = (reads, told))]
pub(crate) fn read_several<'py>(
    py: Python<'py>,
    reads: Vec<(Py<Tree>, String, Axes)>,
    told: Option<Py<PyAny>>,
) -> PyResult<Vec<Bound<'py, PyAny>>> {
    let Some((first, ..)) = reads.first() else { return Ok(Vec::new()) };
    let tally = Tally::of(reads.len() as u64);
    let session = first.get().session.current(py)?;
    let limit = first.get().session.limit(&session);
    let watch = Watch::new(told, session.ledger(), &tally);
    let arrays: Vec<(DataArray, Axes)> = reads
        .into_iter()
        .map(|(tree, path, axes)| Ok((tree.get().array(py, &path)?, axes)))
        .collect::<PyResult<_>>()?;
    let reading = async move {
        let tally = &tally;
        let each = stream::iter(arrays).map(|(array, axes)| async move {
            let read = elements(&array, axes).await;
            tally.one_more();
            read
        });
        each.buffered(AT_ONCE).try_collect::<Vec<Elements>>().await
    };
    let read = wait_watched(py, async move { limit.part(reading).await }, watch)?;
    read.into_iter().map(|elements| handed_over(py, elements)).collect()
}

async fn elements(array: &DataArray, axes: Axes) -> swath::Result<Elements> {
    let axis = |(start, count, step)| Axis { start, count, step };
    let selection = Selection::strided(axes.into_iter().map(axis).collect());
    let datatype = &array.dataset().datatype;
    if datatype.is_variable() {
        return array.read_texts(&selection).await.map(Elements::Texts);
    }
    let bytes = array.read_bytes(&selection).await?;
    Ok(Elements::Bytes(element::null_padded(bytes, datatype)))
}

fn handed_over(py: Python<'_>, read: Elements) -> PyResult<Bound<'_, PyAny>> {
    match read {
        Elements::Bytes(bytes) => Ok(element::array(py, bytes).into_any()),
        Elements::Texts(texts) => texts.into_bound_py_any(py),
    }
}

/// An object and all below it.
fn described<'py>(
    py: Python<'py>,
    tree: &DataTree,
    path: &str,
    object: &Object,
    found: &mut Vec<Bound<'py, PyAny>>,
) -> PyResult<()> {
    let attributes: Vec<Bound<'py, PyAny>> =
        object.attributes().iter().map(|one| element::attribute(py, one)).collect::<PyResult<_>>()?;
    match object {
        Object::NamedType(_) => {}
        Object::Dataset(dataset) => {
            let description = description(py, tree, path, dataset)?;
            found.push((path, false, attributes, description).into_bound_py_any(py)?);
        }
        Object::Group(_) => {
            found.push((path, true, attributes, py.None()).into_bound_py_any(py)?);
            for (path, object) in tree.index().group(path).into_iter().flatten() {
                described(py, tree, &path, object, found)?;
            }
        }
    }
    Ok(())
}

/// Dimensions, shape, largest shape, dtype, chunks, filters (number and level), whether it is a scale, whether it is text
/// of variable length that says to be ASCII.
fn description<'py>(
    py: Python<'py>,
    tree: &DataTree,
    path: &str,
    dataset: &Dataset,
) -> PyResult<Bound<'py, PyAny>> {
    let array = tree.array(path).map_err(|error| failure::raised(py, &error))?;
    let filters: Vec<(u16, Option<u32>)> = dataset.filters.iter().map(filter).collect();
    let dtype = element::dtype(py, &dataset.datatype)?;
    let (dimensions, name) = (array.dimensions(), dataset.datatype.name());
    let shapes = (&dataset.shape, &dataset.max_shape, &dataset.chunk_shape);
    let is_ascii = matches!(dataset.datatype, DataType::VariableString { charset: Charset::Ascii, .. });
    (dimensions, shapes, dtype, name, filters, dataset.is_dimension_scale, is_ascii).into_bound_py_any(py)
}

fn filter(filter: &Filter) -> (u16, Option<u32>) {
    match filter {
        Filter::Deflate { level } => (filter.id(), *level),
        Filter::Other { parameters, .. } => (filter.id(), parameters.first().copied()),
        _ => (filter.id(), None),
    }
}
