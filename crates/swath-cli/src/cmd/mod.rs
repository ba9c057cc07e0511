//! One module a verb. A verb asks the library and prints; it computes nothing.

mod demo;
mod doctor;
mod get;
mod info;
mod login;
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
        Verb::Search(args) => search::run(&offline(&cli.global, args.offline)?, args, output).await,
        Verb::Get(args) => get::run(&session(&cli.global)?, args, output).await,
        Verb::Login(args) => login::login(args, options(&cli.global)?, output).await,
        Verb::Status(args) => {
            login::status(&Session::new(SessionOptions::from_environment()?)?, args.check, output).await
        }
        Verb::Logout => login::logout(&session(&cli.global)?, output).await,
        Verb::Info(args) => info::run(&session(&cli.global)?, args, output).await,
        Verb::Stats(args) => stats::run(&session(&cli.global)?, args, output).await,
        Verb::Timeseries(args) => timeseries::run(&session(&cli.global)?, args, output).await,
        Verb::Quicklook(args) => quicklook::run(&session(&cli.global)?, args, output).await,
        Verb::Doctor => doctor::run(&Session::new(known(&cli.global)?)?, output).await,
        Verb::Demo(args) => demo::run(args, output).await,
        Verb::Sandbox(args) => sandbox::run(args, output).await,
    }
}

/// As [`session`]; with `offline`, searches are answered from the cache.
fn offline(global: &GlobalArgs, offline: bool) -> Result<Session, Failure> {
    let mut options = options(global)?;
    options.offline |= offline;
    Ok(Session::new(options)?)
}

/// A session as the environment describes it.
fn session(global: &GlobalArgs) -> Result<Session, Failure> {
    Ok(Session::new(options(global)?)?)
}

/// What the environment says; nobody is asked anything.
fn known(global: &GlobalArgs) -> Result<SessionOptions, Failure> {
    let options = SessionOptions::from_environment()?;
    Ok(if global.no_cache { options.with_cache(None) } else { options })
}

/// What the environment says; a token is asked for at the terminal if nothing else gives one.
fn options(global: &GlobalArgs) -> Result<SessionOptions, Failure> {
    let mut options = known(global)?;
    if std::io::stdin().is_terminal() && std::io::stderr().is_terminal() {
        options = options.with_prompt(|| rpassword::prompt_password("Earthdata Login token: ").ok());
    }
    Ok(options)
}
