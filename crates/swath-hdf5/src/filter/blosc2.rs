//! Blosc2 frames (filter 32026): a head, Blosc chunks, an index of them; with the `b2nd` layer, chunks of blocks that
//! are small arrays themselves.

use super::{blosc, buffer};
use crate::plan::Product;

/// Most axes of the `b2nd` layer.
const MAX_RANK: usize = 16;
/// Places in the head: its own length, then bytes of all values, of all stored chunks, of one element, and of one
/// chunk.
const HEAD_LENGTH: usize = 11;
const VALUES: usize = 30;
const CHUNKS: usize = 39;
const ELEMENT: usize = 48;
const CHUNK: usize = 58;
/// Most chunks of a frame that is itself one chunk of HDF5.
const MAX_CHUNKS: usize = 1 << 20;

pub(super) fn undo(stored: &[u8], _parameters: &[u32], most: usize) -> Result<Vec<u8>, String> {
    if stored.get(2..10) != Some(b"b2frame\0") {
        // Old plugins wrote a bare chunk.
        return blosc::chunk(stored, most);
    }
    let head_length = u32::from_be_bytes(field(stored, HEAD_LENGTH)?) as usize;
    let values = u64::from_be_bytes(field(stored, VALUES)?);
    let element = u32::from_be_bytes(field(stored, ELEMENT)?) as usize;
    if element == 0 {
        return Err("frame of elements without bytes".to_owned());
    }
    let head = stored.get(..head_length).ok_or("frame shorter than its head")?;
    let arrays = Arrays::find(head)?;
    // Chunks of arrays are filled up to whole blocks.
    let room = arrays.as_ref().map_or(Some(values), |arrays| arrays.stored_bytes(element));
    let room = room.filter(|room| *room <= (most as u64).saturating_mul(4).saturating_add(1 << 16));
    let room = room.ok_or_else(|| super::too_much(most))? as usize;
    let flat = chunks(stored, head_length, room)?;
    let Some(arrays) = arrays else {
        buffer(flat.len() as u64, most)?;
        return Ok(flat);
    };
    buffer(arrays.elements(&arrays.shape).unwrap_or(u64::MAX).saturating_mul(element as u64), most)?;
    arrays.arranged(&flat, element)
}

fn field<const N: usize>(bytes: &[u8], at: usize) -> Result<[u8; N], String> {
    let field = bytes.get(at..).and_then(|rest| rest.first_chunk::<N>());
    field.copied().ok_or_else(|| "frame shorter than its head".to_owned())
}

/// The values of all chunks, one after the other.
fn chunks(stored: &[u8], head_length: usize, most: usize) -> Result<Vec<u8>, String> {
    let chunks_length = usize::try_from(u64::from_be_bytes(field(stored, CHUNKS)?)).unwrap_or(usize::MAX);
    let (element, chunk_bytes) =
        (u32::from_be_bytes(field(stored, ELEMENT)?), u32::from_be_bytes(field(stored, CHUNK)?) as usize);
    let index = stored.get(head_length.saturating_add(chunks_length)..).ok_or("index past the end")?;
    let mut output = Vec::new();
    let index = blosc::chunk(index, 8 * MAX_CHUNKS)?;
    for offset in index.as_chunks::<8>().0 {
        let offset = u64::from_le_bytes(*offset);
        if offset >> 63 != 0 {
            // A chunk that is not stored, for all its values are the same.
            let value = same_value((offset >> 56) as u8 & 0x7f, element)?;
            let length = chunk_bytes.min(most - output.len());
            output.extend(value.iter().cycle().take(length));
            continue;
        }
        let place = usize::try_from(offset).ok().and_then(|offset| offset.checked_add(head_length));
        let chunk = place.and_then(|place| stored.get(place..));
        let chunk = chunk.ok_or("chunk past the end")?;
        output.extend(blosc::chunk(chunk, most - output.len())?);
    }
    Ok(output)
}

/// The bytes of which a chunk of special values is made.
pub(super) fn same_value(kind: u8, element: u32) -> Result<Vec<u8>, String> {
    match (kind, element) {
        // Zeros, and values that were never set.
        (1 | 4, _) => Ok(vec![0]),
        (2, 4) => Ok(f32::NAN.to_le_bytes().to_vec()),
        (2, 8) => Ok(f64::NAN.to_le_bytes().to_vec()),
        _ => Err(format!("special value {kind} in elements of {element} bytes")),
    }
}

/// What the `b2nd` layer says: shapes of the whole, of a chunk, of a block.
struct Arrays {
    shape: Vec<u64>,
    chunk: Vec<u64>,
    block: Vec<u64>,
}

impl Arrays {
    fn find(head: &[u8]) -> Result<Option<Self>, String> {
        let name = b"\xa4b2nd\xd2";
        let Some(at) = head.windows(name.len()).position(|window| window == name) else { return Ok(None) };
        let place = u32::from_be_bytes(field(head, at + name.len())?) as usize;
        // A bin32 (5 bytes of head), an array, the version, the number of axes.
        let rank = usize::from(field::<1>(head, place.saturating_add(7))?[0]);
        if rank == 0 || rank > MAX_RANK {
            return Err(format!("b2nd layer of {rank} axes"));
        }
        let mut at = place + 8;
        let mut extents = |width: usize| -> Result<Vec<u64>, String> {
            at += 1;
            let mut extents = Vec::new();
            for _ in 0..rank {
                let bytes = head.get(at + 1..at + 1 + width).ok_or("b2nd layer ends early")?;
                extents.push(bytes.iter().fold(0u64, |value, byte| value << 8 | u64::from(*byte)));
                at += 1 + width;
            }
            Ok(extents)
        };
        let arrays = Arrays { shape: extents(8)?, chunk: extents(4)?, block: extents(4)? };
        if arrays.shape.iter().chain(&arrays.chunk).chain(&arrays.block).any(|extent| *extent == 0) {
            return Err("b2nd layer with an axis of no elements".to_owned());
        }
        Ok(Some(arrays))
    }

    fn elements(&self, shape: &[u64]) -> Option<u64> {
        shape.iter().try_fold(1u64, |product, extent| product.checked_mul(*extent))
    }

    /// Whole blocks along each axis of a chunk.
    fn blocks(&self) -> Vec<u64> {
        self.chunk.iter().zip(&self.block).map(|(chunk, block)| chunk.div_ceil(*block)).collect()
    }

    /// Bytes of all chunks with what fills them up.
    fn stored_bytes(&self, element: usize) -> Option<u64> {
        let grid: Vec<u64> =
            self.shape.iter().zip(&self.chunk).map(|(all, one)| all.div_ceil(*one)).collect();
        let parts = [&grid, &self.blocks(), &self.block];
        let product = |sum: u64, shape: &&Vec<u64>| sum.checked_mul(self.elements(shape)?);
        parts.iter().try_fold(element as u64, product)
    }

    /// The elements in C order of the whole.
    fn arranged(&self, flat: &[u8], element: usize) -> Result<Vec<u8>, String> {
        if self.stored_bytes(element) != Some(flat.len() as u64) {
            return Err(format!("chunks of {} bytes do not make arrays of {:?}", flat.len(), self.shape));
        }
        let bounds = |shape: &[u64]| shape.iter().map(|extent| *extent as usize).collect::<Vec<_>>();
        let shape = bounds(&self.shape);
        let grid: Vec<usize> =
            self.shape.iter().zip(&self.chunk).map(|(all, one)| all.div_ceil(*one) as usize).collect();
        let mut output = vec![0; shape.iter().product::<usize>() * element];
        let (outer, row) = (&self.block[..self.block.len() - 1], *self.block.last().unwrap_or(&1) as usize);
        let mut rows = flat.chunks_exact((row * element).max(1));
        for chunk in Product::new(grid) {
            for block in Product::new(bounds(&self.blocks())) {
                for inner in Product::new(bounds(outer)) {
                    let Some(stored) = rows.next() else { return Ok(output) };
                    self.place(&chunk, &block, &inner, stored, element, &mut output);
                }
            }
        }
        Ok(output)
    }

    /// Puts one row of a block to its place, if it lies in its chunk and in the whole.
    fn place(
        &self,
        chunk: &[usize],
        block: &[usize],
        inner: &[usize],
        row: &[u8],
        element: usize,
        output: &mut [u8],
    ) {
        let mut at = 0;
        let last = self.shape.len() - 1;
        for axis in 0..=last {
            let (all, of_chunk, of_block) =
                (self.shape[axis] as usize, self.chunk[axis] as usize, self.block[axis] as usize);
            let in_chunk = block[axis] * of_block + inner.get(axis).copied().unwrap_or(0);
            let in_all = chunk[axis] * of_chunk + in_chunk;
            if in_chunk >= of_chunk || in_all >= all {
                return;
            }
            at = at * all + in_all;
            if axis == last {
                let count = of_block.min(of_chunk - in_chunk).min(all - in_all);
                output[at * element..(at + count) * element].copy_from_slice(&row[..count * element]);
            }
        }
    }
}
