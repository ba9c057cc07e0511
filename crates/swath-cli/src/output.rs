//! Where results go: data to standard output, talk to standard error. The only module that prints.
#![allow(clippy::print_stdout, clippy::print_stderr)]

use std::io::{IsTerminal, Write};
use std::path::Path;
use std::time::Duration;

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use serde_json::Value;
use swath::Ledger;
use swath::export::{Existing, write_whole};
use swath::http::Event;

use crate::args::GlobalArgs;
use crate::failure::{Failure, printable};

/// How a command speaks.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Output {
    pub(crate) json: bool,
    quiet: bool,
    stats: bool,
    verbose: bool,
}

/// A shorter wait is over before anybody wonders.
const WORTH_A_WORD: Duration = Duration::from_secs(2);

impl Output {
    pub(crate) fn new(args: &GlobalArgs) -> Self {
        Self { json: args.json, quiet: args.quiet, stats: args.stats, verbose: args.verbose }
    }

    /// A result: text that ends in a line break of its own or gets one.
    pub(crate) fn data(self, text: &str) -> Result<(), Failure> {
        self.bytes(text.trim_end_matches('\n').as_bytes())?;
        self.bytes(b"\n")
    }

    /// A result: one JSON document on one line.
    pub(crate) fn line(self, value: &Value) -> Result<(), Failure> {
        self.data(&value.to_string())
    }

    /// A result as it is.
    pub(crate) fn bytes(self, bytes: &[u8]) -> Result<(), Failure> {
        let mut out = std::io::stdout().lock();
        match out.write_all(bytes).and_then(|()| out.flush()) {
            // The reader has seen enough (`| head`): that is no failure.
            Err(error) if error.kind() == std::io::ErrorKind::BrokenPipe => std::process::exit(0),
            other => Ok(other?),
        }
    }

    /// Something worth knowing that is no result.
    pub(crate) fn note(self, text: &str) {
        if !self.quiet {
            eprintln!("{text}");
        }
    }

    /// Something for those alone who want to know more.
    pub(crate) fn detail(self, text: impl FnOnce() -> String) {
        if self.verbose {
            self.note(&text());
        }
    }

    /// Whether details are wanted.
    pub(crate) fn is_verbose(self) -> bool {
        self.verbose
    }

    /// What happens while the network is waited for, if it takes long or changes the way.
    pub(crate) fn event(self, event: &Event) {
        let is_short = matches!(event, Event::Waiting { wait, .. } if *wait <= WORTH_A_WORD);
        if !is_short || self.verbose {
            self.note(&printable(&event.to_string()));
        }
    }

    /// A failure, as text or JSON.
    pub(crate) fn failure(self, failure: &Failure) {
        if self.json {
            eprintln!("{}", failure.json());
        } else {
            eprintln!("{}", failure.text());
        }
    }

    /// What the network was asked for, when `--stats` wants to know.
    pub(crate) fn account(self, ledger: &Ledger) {
        if self.stats {
            let totals = ledger.totals();
            eprintln!("{} requests, {:.3} MB", totals.requests, totals.bytes as f64 / 1e6);
        }
    }

    /// A progress bar on a terminal; nothing elsewhere.
    pub(crate) fn progress(self, length: u64, what: &str) -> ProgressBar {
        self.bar(length, what, "{msg} {wide_bar} {pos}/{len} {elapsed}")
    }

    /// The same, counting bytes; how many there will be becomes known on the way.
    pub(crate) fn progress_of_bytes(self, what: &str) -> ProgressBar {
        self.bar(
            0,
            what,
            "{msg} {wide_bar} {decimal_bytes}/{decimal_total_bytes} {decimal_bytes_per_sec} {eta}",
        )
    }

    fn bar(self, length: u64, what: &str, template: &str) -> ProgressBar {
        let shown = !self.quiet && std::io::stderr().is_terminal() && std::env::var_os("CI").is_none();
        let target = if shown { ProgressDrawTarget::stderr() } else { ProgressDrawTarget::hidden() };
        let bar = ProgressBar::with_draw_target(Some(length), target);
        if let Ok(style) = ProgressStyle::with_template(template) {
            bar.set_style(style);
        }
        bar.set_message(what.to_owned());
        bar.enable_steady_tick(Duration::from_millis(120));
        bar
    }
}

/// Writes a result into a file (whole or not at all) or, for `-`, to standard output.
pub(crate) fn write_result(
    output: Output,
    path: &Path,
    bytes: &[u8],
    overwrite: bool,
) -> Result<(), Failure> {
    if path == Path::new("-") {
        return output.bytes(bytes);
    }
    let existing = if overwrite { Existing::Replace } else { Existing::Refuse };
    write_whole(path, existing, |file| Ok(file.write_all(bytes)?))?;
    Ok(())
}
