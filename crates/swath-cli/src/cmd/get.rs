//! `swath get`: whole files on the disk.

use std::io::{BufRead, IsTerminal};

use swath::download::{DownloadOptions, DownloadReport, Downloaded, FileSet, Progress};
use swath::export::Existing;
use swath::{Access, Door, Session};

use super::TimeLimit;
use crate::args::GetArgs;
use crate::failure::Failure;
use crate::output::Output;

pub(super) async fn run(
    session: &Session,
    args: &GetArgs,
    limit: &TimeLimit,
    output: Output,
) -> Result<(), Failure> {
    let sources = sources(args)?;
    let bar = output.progress_of_bytes("downloading");
    let told = bar.clone();
    let mut options = DownloadOptions::new(&args.output)
        .at_once(args.jobs)
        .existing(if args.overwrite { Existing::Replace } else { Existing::Refuse })
        .observer(move |step| match step {
            Progress::Begun { size, have, .. } => {
                told.inc_length(size);
                told.inc(have);
            }
            Progress::Received { bytes, .. } => told.inc(bytes),
            _ => {}
        });
    if !args.files.is_empty() {
        let sets: swath::Result<Vec<FileSet>> = args.files.iter().map(|word| word.parse()).collect();
        options = options.files(sets?);
    }
    if args.direct_access {
        options = options.access(Access::S3);
    }
    if let Some(megabytes) = args.max_mb {
        options = options.max_bytes(megabytes.saturating_mul(1_000_000));
    }
    if let Some(deadline) = limit.deadline() {
        options = options.deadline(deadline);
    }
    let report = session.download(&sources, &options).await?;
    bar.finish_and_clear();
    for file in &report.done {
        print(file, output)?;
    }
    output.account(session.ledger());
    ended(report, output)
}

/// What was typed, or else what standard input holds: one address or name a line, or lines of `swath search --jsonl`.
fn sources(args: &GetArgs) -> Result<Vec<String>, Failure> {
    let typed: Vec<&String> = args.sources.iter().filter(|source| *source != "-").collect();
    let mut sources: Vec<String> = typed.iter().map(|source| (*source).clone()).collect();
    let from_input =
        typed.len() < args.sources.len() || (typed.is_empty() && !std::io::stdin().is_terminal());
    if from_input {
        for line in std::io::stdin().lock().lines() {
            let line = line?;
            let line = line.trim();
            if !line.is_empty() && !line.starts_with('#') {
                sources.push(source_of(line)?);
            }
        }
    }
    match sources.is_empty() {
        true => Err(Failure::usage("nothing to download was given: a URL, or the name of a granule")),
        false => Ok(sources),
    }
}

/// A line of standard input: a source as it is, or the address (else the name) in a JSON object.
fn source_of(line: &str) -> Result<String, Failure> {
    if !line.starts_with('{') {
        return Ok(line.to_owned());
    }
    let object: Option<serde_json::Value> = serde_json::from_str(line).ok();
    let text = |name: &str| object.as_ref()?.get(name)?.as_str().map(str::to_owned);
    text("url")
        .or_else(|| text("granule"))
        .ok_or_else(|| Failure::usage("a line of standard input is JSON without \"url\" or \"granule\""))
}

fn print(file: &Downloaded, output: Output) -> Result<(), Failure> {
    if output.json {
        return output.line(&serde_json::json!({
            "path": file.path,
            "bytes": file.bytes,
            "outcome": file.outcome.word(),
            "checked": file.checked,
            "url": file.address,
            "access": file.door.map(Door::word),
        }));
    }
    let checked = file.checked.as_ref().map_or_else(String::new, |algorithm| format!(" · {algorithm} right"));
    output.data(&format!(
        "{} · {:.1} MB · {}{checked}",
        file.path.display(),
        file.bytes as f64 / 1e6,
        file.outcome.word()
    ))
}

/// Failures one by one, and the exit code: of the first if nothing succeeded, else that of a partial success.
fn ended(report: DownloadReport, output: Output) -> Result<(), Failure> {
    let (done, failed) = (report.done.len(), report.failed.len());
    let mut failures: Vec<Failure> = report.failed.into_iter().map(|one| Failure::from(one.error)).collect();
    match (done, failed) {
        (_, 0) => Ok(()),
        (0, 1) => Err(failures.remove(0)),
        (0, _) => {
            failures.iter().skip(1).for_each(|failure| output.failure(failure));
            Err(failures.remove(0))
        }
        _ => {
            failures.iter().for_each(|failure| output.failure(failure));
            Err(Failure::partial(failed, done + failed))
        }
    }
}
