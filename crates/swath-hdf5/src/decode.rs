//! From stored bytes to elements in their place. Pure: no I/O, no waiting.

use std::borrow::Cow;

use crate::error::{Error, Result};
use crate::filter::{Filter, Unfiltered, inflate_into, skipped, undo};
use crate::plan::{Piece, Plan, Shared, Source};

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
                chunk(shared, mask, stored, chunk_bytes).map_err(|what| damaged(shared, piece, what))?
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

/// The elements of a stored chunk.
fn chunk(shared: &Shared, mask: u32, stored: &[u8], chunk_bytes: usize) -> Result<Block, String> {
    check_expansion(shared, mask, stored.len(), chunk_bytes)?;
    let applied: Vec<&Filter> = shared
        .filters
        .iter()
        .enumerate()
        .filter_map(|(number, filter)| (!skipped(mask, number)).then_some(filter))
        .collect();
    // What nearly all chunks are: deflated, or shuffled by their elements and deflated.
    let shuffled = match applied[..] {
        [Filter::Deflate { .. }] => false,
        [Filter::Shuffle { element_size }, Filter::Deflate { .. }]
            if shared.element > 1 && *element_size as usize == shared.element =>
        {
            true
        }
        _ => return Ok(block(undo(&shared.filters, mask, stored, chunk_bytes)?, shared.element)),
    };
    let mut buffer = shared.buffers.take(chunk_bytes);
    inflate_into(stored, &mut buffer)?;
    Ok(if shuffled { Block::Shuffled(buffer) } else { Block::Elements(buffer) })
}

/// Deflate expands by no more than this; a chunk that declares more is refused before room is made for it.
const MAX_EXPANSION: usize = 1032;

/// Whether so few stored bytes may give a chunk, where all that is between them is known not to expand further.
fn check_expansion(shared: &Shared, mask: u32, stored: usize, chunk_bytes: usize) -> Result<(), String> {
    let mut most = stored;
    for (number, filter) in shared.filters.iter().enumerate() {
        match filter {
            _ if skipped(mask, number) => {}
            Filter::Deflate { .. } => most = most.saturating_mul(MAX_EXPANSION),
            Filter::Shuffle { .. } | Filter::Fletcher32 => {}
            _ => return Ok(()),
        }
    }
    if chunk_bytes <= most {
        return Ok(());
    }
    Err(format!("{stored} stored bytes cannot give a chunk of {chunk_bytes}"))
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
    let axes = shared.selection.axes().iter().zip(piece.origin.iter().zip(piece.extent.iter()));
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

impl Drop for DecodedPiece {
    fn drop(&mut self) {
        if let Block::Elements(buffer) | Block::Shuffled(buffer) = &mut self.values {
            self.shared.buffers.give(std::mem::take(buffer));
        }
    }
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
        if outer.iter().any(|part| part.count == 0) {
            return;
        }
        // Where each row begins in the block and in the output: from one to the next like the hands of a clock.
        let (source_strides, output_strides) = (strides(&self.extent), strides(shape));
        let (mut from, mut to) = (last.first, start[outer.len()]);
        for (axis, part) in outer.iter().enumerate() {
            from += part.first * source_strides[axis];
            to += start[axis] * output_strides[axis];
        }
        let mut taken = vec![0; outer.len()];
        loop {
            self.copy_row(from, last.step, &mut output[to * element..(to + last.count) * element]);
            let Some(axis) = (0..outer.len()).rev().find(|axis| taken[*axis] + 1 < outer[*axis].count) else {
                return;
            };
            taken[axis] += 1;
            from += outer[axis].step * source_strides[axis];
            to += output_strides[axis];
            for behind in axis + 1..outer.len() {
                from -= taken[behind] * outer[behind].step * source_strides[behind];
                to -= taken[behind] * output_strides[behind];
                taken[behind] = 0;
            }
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
        4 => gather_fours(row, [plane(0), plane(1), plane(2), plane(3)]),
        8 => {
            let [a, b, c, d] = [0, 1, 2, 3].map(plane);
            let [e, f, g, h] = [4, 5, 6, 7].map(plane);
            gather_words(row, [a, b, c, d, e, f, g, h]);
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

/// Elements that are gathered at a time, so that their halves stay in the nearest cache.
const GATHERED: usize = 128;

/// Gathers elements of four bytes, each plane as long as there are elements: bytes to pairs, pairs to fours. Each step
/// is one that the compiler turns into vector instructions; byte by byte it takes four times as long.
fn gather_fours(row: &mut [u8], planes: [&[u8]; 4]) {
    let [a, b, c, d] = planes.map(|plane| plane.chunks(GATHERED));
    let (mut low, mut high) = ([0u16; GATHERED], [0u16; GATHERED]);
    for ((row, (a, b)), (c, d)) in row.chunks_mut(4 * GATHERED).zip(a.zip(b)).zip(c.zip(d)) {
        for (pair, (a, b)) in low.iter_mut().zip(a.iter().zip(b)) {
            *pair = u16::from_le_bytes([*a, *b]);
        }
        for (pair, (c, d)) in high.iter_mut().zip(c.iter().zip(d)) {
            *pair = u16::from_le_bytes([*c, *d]);
        }
        for (element, (low, high)) in row.as_chunks_mut::<4>().0.iter_mut().zip(low.iter().zip(&high)) {
            *element = (u32::from(*low) | u32::from(*high) << 16).to_le_bytes();
        }
    }
}

/// Gathers elements of `N` bytes from as many planes, each as long as there are elements. Put together as a number, the
/// bytes of many elements are gathered at once by the compiler's vectors.
fn gather_words<const N: usize>(row: &mut [u8], planes: [&[u8]; N]) {
    let elements = row.as_chunks_mut::<N>().0;
    let planes = planes.map(|plane| &plane[..elements.len()]);
    for (at, element) in elements.iter_mut().enumerate() {
        let mut word = 0u64;
        for (number, plane) in planes.iter().enumerate() {
            word |= u64::from(plane[at]) << (8 * number);
        }
        element.copy_from_slice(&word.to_le_bytes()[..N]);
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
