//! Integration tests of swath-hdf5: witnesses, budgets, conformance, damage.

// The configuration of clippy allows these in test functions; here whole files are tests.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::print_stdout)]

/// Refuses nothing, unless a test in a process of its own says so.
#[global_allocator]
static ALLOCATOR: cap::Cap<std::alloc::System> = cap::Cap::new(std::alloc::System, usize::MAX);

mod anything;
mod arrays;
mod budget;
mod canon;
mod canonical;
mod conformance;
mod damage;
mod handmade;
mod hostile;
mod http;
mod lazy;
mod made_file;
mod memory;
mod messages;
mod model;
mod mutations;
mod numbers;
mod picks;
mod random;
mod ready;
mod sha256;
mod support;
mod tree;
mod witness;
