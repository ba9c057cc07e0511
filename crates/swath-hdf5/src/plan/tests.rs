//! Random selections of small datasets, planned and decoded, against naive slicing.

#![allow(clippy::single_range_in_vec_init)]

use proptest::prelude::*;

use super::*;
use crate::chunk_table::StoredChunk;
use crate::datatype::{ByteOrder, Integer};
use crate::decode::reverse;
use crate::filter::fletcher32;

/// A dataset and the file it lies in, with all its elements as a reader must see them.
#[derive(Debug, Clone)]
struct Fixture {
    dataset: Dataset,
    file: Vec<u8>,
    /// All elements, little-endian, C order.
    elements: Vec<u8>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Storage {
    Chunks,
    Contiguous,
    Compact,
    Nothing,
}

fn deflate(bytes: &[u8]) -> Vec<u8> {
    let mut compressor = libdeflater::Compressor::new(libdeflater::CompressionLvl::fastest());
    let mut output = vec![0; compressor.zlib_compress_bound(bytes.len())];
    let length = compressor.zlib_compress(bytes, &mut output).unwrap();
    output.truncate(length);
    output
}

fn apply(filters: &[Filter], mask: u32, mut bytes: Vec<u8>) -> Vec<u8> {
    for (number, filter) in filters.iter().enumerate() {
        if skipped(mask, number) {
            continue;
        }
        bytes = match filter {
            Filter::Deflate { .. } => deflate(&bytes),
            Filter::Shuffle { element_size } => {
                let size = *element_size as usize;
                let whole = bytes.len() / size * size;
                let mut shuffled: Vec<u8> =
                    (0..size).flat_map(|at| bytes[..whole].iter().skip(at).step_by(size).copied()).collect();
                shuffled.extend(&bytes[whole..]);
                shuffled
            }
            Filter::Fletcher32 => {
                let sum = fletcher32(&bytes).to_le_bytes();
                bytes.extend(sum);
                bytes
            }
            Filter::Other { .. } => unreachable!("no fixture has one"),
        };
    }
    bytes
}

/// What a fixture is made of; the numbers decide everything else.
#[derive(Debug, Clone)]
struct Recipe {
    shape: Vec<u64>,
    chunk: Vec<u64>,
    size: u32,
    big: bool,
    filters: Vec<Filter>,
    storage: Storage,
    /// Chunk number modulo 5 that is absent, and the mask of those where it is the remainder plus one.
    absent: u64,
    mask: u32,
    fill: bool,
}

impl Recipe {
    fn make(&self) -> Fixture {
        let size = self.size as usize;
        let count: u64 = self.shape.iter().product();
        let mut elements: Vec<u8> = (0..count as usize * size).map(|at| (at * 7 % 253) as u8).collect();
        let order = if self.big { ByteOrder::Big } else { ByteOrder::Little };
        let precision = self.size as u16 * 8;
        let integer = Integer { size: self.size, order, signed: false, bit_offset: 0, precision };
        let mut dataset = Dataset {
            datatype: DataType::Integer(integer),
            shape: self.shape.clone(),
            max_shape: None,
            chunk_shape: None,
            filters: Vec::new(),
            fill: self.fill.then(|| (1..=self.size as u8).collect()),
            layout: Layout::Contiguous { offset: None, size: 0 },
            attributes: Vec::new(),
            dimensions: Vec::new(),
            is_dimension_scale: false,
        };
        let runs = dataset.datatype.reversals();
        let mut fill = dataset.fill.clone().unwrap_or(vec![0; size]);
        reverse(&mut fill, size, &runs);
        let mut stored = elements.clone();
        reverse(&mut stored, size, &runs);
        let mut file = vec![0xee; 13];
        match self.storage {
            Storage::Nothing => elements = fill.repeat(count as usize),
            Storage::Compact => dataset.layout = Layout::Compact(stored),
            Storage::Contiguous => {
                dataset.layout = Layout::Contiguous { offset: Some(13), size: stored.len() as u64 };
                file.extend(stored);
            }
            Storage::Chunks => {
                dataset.filters.clone_from(&self.filters);
                dataset.chunk_shape = Some(self.chunk.clone());
                let table = self.store_chunks(&stored, &fill, &mut file, &mut elements);
                dataset.layout = Layout::Chunked(table);
            }
        }
        Fixture { dataset, file, elements }
    }

    /// Cuts the elements into chunks, and puts the fill value where one is absent.
    fn store_chunks(
        &self,
        stored: &[u8],
        fill: &[u8],
        file: &mut Vec<u8>,
        elements: &mut [u8],
    ) -> ChunkTable {
        let size = self.size as usize;
        let grid: Vec<u64> =
            self.shape.iter().zip(&self.chunk).map(|(extent, chunk)| extent.div_ceil(*chunk)).collect();
        let mut entries = Vec::new();
        for (number, cell) in Product::new(grid.iter().map(|extent| *extent as usize).collect()).enumerate() {
            let places: Vec<Option<usize>> =
                Product::new(self.chunk.iter().map(|extent| *extent as usize).collect())
                    .map(|within| self.place(&cell, &within))
                    .collect();
            if number as u64 % 5 == self.absent {
                for place in places.into_iter().flatten() {
                    elements[place * size..(place + 1) * size].copy_from_slice(fill);
                }
                continue;
            }
            let chunk: Vec<u8> = places
                .into_iter()
                .flat_map(|place| {
                    place.map_or(vec![0x55; size], |at| stored[at * size..(at + 1) * size].to_vec())
                })
                .collect();
            let filter_mask = if number as u64 % 5 == self.absent + 1 { self.mask } else { 0 };
            let bytes = apply(&self.filters, filter_mask, chunk);
            let chunk = StoredChunk { offset: file.len() as u64, size: bytes.len() as u64, filter_mask };
            entries.push((cell.iter().map(|at| *at as u64).collect(), chunk));
            file.extend(bytes);
        }
        ChunkTable::new(grid, entries).unwrap()
    }

    /// Number of an element of a chunk in the dataset; `None` beyond its edge.
    fn place(&self, cell: &[usize], within: &[usize]) -> Option<usize> {
        let mut place = 0;
        for (axis, extent) in self.shape.iter().enumerate() {
            let at = cell[axis] as u64 * self.chunk[axis] + within[axis] as u64;
            if at >= *extent {
                return None;
            }
            place = place * *extent as usize + at as usize;
        }
        Some(place)
    }
}

fn filters(size: u32) -> impl Strategy<Value = Vec<Filter>> {
    let shuffle = Filter::Shuffle { element_size: size };
    let deflate = Filter::Deflate { level: Some(1) };
    prop::sample::select(vec![
        vec![],
        vec![deflate.clone()],
        vec![shuffle.clone()],
        vec![shuffle.clone(), deflate.clone()],
        vec![shuffle.clone(), deflate.clone(), Filter::Fletcher32],
        vec![Filter::Fletcher32, shuffle.clone(), deflate.clone()],
        vec![deflate, shuffle],
    ])
}

fn recipes() -> impl Strategy<Value = Recipe> {
    let axes = prop::collection::vec((1u64..12, 1u64..7), 0..4);
    let storage = prop::sample::select(vec![
        Storage::Chunks,
        Storage::Chunks,
        Storage::Chunks,
        Storage::Contiguous,
        Storage::Compact,
        Storage::Nothing,
    ]);
    let size = prop::sample::select(vec![1u32, 2, 4, 8, 3]);
    (axes, size, storage, any::<bool>(), 0u64..6, any::<bool>()).prop_flat_map(
        |(axes, size, storage, big, absent, fill)| {
            let (shape, chunk): (Vec<u64>, Vec<u64>) = axes.into_iter().unzip();
            (filters(size), 0u32..8).prop_map(move |(filters, mask)| Recipe {
                shape: shape.clone(),
                chunk: chunk.clone(),
                size,
                big,
                filters,
                storage,
                absent,
                mask,
                fill,
            })
        },
    )
}

/// A selection of an array of that shape, made from any numbers.
fn selection(shape: &[u64], numbers: &[u64]) -> Selection {
    let axis = |(extent, number): (&u64, &u64)| {
        let start = number % extent;
        let step = 1 + (number >> 8) % 4;
        let most = (extent - start).div_ceil(step);
        Axis { start, count: (number >> 16) % (most + 1), step }
    };
    Selection::strided(shape.iter().zip(numbers).map(axis).collect())
}

/// The selected elements by plain indexing.
fn slice(fixture: &Fixture, selection: &Selection, size: usize) -> Vec<u8> {
    let mut output = Vec::new();
    for taken in Product::new(selection.axes().iter().map(|axis| axis.count as usize).collect()) {
        let place = taken.iter().zip(selection.axes()).zip(&fixture.dataset.shape).fold(
            0,
            |place, ((taken, axis), extent)| {
                place * *extent as usize + (axis.start + *taken as u64 * axis.step) as usize
            },
        );
        output.extend(&fixture.elements[place * size..(place + 1) * size]);
    }
    output
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 600, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn selections_equal_naive_slicing(recipe in recipes(), numbers in prop::collection::vec(any::<u64>(), 4)) {
        let fixture = recipe.make();
        let selection = selection(&recipe.shape, &numbers);
        let plan = fixture.dataset.plan("/d", &selection).unwrap();
        let expected = slice(&fixture, &selection, recipe.size as usize);
        prop_assert_eq!(plan.output_bytes(), expected.len());
        let mut output = vec![0xaa; plan.output_bytes()];
        let mut parts = 0;
        for piece in plan.pieces() {
            let stored = piece.range.clone().map_or(&[][..], |range| &fixture.file[range.start as usize..range.end as usize]);
            let decoded = plan.decode(piece, stored).unwrap();
            decoded.place(&mut output).unwrap();
            let part = decoded.to_values_bytes();
            prop_assert_eq!(part.len() as u64, decoded.shape().iter().product::<u64>() * u64::from(recipe.size));
            parts += part.len();
            prop_assert!(plan.decode(piece, &[stored, &[0]].concat()).is_err());
        }
        prop_assert_eq!(&output, &expected);
        prop_assert_eq!(parts, expected.len(), "pieces neither overlap nor leave gaps");
        prop_assert!(plan.ranges().is_sorted_by_key(|range| range.start));
    }
}

fn contiguous(shape: &[u64]) -> Dataset {
    let recipe = Recipe {
        shape: vec![1],
        chunk: vec![1],
        size: 4,
        big: false,
        filters: vec![],
        storage: Storage::Nothing,
        absent: 9,
        mask: 0,
        fill: false,
    };
    let size = shape.iter().product::<u64>() * 4;
    Dataset {
        shape: shape.to_vec(),
        layout: Layout::Contiguous { offset: Some(1000), size },
        ..recipe.make().dataset
    }
}

#[test]
fn contiguous_runs_are_exact_and_merged_where_gaps_are_small() {
    let plan = |shape: &[u64], ranges: &[Range<u64>]| {
        contiguous(shape).plan("/d", &Selection::window(ranges)).unwrap()
    };
    // 3 rows of 20 of 17064 columns: the gaps are longer than 16 KiB.
    let rows = plan(&[16704, 17064], &[10..13, 100..120]);
    let start = |row: u64| 1000 + (row * 17064 + 100) * 4;
    assert_eq!(rows.ranges(), [10, 11, 12].map(|row| start(row)..start(row) + 80));
    // Short rows: one run of whole rows.
    assert_eq!(plan(&[100, 50], &[10..13, 20..30]).ranges(), [1000 + 2000..1000 + 2600]);
    // Whole rows are cut at about 4 MiB.
    let large = plan(&[4096, 1024], &[0..4096, 0..1024]);
    assert_eq!(large.pieces().len(), 4);
    assert_eq!(large.bytes(), 4096 * 1024 * 4);
}

#[test]
fn impossible_datasets_are_errors() {
    let all = |shape: &[u64]| Selection::all(shape);
    let short = Dataset { layout: Layout::Contiguous { offset: Some(8), size: 399 }, ..contiguous(&[100]) };
    assert!(matches!(short.plan("/d", &all(&[100])), Err(Error::Malformed { .. })));
    let compact = Dataset { layout: Layout::Compact(vec![0; 5]), ..contiguous(&[2]) };
    assert!(matches!(compact.plan("/d", &all(&[2])), Err(Error::Malformed { .. })));
    let external = Dataset { layout: Layout::External(vec!["other.bin".to_owned()]), ..contiguous(&[2]) };
    assert!(matches!(external.plan("/d", &all(&[2])), Err(Error::Unsupported { .. })));
    let chunked = |shape: &[u64], chunk: &[u64], grid: &[u64]| Dataset {
        chunk_shape: Some(chunk.to_vec()),
        layout: Layout::Chunked(ChunkTable::new(grid.to_vec(), vec![]).unwrap()),
        ..contiguous(shape)
    };
    assert!(matches!(chunked(&[9], &[4], &[2]).plan("/d", &all(&[9])), Err(Error::Malformed { .. })));
    assert!(matches!(chunked(&[9], &[0], &[2]).plan("/d", &all(&[9])), Err(Error::Malformed { .. })));
    let huge = 1 << 30;
    assert!(matches!(chunked(&[9], &[huge], &[1]).plan("/d", &all(&[9])), Err(Error::Limit { .. })));
    let many = chunked(&[1 << 40], &[1], &[1 << 40]);
    assert!(matches!(many.plan("/d", &all(&[1 << 40])), Err(Error::Limit { .. })));
    assert_eq!(many.plan("/d", &Selection::window(&[7..9])).unwrap().pieces().len(), 2);
    let null = Dataset { shape: vec![], layout: Layout::Null, ..contiguous(&[1]) };
    assert_eq!(null.plan("/d", &all(&[])).unwrap().output_bytes(), 0);
}

#[test]
fn unknown_filters_are_refused_where_they_were_applied() {
    let chunk = |filter_mask| StoredChunk { offset: 0, size: 16, filter_mask };
    let table = ChunkTable::new(vec![2], vec![(vec![0], chunk(0)), (vec![1], chunk(1))]).unwrap();
    let dataset = Dataset {
        chunk_shape: Some(vec![4]),
        filters: vec![Filter::Other { id: 32013, name: None, parameters: vec![] }],
        layout: Layout::Chunked(table),
        ..contiguous(&[8])
    };
    let error = dataset.plan("/d", &Selection::window(&[0..8])).unwrap_err();
    assert!(error.to_string().contains("filter 32013 (32013)"), "{error}");
    assert!(dataset.plan("/d", &Selection::window(&[4..8])).is_ok());
}
