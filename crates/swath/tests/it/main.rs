//! The library against the sandbox, asf_search's golden vectors and the house rules: one binary, one module a subject.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::print_stdout)]

mod acceptance;
mod access;
mod archive;
mod areas;
mod deadlines;
mod downloads;
mod elsewhere;
mod faults;
mod flow;
mod hosts;
mod logins;
mod many;
mod metadata;
mod references;
mod results;
mod search;
mod tidy;
mod time;
mod wire;
