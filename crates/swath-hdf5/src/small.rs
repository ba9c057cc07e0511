//! Whole reads of small selections: plan, one wave, decode, typed values.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use crate::blocks::Blocks;
use crate::datatype::DataType;
use crate::error::{Error, Result};
use crate::index::{Encoding, Index};
use crate::open::OpenOptions;
use crate::parser::heap_collection;
use crate::plan::Plan;
use crate::reader::ReadRanges;
use crate::selection::Selection;
use crate::values::{Values, decode};
use crate::walk::{heap_element, heap_type, heap_values};

/// Most bytes of the output of one whole read; a file may state any shape.
const MAX_OUTPUT: u64 = 4 << 30;

/// Carries out a plan in one wave: C-order, little-endian bytes of the output.
///
/// All stored bytes and the output are in memory together; for large selections take the pieces one by one.
///
/// # Errors
/// [`Error::Read`] from the reader, [`Error::Malformed`] for damaged or missing bytes, [`Error::Limit`] if the
/// output is over 4 GiB.
pub async fn read_bytes(reader: &dyn ReadRanges, plan: &Plan) -> Result<Vec<u8>> {
    let asked = plan.output_bytes() as u64;
    if asked > MAX_OUTPUT {
        let what = format!("bytes of {} read at once (take its pieces one by one)", plan.path());
        return Err(Error::Limit { what, asked, allowed: MAX_OUTPUT });
    }
    let ranges = plan.ranges();
    let parts = if ranges.is_empty() {
        Vec::new()
    } else {
        reader.read_ranges(&ranges).await.map_err(Error::Read)?.parts
    };
    let mut output = vec![0; plan.output_bytes()];
    let mut parts = parts.into_iter();
    for piece in plan.pieces() {
        let stored =
            if piece.range.is_some() { parts.next().unwrap_or_default() } else { bytes::Bytes::new() };
        plan.decode(piece, &stored)?.place(&mut output)?;
    }
    Ok(output)
}

/// Reads a selection of a dataset as typed values: one wave, and for variable-length types those that their
/// heap takes. References become paths where the index knows them.
///
/// # Errors
/// [`Error::NotFound`] if the index has no such dataset; what [`crate::Dataset::plan`] and [`read_bytes`]
/// return; [`Error::Unsupported`] for lists of lists and compounds with variable-length members.
pub async fn read_values(
    reader: &dyn ReadRanges,
    index: &Index,
    path: &str,
    selection: &Selection,
) -> Result<Values> {
    let dataset = index.dataset(path)?;
    let plan = dataset.plan(path, selection)?;
    if dataset.layout == crate::Layout::Null {
        return Ok(Values::Null);
    }
    let bytes = read_bytes(reader, &plan).await?;
    let path_of = |address: u64| index.addresses.get(&address).cloned();
    if heap_type(&dataset.datatype).is_some() {
        let heap = read_heap(reader, index.encoding, &dataset.datatype, &bytes, path).await?;
        return Ok(heap_values(&dataset.datatype, heap, &path_of));
    }
    if dataset.datatype.is_variable() {
        return Err(Error::unsupported(path, format!("the type {}", dataset.datatype.name())));
    }
    decode(&dataset.datatype, bytes, &path_of)
}

/// One stored reference into the heap (HDF5 specification IV.A.2.d, class 9).
struct HeapReference {
    count: u32,
    /// Collection and object; `None` if the element is empty.
    object: Option<(u64, u16)>,
}

impl HeapReference {
    fn parse(bytes: &[u8], encoding: Encoding, path: &str) -> Result<Self> {
        let little_endian =
            |bytes: &[u8]| bytes.iter().rev().fold(0u64, |value, byte| value << 8 | u64::from(*byte));
        let width = usize::from(encoding.offset_size);
        let (Some(count), Some(address), Some(object)) =
            (bytes.get(..4), bytes.get(4..4 + width), bytes.get(4 + width..8 + width))
        else {
            return Err(Error::malformed(path, format!("heap reference of {} bytes", bytes.len())));
        };
        let undefined = address.iter().all(|byte| *byte == 0xff) || address.iter().all(|byte| *byte == 0);
        let number = little_endian(object);
        let object = match u16::try_from(number) {
            _ if undefined || number == 0 => None,
            Ok(number) => Some((little_endian(address), number)),
            Err(_) => return Err(Error::malformed(path, format!("heap object {number}"))),
        };
        Ok(HeapReference { count: little_endian(count) as u32, object })
    }
}

/// What each element refers to. All collections that are missing are fetched together.
async fn read_heap(
    reader: &dyn ReadRanges,
    encoding: Encoding,
    datatype: &DataType,
    bytes: &[u8],
    path: &str,
) -> Result<Vec<Vec<u8>>> {
    let width = heap_type(datatype).map_or(1, DataType::size) as usize;
    let references: Vec<HeapReference> = bytes
        .chunks_exact(width.max(1))
        .map(|bytes| HeapReference::parse(bytes, encoding, path))
        .collect::<Result<_>>()?;
    let wanted: BTreeSet<u64> =
        references.iter().filter_map(|reference| reference.object).map(|(address, _)| address).collect();
    let heap = fetch_collections(reader, encoding, &wanted, path).await?;
    let (element, allowed) = (heap_element(datatype), OpenOptions::default().max_metadata_bytes);
    let mut asked = 0u64;
    let mut elements = Vec::with_capacity(references.len());
    for reference in references {
        let Some(object) = reference.object else {
            elements.push(Vec::new());
            continue;
        };
        let stored = heap.get(&object).ok_or_else(|| Error::malformed(path, "heap object is missing"))?;
        let length = (reference.count as usize).checked_mul(element);
        let value = length.and_then(|length| stored.get(..length));
        let value =
            value.ok_or_else(|| Error::malformed(path, "heap object is shorter than its reference"))?;
        asked = asked.saturating_add(value.len() as u64);
        if asked > allowed {
            return Err(Error::Limit { what: format!("bytes in the heap of {path}"), asked, allowed });
        }
        elements.push(value.to_vec());
    }
    Ok(elements)
}

/// The objects of all wanted heap collections, by address and number.
async fn fetch_collections(
    reader: &dyn ReadRanges,
    encoding: Encoding,
    wanted: &BTreeSet<u64>,
    path: &str,
) -> Result<BTreeMap<(u64, u16), Vec<u8>>> {
    let mut heap = BTreeMap::new();
    if wanted.is_empty() {
        return Ok(heap);
    }
    let options = OpenOptions::default();
    let blocks = Arc::new(Blocks::new(HEAP_BLOCK, options.max_metadata_bytes));
    blocks.fetch_first(reader, 1).await?;
    loop {
        let mut failed = None;
        heap.clear();
        for address in wanted {
            match heap_collection(&blocks, encoding, *address) {
                Ok(objects) => {
                    heap.extend(objects.into_iter().map(|(number, bytes)| ((*address, number), bytes)));
                }
                Err(fault) => failed = failed.or(Some(fault)),
            }
        }
        if !blocks.has_missed() {
            return failed.map_or(Ok(heap), |fault| Err(fault.at(path)));
        }
        if blocks.waves() >= options.max_waves {
            let (asked, allowed) = (u64::from(blocks.waves()) + 1, u64::from(options.max_waves));
            return Err(Error::Limit { what: "rounds of requests for the heap".to_owned(), asked, allowed });
        }
        blocks.fetch_missed(reader).await?;
    }
}

/// Collections mostly are of 4 KiB.
const HEAP_BLOCK: u64 = 16 << 10;
