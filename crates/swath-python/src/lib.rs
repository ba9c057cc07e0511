//! The compiled part of the Python package `swath`.
//!
//! It translates and computes nothing: Python values in, one call of the library, Python values out. What a scientist
//! sees (names, defaults, labelled arrays, documents) is Python in `python/swath`; this module is private to it.
//!
//! - `waiting` – one runtime of the process; every call releases the interpreter and still hears Ctrl-C.
//! - `failure` – the library's errors as Python's.
//! - `session`, `tree`, `found`, `series`, `sandbox` – one class each, frozen.
//! - `references` – references to chunks, for zarr.
//! - `element` – types and values of HDF5 as numpy has them.
//!
//! **Invariants.** No lock is held while Python code runs. A handle works in a forked process: what holds sockets or
//! threads is made again there. Nothing here prints, and no token can be read back.

mod element;
mod failure;
mod found;
mod references;
mod request;
mod sandbox;
mod series;
mod session;
mod tree;
mod waiting;

use pyo3::prelude::*;

/// The classes and functions behind the package.
#[pymodule(gil_used = false)]
mod _swath {
    #[pymodule_export]
    use crate::found::{Found, Pages, search_options};
    #[pymodule_export]
    use crate::references::{direct_access, kerchunk};
    #[pymodule_export]
    use crate::sandbox::Sandbox;
    #[pymodule_export]
    use crate::series::Series;
    #[pymodule_export]
    use crate::session::Session;
    #[pymodule_export]
    use crate::tree::{Tree, read_several};

    use super::*;

    #[pymodule_init]
    fn init(module: &Bound<'_, PyModule>) -> PyResult<()> {
        module.add("__version__", env!("CARGO_PKG_VERSION"))
    }
}
