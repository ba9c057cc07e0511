//! The library against the sandbox: one binary, one module a subject.

mod archive;
mod faults;
mod flow;
mod tidy;
