//! Bits of equal significance gathered: what bitshuffle and Blosc share.

/// Elements whose bits fill whole bytes of a plane.
pub(super) const GROUP: usize = 8;

/// Scatters the bit planes of `planes` back to elements of `element` bytes. Plane `8 * b + k` holds bit `k` of
/// byte `b` of every element, eight elements a byte. The length must be a multiple of eight elements.
pub(super) fn gathered(planes: &[u8], element: usize, output: &mut [u8]) {
    let row = planes.len() / element.max(1) / GROUP;
    for byte in 0..element {
        for group in 0..row {
            let matrix: [u8; 8] = std::array::from_fn(|bit| planes[(byte * 8 + bit) * row + group]);
            let columns = transposed(u64::from_le_bytes(matrix)).to_le_bytes();
            for (number, column) in columns.iter().enumerate() {
                output[(group * GROUP + number) * element + byte] = *column;
            }
        }
    }
}

/// The transpose of an 8 by 8 matrix of bits, one row a byte.
fn transposed(mut bits: u64) -> u64 {
    for (distance, mask) in
        [(7, 0x00aa_00aa_00aa_00aa_u64), (14, 0x0000_cccc_0000_cccc), (28, 0x0000_0000_f0f0_f0f0)]
    {
        let swapped = (bits ^ (bits >> distance)) & mask;
        bits ^= swapped ^ (swapped << distance);
    }
    bits
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_matrix_of_bits_is_transposed() {
        for (row, column) in [(0, 0), (0, 7), (3, 5), (7, 0), (6, 2)] {
            assert_eq!(transposed(1 << (8 * row + column)), 1 << (8 * column + row));
        }
    }

    #[test]
    fn planes_become_elements() {
        // Eight elements of two bytes: bit 0 of byte 0 set in all, bit 7 of byte 1 set in the first and last.
        let mut planes = [0; 16];
        (planes[0], planes[15]) = (0xff, 0x81);
        let mut output = [0; 16];
        gathered(&planes, 2, &mut output);
        assert_eq!(output, [1, 0x80, 1, 0, 1, 0, 1, 0, 1, 0, 1, 0, 1, 0, 1, 0x80]);
    }
}
