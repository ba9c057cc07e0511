//! What was typed, turned into what is meant. Everything after this speaks the library's language.

use swath::search::Query;
use swath::{ErrorKind, LayerOptions, LonLatBox, ReadLimits, Region, Window};

use crate::args::{SearchArgs, WindowArgs};
use crate::failure::Failure;

/// Which pixels of which layer of which sources.
#[derive(Debug, Clone)]
pub(crate) struct LayerRequest {
    pub(crate) sources: Vec<String>,
    pub(crate) wanted: LayerOptions,
}

impl LayerRequest {
    /// Reads a box as four values or as one text with commas; what follows the latter are sources.
    pub(crate) fn new(sources: &[String], args: &WindowArgs) -> Result<Self, Failure> {
        let mut sources = sources.to_vec();
        let region = match (&args.bbox, &args.window) {
            (Some(words), _) => {
                let (area, rest) = lon_lat_box(words)?;
                sources.extend(rest);
                Region::Box(area)
            }
            (None, Some(window)) => match window.as_slice() {
                [row, column, height, width] => Region::Window(Window::new(*row, *column, *height, *width)?),
                _ => return Err(Failure::usage("--window wants ROW COL HEIGHT WIDTH")),
            },
            (None, None) => Region::Whole,
        };
        if sources.is_empty() {
            return Err(Failure::usage("no source was given: a URL, a granule name, or the path of a file"));
        }
        let mut limits = ReadLimits::default();
        if let Some(megabytes) = args.max_mb {
            limits.max_bytes = megabytes.saturating_mul(1_000_000);
        }
        let wanted = LayerOptions::new(&args.frequency, &args.layer).region(region).limits(limits);
        Ok(Self { sources, wanted })
    }
}

/// A box from `W S E N` or `W,S,E,N`, and the words after it.
pub(crate) fn lon_lat_box(words: &[String]) -> Result<(LonLatBox, Vec<String>), Failure> {
    let (numbers, rest): (Vec<&str>, &[String]) = match words {
        [first, rest @ ..] if first.contains(',') => (first.split(',').collect(), rest),
        words => (words.iter().map(String::as_str).collect(), &[]),
    };
    let parsed: Result<Vec<f64>, _> = numbers.iter().map(|text| text.trim().parse::<f64>()).collect();
    let wrong = || {
        Failure::usage(format!(
            "--bbox wants four numbers, W S E N in degrees; it was given {}",
            numbers.join(" ")
        ))
    };
    match parsed.map_err(|_| wrong())?.as_slice() {
        [west, south, east, north] => Ok((LonLatBox::new(*west, *south, *east, *north)?, rest.to_vec())),
        _ => Err(wrong()),
    }
}

/// The query that search options stand for. The library checks the values.
pub(crate) fn query(args: &SearchArgs) -> Result<Query, Failure> {
    let mut query = args.options.query()?;
    if let Some(words) = &args.bbox {
        let (area, rest) = lon_lat_box(words)?;
        if let Some(extra) = rest.first() {
            return Err(Failure::usage(format!("search takes no source: {extra}")));
        }
        query = query.intersects_with(area.to_wkt());
    }
    if let Some(wkt) = &args.wkt {
        query = query.intersects_with(wkt);
    }
    Ok(query)
}

impl Failure {
    /// A mistake in what was typed.
    pub(crate) fn usage(what: impl Into<String>) -> Self {
        Self::new(ErrorKind::Usage, what)
    }
}
