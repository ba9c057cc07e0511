//! How fast chunks are decoded into their place, beside inflating and copying alone and beside the parser crate's own
//! read path; and how fast a granule's tree is parsed and its index opened.
//!
//! `cargo bench -p swath-hdf5`; with `SWATH_FULL_GRANULE=<path of a full-size GCOV>` for that granule.
#![allow(missing_docs, dead_code, clippy::unwrap_used, clippy::expect_used, clippy::print_stdout)]

#[path = "../tests/it/made_file.rs"]
mod made_file;
#[path = "../tests/it/numbers.rs"]
mod numbers;
#[path = "../tests/it/ready.rs"]
mod ready;
#[path = "../tests/it/support.rs"]
mod support;

use std::hint::black_box;
use std::path::Path;

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use libdeflater::{CompressionLvl, Compressor, Decompressor};
use swath_hdf5::{Index, MemoryReader, OpenOptions, ReadRanges, Selection, read_index};

use made_file::{Chunks, MadeFile};
use numbers::Numbers;
use ready::block_on;

/// Pixels along each side of a chunk.
const SIDE: usize = 512;

/// Backscatter as radar sees it: exponential speckle on a slow landscape.
fn speckle() -> Vec<f32> {
    let mut numbers = Numbers(42);
    let pixel = |at: usize| {
        let uniform = (numbers.next() >> 11) as f64 / (1u64 << 53) as f64;
        let land = 0.05 + 0.03 * ((at % SIDE) as f64 / 80.0).sin() * ((at / SIDE) as f64 / 130.0).cos();
        (land * -(1.0 - uniform).ln()) as f32
    };
    (0..SIDE * SIDE).map(pixel).collect()
}

/// One chunk, shuffled and deflated at the level of NISAR's GCOV.
fn stored(pixels: &[f32]) -> Vec<u8> {
    let bytes: Vec<[u8; 4]> = pixels.iter().map(|pixel| pixel.to_le_bytes()).collect();
    let shuffled: Vec<u8> = (0..4).flat_map(|plane| bytes.iter().map(move |bytes| bytes[plane])).collect();
    let mut compressor = Compressor::new(CompressionLvl::new(1).unwrap());
    let mut stored = vec![0; compressor.zlib_compress_bound(shuffled.len())];
    let length = compressor.zlib_compress(&shuffled, &mut stored).unwrap();
    stored.truncate(length);
    stored
}

fn decode(criterion: &mut Criterion) {
    let pixels = speckle();
    let stored = stored(&pixels);
    let decoded = pixels.len() * 4;
    let expected: Vec<u8> = pixels.iter().flat_map(|pixel| pixel.to_le_bytes()).collect();
    let mut group = criterion.benchmark_group("decode 512x512 float32");
    group.throughput(Throughput::Bytes(decoded as u64));

    let (mut inflated, mut output) = (vec![0; decoded], vec![0; decoded]);
    let mut decompressor = Decompressor::new();
    group.bench_function("inflate and memcpy", |bencher| {
        bencher.iter(|| {
            decompressor.zlib_decompress(black_box(&stored), &mut inflated).unwrap();
            output.copy_from_slice(&inflated);
            black_box(&output);
        });
    });

    let mut file = MadeFile::new();
    let side = SIDE as u64;
    let dataset = file.chunked(&Chunks {
        shape: &[side, side],
        chunk: &[SIDE as u32, SIDE as u32],
        filters: &[(2, &[4]), (1, &[1])],
        stored: Some(stored.clone()),
        ..Chunks::default()
    });
    let root = file.group(&[("it", dataset)]);
    let file = file.finish(root);
    let index = block_on(read_index(&MemoryReader::new(file.clone()), "/", &OpenOptions::default())).unwrap();
    let plan = index.dataset("/it").unwrap().plan("/it", &Selection::all(&[side, side])).unwrap();
    let mut decode = || {
        let piece = plan.decode(&plan.pieces()[0], black_box(&stored)).unwrap();
        piece.place(&mut output).unwrap();
        output[0]
    };
    decode();
    group.bench_function("swath", |bencher| bencher.iter(&mut decode));
    assert_eq!(output, expected);

    let options = hdf5_reader::OpenOptions::default().with_chunk_cache_bytes(0);
    let file = hdf5_reader::Hdf5File::from_vec_with_options(file, options).unwrap();
    let dataset = file.dataset("/it").unwrap();
    group.bench_function("hdf5-reader", |bencher| {
        bencher.iter(|| black_box(dataset.read_array::<f32>().unwrap()));
    });
    assert_eq!(dataset.read_array::<f32>().unwrap().as_slice().unwrap(), pixels);
    group.finish();
}

fn index(criterion: &mut Criterion) {
    let full = std::env::var("SWATH_FULL_GRANULE").ok();
    let reader: Box<dyn ReadRanges> = match &full {
        Some(path) => Box::new(support::FileReader::open(Path::new(path)).unwrap()),
        None => match support::granules().into_iter().next() {
            Some((_, bytes)) => Box::new(MemoryReader::new(bytes)),
            None => return,
        },
    };
    let read = || block_on(read_index(&*reader, "/", &OpenOptions::default())).unwrap();
    let index = read();
    let kept = index.to_bytes().unwrap();
    let mut group =
        criterion.benchmark_group(format!("index of {} objects, {} bytes", index.objects.len(), kept.len()));
    group.bench_function("parsed from the file, all waves", |bencher| bencher.iter(|| black_box(read())));
    group.bench_function("kept", |bencher| bencher.iter(|| black_box(index.to_bytes().unwrap())));
    group.bench_function("opened", |bencher| {
        bencher.iter_with_large_drop(|| Index::from_bytes(black_box(&kept)).unwrap());
    });
    group.finish();
}

criterion_group!(benches, decode, index);
criterion_main!(benches);
