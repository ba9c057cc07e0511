//! The library against the sandbox: one binary, one module a subject.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod archive;
mod faults;
mod flow;
mod tidy;
