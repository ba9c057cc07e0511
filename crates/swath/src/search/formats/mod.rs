//! Results in the formats of other programs: asf_search's own exports, and STAC.
//!
//! One format, one file. The exports of asf_search are byte for byte those of version 14.1.0, but for its faults: the KML
//! heading `Metadata` is not overwritten by `Files`; an outline across the antimeridian is drawn whole (KML, WKT), not its first
//! part alone; a granule without sizes is written, not a failure; text is escaped where XML wants it.

mod asf_csv;
mod asf_json;
mod jsonlite;
mod kml;
mod metalink;
mod stac;

use std::fmt;
use std::io::Write;
use std::str::FromStr;

use geo::BooleanOps;
use geo_types::{LineString, MultiPolygon};
use serde_json::{Map, Value};

use super::output::{plain_value, unwritten};
use super::{SearchResults, umm};
use crate::error::{Error, Result};
use crate::granule::{Granule, shown};

/// A format that results can be written in; [`SearchResults::write`] writes it.
///
/// ```
/// use swath::search::{Format, SearchResults};
/// let mut out = Vec::new();
/// SearchResults::default().write("metalink".parse::<Format>()?, &mut out)?;
/// assert!(String::from_utf8_lossy(&out).contains("<files>"));
/// # Ok::<(), swath::Error>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Format {
    /// One JSON object; see [`SearchResults::write_json`].
    Json,
    /// One JSON object a line; see [`SearchResults::write_json_lines`].
    JsonLines,
    /// swath's table; see [`SearchResults::write_csv`].
    Csv,
    /// A GeoJSON feature collection with asf_search's properties; see [`SearchResults::write_geojson`].
    GeoJson,
    /// A collection of STAC 1.1 items, one per granule.
    Stac,
    /// asf_search's table of 42 columns.
    AsfCsv,
    /// asf_search's oldest JSON, of 57 members.
    AsfJson,
    /// Placemarks for map programs (KML 2.2).
    Kml,
    /// A list for download programs (metalink 3.0).
    Metalink,
    /// asf_search's `jsonlite`.
    JsonLite,
    /// asf_search's `jsonlite2`: the same with short names.
    JsonLite2,
}

impl Format {
    /// Every format.
    pub const ALL: &'static [Self] = &[
        Self::Json,
        Self::JsonLines,
        Self::Csv,
        Self::GeoJson,
        Self::Stac,
        Self::AsfCsv,
        Self::AsfJson,
        Self::Kml,
        Self::Metalink,
        Self::JsonLite,
        Self::JsonLite2,
    ];

    /// The word that names it.
    pub fn word(self) -> &'static str {
        match self {
            Self::Json => "json",
            Self::JsonLines => "jsonl",
            Self::Csv => "csv",
            Self::GeoJson => "geojson",
            Self::Stac => "stac",
            Self::AsfCsv => "asf-csv",
            Self::AsfJson => "asf-json",
            Self::Kml => "kml",
            Self::Metalink => "metalink",
            Self::JsonLite => "jsonlite",
            Self::JsonLite2 => "jsonlite2",
        }
    }
}

impl fmt::Display for Format {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.word())
    }
}

impl FromStr for Format {
    type Err = Error;

    /// A usage error that lists the formats, for a word that names none.
    fn from_str(text: &str) -> Result<Self> {
        let found = Self::ALL.iter().find(|format| format.word().eq_ignore_ascii_case(text.trim()));
        found.copied().ok_or_else(|| {
            let words: Vec<&str> = Self::ALL.iter().map(|format| format.word()).collect();
            Error::usage(format!("there is no format {:?}", shown(text)))
                .with_hint(format!("it may be {}", words.join(", ")))
        })
    }
}

impl SearchResults {
    /// Writes the results in a format.
    ///
    /// # Errors
    /// A local error when `out` cannot be written.
    pub fn write(&self, format: Format, mut out: impl Write) -> Result<()> {
        let text = match format {
            Format::Json => return self.write_json(out),
            Format::JsonLines => return self.write_json_lines(out),
            Format::Csv => return self.write_csv(out),
            Format::GeoJson => return self.write_geojson(out),
            Format::AsfCsv => return asf_csv::write(self, out),
            Format::AsfJson => return asf_json::write(self, out),
            Format::Stac => return stac::write(self, out),
            Format::JsonLite => return jsonlite::write(self, out),
            Format::JsonLite2 => return jsonlite::write_short(self, out),
            Format::Kml => kml::text(self),
            Format::Metalink => metalink::text(self),
        };
        out.write_all(text.as_bytes()).map_err(unwritten)
    }
}

/// asf_search's properties of a granule, without control characters.
fn properties(granule: &Granule) -> Map<String, Value> {
    match plain_value(umm::properties(granule).into()) {
        Value::Object(map) => map,
        _ => Map::new(),
    }
}

/// A property as Python prints it in a text: `None` when it is absent.
fn printed(properties: &Map<String, Value>, name: &str) -> String {
    match properties.get(name) {
        None | Some(Value::Null) => "None".to_owned(),
        Some(Value::String(text)) => text.clone(),
        Some(other) => other.to_string(),
    }
}

/// The addresses in a list of them.
fn texts<'a>(properties: &'a Map<String, Value>, name: &str) -> Vec<&'a str> {
    let list = properties.get(name).and_then(Value::as_array).map_or(&[][..], Vec::as_slice);
    list.iter().filter_map(Value::as_str).collect()
}

/// Text as XML wants it.
fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}

/// The outline in one piece: parts on both sides of the antimeridian joined, with longitudes from 0 to 360.
fn unwrapped(footprint: &MultiPolygon<f64>) -> MultiPolygon<f64> {
    if footprint.0.len() < 2 {
        return footprint.clone();
    }
    let mut moved = footprint.clone();
    for polygon in &mut moved {
        polygon.exterior_mut(|ring| {
            if ring.0.iter().any(|coord| coord.x < 0.0) {
                ring.0.iter_mut().for_each(|coord| coord.x += 360.0);
            }
        });
    }
    let none = MultiPolygon::new(Vec::new());
    moved.0.into_iter().fold(none, |whole, part| whole.union(&MultiPolygon::new(vec![part])))
}

/// An outline as well-known text, with the shortest numbers.
fn wkt(outline: &MultiPolygon<f64>) -> Option<String> {
    let ring = |ring: &LineString<f64>| {
        let points: Vec<String> = ring.0.iter().map(|coord| format!("{} {}", coord.x, coord.y)).collect();
        format!("({})", points.join(", "))
    };
    match outline.0.as_slice() {
        [] => None,
        [one] => Some(format!("POLYGON ({})", ring(one.exterior()))),
        several => {
            let parts: Vec<String> =
                several.iter().map(|polygon| format!("({})", ring(polygon.exterior()))).collect();
            Some(format!("MULTIPOLYGON ({})", parts.join(", ")))
        }
    }
}

#[cfg(test)]
mod tests;
