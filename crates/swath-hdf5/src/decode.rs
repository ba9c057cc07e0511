//! From stored bytes to elements in their place. Pure: no I/O, no waiting.

use std::borrow::Cow;

use crate::error::{Error, Result};
use crate::filter::{Unfiltered, undo};
use crate::plan::{Piece, Plan, Product, Shared, Source};

impl Plan {
    /// Decodes the stored bytes of one piece of this plan; for a piece without a range, give none.
    ///
    /// Checksums are verified, and a chunk must give exactly its declared bytes. The work is CPU only and
    /// pieces are independent, so call it from as many threads as there are.
    ///
    /// # Errors
    /// [`Error::Malformed`] with path and byte offset if the bytes are damaged or fewer than asked.
    pub fn decode(&self, piece: &Piece, stored: &[u8]) -> Result<DecodedPiece> {
        let shared = &self.shared;
        let expected = piece.range.as_ref().map_or(0, |range| range.end - range.start);
        if stored.len() as u64 != expected {
            return Err(damaged(shared, piece, format!("{} bytes delivered of {expected}", stored.len())));
        }
        let parts = parts(shared, piece);
        let values = match piece.source {
            Source::Fill => Block::Fill,
            Source::Inline => Block::Elements(shared.inline.to_vec()),
            Source::Plain => Block::Elements(stored.to_vec()),
            Source::Chunk(mask) => {
                let chunk_bytes = piece.extent.iter().fold(shared.element, |bytes, extent| {
                    bytes.saturating_mul(usize::try_from(*extent).unwrap_or(usize::MAX))
                });
                let chunk = undo(&shared.filters, mask, stored, chunk_bytes);
                block(chunk.map_err(|what| damaged(shared, piece, what))?, shared.element)
            }
        };
        let extent = piece.extent.iter().map(|extent| *extent as usize).collect();
        Ok(DecodedPiece { shared: self.shared.clone(), values, parts, extent })
    }
}

fn damaged(shared: &Shared, piece: &Piece, what: String) -> Error {
    let offset = piece.range.as_ref().map(|range| range.start);
    Error::Malformed { path: shared.path.clone(), offset, what }
}

fn block(chunk: Unfiltered<'_>, element: usize) -> Block {
    match chunk.shuffled {
        Some(size) if size == element => Block::Shuffled(chunk.bytes.into_owned()),
        Some(size) => Block::Elements(crate::filter::unshuffled(&chunk.bytes, size)),
        None => Block::Elements(Cow::into_owned(chunk.bytes)),
    }
}

/// Which elements of a block are wanted along one axis, and where they go.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Part {
    /// First wanted element in the block.
    first: usize,
    /// From one to the next.
    step: usize,
    /// How many.
    count: usize,
    /// Where the first goes in the output.
    output: usize,
}

/// The wanted part of the block along each axis.
fn parts(shared: &Shared, piece: &Piece) -> Vec<Part> {
    let axes = shared.selection.axes().iter().zip(piece.origin.iter().zip(&piece.extent));
    axes.map(|(axis, (origin, extent))| {
        let (output, count) = axis.within(*origin, origin.saturating_add(*extent));
        let first = axis.start.saturating_add(output.saturating_mul(axis.step)).saturating_sub(*origin);
        Part {
            first: first as usize,
            step: axis.step as usize,
            count: count as usize,
            output: output as usize,
        }
    })
    .collect()
}

/// The elements of a block.
#[derive(Debug, Clone)]
enum Block {
    /// As stored, one after the other.
    Elements(Vec<u8>),
    /// First bytes of all elements, then second bytes, and so on.
    Shuffled(Vec<u8>),
    /// Each the fill value.
    Fill,
}

/// The elements of one piece, ready to be put in their place.
#[derive(Debug, Clone)]
pub struct DecodedPiece {
    shared: std::sync::Arc<Shared>,
    values: Block,
    parts: Vec<Part>,
    extent: Vec<usize>,
}

impl DecodedPiece {
    /// Where this piece begins in the output, along each axis.
    pub fn output_start(&self) -> Vec<u64> {
        self.parts.iter().map(|part| part.output as u64).collect()
    }

    /// Elements of this piece along each axis of the output.
    pub fn shape(&self) -> Vec<u64> {
        self.parts.iter().map(|part| part.count as u64).collect()
    }

    /// Whether every element is the fill value, because the place was never written.
    pub fn is_fill(&self) -> bool {
        matches!(self.values, Block::Fill)
    }

    /// Copies the elements to their place in `output`, the whole output of the plan: C order,
    /// little-endian. Un-shuffling happens in the same pass.
    ///
    /// # Errors
    /// [`Error::Misuse`] if `output` is not [`Plan::output_bytes`] long.
    pub fn place(&self, output: &mut [u8]) -> Result<()> {
        if output.len() != self.shared.output_bytes {
            return Err(Error::misuse(format!(
                "output of {} bytes for a plan of {}",
                output.len(),
                self.shared.output_bytes
            )));
        }
        let shape: Vec<usize> = self.shared.shape.iter().map(|extent| *extent as usize).collect();
        let start: Vec<usize> = self.parts.iter().map(|part| part.output).collect();
        self.copy(output, &shape, &start);
        Ok(())
    }

    /// Just this piece's selected elements: C order, little-endian.
    pub fn to_values_bytes(&self) -> Vec<u8> {
        let shape: Vec<usize> = self.parts.iter().map(|part| part.count).collect();
        let elements: usize = shape.iter().product();
        let mut output = vec![0; elements * self.shared.element];
        self.copy(&mut output, &shape, &vec![0; shape.len()]);
        output
    }

    /// Copies row by row into an array of `shape`, beginning at `start`.
    fn copy(&self, output: &mut [u8], shape: &[usize], start: &[usize]) {
        let element = self.shared.element;
        let Some((last, outer)) = self.parts.split_last() else {
            self.copy_row(0, 1, output);
            return;
        };
        let (source_strides, output_strides) = (strides(&self.extent), strides(shape));
        for taken in Product::new(outer.iter().map(|part| part.count).collect()) {
            let (mut from, mut to) = (last.first, start[outer.len()]);
            for (axis, (taken, part)) in taken.iter().zip(outer).enumerate() {
                from += (part.first + taken * part.step) * source_strides[axis];
                to += (start[axis] + taken) * output_strides[axis];
            }
            self.copy_row(from, last.step, &mut output[to * element..(to + last.count) * element]);
        }
    }

    /// Copies elements `from`, `from + step`, … of the block until `row` is full.
    fn copy_row(&self, from: usize, step: usize, row: &mut [u8]) {
        let element = self.shared.element;
        match &self.values {
            Block::Fill => return fill_row(row, element, self.shared.fill.as_deref()),
            Block::Elements(bytes) if step == 1 => {
                row.copy_from_slice(&bytes[from * element..][..row.len()]);
            }
            Block::Elements(bytes) => {
                for (at, output) in row.chunks_exact_mut(element).enumerate() {
                    output.copy_from_slice(&bytes[(from + at * step) * element..][..element]);
                }
            }
            Block::Shuffled(bytes) => gather_row(bytes, element, from, step, row),
        }
        reverse(row, self.shared.unit, &self.shared.reversals);
        crate::datatype::unpack(row, self.shared.unit, &self.shared.packed);
    }
}

/// Elements from one index of an axis to the next.
fn strides(shape: &[usize]) -> Vec<usize> {
    let mut strides = vec![1; shape.len()];
    for axis in (1..shape.len()).rev() {
        strides[axis - 1] = strides[axis] * shape[axis];
    }
    strides
}

fn fill_row(row: &mut [u8], element: usize, fill: Option<&[u8]>) {
    match fill {
        Some(fill) => row.chunks_exact_mut(element).for_each(|output| output.copy_from_slice(fill)),
        None => row.fill(0),
    }
}

/// Gathers elements out of a shuffled block.
fn gather_row(bytes: &[u8], element: usize, from: usize, step: usize, row: &mut [u8]) {
    let count = bytes.len() / element;
    if step != 1 {
        for (at, output) in row.chunks_exact_mut(element).enumerate() {
            for (plane, byte) in output.iter_mut().enumerate() {
                *byte = bytes[plane * count + from + at * step];
            }
        }
        return;
    }
    let length = row.len() / element;
    let plane = |number: usize| &bytes[number * count + from..][..length];
    match element {
        2 => {
            for (output, (a, b)) in row.as_chunks_mut::<2>().0.iter_mut().zip(plane(0).iter().zip(plane(1))) {
                *output = [*a, *b];
            }
        }
        4 => {
            let (low, high) = (plane(0).iter().zip(plane(1)), plane(2).iter().zip(plane(3)));
            for (output, ((a, b), (c, d))) in row.as_chunks_mut::<4>().0.iter_mut().zip(low.zip(high)) {
                *output = [*a, *b, *c, *d];
            }
        }
        _ => {
            // One significance after the other: each plane is read in order.
            for number in 0..element {
                let places = row[number..].iter_mut().step_by(element);
                places.zip(plane(number)).for_each(|(place, byte)| *place = *byte);
            }
        }
    }
}

/// Reverses the given byte runs of every element.
pub(crate) fn reverse(bytes: &mut [u8], element: usize, runs: &[(usize, usize)]) {
    if runs.is_empty() {
        return;
    }
    for value in bytes.chunks_exact_mut(element) {
        for (at, width) in runs {
            if let Some(run) = value.get_mut(*at..at + width) {
                run.reverse();
            }
        }
    }
}
