//! The six indexes of chunks (HDF5 specification III.A.1 and VII), read whole or as far as a selection needs.
//!
//! They are ours to read: the parser crate stops at the first structure that is not at hand, and structures may lie
//! one per block, so each would cost a round of requests. Here a lookup goes on past what is missing, and what can be
//! told of a structure's place before it is read is asked for along.
//!
//! A lookup of some chunks enters only what can hold them: of a tree the nodes between whose neighbouring keys one of
//! them may lie, of an array the blocks and pages of their elements. So what it does not find is *proved* to be
//! absent by the index, just as if all of it had been read.

mod extensible_array;
mod fixed_array;
mod numbering;
mod tree;
mod tree_v2;
mod wanted;

use std::cell::Cell;

use bytes::Bytes;
use serde::{Deserialize, Serialize};

use super::{Fault, checksum};
use crate::blocks::{Blocks, Refusal};
use crate::chunk_table::StoredChunk;
use crate::index::Encoding;
pub(crate) use wanted::{Numbers, Wanted};

type Answer<T> = Result<T, Fault>;

/// Most chunks of one dataset.
pub(crate) const MAX_CHUNKS: u64 = 1 << 24;
/// Most levels of a chunk tree above its leaves.
const MAX_LEVELS: u16 = 16;

/// Where the index of a dataset's chunks lies, and how it is built.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ChunkIndex {
    pub(crate) kind: IndexKind,
    /// As the file states it, before its origin is added.
    pub(crate) address: u64,
    /// Bytes of one element.
    pub(crate) element: u64,
    /// Whether there are filters.
    pub(crate) filtered: bool,
    /// Whether chunks that reach beyond the shape are stored without them.
    pub(crate) bare_edges: bool,
}

/// The six kinds.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum IndexKind {
    /// A B-tree of the first generation.
    Tree,
    /// One chunk, whose stored size and filter mask are given if there are filters.
    Single {
        size: u64,
        mask: u32,
    },
    /// All chunks one after the other.
    Implicit,
    FixedArray,
    ExtensibleArray,
    /// A B-tree of the second generation.
    TreeV2,
}

/// The shape of a dataset and of its chunks.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Extents<'a> {
    pub(crate) shape: &'a [u64],
    /// How far each axis may grow, if the file says.
    pub(crate) max_shape: Option<&'a [Option<u64>]>,
    pub(crate) chunk: &'a [u64],
}

impl Extents<'_> {
    /// Chunks along each axis.
    pub(crate) fn grid(&self) -> Vec<u64> {
        self.shape.iter().zip(self.chunk).map(|(extent, chunk)| extent.div_ceil(*chunk)).collect()
    }

    /// Refuses a grid that no file could index, before anything is sized by it; else the number of its chunks.
    ///
    /// # Errors
    /// [`Fault::Limit`].
    pub(crate) fn checked_count(&self) -> Answer<u64> {
        let grid = self.grid();
        let count = match grid.contains(&0) {
            true => Some(0),
            false => grid.iter().try_fold(1u64, |count, extent| count.checked_mul(*extent)),
        };
        let asked = count.unwrap_or(u64::MAX);
        if asked > MAX_CHUNKS {
            return Err(Fault::Limit { what: "chunks".to_owned(), asked, allowed: MAX_CHUNKS });
        }
        Ok(asked)
    }
}

/// One entry of an index: the chunk's coordinates in the grid, and where it is.
struct Entry {
    chunk: Vec<u64>,
    address: u64,
    /// Bytes as stored; 0 where the index does not say.
    size: u64,
    mask: u32,
}

/// One lookup over the bytes at hand.
pub(crate) struct Lookup<'a> {
    blocks: &'a Blocks,
    encoding: Encoding,
    index: &'a ChunkIndex,
    extents: Extents<'a>,
    /// Whether anything was missed.
    missed: Cell<bool>,
}

impl<'a> Lookup<'a> {
    pub(crate) fn new(
        blocks: &'a Blocks,
        encoding: Encoding,
        index: &'a ChunkIndex,
        extents: Extents<'a>,
    ) -> Self {
        Lookup { blocks, encoding, index, extents, missed: Cell::new(false) }
    }

    /// Whether bytes were missing, so that the answer means nothing. They have been noted.
    pub(crate) fn has_missed(&self) -> bool {
        self.missed.get()
    }

    /// The stored chunks by coordinates: all, or those that are wanted.
    ///
    /// # Errors
    /// What is wrong with the index; anything if [`Lookup::has_missed`].
    pub(crate) fn chunks(&self, wanted: Option<&Wanted>) -> Answer<Vec<(Vec<u64>, StoredChunk)>> {
        let grid = self.extents.grid();
        if self.offset(self.index.address)?.is_none() || self.extents.checked_count()? == 0 {
            return Ok(Vec::new());
        }
        let bytes = self.extents.chunk.iter().try_fold(self.index.element, |bytes, n| bytes.checked_mul(*n));
        let bytes = bytes.ok_or_else(|| Fault::Malformed(format!("chunks of {:?}", self.extents.chunk)))?;
        let mut chunks = Vec::new();
        for Entry { chunk, address, size, mask } in self.entries(wanted, bytes)? {
            // Chunks left over from a larger shape may stay in the index.
            if chunk.iter().zip(&grid).any(|(at, extent)| at >= extent) {
                continue;
            }
            let Some(offset) = self.offset(address)? else { continue };
            let size = if size == 0 && !self.index.filtered { bytes } else { size };
            let bare = self.index.bare_edges && self.index.filtered && self.is_edge(&chunk);
            let filter_mask = if bare { u32::MAX } else { mask };
            chunks.push((chunk, StoredChunk { offset, size, filter_mask }));
        }
        Ok(chunks)
    }

    fn entries(&self, wanted: Option<&Wanted>, bytes: u64) -> Answer<Vec<Entry>> {
        let all = Wanted::all(&self.extents.grid());
        match self.index.kind {
            IndexKind::Tree => self.tree(wanted),
            IndexKind::TreeV2 => self.tree_v2(wanted),
            IndexKind::Single { size, mask } => {
                let chunk = vec![0; self.extents.chunk.len()];
                Ok(vec![Entry { chunk, address: self.index.address, size, mask }])
            }
            IndexKind::Implicit => self.implicit(wanted.unwrap_or(&all), bytes),
            IndexKind::FixedArray => self.fixed_array(wanted.unwrap_or(&all)),
            IndexKind::ExtensibleArray => self.extensible_array(wanted.unwrap_or(&all)),
        }
    }

    /// Whether a chunk reaches beyond the shape.
    fn is_edge(&self, chunk: &[u64]) -> bool {
        let ends =
            chunk.iter().zip(self.extents.chunk).map(|(at, n)| at.saturating_add(1).saturating_mul(*n));
        ends.zip(self.extents.shape).any(|(end, extent)| end > *extent)
    }

    /// Bytes of an address.
    fn width(&self) -> usize {
        usize::from(self.encoding.offset_size)
    }

    /// The address as an offset in the file; `None` if it is undefined.
    fn offset(&self, address: u64) -> Answer<Option<u64>> {
        if address == u64::MAX >> (64 - 8 * self.width().clamp(1, 8)) {
            return Ok(None);
        }
        let offset = address.checked_add(self.encoding.base);
        offset.map(Some).ok_or_else(|| Fault::Malformed(format!("address {address:#x} is out of bounds")))
    }

    /// Bytes at an address, which may not be undefined.
    fn read(&self, address: u64, length: usize) -> Answer<Bytes> {
        let offset = self.offset(address)?;
        let offset =
            offset.ok_or_else(|| Fault::Malformed("undefined address in a chunk index".to_owned()))?;
        self.blocks.read(offset, length).map_err(|refusal| match refusal {
            Refusal::Missing => {
                self.missed.set(true);
                Fault::Malformed("bytes are not at hand".to_owned())
            }
            Refusal::Outside => Fault::Malformed(format!(
                "{length} bytes of a chunk index at {offset} lie outside of the file"
            )),
            Refusal::TooLong | Refusal::TooMuch => Fault::Limit {
                what: "bytes of one metadata structure".to_owned(),
                asked: length as u64,
                allowed: crate::blocks::MAX_READ as u64,
            },
        })
    }

    /// As [`Lookup::read`], of a structure that begins with these bytes and ends with its checksum, which is checked
    /// and left out.
    fn read_checked(&self, address: u64, length: usize, signature: &[u8]) -> Answer<Bytes> {
        let bytes = self.read(address, length)?;
        let malformed = |what: &str| Fault::Malformed(format!("{what} in the chunk index at {address:#x}"));
        if !bytes.starts_with(signature) {
            let name = String::from_utf8_lossy(&signature[..4.min(signature.len())]).into_owned();
            return Err(malformed(&format!("no {name} of version 0")));
        }
        let body = bytes.len().checked_sub(4).ok_or_else(|| malformed("no room for a checksum"))?;
        if checksum(&bytes[..body]).to_le_bytes() != bytes[body..] {
            return Err(malformed("wrong checksum"));
        }
        Ok(bytes.slice(..body))
    }

    /// Whether elements are of filtered chunks, by the number of the array's client.
    fn client_is_filtered(&self, client: u8) -> Answer<bool> {
        match client {
            0 => Ok(false),
            1 => Ok(true),
            _ => Err(Fault::Unsupported(format!("a chunk array of client {client}"))),
        }
    }

    /// One element of a fixed or extensible array: an address, and of a filtered chunk its size and mask.
    fn element(&self, bytes: &[u8], filtered: bool, chunk: Vec<u64>) -> Option<Entry> {
        let (address, rest) = bytes.split_at_checked(self.width())?;
        let address = little_endian(address);
        if !filtered {
            return Some(Entry { chunk, address, size: 0, mask: 0 });
        }
        let (size, mask) = rest.split_at_checked(rest.len().checked_sub(4)?)?;
        Some(Entry { chunk, address, size: little_endian(size), mask: little_endian(mask) as u32 })
    }

    /// Checks the size that an array says of its elements.
    fn check_element(&self, size: u8, filtered: bool) -> Answer<usize> {
        let (size, plain) = (usize::from(size), self.width());
        // The size of a filtered chunk takes one to eight bytes, its mask four.
        let sound = if filtered { (plain + 5..=plain + 12).contains(&size) } else { size == plain };
        if sound {
            Ok(size)
        } else {
            Err(Fault::Malformed(format!("array of chunks with elements of {size} bytes")))
        }
    }
}

fn little_endian(bytes: &[u8]) -> u64 {
    bytes.iter().rev().fold(0, |value, byte| (value << 8) | u64::from(*byte))
}

/// Numbers of a chunk index that do not fit together.
fn too_large(what: &str) -> Fault {
    Fault::Malformed(format!("{what} of a chunk index beyond 2^64"))
}
