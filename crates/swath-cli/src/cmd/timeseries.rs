//! `swath timeseries`: the same box through several granules.

use swath::export::{SeriesRow, write_series};
use swath::plot::{SeriesPlot, SeriesPoint};
use swath::{DataArray, GranuleName, Sample, Session, Stack};

use super::open_layer;
use crate::args::TimeseriesArgs;
use crate::failure::Failure;
use crate::output::{Output, write_result};
use crate::request::LayerRequest;

use futures::stream::{self, StreamExt};

/// Sources opened at the same time.
const AT_ONCE: usize = 16;

pub(super) async fn run(session: &Session, args: &TimeseriesArgs, output: Output) -> Result<(), Failure> {
    let request = LayerRequest::new(&args.sources, &args.window)?;
    let progress = output.progress(request.sources.len() as u64, "reading");
    let mut opened = stream::iter(&request.sources)
        .map(|source| open_layer(session, source, &request))
        .buffered(AT_ONCE)
        .inspect(|_| progress.inc(1));
    let (mut layers, mut failures): (Vec<DataArray>, Vec<Failure>) = (Vec::new(), Vec::new());
    while let Some(result) = opened.next().await {
        match result {
            Ok(layer) => layers.push(layer),
            Err(failure) => failures.push(failure),
        }
    }
    drop(opened);
    progress.finish_and_clear();
    if layers.is_empty() {
        return Err(failures.into_iter().next().unwrap_or_else(|| Failure::usage("no source was given")));
    }
    failures.iter().for_each(|failure| output.failure(failure));
    let samples = Stack::new(layers)?.statistics().await?;
    write(args, &request.layer, &samples, output)?;
    output.account(session.ledger());
    match failures.len() {
        0 => Ok(()),
        failed => Err(Failure::partial(failed, request.sources.len())),
    }
}

fn write(args: &TimeseriesArgs, layer: &str, samples: &[Sample], output: Output) -> Result<(), Failure> {
    let rows = rows(samples, layer);
    let mut table = Vec::new();
    write_series(&mut table, &rows)?;
    if output.json {
        for row in &rows {
            output.line(&row.to_json())?;
        }
    }
    // With --json the rows are on standard output already.
    if !(output.json && args.output.as_os_str() == "-") {
        write_result(output, &args.output, &table, args.overwrite)?;
    }
    if let Some(path) = &args.plot {
        write_result(output, path, &plot(samples, layer)?, args.overwrite)?;
    }
    Ok(())
}

/// One row of the table for each sample.
pub(super) fn rows(samples: &[Sample], layer: &str) -> Vec<SeriesRow> {
    samples.iter().map(|sample| SeriesRow::new(sample, layer)).collect()
}

/// The series as a picture.
pub(super) fn plot(samples: &[Sample], layer: &str) -> Result<Vec<u8>, Failure> {
    let points: Vec<SeriesPoint> = samples.iter().map(SeriesPoint::from).collect();
    let place = samples.first().and_then(|sample| GranuleName::parse(&sample.granule).ok());
    let title = match place {
        Some(name) => format!("{layer} · {}", name.frame_text()),
        None => layer.to_owned(),
    };
    Ok(SeriesPlot { points: &points, title: &title, ..SeriesPlot::default() }.png()?)
}
