//! Results as GeoJSON, CSV and JSON lines.
//!
//! Text from the catalogue never reaches the output with control characters in it (a terminal or a log would obey
//! them): each becomes U+FFFD.

use std::io::Write;

use geo_types::{LineString, MultiPolygon};
use serde::Serialize;
use serde_json::{Map, Value, json};

use super::dates::written;
use super::{SearchResults, State, umm};
use crate::error::{Error, ErrorKind, Result};
use crate::granule::{Coverage, Direction, Granule};

/// One line of CSV or JSON. Times are UTC in whole seconds; size is in bytes; absent values are empty or null.
#[derive(Debug, Serialize)]
struct Record {
    granule: String,
    start: Option<String>,
    end: Option<String>,
    track: Option<i64>,
    frame: Option<i64>,
    direction: Option<&'static str>,
    polarization: Option<String>,
    crid: Option<String>,
    maturity: Option<String>,
    coverage: Option<&'static str>,
    area_percent: Option<f64>,
    size: Option<u64>,
    state: String,
    url: Option<String>,
    s3_url: Option<String>,
}

/// The columns of CSV: the members of [`Record`].
const COLUMNS: [&str; 15] = [
    "granule",
    "start",
    "end",
    "track",
    "frame",
    "direction",
    "polarization",
    "crid",
    "maturity",
    "coverage",
    "area_percent",
    "size",
    "state",
    "url",
    "s3_url",
];

/// One line of JSON.
#[derive(Debug, Serialize)]
struct Line {
    #[serde(flatten)]
    record: Record,
    superseded_by: Option<String>,
    part: Option<[usize; 2]>,
    collection: Option<String>,
    concept_id: Option<String>,
}

impl Record {
    fn new(granule: &Granule, area_percent: Option<f64>, state: &str) -> Self {
        let coverage = granule.coverage.and_then(|coverage| match coverage {
            Coverage::Full => Some("full"),
            Coverage::Partial => Some("partial"),
            _ => None,
        });
        let polarizations = &granule.main_band_polarization;
        Self {
            granule: plain(&granule.name),
            start: granule.start.map(written),
            end: granule.end.map(written),
            track: granule.track,
            frame: granule.frame,
            direction: granule.direction.map(Direction::word),
            polarization: (!polarizations.is_empty()).then(|| plain(&polarizations.join("+"))),
            crid: granule.crid.map(|crid| crid.to_string()),
            maturity: granule.maturity.map(|maturity| maturity.to_string()),
            coverage,
            // A tenth of a percent is finer than outlines are.
            area_percent: area_percent.map(|percent| (percent * 10.0).round() / 10.0),
            size: granule.size,
            state: plain(state),
            url: granule.data_url().map(plain),
            s3_url: granule.data_s3_url().map(plain),
        }
    }
}

/// The text without control characters, also not those that turn the direction of writing.
pub(super) fn plain(text: &str) -> String {
    if is_plain(text) {
        return text.to_owned();
    }
    let hidden = |c: char| {
        c.is_control()
            || matches!(c, '\u{2028}' | '\u{2029}' | '\u{202A}'..='\u{202E}' | '\u{2066}'..='\u{2069}')
    };
    text.chars().map(|c| if hidden(c) { char::REPLACEMENT_CHARACTER } else { c }).collect()
}

/// Whether a text is printable ASCII throughout, as nearly all are: nothing has to be replaced in it.
pub(super) fn is_plain(text: &str) -> bool {
    // Without an early end the compiler looks at many bytes at a time.
    text.bytes().fold(true, |plain, byte| plain & (0x20..0x7F).contains(&byte))
}

/// The same for every text within a value.
pub(super) fn plain_value(value: Value) -> Value {
    match value {
        Value::String(text) => plain(&text).into(),
        Value::Array(values) => values.into_iter().map(plain_value).collect(),
        Value::Object(map) => map
            .into_iter()
            .map(|(key, value)| (plain(&key), plain_value(value)))
            .collect::<Map<_, _>>()
            .into(),
        other => other,
    }
}

impl SearchResults {
    /// Writes CSV (RFC 4180): a header, then one line per granule. All but numbers is quoted.
    ///
    /// A text that begins with `=`, `+`, `-` or `@` stays as it is, though a spreadsheet may take it for a formula: whoever reads the
    /// table with a program wants the value.
    ///
    /// Columns: granule, start, end (UTC), track, frame, direction, polarization (of frequency A), crid, maturity,
    /// coverage, area_percent (of the area searched), size (bytes), state, url, s3_url.
    ///
    /// # Errors
    /// A local error when `out` cannot be written.
    pub fn write_csv(&self, out: impl Write) -> Result<()> {
        let mut csv = csv::WriterBuilder::new().quote_style(csv::QuoteStyle::NonNumeric).from_writer(out);
        if self.granules.is_empty() {
            // The columns are there even when no row is; serializing a row writes them otherwise.
            csv.write_record(COLUMNS).map_err(unwritten)?;
        }
        for ((granule, state), percent) in self.states().into_iter().zip(self.area_percents()) {
            csv.serialize(Record::new(granule, percent, &state.to_string())).map_err(unwritten)?;
        }
        csv.flush().map_err(unwritten)
    }

    /// Writes one JSON object per line, with the members of the CSV columns, `collection`, `concept_id`, and
    /// `superseded_by` (a name or null), and `part` (`[1, 2]` for the first of two parts of a frame, or null).
    ///
    /// # Errors
    /// A local error when `out` cannot be written.
    pub fn write_json_lines(&self, mut out: impl Write) -> Result<()> {
        for line in self.lines() {
            serde_json::to_writer(&mut out, &line).map_err(unwritten)?;
            out.write_all(b"\n").map_err(unwritten)?;
        }
        Ok(())
    }

    /// Writes one JSON object: `{"hits": …, "granules": […], "odd": […], "notices": […]}`, a granule with the members of
    /// [`SearchResults::write_json_lines`].
    ///
    /// # Errors
    /// A local error when `out` cannot be written.
    pub fn write_json(&self, mut out: impl Write) -> Result<()> {
        let odd: Vec<Value> = self
            .odd
            .iter()
            .map(|odd| json!({"concept_id": odd.concept_id, "why": plain(&odd.why)}))
            .collect();
        let whole = json!({"hits": self.hits, "granules": self.lines(), "odd": odd, "notices": self.notices});
        serde_json::to_writer(&mut out, &whole).map_err(unwritten)
    }

    fn lines(&self) -> Vec<Line> {
        let whole = |((state, part), percent)| line(state, part, percent);
        self.states().into_iter().zip(self.part_numbers()).zip(self.area_percents()).map(whole).collect()
    }

    /// Writes a GeoJSON feature collection (RFC 7946) with asf_search's properties.
    ///
    /// # Errors
    /// A local error when `out` cannot be written.
    pub fn write_geojson(&self, mut out: impl Write) -> Result<()> {
        out.write_all(b"{\"type\":\"FeatureCollection\",\"features\":[").map_err(unwritten)?;
        for (index, granule) in self.granules.iter().enumerate() {
            out.write_all(if index == 0 { b"\n" } else { b",\n" }).map_err(unwritten)?;
            serde_json::to_writer(&mut out, &granule.feature()).map_err(unwritten)?;
        }
        out.write_all(b"\n]}\n").map_err(unwritten)
    }
}

fn line((granule, state): (&Granule, State), part: Option<[usize; 2]>, percent: Option<f64>) -> Line {
    let superseded_by = match &state {
        State::Superseded { by } => Some(plain(by)),
        _ => None,
    };
    Line {
        record: Record::new(granule, percent, state.word()),
        superseded_by,
        part,
        collection: granule.collection.as_deref().map(plain),
        concept_id: granule.concept_id.as_deref().map(plain),
    }
}

pub(super) fn unwritten(why: impl std::error::Error + Send + Sync + 'static) -> Error {
    Error::new(ErrorKind::Local, "could not write the results").because(why)
}

impl Granule {
    /// The granule as a GeoJSON feature, with asf_search's properties.
    pub fn feature(&self) -> Value {
        let properties = plain_value(umm::properties(self).into());
        json!({"type": "Feature", "geometry": geometry(&self.footprint), "properties": properties})
    }
}

/// The outline as GeoJSON; null when there is none.
pub(super) fn geometry(footprint: &MultiPolygon<f64>) -> Value {
    let ring = |ring: &LineString<f64>| ring.0.iter().map(|c| json!([c.x, c.y])).collect::<Vec<_>>();
    match footprint.0.as_slice() {
        [] => Value::Null,
        [one] => json!({"type": "Polygon", "coordinates": [ring(one.exterior())]}),
        several => {
            let rings: Vec<_> = several.iter().map(|polygon| json!([ring(polygon.exterior())])).collect();
            json!({"type": "MultiPolygon", "coordinates": rings})
        }
    }
}

#[cfg(test)]
mod tests;
