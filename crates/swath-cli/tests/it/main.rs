//! The `swath` command as a user runs it: exit code, standard output, standard error.

mod demo;
mod errors;
mod shell;
mod verbs;
