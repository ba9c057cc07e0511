//! `swath demo`: the cookbook's whole flow, on embedded granules and a sandbox of NASA's services.
//!
//! Everything is real but the place: real sockets and TLS, a real redirect to a signed URL, a real S3 server that checks
//! signatures, and HDF5 files written by libhdf5. The verbs below are the ones that a user of the library calls.

use std::path::PathBuf;
use std::time::Instant;

use serde_json::{Value, json};
use swath::export::write_series_csv;
use swath::search::{Query, SearchResults};
use swath::{DataArray, Granule, LonLatBox, ReadLimits, Sample, Session, SessionOptions, Stack, plot};
use swath_sandbox::{Sandbox, SandboxOptions};

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
    let go_on = || !crate::interrupt::is_ending();
    let granules = swath_sandbox::unpack_demo_while(&args.output.join("granules"), &go_on)?;
    let sandbox = Sandbox::start(SandboxOptions::new(&granules)).await?;
    let session = session(&sandbox)?;
    let mut demo = Demo { session, output, steps: Vec::new(), folder: args.output.clone() };
    let report = demo.flow().await?;
    sandbox.stop().await;
    if output.json {
        output.line(&report)?;
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

impl Demo {
    async fn flow(&mut self) -> Result<Value, Failure> {
        let area = LonLatBox::new(BOX[0], BOX[1], BOX[2], BOX[3])?;
        let (found, kept) = self.search().await?;
        let https = self.open(&kept, Granule::data_url, "open 5 over https").await?;
        let (https, over_https) = self.means("means over https", &https, area).await?;
        let s3 = self.open(&kept, Granule::data_s3_url, "open 5 from S3").await?;
        let (_, from_s3) = self.means("means from S3", &s3, area).await?;
        self.compare(&over_https, &from_s3)?;
        let series_csv = self.table(&over_https)?;
        let (quicklook_png, series_png) = self.pictures(&https, &over_https).await?;
        self.close(&https).await?;
        self.farewell(&[&series_csv, &quicklook_png, &series_png])?;
        Ok(json!({
            "found": found.granules.len(),
            "kept": kept.len(),
            "superseded": found.latest().superseded.iter().map(|old| old.granule.name.clone()).collect::<Vec<_>>(),
            "granules": over_https.iter().zip(&from_s3).map(|(https, s3)| json!({
                "granule": https.granule.to_string(),
                "start": https.time.to_string(),
                "mean_https": https.statistics.mean,
                "mean_s3": s3.statistics.mean,
                "n_valid": https.statistics.n_valid,
            })).collect::<Vec<_>>(),
            "steps": self.steps,
            "series_csv": series_csv,
            "quicklook_png": quicklook_png,
            "series_png": series_png,
        }))
    }

    /// Step 1 and 2 of the cookbook: search, and keep the newest release of each product.
    async fn search(&mut self) -> Result<(SearchResults, Vec<Granule>), Failure> {
        let begun = self.begin();
        let query = Query::new()
            .dataset("NISAR")
            .processing_level("GCOV")
            .intersects_with(AREA)
            .start(START)
            .end(END)
            .flight_direction("ASCENDING")
            .production_configuration("PR")
            .max_results(250);
        let found = self.session.search(&query).await?;
        self.step("search", begun)?;
        let latest = found.latest();
        let kept: Vec<Granule> = latest.kept.iter().map(|granule| (*granule).clone()).collect();
        self.say(&format!(
            "\nfound {} granules, kept the newest release of each: {}",
            found.granules.len(),
            kept.len()
        ))?;
        for granule in &kept {
            self.say(&format!("  used        {}", granule.name))?;
        }
        for old in &latest.superseded {
            self.say(&format!("  superseded  {}", old.granule.name))?;
        }
        self.say("")?;
        Ok((found, kept))
    }

    /// Steps 3 to 5: log in, and open one group of each, all at once.
    async fn open(
        &mut self,
        granules: &[Granule],
        address: fn(&Granule) -> Option<&str>,
        name: &str,
    ) -> Result<Stack, Failure> {
        let begun = self.begin();
        let sources: Vec<&str> = granules.iter().filter_map(address).collect();
        let layers = self.session.open_layers(&sources, FREQUENCY, LAYER, ReadLimits::default()).await;
        let layers: Vec<DataArray> = layers.into_iter().collect::<swath::Result<_>>()?;
        let stack = Stack::new(layers)?;
        self.step(name, begun)?;
        Ok(stack)
    }

    /// Clip each to the box; mean of each.
    async fn means(
        &mut self,
        name: &str,
        stack: &Stack,
        area: LonLatBox,
    ) -> Result<(Stack, Vec<Sample>), Failure> {
        let begun = self.begin();
        let clipped = stack.clip_box(area).await?;
        let samples = clipped.statistics().await?;
        self.step(name, begun)?;
        Ok((clipped, samples))
    }

    fn compare(&self, https: &[Sample], s3: &[Sample]) -> Result<(), Failure> {
        let [west, south, east, north] = BOX;
        self.say(&format!("\nmean of {LAYER} (frequency {FREQUENCY}, gamma nought, linear power)"))?;
        self.say(&format!("in the box {west} {south} {east} {north}\n"))?;
        self.say("  start                 over https            from S3               valid pixels")?;
        let figure = |sample: &Sample| {
            sample.statistics.mean.map_or_else(|| "–".to_owned(), |value| format!("{value:.18}"))
        };
        for (a, b) in https.iter().zip(s3) {
            let (valid, total) = (a.statistics.n_valid, a.statistics.n_total);
            self.say(&format!("  {}  {}  {}  {valid} of {total}", a.time, figure(a), figure(b)))?;
        }
        self.say("")
    }

    fn table(&self, samples: &[Sample]) -> Result<PathBuf, Failure> {
        let path = self.folder.join("series.csv");
        let mut table = Vec::new();
        write_series_csv(&mut table, samples)?;
        write_result(self.output, &path, &table, true)?;
        Ok(path)
    }

    /// A picture of the box in its surroundings, and one of the series.
    async fn pictures(&mut self, stack: &Stack, samples: &[Sample]) -> Result<(PathBuf, PathBuf), Failure> {
        let begun = self.begin();
        let (quicklook, series) = (self.folder.join("quicklook.png"), self.folder.join("series.png"));
        if let Some((_, newest)) = stack.layers().last() {
            let view = newest.clip_box(LonLatBox::new(VIEW[0], VIEW[1], VIEW[2], VIEW[3])?).await?;
            let png = plot::quicklook(&view, Some(newest.window()?)).await?;
            write_result(self.output, &quicklook, &png, true)?;
        }
        write_result(self.output, &series, &plot::series(samples)?, true)?;
        self.step("pictures", begun)?;
        Ok((quicklook, series))
    }

    /// Step 6: close, and see that a closed thing says so.
    async fn close(&self, stack: &Stack) -> Result<(), Failure> {
        stack.layers().iter().for_each(|(_, layer)| layer.tree().close());
        let Some((_, first)) = stack.layers().first() else { return Ok(()) };
        match first.mean().await {
            Err(error) => self.say(&format!("\nclosed; reading it now says: {error}")),
            Ok(_) => Err(Failure::new(swath::ErrorKind::Internal, "a closed granule could still be read")),
        }
    }

    fn begin(&self) -> (Instant, swath::Totals) {
        (Instant::now(), self.session.ledger().totals())
    }

    fn step(&mut self, name: &str, (begun, before): (Instant, swath::Totals)) -> Result<(), Failure> {
        let after = self.session.ledger().totals();
        let seconds = begun.elapsed().as_secs_f64();
        let (requests, bytes) = (after.requests - before.requests, after.bytes - before.bytes);
        let megabytes = bytes as f64 / 1e6;
        self.steps.push(json!({ "name": name, "requests": requests, "bytes": bytes, "seconds": seconds }));
        self.say(&format!("{name:<18} {requests:>4} requests {megabytes:>8.3} MB {seconds:>7.3} s"))
    }

    fn say(&self, text: &str) -> Result<(), Failure> {
        if self.output.json { Ok(()) } else { self.output.bytes(format!("{text}\n").as_bytes()) }
    }

    fn farewell(&self, files: &[&PathBuf]) -> Result<(), Failure> {
        let files: Vec<String> = files.iter().map(|path| format!("  {}", path.display())).collect();
        self.say(&format!("\nwritten\n{}", files.join("\n")))?;
        let granules = self.folder.join("granules");
        self.say(&format!("\ngo on with\n  swath sandbox --data {}", granules.display()))
    }
}
