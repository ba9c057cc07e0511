//! `seeds OUT FILE…`: writes seeds for the fuzz targets into a folder per target, made of HDF5 files (packed with gzip
//! or not): the files themselves, their indexes, and their chunks behind the filters they have.
#![allow(clippy::print_stdout, clippy::expect_used, dead_code)]

#[path = "../tests/it/anything/mod.rs"]
mod anything;
#[path = "../tests/it/ready.rs"]
mod ready;

use std::path::Path;

use swath_hdf5::{Dataset, Filter, Index, Layout, MemoryReader, OpenOptions, read_index};

/// Longest file that becomes a seed itself.
const MAX_FILE: usize = 64 << 10;
/// Longest chunk that becomes a seed.
const MAX_CHUNK: u64 = 16 << 10;
/// Most chunks of one dataset that become seeds.
const CHUNKS: usize = 2;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut arguments = std::env::args().skip(1);
    let out = arguments.next().ok_or("usage: seeds OUT FILE…")?;
    let mut written = 0;
    for file in arguments {
        written += seeds(Path::new(&out), &unpacked(std::fs::read(file)?))?;
    }
    println!("{written} seeds");
    Ok(())
}

/// The content of a gzip member, whose last four bytes state its length; other bytes as they are.
fn unpacked(bytes: Vec<u8>) -> Vec<u8> {
    let Some(length) = bytes.last_chunk::<4>().filter(|_| bytes.starts_with(b"\x1f\x8b")) else {
        return bytes;
    };
    let mut content = vec![0; u32::from_le_bytes(*length) as usize];
    match libdeflater::Decompressor::new().gzip_decompress(&bytes, &mut content) {
        Ok(_) => content,
        Err(_) => bytes,
    }
}

/// Writes the seeds of one file, each under the checksum of its bytes.
fn seeds(out: &Path, file: &[u8]) -> std::io::Result<usize> {
    let mut written = 0;
    let mut write = |target: &str, bytes: &[u8]| {
        written += 1;
        let name = format!("{:08x}", libdeflater::crc32(bytes));
        std::fs::create_dir_all(out.join(target))?;
        std::fs::write(out.join(target).join(name), bytes)
    };
    if file.len() <= MAX_FILE {
        write("tree", file)?;
    }
    let reader = MemoryReader::new(file.to_vec());
    let Ok(index) = ready::block_on(read_index(&reader, "/", &OpenOptions::default())) else {
        return Ok(written);
    };
    if let Ok(kept) = index.to_bytes()
        && kept.len() <= MAX_FILE
    {
        write("index", &anything::index::body(&kept))?;
    }
    for chunk in chunks(&index, file) {
        write("filters", &chunk.to_input())?;
    }
    Ok(written)
}

/// The first chunks of every filtered dataset.
fn chunks(index: &Index, file: &[u8]) -> Vec<anything::filters::Chunk> {
    let mut chunks = Vec::new();
    for (_, dataset) in index.datasets().filter(|(_, dataset)| !dataset.filters.is_empty()) {
        let Layout::Chunked(table) = &dataset.layout else { continue };
        let small = table.iter().filter(|(_, chunk)| chunk.size <= MAX_CHUNK).take(CHUNKS);
        chunks.extend(small.filter_map(|(_, chunk)| {
            let stored = file.get(chunk.offset as usize..(chunk.offset + chunk.size) as usize)?;
            Some(described(dataset, chunk.filter_mask, stored))
        }));
    }
    chunks
}

fn described(dataset: &Dataset, mask: u32, stored: &[u8]) -> anything::filters::Chunk {
    let elements: u64 = dataset.chunk_shape.iter().flatten().product();
    anything::filters::Chunk {
        filters: dataset.filters.iter().map(|filter| (filter.id(), parameters(filter))).collect(),
        element: dataset.datatype.size().min(255) as u8,
        elements: elements.min(1 << 20) as u32,
        mask,
        stored: stored.to_vec(),
    }
}

fn parameters(filter: &Filter) -> Vec<u32> {
    match filter {
        Filter::Deflate { level } => level.iter().copied().collect(),
        Filter::Shuffle { element_size } => vec![*element_size],
        Filter::Other { parameters, .. } => parameters.clone(),
        _ => Vec::new(),
    }
}
