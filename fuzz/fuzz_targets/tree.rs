//! Any bytes as an HDF5 file: the index, kept and taken back, and every small dataset.
//!
//! Seeds: the unpacked `fixtures/granules/*_QA_STATS.h5.gz`, and any small HDF5 file.
#![no_main]

#[path = "../../crates/swath-hdf5/tests/it/anything.rs"]
mod anything;
#[path = "../../crates/swath-hdf5/tests/it/ready.rs"]
mod ready;

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    anything::read_anything(bytes);
});
