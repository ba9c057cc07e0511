//! `swath stats`: statistics of a window, source by source.

use futures::stream::{self, StreamExt};
use swath::granule::is_backscatter;
use swath::{Measurement, Session};

use super::TimeLimit;
use crate::args::StatsArgs;
use crate::failure::Failure;
use crate::output::Output;
use crate::request::LayerRequest;

/// Sources read at the same time.
const AT_ONCE: usize = 16;

pub(super) async fn run(
    session: &Session,
    args: &StatsArgs,
    limit: &TimeLimit,
    output: Output,
) -> Result<(), Failure> {
    let request = LayerRequest::new(&args.sources, &args.window)?;
    request.tell(output);
    let progress = output.progress(request.sources.len() as u64, "reading");
    let mut results = stream::iter(&request.sources)
        .map(|source| limit.part(session.measure(source, &request.wanted)))
        .buffered(AT_ONCE)
        .inspect(|_| progress.inc(1));
    let (mut failed, mut first) = (0, None);
    while let Some(result) = results.next().await {
        match result {
            Ok(found) => progress.suspend(|| print(&found, output))?,
            Err(error) => {
                let failure = Failure::from(error);
                failed += 1;
                progress.suspend(|| {
                    if request.sources.len() > 1 {
                        output.failure(&failure);
                    }
                });
                first.get_or_insert(failure);
            }
        }
    }
    drop(results);
    progress.finish_and_clear();
    output.account(session.ledger());
    match first {
        None => Ok(()),
        Some(failure) if failed == request.sources.len() => Err(failure),
        Some(_) => Err(Failure::partial(failed, request.sources.len())),
    }
}

fn print(found: &Measurement, output: Output) -> Result<(), Failure> {
    if output.json { output.line(&found.to_json()?) } else { output.data(&text(found)?) }
}

fn text(measured: &Measurement) -> Result<String, Failure> {
    let (window, totals) = (measured.layer.window()?, measured.layer.tree().object().ledger().totals());
    let found = &measured.statistics;
    let figure = |value: Option<f64>| value.map_or_else(|| "–".to_owned(), |value| format!("{value:.8}"));
    let decibel = found.mean_decibel().filter(|_| is_backscatter(measured.layer.name()));
    let decibel = decibel.map_or_else(String::new, |value| format!(" ({value:.2} dB)"));
    Ok(format!(
        "{}\n  {} · rows {}+{}, columns {}+{}{}\n  mean {}{decibel} · std {} · min {} · max {} (linear)\n  \
         {} of {} pixels valid · {} requests · {:.3} MB · {:.2} s",
        measured.layer.tree().name(),
        measured.layer.name(),
        window.row_off(),
        window.height(),
        window.col_off(),
        window.width(),
        measured.epsg.map_or_else(String::new, |epsg| format!(" · EPSG:{epsg}")),
        figure(found.mean),
        figure(found.std),
        figure(found.min),
        figure(found.max),
        found.n_valid,
        found.n_total,
        totals.requests,
        totals.bytes as f64 / 1e6,
        measured.seconds,
    ))
}
