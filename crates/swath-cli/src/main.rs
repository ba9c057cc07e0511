//! The `swath` command: typed → meant → verb → output.

mod args;
mod cmd;
mod exit;
mod failure;
mod output;
mod query_args;
mod request;

use std::process::ExitCode;

use clap::Parser;

fn main() -> ExitCode {
    let cli = args::Cli::parse();
    let output = output::Output::new(&cli.global);
    let done = match tokio::runtime::Builder::new_multi_thread().enable_all().build() {
        Ok(runtime) => {
            let done = runtime.block_on(async {
                tokio::select! {
                    // The signal is listened for before the verb begins, so that no interrupt comes too early.
                    biased;
                    // Dropping the verb ends its requests; files appear only when whole, so nothing is left half done.
                    _ = tokio::signal::ctrl_c() => return Err(exit::INTERRUPTED),
                    done = cmd::run(&cli, output) => done,
                }
                .map_err(|failure| {
                    output.failure(&failure);
                    failure.code
                })
            });
            runtime.shutdown_background();
            done
        }
        Err(error) => {
            output.failure(&failure::Failure::from(error));
            Err(1)
        }
    };
    ExitCode::from(done.err().unwrap_or(exit::DONE))
}
