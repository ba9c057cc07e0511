//! Steps, lists of indexes, points and buffers of numbers, against a plain walk over all values.

use swath_hdf5::{
    Axis, Error, Index, MemoryReader, OpenOptions, Picks, Selection, Values, read_index, read_into,
    read_picks, read_values,
};

use crate::ready::block_on;
use crate::support::workspace;

/// A file of many layouts, if it was made.
fn layouts() -> Option<(MemoryReader, Index)> {
    let path = workspace().join("target/fixtures/formats/layouts_v110.h5");
    let Ok(bytes) = std::fs::read(path) else {
        println!("skipped: no target/fixtures/formats");
        return None;
    };
    let reader = MemoryReader::new(bytes);
    let index = block_on(read_index(&reader, "/", &OpenOptions::default())).unwrap();
    Some((reader, index))
}

fn everything(reader: &MemoryReader, index: &Index, path: &str) -> (Vec<u64>, Vec<f64>) {
    let shape = index.dataset(path).unwrap().shape.clone();
    let values = block_on(read_values(reader, index, path, &Selection::all(&shape))).unwrap();
    (shape, values.to_f64().unwrap())
}

/// The value at a point of an array of that shape.
fn at(shape: &[u64], values: &[f64], point: &[u64]) -> f64 {
    values[point.iter().zip(shape).fold(0, |at, (index, extent)| at * extent + index) as usize]
}

const PATHS: [&str; 6] = [
    "/contiguous",
    "/chunked/finite_gzip",
    "/chunked/two_plain",
    "/chunked/holes_gzip",
    "/implicit",
    "/bare_edges",
];

#[test]
fn lists_of_indexes_take_every_combination() {
    let Some((reader, index)) = layouts() else { return };
    for path in PATHS {
        let (shape, values) = everything(&reader, &index, path);
        let lists = vec![vec![19, 0, 7, 7, 8], vec![29, 1, 1, 15, 16, 8]];
        let picked = block_on(read_picks(&reader, &index, path, &Picks::Lists(lists.clone()))).unwrap();
        let expected: Vec<f64> = lists[0]
            .iter()
            .flat_map(|row| lists[1].iter().map(|column| at(&shape, &values, &[*row, *column])))
            .collect();
        assert_eq!(picked.to_f64().unwrap(), expected, "{path}");
        let nothing = Picks::Lists(vec![vec![], vec![3]]);
        assert!(block_on(read_picks(&reader, &index, path, &nothing)).unwrap().is_empty());
    }
}

#[test]
fn points_come_in_their_order() {
    let Some((reader, index)) = layouts() else { return };
    for path in PATHS {
        let (shape, values) = everything(&reader, &index, path);
        let points: Vec<Vec<u64>> = (0..60u64).map(|n| vec![n * 7 % shape[0], n * 11 % shape[1]]).collect();
        let expected: Vec<f64> = points.iter().map(|point| at(&shape, &values, point)).collect();
        let picked = block_on(read_picks(&reader, &index, path, &Picks::Points(points))).unwrap();
        assert_eq!(picked.to_f64().unwrap(), expected, "{path}");
    }
    let outside = block_on(read_picks(&reader, &index, "/contiguous", &Picks::Points(vec![vec![20, 0]])));
    assert!(matches!(outside, Err(Error::Misuse { .. })));
    let flat = block_on(read_picks(&reader, &index, "/contiguous", &Picks::Points(vec![vec![2]])));
    assert!(matches!(flat, Err(Error::Misuse { .. })));
    let scalar = block_on(read_picks(&reader, &index, "/scalar", &Picks::Points(vec![vec![]]))).unwrap();
    assert_eq!(scalar, Values::F32(vec![2.5]));
}

#[test]
fn steps_skip_and_buffers_hold_what_the_file_holds() {
    let Some((reader, index)) = layouts() else { return };
    for path in ["/contiguous", "/chunked/finite_gzip", "/chunked/two_plain"] {
        let (shape, values) = everything(&reader, &index, path);
        let axes = [Axis::slice(1, 19, 4), Axis::slice(3, 30, 7)];
        let plan = index.dataset(path).unwrap().plan(path, &Selection::strided(axes.to_vec())).unwrap();
        let mut numbers = vec![0i32; 5 * 4];
        block_on(read_into(&reader, &plan, &mut numbers)).unwrap();
        let expected: Vec<i32> = (1..19u64)
            .step_by(4)
            .flat_map(|row| (3..30u64).step_by(7).map(move |column| [row, column]))
            .map(|point| at(&shape, &values, &point) as i32)
            .collect();
        assert_eq!(numbers, expected, "{path}");
        let short = block_on(read_into(&reader, &plan, &mut [0i32; 3]));
        assert!(matches!(short, Err(Error::Misuse { .. })));
        let other = block_on(read_into(&reader, &plan, &mut [0f32; 20]));
        assert!(other.unwrap_err().to_string().contains("int32"));
    }
}
