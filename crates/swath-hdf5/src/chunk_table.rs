//! Where the chunks of a dataset lie in the file.

use bytes::Bytes;
use serde::{Deserialize, Serialize};

/// One stored chunk.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct StoredChunk {
    /// First byte in the file.
    pub offset: u64,
    /// Bytes as stored, after all filters.
    pub size: u64,
    /// Bit *n* set: filter *n* of the pipeline was not applied to this chunk.
    pub filter_mask: u32,
}

/// Every stored chunk of a dataset, by its coordinates in the grid of chunks.
///
/// A chunk that was never written is absent; its elements have the fill value. In memory a chunk takes
/// 24 bytes (28 where any filter mask is set); stored it takes two to five.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(into = "Packed", try_from = "Packed")]
pub struct ChunkTable {
    /// Chunks along each axis.
    grid: Vec<u64>,
    /// C-order number of each chunk in the grid, ascending.
    cells: Vec<u64>,
    offsets: Vec<u64>,
    sizes: Vec<u64>,
    /// As long as `cells`, or empty if no mask has a bit set.
    masks: Vec<u32>,
}

impl ChunkTable {
    /// A table over `grid` chunks along each axis of the given (coordinates, chunk) entries.
    ///
    /// # Errors
    /// A sentence on what is wrong with the entries: coordinates outside of the grid, two chunks at one
    /// place, a chunk that ends past byte 2⁶⁴, a grid of 2⁶⁴ chunks or more.
    pub(crate) fn new(grid: Vec<u64>, entries: Vec<(Vec<u64>, StoredChunk)>) -> Result<Self, String> {
        let mut numbered = Vec::with_capacity(entries.len());
        let mut table =
            ChunkTable { grid, cells: Vec::new(), offsets: Vec::new(), sizes: Vec::new(), masks: Vec::new() };
        table.cell_count().ok_or("grid of more than 2^64 chunks")?;
        for (coordinates, chunk) in entries {
            let cell = table.cell(&coordinates);
            let cell = cell.ok_or_else(|| format!("chunk at {coordinates:?} outside of the dataset"))?;
            numbered.push((cell, chunk));
        }
        numbered.sort_unstable_by_key(|(cell, _)| *cell);
        for (cell, chunk) in numbered {
            table.push(cell, chunk)?;
        }
        Ok(table)
    }

    fn push(&mut self, cell: u64, chunk: StoredChunk) -> Result<(), String> {
        if self.cells.last().is_some_and(|last| *last >= cell) {
            return Err(format!("two chunks at place {cell} of the grid"));
        }
        if chunk.offset.checked_add(chunk.size).is_none() {
            return Err(format!(
                "chunk of {} bytes at {} ends past the last address",
                chunk.size, chunk.offset
            ));
        }
        if chunk.filter_mask != 0 && self.masks.is_empty() {
            self.masks = vec![0; self.cells.len()];
        }
        if chunk.filter_mask != 0 || !self.masks.is_empty() {
            self.masks.push(chunk.filter_mask);
        }
        self.cells.push(cell);
        self.offsets.push(chunk.offset);
        self.sizes.push(chunk.size);
        Ok(())
    }

    /// Chunks along each axis, stored or not.
    pub fn grid(&self) -> &[u64] {
        &self.grid
    }

    /// How many chunks are stored.
    pub fn len(&self) -> usize {
        self.cells.len()
    }

    /// Whether no chunk is stored.
    pub fn is_empty(&self) -> bool {
        self.cells.is_empty()
    }

    /// The chunk at `coordinates` (chunk numbers, not elements); `None` if it was never written or lies
    /// outside of the grid.
    pub fn get(&self, coordinates: &[u64]) -> Option<StoredChunk> {
        let cell = self.cell(coordinates)?;
        let at = self.cells.binary_search(&cell).ok()?;
        Some(self.chunk(at))
    }

    /// All stored chunks with their coordinates, in C order of the grid.
    pub fn iter(&self) -> impl Iterator<Item = (Vec<u64>, StoredChunk)> + '_ {
        self.cells.iter().enumerate().map(|(at, cell)| (self.coordinates(*cell), self.chunk(at)))
    }

    /// Bytes of all stored chunks together.
    pub fn stored_bytes(&self) -> u64 {
        self.sizes.iter().fold(0, |sum, size| sum.saturating_add(*size))
    }

    fn chunk(&self, at: usize) -> StoredChunk {
        StoredChunk {
            offset: self.offsets[at],
            size: self.sizes[at],
            filter_mask: self.masks.get(at).copied().unwrap_or(0),
        }
    }

    fn cell_count(&self) -> Option<u64> {
        self.grid.iter().try_fold(1u64, |product, extent| product.checked_mul(*extent))
    }

    fn cell(&self, coordinates: &[u64]) -> Option<u64> {
        if coordinates.len() != self.grid.len() {
            return None;
        }
        let mut cell = 0u64;
        for (coordinate, extent) in coordinates.iter().zip(&self.grid) {
            if coordinate >= extent {
                return None;
            }
            cell = cell.checked_mul(*extent)?.checked_add(*coordinate)?;
        }
        Some(cell)
    }

    fn coordinates(&self, mut cell: u64) -> Vec<u64> {
        let mut coordinates = vec![0; self.grid.len()];
        for (coordinate, extent) in coordinates.iter_mut().zip(&self.grid).rev() {
            *coordinate = cell % extent;
            cell /= extent;
        }
        coordinates
    }
}

/// The stored form: per chunk the gap to the cell before, the gap to the end of the chunk before, the
/// difference in size, and the mask if any is set, all as variable-length integers.
#[derive(Serialize, Deserialize)]
struct Packed {
    grid: Vec<u64>,
    count: u64,
    has_masks: bool,
    /// As bytes, which are read at once and not one by one.
    numbers: Bytes,
}

impl From<ChunkTable> for Packed {
    fn from(table: ChunkTable) -> Self {
        let mut numbers = Vec::with_capacity(table.len() * 4);
        let (mut next_cell, mut next_offset, mut size) = (0u64, 0u64, 0u64);
        for at in 0..table.len() {
            let chunk = table.chunk(at);
            write_varint(&mut numbers, table.cells[at].wrapping_sub(next_cell));
            write_varint(&mut numbers, zigzag(chunk.offset.wrapping_sub(next_offset)));
            write_varint(&mut numbers, zigzag(chunk.size.wrapping_sub(size)));
            if !table.masks.is_empty() {
                write_varint(&mut numbers, u64::from(chunk.filter_mask));
            }
            next_cell = table.cells[at].wrapping_add(1);
            next_offset = chunk.offset.wrapping_add(chunk.size);
            size = chunk.size;
        }
        Packed {
            count: table.len() as u64,
            has_masks: !table.masks.is_empty(),
            grid: table.grid,
            numbers: numbers.into(),
        }
    }
}

impl TryFrom<Packed> for ChunkTable {
    type Error = String;

    fn try_from(packed: Packed) -> Result<Self, Self::Error> {
        let mut table =
            ChunkTable { grid: packed.grid, cells: vec![], offsets: vec![], sizes: vec![], masks: vec![] };
        let cells = table.cell_count().ok_or("stored grid is too large")?;
        let mut numbers = &packed.numbers[..];
        // A chunk takes three bytes or more, so what is reserved is bounded by what is there.
        let most = usize::try_from(packed.count).unwrap_or(usize::MAX).min(numbers.len() / 3);
        for column in [&mut table.cells, &mut table.offsets, &mut table.sizes] {
            column.reserve_exact(most);
        }
        let (mut cell, mut offset, mut size) = (0u64, 0u64, 0u64);
        for _ in 0..packed.count {
            let mut number = || read_varint(&mut numbers).ok_or("stored chunk table ends early");
            cell = cell.wrapping_add(number()?);
            offset = offset.wrapping_add(unzigzag(number()?));
            size = size.wrapping_add(unzigzag(number()?));
            let filter_mask = if packed.has_masks { number()? as u32 } else { 0 };
            if cell >= cells {
                return Err("stored chunk lies outside of its grid".to_owned());
            }
            table.push(cell, StoredChunk { offset, size, filter_mask })?;
            cell = cell.wrapping_add(1);
            offset = offset.wrapping_add(size);
        }
        if numbers.is_empty() { Ok(table) } else { Err("stored chunk table is too long".to_owned()) }
    }
}

fn zigzag(difference: u64) -> u64 {
    let signed = difference.cast_signed();
    ((signed << 1) ^ (signed >> 63)).cast_unsigned()
}

fn unzigzag(number: u64) -> u64 {
    (number >> 1) ^ (number & 1).wrapping_neg()
}

fn write_varint(bytes: &mut Vec<u8>, mut number: u64) {
    while number >= 0x80 {
        bytes.push(number as u8 | 0x80);
        number >>= 7;
    }
    bytes.push(number as u8);
}

fn read_varint(bytes: &mut &[u8]) -> Option<u64> {
    let mut number = 0u64;
    for shift in (0..64).step_by(7) {
        let (byte, rest) = bytes.split_first()?;
        *bytes = rest;
        number |= u64::from(byte & 0x7f).checked_shl(shift)?;
        if byte & 0x80 == 0 {
            return Some(number);
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    fn table(entries: &[([u64; 2], u64, u64, u32)]) -> Result<ChunkTable, String> {
        let entries = entries
            .iter()
            .map(|(at, offset, size, filter_mask)| {
                (at.to_vec(), StoredChunk { offset: *offset, size: *size, filter_mask: *filter_mask })
            })
            .collect();
        ChunkTable::new(vec![3, 4], entries)
    }

    #[test]
    fn chunks_are_found_by_coordinates() {
        let table = table(&[([2, 3], 900, 7, 0), ([0, 0], 100, 5, 0), ([1, 2], 50, 9, 2)]).unwrap();
        assert_eq!(table.get(&[1, 2]), Some(StoredChunk { offset: 50, size: 9, filter_mask: 2 }));
        assert_eq!(table.get(&[0, 0]).unwrap().filter_mask, 0);
        assert_eq!(table.get(&[0, 1]), None);
        assert_eq!(table.get(&[3, 0]), None);
        assert_eq!(table.iter().map(|(at, _)| at).collect::<Vec<_>>(), [[0, 0], [1, 2], [2, 3]]);
        assert_eq!(table.stored_bytes(), 21);
    }

    #[test]
    fn impossible_entries_are_refused() {
        assert!(table(&[([0, 4], 0, 1, 0)]).unwrap_err().contains("outside"));
        assert!(table(&[([0, 1], 0, 1, 0), ([0, 1], 9, 1, 0)]).unwrap_err().contains("two chunks"));
        assert!(table(&[([0, 1], u64::MAX, 1, 0)]).unwrap_err().contains("past"));
        assert!(ChunkTable::new(vec![u64::MAX, 3], vec![]).is_err());
    }

    #[test]
    fn stored_form_is_small_and_exact() {
        let entries: Vec<_> = (0..3000u64)
            .map(|n| {
                let chunk =
                    StoredChunk { offset: 4_194_304 + n * 840_000, size: 839_000 + n % 97, filter_mask: 0 };
                (vec![n / 60, n % 60], chunk)
            })
            .collect();
        let table = ChunkTable::new(vec![50, 60], entries).unwrap();
        let bytes = postcard::to_allocvec(&table).unwrap();
        assert!(bytes.len() < 5 * 3000, "{} bytes", bytes.len());
        assert_eq!(postcard::from_bytes::<ChunkTable>(&bytes).unwrap(), table);
        for length in (0..bytes.len()).step_by(101) {
            assert!(postcard::from_bytes::<ChunkTable>(&bytes[..length]).is_err());
        }
    }

    #[test]
    fn varints_hold_every_number() {
        for number in [0, 1, 127, 128, 16_384, u64::MAX / 2, u64::MAX] {
            let mut bytes = Vec::new();
            write_varint(&mut bytes, number);
            assert_eq!(read_varint(&mut bytes.as_slice()), Some(number));
            assert_eq!(unzigzag(zigzag(number)), number);
        }
        assert_eq!(read_varint(&mut [0x80u8; 20].as_slice()), None);
    }
}
