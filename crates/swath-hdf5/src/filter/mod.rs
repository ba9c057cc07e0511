//! Filters: what was done to a chunk before it was stored (HDF5 specification IV.A.2.l), and its undoing.
//!
//! One file per filter, each a pure function from stored bytes and parameters to bytes, which never gives more than
//! it is told; [`REGISTRY`] says which number is undone by which.

mod bit_planes;
mod bitshuffle;
mod blosc;
mod blosc2;
mod blosclz;
mod deflate;
mod fletcher32;
mod lz4;
mod lzf;
mod nbit;
mod scale_offset;
mod shuffle;
mod szip;
#[cfg(test)]
mod tests;
mod zstd;

use std::borrow::Cow;

use serde::{Deserialize, Serialize};

#[cfg(test)]
pub(crate) use fletcher32::fletcher32;
pub(crate) use shuffle::unshuffled;

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
    /// Any other filter; [`Filter::is_supported`] says whether this crate can undo it.
    Other {
        /// Its registered number.
        id: u16,
        /// Its name, if the file states one.
        name: Option<String>,
        /// Its parameters.
        parameters: Vec<u32>,
    },
}

/// Undoes one filter: stored bytes, parameters, and the most bytes that it may give.
type Undo = fn(&[u8], &[u32], usize) -> Result<Vec<u8>, String>;

/// Number, name and undoing of the filters beside deflate, shuffle and Fletcher-32. Numbers over 255 are
/// registered with the HDF Group.
const REGISTRY: [(u16, &str, Undo); 9] = [
    (4, "szip", szip::undo),
    (5, "nbit", nbit::undo),
    (6, "scaleoffset", scale_offset::undo),
    (32000, "lzf", lzf::undo),
    (32001, "blosc", blosc::undo),
    (32004, "lz4", lz4::undo),
    (32008, "bitshuffle", bitshuffle::undo),
    (32015, "zstd", zstd::undo),
    (32026, "blosc2", blosc2::undo),
];

fn registered(id: u16) -> Option<&'static (u16, &'static str, Undo)> {
    REGISTRY.iter().find(|(known, _, _)| *known == id)
}

impl Filter {
    /// The filter of a registered number with its parameters.
    pub(crate) fn new(id: u16, name: Option<String>, parameters: Vec<u32>) -> Self {
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

    /// Its name: `deflate`, `shuffle`, `fletcher32`, what the registry calls it, or what the file does.
    pub fn name(&self) -> String {
        match self {
            Filter::Deflate { .. } => "deflate".to_owned(),
            Filter::Shuffle { .. } => "shuffle".to_owned(),
            Filter::Fletcher32 => "fletcher32".to_owned(),
            Filter::Other { id, name, .. } => match (registered(*id), name) {
                (Some((_, name, _)), _) => (*name).to_owned(),
                (None, Some(name)) => name.clone(),
                (None, None) => format!("filter {id}"),
            },
        }
    }

    /// Its parameters, as they are stored.
    pub fn parameters(&self) -> Vec<u32> {
        match self {
            Filter::Deflate { level } => level.iter().copied().collect(),
            Filter::Shuffle { element_size } => vec![*element_size],
            Filter::Fletcher32 => Vec::new(),
            Filter::Other { parameters, .. } => parameters.clone(),
        }
    }

    /// Whether this crate can undo it.
    pub fn is_supported(&self) -> bool {
        match self {
            Filter::Other { id, .. } => registered(*id).is_some(),
            _ => true,
        }
    }

    /// Bytes that it adds to whatever it is given; `None` if that depends on the data.
    fn growth(&self) -> Option<usize> {
        match self {
            Filter::Shuffle { .. } => Some(0),
            Filter::Fletcher32 => Some(fletcher32::BYTES),
            Filter::Deflate { .. } | Filter::Other { .. } => None,
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

/// Bytes that a filter may add to data which it cannot compress, beside as many again.
const SLACK: usize = 64 << 10;

/// Most bytes that the data may have between two filters, of which `before` were applied first.
fn bound(before: &[&Filter], chunk_bytes: usize) -> usize {
    let exact = before.iter().try_fold(chunk_bytes, |bytes, filter| bytes.checked_add(filter.growth()?));
    exact.unwrap_or_else(|| chunk_bytes.saturating_mul(2).saturating_add(SLACK))
}

/// Undoes `filters` on one stored chunk, last first. `chunk_bytes` is the declared size of the chunk.
///
/// No buffer is larger than [`bound`] says: compressed data that would give more is an error.
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
        let most = bound(&applied[..number], chunk_bytes);
        match filter {
            Filter::Deflate { .. } => bytes = Cow::Owned(deflate::undo(&bytes, most)?),
            Filter::Fletcher32 => bytes = fletcher32::undo(bytes)?,
            Filter::Shuffle { element_size } => {
                let size = *element_size as usize;
                if number == 0 && bytes.len() == chunk_bytes {
                    return Ok(Unfiltered { bytes, shuffled: (size > 1).then_some(size) });
                }
                bytes = Cow::Owned(unshuffled(&bytes, size));
            }
            Filter::Other { id, parameters, .. } => {
                let (_, name, undo) = registered(*id)
                    .ok_or_else(|| format!("filter {} ({id}) is not supported", filter.name()))?;
                let given = undo(&bytes, parameters, most).map_err(|what| format!("{name}: {what}"))?;
                bytes = Cow::Owned(given);
            }
        }
    }
    if bytes.len() != chunk_bytes {
        return Err(format!("chunk decodes to {} bytes and not to the declared {chunk_bytes}", bytes.len()));
    }
    Ok(Unfiltered { bytes, shuffled: None })
}

/// A reader of stored bytes that ends with an error, never with a panic.
struct Reader<'a> {
    bytes: &'a [u8],
}

impl<'a> Reader<'a> {
    fn new(bytes: &'a [u8]) -> Self {
        Reader { bytes }
    }

    fn take(&mut self, count: usize) -> Result<&'a [u8], String> {
        let (taken, rest) = self.bytes.split_at_checked(count).ok_or("stored bytes end early")?;
        self.bytes = rest;
        Ok(taken)
    }

    fn array<const N: usize>(&mut self) -> Result<[u8; N], String> {
        let (taken, rest) = self.bytes.split_first_chunk::<N>().ok_or("stored bytes end early")?;
        self.bytes = rest;
        Ok(*taken)
    }

    fn byte(&mut self) -> Result<u8, String> {
        self.array::<1>().map(|[byte]| byte)
    }
}

/// An empty buffer for `length` bytes, if no more than `most` are allowed.
fn buffer(length: u64, most: usize) -> Result<Vec<u8>, String> {
    match usize::try_from(length) {
        Ok(length) if length <= most => Ok(Vec::with_capacity(length)),
        _ => Err(too_much(most)),
    }
}

fn too_much(most: usize) -> String {
    format!("gives more than the declared {most} bytes")
}
