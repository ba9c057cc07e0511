//! Fletcher's checksum behind the data (filter 3).

use std::borrow::Cow;

/// Bytes of the checksum.
pub(super) const BYTES: usize = 4;

/// The data without its checksum, which is verified.
pub(super) fn undo(bytes: Cow<'_, [u8]>) -> Result<Cow<'_, [u8]>, String> {
    let split = bytes.len().checked_sub(BYTES).ok_or("chunk is shorter than its checksum")?;
    let (data, checksum) = bytes.split_at(split);
    let stored = checksum.iter().rev().fold(0u32, |value, byte| (value << 8) | u32::from(*byte));
    let sum = fletcher32(data);
    // HDF5 1.6.2 and earlier wrote each half of the checksum byte-swapped.
    let swapped = (sum & 0x00ff_00ff) << 8 | (sum >> 8) & 0x00ff_00ff;
    if stored != sum && stored != swapped {
        return Err(format!("chunk has Fletcher-32 checksum {sum:#010x} and not the stored {stored:#010x}"));
    }
    Ok(match bytes {
        Cow::Borrowed(bytes) => Cow::Borrowed(&bytes[..split]),
        Cow::Owned(mut bytes) => {
            bytes.truncate(split);
            Cow::Owned(bytes)
        }
    })
}

/// Fletcher's checksum over big-endian 16-bit words; an odd last byte counts as the high half of a word.
pub(crate) fn fletcher32(data: &[u8]) -> u32 {
    let (mut first, mut second) = (0u32, 0u32);
    // 360 words keep both sums below 2^32 between two reductions.
    for block in data.chunks(720) {
        for word in block.chunks(2) {
            let low = word.get(1).copied().unwrap_or(0);
            first += u32::from(word[0]) << 8 | u32::from(low);
            second += first;
        }
        first = (first & 0xffff) + (first >> 16);
        second = (second & 0xffff) + (second >> 16);
    }
    first = (first & 0xffff) + (first >> 16);
    second = (second & 0xffff) + (second >> 16);
    second << 16 | first
}
