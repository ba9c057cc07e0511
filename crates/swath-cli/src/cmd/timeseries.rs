//! `swath timeseries`: the same box through several granules.

use futures::stream::{self, StreamExt};
use swath::export::write_series_csv;
use swath::{DataArray, Sample, Session, Stack, plot};

use super::TimeLimit;
use crate::args::TimeseriesArgs;
use crate::failure::Failure;
use crate::output::{Output, write_result};
use crate::request::LayerRequest;

/// Sources opened at the same time.
const AT_ONCE: usize = 16;

pub(super) async fn run(
    session: &Session,
    args: &TimeseriesArgs,
    limit: &TimeLimit,
    output: Output,
) -> Result<(), Failure> {
    let request = LayerRequest::new(&args.sources, &args.window)?;
    request.tell(output);
    let progress = output.progress(request.sources.len() as u64, "reading");
    // A source that does not answer must not take the time in which the others are read.
    let opening = limit.of_first_step(session);
    let mut opened = stream::iter(&request.sources)
        .map(|source| opening.part(session.open_region(source, &request.wanted)))
        .buffered(AT_ONCE)
        .inspect(|_| progress.inc(1));
    let (mut layers, mut failures): (Vec<DataArray>, Vec<Failure>) = (Vec::new(), Vec::new());
    while let Some(result) = opened.next().await {
        match result {
            Ok(layer) => layers.push(layer),
            Err(error) => failures.push(Failure::from(error)),
        }
    }
    drop(opened);
    progress.finish_and_clear();
    let (samples, unread) = match layers.is_empty() {
        true => Default::default(),
        false => read(&Stack::new(layers)?, limit).await,
    };
    failures.extend(unread);
    if samples.is_empty() {
        // None worked: the first says why, with the exit code of its kind.
        let mut failures = failures.into_iter();
        let first = failures.next().unwrap_or_else(|| Failure::usage("no source was given"));
        failures.for_each(|failure| output.failure(&failure));
        return Err(first);
    }
    failures.iter().for_each(|failure| output.failure(failure));
    write(args, &samples, output)?;
    output.account(session.ledger());
    match request.sources.len() - samples.len() {
        0 => Ok(()),
        failed => Err(Failure::partial(failed, request.sources.len())),
    }
}

/// The samples of what can be read, and why the others cannot.
async fn read(stack: &Stack, limit: &TimeLimit) -> (Vec<Sample>, Vec<Failure>) {
    let (mut samples, mut failures) = (Vec::new(), Vec::new());
    let mut each = Box::pin(stack.each_statistics());
    loop {
        // What is read by the deadline is kept.
        let result = match limit.part(async { Ok(each.next().await) }).await {
            Ok(Some(result)) => result,
            Ok(None) => break,
            Err(late) => {
                failures.push(Failure::from(late));
                break;
            }
        };
        match result {
            Ok(sample) => samples.push(sample),
            Err(error) => failures.push(Failure::from(error)),
        }
    }
    (samples, failures)
}

fn write(args: &TimeseriesArgs, samples: &[Sample], output: Output) -> Result<(), Failure> {
    let mut table = Vec::new();
    write_series_csv(&mut table, samples)?;
    if output.json {
        for sample in samples {
            output.line(&sample.to_json())?;
        }
    }
    // With --json the rows are on standard output already.
    if !(output.json && args.output.as_os_str() == "-") {
        write_result(output, &args.output, &table, args.overwrite)?;
    }
    if let Some(path) = &args.plot {
        write_result(output, path, &plot::series(samples)?, args.overwrite)?;
    }
    Ok(())
}
