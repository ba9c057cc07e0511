//! Zstandard frames (filter 32015).

use std::io::Read;

use super::too_much;

pub(super) fn undo(stored: &[u8], _parameters: &[u32], most: usize) -> Result<Vec<u8>, String> {
    frame(stored, most)
}

/// One frame of `most` bytes or fewer. What the decoder keeps beside the output is bounded by the frame's window,
/// which the decoder refuses beyond 100 MB.
pub(super) fn frame(stored: &[u8], most: usize) -> Result<Vec<u8>, String> {
    let decoder = ruzstd::decoding::StreamingDecoder::new(stored);
    let decoder = decoder.map_err(|error| format!("damaged zstd frame: {error}"))?;
    let mut output = Vec::new();
    let read = decoder.take(most as u64 + 1).read_to_end(&mut output);
    read.map_err(|error| format!("damaged zstd frame: {error}"))?;
    if output.len() > most { Err(too_much(most)) } else { Ok(output) }
}
