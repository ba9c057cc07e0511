//! asf_search's `jsonlite`, and the same with short names (`jsonlite2`), where `{gn}` stands for the granule's name.

use std::io::Write;

use serde_json::{Map, Value, json};

use super::super::SearchResults;
use super::super::output::unwritten;
use super::{properties, unwrapped, wkt};
use crate::error::Result;
use crate::granule::Granule;

/// Every member: its name, its short name, and the property that it repeats; an empty name is worked out or always null.
const MEMBERS: &[(&str, &str, &str)] = &[
    ("beamMode", "bm", "beamModeType"),
    ("browse", "b", "browse"),
    ("canInSAR", "in", ""),
    ("collectionName", "cnm", "collectionName"),
    ("conceptID", "cid", "conceptID"),
    ("dataset", "d", "platform"),
    ("downloadUrl", "du", "url"),
    ("faradayRotation", "fr", ""),
    ("fileName", "fn", "fileName"),
    ("flightDirection", "fd", "flightDirection"),
    ("flightLine", "fl", ""),
    ("frame", "f", "frameNumber"),
    ("granuleName", "gn", "sceneName"),
    ("groupID", "gid", "groupID"),
    ("instrument", "i", "sensor"),
    ("missionName", "mn", ""),
    ("nisar", "nsr", ""),
    ("offNadirAngle", "on", ""),
    ("orbit", "o", ""),
    ("path", "p", "pathNumber"),
    ("pgeVersion", "pge", "pgeVersion"),
    ("pointingAngle", "pa", ""),
    ("polarization", "po", "polarization"),
    ("productID", "pid", "fileID"),
    ("productType", "pt", "processingLevel"),
    ("productTypeDisplay", "ptd", ""),
    ("sizeMB", "s", ""),
    ("stackSize", "ss", ""),
    ("startTime", "st", "startTime"),
    ("stopTime", "stp", "stopTime"),
    ("thumb", "t", ""),
    ("wkt", "w", ""),
    ("wkt_unwrapped", "wu", ""),
];

/// What only NISAR has: the member and the property that it repeats.
const NISAR: &[(&str, &str)] = &[
    ("additionalUrls", "additionalUrls"),
    ("crid", "crid"),
    ("frameCoverage", "frameCoverage"),
    ("jointObservation", "jointObservation"),
    ("mainBandPolarization", "mainBandPolarization"),
    ("orbitType", "orbitType"),
    ("pgeVersion", "pgeVersion"),
    ("rangeBandwidth", "rangeBandwidth"),
    ("s3Urls", "s3Urls"),
    ("sideBandPolarization", "sideBandPolarization"),
    ("sizeMB", "bytes"),
];

/// Short members that hold the granule's name, which is written once.
const ABBREVIATED: &[&str] = &["b", "du", "fn", "gid", "pid"];

pub(super) fn write(results: &SearchResults, out: impl Write) -> Result<()> {
    let granules: Vec<Value> = results.granules.iter().map(|granule| members(granule).into()).collect();
    serde_json::to_writer_pretty(out, &json!({ "results": granules })).map_err(unwritten)
}

pub(super) fn write_short(results: &SearchResults, out: impl Write) -> Result<()> {
    let granules: Vec<Value> = results.granules.iter().map(short).collect();
    serde_json::to_writer(out, &json!({ "results": granules })).map_err(unwritten)
}

fn members(granule: &Granule) -> Map<String, Value> {
    let properties = properties(granule);
    let of = |name: &str| properties.get(name).cloned().unwrap_or(Value::Null);
    let value = |name: &str, property: &str| match name {
        "canInSAR" => false.into(),
        "nisar" => nisar(&properties),
        "orbit" => match of("orbit") {
            Value::Null => json!([]),
            orbit => json!([orbit.to_string()]),
        },
        "wkt" => wkt(&granule.footprint).into(),
        "wkt_unwrapped" => wkt(&unwrapped(&granule.footprint)).into(),
        _ => of(property),
    };
    MEMBERS.iter().map(|(name, _, property)| ((*name).to_owned(), value(name, property))).collect()
}

/// What only NISAR has.
pub(super) fn nisar(properties: &Map<String, Value>) -> Value {
    let of = |name: &str| properties.get(name).cloned().unwrap_or(Value::Null);
    let mut own: Map<String, Value> =
        NISAR.iter().map(|(name, property)| ((*name).to_owned(), of(property))).collect();
    own.values_mut().for_each(Value::sort_all_objects);
    own.into()
}

fn short(granule: &Granule) -> Value {
    let mut long = members(granule);
    let name = long.get("granuleName").and_then(Value::as_str).unwrap_or_default().to_owned();
    let mut short: Map<String, Value> = MEMBERS
        .iter()
        .map(|(member, short, _)| {
            let value = long.remove(*member).unwrap_or(Value::Null);
            let value = if ABBREVIATED.contains(short) { abbreviated(value, &name) } else { value };
            ((*short).to_owned(), value)
        })
        .collect();
    // asf_search leaves these two empty for NISAR; what belongs there is in `nsr`.
    short.insert("adu".to_owned(), Value::Null);
    short.insert("s3u".to_owned(), Value::Null);
    short.sort_keys();
    short.into()
}

fn abbreviated(value: Value, name: &str) -> Value {
    match value {
        Value::String(text) if !name.is_empty() => text.replace(name, "{gn}").into(),
        Value::Array(values) => values.into_iter().map(|value| abbreviated(value, name)).collect(),
        other => other,
    }
}
