//! Filters: what was done to a chunk before it was stored (HDF5 specification IV.A.2.l), and its undoing.

use std::borrow::Cow;

use serde::{Deserialize, Serialize};

/// One step of a filter pipeline, in the order in which a writer applied it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub enum Filter {
    /// zlib compression (filter 1).
    Deflate {
        /// Level the writer used, if it is stored.
        level: Option<u32>,
    },
    /// Bytes of equal significance gathered (filter 2).
    Shuffle {
        /// Bytes of one element.
        element_size: u32,
    },
    /// A Fletcher-32 checksum after the data (filter 3).
    Fletcher32,
    /// A filter that this crate cannot undo.
    Other {
        /// Its registered number.
        id: u16,
        /// Its name, if the file states one.
        name: Option<String>,
        /// Its parameters.
        parameters: Vec<u32>,
    },
}

impl Filter {
    /// The filter of a registered number, with its name and parameters as a file states them.
    pub fn new(id: u16, name: Option<String>, parameters: Vec<u32>) -> Self {
        match (id, parameters.first()) {
            (1, level) => Filter::Deflate { level: level.copied() },
            (2, Some(size)) => Filter::Shuffle { element_size: *size },
            (3, _) => Filter::Fletcher32,
            _ => Filter::Other { id, name, parameters },
        }
    }

    /// Its registered number.
    pub fn id(&self) -> u16 {
        match self {
            Filter::Deflate { .. } => 1,
            Filter::Shuffle { .. } => 2,
            Filter::Fletcher32 => 3,
            Filter::Other { id, .. } => *id,
        }
    }

    /// Its name: `deflate`, `shuffle`, `fletcher32`, or what the file or the registry calls it.
    pub fn name(&self) -> String {
        match self {
            Filter::Deflate { .. } => "deflate".to_owned(),
            Filter::Shuffle { .. } => "shuffle".to_owned(),
            Filter::Fletcher32 => "fletcher32".to_owned(),
            Filter::Other { id, name, .. } => match (id, name) {
                (4, _) => "szip".to_owned(),
                (5, _) => "nbit".to_owned(),
                (6, _) => "scaleoffset".to_owned(),
                (_, Some(name)) => name.clone(),
                (32000, None) => "lzf".to_owned(),
                (32001, None) => "blosc".to_owned(),
                (32004, None) => "lz4".to_owned(),
                (32008, None) => "bitshuffle".to_owned(),
                (32015, None) => "zstd".to_owned(),
                (id, None) => format!("filter {id}"),
            },
        }
    }
}

/// Whether bit `number` of a chunk's mask says that this filter was not applied.
pub(crate) fn skipped(mask: u32, number: usize) -> bool {
    number < 32 && mask & (1 << number) != 0
}

/// A chunk with its filters undone, but for a shuffle that is left to the copying.
#[derive(Debug, Clone)]
pub(crate) struct Unfiltered<'a> {
    /// Exactly the declared bytes of a chunk.
    pub(crate) bytes: Cow<'a, [u8]>,
    /// Bytes of one element if the bytes are still shuffled.
    pub(crate) shuffled: Option<usize>,
}

/// Undoes `filters` on one stored chunk, last first. `chunk_bytes` is the declared size of the chunk.
///
/// The largest buffer is `chunk_bytes` and a checksum: compressed data that would give more is an error.
///
/// # Errors
/// A sentence on what is wrong with the stored bytes.
pub(crate) fn undo<'a>(
    filters: &[Filter],
    mask: u32,
    stored: &'a [u8],
    chunk_bytes: usize,
) -> Result<Unfiltered<'a>, String> {
    let applied: Vec<&Filter> = filters
        .iter()
        .enumerate()
        .filter(|(number, _)| !skipped(mask, *number))
        .map(|(_, filter)| filter)
        .collect();
    let mut bytes = Cow::Borrowed(stored);
    for (number, filter) in applied.iter().enumerate().rev() {
        match filter {
            Filter::Deflate { .. } => {
                let inside =
                    applied[..number].iter().filter(|before| ***before == Filter::Fletcher32).count();
                bytes = Cow::Owned(inflate(&bytes, chunk_bytes.saturating_add(4 * inside))?);
            }
            Filter::Fletcher32 => bytes = without_checksum(bytes)?,
            Filter::Shuffle { element_size } => {
                let size = *element_size as usize;
                if number == 0 && bytes.len() == chunk_bytes {
                    return Ok(Unfiltered { bytes, shuffled: (size > 1).then_some(size) });
                }
                bytes = Cow::Owned(unshuffled(&bytes, size));
            }
            Filter::Other { id, .. } => {
                return Err(format!("filter {} ({id}) is not supported", filter.name()));
            }
        }
    }
    if bytes.len() != chunk_bytes {
        return Err(format!("chunk decodes to {} bytes and not to the declared {chunk_bytes}", bytes.len()));
    }
    Ok(Unfiltered { bytes, shuffled: None })
}

/// Inflates zlib data that must give exactly `length` bytes; its Adler-32 checksum is verified.
fn inflate(stored: &[u8], length: usize) -> Result<Vec<u8>, String> {
    let mut output = vec![0; length];
    let given =
        libdeflater::Decompressor::new().zlib_decompress(stored, &mut output).map_err(
            |error| match error {
                libdeflater::DecompressionError::InsufficientSpace => {
                    format!("compressed chunk gives more than the declared {length} bytes")
                }
                libdeflater::DecompressionError::BadData => {
                    format!("compressed chunk of {} bytes is damaged", stored.len())
                }
            },
        )?;
    if given == length {
        Ok(output)
    } else {
        Err(format!("compressed chunk gives {given} bytes and not {length}"))
    }
}

fn without_checksum(bytes: Cow<'_, [u8]>) -> Result<Cow<'_, [u8]>, String> {
    let split = bytes.len().checked_sub(4).ok_or("chunk is shorter than its checksum")?;
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

#[cfg(test)]
mod tests {
    use super::*;

    fn deflated(bytes: &[u8]) -> Vec<u8> {
        let mut compressor = libdeflater::Compressor::new(libdeflater::CompressionLvl::default());
        let mut output = vec![0; compressor.zlib_compress_bound(bytes.len())];
        let length = compressor.zlib_compress(bytes, &mut output).unwrap();
        output.truncate(length);
        output
    }

    fn shuffled(bytes: &[u8], size: usize) -> Vec<u8> {
        (0..size).flat_map(|at| bytes.iter().skip(at).step_by(size).copied()).collect()
    }

    fn with_checksum(mut bytes: Vec<u8>) -> Vec<u8> {
        bytes.extend(fletcher32(&bytes).to_le_bytes());
        bytes
    }

    const SHUFFLE: Filter = Filter::Shuffle { element_size: 4 };
    const DEFLATE: Filter = Filter::Deflate { level: None };

    #[test]
    fn pipelines_are_undone_in_reverse_order() {
        let data: Vec<u8> = (0..=255).collect();
        let stored = with_checksum(deflated(&shuffled(&data, 4)));
        let chunk = undo(&[SHUFFLE, DEFLATE, Filter::Fletcher32], 0, &stored, 256).unwrap();
        assert_eq!(chunk.shuffled, Some(4));
        assert_eq!(unshuffled(&chunk.bytes, 4), data);

        let stored = deflated(&with_checksum(data.clone()));
        let chunk = undo(&[Filter::Fletcher32, DEFLATE], 0, &stored, 256).unwrap();
        assert_eq!((&*chunk.bytes, chunk.shuffled), (&*data, None));

        let stored = shuffled(&with_checksum(data.clone()), 4);
        let chunk = undo(&[Filter::Fletcher32, SHUFFLE], 0, &stored, 256).unwrap();
        assert_eq!(&*chunk.bytes, data);
    }

    #[test]
    fn masked_filters_are_not_undone() {
        let data: Vec<u8> = (0..64).collect();
        let stored = shuffled(&data, 4);
        let chunk = undo(&[SHUFFLE, DEFLATE], 0b10, &stored, 64).unwrap();
        assert_eq!((chunk.shuffled, unshuffled(&chunk.bytes, 4)), (Some(4), data.clone()));
        let other = Filter::Other { id: 32015, name: None, parameters: vec![] };
        assert!(undo(std::slice::from_ref(&other), 1, &data, 64).is_ok());
        assert!(undo(&[other], 0, &data, 64).unwrap_err().contains("zstd (32015)"));
    }

    #[test]
    fn damaged_chunks_are_errors() {
        let data = vec![7u8; 1000];
        let good = deflated(&data);
        assert!(undo(&[DEFLATE], 0, &good, 999).unwrap_err().contains("more than"));
        assert!(undo(&[DEFLATE], 0, &good, 1001).unwrap_err().contains("1000 bytes and not 1001"));
        assert!(undo(&[DEFLATE], 0, &good[..good.len() - 1], 1000).is_err());
        let mut flipped = with_checksum(data.clone());
        flipped[17] ^= 1;
        assert!(undo(&[Filter::Fletcher32], 0, &flipped, 1000).unwrap_err().contains("Fletcher-32"));
        assert!(undo(&[Filter::Fletcher32], 0, &[1, 2], 1000).is_err());
        assert!(undo(&[], 0, &data, 1001).is_err());
        assert!(undo(&[Filter::Shuffle { element_size: 0 }], 0, &data, 1000).is_ok());
    }

    #[test]
    fn fletcher32_of_known_words() {
        // Sums of 0x0102 and 0x0304: first 0x0406, second 0x0102 + 0x0406 = 0x0508.
        assert_eq!(fletcher32(&[1, 2, 3, 4]), 0x0508_0406);
        assert_eq!(fletcher32(&[1, 2, 3]), 0x0504_0402);
    }
}
