//! From a selection to the byte ranges that hold it, before any byte is read.

use std::ops::Range;
use std::sync::Arc;

use bytes::Bytes;

use crate::buffers::Buffers;
use crate::chunk_table::ChunkTable;
use crate::datatype::{DataType, Integer};
use crate::error::{Error, Result};
use crate::filter::{Filter, skipped};
use crate::index::{Dataset, Layout};
use crate::parser::{Numbers, Wanted};
use crate::selection::{Axis, Selection};

/// Most pieces of one plan.
const MAX_PIECES: u64 = 1 << 20;
/// Most bytes of one chunk, decoded.
const MAX_CHUNK_BYTES: u64 = 256 << 20;
/// Most bytes of one element.
const MAX_ELEMENT_BYTES: u64 = 256 << 20;
/// Most axes (the format's own limit).
const MAX_RANK: usize = 32;
/// Most filters in front of a chunk.
const MAX_FILTERS: usize = 8;
/// Contiguous values are cut into pieces of about so many bytes.
const RUN_BYTES: u64 = 4 << 20;
/// Unwanted bytes between two wanted runs that are read along rather than skipped.
const GAP_BYTES: u64 = 16 << 10;

/// What reading a selection takes: pieces, their byte ranges, the size of the output.
///
/// A plan is a value: making it reads nothing, it can be shown before it is carried out, sent to another
/// thread, and used with bytes that come from anywhere. Carry it out piece by piece:
/// fetch [`Piece::range`], [`Plan::decode`], [`crate::DecodedPiece::place`].
///
/// ```
/// use swath_hdf5::{Error, Plan, ReadRanges, Result};
///
/// /// One piece after the other: in memory are the output and one of them.
/// async fn read(reader: &dyn ReadRanges, plan: &Plan) -> Result<Vec<u8>> {
///     let mut output = vec![0; plan.output_bytes()];
///     for piece in plan.pieces() {
///         let mut stored = Vec::new();
///         if let Some(range) = &piece.range {
///             stored = reader.read_ranges(std::slice::from_ref(range)).await.map_err(Error::Read)?.parts;
///         }
///         let stored = stored.first().map(|bytes| &bytes[..]).unwrap_or_default();
///         plan.decode(piece, stored)?.place(&mut output)?;
///     }
///     Ok(output)
/// }
/// ```
#[derive(Debug, Clone)]
pub struct Plan {
    pub(crate) shared: Arc<Shared>,
    pieces: Vec<Piece>,
}

/// What all pieces of a plan have in common.
#[derive(Debug)]
pub(crate) struct Shared {
    pub(crate) path: String,
    pub(crate) datatype: DataType,
    pub(crate) element: usize,
    pub(crate) selection: Selection,
    pub(crate) shape: Vec<u64>,
    pub(crate) output_bytes: usize,
    pub(crate) filters: Vec<Filter>,
    /// One element for places that were never written, little-endian.
    pub(crate) fill: Option<Vec<u8>>,
    /// Bytes of what an element is one or, of arrays, many of.
    pub(crate) unit: usize,
    /// Byte runs of each unit that are reversed.
    pub(crate) reversals: Vec<(usize, usize)>,
    /// Integers of each unit that are made whole.
    pub(crate) packed: Vec<(usize, Integer)>,
    /// Values of a compact dataset.
    pub(crate) inline: Bytes,
    /// What chunks are inflated into.
    pub(crate) buffers: Buffers,
}

/// A block of a dataset that is fetched and decoded by itself: a chunk, or a run of contiguous values.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Piece {
    /// Where its stored bytes lie in the file; `None` if there is nothing to fetch, because the place was
    /// never written or the values are in the index.
    pub range: Option<Range<u64>>,
    pub(crate) source: Source,
    /// First element of the block along each axis of the dataset.
    pub(crate) origin: Box<[u64]>,
    /// Elements of the block along each axis; one value for all chunks, of which there may be a million.
    pub(crate) extent: Arc<[u64]>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Source {
    /// A chunk with its filter mask.
    Chunk(u32),
    /// Bytes as they are.
    Plain,
    /// The compact values in [`Shared::inline`].
    Inline,
    /// The fill value.
    Fill,
}

impl Piece {
    /// First element of the block along each axis of the dataset.
    pub fn origin(&self) -> &[u64] {
        &self.origin
    }

    /// Elements of the block along each axis; at the edge of a dataset a chunk reaches beyond it.
    pub fn extent(&self) -> &[u64] {
        &self.extent
    }
}

impl Dataset {
    /// Plans how `selection` is read. `path` only names the dataset in errors.
    ///
    /// ```
    /// use swath_hdf5::{Index, Result, Selection};
    ///
    /// /// Bytes on the wire, bytes in memory, and how many chunks or runs, before anything is fetched.
    /// fn cost(index: &Index, path: &str, rows: std::ops::Range<u64>) -> Result<(u64, usize, usize)> {
    ///     let dataset = index.dataset(path)?;
    ///     let mut ranges: Vec<_> = dataset.shape.iter().map(|extent| 0..*extent).collect();
    ///     if let Some(first) = ranges.first_mut() {
    ///         *first = rows;
    ///     }
    ///     let plan = dataset.plan(path, &Selection::window(&ranges))?;
    ///     Ok((plan.bytes(), plan.output_bytes(), plan.pieces().len()))
    /// }
    /// ```
    ///
    /// # Errors
    /// [`Error::Misuse`] for a selection outside of the dataset, [`Error::Unsupported`] for a filter, type or
    /// layout that this crate cannot decode, [`Error::Limit`] for a chunk over 256 MiB or more than a million
    /// pieces, [`Error::Malformed`] if what the file says of the dataset does not fit together.
    pub fn plan(&self, path: &str, selection: &Selection) -> Result<Plan> {
        let shared = Arc::new(self.shared(path, selection)?);
        let planner = Planner { dataset: self, path, selection, element: shared.element as u64 };
        let mut pieces = match &self.layout {
            Layout::Virtual => return Err(Error::unsupported(path, "a virtual dataset")),
            Layout::Unread(_) => {
                let what = format!("the chunk table of {path} was not read; plan through a LazyTable");
                return Err(Error::misuse(what));
            }
            _ if shared.output_bytes == 0 => Vec::new(),
            Layout::Null => Vec::new(),
            Layout::Compact(bytes) => planner.compact(bytes)?,
            Layout::Contiguous { offset, size } => planner.contiguous(*offset, *size)?,
            Layout::Chunked(table) => planner.chunked(table)?,
            Layout::External(files) => {
                let feature = format!("storage in other files ({})", files.join(", "));
                return Err(Error::unsupported(path, feature));
            }
        };
        let place = |piece: &Piece| piece.range.as_ref().map_or(u64::MAX, |range| range.start);
        pieces.sort_by_key(place);
        Ok(Plan { shared, pieces })
    }

    /// The chunks that hold selected elements.
    pub(crate) fn wanted(&self, path: &str, selection: &Selection) -> Result<Wanted> {
        let shared = self.shared(path, selection)?;
        if shared.output_bytes == 0 {
            return Ok(Wanted::new(vec![Numbers::Span(0, 0); self.shape.len()]));
        }
        let planner = Planner { dataset: self, path, selection, element: shared.element as u64 };
        let chunk = self.chunk_shape.as_deref().unwrap_or_default();
        Ok(Wanted::new(planner.chunk_numbers(chunk)?.into_iter().map(Numbers::List).collect()))
    }

    fn shared(&self, path: &str, selection: &Selection) -> Result<Shared> {
        selection.check(&self.shape)?;
        let element = self.datatype.size();
        if element == 0 || self.shape.len() > MAX_RANK {
            let what = format!("elements of {element} bytes along {} axes", self.shape.len());
            return Err(Error::malformed(path, what));
        }
        limit("bytes of one element", element, MAX_ELEMENT_BYTES)?;
        limit("filters of a chunk", self.filters.len() as u64, MAX_FILTERS as u64)?;
        let null = self.layout == Layout::Null;
        let shape = if null { vec![0] } else { selection.shape() };
        let elements = if null { Some(0) } else { selection.elements() };
        let output_bytes = elements.and_then(|elements| elements.checked_mul(element));
        let output_bytes =
            output_bytes.and_then(|bytes| isize::try_from(bytes).ok()).ok_or_else(|| Error::Limit {
                what: format!("bytes of a selection of {path}"),
                asked: u64::MAX,
                allowed: isize::MAX as u64,
            })?;
        let unit = self.datatype.unit();
        let (reversals, packed) = (unit.reversals(), unit.packed());
        let mut fill = self.fill.clone().filter(|fill| fill.len() as u64 == element);
        if let Some(fill) = &mut fill {
            crate::values::normalise(&self.datatype, fill);
        }
        Ok(Shared {
            path: path.to_owned(),
            datatype: self.datatype.clone(),
            element: element as usize,
            selection: selection.clone(),
            shape,
            output_bytes: output_bytes as usize,
            filters: self.filters.clone(),
            fill,
            unit: unit.size() as usize,
            reversals,
            packed,
            inline: match &self.layout {
                Layout::Compact(bytes) => Bytes::copy_from_slice(bytes),
                _ => Bytes::new(),
            },
            buffers: Buffers::default(),
        })
    }
}

impl Plan {
    /// Path of the dataset, as given.
    pub fn path(&self) -> &str {
        &self.shared.path
    }

    /// Type of the elements. The output holds them little-endian, whatever order this states.
    pub fn datatype(&self) -> &DataType {
        &self.shared.datatype
    }

    /// Shape of the output; C order.
    pub fn shape(&self) -> &[u64] {
        &self.shared.shape
    }

    /// The pieces: those with a range first, by its start.
    pub fn pieces(&self) -> &[Piece] {
        &self.pieces
    }

    /// The stored byte ranges by their start, one per piece that has one. Two may be the same.
    pub fn ranges(&self) -> Vec<Range<u64>> {
        self.pieces.iter().filter_map(|piece| piece.range.clone()).collect()
    }

    /// Stored bytes of all ranges.
    pub fn bytes(&self) -> u64 {
        self.ranges().iter().fold(0, |sum, range| sum.saturating_add(range.end - range.start))
    }

    /// Bytes of the output.
    pub fn output_bytes(&self) -> usize {
        self.shared.output_bytes
    }

    /// Bytes of one element of the output.
    pub fn element_bytes(&self) -> usize {
        self.shared.element
    }
}

fn limit(what: &str, asked: u64, allowed: u64) -> Result<()> {
    if asked <= allowed { Ok(()) } else { Err(Error::Limit { what: what.to_owned(), asked, allowed }) }
}

struct Planner<'a> {
    dataset: &'a Dataset,
    path: &'a str,
    selection: &'a Selection,
    element: u64,
}

impl Planner<'_> {
    fn malformed(&self, what: impl Into<String>) -> Error {
        Error::malformed(self.path, what)
    }

    /// Bytes of an array of that shape in this dataset's type.
    fn bytes_of(&self, shape: &[u64]) -> Option<u64> {
        shape.iter().try_fold(self.element, |bytes, extent| bytes.checked_mul(*extent))
    }

    fn compact(&self, bytes: &[u8]) -> Result<Vec<Piece>> {
        if self.bytes_of(&self.dataset.shape) != Some(bytes.len() as u64) {
            return Err(self.malformed(format!("compact dataset holds {} bytes", bytes.len())));
        }
        let shape = &self.dataset.shape;
        Ok(vec![Piece {
            range: None,
            source: Source::Inline,
            origin: vec![0; shape.len()].into(),
            extent: shape.as_slice().into(),
        }])
    }

    /// One piece per chunk that holds a selected element.
    fn chunked(&self, table: &ChunkTable) -> Result<Vec<Piece>> {
        let chunk = self.checked_chunk_shape(table)?;
        let axes: Vec<Vec<u64>> = self.chunk_numbers(chunk)?;
        let undecodable: u32 = self.undecodable();
        let extent: Arc<[u64]> = chunk.into();
        let (mut pieces, mut cell) = (Vec::new(), Vec::with_capacity(axes.len()));
        for coordinates in Product::new(axes.iter().map(Vec::len).collect()) {
            cell.clear();
            cell.extend(coordinates.iter().zip(&axes).map(|(at, numbers)| numbers[*at]));
            let stored = table.get(&cell);
            if let Some(stored) = stored
                && undecodable & !stored.filter_mask != 0
            {
                return Err(self.unsupported_filter(stored.filter_mask));
            }
            pieces.push(Piece {
                range: stored.map(|stored| stored.offset..stored.offset.saturating_add(stored.size)),
                source: stored.map_or(Source::Fill, |stored| Source::Chunk(stored.filter_mask)),
                origin: cell
                    .iter()
                    .zip(chunk)
                    .map(|(number, extent)| number.saturating_mul(*extent))
                    .collect(),
                extent: extent.clone(),
            });
        }
        Ok(pieces)
    }

    fn checked_chunk_shape(&self, table: &ChunkTable) -> Result<&[u64]> {
        let shape = &self.dataset.shape;
        let chunk = self.dataset.chunk_shape.as_deref().unwrap_or(&[]);
        let fits = chunk.len() == shape.len()
            && !chunk.contains(&0)
            && shape
                .iter()
                .zip(chunk)
                .map(|(extent, chunk)| extent.div_ceil(*chunk))
                .eq(table.grid().iter().copied());
        if !fits {
            let what = format!("chunks of {chunk:?} in a grid of {:?} for shape {shape:?}", table.grid());
            return Err(self.malformed(what));
        }
        limit("bytes of one chunk", self.bytes_of(chunk).unwrap_or(u64::MAX), MAX_CHUNK_BYTES)?;
        Ok(chunk)
    }

    /// Along each axis the numbers of the chunks that hold selected elements.
    fn chunk_numbers(&self, chunk: &[u64]) -> Result<Vec<Vec<u64>>> {
        let spans: Vec<(Axis, u64, u64)> = self
            .selection
            .axes()
            .iter()
            .zip(chunk)
            .map(|(axis, extent)| (*axis, axis.start / extent, axis.last().unwrap_or(axis.start) / extent))
            .collect();
        let count = spans.iter().try_fold(1u64, |product, (axis, first, last)| {
            product.checked_mul((last - first).saturating_add(1).min(axis.count))
        });
        limit(&format!("pieces of a selection of {}", self.path), count.unwrap_or(u64::MAX), MAX_PIECES)?;
        let numbers = spans.iter().zip(chunk).map(|((axis, first, last), extent)| {
            if axis.step <= *extent {
                return (*first..=*last).collect();
            }
            (0..axis.count).map(|taken| (axis.start + taken * axis.step) / extent).collect()
        });
        Ok(numbers.collect())
    }

    /// A bit for every filter that cannot be undone.
    fn undecodable(&self) -> u32 {
        let other = |(number, filter): (usize, &Filter)| {
            if !filter.is_supported() { 1u32.checked_shl(number as u32).unwrap_or(0) } else { 0 }
        };
        self.dataset.filters.iter().enumerate().map(other).fold(0, |bits, bit| bits | bit)
    }

    fn unsupported_filter(&self, mask: u32) -> Error {
        let applied = self.dataset.filters.iter().enumerate().filter(|(number, _)| !skipped(mask, *number));
        let names: Vec<String> = applied
            .filter(|(_, filter)| !filter.is_supported())
            .map(|(_, filter)| format!("filter {} ({})", filter.name(), filter.id()))
            .collect();
        Error::unsupported(self.path, names.join(" and "))
    }

    /// Runs of contiguous values: as long as they are wanted whole, cut at [`RUN_BYTES`].
    fn contiguous(&self, offset: Option<u64>, size: u64) -> Result<Vec<Piece>> {
        let shape = &self.dataset.shape;
        let Some(offset) = offset else {
            let (origin, extent) = (vec![0; shape.len()].into(), shape.as_slice().into());
            return Ok(vec![Piece { range: None, source: Source::Fill, origin, extent }]);
        };
        let whole = self.bytes_of(shape).filter(|whole| *whole <= size);
        if whole.and_then(|whole| offset.checked_add(whole)).is_none() {
            return Err(
                self.malformed(format!("contiguous values of {size} bytes at {offset} for shape {shape:?}"))
            );
        }
        if shape.is_empty() {
            let range = Some(offset..offset + self.element);
            return Ok(vec![Piece {
                range,
                source: Source::Plain,
                origin: Box::new([]),
                extent: Arc::new([]),
            }]);
        }
        self.runs(offset)
    }

    fn runs(&self, offset: u64) -> Result<Vec<Piece>> {
        let (shape, axes) = (&self.dataset.shape, self.selection.axes());
        // Bytes from one index of an axis to the next.
        let mut strides = vec![self.element; shape.len()];
        for axis in (1..shape.len()).rev() {
            strides[axis - 1] = strides[axis] * shape[axis];
        }
        let split = self.split_axis(&strides);
        let cuts = Cuts::new(&axes[split], strides[split]);
        let count =
            axes[..split].iter().try_fold(cuts.count, |product, axis| product.checked_mul(axis.count));
        limit(&format!("pieces of a selection of {}", self.path), count.unwrap_or(u64::MAX), MAX_PIECES)?;
        let extent = |span: Range<u64>| -> (Range<u64>, Arc<[u64]>) {
            let outer = std::iter::repeat_n(1, split);
            let extent = outer.chain([span.end - span.start]).chain(shape[split + 1..].iter().copied());
            (span, extent.collect())
        };
        let spans: Vec<(Range<u64>, Arc<[u64]>)> = cuts.spans().map(extent).collect();
        let mut pieces = Vec::new();
        for outer in Product::new(axes[..split].iter().map(|axis| axis.count as usize).collect()) {
            let fixed: Vec<u64> =
                outer.iter().zip(axes).map(|(taken, axis)| axis.start + *taken as u64 * axis.step).collect();
            let base = fixed.iter().zip(&strides).fold(offset, |at, (index, stride)| at + index * stride);
            for (span, extent) in &spans {
                let range = base + span.start * strides[split]..base + span.end * strides[split];
                let mut origin = fixed.clone();
                origin.push(span.start);
                origin.resize(shape.len(), 0);
                let (origin, extent) = (origin.into(), extent.clone());
                pieces.push(Piece { range: Some(range), source: Source::Plain, origin, extent });
            }
        }
        Ok(pieces)
    }

    /// The axis along which runs are cut: everything behind it is read whole, because it is wanted whole or
    /// the bytes not wanted are few.
    fn split_axis(&self, strides: &[u64]) -> usize {
        let (shape, axes) = (&self.dataset.shape, self.selection.axes());
        let mut split = shape.len() - 1;
        while split > 0 {
            let span = axes[split].last().map_or(0, |last| last - axes[split].start + 1);
            let unwanted = (shape[split] - span).saturating_mul(strides[split]);
            let sparse = (axes[split].step - 1).saturating_mul(strides[split]) > GAP_BYTES;
            if unwanted > GAP_BYTES || sparse || strides[split - 1] > RUN_BYTES {
                break;
            }
            split -= 1;
        }
        split
    }
}

/// How the axis that is cut falls into index ranges of about [`RUN_BYTES`] at most.
struct Cuts {
    start: u64,
    last: u64,
    length: u64,
    /// From the beginning of one to that of the next.
    advance: u64,
    /// How many there are, known before any is made: a file may state any extent.
    count: u64,
}

impl Cuts {
    fn new(axis: &Axis, stride: u64) -> Self {
        let sparse = (axis.step - 1).saturating_mul(stride) > GAP_BYTES;
        let length = if sparse { 1 } else { (RUN_BYTES / stride.max(1)).max(1).next_multiple_of(axis.step) };
        let advance = if sparse { axis.step } else { length };
        let (last, count) = match axis.last() {
            Some(last) => (last, (last - axis.start) / advance + 1),
            None => (axis.start, 0),
        };
        Cuts { start: axis.start, last, length, advance, count }
    }

    fn spans(&self) -> impl Iterator<Item = Range<u64>> + '_ {
        let begin = |number: u64| self.start + number * self.advance;
        let span = |start: u64| start..start.saturating_add(self.length).min(self.last + 1);
        (0..self.count).map(begin).map(span)
    }
}

/// Every tuple of numbers below the given bounds, the last one fastest.
pub(crate) struct Product {
    bounds: Vec<usize>,
    next: Option<Vec<usize>>,
}

impl Product {
    pub(crate) fn new(bounds: Vec<usize>) -> Self {
        let next = (!bounds.contains(&0)).then(|| vec![0; bounds.len()]);
        Product { bounds, next }
    }
}

impl Iterator for Product {
    type Item = Vec<usize>;

    fn next(&mut self) -> Option<Vec<usize>> {
        let current = self.next.take()?;
        let mut following = current.clone();
        for axis in (0..following.len()).rev() {
            following[axis] += 1;
            if following[axis] < self.bounds[axis] {
                self.next = Some(following);
                break;
            }
            following[axis] = 0;
        }
        Some(current)
    }
}

#[cfg(test)]
mod tests;
