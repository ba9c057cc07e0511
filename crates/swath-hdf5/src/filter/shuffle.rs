//! Bytes of equal significance gathered (filter 2).

/// Gathers the bytes of each element again; bytes past the last whole element stay where they are.
pub(crate) fn unshuffled(bytes: &[u8], element_size: usize) -> Vec<u8> {
    let count = bytes.len().checked_div(element_size).unwrap_or(0);
    let mut output = bytes.to_vec();
    if element_size > 1 {
        for (at, byte) in output[..count * element_size].iter_mut().enumerate() {
            *byte = bytes[at % element_size * count + at / element_size];
        }
    }
    output
}
