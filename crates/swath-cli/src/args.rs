//! What was typed. What it means is decided in [`crate::request`].

use std::path::PathBuf;

use clap::{ArgAction, Args, Parser, Subcommand};

use crate::query_args::QueryArgs;

/// Search the ASF archive for NISAR products and stream just the pixels you need.
#[derive(Debug, Parser)]
#[command(name = "swath", version, max_term_width = 100, propagate_version = true, after_help = AFTER_HELP)]
pub(crate) struct Cli {
    #[command(flatten)]
    pub(crate) global: GlobalArgs,
    #[command(subcommand)]
    pub(crate) verb: Verb,
}

const AFTER_HELP: &str = "\
Exit codes: 0 done, 1 internal or local failure, 2 usage, 4 login or licence, 5 service or network,
6 damaged or unreadable data, 7 some sources failed, 8 refused because it would cost too much, 130 interrupted.

Environment: EARTHDATA_TOKEN, NETRC, SSL_CERT_FILE, HTTPS_PROXY, NO_PROXY, XDG_CACHE_HOME,
SWATH_OFFLINE; for test servers SWATH_CMR_URL, SWATH_EDL_URL, SWATH_S3CREDENTIALS_URL, SWATH_S3_ENDPOINT_URL, SWATH_TOKEN_HOSTS,
SWATH_ALLOW_HTTP=loopback.

First try: swath demo";

/// Options that every verb understands.
#[derive(Debug, Args)]
pub(crate) struct GlobalArgs {
    /// Print one JSON document (or one a line) instead of text
    #[arg(long, global = true, action = ArgAction::SetTrue)]
    pub(crate) json: bool,
    /// Read cold: neither use nor write the index cache
    #[arg(long, global = true)]
    pub(crate) no_cache: bool,
    /// Say nothing but results and errors
    #[arg(long, short, global = true)]
    pub(crate) quiet: bool,
    /// Print what the network was asked for, on standard error
    #[arg(long, global = true)]
    pub(crate) stats: bool,
}

/// The verbs.
#[derive(Debug, Subcommand)]
pub(crate) enum Verb {
    /// Find granules in the catalogue; the newest release of each product unless told otherwise
    #[command(after_help = "\
Examples:
  swath search --bbox 40.9 12.4 41.9 13.2 --start 2025-11-22 --end 2026-03-05 --direction ascending
  swath search --wkt 'POINT(40.85 13.26)' --all-versions --json
  swath search --track 172 --frame 8 --jsonl | jq -r .url
  swath search --start '3 weeks ago' --frame-coverage full --main-band-polarization HH+HV --count
  swath search --platform S1 --product SLC --beam-mode IW --start 'last week' --count

Commas separate lists, a dash makes a range: --track 170-172,15.
Where no option names other data, GCOV of NISAR's production is meant.")]
    Search(SearchArgs),
    /// Print the tree of a granule: groups, arrays, attributes
    #[command(after_help = "\
Examples:
  swath info NISAR_L2_PR_GCOV_005_172_A_008_2005_DHDH_A_20251122T024618_20251122T024652_X05009_N_F_J_001
  swath info https://nisar.asf.earthdatacloud.nasa.gov/NISAR/…/….h5 /science/LSAR/identification
  swath info granule.h5 --json")]
    Info(InfoArgs),
    /// Mean, standard deviation, minimum and maximum of a layer inside a box
    #[command(after_help = "\
Examples:
  swath stats GRANULE --bbox 40.8463 13.2553 40.8574 13.2684
  swath stats s3://BUCKET/KEY.h5 --window 6037 4797 74 62 --layer HVHV --json
  swath stats *.h5 --bbox 40.8463,13.2553,40.8574,13.2684 --frequency B")]
    Stats(StatsArgs),
    /// The same box through several granules: a table along time
    #[command(after_help = "\
Examples:
  swath timeseries GRANULE… --bbox 40.8463 13.2553 40.8574 13.2684 -o series.csv
  swath timeseries GRANULE… --bbox 40.8463 13.2553 40.8574 13.2684 -o series.csv --plot series.png
  swath search --track 172 --frame 8 --jsonl | jq -r .url | xargs swath timeseries --bbox … -o -")]
    Timeseries(TimeseriesArgs),
    /// A picture (PNG) of a layer inside a box, in dB
    #[command(after_help = "\
Examples:
  swath quicklook GRANULE --bbox 40.80 13.21 40.90 13.31 -o box.png
  swath quicklook granule.h5 --layer HVHV --window 0 0 1024 1024 -o corner.png --overwrite")]
    Quicklook(QuicklookArgs),
    /// Run the whole flow on embedded granules and a local stand-in for NASA's services
    #[command(after_help = "\
Examples:
  swath demo
  swath demo --output /tmp/demo --json")]
    Demo(DemoArgs),
    /// Run the stand-in for NASA's services over a folder of granules
    #[command(after_help = "\
Examples:
  swath sandbox --data granules
  swath sandbox --data granules --port 18000")]
    Sandbox(SandboxArgs),
}

/// What to look for.
#[derive(Debug, Args)]
pub(crate) struct SearchArgs {
    /// Area as a box, in degrees: west south east north (or W,S,E,N)
    #[arg(long, num_args = 1..=4, value_names = ["W", "S", "E", "N"], allow_negative_numbers = true, help_heading = "Where")]
    pub(crate) bbox: Option<Vec<String>>,
    /// Area as well-known text (WKT)
    #[arg(long, help_heading = "Where", visible_alias = "intersects-with", conflicts_with = "bbox")]
    pub(crate) wkt: Option<String>,
    #[command(flatten)]
    pub(crate) options: QueryArgs,
    /// Superseded releases too
    #[arg(long)]
    pub(crate) all_versions: bool,
    /// Answer from what the cache keeps of earlier searches; says how old it is
    #[arg(long)]
    pub(crate) offline: bool,
    /// Print only how many granules the catalogue has
    #[arg(long)]
    pub(crate) count: bool,
    /// Print URLs that end in this extension (with its dot) instead of granules
    #[arg(long, value_name = ".EXT")]
    pub(crate) extension: Option<String>,
    /// Print URLs that match this regular expression (lookahead allowed) instead of granules
    #[arg(long, value_name = "REGEX")]
    pub(crate) pattern: Option<String>,
    /// With --extension or --pattern: S3 instead of https
    #[arg(long)]
    pub(crate) direct_access: bool,
    #[command(flatten)]
    pub(crate) format: SearchFormat,
}

/// How results are printed.
#[derive(Debug, Args)]
#[group(multiple = false)]
pub(crate) struct SearchFormat {
    /// One JSON object a line
    #[arg(long)]
    pub(crate) jsonl: bool,
    /// A table of comma-separated values
    #[arg(long)]
    pub(crate) csv: bool,
    /// A GeoJSON feature collection
    #[arg(long)]
    pub(crate) geojson: bool,
}

/// Which granule, which part of its tree.
#[derive(Debug, Args)]
pub(crate) struct InfoArgs {
    /// https, s3 or http URL, granule name, or local file
    pub(crate) source: String,
    /// Only this group and what is below it
    #[arg(default_value = "/")]
    pub(crate) group: String,
}

/// Which pixels of which layer.
#[derive(Debug, Args)]
pub(crate) struct WindowArgs {
    /// Box in degrees: west south east north (or W,S,E,N)
    #[arg(long, num_args = 1..=4, value_names = ["W", "S", "E", "N"], allow_negative_numbers = true)]
    pub(crate) bbox: Option<Vec<String>>,
    /// Window in pixels: first row, first column, height, width
    #[arg(long, num_args = 4, value_names = ["ROW", "COL", "HEIGHT", "WIDTH"], conflicts_with = "bbox")]
    pub(crate) window: Option<Vec<u64>>,
    /// Layer: HHHH, HVHV, VVVV, VHVH, mask, numberOfLooks, …
    #[arg(long, default_value = "HHHH")]
    pub(crate) layer: String,
    /// Frequency: A or B
    #[arg(long, default_value = "A", ignore_case = true, value_parser = ["A", "B"])]
    pub(crate) frequency: String,
    /// Refuse to fetch more than this many MB
    #[arg(long, value_name = "MB")]
    pub(crate) max_mb: Option<u64>,
}

/// Statistics of a window.
#[derive(Debug, Args)]
pub(crate) struct StatsArgs {
    /// https, s3 or http URLs, granule names, or local files
    #[arg(value_name = "SOURCE", num_args = 1..)]
    pub(crate) sources: Vec<String>,
    #[command(flatten)]
    pub(crate) window: WindowArgs,
}

/// Statistics along time.
#[derive(Debug, Args)]
pub(crate) struct TimeseriesArgs {
    /// https, s3 or http URLs, granule names, or local files
    #[arg(value_name = "SOURCE", num_args = 1..)]
    pub(crate) sources: Vec<String>,
    #[command(flatten)]
    pub(crate) window: WindowArgs,
    /// Where the table goes; - is standard output
    #[arg(long, short, default_value = "-")]
    pub(crate) output: PathBuf,
    /// Also draw the series into this PNG
    #[arg(long, value_name = "PNG")]
    pub(crate) plot: Option<PathBuf>,
    /// Replace files that exist
    #[arg(long)]
    pub(crate) overwrite: bool,
}

/// A picture of a window.
#[derive(Debug, Args)]
pub(crate) struct QuicklookArgs {
    /// https, s3 or http URL, granule name, or local file
    pub(crate) source: Option<String>,
    #[command(flatten)]
    pub(crate) window: WindowArgs,
    /// Where the picture goes; - is standard output
    #[arg(long, short)]
    pub(crate) output: PathBuf,
    /// Replace the file if it exists
    #[arg(long)]
    pub(crate) overwrite: bool,
}

/// The whole flow.
#[derive(Debug, Args)]
pub(crate) struct DemoArgs {
    /// Folder for the table and the pictures
    #[arg(long, short, default_value = "demo-output")]
    pub(crate) output: PathBuf,
}

/// The stand-in for NASA's services.
#[derive(Debug, Args)]
pub(crate) struct SandboxArgs {
    /// Folder of granules: BUCKET/COLLECTION/GRANULE/GRANULE.h5, or just NISAR_*.h5 files
    #[arg(long)]
    pub(crate) data: PathBuf,
    /// First of the ports to listen on; any free ones if absent
    #[arg(long)]
    pub(crate) port: Option<u16>,
}
