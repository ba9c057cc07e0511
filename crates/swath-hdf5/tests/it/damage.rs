//! Damaged files: an error or a value, never a panic and never a hang.

use bytes::Bytes;
use swath_hdf5::{MemoryReader, OpenOptions, Selection, read_index, read_values};

use crate::ready::block_on;
use crate::support::granules;

/// Reads the index of any bytes and every value of its small datasets; what the fuzz target does, too.
fn read_all(bytes: Bytes) -> usize {
    let reader = MemoryReader::from(bytes);
    let options = OpenOptions::default().with_max_metadata_bytes(64 << 20);
    let Ok(index) = block_on(read_index(&reader, "/", &options)) else { return 0 };
    let mut read = 0;
    for (path, dataset) in index.datasets() {
        let everything = Selection::all(&dataset.shape);
        let Ok(plan) = dataset.plan(path, &everything) else { continue };
        if plan.output_bytes() <= 64 << 10 {
            read += usize::from(block_on(read_values(&reader, &index, path, &everything)).is_ok());
        }
    }
    if let Ok(kept) = index.to_bytes() {
        assert!(swath_hdf5::Index::from_bytes(&kept).is_ok());
    }
    read
}

/// A small generator of numbers (SplitMix64), so that failures can be repeated.
struct Numbers(u64);

impl Numbers {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut number = self.0;
        number = (number ^ (number >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        number = (number ^ (number >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        number ^ (number >> 31)
    }
}

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

#[test]
fn flipped_and_cut_files_are_errors_or_values() {
    let Some((_, bytes)) = granules().into_iter().next() else { return };
    let whole = read_all(bytes.clone().into());
    assert!(whole > 100, "{whole} datasets of the sound file");
    let places = metadata_places(&bytes);
    let mut numbers = Numbers(5);
    for _ in 0..60 {
        let mut damaged = bytes.clone();
        for _ in 0..1 + numbers.next() % 8 {
            let place = places[numbers.next() as usize % places.len()];
            damaged[place] = match numbers.next() % 3 {
                0 => 0xff,
                1 => 0,
                _ => damaged[place] ^ (1 << (numbers.next() % 8)),
            };
        }
        let read = read_all(damaged.into());
        assert!(read <= whole);
    }
    for _ in 0..20 {
        let length = numbers.next() as usize % bytes.len();
        assert_eq!(read_all(Bytes::copy_from_slice(&bytes[..length])), 0, "cut to {length} bytes");
    }
}
