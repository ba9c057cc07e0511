//! zlib streams (filter 1).

/// Inflates a zlib stream to `most` bytes or fewer; its Adler-32 checksum is verified.
pub(super) fn undo(stored: &[u8], most: usize) -> Result<Vec<u8>, String> {
    let mut output = vec![0; most];
    let given =
        libdeflater::Decompressor::new().zlib_decompress(stored, &mut output).map_err(
            |error| match error {
                libdeflater::DecompressionError::InsufficientSpace => {
                    format!("compressed chunk gives more than the declared {most} bytes")
                }
                libdeflater::DecompressionError::BadData => {
                    format!("compressed chunk of {} bytes is damaged", stored.len())
                }
            },
        )?;
    output.truncate(given);
    Ok(output)
}
