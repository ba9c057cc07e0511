//! What was typed. What it means is decided in [`crate::request`].

use std::path::PathBuf;
use std::time::Duration;

use clap::{ArgAction, Args, Parser, Subcommand};
use swath::Access;
use swath_sandbox::Misbehaviour;

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
Exit codes: 0 done, 1 internal or local failure, 2 usage, 4 login or licence, 5 service, network
or time, 6 damaged or unreadable data, 7 some sources failed, 8 refused because it would cost too
much, 130 interrupted, 143 terminated.

Environment: EARTHDATA_TOKEN, EARTHDATA_USERNAME and EARTHDATA_PASSWORD, NETRC, SSL_CERT_FILE, HTTPS_PROXY, NO_PROXY,
XDG_CACHE_HOME, XDG_CONFIG_HOME, SWATH_ACCESS, SWATH_OFFLINE, SWATH_CACHE_MAX_MB; for test servers
SWATH_CMR_URL, SWATH_EDL_URL, SWATH_S3CREDENTIALS_URL, SWATH_S3_ENDPOINT_URL, SWATH_TOKEN_HOSTS,
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
    /// Tell by which way the archive is read, and of every wait, on standard error
    #[arg(long, short, global = true)]
    pub(crate) verbose: bool,
    /// Way to the archive: s3 (inside AWS us-west-2), https, or auto, which finds out
    #[arg(long, global = true, value_name = "WAY", value_parser = access)]
    pub(crate) access: Option<Access>,
    /// Give up after this time (90s, 5m, 1h30m); what is done by then is kept
    #[arg(long, global = true, value_name = "TIME", value_parser = time)]
    pub(crate) timeout: Option<Duration>,
}

fn access(text: &str) -> Result<Access, String> {
    text.parse().map_err(|error: swath::Error| error.hint().unwrap_or("it is no access").to_owned())
}

/// A span as people write it; a number alone is of seconds.
fn time(text: &str) -> Result<Duration, String> {
    let text = text.trim();
    let seconds = text.parse::<f64>().ok().and_then(|seconds| Duration::try_from_secs_f64(seconds).ok());
    let spelled = || Duration::try_from(text.parse::<jiff::SignedDuration>().ok()?).ok();
    let found = seconds.or_else(spelled).filter(|time| !time.is_zero());
    found.ok_or_else(|| "a time is wanted, such as 90s, 5m or 1h30m".to_owned())
}

/// The verbs.
#[derive(Debug, Subcommand)]
pub(crate) enum Verb {
    /// Find granules in the catalogue; the newest release of each product unless told otherwise
    #[command(after_help = "\
Examples:
  swath search --bbox 40.9 12.4 41.9 13.2 --start 2025-11-22 --end 2026-03-05 --direction ascending
  swath search --point 40.85 13.26 --all-versions --json
  swath search --area lakes.geojson --start 2026-01-01
  swath search --track 172 --frame 8 --jsonl | jq -r .url
  swath search --start '3 weeks ago' --frame-coverage full --main-band-polarization HH+HV --count
  swath search --platform S1 --product SLC --beam-mode IW --start 'last week' --count

Commas separate lists, a dash makes a range: --track 170-172,15.
Where no option names other data, GCOV of NISAR's production is meant.")]
    Search(Box<SearchArgs>),
    /// Download whole files: products by URL or name, quality reports, pictures; goes on where it stopped
    #[command(after_help = "\
Examples:
  swath get NISAR_L2_PR_GCOV_005_172_A_008_2005_DHDH_A_20251122T024618_20251122T024652_X05009_N_F_J_001 -o granules
  swath search --track 172 --frame 8 --jsonl | swath get - -o granules --files data,qa
  swath get s3://BUCKET/KEY.h5")]
    Get(GetArgs),
    /// Log in to Earthdata: find or make a token, try it, and keep it
    #[command(after_help = "\
Without options the token is EARTHDATA_TOKEN's, or the netrc file's user's, or asked for.

Examples:
  swath login
  swath login --username ME
  swath login --token-stdin < token.txt")]
    Login(LoginArgs),
    /// Tell who is logged in, and when the token expires
    Status(StatusArgs),
    /// Remove the token that `swath login` kept
    Logout,
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
    /// Find out why it does not work here: a report without secrets, to be pasted
    #[command(after_help = "\
Looks at proxy, certificates, names, the services and their clock, the token and the licence, the first bytes of a granule
over https and from S3, and the disk. Ends with 1 when a check failed.

Examples:
  swath doctor
  swath doctor --json")]
    Doctor,
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
  swath sandbox --data granules --port 18000
  swath sandbox --data granules --misbehave 'cdn status=503 times=2' --misbehave 'cmr partial=2'

An ORDER is a service (cmr, login, gateway, cdn, s3), what it does wrong, and when (else once).
  what  status=CODE (retry-after=SECONDS), cut=BYTES, stall=BYTES or trickle=BYTES (pause=SECONDS),
        short=BYTES, end=BYTES, flip=OFFSET, replace, ignore-range, wrong-content-range, login-page,
        redirect=URL, expire-signed-urls, expire-credentials, region-refused, partial=ROWS,
        timed-out=ROWS
  when  after=COUNT, times=COUNT, always, path=TEXT, byte=OFFSET, ranged")]
    Sandbox(SandboxArgs),
}

/// What to look for.
#[derive(Debug, Args)]
pub(crate) struct SearchArgs {
    #[command(flatten)]
    pub(crate) place: PlaceArgs,
    #[command(flatten)]
    pub(crate) options: QueryArgs,
    /// Superseded releases, other maturities and what lies outside of the area too
    #[arg(long)]
    pub(crate) all_versions: bool,
    /// Answer from what the cache keeps of earlier searches; says how old it is
    #[arg(long)]
    pub(crate) offline: bool,
    /// Print only how many granules the catalogue has
    #[arg(long)]
    pub(crate) count: bool,
    /// Print what the granules of the collections can be searched by (--cmr-keywords) instead of granules
    #[arg(long, conflicts_with_all = ["count", "ephemerides", "extension", "pattern", "offline"])]
    pub(crate) attributes: bool,
    /// Print NISAR's newest orbit ephemerides instead: precise, medium, near-real-time, forecast (--extension .xml for URLs)
    #[arg(long, conflicts_with_all = ["count", "offline", "all_versions"])]
    pub(crate) ephemerides: bool,
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

/// Where to look: one of these.
#[derive(Debug, Args)]
#[group(multiple = false)]
pub(crate) struct PlaceArgs {
    /// Area as a box, in degrees: west south east north (or W,S,E,N); across the antimeridian W is greater than E
    #[arg(long, help_heading = "Where", num_args = 1..=4, value_names = ["W", "S", "E", "N"], allow_negative_numbers = true)]
    pub(crate) bbox: Option<Vec<String>>,
    /// Area as well-known text, GeoJSON or KML; or a file: .wkt .geojson .kml .kmz .shp .zip; - is standard input
    #[arg(long, help_heading = "Where", visible_aliases = ["wkt", "intersects-with"])]
    pub(crate) area: Option<String>,
    /// Area at a point, in degrees (or LON,LAT); with a radius in metres, around it
    #[arg(long, help_heading = "Where", num_args = 1..=3, value_names = ["LON", "LAT", "METRES"], allow_negative_numbers = true)]
    #[arg(visible_alias = "circle")]
    pub(crate) point: Option<Vec<String>>,
    /// Area along a line of two points or more, in degrees (or LON,LAT,LON,LAT…)
    #[arg(long, help_heading = "Where", num_args = 1.., value_names = ["LON LAT"], allow_negative_numbers = true)]
    pub(crate) linestring: Option<Vec<String>>,
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
    /// Another format: json, jsonl, csv, geojson, stac, asf-csv, asf-json, kml, metalink, jsonlite, jsonlite2
    #[arg(long, value_name = "FORMAT")]
    pub(crate) format: Option<String>,
}

/// What to download.
#[derive(Debug, Args)]
pub(crate) struct GetArgs {
    /// https or s3 URLs, names of granules or of their files; - reads them from standard input, one a line
    #[arg(value_name = "SOURCE")]
    pub(crate) sources: Vec<String>,
    /// Folder to put the files into
    #[arg(long, short, default_value = ".")]
    pub(crate) output: PathBuf,
    /// Files of each granule: data, qa, browse, metadata, all
    #[arg(long, value_delimiter = ',', value_name = "KIND")]
    pub(crate) files: Vec<String>,
    /// Replace other files of the same name
    #[arg(long)]
    pub(crate) overwrite: bool,
    /// The same as --access s3
    #[arg(long, conflicts_with = "access")]
    pub(crate) direct_access: bool,
    /// Refuse to begin when the files have more than this many MB together
    #[arg(long, value_name = "MB")]
    pub(crate) max_mb: Option<u64>,
    /// Files at the same time
    #[arg(long, default_value_t = 4)]
    pub(crate) jobs: usize,
}

/// How to log in.
#[derive(Debug, Args)]
pub(crate) struct LoginArgs {
    /// User of Earthdata Login; the password is EARTHDATA_PASSWORD's or asked for
    #[arg(long, conflicts_with = "token_stdin")]
    pub(crate) username: Option<String>,
    /// Read the token from standard input
    #[arg(long)]
    pub(crate) token_stdin: bool,
    /// Keep the token without asking ASF whether it opens the archive
    #[arg(long)]
    pub(crate) no_check: bool,
}

/// What to tell of the login.
#[derive(Debug, Args)]
pub(crate) struct StatusArgs {
    /// Ask ASF whether the token opens the archive
    #[arg(long)]
    pub(crate) check: bool,
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
    /// Box around an area: well-known text, GeoJSON, KML, or a file of these or of shapes (.shp .zip)
    #[arg(long, conflicts_with = "bbox")]
    pub(crate) area: Option<String>,
    /// Window in pixels: first row, first column, height, width
    #[arg(long, num_args = 4, value_names = ["ROW", "COL", "HEIGHT", "WIDTH"], conflicts_with_all = ["bbox", "area"])]
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
    /// Let a service do something wrong, as 'cdn cut=1000 after=2'; may be given again
    #[arg(long, value_name = "ORDER")]
    pub(crate) misbehave: Vec<Misbehaviour>,
    /// How long signed URLs and S3 credentials live
    #[arg(long, value_name = "SECONDS", default_value_t = 3600)]
    pub(crate) lifetime: u64,
    /// When it ends, write what was asked into this file: one JSON object a line
    #[arg(long, value_name = "FILE")]
    pub(crate) log: Option<PathBuf>,
}
