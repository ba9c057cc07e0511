//! Any bytes as a chunk behind any filters.

use bytes::Bytes;
use swath_hdf5::{Filter, Layout, MemoryReader, Selection, read_bytes};

use super::made::{consecutive, dataset, table};
use crate::ready::block_on;

/// Most filters in front of a chunk.
const MAX_FILTERS: usize = 8;
/// Most bytes that a chunk may declare here.
const MAX_CHUNK: u64 = 1 << 20;

/// What [`unfilter_anything`] reads from its input, and what seeds are written from.
#[derive(Debug, Clone, Default)]
pub(crate) struct Chunk {
    /// Number and parameters of each filter.
    pub(crate) filters: Vec<(u16, Vec<u32>)>,
    /// Bytes of one element.
    pub(crate) element: u8,
    /// Elements of the chunk.
    pub(crate) elements: u32,
    /// Filters that were not applied.
    pub(crate) mask: u32,
    /// The stored bytes.
    pub(crate) stored: Vec<u8>,
}

impl Chunk {
    /// The chunk that some input describes; `None` if it is too short.
    fn parse(input: &[u8]) -> Option<Self> {
        let (count, mut rest) = input.split_first()?;
        let mut chunk = Chunk::default();
        for _ in 0..usize::from(*count) % (MAX_FILTERS + 1) {
            let (head, behind) = rest.split_first_chunk::<3>()?;
            let (parameters, behind) = behind.split_at_checked(4 * usize::from(head[2]))?;
            let parameters = parameters.as_chunks::<4>().0.iter().map(|word| u32::from_le_bytes(*word));
            chunk.filters.push((u16::from_le_bytes([head[0], head[1]]), parameters.collect()));
            rest = behind;
        }
        let (head, stored) = rest.split_first_chunk::<9>()?;
        chunk.element = head[0];
        chunk.elements = u32::from_le_bytes([head[1], head[2], head[3], head[4]]);
        chunk.mask = u32::from_le_bytes([head[5], head[6], head[7], head[8]]);
        chunk.stored = stored.to_vec();
        Some(chunk)
    }

    /// The input that describes this chunk.
    #[allow(dead_code, reason = "the targets only parse")]
    pub(crate) fn to_input(&self) -> Vec<u8> {
        let mut input = vec![self.filters.len() as u8];
        for (id, parameters) in &self.filters {
            input.extend(id.to_le_bytes());
            input.push(parameters.len() as u8);
            input.extend(parameters.iter().flat_map(|word| word.to_le_bytes()));
        }
        input.push(self.element);
        input.extend(self.elements.to_le_bytes());
        input.extend(self.mask.to_le_bytes());
        input.extend(&self.stored);
        input
    }
}

/// Undoes any filters on any bytes: an error, or exactly the declared bytes, which are returned.
pub(crate) fn unfilter_anything(input: &[u8]) -> Option<Vec<u8>> {
    let chunk = Chunk::parse(input)?;
    let declared = u64::from(chunk.element).saturating_mul(u64::from(chunk.elements));
    if declared > MAX_CHUNK {
        return None;
    }
    let filters =
        chunk.filters.into_iter().map(|(id, parameters)| Filter::new(id, None, parameters)).collect();
    let mut numbers = consecutive(0, &[chunk.stored.len() as u64]);
    let mut mask = chunk.mask;
    while mask >= 0x80 {
        numbers.push(mask as u8 | 0x80);
        mask >>= 7;
    }
    numbers.push(mask as u8);
    let table = table(&[1], 1, true, &numbers)?;
    let shape = vec![u64::from(chunk.elements)];
    let layout = Layout::Chunked(table);
    let dataset = dataset(chunk.element.into(), shape.clone(), Some(shape.clone()), filters, layout);
    let plan = dataset.plan("/any", &Selection::all(&shape)).ok()?;
    let output = block_on(read_bytes(&MemoryReader::new(Bytes::from(chunk.stored)), &plan)).ok()?;
    assert_eq!(output.len() as u64, declared);
    Some(output)
}
