//! `canon FILE`: prints what this crate reads from an HDF5 file as JSON, in the form in which a witness made
//! with h5py states it: per path the kind, and for datasets and attributes the SHA-256 of their values
//! (little-endian and packed; strings as stored; text of variable length with a NUL behind each; lists with
//! their length before each). Used by the conformance test.
#![allow(clippy::print_stdout, clippy::expect_used)]

#[path = "../tests/it/canon.rs"]
mod canon;
#[path = "../tests/it/ready.rs"]
mod ready;
#[path = "../tests/it/sha256.rs"]
mod sha256;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let file = std::env::args().nth(1).ok_or("usage: canon FILE")?;
    println!("{}", canon::text(&canon::describe(std::fs::read(file)?)));
    Ok(())
}
