//! Where values lie: layout messages (HDF5 specification IV.A.2.i), and which index the chunks have.

use super::message::Space;
use super::upstream::messages::layout::{ChunkIndexing, DataLayout};
use super::{AdaptedFile, Answer};
use crate::datatype::DataType;
use crate::parser::chunk_index::IndexKind;
use crate::parser::{ChunkIndex, Extents, Fault, Lookup, MetadataFile, RawLayout};

/// What is needed of a dataset to find its values.
pub(super) struct Parts<'a> {
    pub(super) space: &'a Space,
    pub(super) layout: &'a DataLayout,
    /// Whether there are filters.
    pub(super) filtered: bool,
    /// Whether chunks that reach beyond the shape are stored without them.
    pub(super) bare_edges: bool,
    /// With more chunks than these, they are looked up only if their index is at hand.
    pub(super) most_chunks: u64,
}

impl AdaptedFile {
    /// Where the values of a dataset lie, with every chunk unless there are too many.
    pub(super) fn layout(&self, parts: &Parts<'_>, datatype: &DataType) -> Answer<RawLayout> {
        match parts.layout {
            DataLayout::Compact { data } => Ok(RawLayout::Compact(data.clone())),
            DataLayout::Contiguous { address, size } => {
                Ok(RawLayout::Contiguous { offset: self.offset(*address)?, size: *size })
            }
            DataLayout::Chunked { address, dims, chunk_indexing, .. } => {
                // From version 4 on, which alone names an indexing, the element counts as one more axis here.
                let dims = match (chunk_indexing, dims.split_last()) {
                    (Some(_), Some((_, dims))) => dims,
                    _ => dims.as_slice(),
                };
                let index = ChunkIndex {
                    kind: kind_of(chunk_indexing.as_ref()),
                    address: *address,
                    element: datatype.size(),
                    filtered: parts.filtered,
                    bare_edges: parts.bare_edges,
                };
                self.chunked(parts, dims.iter().map(|extent| u64::from(*extent)).collect(), index)
            }
        }
    }

    fn chunked(&self, parts: &Parts<'_>, chunk: Vec<u64>, index: ChunkIndex) -> Answer<RawLayout> {
        let shape = parts.space.shape.as_deref().unwrap_or_default();
        if chunk.len() != shape.len() || chunk.contains(&0) {
            return Err(Fault::Malformed(format!(
                "chunks of {chunk:?} in a dataset of {} axes",
                shape.len()
            )));
        }
        let extents = Extents { shape, max_shape: parts.space.max_shape.as_deref(), chunk: &chunk };
        let count = extents.checked_count()?;
        let blocks = &self.file.storage.blocks;
        let look_up = || Lookup::new(blocks, self.encoding(), &index, extents);
        let chunks = if count <= parts.most_chunks {
            Some(look_up().chunks(None)?)
        } else {
            // What is at hand costs nothing; what is not is left for those who want it.
            let (lookup, mut chunks) = (look_up(), None);
            blocks.tentatively(|| {
                chunks = Some(lookup.chunks(None));
                !lookup.has_missed()
            });
            chunks.filter(|_| !lookup.has_missed()).transpose()?
        };
        Ok(RawLayout::Chunked { chunk_shape: chunk, index, chunks })
    }
}

fn kind_of(indexing: Option<&ChunkIndexing>) -> IndexKind {
    match indexing {
        None => IndexKind::Tree,
        Some(ChunkIndexing::SingleChunk { filtered_size, filters }) => {
            IndexKind::Single { size: *filtered_size, mask: *filters }
        }
        Some(ChunkIndexing::Implicit) => IndexKind::Implicit,
        Some(ChunkIndexing::FixedArray { .. }) => IndexKind::FixedArray,
        Some(ChunkIndexing::ExtensibleArray { .. }) => IndexKind::ExtensibleArray,
        Some(ChunkIndexing::BTreeV2) => IndexKind::TreeV2,
    }
}
