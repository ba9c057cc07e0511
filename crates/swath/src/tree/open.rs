//! Opening: the index from the cache or from the file, and the ends of the coordinate axes.

use std::collections::BTreeMap;
use std::sync::atomic::AtomicBool;
use std::sync::{Mutex, OnceLock};

use swath_hdf5::{Dataset, Selection, Values, read_index};

use super::{DataTree, KnownPlaces, Tree, grids};
use crate::cache::{IndexCache, Saved};
use crate::error::Result;
use crate::granule::GranuleName;
use crate::read::{ReadLimits, check_cost, read_small_bytes};
use crate::store::{Address, Object};

/// How netCDF begins the name of a scale that is no variable.
const NO_VARIABLE: &str = "This is a netCDF dimension but not a netCDF variable";

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
        None => read_cold(&object, &options.group, Opening { cache, ..opening }).await?,
    };
    let used = cache.filter(|_| from_cache).cloned();
    Ok(DataTree::new(object, saved, options, used))
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
            tables: Mutex::default(),
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

    /// The values of all dimension scales below the opened group, by path, as little-endian bytes in C order: one wave.
    /// Not of those that netCDF wrote for the extent of a dimension alone: they hold nothing, and may be of any size.
    /// Along with them come other times of at most 64 KiB: who decodes times looks at their first and last at once.
    ///
    /// # Errors
    /// As [`DataArray::read`](crate::DataArray::read).
    pub async fn read_scales(&self) -> Result<BTreeMap<String, Vec<u8>>> {
        self.check_open()?;
        let (mut paths, mut plans) = (Vec::new(), Vec::new());
        let mut allowed = self.0.limits;
        for (path, dataset) in self.index().datasets() {
            let is_scale = dataset.is_dimension_scale && !is_extent_alone(dataset);
            if !(is_scale || is_small_time(dataset)) || dataset.datatype.is_variable() {
                continue;
            }
            let plan = self.plan(path, &Selection::all(&dataset.shape)).await?;
            check_cost(&plan, allowed)?;
            allowed.max_bytes = allowed.max_bytes.saturating_sub(plan.bytes());
            allowed.max_output_bytes = allowed.max_output_bytes.saturating_sub(plan.output_bytes() as u64);
            paths.push(path.to_owned());
            plans.push(plan);
        }
        let read = read_small_bytes(self.object(), self.index(), &plans).await;
        Ok(paths.into_iter().zip(read.map_err(|error| self.reconsider(error))?).collect())
    }
}

/// Whether a scale is a netCDF dimension without a variable (netCDF-4 file format, "dimensions without coordinate variables").
fn is_extent_alone(dataset: &Dataset) -> bool {
    let name = dataset.attribute("NAME").map(|attribute| &attribute.value);
    matches!(name, Some(Values::Strings(texts)) if texts.iter().any(|text| text.starts_with(NO_VARIABLE)))
}

/// Most bytes of times that are no scale and come along with the scales.
const SMALL_TIMES: u64 = 64 << 10;

/// Whether it holds few times: numbers of some unit since a moment (CF conventions, section 4.4).
fn is_small_time(dataset: &Dataset) -> bool {
    let units = dataset.attribute("units").map(|attribute| &attribute.value);
    let counts_from = |texts: &[String]| texts.iter().any(|text| text.contains(" since "));
    let bytes =
        dataset.shape.iter().fold(dataset.datatype.size(), |bytes, extent| bytes.saturating_mul(*extent));
    matches!(units, Some(Values::Strings(texts)) if counts_from(texts)) && (1..=SMALL_TIMES).contains(&bytes)
}

/// Reads the index from the file and the ends of its grids' axes along with it; saves both.
async fn read_cold(object: &Object, group: &str, opening: Opening<'_>) -> Result<Saved> {
    let mut options = swath_hdf5::OpenOptions::default().with_ends_of(grids::AXES);
    options = options.with_hints(opening.places.of(object, group, opening.cache));
    // An index that is kept serves whoever comes next, so it is kept whole.
    if opening.lazily && opening.cache.is_none() {
        options = options.with_most_chunks(MOST_CHUNKS);
    }
    let index = read_index(object, group, &options).await?;
    opening.places.learn(object, &index, group, opening.cache);
    let axes = grids::read_axes(object, &index, &grids::grid_groups(&index)).await?;
    let version = object.version().unwrap_or(crate::store::Version { size: index.size, tag: None });
    let saved = Saved { version, axes, index };
    if let Some(cache) = opening.cache {
        cache.save(&object.address().to_string(), group, &saved);
    }
    Ok(saved)
}
