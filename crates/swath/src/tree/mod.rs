//! A granule opened: groups and layers as lazy labelled arrays.
//!
//! A [`DataTree`] holds the index of a file (or of one group of it) and the way to its bytes. Opening it reads metadata
//! only; printing it, listing it and looking at attributes costs nothing more. Values are fetched when an array is read.
//! Nothing is held open: the tree can be cloned, shared between tasks and kept for hours.

mod array;
mod describe;
mod dimensions;
mod grids;
mod hints;
mod measurement;
mod open;
mod region;
mod scales;

use std::collections::BTreeMap;
use std::fmt;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use swath_hdf5::{Attribute, Index, Layout, LazyTable, Plan, Selection};
use tokio::sync::OnceCell;

use crate::cache::IndexCache;
use crate::error::{Error, ErrorKind, Result};
use crate::granule::GranuleName;
use crate::read::ReadLimits;
use crate::store::{Address, Object};

pub use array::{Cost, DataArray};
use dimensions::Dimensions;
pub(crate) use grids::GridAxes;
pub(crate) use hints::KnownPlaces;
pub use measurement::Measurement;
pub use open::OpenOptions;
pub(crate) use open::{Opening, open, open_saved};
pub use region::{LayerOptions, Region};
pub use scales::Scales;

/// A granule (or one group of it), opened lazily. Cloning shares it.
#[derive(Clone)]
pub struct DataTree(Arc<Tree>);

struct Tree {
    name: String,
    granule: Option<GranuleName>,
    object: Object,
    index: Index,
    /// The group that was asked for; relative paths start here.
    group: String,
    axes: Mutex<BTreeMap<String, GridAxes>>,
    dimensions: OnceLock<Dimensions>,
    /// Chunk tables that are read with the windows, by path.
    tables: Mutex<BTreeMap<String, Arc<LazyTable>>>,
    /// Once they have been read.
    scales: OnceCell<Arc<Scales>>,
    limits: ReadLimits,
    closed: AtomicBool,
    /// Where the index came from, if not from the file itself.
    saved_in: Option<IndexCache>,
    /// Where it is to be saved when the ends of the axes are known, if they are read later.
    save_in: Option<IndexCache>,
}

impl DataTree {
    /// The granule's name, or the file's when it is no granule's.
    pub fn name(&self) -> &str {
        &self.0.name
    }

    /// The parsed name, when the file is named as NISAR granules are.
    pub fn granule(&self) -> Option<&GranuleName> {
        self.0.granule.as_ref()
    }

    /// Where the granule is.
    pub fn address(&self) -> &Address {
        self.0.object.address()
    }

    /// The way to its bytes, with the account of what was fetched so far.
    pub fn object(&self) -> &Object {
        &self.0.object
    }

    /// Everything known about the file but its values.
    pub fn index(&self) -> &Index {
        &self.0.index
    }

    /// The group that was opened.
    pub fn group(&self) -> &str {
        &self.0.group
    }

    /// The array at `path`: absolute, or relative to the group that was opened.
    ///
    /// # Errors
    /// A usage error when there is no array at that path; it names near ones.
    pub fn array(&self, path: &str) -> Result<DataArray> {
        let full = self.absolute(path);
        match self.0.index.dataset(&full) {
            Ok(_) => Ok(DataArray::whole(self.clone(), full)),
            Err(error) => Err(Error::from(error).with_hint(self.near(path))),
        }
    }

    /// The layer of a frequency, wherever the product keeps it: `layer("A", "HHHH")`.
    ///
    /// # Errors
    /// A usage error when the granule has no such frequency or layer; it names those that are there.
    pub fn layer(&self, frequency: &str, layer: &str) -> Result<DataArray> {
        let folder = format!("/frequency{}/", frequency.to_uppercase());
        let ending = format!("{folder}{layer}");
        let in_grids = |path: &str| path.contains("/grids/") || path.contains("/swaths/");
        let found = self.0.index.datasets().find(|(path, _)| in_grids(path) && path.ends_with(&ending));
        if let Some((path, _)) = found {
            return Ok(DataArray::whole(self.clone(), path.to_owned()));
        }
        let mut there: Vec<&str> = self
            .0
            .index
            .datasets()
            .filter(|(path, dataset)| in_grids(path) && path.contains(&folder) && dataset.shape.len() >= 2)
            .filter_map(|(path, _)| path.rsplit('/').next())
            .collect();
        there.dedup();
        let error = Error::usage(format!("{} has no layer {layer} at frequency {frequency}", self.name()));
        Err(match there.is_empty() {
            true => error.with_hint(format!("it has nothing at frequency {frequency}")),
            false => error.with_hint(format!("it has {}", there.join(", "))),
        })
    }

    /// The attributes of the group or array at `path`.
    ///
    /// # Errors
    /// A usage error when there is nothing at that path.
    pub fn attributes(&self, path: &str) -> Result<&[Attribute]> {
        let full = self.absolute(path);
        match self.0.index.get(&full) {
            Some(object) => Ok(object.attributes()),
            None => Err(Error::usage(format!("there is nothing at {full}")).with_hint(self.near(path))),
        }
    }

    /// Ends the use of this tree, for those who want to be sure: every later read of it or of its arrays fails with
    /// [`ErrorKind::Closed`]. There is nothing that must be closed.
    pub fn close(&self) {
        self.0.closed.store(true, Ordering::Relaxed);
    }

    /// Whether [`DataTree::close`] was called.
    pub fn is_closed(&self) -> bool {
        self.0.closed.load(Ordering::Relaxed)
    }

    pub(crate) fn check_open(&self) -> Result<()> {
        if self.is_closed() {
            return Err(Error::new(ErrorKind::Closed, format!("{} was closed and then read", self.name()))
                .with_hint("open it again, or close it later"));
        }
        Ok(())
    }

    fn absolute(&self, path: &str) -> String {
        let joined = match path {
            "" | "." => self.0.group.clone(),
            path if path.starts_with('/') => path.to_owned(),
            path => format!("{}/{path}", self.0.group.trim_end_matches('/')),
        };
        match joined.trim_end_matches('/') {
            "" => "/".to_owned(),
            trimmed => trimmed.to_owned(),
        }
    }

    /// Paths whose last name resembles what was asked for.
    fn near(&self, path: &str) -> String {
        let wanted = path.rsplit('/').next().unwrap_or_default().to_lowercase();
        let same =
            |found: &&String| found.rsplit('/').next().is_some_and(|name| name.to_lowercase() == wanted);
        let near: Vec<&str> = self.0.index.objects.keys().filter(same).take(3).map(String::as_str).collect();
        match near.is_empty() {
            true => "list the tree with: swath info SOURCE".to_owned(),
            false => format!("there is {}", near.join(", ")),
        }
    }

    /// A read that failed because the object is no longer the one that the saved index describes: forget the index.
    pub(crate) fn reconsider(&self, error: Error) -> Error {
        match &self.0.saved_in {
            Some(cache) if error.is_integrity() => {
                cache.forget(&self.0.object.address().to_string(), &self.0.group);
                error.with_hint("the saved index of this granule was dropped; run the command again")
            }
            _ => error,
        }
    }

    /// Plans how a selection of the array at `path` is read. A chunk table that was not read with the metadata is read
    /// as far as the selection needs it, and what was read of it is kept for the next.
    pub(crate) async fn plan(&self, path: &str, selection: &Selection) -> Result<Plan> {
        let dataset = self.index().dataset(path)?;
        if !matches!(dataset.layout, Layout::Unread(_)) {
            return Ok(dataset.plan(path, selection)?);
        }
        let table = {
            let mut tables = self.0.tables.lock().unwrap_or_else(PoisonError::into_inner);
            match tables.get(path) {
                Some(table) => table.clone(),
                None => {
                    let table = Arc::new(LazyTable::new(self.index(), path)?);
                    tables.insert(path.to_owned(), table.clone());
                    table
                }
            }
        };
        let planned = table.plan(self.object(), selection).await;
        planned.map_err(|error| self.reconsider(error.into()))
    }

    fn dimensions(&self) -> &Dimensions {
        self.0.dimensions.get_or_init(|| Dimensions::new(self.index()))
    }

    fn axes(&self) -> std::sync::MutexGuard<'_, BTreeMap<String, GridAxes>> {
        self.0.axes.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl fmt::Debug for DataTree {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "DataTree({} {})", self.address(), self.group())
    }
}
