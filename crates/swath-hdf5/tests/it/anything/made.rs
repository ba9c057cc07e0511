//! Datasets made out of thin air, for what needs no file.

use swath_hdf5::{ChunkTable, DataType, Dataset, Filter, Layout};

/// Elements of so many bytes without a meaning.
pub(crate) fn element(size: u32) -> DataType {
    DataType::Opaque { size, tag: String::new() }
}

/// A dataset of that layout; its chunks, if it has any, are of `chunk_shape`.
pub(crate) fn dataset(
    element_bytes: u32,
    shape: Vec<u64>,
    chunk_shape: Option<Vec<u64>>,
    filters: Vec<Filter>,
    layout: Layout,
) -> Dataset {
    Dataset {
        datatype: element(element_bytes),
        shape,
        max_shape: None,
        chunk_shape,
        filters,
        fill: None,
        layout,
        attributes: Vec::new(),
        dimensions: Vec::new(),
        is_dimension_scale: false,
    }
}

/// A chunk table from its stored form: per chunk the gap to the cell before, the gap to the end of the chunk before
/// (zigzag), the difference in size (zigzag), and the mask if there are any. `None` if it is refused.
pub(crate) fn table(grid: &[u64], count: u64, has_masks: bool, numbers: &[u8]) -> Option<ChunkTable> {
    let stored =
        postcard::to_allocvec(&(grid, count, has_masks, numbers)).expect("plain numbers can be stored");
    postcard::from_bytes(&stored).ok()
}

/// The numbers of [`table`] for chunks in consecutive cells that lie one behind the other from byte `start` on.
pub(crate) fn consecutive(start: u64, sizes: &[u64]) -> Vec<u8> {
    let mut numbers = Vec::new();
    let mut before = 0i64;
    for (number, size) in sizes.iter().enumerate() {
        let size = size.cast_signed();
        write(&mut numbers, 0);
        write(&mut numbers, if number == 0 { start << 1 } else { 0 });
        write(&mut numbers, ((size - before) << 1 ^ (size - before) >> 63).cast_unsigned());
        before = size;
    }
    numbers
}

fn write(bytes: &mut Vec<u8>, mut number: u64) {
    while number >= 0x80 {
        bytes.push(number as u8 | 0x80);
        number >>= 7;
    }
    bytes.push(number as u8);
}
