//! The `swath` command: typed → meant → verb → output.

mod args;
mod cmd;
mod exit;
mod failure;
mod interrupt;
mod output;
mod query_args;
mod request;

use std::process::ExitCode;

use clap::Parser;

fn main() -> ExitCode {
    let cli = args::Cli::parse();
    let output = output::Output::new(&cli.global);
    ExitCode::from(interrupt::run(cli, output))
}
