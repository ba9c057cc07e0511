//! The library against the sandbox, asf_search's golden vectors and the house rules: one binary, one module a subject.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::print_stdout)]

mod acceptance;
mod archive;
mod areas;
mod downloads;
mod elsewhere;
mod faults;
mod flow;
mod logins;
mod metadata;
mod references;
mod results;
mod search;
mod tidy;
mod time;
mod wire;
