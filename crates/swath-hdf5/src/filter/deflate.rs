//! zlib streams (filter 1).

/// Inflates a zlib stream to `most` bytes or fewer; its Adler-32 checksum is verified.
pub(super) fn undo(stored: &[u8], most: usize) -> Result<Vec<u8>, String> {
    let mut output = vec![0; most];
    let given = inflate(stored, &mut output)?;
    output.truncate(given);
    Ok(output)
}

/// Inflates a zlib stream that gives exactly `output`, which need not be zeroed.
pub(crate) fn undo_into(stored: &[u8], output: &mut [u8]) -> Result<(), String> {
    let given = inflate(stored, output)?;
    if given == output.len() {
        return Ok(());
    }
    Err(format!("chunk decodes to {given} bytes and not to the declared {}", output.len()))
}

fn inflate(stored: &[u8], output: &mut [u8]) -> Result<usize, String> {
    let most = output.len();
    libdeflater::Decompressor::new().zlib_decompress(stored, output).map_err(|error| match error {
        libdeflater::DecompressionError::InsufficientSpace => {
            format!("compressed chunk gives more than the declared {most} bytes")
        }
        libdeflater::DecompressionError::BadData => {
            format!("compressed chunk of {} bytes is damaged", stored.len())
        }
    })
}
