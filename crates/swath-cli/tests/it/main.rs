//! The `swath` command as a user runs it: exit code, standard output, standard error.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod areas;
mod canary;
mod catalogue;
mod demo;
mod disk;
mod doctor;
mod errors;
mod get;
mod killed;
mod sandbox;
mod shell;
mod signals;
mod verbs;
mod ways;
