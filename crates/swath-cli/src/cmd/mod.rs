//! One module a verb. A verb asks the library and prints; it computes nothing.

mod demo;
mod info;
mod quicklook;
mod sandbox;
mod search;
mod stats;
mod timeseries;

use std::io::IsTerminal;

use swath::{Session, SessionOptions};

use crate::args::{Cli, GlobalArgs, Verb};
use crate::failure::Failure;
use crate::output::Output;

/// Runs what was asked.
pub(crate) async fn run(cli: &Cli, output: Output) -> Result<(), Failure> {
    match &cli.verb {
        Verb::Search(args) => search::run(&session(&cli.global, args.offline)?, args, output).await,
        Verb::Info(args) => info::run(&session(&cli.global, false)?, args, output).await,
        Verb::Stats(args) => stats::run(&session(&cli.global, false)?, args, output).await,
        Verb::Timeseries(args) => timeseries::run(&session(&cli.global, false)?, args, output).await,
        Verb::Quicklook(args) => quicklook::run(&session(&cli.global, false)?, args, output).await,
        Verb::Demo(args) => demo::run(args, output).await,
        Verb::Sandbox(args) => sandbox::run(args, output).await,
    }
}

/// A session as the environment describes it; a token is asked for at the terminal if nothing else gives one.
fn session(global: &GlobalArgs, offline: bool) -> Result<Session, Failure> {
    let mut options = SessionOptions::from_environment()?;
    options.offline |= offline;
    if global.no_cache {
        options = options.with_cache(None);
    }
    if std::io::stdin().is_terminal() && std::io::stderr().is_terminal() {
        options = options.with_prompt(|| rpassword::prompt_password("Earthdata Login token: ").ok());
    }
    Ok(Session::new(options)?)
}
