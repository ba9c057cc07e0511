//! Indexes of layout version 4 written structure by structure: single chunk, implicit, fixed array with and without
//! pages. What h5py writes of them is in `lazy.rs` and `conformance.rs`.

use hdf5_reader::checksum::jenkins_lookup3;
use swath_hdf5::{
    Index, LazyTable, MemoryReader, OpenOptions, Result, Selection, Values, read_index, read_planned,
    read_values,
};

use crate::made_file::{MadeFile, float32};
use crate::ready::block_on;

/// Shape, largest shape and chunk of all datasets here: 2 x 2 chunks of 4 x 6 that there may be.
const SHAPE: [u64; 2] = [4, 4];
const MOST: [u64; 2] = [8, 12];
const CHUNKS: u64 = 24;
/// Bytes of a chunk of 2 x 2 float32.
const BYTES: u64 = 16;
/// Numbers of the chunks in the shape, counted in the largest shape.
const INSIDE: [u64; 4] = [0, 1, 6, 7];

/// A dataspace message (IV.A.2.b) with a largest shape.
fn dataspace() -> Vec<u8> {
    let mut message = vec![1, 2, 1, 0, 0, 0, 0, 0];
    message.extend(SHAPE.iter().chain(&MOST).flat_map(|extent| extent.to_le_bytes()));
    message
}

/// A layout message of version 4 (IV.A.2.i): chunks of 2 x 2 elements of 4 bytes in some index.
fn layout(flags: u8, index: &[u8], address: u64) -> Vec<u8> {
    [&[4, 2, flags, 3, 1, 2, 2, 4][..], index, &address.to_le_bytes()].concat()
}

/// Bytes and the checksum behind them.
fn checked(parts: &[&[u8]]) -> Vec<u8> {
    let bytes = parts.concat();
    let checksum = jenkins_lookup3(&bytes).to_le_bytes();
    [bytes, checksum.to_vec()].concat()
}

/// All chunks that there may be, one after the other, each full of its number; the first one's address.
fn values(file: &mut MadeFile) -> u64 {
    let stored: Vec<u8> = (0..CHUNKS).flat_map(|n| (n as f32).to_le_bytes().repeat(4)).collect();
    file.append(&stored)
}

/// The bytes of a file with one dataset of that layout.
fn finish(mut file: MadeFile, layout: Vec<u8>) -> Vec<u8> {
    let it = file.object(&[(1, dataspace()), (3, float32()), (8, layout)]);
    let root = file.group(&[("it", it)]);
    file.finish(root)
}

fn open(bytes: &[u8], options: &OpenOptions) -> Result<Index> {
    block_on(read_index(&MemoryReader::new(bytes.to_vec()), "/", options))
}

/// All values, row by row.
fn read(bytes: &[u8]) -> Result<Vec<f32>> {
    let index = open(bytes, &OpenOptions::default())?;
    match block_on(read_values(&MemoryReader::new(bytes.to_vec()), &index, "/it", &Selection::all(&SHAPE)))? {
        Values::F32(values) => Ok(values),
        other => panic!("{other:?} are not float32"),
    }
}

/// The values that chunks full of these numbers make.
fn expected(chunks: [f32; 4]) -> Vec<f32> {
    let [a, b, c, d] = chunks;
    [[a, a, b, b], [a, a, b, b], [c, c, d, d], [c, c, d, d]].concat()
}

/// A file with a fixed array (VII.C) in pages of 2^`bits` elements; chunk 6 was never written. Its bytes, and the places
/// of the header and of the block with its pages.
fn fixed_array(bits: u8) -> (Vec<u8>, [std::ops::Range<usize>; 2]) {
    let mut file = MadeFile::new();
    let first = values(&mut file);
    let elements: Vec<[u8; 8]> = (0..CHUNKS)
        .map(|number| if number == 6 { u64::MAX } else { first + number * BYTES })
        .map(u64::to_le_bytes)
        .collect();
    let header = file.allocate(28);
    let mut block = [&b"FADB\0\0"[..], &header.to_le_bytes()].concat();
    let page = 1usize << bits;
    if page < CHUNKS as usize {
        // The last page was never written.
        let pages = (CHUNKS as usize).div_ceil(page);
        let mut there = vec![0u8; pages.div_ceil(8)];
        (0..pages - 1).for_each(|page| there[page / 8] |= 0x80 >> (page % 8));
        block = checked(&[&block, &there]);
        elements.chunks(page).for_each(|page| block.extend(checked(&[&page.concat()])));
    } else {
        block = checked(&[&block, &elements.concat()]);
    }
    let at = file.append(&block);
    let head = checked(&[b"FAHD\0\0", &[8, bits], &CHUNKS.to_le_bytes(), &at.to_le_bytes()]);
    file.put(header, &head);
    let places = [header as usize..header as usize + 28, at as usize..at as usize + block.len()];
    (finish(file, layout(0, &[3, bits], header)), places)
}

#[test]
fn implicit_chunks_are_numbered_in_the_largest_shape() {
    let mut file = MadeFile::new();
    let first = values(&mut file);
    let bytes = finish(file, layout(0, &[2], first));
    assert_eq!(read(&bytes).unwrap(), expected(INSIDE.map(|number| number as f32)));
}

#[test]
fn a_single_chunk_needs_no_index() {
    let mut file = MadeFile::new();
    let stored: Vec<u8> = (0..16).flat_map(|at| (at as f32).to_le_bytes()).collect();
    let at = file.append(&stored);
    let message = [&[4, 2, 0, 3, 1, 4, 4, 4, 1][..], &at.to_le_bytes()].concat();
    let bytes = finish(file, message);
    assert_eq!(read(&bytes).unwrap(), (0..16).map(|at| at as f32).collect::<Vec<_>>());
}

#[test]
fn fixed_arrays_are_read_with_and_without_pages() {
    // Chunk 6 has no address; in pages of two, it lies in one of its own with chunk 7.
    for bits in [1, 2, 3, 4, 5, 10] {
        let (bytes, _) = fixed_array(bits);
        assert_eq!(read(&bytes).unwrap(), expected([0.0, 1.0, 0.0, 7.0]), "pages of 2^{bits}");
        let options = OpenOptions::default().with_most_chunks(0).with_block_size(1024).with_first_read(512);
        let index = open(&bytes, &options).unwrap();
        let reader = MemoryReader::new(bytes);
        let table = LazyTable::new(&index, "/it").unwrap();
        let corner = Selection::window(&[2..4, 3..4]);
        let plan = block_on(table.plan(&reader, &corner)).unwrap();
        let values = block_on(read_planned(&reader, &index, &plan)).unwrap();
        assert_eq!(values, Values::F32(vec![7.0, 7.0]), "pages of 2^{bits}");
    }
}

#[test]
fn every_flipped_byte_of_a_fixed_array_is_noticed() {
    for bits in [2, 10] {
        let (sound, [header, block]) = fixed_array(bits);
        for place in header.chain(block) {
            let mut damaged = sound.clone();
            damaged[place] ^= 0x40;
            let noticed = match read(&damaged) {
                Err(_) => true,
                // A page of no chunk inside of the shape is not read at all.
                Ok(values) => bits == 2 && values == expected([0.0, 1.0, 0.0, 7.0]),
            };
            assert!(noticed, "byte {place} with pages of 2^{bits}");
        }
    }
}

#[test]
fn arrays_that_lie_of_their_size_are_refused() {
    // Fewer elements than chunks; elements of a size that no address has; more than the file.
    for (at, bytes) in [(8, 3u64.to_le_bytes().to_vec()), (6, vec![9]), (8, u64::MAX.to_le_bytes().to_vec())]
    {
        let (mut file, [header, _]) = fixed_array(10);
        file[header.start + at..header.start + at + bytes.len()].copy_from_slice(&bytes);
        let body = file[header.start..header.end - 4].to_vec();
        file[header.end - 4..header.end].copy_from_slice(&jenkins_lookup3(&body).to_le_bytes());
        let index = open(&file, &OpenOptions::default()).unwrap();
        assert_eq!(index.unreadable.len(), 1, "{bytes:?} at {at}");
        assert!(read(&file).is_err());
    }
}
