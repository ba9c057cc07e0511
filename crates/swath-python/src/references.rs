//! References to a granule's chunks, for zarr.

use pyo3::prelude::*;
use pyo3::types::PyBytes;
use swath::Address;
use swath::export::{KerchunkOptions, KerchunkReferences};

use crate::failure;
use crate::tree::Tree;
use crate::waiting::wait;

/// A JSON document, and what is not in it: path and reason.
type Document<'py> = (Bound<'py, PyBytes>, Vec<(String, String)>);

/// Kerchunk references of one group of a tree.
#[pyfunction]
pub(crate) fn kerchunk<'py>(
    py: Python<'py>,
    tree: &Tree,
    group: String,
    url: Option<String>,
    inline_limit: u64,
    embed_limit: u64,
) -> PyResult<Document<'py>> {
    let tree = tree.current(py)?;
    let options = KerchunkOptions { group: Some(group), url, inline_limit, embed_limit };
    let references = wait(py, async move { KerchunkReferences::of(&tree, &options).await })?;
    let mut document = Vec::new();
    let written = py.detach(|| references.write_json(&mut document));
    written.map_err(|error| failure::raised(py, &error))?;
    let skipped = references.skipped().iter().map(|(path, why)| (path.clone(), why.clone())).collect();
    Ok((PyBytes::new(py, &document), skipped))
}

/// Where the same object is in S3, for an address of the archive's gateway.
#[pyfunction]
pub(crate) fn direct_access(address: &str) -> Option<String> {
    Address::parse(address).ok()?.direct_access().map(|found| found.to_string())
}
