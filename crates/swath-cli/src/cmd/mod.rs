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

use std::future::Future;
use std::io::IsTerminal;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use swath::{Deadline, ErrorKind, Session, SessionOptions};

use crate::args::{Cli, GlobalArgs, Verb};
use crate::failure::Failure;
use crate::output::Output;

/// Runs what was asked.
pub(crate) async fn run(cli: &Cli, output: Output) -> Result<(), Failure> {
    match &cli.verb {
        Verb::Demo(args) => TimeLimit::without_session(&cli.global, demo::run(args, output)).await,
        Verb::Sandbox(args) => TimeLimit::without_session(&cli.global, sandbox::run(args, output)).await,
        Verb::Login(args) => {
            let options = options(&cli.global, output)?;
            TimeLimit::without_session(&cli.global, login::login(args, options, output)).await
        }
        _ => with_session(cli, output).await,
    }
}

/// The verbs that ask one session.
async fn with_session(cli: &Cli, output: Output) -> Result<(), Failure> {
    let mut options = match &cli.verb {
        // These two ask nobody for a token.
        Verb::Status(_) | Verb::Doctor => known(&cli.global, output)?,
        _ => options(&cli.global, output)?,
    };
    options.offline |= matches!(&cli.verb, Verb::Search(args) if args.offline);
    let session = Session::new(options)?;
    let limit = TimeLimit::of(&session, &cli.global);
    let ended = match &cli.verb {
        Verb::Search(args) => limit.verb(search::run(&session, args, output)).await,
        Verb::Get(args) => get::run(&session, args, &limit, output).await,
        Verb::Status(args) => limit.verb(login::status(&session, args.check, output)).await,
        Verb::Logout => login::logout(&session, output).await,
        Verb::Info(args) => limit.verb(info::run(&session, args, output)).await,
        Verb::Stats(args) => stats::run(&session, args, &limit, output).await,
        Verb::Timeseries(args) => timeseries::run(&session, args, &limit, output).await,
        Verb::Quicklook(args) => limit.verb(quicklook::run(&session, args, output)).await,
        Verb::Doctor => limit.verb(doctor::run(&session, output)).await,
        Verb::Demo(_) | Verb::Sandbox(_) | Verb::Login(_) => Ok(()),
    };
    if output.is_verbose() {
        let choice = session.access().await;
        output.detail(|| format!("way to the archive: {choice}"));
    }
    ended
}

/// What `--timeout` allows.
pub(crate) struct TimeLimit {
    allowed: Option<Duration>,
    deadline: Option<Deadline>,
}

impl TimeLimit {
    fn of(session: &Session, global: &GlobalArgs) -> Self {
        Self::within(session, global.timeout)
    }

    fn within(session: &Session, allowed: Option<Duration>) -> Self {
        Self { allowed, deadline: allowed.map(|longest| session.deadline(longest)) }
    }

    /// The limit of a first step, at the beginning of the verb: it leaves a quarter of the time to what comes after.
    pub(crate) fn of_first_step(&self, session: &Session) -> Self {
        Self::within(session, self.allowed.map(|longest| longest * 3 / 4))
    }

    /// Work that is a part of the verb: what has no time left fails, the rest of the verb goes on.
    pub(crate) async fn part<T>(&self, work: impl Future<Output = swath::Result<T>>) -> swath::Result<T> {
        match &self.deadline {
            Some(deadline) => deadline.limit(work).await,
            None => Box::pin(work).await,
        }
    }

    /// A verb that is done whole or not at all.
    async fn verb(&self, work: impl Future<Output = Result<(), Failure>>) -> Result<(), Failure> {
        self.part(async { Ok(work.await) }).await?
    }

    /// The moment itself, for work that keeps it.
    pub(crate) fn deadline(&self) -> Option<Deadline> {
        self.deadline.clone()
    }

    /// A verb that has no session, or makes its own.
    async fn without_session(
        global: &GlobalArgs,
        work: impl Future<Output = Result<(), Failure>>,
    ) -> Result<(), Failure> {
        let work = Box::pin(work);
        let Some(longest) = global.timeout else { return work.await };
        tokio::time::timeout(longest, work).await.unwrap_or_else(|_| {
            let seconds = longest.as_secs_f64();
            Err(Failure::new(ErrorKind::Timeout, format!("not done after the {seconds} s that were allowed")))
        })
    }
}

/// What the environment and the command line say; nobody is asked anything.
fn known(global: &GlobalArgs, output: Output) -> Result<SessionOptions, Failure> {
    let mut options = SessionOptions::from_environment()?.with_observer(move |event| output.event(event));
    options.access = global.access.unwrap_or(options.access);
    Ok(if global.no_cache { options.with_cache(None) } else { options })
}

/// What the environment and the command line say; a token is asked for at the terminal if nothing else gives one.
fn options(global: &GlobalArgs, output: Output) -> Result<SessionOptions, Failure> {
    let mut options = known(global, output)?;
    if std::io::stdin().is_terminal() && std::io::stderr().is_terminal() {
        options = options.with_prompt(|| asked_in_secret("Earthdata Login token: "));
    }
    Ok(options)
}

/// Whether the terminal shows nothing of what is typed.
static IN_SECRET: AtomicBool = AtomicBool::new(false);

/// Asks at the terminal, which does not show the answer.
fn asked_in_secret(question: &str) -> Option<String> {
    IN_SECRET.store(true, Ordering::SeqCst);
    let answer = rpassword::prompt_password(question).ok();
    IN_SECRET.store(false, Ordering::SeqCst);
    answer
}

/// After an interrupt: a terminal that was asked in secret shows again what is typed.
pub(crate) fn restore_terminal() {
    if cfg!(unix) && IN_SECRET.load(Ordering::SeqCst) {
        let _ = std::process::Command::new("stty").arg("echo").status();
    }
}
