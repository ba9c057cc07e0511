//! `swath stats`: statistics of a window, source by source.

use std::time::Instant;

use futures::stream::{self, StreamExt};
use serde_json::{Value, json};
use swath::granule::is_backscatter;
use swath::{DataArray, Session, Statistics};

use super::open_layer;
use crate::args::StatsArgs;
use crate::failure::Failure;
use crate::output::Output;
use crate::request::LayerRequest;

/// Sources read at the same time.
const AT_ONCE: usize = 16;

pub(super) async fn run(session: &Session, args: &StatsArgs, output: Output) -> Result<(), Failure> {
    let request = LayerRequest::new(&args.sources, &args.window)?;
    let progress = output.progress(request.sources.len() as u64, "reading");
    let mut results = stream::iter(&request.sources)
        .map(|source| one(session, source, &request))
        .buffered(AT_ONCE)
        .inspect(|_| progress.inc(1));
    let (mut failed, mut first) = (0, None);
    while let Some(result) = results.next().await {
        match result {
            Ok(report) => progress.suspend(|| report.print(output))?,
            Err(failure) => {
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

/// What was found in one source, and what it cost.
pub(super) struct Report {
    source: String,
    pub(super) layer: DataArray,
    pub(super) statistics: Statistics,
    epsg: Option<u32>,
    seconds: f64,
}

pub(super) async fn one(session: &Session, source: &str, request: &LayerRequest) -> Result<Report, Failure> {
    let begun = Instant::now();
    let layer = open_layer(session, source, request).await?;
    let statistics = layer.statistics().await?;
    // A layer in radar geometry has rows and columns but no CRS.
    let epsg = layer.grid().await.ok().map(|grid| grid.crs().epsg());
    let seconds = begun.elapsed().as_secs_f64();
    Ok(Report { source: layer.tree().address().to_string(), layer, statistics, epsg, seconds })
}

impl Report {
    fn print(&self, output: Output) -> Result<(), Failure> {
        if output.json { output.line(&self.json()?) } else { output.data(&self.text()?) }
    }

    pub(super) fn json(&self) -> Result<Value, Failure> {
        let (window, totals) = (self.layer.window()?, self.layer.tree().object().ledger().totals());
        let found = &self.statistics;
        Ok(json!({
            "granule": self.layer.tree().name(),
            "source": self.source,
            "layer": self.layer.name(),
            "epsg": self.epsg,
            "window": {
                "row_off": window.row_off(), "col_off": window.col_off(),
                "height": window.height(), "width": window.width(),
            },
            "n_total": found.n_total,
            "n_valid": found.n_valid,
            "mean": found.mean,
            "std": found.std,
            "min": found.min,
            "max": found.max,
            "requests": totals.requests,
            "bytes": totals.bytes,
            "waves": self.layer.tree().object().waves(),
            "seconds": self.seconds,
        }))
    }

    fn text(&self) -> Result<String, Failure> {
        let (window, totals) = (self.layer.window()?, self.layer.tree().object().ledger().totals());
        let found = &self.statistics;
        let figure = |value: Option<f64>| value.map_or_else(|| "–".to_owned(), |value| format!("{value:.8}"));
        let decibel = found.mean_decibel().filter(|_| is_backscatter(self.layer.name()));
        let decibel = decibel.map_or_else(String::new, |value| format!(" ({value:.2} dB)"));
        Ok(format!(
            "{}\n  {} · rows {}+{}, columns {}+{}{}\n  mean {}{decibel} · std {} · min {} · max {} (linear)\n  \
             {} of {} pixels valid · {} requests · {:.3} MB · {:.2} s",
            self.layer.tree().name(),
            self.layer.name(),
            window.row_off(),
            window.height(),
            window.col_off(),
            window.width(),
            self.epsg.map_or_else(String::new, |epsg| format!(" · EPSG:{epsg}")),
            figure(found.mean),
            figure(found.std),
            figure(found.min),
            figure(found.max),
            found.n_valid,
            found.n_total,
            totals.requests,
            totals.bytes as f64 / 1e6,
            self.seconds,
        ))
    }
}
