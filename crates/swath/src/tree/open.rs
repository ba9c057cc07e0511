//! Opening: the index from the cache or from the file, and the ends of the coordinate axes.

use std::sync::Mutex;
use std::sync::atomic::AtomicBool;

use swath_hdf5::read_index;

use super::{DataTree, Tree, grids};
use crate::cache::{IndexCache, Saved};
use crate::error::Result;
use crate::granule::GranuleName;
use crate::read::ReadLimits;
use crate::store::{Address, Object};

/// How a granule is opened.
#[derive(Debug, Clone)]
pub struct OpenOptions {
    /// Only this group and what is below it; `/` for the whole file. Opening one group reads less.
    pub group: String,
    /// What later reads may cost.
    pub limits: ReadLimits,
}

impl Default for OpenOptions {
    fn default() -> Self {
        Self { group: "/".to_owned(), limits: ReadLimits::default() }
    }
}

impl OpenOptions {
    /// Only this group and what is below it.
    #[must_use]
    pub fn group(mut self, group: impl Into<String>) -> Self {
        self.group = group.into();
        self
    }

    /// What later reads may cost.
    #[must_use]
    pub fn limits(mut self, limits: ReadLimits) -> Self {
        self.limits = limits;
        self
    }
}

/// Opens the object's tree: no request when its index is saved, else a few waves of metadata.
pub(crate) async fn open(
    object: Object,
    options: &OpenOptions,
    cache: Option<&IndexCache>,
) -> Result<DataTree> {
    let address = object.address().to_string();
    // A local file is as near as the cache.
    let cache = cache.filter(|_| !matches!(object.address(), Address::Local(_) | Address::Memory(_)));
    let saved = cache.and_then(|cache| cache.load(&address, &options.group));
    let from_cache = saved.is_some();
    let saved = match saved {
        Some(saved) => {
            object.expect_version(saved.version.clone());
            saved
        }
        None => read_cold(&object, &options.group, cache).await?,
    };
    let granule = GranuleName::parse(&object.address().file_name()).ok();
    let name = granule.as_ref().map_or_else(|| object.address().file_name(), ToString::to_string);
    Ok(DataTree(std::sync::Arc::new(Tree {
        name,
        granule,
        object,
        index: saved.index,
        group: options.group.clone(),
        axes: Mutex::new(saved.axes),
        limits: options.limits,
        closed: AtomicBool::new(false),
        saved_in: cache.filter(|_| from_cache).cloned(),
    })))
}

/// Reads the index from the file and the ends of its grids' axes along with it; saves both.
async fn read_cold(object: &Object, group: &str, cache: Option<&IndexCache>) -> Result<Saved> {
    let options = swath_hdf5::OpenOptions::default().with_ends_of(grids::AXES);
    let index = read_index(object, group, &options).await?;
    let axes = grids::read_axes(object, &index, &grids::grid_groups(&index)).await?;
    let version = object.version().unwrap_or(crate::store::Version { size: index.size, tag: None });
    let saved = Saved { version, axes, index };
    if let Some(cache) = cache {
        cache.save(&object.address().to_string(), group, &saved);
    }
    Ok(saved)
}
