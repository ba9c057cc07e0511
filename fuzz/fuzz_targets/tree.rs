//! Any bytes as an HDF5 file: the superblock, the whole tree through the block cache, the index kept and taken back, and every small dataset.
#![no_main]
#![allow(dead_code, reason = "each target uses one of these")]

#[path = "../../crates/swath-hdf5/tests/it/anything/mod.rs"]
mod anything;
#[path = "../../crates/swath-hdf5/tests/it/ready.rs"]
mod ready;

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    anything::tree::read_anything(bytes);
});
