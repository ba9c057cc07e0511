//! Chunk tables that are read as far as windows need them.

use std::sync::OnceLock;

use futures::lock::Mutex;

use crate::blocks::Blocks;
use crate::chunk_table::ChunkTable;
use crate::error::{Error, Result};
use crate::index::{Dataset, Encoding, Index, Layout, Object};
use crate::open::OpenOptions;
use crate::parser::{Extents, Lookup, Wanted};
use crate::plan::Plan;
use crate::reader::ReadRanges;
use crate::selection::Selection;

/// Bytes of a block: nodes and pages of indexes have 2 to 16 KB, and lie alone among chunks.
const BLOCK: u64 = 16 << 10;

/// The chunk table of one dataset, read as far as selections ask for it.
///
/// A table takes 3 to 80 bytes of the file for every chunk. Where a dataset has very many and few are wanted, it is
/// cheaper to look those up in the index of chunks: a path down a tree, or the pages of an array. The plan is the same
/// as with the whole table, to the bit: a chunk is taken for absent only where the index proves it.
///
/// What was fetched is kept, so that the next window asks only for what is new. When more than half of the chunks are
/// wanted, the whole table is read. What was read in part never leaves: only plans do, and [`LazyTable::whole`].
///
/// ```
/// use swath_hdf5::{Index, LazyTable, OpenOptions, ReadRanges, Result, Selection, read_bytes, read_index};
///
/// async fn corner(reader: &dyn ReadRanges, path: &str) -> Result<Vec<u8>> {
///     let options = OpenOptions::default().with_most_chunks(10_000);
///     let index = read_index(reader, "/", &options).await?;
///     let table = LazyTable::new(&index, path)?;
///     let plan = table.plan(reader, &Selection::window(&[0..100, 0..100])).await?;
///     read_bytes(reader, &plan).await
/// }
/// ```
#[derive(Debug)]
pub struct LazyTable {
    path: String,
    encoding: Encoding,
    /// Without its attributes.
    dataset: Dataset,
    size: u64,
    max_bytes: u64,
    max_waves: u32,
    /// What is at hand of the index. Whoever looks something up holds it, so that no byte is fetched twice.
    blocks: Mutex<Blocks>,
    whole: OnceLock<Dataset>,
}

impl LazyTable {
    /// The table of the dataset at `path`. Nothing is read.
    ///
    /// # Errors
    /// [`Error::NotFound`] if the index has no such dataset.
    pub fn new(index: &Index, path: &str) -> Result<Self> {
        let found = index.dataset(path)?;
        let dataset = Dataset {
            datatype: found.datatype.clone(),
            shape: found.shape.clone(),
            max_shape: found.max_shape.clone(),
            chunk_shape: found.chunk_shape.clone(),
            filters: found.filters.clone(),
            fill: found.fill.clone(),
            layout: found.layout.clone(),
            attributes: Vec::new(),
            dimensions: Vec::new(),
            is_dimension_scale: false,
        };
        let OpenOptions { max_metadata_bytes: max_bytes, max_waves, .. } = OpenOptions::default();
        let whole = OnceLock::new();
        if !matches!(dataset.layout, Layout::Unread(_)) {
            // The only place that sets it before anyone else can.
            let _ = whole.set(dataset.clone());
        }
        Ok(LazyTable {
            path: path.to_owned(),
            encoding: index.encoding,
            dataset,
            size: index.size,
            max_bytes,
            max_waves,
            blocks: Mutex::new(Blocks::of_size(BLOCK, max_bytes, index.size)),
            whole,
        })
    }

    /// Plans how a selection is read, as [`Dataset::plan`] does; what is missing of the index of chunks is read.
    ///
    /// # Errors
    /// What [`Dataset::plan`] and [`crate::read_index`] return.
    pub async fn plan(&self, reader: &dyn ReadRanges, selection: &Selection) -> Result<Plan> {
        if let Some(whole) = self.whole.get() {
            return whole.plan(&self.path, selection);
        }
        let wanted = self.dataset.wanted(&self.path, selection)?;
        let all = self.extents().checked_count().map_err(|fault| fault.at(&self.path))?;
        if wanted.count().is_none_or(|count| count > all / 2) {
            return self.read_whole(reader).await?.plan(&self.path, selection);
        }
        self.look_up(reader, Some(&wanted)).await?.plan(&self.path, selection)
    }

    /// The dataset with its whole table, but without its attributes.
    ///
    /// # Errors
    /// What [`crate::read_index`] returns.
    pub async fn whole(&self, reader: &dyn ReadRanges) -> Result<Dataset> {
        self.read_whole(reader).await.cloned()
    }

    async fn read_whole(&self, reader: &dyn ReadRanges) -> Result<&Dataset> {
        if self.whole.get().is_none() {
            let dataset = self.look_up(reader, None).await?;
            // Another reader may have been first, with the same table.
            let _ = self.whole.set(dataset);
            *self.blocks.lock().await = Blocks::of_size(BLOCK, self.max_bytes, self.size);
        }
        self.whole.get().ok_or_else(|| Error::misuse("a table that was read is not there"))
    }

    fn extents(&self) -> Extents<'_> {
        Extents {
            shape: &self.dataset.shape,
            max_shape: self.dataset.max_shape.as_deref(),
            chunk: self.dataset.chunk_shape.as_deref().unwrap_or_default(),
        }
    }

    /// The dataset with a table of all chunks or of those that are wanted: in waves, until nothing is missed.
    async fn look_up(&self, reader: &dyn ReadRanges, wanted: Option<&Wanted>) -> Result<Dataset> {
        let Layout::Unread(index) = &self.dataset.layout else { return Ok(self.dataset.clone()) };
        let blocks = self.blocks.lock().await;
        for _ in 0..self.max_waves {
            blocks.start_walk();
            let lookup = Lookup::new(&blocks, self.encoding, index, self.extents());
            let chunks = lookup.chunks(wanted);
            if !lookup.has_missed() {
                let chunks = chunks.map_err(|fault| fault.at(&self.path))?;
                let table = ChunkTable::new(self.extents().grid(), chunks)
                    .map_err(|what| Error::malformed(&self.path, what))?;
                return Ok(Dataset { layout: Layout::Chunked(table), ..self.dataset.clone() });
            }
            blocks.fetch_missed(reader).await?;
        }
        let (asked, allowed) = (u64::from(self.max_waves) + 1, u64::from(self.max_waves));
        Err(Error::Limit {
            what: format!("rounds of requests for the chunks of {}", self.path),
            asked,
            allowed,
        })
    }
}

/// Reads every chunk table that was left out, so that the index needs nothing more of the file: before it is kept, say.
///
/// The tables are read one after the other, each in its waves.
///
/// ```
/// use swath_hdf5::{OpenOptions, ReadRanges, Result, read_index, read_tables};
///
/// /// Looks at the tree first, and reads the tables only if it is kept.
/// async fn kept_if_large(reader: &dyn ReadRanges) -> Result<Option<Vec<u8>>> {
///     let mut index = read_index(reader, "/", &OpenOptions::default().with_most_chunks(10_000)).await?;
///     if index.size < 1 << 30 {
///         return Ok(None);
///     }
///     read_tables(reader, &mut index).await?;
///     index.to_bytes().map(Some)
/// }
/// ```
///
/// # Errors
/// What [`LazyTable::whole`] returns; then the index is as before.
pub async fn read_tables(reader: &dyn ReadRanges, index: &mut Index) -> Result<()> {
    let unread = index.datasets().filter(|(_, dataset)| matches!(dataset.layout, Layout::Unread(_)));
    let paths: Vec<String> = unread.map(|(path, _)| path.to_owned()).collect();
    let mut read = Vec::with_capacity(paths.len());
    for path in paths {
        let whole = LazyTable::new(index, &path)?.whole(reader).await?;
        read.push((path, whole.layout));
    }
    for (path, layout) in read {
        if let Some(Object::Dataset(dataset)) = index.objects.get_mut(&path) {
            dataset.layout = layout;
        }
    }
    Ok(())
}
