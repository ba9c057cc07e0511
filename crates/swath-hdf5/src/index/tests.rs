use std::path::Path;

use futures::FutureExt;

use super::*;
use crate::chunk_table::StoredChunk;
use crate::{MemoryReader, OpenOptions, read_index};

/// Rows and columns of a full-size layer of frequency A.
const FULL: [u64; 2] = [16_704, 17_064];

/// The index of the first demo granule: all objects and attributes of a product, but small layers.
fn demo() -> Option<Index> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fixtures/granules");
    let mut paths: Vec<_> = std::fs::read_dir(folder).ok()?.flatten().map(|entry| entry.path()).collect();
    paths.sort();
    let packed =
        std::fs::read(paths.iter().find(|path| path.to_string_lossy().ends_with("001.h5.gz"))?).ok()?;
    let length = u32::from_le_bytes(*packed.last_chunk()?);
    let mut bytes = vec![0; length as usize];
    libdeflater::Decompressor::new().gzip_decompress(&packed, &mut bytes).ok()?;
    let index = read_index(&MemoryReader::new(bytes), "/", &OpenOptions::default()).now_or_never();
    index?.ok()
}

/// A table of every chunk of a grid, one behind the other with sizes of no pattern, as compressed speckle has them.
fn table(grid: &[u64], next: &mut u64) -> ChunkTable {
    let (mut offset, mut entries) = (4 << 20, Vec::new());
    for cell in 0..grid.iter().product() {
        // A linear congruence (Knuth) is random enough to be incompressible.
        *next = next.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        let size = 2_000 + (*next >> 33) % 838_000;
        entries.push((vec![cell / grid[1], cell % grid[1]], StoredChunk { offset, size, filter_mask: 0 }));
        offset += size;
    }
    ChunkTable::new(grid.to_vec(), entries).unwrap()
}

#[test]
fn the_index_of_a_full_size_granule_is_kept_in_100_kb() {
    let Some(mut index) = demo() else {
        println!("skipped: no fixtures/granules");
        return;
    };
    let (objects, mut chunks, mut next) = (index.objects.len(), 0, 17);
    for object in index.objects.values_mut() {
        let Object::Dataset(dataset) = object else { continue };
        if let (Layout::Chunked(_), [_, _]) = (&dataset.layout, &dataset.shape[..])
            && let Some(chunk) = dataset.chunk_shape.as_ref().filter(|chunk| chunk[..] == [512, 512])
        {
            dataset.shape = FULL.to_vec();
            let grid: Vec<u64> =
                FULL.iter().zip(chunk).map(|(extent, chunk)| extent.div_ceil(*chunk)).collect();
            let table = table(&grid, &mut next);
            chunks += table.len();
            dataset.layout = Layout::Chunked(table);
        }
    }
    assert!(objects >= 178 && chunks >= 5_600, "{objects} objects, {chunks} chunks");
    let kept = index.to_bytes().unwrap();
    // The demo granules have half of the 341 objects of a product, so they get half of its 100 KB, with the
    // chunks of all rasters; `full_size_granule_opens_within_its_budget` asserts it on a whole one where there is one.
    assert!(kept.len() <= 50_000, "{} bytes", kept.len());
    println!("{objects} objects and {chunks} chunks in {} bytes", kept.len());
    let opened = Index::from_bytes(&kept).unwrap();
    assert_eq!(opened.to_bytes().unwrap(), kept);
    assert_eq!(format!("{:?}", opened.objects), format!("{:?}", index.objects));
}

#[test]
fn an_index_of_another_version_is_refused() {
    let Some(index) = demo() else { return };
    let mut kept = index.to_bytes().unwrap();
    kept[4..6].copy_from_slice(&(VERSION - 1).to_le_bytes());
    let error = Index::from_bytes(&kept).unwrap_err();
    assert!(error.to_string().contains("another version"), "{error}");
}
