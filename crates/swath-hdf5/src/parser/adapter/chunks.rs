//! Where values lie: layouts, and the six indexes of chunks.

use std::collections::HashSet;

use super::message::Space;
use super::upstream::chunk_index::ChunkEntry;
use super::upstream::messages::layout::{ChunkIndexing, DataLayout};
use super::{AdaptedFile, Answer, little_endian, upstream};
use crate::chunk_table::StoredChunk;
use crate::datatype::DataType;
use crate::parser::{Fault, RawLayout};

/// Most chunks of one dataset.
const MAX_CHUNKS: u64 = 1 << 24;

/// What is needed of a dataset to find its values.
pub(super) struct Parts<'a> {
    pub(super) space: &'a Space,
    pub(super) layout: &'a DataLayout,
    /// Whether there are filters.
    pub(super) filtered: bool,
    /// Whether chunks that reach beyond the shape are stored without them.
    pub(super) bare_edges: bool,
}

/// The parts of a chunked layout that the chunk indexes need.
struct Chunked<'a> {
    address: u64,
    dims: &'a [u32],
    indexing: Option<&'a ChunkIndexing>,
    element: u64,
    bytes: u64,
    filtered: bool,
}

impl AdaptedFile {
    /// Where the values of a dataset lie, with every chunk.
    pub(super) fn layout(&self, parts: &Parts<'_>, datatype: &DataType) -> Answer<RawLayout> {
        let shape = parts.space.shape.as_deref().unwrap_or_default();
        let rank = shape.len();
        match parts.layout {
            DataLayout::Compact { data } => Ok(RawLayout::Compact(data.clone())),
            DataLayout::Contiguous { address, size } => {
                Ok(RawLayout::Contiguous { offset: self.offset(*address)?, size: *size })
            }
            DataLayout::Chunked { address, dims, chunk_indexing, .. } => {
                // Some versions of the message count the element as one more axis.
                let dims = if dims.len() == rank + 1 { &dims[..rank] } else { dims.as_slice() };
                if dims.len() != rank || dims.contains(&0) {
                    return Err(Fault::Malformed(format!("chunks of {dims:?} in a dataset of {rank} axes")));
                }
                let element = datatype.size();
                let bytes =
                    dims.iter().try_fold(element, |bytes, extent| bytes.checked_mul(u64::from(*extent)));
                let bytes = bytes.ok_or_else(|| Fault::Malformed(format!("chunks of {dims:?}")))?;
                check_chunk_count(shape, dims)?;
                let chunked = Chunked {
                    address: *address,
                    dims,
                    indexing: chunk_indexing.as_ref(),
                    element,
                    bytes,
                    filtered: parts.filtered,
                };
                let mut chunks = self.chunks(&chunked, parts.space)?;
                if parts.bare_edges && parts.filtered {
                    bare_edges(&mut chunks, shape, dims);
                }
                Ok(RawLayout::Chunked {
                    chunk_shape: dims.iter().map(|extent| u64::from(*extent)).collect(),
                    chunks,
                })
            }
        }
    }

    /// All chunks of a chunked dataset that lie in its shape.
    fn chunks(&self, layout: &Chunked<'_>, space: &Space) -> Answer<Vec<(Vec<u64>, StoredChunk)>> {
        if self.offset(layout.address)?.is_none() {
            return Ok(Vec::new());
        }
        let shape = space.shape.as_deref().unwrap_or_default();
        let entries = self.chunk_entries(layout, space)?;
        let mut chunks = Vec::with_capacity(entries.len());
        for entry in entries {
            let aligned = entry.offsets.len() == layout.dims.len()
                && entry.offsets.iter().zip(layout.dims).all(|(at, extent)| at % u64::from(*extent) == 0);
            if !aligned {
                return Err(Fault::Malformed(format!("chunk at {:?} is off the grid", entry.offsets)));
            }
            // Chunks left over from a larger shape may stay in the index.
            if entry.offsets.iter().zip(shape).any(|(at, extent)| at >= extent) {
                continue;
            }
            let Some(offset) = self.offset(entry.address)? else { continue };
            let size = if entry.size == 0 && !layout.filtered { layout.bytes } else { entry.size };
            let coordinates =
                entry.offsets.iter().zip(layout.dims).map(|(at, extent)| at / u64::from(*extent));
            chunks
                .push((coordinates.collect(), StoredChunk { offset, size, filter_mask: entry.filter_mask }));
        }
        Ok(chunks)
    }

    fn chunk_entries(&self, layout: &Chunked<'_>, space: &Space) -> Answer<Vec<ChunkEntry>> {
        let (storage, (offset_size, length_size)) = (self.file.storage(), self.widths());
        let (address, dims, rank) = (layout.address, layout.dims, layout.dims.len());
        let shape = space.shape.as_deref().unwrap_or_default();
        let most: Option<Vec<u64>> = space
            .max_shape
            .as_ref()
            .map(|extents| extents.iter().map(|extent| extent.unwrap_or(u64::MAX)).collect());
        let entries = match layout.indexing {
            None => return self.tree_chunks(address, dims),
            Some(ChunkIndexing::SingleChunk { filtered_size, filters }) => {
                vec![upstream::chunk_index::single_chunk_entry(address, *filtered_size, *filters, rank)]
            }
            Some(ChunkIndexing::BTreeV2) => upstream::chunk_index::collect_v2_chunk_entries_storage(
                storage,
                address,
                offset_size,
                length_size,
                rank as u32,
                dims,
                None,
            )?,
            Some(ChunkIndexing::Implicit) => {
                let element = usize::try_from(layout.element).unwrap_or(usize::MAX);
                upstream::chunk_index::collect_implicit_chunk_entries(
                    address,
                    shape,
                    dims,
                    element,
                    None,
                    storage.len(),
                )?
            }
            Some(ChunkIndexing::FixedArray { .. }) => {
                upstream::fixed_array::collect_fixed_array_chunk_entries_storage(
                    storage,
                    address,
                    offset_size,
                    length_size,
                    // The array numbers the chunks of the largest shape, and the parser those of the shape
                    // it is given.
                    most.as_deref().filter(|most| !most.contains(&u64::MAX)).unwrap_or(shape),
                    dims,
                    None,
                )?
            }
            Some(ChunkIndexing::ExtensibleArray { .. }) => {
                upstream::extensible_array::collect_extensible_array_chunk_entries_storage(
                    storage,
                    address,
                    offset_size,
                    length_size,
                    shape,
                    most.as_deref(),
                    dims,
                    None,
                )?
            }
        };
        Ok(entries)
    }

    /// The chunks of a B-tree of the first generation (HDF5 specification III.A.1), which is ours to walk: the
    /// parser crate stops at the first node that is not at hand, and nodes may lie one per block.
    fn tree_chunks(&self, root: u64, dims: &[u32]) -> Answer<Vec<ChunkEntry>> {
        let mut entries = Vec::new();
        let mut failed = None;
        let mut seen = HashSet::from([root]);
        let mut nodes = vec![(root, None)];
        while let Some((address, level)) = nodes.pop() {
            match self.tree_node(address, level, dims.len(), &mut entries) {
                Ok(children) => {
                    for (child, level) in children {
                        if !seen.insert(child) {
                            failed =
                                Some(Fault::Malformed(format!("B-tree node at {child:#x} has two parents")));
                        } else {
                            nodes.push((child, Some(level)));
                        }
                    }
                }
                Err(fault) => failed = failed.or(Some(fault)),
            }
            if entries.len() as u64 > MAX_CHUNKS {
                let what = "chunks".to_owned();
                return Err(Fault::Limit { what, asked: entries.len() as u64, allowed: MAX_CHUNKS });
            }
        }
        failed.map_or(Ok(entries), Err)
    }

    /// Reads one node: a leaf's chunks go to `entries`, the children of any other are returned with their
    /// level.
    fn tree_node(
        &self,
        address: u64,
        level: Option<u8>,
        rank: usize,
        entries: &mut Vec<ChunkEntry>,
    ) -> Answer<Vec<(u64, u8)>> {
        let malformed = |what: &str| Fault::Malformed(format!("{what} in the chunk B-tree at {address:#x}"));
        let width = usize::from(self.widths().0);
        let head = 8 + 2 * width;
        let storage = self.file.storage();
        let prefix = storage.read_range(address, head)?;
        if prefix[..5] != *b"TREE\x01" || level.is_some_and(|level| level != prefix[5]) {
            return Err(malformed("no node"));
        }
        let (own_level, count) = (prefix[5], usize::from(u16::from_le_bytes([prefix[6], prefix[7]])));
        // A key: stored size, filter mask, the chunk's first element along each axis, and a zero.
        let key = 8 + 8 * (rank + 1);
        let node = storage.read_range(address, head + count * (key + width) + key)?;
        let mut children = Vec::new();
        for item in node[head..].chunks_exact(key + width).take(count) {
            let child = little_endian(&item[key..]);
            if own_level > 0 {
                children.push((child, own_level - 1));
                continue;
            }
            entries.push(ChunkEntry {
                address: child,
                size: little_endian(&item[..4]),
                filter_mask: little_endian(&item[4..8]) as u32,
                offsets: item[8..8 + 8 * rank].chunks_exact(8).map(little_endian).collect(),
            });
        }
        Ok(children)
    }
}

/// Marks the chunks that reach beyond the shape as stored without any filter.
fn bare_edges(chunks: &mut [(Vec<u64>, StoredChunk)], shape: &[u64], chunk: &[u32]) {
    for (coordinates, stored) in chunks {
        let ends =
            coordinates.iter().zip(chunk).map(|(at, extent)| (at + 1).saturating_mul(u64::from(*extent)));
        if ends.zip(shape).any(|(end, extent)| end > *extent) {
            stored.filter_mask = u32::MAX;
        }
    }
}

/// Refuses a grid that no file could index, before anything is sized by it.
fn check_chunk_count(shape: &[u64], chunk: &[u32]) -> Answer<()> {
    let count = shape
        .iter()
        .zip(chunk)
        .try_fold(1u64, |count, (extent, chunk)| count.checked_mul(extent.div_ceil(u64::from(*chunk))));
    match count {
        Some(count) if count <= MAX_CHUNKS => Ok(()),
        asked => Err(Fault::Limit {
            what: "chunks".to_owned(),
            asked: asked.unwrap_or(u64::MAX),
            allowed: MAX_CHUNKS,
        }),
    }
}
