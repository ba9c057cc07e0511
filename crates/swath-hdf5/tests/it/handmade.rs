//! A file written byte by byte after the specification, for what today's libraries no longer write.

use swath_hdf5::{Error, MemoryReader, OpenOptions, Selection, Values, read_index, read_values};

use crate::ready::block_on;

/// Where the layout message's data lies.
const LAYOUT: usize = 488;
/// Where the values lie.
const VALUES: u64 = 800;

fn put(file: &mut [u8], at: usize, bytes: &[u8]) {
    file[at..at + bytes.len()].copy_from_slice(bytes);
}

fn words(values: &[u64]) -> Vec<u8> {
    values.iter().flat_map(|value| value.to_le_bytes()).collect()
}

/// Superblock 0, a root group with a symbol table, and `/height`: four float32, contiguous.
fn file(layout: &[u8; 24]) -> Vec<u8> {
    let mut file = vec![0; 1024];
    put(&mut file, 0, b"\x89HDF\r\n\x1a\n\0\0\0\0\0\x08\x08\0\x04\0\x10\0\0\0\0\0");
    put(&mut file, 24, &words(&[0, u64::MAX, 1024, u64::MAX, 0, 96]));
    put(&mut file, 96, b"\x01\0\x01\0\x01\0\0\0\x18\0\0\0\0\0\0\0\x11\0\x10\0\0\0\0\0");
    put(&mut file, 120, &words(&[160, 240]));
    put(&mut file, 160, b"TREE\0\0\x01\0");
    put(&mut file, 168, &words(&[u64::MAX, u64::MAX, 0, 320, 8]));
    put(&mut file, 240, b"HEAP\0\0\0\0");
    put(&mut file, 248, &words(&[24, 1, 280]));
    put(&mut file, 288, b"height");
    put(&mut file, 320, b"SNOD\x01\0\x01\0");
    put(&mut file, 328, &words(&[8, 400]));
    put(&mut file, 400, b"\x01\0\x03\0\x01\0\0\0\x60\0\0\0\0\0\0\0");
    put(&mut file, 416, b"\x01\0\x18\0\0\0\0\0\x01\x01\0\0\0\0\0\0");
    put(&mut file, 432, &words(&[4]));
    put(&mut file, 448, b"\x03\0\x18\0\0\0\0\0\x11\x20\x1f\0\x04\0\0\0\0\0\x20\0\x17\x08\0\x17\x7f\0\0\0");
    put(&mut file, 480, b"\x08\0\x18\0\0\0\0\0");
    put(&mut file, LAYOUT, layout);
    for (number, value) in [1f32, 2.0, 3.0, 4.0].iter().enumerate() {
        put(&mut file, VALUES as usize + 4 * number, &value.to_le_bytes());
    }
    file
}

/// A contiguous layout message of a version, with the values at `address`.
fn layout(version: u8, address: u64) -> [u8; 24] {
    let mut message = [0; 24];
    if version == 3 {
        put(&mut message, 0, &[3, 1]);
        put(&mut message, 2, &words(&[address, 16]));
    } else {
        // Two extents: the elements, and the bytes of one.
        put(&mut message, 0, &[version, 2, 1]);
        put(&mut message, 8, &words(&[address, 4 | 4 << 32]));
    }
    message
}

fn read(file: Vec<u8>) -> Result<Values, Error> {
    let reader = MemoryReader::new(file);
    let index = block_on(read_index(&reader, "/", &OpenOptions::default()))?;
    block_on(read_values(&reader, &index, "/height", &Selection::all(&[4])))
}

#[test]
fn every_version_of_a_contiguous_layout_is_read() {
    for version in 1..=3 {
        let values = read(file(&layout(version, VALUES))).unwrap();
        assert_eq!(values, Values::F32(vec![1.0, 2.0, 3.0, 4.0]), "version {version}");
        let unwritten = read(file(&layout(version, u64::MAX))).unwrap();
        assert_eq!(unwritten, Values::F32(vec![0.0; 4]), "version {version}, never written");
    }
}

#[test]
fn values_past_the_end_are_malformed() {
    for version in 1..=3 {
        let error = read(file(&layout(version, 1020))).unwrap_err();
        assert!(matches!(error, Error::Malformed { offset: Some(1020), .. }), "version {version}: {error}");
    }
}

#[test]
fn a_user_block_moves_every_address() {
    let moved = [vec![0x20; 512], file(&layout(3, VALUES))].concat();
    // The end that the superblock states is that of the file without the block.
    assert_eq!(read(moved).unwrap(), Values::F32(vec![1.0, 2.0, 3.0, 4.0]));
}

#[test]
fn every_cut_and_every_flip_of_a_small_file_is_an_error_or_a_value() {
    let sound = file(&layout(3, VALUES));
    for length in 0..sound.len() {
        assert!(read(sound[..length].to_vec()).is_err(), "cut to {length} bytes");
    }
    for place in 0..sound.len() {
        for bit in [0x01, 0x80, 0xff] {
            let mut damaged = sound.clone();
            damaged[place] ^= bit;
            let _ = read(damaged);
        }
    }
}

#[test]
fn groups_that_hold_themselves_are_seen() {
    let mut looped = file(&layout(3, VALUES));
    // The only child of the root becomes the root.
    put(&mut looped, 336, &words(&[96]));
    let index = block_on(read_index(&MemoryReader::new(looped), "/", &OpenOptions::default())).unwrap();
    assert_eq!(index.objects.len(), 1);
    assert_eq!(index.unreadable[0].0, "/height");
    assert!(index.unreadable[0].1.contains("encloses"), "{:?}", index.unreadable);
}
