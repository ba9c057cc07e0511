//! What was typed, turned into what is meant. Everything after this speaks the library's language.

use std::io::Read;

use swath::search::{Area, Query};
use swath::{ErrorKind, LayerOptions, LonLatBox, ReadLimits, Region, Window};

use crate::args::{PlaceArgs, SearchArgs, WindowArgs};
use crate::failure::{Failure, printable};
use crate::output::Output;

/// Which pixels of which layer of which sources.
#[derive(Debug, Clone)]
pub(crate) struct LayerRequest {
    pub(crate) sources: Vec<String>,
    pub(crate) wanted: LayerOptions,
    /// What the user should know about how the request was understood.
    notices: Vec<String>,
}

impl LayerRequest {
    /// Reads a box as four values or as one text with commas; what follows the latter are sources.
    pub(crate) fn new(sources: &[String], args: &WindowArgs) -> Result<Self, Failure> {
        let mut sources = sources.to_vec();
        let mut notices = Vec::new();
        let region = match (&args.bbox, &args.window) {
            _ if args.area.is_some() => {
                let area = area(args.area.as_deref().unwrap_or_default())?;
                notices = area.notices();
                let bounds = area.bounds()?;
                notices.push(format!("all pixels of the box around the area are read: {bounds}"));
                Region::Box(bounds)
            }
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
        Ok(Self { sources, wanted, notices })
    }

    /// Says how the request was understood, where that is not plain.
    pub(crate) fn tell(&self, output: Output) {
        self.notices.iter().for_each(|notice| output.note(&printable(notice)));
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

/// The query with the place to look at.
fn within(query: Query, place: &PlaceArgs) -> Result<Query, Failure> {
    if let Some(words) = &place.bbox {
        return Ok(query.bbox(numbers("--bbox", words, "W S E N")?));
    }
    if let Some(given) = &place.area {
        return Ok(query.area(area(given)?));
    }
    if let Some(words) = &place.point {
        let numbers = numbers("--point", words, "LON LAT, or LON LAT METRES")?;
        return Ok(if numbers.len() == 3 { query.circle(numbers) } else { query.point(numbers) });
    }
    match &place.linestring {
        Some(words) => Ok(query.linestring(numbers("--linestring", words, "LON LAT LON LAT…")?)),
        None => Ok(query),
    }
}

/// Numbers separated by blanks or commas.
fn numbers(option: &str, words: &[String], wanted: &str) -> Result<Vec<f64>, Failure> {
    let numbers =
        words.iter().flat_map(|word| word.split(',')).map(str::trim).filter(|word| !word.is_empty());
    let parsed: Result<Vec<f64>, _> = numbers.map(str::parse).collect();
    parsed.map_err(|_| Failure::usage(format!("{option} wants {wanted}; it was given {}", words.join(" "))))
}

/// An area from a file, from standard input, or from the word itself.
fn area(given: &str) -> Result<Area, Failure> {
    /// More than the library takes, so that it is the one to refuse.
    const LARGEST: u64 = 80 << 20;
    if given != "-" {
        return Ok(Area::parse_or_open(given)?);
    }
    let mut bytes = Vec::new();
    let read = std::io::stdin().lock().take(LARGEST).read_to_end(&mut bytes);
    read.map_err(|why| Failure::usage(format!("the area cannot be read from standard input: {why}")))?;
    Ok(Area::from_bytes(&bytes)?)
}

/// The query that search options stand for. The library checks the values.
pub(crate) fn query(args: &SearchArgs) -> Result<Query, Failure> {
    // Ephemerides are none of the products that are meant otherwise.
    let options = if args.ephemerides { args.options.as_typed()? } else { args.options.query()? };
    let query = within(options, &args.place)?;
    if args.ephemerides {
        // The library completes it.
        return Ok(query);
    }
    // What cannot be is told before anything is begun, and in the words that were typed.
    query.plan().map_err(|error| Failure::from(error).in_typed_words())?;
    Ok(query)
}

impl Failure {
    /// A mistake in what was typed.
    pub(crate) fn usage(what: impl Into<String>) -> Self {
        Self::new(ErrorKind::Usage, what)
    }
}
