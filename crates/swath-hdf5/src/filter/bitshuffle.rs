//! Bitshuffle (filter 32008): bits of equal significance gathered block by block, each block bare or compressed with
//! LZ4 or Zstandard.

use super::bit_planes::{GROUP, gathered};
use super::{Reader, buffer, lz4, zstd};

/// Bytes that a block has unless the writer said otherwise.
const TARGET_BYTES: usize = 8192;
/// Fewest elements of such a block.
const MIN_ELEMENTS: usize = 128;
/// The library's own numbers of its compressors, in the fifth parameter.
const NONE: u32 = 0;
const LZ4: u32 = 2;
const ZSTD: u32 = 3;

/// Parameters: two of version, bytes of an element, elements of a block (0: the default), compressor, level.
pub(super) fn undo(stored: &[u8], parameters: &[u32], most: usize) -> Result<Vec<u8>, String> {
    let parameter = |number: usize| parameters.get(number).copied().unwrap_or(0);
    let element = parameter(2).max(1) as usize;
    let compressor = parameter(4);
    let mut reader = Reader::new(stored);
    if compressor == NONE {
        let mut output = buffer(stored.len() as u64, most)?;
        let block = block_elements(element, parameter(3) as usize);
        blocks(&mut output, stored.len(), element, block, |bytes| reader.take(bytes).map(<[u8]>::to_vec))?;
        output.extend_from_slice(reader.bytes);
        return Ok(output);
    }
    let total = u64::from_be_bytes(reader.array()?);
    let block = u32::from_be_bytes(reader.array()?) as usize / element;
    let mut output = buffer(total, most)?;
    if !block.is_multiple_of(GROUP) || block == 0 {
        return Err(format!("blocks of {block} elements"));
    }
    blocks(&mut output, total as usize, element, block, |bytes| {
        let length = u32::from_be_bytes(reader.array()?) as usize;
        let compressed = reader.take(length)?;
        match compressor {
            LZ4 => lz4::block_of(compressed, bytes),
            ZSTD => zstd::frame(compressed, bytes),
            other => Err(format!("compressor {other} is unknown")),
        }
    })?;
    let rest = total as usize - output.len();
    output.extend_from_slice(reader.take(rest)?);
    Ok(output)
}

/// Elements of a block: about 8 KiB of them.
fn block_elements(element: usize, stated: usize) -> usize {
    if stated > 0 {
        return stated;
    }
    let fitting = TARGET_BYTES / element;
    (fitting - fitting % GROUP).max(MIN_ELEMENTS)
}

/// Appends whole blocks, then one of as many groups of eight elements as are left. `next` gives the planes of a
/// block of so many bytes.
fn blocks(
    output: &mut Vec<u8>,
    total: usize,
    element: usize,
    block: usize,
    mut next: impl FnMut(usize) -> Result<Vec<u8>, String>,
) -> Result<(), String> {
    let mut left = total / element;
    while left >= GROUP {
        let elements = block.min(left - left % GROUP);
        let bytes = elements * element;
        let planes = next(bytes)?;
        if planes.len() != bytes {
            return Err(format!("block gives {} bytes and not {bytes}", planes.len()));
        }
        let start = output.len();
        output.resize(start + bytes, 0);
        gathered(&planes, element, &mut output[start..]);
        left -= elements;
    }
    Ok(())
}
