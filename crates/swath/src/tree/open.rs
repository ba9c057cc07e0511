//! Opening: the index from the cache or from the file, and the ends of the coordinate axes.

use std::sync::atomic::AtomicBool;
use std::sync::{Arc, Mutex, OnceLock};

use swath_hdf5::read_index;

use super::scales::{self, Scales};
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
    /// Whether the dimension scales and the ends of times come along with the last round of opening, for whoever labels
    /// axes at once: [`DataTree::read_scales`] then asks for nothing. It fetches more, and takes no longer.
    pub scales: bool,
}

impl Default for OpenOptions {
    fn default() -> Self {
        Self { group: "/".to_owned(), limits: ReadLimits::default(), scales: false }
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

    /// Sets [`OpenOptions::scales`].
    #[must_use]
    pub fn scales(mut self, scales: bool) -> Self {
        self.scales = scales;
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
    let (saved, along) = match saved {
        Some(saved) => {
            object.expect_version(saved.version.clone());
            (saved, None)
        }
        None => read_cold(&object, options, cache).await?,
    };
    let used = cache.filter(|_| from_cache).cloned();
    let tree = DataTree::new(object, saved, options, used);
    match along {
        Some(scales) => drop(tree.0.scales.set(scales)),
        None if options.scales => drop(tree.read_scales().await?),
        None => {}
    }
    Ok(tree)
}

/// Opens the object's tree with an index that was saved before. Nothing is read: not a request.
pub(crate) fn open_saved(object: Object, saved: Saved, options: &OpenOptions) -> DataTree {
    object.expect_version(saved.version.clone());
    DataTree::new(object, saved, options, None)
}

impl DataTree {
    fn new(object: Object, saved: Saved, options: &OpenOptions, saved_in: Option<IndexCache>) -> Self {
        let granule = GranuleName::parse(&object.address().file_name()).ok();
        let name = granule.as_ref().map_or_else(|| object.address().file_name(), ToString::to_string);
        Self(std::sync::Arc::new(Tree {
            name,
            granule,
            object,
            index: saved.index,
            group: options.group.clone(),
            axes: Mutex::new(saved.axes),
            dimensions: OnceLock::new(),
            scales: OnceLock::new(),
            limits: options.limits,
            closed: AtomicBool::new(false),
            saved_in,
        }))
    }

    /// All that opening has found out, as bytes: to be kept, or sent to another process, which opens the granule with
    /// [`Session::open_saved`](crate::Session::open_saved) and without a single request. Holds no secret.
    ///
    /// # Errors
    /// A limit error when the index is longer than 64 MiB.
    pub fn to_bytes(&self) -> Result<Vec<u8>> {
        self.kept(self.index().clone())
    }

    /// As [`DataTree::to_bytes`], of the array at `path` alone.
    ///
    /// # Errors
    /// As [`DataTree::to_bytes`]; a usage error when there is no array at that path.
    pub fn array_to_bytes(&self, path: &str) -> Result<Vec<u8>> {
        let array = self.array(path)?;
        let mut index = self.index().clone();
        let leads_there =
            |group: &str| array.path().starts_with(&format!("{}/", group.trim_end_matches('/')));
        index.objects.retain(|path, _| path == array.path() || leads_there(path));
        index.unreadable.clear();
        self.kept(index)
    }

    fn kept(&self, index: swath_hdf5::Index) -> Result<Vec<u8>> {
        let object = self.object();
        let version = object.version().unwrap_or(crate::store::Version { size: index.size, tag: None });
        let saved = Saved { version, axes: self.axes().clone(), index };
        saved.to_bytes(&object.address().to_string(), self.group())
    }
}

/// Reads the index from the file, and along with it the ends of its grids' axes and, if they are wanted, the scales; saves
/// the former two.
async fn read_cold(
    object: &Object,
    options: &OpenOptions,
    cache: Option<&IndexCache>,
) -> Result<(Saved, Option<Arc<Scales>>)> {
    // Scales take a round after the metadata anyway; then the ends of the axes are in no hurry.
    let ends = if options.scales { &[] } else { grids::AXES };
    let reading = swath_hdf5::OpenOptions::default().with_ends_of(ends);
    let index = read_index(object, &options.group, &reading).await?;
    let limits = options.scales.then_some(options.limits);
    let (axes, scales) = scales::read_along(object, &index, limits).await?;
    let version = object.version().unwrap_or(crate::store::Version { size: index.size, tag: None });
    let saved = Saved { version, axes, index };
    if let Some(cache) = cache {
        cache.save(&object.address().to_string(), &options.group, &saved);
    }
    Ok((saved, scales))
}
