//! Integration tests of swath-hdf5: witnesses, budgets, conformance, damage.

// The configuration of clippy allows these in test functions; here whole files are tests.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::print_stdout)]

mod anything;
mod budget;
mod canon;
mod conformance;
mod damage;
mod handmade;
mod picks;
mod ready;
mod sha256;
mod support;
mod tree;
mod witness;
