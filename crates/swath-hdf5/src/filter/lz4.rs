//! LZ4 blocks behind the framing of the HDF5 plugin (filter 32004): total length and block length, then blocks each
//! behind its stored length, all big-endian.

use super::{Reader, buffer, too_much};

pub(super) fn undo(stored: &[u8], _parameters: &[u32], most: usize) -> Result<Vec<u8>, String> {
    let mut reader = Reader::new(stored);
    let total = u64::from_be_bytes(reader.array()?);
    let block = u32::from_be_bytes(reader.array()?) as usize;
    let mut output = buffer(total, most)?;
    let total = total as usize;
    if block == 0 && total > 0 {
        return Err("blocks of no bytes".to_owned());
    }
    while output.len() < total {
        let expected = block.min(total - output.len());
        let length = u32::from_be_bytes(reader.array()?) as usize;
        let bytes = reader.take(length)?;
        if length == expected {
            // A block that did not become shorter is stored as it was.
            output.extend_from_slice(bytes);
        } else {
            let given = block_of(bytes, expected)?;
            if given.len() != expected {
                return Err(format!("block gives {} bytes and not {expected}", given.len()));
            }
            output.extend(given);
        }
    }
    Ok(output)
}

/// One bare LZ4 block of `most` bytes or fewer.
pub(super) fn block_of(bytes: &[u8], most: usize) -> Result<Vec<u8>, String> {
    lz4_flex::block::decompress(bytes, most).map_err(|error| match error {
        lz4_flex::block::DecompressError::OutputTooSmall { .. } => too_much(most),
        other => format!("damaged LZ4 block: {other}"),
    })
}
