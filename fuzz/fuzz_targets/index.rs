//! Any bytes as a stored index.
#![no_main]
#![allow(dead_code, reason = "each target uses one of these")]

#[path = "../../crates/swath-hdf5/tests/it/anything/mod.rs"]
mod anything;
#[path = "../../crates/swath-hdf5/tests/it/ready.rs"]
mod ready;

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    anything::index::keep_anything(bytes);
});
