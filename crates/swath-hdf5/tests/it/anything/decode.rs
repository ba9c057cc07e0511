//! Chunks decoded into their place, against copying element by element.

use arbitrary::{Result, Unstructured};
use bytes::Bytes;
use swath_hdf5::{Axis, Filter, Layout, MemoryReader, Selection, read_bytes};

use super::made::{consecutive, dataset, table};
use crate::ready::block_on;

/// A dataset of a few chunks, and what is selected of it.
struct Case {
    element: usize,
    shape: Vec<u64>,
    chunk: Vec<u64>,
    axes: Vec<Axis>,
    shuffled: bool,
    /// One stored chunk after the other.
    file: Vec<u8>,
}

/// Reads any selection of a dataset of any small chunks: the bytes that a plain reading of the format gives.
/// `None` if the input describes nothing.
pub(crate) fn decode_anything(bytes: &[u8]) -> Option<usize> {
    let case = any_case(&mut Unstructured::new(bytes)).ok()?;
    let grid: Vec<u64> =
        case.shape.iter().zip(&case.chunk).map(|(extent, chunk)| extent.div_ceil(*chunk)).collect();
    let count: u64 = grid.iter().product();
    let sizes = vec![case.chunk_bytes() as u64; count as usize];
    let table = table(&grid, count, false, &consecutive(0, &sizes)).expect("the table is sound");
    let filters =
        if case.shuffled { vec![Filter::new(2, None, vec![case.element as u32])] } else { Vec::new() };
    let (shape, chunk) = (case.shape.clone(), Some(case.chunk.clone()));
    let dataset = dataset(case.element as u32, shape, chunk, filters, Layout::Chunked(table));
    let selection = Selection::strided(case.axes.clone());
    let plan = dataset.plan("/any", &selection).expect("the selection is inside of a sound dataset");
    let reader = MemoryReader::new(Bytes::from(case.file.clone()));
    let read = block_on(read_bytes(&reader, &plan)).expect("every chunk is sound");
    assert_eq!(read, case.expected(&grid));
    for piece in plan.pieces() {
        let range = piece.range.clone().expect("every chunk is stored");
        let stored = &case.file[range.start as usize..range.end as usize];
        let decoded = plan.decode(piece, stored).expect("every chunk is sound");
        let elements: u64 = decoded.shape().iter().product();
        assert_eq!(decoded.to_values_bytes().len() as u64, elements * case.element as u64);
        assert!(plan.decode(piece, &stored[1..]).is_err());
    }
    Some(read.len())
}

impl Case {
    fn chunk_bytes(&self) -> usize {
        self.element * self.chunk.iter().product::<u64>() as usize
    }

    /// The selected bytes, looked up one by one.
    fn expected(&self, grid: &[u64]) -> Vec<u8> {
        let mut expected = Vec::new();
        let elements: u64 = self.axes.iter().map(|axis| axis.count).product();
        for number in 0..elements {
            let (mut rest, mut chunk, mut inside) = (number, 0, 0);
            let mut place = vec![0; self.axes.len()];
            for (place, axis) in place.iter_mut().zip(&self.axes).rev() {
                *place = axis.start + rest % axis.count * axis.step;
                rest /= axis.count;
            }
            for ((place, extent), chunks) in place.iter().zip(&self.chunk).zip(grid) {
                chunk = chunk * chunks + place / extent;
                inside = inside * extent + place % extent;
            }
            let stored = &self.file[chunk as usize * self.chunk_bytes()..][..self.chunk_bytes()];
            let count = self.chunk_bytes() / self.element;
            expected.extend((0..self.element).map(|byte| match self.shuffled {
                true => stored[byte * count + inside as usize],
                false => stored[inside as usize * self.element + byte],
            }));
        }
        expected
    }
}

fn any_case(input: &mut Unstructured<'_>) -> Result<Case> {
    let rank = input.int_in_range(0..=3usize)?;
    let element = input.int_in_range(1..=17usize)?;
    let (mut shape, mut chunk, mut axes) = (Vec::new(), Vec::new(), Vec::new());
    for _ in 0..rank {
        let extent = input.int_in_range(1..=20u64)?;
        let step = input.int_in_range(1..=4u64)?;
        let start = input.int_in_range(0..=extent - 1)?;
        let count = input.int_in_range(0..=(extent - start).div_ceil(step))?;
        shape.push(extent);
        chunk.push(input.int_in_range(1..=8u64)?);
        axes.push(Axis { start, count, step });
    }
    let shuffled = input.arbitrary()?;
    let chunks: u64 = shape.iter().zip(&chunk).map(|(extent, chunk)| extent.div_ceil(*chunk)).product();
    let bytes = element * (chunks * chunk.iter().product::<u64>()) as usize;
    let seed = input.bytes(input.len())?;
    let file = (0..bytes).map(|at| seed.get(at).copied().unwrap_or((at * 131 + at / 256) as u8)).collect();
    Ok(Case { element, shape, chunk, axes, shuffled, file })
}
