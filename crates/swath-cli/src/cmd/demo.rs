//! `swath demo`: the cookbook's whole flow, on embedded granules and a sandbox of NASA's services.
//!
//! Everything is real but the place: real sockets and TLS, a real redirect to a signed URL, a real S3 server that checks
//! signatures, and HDF5 files written by libhdf5. The verbs below are the ones that a user of the library calls.

use std::path::PathBuf;
use std::time::Instant;

use serde_json::{Value, json};
use swath::export::{SeriesRow, write_series};
use swath::{DataArray, Granule, LonLatBox, OpenOptions, Query, Releases, Session, SessionOptions, Stack};
use swath_sandbox::{Sandbox, SandboxOptions};

use super::quicklook::picture;
use super::timeseries::{plot, rows};
use crate::args::DemoArgs;
use crate::failure::Failure;
use crate::output::{Output, write_result};

/// The cookbook's search: its area, dates, direction and production configuration.
const AREA: &str =
    "POLYGON((40.9131 12.3904,41.8891 12.3904,41.8891 13.2454,40.9131 13.2454,40.9131 12.3904))";
const START: &str = "2025-11-22";
const END: &str = "2026-03-05";
/// The cookbook's box, in whose pixels the mean is taken: west, south, east, north.
const BOX: [f64; 4] = [40.8463, 13.2553, 40.8574, 13.2684];
/// What the picture shows: the box and its surroundings.
const VIEW: [f64; 4] = [40.8218, 13.2319, 40.8818, 13.2919];
/// The frequency and layer of the cookbook.
const FREQUENCY: &str = "A";
const LAYER: &str = "HHHH";

pub(super) async fn run(args: &DemoArgs, output: Output) -> Result<(), Failure> {
    std::fs::create_dir_all(&args.output)?;
    let granules = swath_sandbox::unpack_demo(&args.output.join("granules"))?;
    let sandbox = Sandbox::start(SandboxOptions::new(&granules)).await?;
    let session = session(&sandbox)?;
    let mut demo = Demo { session, output, steps: Vec::new(), folder: args.output.clone() };
    let report = demo.flow().await?;
    sandbox.stop().await;
    if output.json {
        output.line(&report)?
    }
    Ok(())
}

/// A session that knows the sandbox and nothing of the user's own login, proxies or cache.
fn session(sandbox: &Sandbox) -> Result<Session, Failure> {
    let environment = sandbox.environment();
    let lookup =
        |name: &str| environment.iter().find(|(known, _)| known == name).map(|(_, value)| value.clone());
    let mut options = SessionOptions::from_variables(lookup)?.with_cache(None);
    options.http.extra_ca_pem = Some(sandbox.ca_pem().to_owned());
    options.http.no_proxy = true;
    Ok(Session::new(options)?)
}

struct Demo {
    session: Session,
    output: Output,
    steps: Vec<Value>,
    folder: PathBuf,
}

/// What was found of one granule.
struct Row {
    granule: String,
    start: String,
    https: Option<f64>,
    s3: Option<f64>,
    n_valid: u64,
}

impl Demo {
    async fn flow(&mut self) -> Result<Value, Failure> {
        let area = LonLatBox::new(BOX[0], BOX[1], BOX[2], BOX[3])?;
        let releases = self.search().await?;
        let https = self.open(&releases.kept, Granule::data_url, "open 5 granules over https").await?;
        let https = self.clip("mean of each over https", https, area).await?;
        let s3 = self.open(&releases.kept, Granule::data_s3_url, "open 5 granules from S3").await?;
        let s3 = self.clip("mean of each from S3", s3, area).await?;
        let rows = self.compare(&releases, &https.1, &s3.1);
        let series_csv = self.series(&https.1)?;
        let (quicklook_png, series_png) = self.pictures(&https.0, &https.1).await?;
        self.close(&https.0).await?;
        if !self.output.json {
            self.farewell(&[&series_csv, &quicklook_png, &series_png])?;
        }
        Ok(json!({
            "found": releases.kept.len() + releases.superseded.len(),
            "kept": releases.kept.len(),
            "superseded": releases.superseded.iter().map(|old| old.release.name()).collect::<Vec<_>>(),
            "granules": rows.iter().map(|row| json!({
                "granule": row.granule, "start": row.start,
                "mean_https": row.https, "mean_s3": row.s3, "n_valid": row.n_valid,
            })).collect::<Vec<_>>(),
            "steps": self.steps,
            "series_csv": series_csv,
            "quicklook_png": quicklook_png,
            "series_png": series_png,
        }))
    }

    /// Step 1 and 2 of the cookbook: search, and keep the newest release of each product.
    async fn search(&mut self) -> Result<Releases, Failure> {
        let begun = self.begin();
        let query = Query::new()
            .dataset("NISAR")?
            .processing_level("GCOV")?
            .intersects_with(AREA)?
            .start(START)?
            .end(END)?
            .flight_direction("ASCENDING")?
            .production_configuration("PR")?
            .max_results(250)?;
        let results = self.session.search(&query).await?;
        let found = results.granules.len();
        let releases = results.latest();
        self.step("search", begun);
        self.say(&format!(
            "\nfound {found} granules, kept the newest release of each: {}",
            releases.kept.len()
        ))?;
        for granule in &releases.kept {
            self.say(&format!("  used        {}", granule.name()))?;
        }
        for old in &releases.superseded {
            self.say(&format!("  superseded  {}  (by {})", old.release.name(), crid(&old.by)))?;
        }
        Ok(releases)
    }

    /// Step 4 and 5: open one group of each, all at once.
    async fn open(
        &mut self,
        granules: &[Granule],
        address: fn(&Granule) -> Option<&str>,
        name: &str,
    ) -> Result<Stack, Failure> {
        let begun = self.begin();
        let sources: Vec<&str> = granules.iter().filter_map(address).collect();
        let layers =
            self.session.open_layers(&sources, FREQUENCY, LAYER, OpenOptions::default().limits).await;
        let layers: Vec<DataArray> = layers.into_iter().collect::<swath::Result<_>>()?;
        let stack = Stack::new(layers)?;
        self.step(name, begun);
        Ok(stack)
    }

    /// Clip each to the box; mean of each.
    async fn clip(
        &mut self,
        name: &str,
        stack: Stack,
        area: LonLatBox,
    ) -> Result<(Stack, Vec<swath::Sample>), Failure> {
        let begun = self.begin();
        let clipped = stack.clip_box(area).await?;
        let samples = clipped.statistics().await?;
        self.step(name, begun);
        Ok((clipped, samples))
    }

    fn compare(&self, releases: &Releases, https: &[swath::Sample], s3: &[swath::Sample]) -> Vec<Row> {
        let _ = self
            .say(&format!("\nmean of {LAYER} (frequency {FREQUENCY}, γ⁰, linear power) in the box {BOX:?}"));
        let _ = self.say("  start                 over https            from S3               valid pixels");
        let mut rows = Vec::new();
        for (a, b) in https.iter().zip(s3) {
            let start = a.time.to_string();
            let figure = |value: Option<f64>| value.map_or_else(|| "–".to_owned(), |value| value.to_string());
            let (mean_https, mean_s3) = (a.statistics.mean, b.statistics.mean);
            let _ = self.say(&format!(
                "  {start:<20}  {:<20}  {:<20}  {} of {}",
                figure(mean_https),
                figure(mean_s3),
                a.statistics.n_valid,
                a.statistics.n_total
            ));
            let granule = releases.kept.iter().find(|granule| granule.name() == a.granule);
            let granule = granule.map_or_else(|| a.granule.clone(), |granule| granule.name().to_owned());
            rows.push(Row { granule, start, https: mean_https, s3: mean_s3, n_valid: a.statistics.n_valid });
        }
        rows
    }

    fn series(&mut self, samples: &[swath::Sample]) -> Result<PathBuf, Failure> {
        let path = self.folder.join("series.csv");
        let rows: Vec<SeriesRow> = rows(samples, LAYER);
        let mut table = Vec::new();
        write_series(&mut table, &rows)?;
        write_result(self.output, &path, &table, true)?;
        Ok(path)
    }

    async fn pictures(
        &mut self,
        stack: &Stack,
        samples: &[swath::Sample],
    ) -> Result<(PathBuf, PathBuf), Failure> {
        let begun = self.begin();
        let (quicklook, series) = (self.folder.join("quicklook.png"), self.folder.join("series.png"));
        if let Some((_, newest)) = stack.layers().last() {
            let view = newest.clip_box(LonLatBox::new(VIEW[0], VIEW[1], VIEW[2], VIEW[3])?).await?;
            let png = picture(&view, Some(newest.window()?)).await?;
            write_result(self.output, &quicklook, &png, true)?;
        }
        write_result(self.output, &series, &plot(samples, LAYER)?, true)?;
        self.step("pictures", begun);
        Ok((quicklook, series))
    }

    /// Step 6: close, and see that a closed thing says so.
    async fn close(&mut self, stack: &Stack) -> Result<(), Failure> {
        let mut said = String::new();
        for (_, layer) in stack.layers() {
            layer.tree().close();
            if let Err(error) = layer.mean().await {
                said = error.to_string();
            }
        }
        self.say(&format!("\nclosed; reading on says: {said}"))
    }

    fn begin(&self) -> (Instant, swath::Totals) {
        (Instant::now(), self.session.ledger().totals())
    }

    fn step(&mut self, name: &str, (begun, before): (Instant, swath::Totals)) {
        let after = self.session.ledger().totals();
        let seconds = begun.elapsed().as_secs_f64();
        let (requests, bytes) = (after.requests - before.requests, after.bytes - before.bytes);
        self.output.note(&format!(
            "{name:<28} {requests:>3} requests  {:>7.3} MB  {seconds:>6.3} s",
            bytes as f64 / 1e6
        ));
        self.steps.push(json!({ "name": name, "requests": requests, "bytes": bytes, "seconds": seconds }));
    }

    fn say(&self, text: &str) -> Result<(), Failure> {
        if self.output.json { Ok(()) } else { self.output.data(text) }
    }

    fn farewell(&self, files: &[&PathBuf]) -> Result<(), Failure> {
        let files: Vec<String> = files.iter().map(|path| format!("  {}", path.display())).collect();
        self.say(&format!("\nwritten\n{}", files.join("\n")))?;
        let granules = self.folder.join("granules");
        self.say(&format!("\ngo on with: swath sandbox --data {}", granules.display()))
    }
}

/// The release that a granule's name ends with: `X05009`.
fn crid(granule: &Granule) -> String {
    granule.parsed().map_or_else(|| granule.name().to_owned(), |name| name.crid.to_string())
}
