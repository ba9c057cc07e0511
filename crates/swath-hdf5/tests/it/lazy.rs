//! Chunk tables read as far as windows need them: the same plans as with whole tables, for less.
//!
//! The files are written by h5py (`fixtures/formats.py`); every kind of index is among them.

use std::ops::Range;

use swath_hdf5::{
    CountingReader, Error, Index, Layout, LazyTable, MemoryReader, OpenOptions, ReadCounts, Selection,
    Values, read_index, read_tables, read_values,
};

use crate::numbers::Numbers;
use crate::ready::block_on;
use crate::support::{file_name, files, workspace};

/// The made file of that name.
fn made(name: &str) -> Option<Vec<u8>> {
    let bytes = std::fs::read(workspace().join(format!("target/fixtures/formats/{name}.h5"))).ok();
    if bytes.is_none() {
        println!("skipped: no target/fixtures/formats/{name}.h5; `just variants` makes it");
    }
    bytes
}

/// Every table left unread that can be: blocks so small that hardly any comes along.
fn unread() -> OpenOptions {
    OpenOptions::default().with_most_chunks(0).with_block_size(1024).with_first_read(1024)
}

fn open(bytes: &[u8], options: &OpenOptions) -> Index {
    block_on(read_index(&MemoryReader::new(bytes.to_vec()), "/", options)).unwrap()
}

/// A window anywhere in a shape, of any size and step.
fn window(shape: &[u64], numbers: &mut Numbers) -> Selection {
    let mut axis = |extent: u64| {
        let start = numbers.below(extent as usize) as u64;
        let stop = start + 1 + numbers.below((extent - start) as usize) as u64;
        let step = [1, 1, 1, 2, 9][numbers.below(5)];
        swath_hdf5::Axis::slice(start, stop, step)
    };
    Selection::strided(shape.iter().map(|extent| axis(*extent)).collect())
}

/// Compares plans of random windows of every unread table; how many there were.
fn compare(name: &str, bytes: &[u8], numbers: &mut Numbers) -> usize {
    let (whole, lazy) = (open(bytes, &OpenOptions::default()), open(bytes, &unread()));
    let reader = MemoryReader::new(bytes.to_vec());
    let mut compared = 0;
    for (path, dataset) in lazy.datasets() {
        if !matches!(dataset.layout, Layout::Unread(_)) || dataset.shape.contains(&0) {
            continue;
        }
        let table = LazyTable::new(&lazy, path).unwrap();
        for _ in 0..6 {
            let selection = window(&dataset.shape, numbers);
            let expected = whole.dataset(path).unwrap().plan(path, &selection).unwrap();
            let plan = block_on(table.plan(&reader, &selection)).unwrap();
            assert_eq!(plan.pieces(), expected.pieces(), "{name} {path} {selection:?}");
            let fresh = LazyTable::new(&lazy, path).unwrap();
            let plan = block_on(fresh.plan(&reader, &selection)).unwrap();
            assert_eq!(plan.pieces(), expected.pieces(), "{name} {path} {selection:?} alone");
        }
        let read = block_on(table.whole(&reader)).unwrap();
        assert_eq!(read.layout, whole.dataset(path).unwrap().layout, "{name} {path}");
        compared += 1;
    }
    compared
}

#[test]
fn windows_are_planned_as_with_whole_tables() {
    let folder = workspace().join("target/fixtures/formats");
    let mut numbers = Numbers(7);
    let mut compared = 0;
    for path in files(&folder, "h5") {
        let name = file_name(&path);
        if name.starts_with("layouts") || name.starts_with("tables") {
            compared += compare(&name, &std::fs::read(&path).unwrap(), &mut numbers);
        }
    }
    if folder.exists() {
        assert!(compared > 60, "{compared} datasets");
    } else {
        println!("skipped: no target/fixtures/formats; `just variants` makes them");
    }
}

/// What looking up a table costs: all of it, one window of 8 x 8 chunks, the same again, one beside it.
fn costs(bytes: &[u8], path: &str) -> [(u64, u64, u64); 4] {
    let index = open(bytes, &unread());
    assert!(matches!(index.dataset(path).unwrap().layout, Layout::Unread(_)), "{path}");
    let reader = CountingReader::new(MemoryReader::new(bytes.to_vec()));
    let cost = |counts: ReadCounts| {
        assert_eq!(counts.bytes_again, 0, "no byte of an index is fetched twice");
        (counts.waves, counts.requests, counts.bytes)
    };
    let table = LazyTable::new(&index, path).unwrap();
    block_on(table.whole(&reader)).unwrap();
    let whole = cost(reader.counts());
    reader.reset();
    let table = LazyTable::new(&index, path).unwrap();
    let plan = |rows: Range<u64>, columns: Range<u64>| {
        block_on(table.plan(&reader, &Selection::window(&[rows, columns]))).unwrap();
        cost(reader.counts())
    };
    let first = plan(600..632, 200..232);
    let again = plan(600..632, 200..232);
    [whole, first, again, plan(632..664, 200..232)]
}

/// Name of a dataset and its [`costs`]: rounds, requests, bytes.
type Costs = (&'static str, [(u64, u64, u64); 4]);

/// Where the datasets are.
const GROUP: &str = "/science/LSAR/GSLC/grids/frequencyA/";

/// One tree for all: a path down for each of the eight rows of chunks.
const OLD: &[Costs] = &[
    ("fixed_gzip", [(3, 20, 2_122_941), (3, 3, 131_072), (3, 3, 131_072), (4, 4, 212_992)]),
    ("fixed_plain", [(3, 20, 1_933_312), (3, 3, 131_072), (3, 3, 131_072), (4, 4, 212_992)]),
];

/// Trees of the second generation (both axes endless), extensible arrays (rows endless) and fixed arrays.
const NEW: &[Costs] = &[
    ("endless_both_gzip", [(4, 20, 1_810_248), (4, 4, 131_072), (4, 4, 131_072), (6, 6, 212_992)]),
    ("endless_both_plain", [(4, 11, 1_343_488), (4, 4, 114_688), (4, 4, 114_688), (6, 7, 196_608)]),
    ("endless_rows_gzip", [(3, 13, 1_376_256), (3, 3, 131_072), (3, 3, 131_072), (4, 4, 196_608)]),
    ("endless_rows_plain", [(4, 6, 983_040), (4, 4, 114_688), (4, 4, 114_688), (5, 5, 163_840)]),
    ("fixed_gzip", [(2, 2, 540_672), (2, 3, 81_920), (2, 3, 81_920), (3, 4, 98_304)]),
    ("fixed_plain", [(2, 2, 212_992), (2, 2, 49_152), (2, 2, 49_152), (2, 2, 49_152)]),
];

#[test]
fn a_window_costs_a_path_and_not_the_table() {
    for (name, expected) in [("tables", OLD), ("tables_latest", NEW)] {
        let Some(bytes) = made(name) else { return };
        let index = open(&bytes, &OpenOptions::default());
        for (path, dataset) in index.datasets() {
            let Layout::Chunked(table) = &dataset.layout else { panic!("{path} is not chunked") };
            assert_eq!((table.grid(), table.len()), (&[200, 128][..], 23_040), "{name} {path}");
        }
        let found: Vec<Costs> =
            expected.iter().map(|(path, _)| (*path, costs(&bytes, &format!("{GROUP}{path}")))).collect();
        assert_eq!(found, expected, "{name}");
        assert_eq!(index.datasets().count(), expected.len());
    }
}

#[test]
fn what_was_never_written_is_proved_absent() {
    for name in ["tables", "tables_latest"] {
        let Some(bytes) = made(name) else { return };
        let (index, reader) = (open(&bytes, &unread()), MemoryReader::new(bytes));
        for (path, _) in index.datasets() {
            let table = LazyTable::new(&index, path).unwrap();
            let plan = |rows| block_on(table.plan(&reader, &Selection::window(&[rows, 0..40]))).unwrap();
            // Rows 400 to 479 were left out.
            let holes = plan(404..460);
            assert!(holes.pieces().len() == 140 && holes.ranges().is_empty(), "{name} {path}");
            assert_eq!(plan(396..404).ranges().len(), 10, "{name} {path}");
        }
    }
}

#[test]
fn wide_windows_read_the_table_whole_and_once() {
    let Some(bytes) = made("tables_latest") else { return };
    let index = open(&bytes, &unread());
    let reader = CountingReader::new(MemoryReader::new(bytes));
    let table = LazyTable::new(&index, &format!("{GROUP}fixed_plain")).unwrap();
    let plan = |rows: Range<u64>| block_on(table.plan(&reader, &Selection::window(&[rows, 0..512]))).unwrap();
    // Half of the rows are looked up one by one; one row of chunks more, and all are.
    plan(0..400);
    let half = reader.counts();
    plan(0..404);
    let whole = reader.counts();
    assert!(half.bytes < whole.bytes && whole.bytes_again == 0, "{half:?} {whole:?}");
    assert_eq!(plan(0..800).pieces().len(), 25_600);
    assert_eq!(reader.counts(), whole, "nothing is left to read");
}

#[test]
fn unread_tables_say_so_and_are_kept_as_unread() {
    let Some(bytes) = made("tables_latest") else { return };
    let reader = MemoryReader::new(bytes.clone());
    let mut index = open(&bytes, &unread());
    let path = &format!("{GROUP}endless_both_gzip");
    let all = Selection::all(&[800, 512]);
    let error = index.dataset(path).unwrap().plan(path, &all).unwrap_err();
    assert!(matches!(&error, Error::Misuse { what } if what.contains("was not read")), "{error}");
    let corner = Selection::window(&[0..3, 0..2]);
    assert!(block_on(read_values(&reader, &index, path, &corner)).is_err());
    // A kept index has a table or it has none; what was looked up of one goes nowhere.
    let table = LazyTable::new(&index, path).unwrap();
    let plan = block_on(table.plan(&reader, &corner)).unwrap();
    assert_eq!(plan.ranges().len(), 1);
    let kept = Index::from_bytes(&index.to_bytes().unwrap()).unwrap();
    assert_eq!(kept.objects, index.objects);
    assert!(matches!(kept.dataset(path).unwrap().layout, Layout::Unread(_)));
    let elsewhere = LazyTable::new(&kept, path).unwrap();
    assert_eq!(block_on(elsewhere.plan(&reader, &corner)).unwrap().pieces(), plan.pieces());

    block_on(read_tables(&reader, &mut index)).unwrap();
    assert_eq!(index.objects, open(&bytes, &OpenOptions::default()).objects);
    let values = block_on(read_values(&reader, &index, path, &corner)).unwrap();
    assert!(matches!(values, Values::U16(values) if values.len() == 6));
}

#[test]
fn tables_that_come_along_are_taken() {
    let Some(bytes) = made("layouts_latest") else { return };
    let (whole, lazy) =
        (open(&bytes, &OpenOptions::default()), open(&bytes, &OpenOptions::default().with_most_chunks(0)));
    assert_eq!(whole.waves, lazy.waves);
    assert_eq!(whole.objects, lazy.objects, "all of the file is in its first blocks");
}

#[test]
fn damaged_indexes_of_every_kind_are_errors_or_values() {
    let mut numbers = Numbers(11);
    let mut refused = 0;
    for name in ["tables", "tables_latest"] {
        let Some(bytes) = made(name) else { return };
        let index = open(&bytes, &unread());
        for (path, _) in index.datasets() {
            for _ in 0..6 {
                let mut damaged = bytes.clone();
                for _ in 0..200 {
                    let place = numbers.below(damaged.len());
                    damaged[place] = numbers.next() as u8;
                }
                let reader = MemoryReader::new(damaged);
                let table = LazyTable::new(&index, path).unwrap();
                refused += usize::from(block_on(table.whole(&reader)).is_err());
                let part = block_on(table.plan(&reader, &Selection::window(&[600..632, 200..232])));
                refused += usize::from(part.is_err());
            }
            // Another file in its place, and one that ends early.
            for other in [bytes[..bytes.len() - 1].to_vec(), vec![0; bytes.len()]] {
                let table = LazyTable::new(&index, path).unwrap();
                let error = block_on(table.whole(&MemoryReader::new(other))).unwrap_err();
                assert!(matches!(error, Error::Malformed { .. }), "{name} {path}: {error}");
            }
        }
    }
    assert!(refused > 10, "{refused} refused");
}
