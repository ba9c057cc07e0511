//! asf_search's table: 42 columns for all missions, of which NISAR fills fifteen. All is quoted, lines end with CR LF.

use std::io::Write;

use serde_json::{Map, Value};

use super::super::SearchResults;
use super::super::output::unwritten;
use super::properties;
use crate::error::Result;
use crate::granule::Granule;

/// Every column: its head, and the property that fills it; an empty name fills none for NISAR.
const COLUMNS: &[(&str, &str)] = &[
    ("Granule Name", "sceneName"),
    ("Platform", "platform"),
    ("Sensor", "sensor"),
    ("Beam Mode", "beamModeType"),
    ("Beam Mode Description", ""),
    ("Orbit", "orbit"),
    ("Path Number", "pathNumber"),
    ("Frame Number", "frameNumber"),
    ("Acquisition Date", ""),
    ("Processing Date", "processingDate"),
    ("Processing Level", "processingLevel"),
    ("Start Time", "startTime"),
    ("End Time", "stopTime"),
    ("Center Lat", "centerLat"),
    ("Center Lon", "centerLon"),
    ("Near Start Lat", ""),
    ("Near Start Lon", ""),
    ("Far Start Lat", ""),
    ("Far Start Lon", ""),
    ("Near End Lat", ""),
    ("Near End Lon", ""),
    ("Far End Lat", ""),
    ("Far End Lon", ""),
    ("Faraday Rotation", ""),
    ("Ascending or Descending?", "flightDirection"),
    ("URL", "url"),
    ("Size (MB)", SIZE),
    ("Off Nadir Angle", ""),
    ("Stack Size", ""),
    ("Doppler", ""),
    ("GroupID", "groupID"),
    ("Pointing Angle", ""),
    ("TemporalBaseline", ""),
    ("PerpendicularBaseline", ""),
    ("relativeBurstID", ""),
    ("absoluteBurstID", ""),
    ("fullBurstID", ""),
    ("burstIndex", ""),
    ("azimuthTime", ""),
    ("azimuthAnxTime", ""),
    ("samplesPerBurst", ""),
    ("subswath", ""),
];

/// The size of the product, which is no property of that name.
const SIZE: &str = "size";

pub(super) fn write(results: &SearchResults, out: impl Write) -> Result<()> {
    let mut csv = csv::WriterBuilder::new()
        .quote_style(csv::QuoteStyle::Always)
        .terminator(csv::Terminator::CRLF)
        .from_writer(out);
    csv.write_record(COLUMNS.iter().map(|(head, _)| head)).map_err(unwritten)?;
    for granule in &results.granules {
        let properties = properties(granule);
        let cell = |(_, name): &(&str, &str)| cell(granule, &properties, name);
        csv.write_record(COLUMNS.iter().map(cell)).map_err(unwritten)?;
    }
    csv.flush().map_err(unwritten)
}

fn cell(granule: &Granule, properties: &Map<String, Value>, name: &str) -> String {
    if name == SIZE {
        // Ten places wide, as asf_search writes it.
        return granule.size.map(|bytes| format!("{:10.2}", bytes as f64 / 1e6)).unwrap_or_default();
    }
    match properties.get(name) {
        None | Some(Value::Null) => String::new(),
        Some(Value::String(text)) => text.clone(),
        Some(other) => other.to_string(),
    }
}
