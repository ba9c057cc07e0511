//! Selections of datasets of any shape against a model: an array in memory, looked at element by element.

use proptest::prelude::*;
use swath_hdf5::{
    Axis, LazyTable, MemoryReader, OpenOptions, Picks, Selection, Values, read_index, read_picks,
    read_planned, read_values,
};

use crate::made_file::{Chunks, MadeFile};
use crate::ready::block_on;

/// A chunked dataset of which some chunks were never written, in a tree of small nodes.
#[derive(Debug, Clone)]
struct Model {
    shape: Vec<u64>,
    chunk: Vec<u32>,
    /// Which chunks are there, by their number.
    written: Vec<bool>,
    /// Entries of a node of the tree.
    entries: usize,
}

/// Every tuple of numbers below the extents, the last fastest.
fn tuples(extents: &[u64]) -> Vec<Vec<u64>> {
    let mut all = vec![vec![]];
    for extent in extents {
        all = all
            .iter()
            .flat_map(|head: &Vec<u64>| (0..*extent).map(|at| [&head[..], &[at]].concat()))
            .collect();
    }
    all
}

impl Model {
    fn grid(&self) -> Vec<u64> {
        self.shape.iter().zip(&self.chunk).map(|(extent, chunk)| extent.div_ceil(u64::from(*chunk))).collect()
    }

    /// Number of a place in an array.
    fn number(at: &[u64], extents: &[u64]) -> u64 {
        at.iter().zip(extents).fold(0, |number, (at, extent)| number * extent + at)
    }

    fn is_written(&self, chunk: &[u64]) -> bool {
        let number = Self::number(chunk, &self.grid());
        self.written.get(number as usize % self.written.len().max(1)).copied().unwrap_or(true)
    }

    /// The value at a place: its number from 1 on, and 0 where nothing was written.
    fn value(&self, at: &[u64]) -> f32 {
        let chunk: Vec<u64> = at.iter().zip(&self.chunk).map(|(at, chunk)| at / u64::from(*chunk)).collect();
        if self.is_written(&chunk) { (1 + Self::number(at, &self.shape)) as f32 } else { 0.0 }
    }

    /// The file, with the tree behind the values.
    fn file(&self) -> Vec<u8> {
        let mut file = MadeFile::new();
        let mut entries = Vec::new();
        for chunk in tuples(&self.grid()).into_iter().filter(|chunk| self.is_written(chunk)) {
            let first: Vec<u64> =
                chunk.iter().zip(&self.chunk).map(|(n, chunk)| n * u64::from(*chunk)).collect();
            let places = tuples(&self.chunk.iter().map(|extent| u64::from(*extent)).collect::<Vec<_>>());
            let stored: Vec<u8> = places
                .iter()
                .flat_map(|place| {
                    let at: Vec<u64> = place.iter().zip(&first).map(|(at, first)| at + first).collect();
                    let inside = at.iter().zip(&self.shape).all(|(at, extent)| at < extent);
                    // What lies beyond the shape may be anything.
                    if inside { self.value(&at).to_le_bytes() } else { [0xee; 4] }
                })
                .collect();
            let at = file.append(&stored);
            entries.push((first, at, stored.len() as u32));
        }
        let tree = if entries.is_empty() { u64::MAX } else { file.tree_of(&entries, self.entries) };
        let it = file.chunked(&Chunks { tree, shape: &self.shape, chunk: &self.chunk, ..Chunks::default() });
        let root = file.group(&[("it", it)]);
        file.finish(root)
    }
}

fn model() -> impl Strategy<Value = Model> {
    let axes = prop::collection::vec((1u64..9, 1u32..5), 1..4);
    (axes, prop::collection::vec(prop::bool::weighted(0.7), 1..9), 2usize..6).prop_map(
        |(axes, written, entries)| {
            let (shape, chunk) = axes.into_iter().unzip();
            Model { shape, chunk, written, entries }
        },
    )
}

/// Numbers from which the elements taken along an axis are made: start, count, step.
type Seeds = Vec<(u64, u64, u64)>;

fn selection(shape: &[u64], seeds: &Seeds) -> Selection {
    let axis = |(extent, (start, count, step)): (&u64, &(u64, u64, u64))| {
        let start = start % extent;
        Axis { start, step: 1 + step % 4, count: 1 + count % (extent - start).div_ceil(1 + step % 4) }
    };
    Selection::strided(shape.iter().zip(seeds).map(axis).collect())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 200, ..ProptestConfig::default() })]

    #[test]
    fn any_selection_of_any_dataset_is_what_the_model_has(
        model in model(),
        seeds in prop::collection::vec((any::<u64>(), any::<u64>(), any::<u64>()), 3),
    ) {
        let bytes = model.file();
        let reader = MemoryReader::new(bytes);
        let index = block_on(read_index(&reader, "/", &OpenOptions::default())).unwrap();
        let selection = selection(&model.shape, &seeds);
        let expected: Vec<f32> = tuples(&selection.shape())
            .iter()
            .map(|taken| {
                let at: Vec<u64> = taken.iter().zip(selection.axes()).map(|(n, axis)| axis.start + n * axis.step).collect();
                model.value(&at)
            })
            .collect();
        let values = block_on(read_values(&reader, &index, "/it", &selection)).unwrap();
        prop_assert_eq!(&values, &Values::F32(expected.clone()));

        // The same through a table that is read as far as needed, and element by element.
        let options = OpenOptions::default().with_most_chunks(0).with_block_size(1024).with_first_read(512);
        let lazy = block_on(read_index(&reader, "/", &options)).unwrap();
        let table = LazyTable::new(&lazy, "/it").unwrap();
        let plan = block_on(table.plan(&reader, &selection)).unwrap();
        let values = block_on(read_planned(&reader, &lazy, &plan)).unwrap();
        prop_assert_eq!(&values, &Values::F32(expected.clone()));
        let lists = selection.axes().iter().map(|axis| (0..axis.count).map(|n| axis.start + n * axis.step).collect());
        let values = block_on(read_picks(&reader, &index, "/it", &Picks::Lists(lists.collect()))).unwrap();
        prop_assert_eq!(&values, &Values::F32(expected));
    }
}

#[test]
fn a_path_down_a_deep_tree_is_enough() {
    // 4,096 chunks in nodes of two: twelve levels, of which a window of one chunk needs one node each.
    let model = Model { shape: vec![8192], chunk: vec![2], written: vec![true], entries: 2 };
    let reader = swath_hdf5::CountingReader::new(MemoryReader::new(model.file()));
    let options = OpenOptions::default().with_most_chunks(0).with_block_size(1024).with_first_read(512);
    let index = block_on(read_index(&reader, "/", &options)).unwrap();
    let table = LazyTable::new(&index, "/it").unwrap();
    reader.reset();
    let plan = block_on(table.plan(&reader, &Selection::window(&[5700..5702; 1]))).unwrap();
    assert_eq!(plan.ranges().len(), 1);
    let part = reader.counts();
    reader.reset();
    block_on(LazyTable::new(&index, "/it").unwrap().whole(&reader)).unwrap();
    let whole = reader.counts();
    assert!(part.bytes <= 7 * (16 << 10) && whole.bytes >= 440 << 10, "{part:?} {whole:?}");
}
