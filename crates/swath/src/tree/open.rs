//! Opening: the index from the cache or from the file, and the ends of the coordinate axes.

use std::collections::BTreeMap;
use std::sync::atomic::AtomicBool;
use std::sync::{Mutex, OnceLock};

use tokio::sync::OnceCell;

use swath_hdf5::{Index, read_index};

use super::{DataTree, KnownPlaces, Tree, grids};
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
    /// Whether opening ends with the metadata and leaves the ends of the axes to [`DataTree::read_scales`], which reads them
    /// along with the scales: for whoever wants those anyway, and has something else to do meanwhile.
    pub axes_later: bool,
}

impl Default for OpenOptions {
    fn default() -> Self {
        Self { group: "/".to_owned(), limits: ReadLimits::default(), axes_later: false }
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

    /// Sets [`OpenOptions::axes_later`].
    #[must_use]
    pub fn axes_later(mut self, axes_later: bool) -> Self {
        self.axes_later = axes_later;
        self
    }
}

/// What a session knows that helps to open.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Opening<'a> {
    /// Where indexes are kept.
    pub(crate) cache: Option<&'a IndexCache>,
    /// Where metadata was in other granules.
    pub(crate) places: &'a KnownPlaces,
    /// Whether long chunk tables may be left to the windows that need them.
    pub(crate) lazily: bool,
}

/// Chunks of a dataset up to which its table is always read with the metadata. Beyond, it would be 1.5 MB and more in
/// the layout of NISAR's files, while a window's part of it costs a round trip and some 100 kB.
const MOST_CHUNKS: u64 = 20_000;

/// Opens the object's tree: no request when its index is saved, else a few waves of metadata.
pub(crate) async fn open(object: Object, options: &OpenOptions, opening: Opening<'_>) -> Result<DataTree> {
    let address = object.address().to_string();
    // A local file is as near as the cache.
    let cache = opening.cache.filter(|_| !matches!(object.address(), Address::Local(_) | Address::Memory(_)));
    let saved = cache.and_then(|cache| cache.load(&address, &options.group));
    let from_cache = saved.is_some();
    let saved = match saved {
        Some(saved) => {
            object.expect_version(saved.version.clone());
            opening.places.learn(&object, &saved.index, &options.group, None);
            saved
        }
        None => read_cold(&object, options, Opening { cache, ..opening }).await?,
    };
    let cache = cache.cloned();
    let kept = if from_cache { (cache, None) } else { (None, cache.filter(|_| options.axes_later)) };
    Ok(DataTree::new(object, saved, options, kept))
}

/// Opens the object's tree with an index that was saved before. Nothing is read: not a request.
pub(crate) fn open_saved(object: Object, saved: Saved, options: &OpenOptions) -> DataTree {
    object.expect_version(saved.version.clone());
    DataTree::new(object, saved, options, (None, None))
}

impl DataTree {
    /// `kept`: where the index came from, and where it is to be saved when its axes are known.
    fn new(
        object: Object,
        saved: Saved,
        options: &OpenOptions,
        kept: (Option<IndexCache>, Option<IndexCache>),
    ) -> Self {
        let (saved_in, save_in) = kept;
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
            tables: Mutex::default(),
            scales: OnceCell::new(),
            limits: options.limits,
            closed: AtomicBool::new(false),
            saved_in,
            save_in,
        }))
    }

    /// All that opening has found out, as bytes: to be kept, or sent to another process, which opens the granule with
    /// [`Session::open_saved`](crate::Session::open_saved) and without a single request. Holds no secret.
    ///
    /// # Errors
    /// A limit error when the index is longer than 64 MiB.
    pub fn to_bytes(&self) -> Result<Vec<u8>> {
        self.kept(self.index().clone()).to_bytes(&self.object().address().to_string(), self.group())
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
        self.kept(index).to_bytes(&self.object().address().to_string(), self.group())
    }

    /// What opening has found out and is worth keeping.
    pub(super) fn kept(&self, index: Index) -> Saved {
        let known = self.object().version();
        let version = known.unwrap_or(crate::store::Version { size: index.size, tag: None });
        Saved { version, axes: self.axes().clone(), index }
    }
}

/// Reads the index from the file and the ends of its grids' axes along with it; saves both. Without the latter, if they are
/// to come later.
async fn read_cold(object: &Object, options: &OpenOptions, opening: Opening<'_>) -> Result<Saved> {
    let group = options.group.as_str();
    let ends = if options.axes_later { &[] } else { grids::AXES };
    let mut reading = swath_hdf5::OpenOptions::default().with_ends_of(ends);
    reading = reading.with_hints(opening.places.of(object, group, opening.cache));
    // An index that is kept serves whoever comes next, so it is kept whole.
    if opening.lazily && opening.cache.is_none() {
        reading = reading.with_most_chunks(MOST_CHUNKS);
    }
    let index = read_index(object, group, &reading).await?;
    opening.places.learn(object, &index, group, opening.cache);
    let axes = match options.axes_later {
        true => BTreeMap::new(),
        false => grids::read_axes(object, &index, &grids::grid_groups(&index)).await?,
    };
    let version = object.version().unwrap_or(crate::store::Version { size: index.size, tag: None });
    let saved = Saved { version, axes, index };
    if let Some(cache) = opening.cache.filter(|_| !options.axes_later) {
        cache.save(&object.address().to_string(), group, &saved);
    }
    Ok(saved)
}
