//! Damaged files: an error or a value, never a panic and never a hang.

use crate::anything::tree::read_anything;
use crate::numbers::Numbers;
use crate::support::{all_files, granules, small_file};

/// Places that hold metadata: not zero, in the pages that hold object headers.
fn metadata_places(bytes: &[u8]) -> Vec<usize> {
    let page = 4 << 20;
    let starts = (0..bytes.len()).step_by(page).filter(|start| {
        let head = &bytes[*start..(*start + 512).min(bytes.len())];
        *start == 0 || head.windows(4).any(|word| word == b"OHDR" || word == b"OCHK" || word == b"TREE")
    });
    starts
        .flat_map(|start| start..(start + (64 << 10)).min(bytes.len()))
        .filter(|place| bytes[*place] != 0)
        .collect()
}

/// Changes one to eight bytes at the given places.
fn damage(bytes: &[u8], places: &[usize], numbers: &mut Numbers) -> Vec<u8> {
    let mut damaged = bytes.to_vec();
    for _ in 0..1 + numbers.next() % 8 {
        let place = places[numbers.next() as usize % places.len()];
        damaged[place] = match numbers.next() % 3 {
            0 => 0xff,
            1 => 0,
            _ => damaged[place] ^ (1 << (numbers.next() % 8)),
        };
    }
    damaged
}

#[test]
fn damaged_small_files_are_errors_or_values() {
    let Some(bytes) = small_file() else { return };
    let whole = read_anything(&bytes);
    assert!(whole > 5, "{whole} datasets of the sound file");
    let places: Vec<usize> = (0..bytes.len()).filter(|place| bytes[*place] != 0).collect();
    let mut numbers = Numbers(7);
    let mut fewer = 0;
    for _ in 0..600 {
        fewer += usize::from(read_anything(&damage(&bytes, &places, &mut numbers)) < whole);
    }
    assert!(fewer > 100, "only {fewer} of 600 damages were noticed");
    for length in 0..bytes.len().min(2000) {
        read_anything(&bytes[..length]);
    }
}

#[test]
fn damaged_granules_are_errors_or_values() {
    let Some((_, bytes)) = granules().into_iter().next() else { return };
    let whole = read_anything(&bytes);
    assert!(whole > 100, "{whole} datasets of the sound file");
    let places = metadata_places(&bytes);
    let mut numbers = Numbers(5);
    for _ in 0..8 {
        assert!(read_anything(&damage(&bytes, &places, &mut numbers)) <= whole);
    }
    for _ in 0..20 {
        let length = numbers.next() as usize % bytes.len();
        assert_eq!(read_anything(&bytes[..length]), 0, "cut to {length} bytes");
    }
}

/// Run with `SWATH_CORPUS=<folder of HDF5 files made by others>`.
#[test]
fn damaged_files_of_others_are_errors_or_values() {
    let Some(corpus) = std::env::var_os("SWATH_CORPUS") else {
        println!("skipped: SWATH_CORPUS names no folder");
        return;
    };
    let mut numbers = Numbers(11);
    let mut tried = 0;
    for path in all_files(corpus.as_ref()) {
        let bytes = std::fs::read(&path).unwrap();
        let places: Vec<usize> = (0..bytes.len().min(64 << 10)).filter(|place| bytes[*place] != 0).collect();
        if bytes.len() > 256 << 10 || places.is_empty() {
            continue;
        }
        for _ in 0..4 {
            let started = std::time::Instant::now();
            read_anything(&damage(&bytes, &places, &mut numbers));
            assert!(started.elapsed().as_secs() < 20, "{} hangs", path.display());
            tried += 1;
        }
    }
    assert!(tried > 100, "only {tried} damaged files");
}
