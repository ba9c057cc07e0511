//! Whole reads of small selections: plan, one wave, decode, typed values.

use std::cell::{Cell, RefCell};
use std::sync::Arc;

use bytes::Bytes;

use crate::blocks::Blocks;
use crate::datatype::DataType;
use crate::error::{Error, Result};
use crate::index::Index;
use crate::open::OpenOptions;
use crate::parser::Heap;
use crate::plan::Plan;
use crate::reader::ReadRanges;
use crate::selection::Selection;
use crate::values::{Referred, Values, decode};

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
    read_bytes_at(plan, &mut parts.into_iter())
}

/// Carries out a plan over the bytes of its ranges, in their order.
pub(crate) fn read_bytes_at(plan: &Plan, parts: &mut impl Iterator<Item = Bytes>) -> Result<Vec<u8>> {
    let mut output = vec![0; plan.output_bytes()];
    for piece in plan.pieces() {
        let stored = if piece.range.is_some() { parts.next().unwrap_or_default() } else { Bytes::new() };
        plan.decode(piece, &stored)?.place(&mut output)?;
    }
    Ok(output)
}

/// Reads a selection of a dataset as typed values: one wave, and for variable-length types those that their
/// heap takes. References become paths where the index knows them.
///
/// # Errors
/// [`Error::NotFound`] if the index has no such dataset; what [`crate::Dataset::plan`] and [`read_bytes`]
/// return.
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
    read_planned(reader, index, &plan).await
}

/// As [`read_values`], of a selection that is planned already: by [`crate::LazyTable::plan`], say.
///
/// # Errors
/// As [`read_bytes`]; [`Error::Malformed`] for damaged values in the heap.
pub async fn read_planned(reader: &dyn ReadRanges, index: &Index, plan: &Plan) -> Result<Values> {
    let bytes = read_bytes(reader, plan).await?;
    values_of(reader, index, plan.path(), plan.datatype(), bytes).await
}

/// Typed values of elements; what they have in the heap is read.
pub(crate) async fn values_of(
    reader: &dyn ReadRanges,
    index: &Index,
    path: &str,
    datatype: &DataType,
    bytes: Vec<u8>,
) -> Result<Values> {
    if datatype.is_variable() {
        return read_variable(reader, index, datatype, bytes, path).await;
    }
    let path_of = |address: u64| index.addresses.get(&address).cloned();
    let heap_of = |_: &[u8], _| Err(Error::malformed(path, "reference into the heap"));
    decode(datatype, bytes, Referred { path_of: &path_of, heap_of: &heap_of })
}

/// Values of which parts lie in the heap. They are decoded as far as the heap is at hand, all of it that was
/// missed is fetched in one wave, and they are decoded again: one wave for each level of lists of lists.
async fn read_variable(
    reader: &dyn ReadRanges,
    index: &Index,
    datatype: &DataType,
    bytes: Vec<u8>,
    path: &str,
) -> Result<Values> {
    let options = OpenOptions::default();
    let blocks = Arc::new(Blocks::new(HEAP_BLOCK, options.max_metadata_bytes));
    blocks.fetch_first(reader, 1).await?;
    loop {
        let decoded = decode_at_hand(&blocks, index, datatype, &bytes, path);
        if !blocks.has_missed() {
            return decoded;
        }
        if blocks.waves() >= options.max_waves {
            let (asked, allowed) = (u64::from(blocks.waves()) + 1, u64::from(options.max_waves));
            return Err(Error::Limit { what: "rounds of requests for the heap".to_owned(), asked, allowed });
        }
        blocks.fetch_missed(reader).await?;
    }
}

fn decode_at_hand(
    blocks: &Arc<Blocks>,
    index: &Index,
    datatype: &DataType,
    bytes: &[u8],
    path: &str,
) -> Result<Values> {
    let path_of = |address: u64| index.addresses.get(&address).cloned();
    let (heap, allowed) =
        (Heap::new(blocks.clone(), index.encoding), OpenOptions::default().max_metadata_bytes);
    let taken = Cell::new(0u64);
    let failed = RefCell::new(None);
    let heap_of = |reference: &[u8], element: usize| {
        // What is not at hand is empty for now, so that all that is missing is noted in one go.
        let object = heap.object(reference, element).unwrap_or_else(|fault| {
            failed.borrow_mut().get_or_insert(fault);
            Vec::new()
        });
        taken.set(taken.get().saturating_add(object.len() as u64));
        if taken.get() > allowed {
            return Err(Error::Limit {
                what: format!("bytes in the heap of {path}"),
                asked: taken.get(),
                allowed,
            });
        }
        Ok(object)
    };
    let decoded = decode(datatype, bytes.to_vec(), Referred { path_of: &path_of, heap_of: &heap_of });
    match failed.into_inner() {
        Some(fault) => Err(fault.at(path)),
        None => decoded,
    }
}

/// Collections mostly are of 4 KiB.
const HEAP_BLOCK: u64 = 16 << 10;
