//! The bodies of the fuzz targets over random and over sound input: they hold, and they are not vacuous.

use swath_hdf5::{MemoryReader, OpenOptions, read_index};

use crate::anything::decode::decode_anything;
use crate::anything::filters::{Chunk, unfilter_anything};
use crate::anything::index::{body, keep_anything, sealed};
use crate::anything::plan::plan_anything;
use crate::numbers::Numbers;
use crate::ready::block_on;
use crate::support::small_file;

#[test]
fn any_selection_of_any_dataset_is_planned_or_refused() {
    let mut numbers = Numbers(1);
    let mut pieces = Vec::new();
    for _ in 0..4_000 {
        let length = numbers.below(160);
        pieces.extend(plan_anything(&numbers.bytes(length)));
    }
    let several = pieces.iter().filter(|count| **count > 1).count();
    assert!(pieces.len() > 400 && several > 40, "{} planned, {several} of several pieces", pieces.len());
}

#[test]
fn chunks_are_decoded_as_a_plain_reading_decodes_them() {
    let mut numbers = Numbers(2);
    let mut decoded = 0;
    for _ in 0..1_000 {
        let length = numbers.below(400);
        decoded += decode_anything(&numbers.bytes(length)).unwrap_or(0);
    }
    assert!(decoded > 10_000, "{decoded} bytes");
}

#[test]
fn an_index_of_any_content_is_kept_or_refused() {
    let Some(file) = small_file() else { return };
    let index = block_on(read_index(&MemoryReader::new(file), "/", &OpenOptions::default())).unwrap();
    let sound = body(&index.to_bytes().unwrap());
    assert!(keep_anything(&sound));
    assert_eq!(body(&sealed(&sound)), sound);
    let mut numbers = Numbers(3);
    let mut opened = 0;
    for _ in 0..500 {
        let mut damaged = sound.clone();
        for _ in 0..1 + numbers.below(4) {
            let place = numbers.below(damaged.len());
            damaged[place] = numbers.next() as u8;
        }
        opened += usize::from(keep_anything(&damaged));
        damaged.truncate(numbers.below(damaged.len()));
        opened += usize::from(keep_anything(&damaged));
    }
    assert!((10..990).contains(&opened), "{opened} of 1,000 damaged indexes opened");
}

#[test]
fn any_chunk_behind_any_filters_is_undone_or_refused() {
    let mut compressor = libdeflater::Compressor::new(libdeflater::CompressionLvl::default());
    let plain: Vec<u8> = (0..4096u32).map(|at| (at / 7) as u8).collect();
    let mut stored = vec![0; compressor.zlib_compress_bound(plain.len())];
    let length = compressor.zlib_compress(&plain, &mut stored).unwrap();
    stored.truncate(length);
    let filters = vec![(2, vec![4]), (1, vec![6])];
    let sound = Chunk { filters, element: 4, elements: 1024, mask: 0, stored }.to_input();
    assert!(
        unfilter_anything(&sound).is_some_and(|output| output[..8] == [0, 146, 36, 182, 0, 146, 36, 183])
    );
    let mut numbers = Numbers(4);
    for _ in 0..1_000 {
        let mut damaged = sound.clone();
        let place = numbers.below(damaged.len());
        damaged[place] = numbers.next() as u8;
        unfilter_anything(&damaged);
        let length = numbers.below(200);
        unfilter_anything(&numbers.bytes(length));
    }
}

/// Inputs on which a target of the fuzzing once ended badly; `docs/fuzzing.md` tells of each.
#[test]
fn what_fuzzing_found_stays_found() {
    type Body = fn(&[u8]);
    let bodies: [(&str, Body); 3] = [
        ("filters", |bytes| {
            unfilter_anything(bytes);
        }),
        ("index", |bytes| {
            keep_anything(bytes);
        }),
        ("plan", |bytes| {
            plan_anything(bytes);
        }),
    ];
    let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/it/anything/crashes");
    for (target, body) in bodies {
        let inputs: Vec<_> =
            std::fs::read_dir(folder.join(target)).unwrap().map(|entry| entry.unwrap().path()).collect();
        assert!(!inputs.is_empty(), "{target}");
        inputs.iter().for_each(|input| body(&std::fs::read(input).unwrap()));
    }
}
