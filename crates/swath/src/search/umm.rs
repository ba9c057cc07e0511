//! From a catalogue item (UMM-G) to a [`Granule`]: which field comes from where.
//!
//! [`PROPERTIES`] is the table: names and order are those of asf_search's NISAR results, sources are paths in the
//! UMM-G record. Nothing here fails on what is missing or odd but a missing name: a field that cannot be read is
//! absent.

use std::collections::BTreeSet;

use geo_types::{Coord, LineString, MultiPolygon};
use jiff::{Timestamp, civil, tz};
use serde_json::{Map, Value};

use super::dates::written;
use super::output::plain;
use crate::granule::{Coverage, Crid, Direction, Granule, GranuleName, Maturity, file_name, on_the_map};

/// Where a field is found in an item `{"meta": …, "umm": …}`.
#[derive(Debug, Clone, Copy)]
pub(super) enum Source {
    /// An additional attribute: the `Values` of the one with this `Name`.
    Attribute(&'static str),
    /// A JSON pointer.
    At(&'static str),
    /// The identifier of this `IdentifierType`.
    Identifier(&'static str),
}

use Source::{At, Attribute, Identifier};

/// How a field's value is given.
#[derive(Debug, Clone, Copy)]
pub(super) enum Form {
    /// The text.
    Text(Source),
    /// A whole number.
    Integer(Source),
    /// A number.
    Number(Source),
    /// All values.
    List(Source),
    /// A time in whole seconds, UTC.
    Time(Source),
    /// Worked out from more than one place.
    Computed(fn(&Value) -> Value),
}

use Form::{Computed, Integer, List, Number, Text, Time};

const DIRECTION: Source = Attribute("ASCENDING_DESCENDING");
const TRACK: Source = Attribute("TRACK_NUMBER");
const FRAME: Source = Attribute("FRAME_NUMBER");
const PRODUCT_TYPE: Source = Attribute("PRODUCT_TYPE");
const BEGINNING: Source = At("/umm/TemporalExtent/RangeDateTime/BeginningDateTime");
const ENDING: Source = At("/umm/TemporalExtent/RangeDateTime/EndingDateTime");
const GRANULE_UR: Source = At("/umm/GranuleUR");
const CRID: Source = Identifier("CRID");
const MAIN_BAND: Source = Attribute("FREQUENCY_A_POLARIZATION");
const SIDE_BAND: Source = Attribute("FREQUENCY_B_POLARIZATION");
const BANDWIDTH: Source = Attribute("RANGE_BANDWIDTH_CONCAT");
const PIPELINE: Source = Attribute("PRODUCTION_PIPELINE");
const COLLECTION: Source = At("/umm/CollectionReference/ShortName");
const ORBIT_TYPE: Source = Attribute("ORBIT_TYPE");
const PRODUCED: Source = At("/umm/DataGranule/ProductionDateTime");
const PRODUCER_NAME: Source = Identifier("ProducerGranuleId");

/// Every property of a result, in asf_search's names and order.
pub(super) const PROPERTIES: &[(&str, Form)] = &[
    ("centerLat", Number(Attribute("CENTER_LAT"))),
    ("centerLon", Number(Attribute("CENTER_LON"))),
    ("stopTime", Time(ENDING)),
    ("fileID", Text(GRANULE_UR)),
    ("flightDirection", Text(DIRECTION)),
    ("pathNumber", Integer(TRACK)),
    ("processingLevel", Text(PRODUCT_TYPE)),
    ("url", Computed(|item| primary_url(item).map_or(Value::Null, Value::from))),
    ("startTime", Time(BEGINNING)),
    ("sceneName", Text(PRODUCER_NAME)),
    ("browse", Computed(|item| browse(&urls(item)).into())),
    ("platform", Computed(platform)),
    ("bytes", Computed(sizes)),
    ("md5sum", Text(Attribute("MD5SUM"))),
    ("frameNumber", Integer(FRAME)),
    ("granuleType", Text(Attribute("GRANULE_TYPE"))),
    ("orbit", Integer(At("/umm/OrbitCalculatedSpatialDomains/0/OrbitNumber"))),
    ("polarization", Text(Attribute("POLARIZATION"))),
    ("processingDate", Time(PRODUCED)),
    ("sensor", Text(At("/umm/Platforms/0/Instruments/0/ShortName"))),
    ("pgeVersion", Text(At("/umm/PGEVersionClass/PGEVersion"))),
    ("crid", Text(CRID)),
    ("mainBandPolarization", List(MAIN_BAND)),
    ("sideBandPolarization", List(SIDE_BAND)),
    ("frameCoverage", Computed(frame_coverage)),
    ("jointObservation", Computed(|item| joint_observation(item).map_or(Value::Null, Value::from))),
    ("rangeBandwidth", List(BANDWIDTH)),
    ("productionConfiguration", Text(PIPELINE)),
    ("collectionName", Text(COLLECTION)),
    ("orbitType", Text(ORBIT_TYPE)),
    ("fileName", Computed(|item| primary_url(item).map_or(Value::Null, |url| file_name(&url).into()))),
    ("beamModeType", Text(Attribute("BEAM_MODE"))),
    ("additionalUrls", Computed(additional_urls)),
    ("s3Urls", Computed(|item| s3_urls(item).into())),
    ("groupID", Text(PRODUCER_NAME)),
    ("conceptID", Text(At("/meta/collection-concept-id"))),
];

/// The properties of an item, as GeoJSON has them.
pub(super) fn properties(item: &Value) -> Map<String, Value> {
    let property = |(name, form): &(&str, Form)| ((*name).to_owned(), read(item, *form));
    let mut all: Map<String, Value> = PROPERTIES.iter().map(property).collect();
    if all.get("processingLevel").is_some_and(Value::is_null) {
        all.shift_remove("processingLevel");
    }
    all
}

fn read(item: &Value, form: Form) -> Value {
    match form {
        Text(source) => text(item, source).map_or(Value::Null, Value::from),
        Integer(source) => integer(item, source).map_or(Value::Null, Value::from),
        Number(source) => {
            text(item, source).and_then(|t| t.parse::<f64>().ok()).map_or(Value::Null, Value::from)
        }
        List(source) => match values(item, source) {
            all if all.is_empty() => Value::Null,
            all => all.into(),
        },
        Time(source) => time(item, source).map_or(Value::Null, |time| written(time).into()),
        Computed(work_out) => work_out(item),
    }
}

/// The granule that an item describes.
///
/// The error is the reason, in words, why it cannot be used.
pub(super) fn granule(item: Value) -> Result<Granule, String> {
    let name = text(&item, GRANULE_UR).ok_or("it has no GranuleUR")?;
    let producer_name = text(&item, PRODUCER_NAME);
    let parsed = [Some(name.as_str()), producer_name.as_deref()]
        .into_iter()
        .flatten()
        .find_map(|name| GranuleName::parse(name).ok());
    let collection = text(&item, COLLECTION);
    let crid =
        text(&item, CRID).and_then(|text| Crid::parse(&text)).or(parsed.as_ref().map(|name| name.crid));
    let tier = collection.as_deref().and_then(Maturity::of_collection);
    let urls = urls(&item);
    let own_file = format!("{name}.h5");
    let from_name = parsed.as_ref();
    Ok(Granule {
        footprint: footprint(&item),
        start: time(&item, BEGINNING).or(from_name.map(|name| name.start)),
        end: time(&item, ENDING)
            .or(from_name.map(|name| name.secondary.map_or(name.end, |second| second.end))),
        browse: browse(&urls),
        s3_urls: s3_urls(&item),
        size: size(&item, &own_file, parsed.is_some()),
        maturity: tier.or(crid.filter(|_| parsed.is_some()).map(Maturity::of_crid)),
        crid,
        product: text(&item, PRODUCT_TYPE)
            .or_else(|| from_name.map(|name| name.product.to_string()))
            .or_else(|| text(&item, Attribute("PROCESSING_TYPE"))),
        track: integer(&item, TRACK)
            .or(from_name.map(|name| name.track.into()))
            .or_else(|| integer(&item, Attribute("PATH_NUMBER"))),
        frame: integer(&item, FRAME).or(from_name.map(|name| name.frame.number.into())),
        direction: text(&item, DIRECTION)
            .and_then(|text| Direction::from_text(&text))
            .or(from_name.map(|name| name.direction)),
        main_band_polarization: values(&item, MAIN_BAND),
        side_band_polarization: values(&item, SIDE_BAND),
        range_bandwidth: values(&item, BANDWIDTH),
        coverage: coverage(&item).or(from_name.and_then(|name| name.coverage)),
        joint_observation: joint_observation(&item),
        production_configuration: text(&item, PIPELINE)
            .or_else(|| from_name.map(|name| name.pipeline.code().to_owned())),
        orbit_type: text(&item, ORBIT_TYPE),
        processed: time(&item, PRODUCED),
        concept_id: text(&item, At("/meta/concept-id")),
        primary_url: primary_url(&item),
        collection,
        urls,
        parsed,
        name,
        item,
    })
}

/// Every value of a source that says something, as text.
fn values(item: &Value, source: Source) -> Vec<String> {
    let found: Vec<&Value> = match source {
        At(path) => item.pointer(path).into_iter().collect(),
        Attribute(name) => member(item, "/umm/AdditionalAttributes", "Name", name)
            .and_then(|attribute| attribute.get("Values"))
            .and_then(Value::as_array)
            .map_or_else(Vec::new, |values| values.iter().collect()),
        Identifier(kind) => member(item, "/umm/DataGranule/Identifiers", "IdentifierType", kind)
            .and_then(|identifier| identifier.get("Identifier"))
            .into_iter()
            .collect(),
    };
    found.into_iter().filter_map(said).collect()
}

/// The first value of an additional attribute.
pub(super) fn attribute(item: &Value, name: &'static str) -> Option<String> {
    text(item, Attribute(name))
}

/// The member of a list whose `key` is `wanted`.
fn member<'a>(item: &'a Value, list: &str, key: &str, wanted: &str) -> Option<&'a Value> {
    let is_wanted = |entry: &&Value| entry.get(key).and_then(Value::as_str) == Some(wanted);
    array(item, list).iter().find(is_wanted)
}

fn array<'a>(item: &'a Value, path: &str) -> &'a [Value] {
    item.pointer(path).and_then(Value::as_array).map_or(&[], Vec::as_slice)
}

/// A value as text without control characters, unless it is one of the ways in which the catalogue says nothing.
fn said(value: &Value) -> Option<String> {
    let text = match value {
        Value::String(text) => plain(text),
        Value::Number(number) => number.to_string(),
        Value::Bool(flag) => flag.to_string(),
        _ => return None,
    };
    (!matches!(text.as_str(), "" | "NA" | "N/A" | "NOT AVAILABLE" | "None")).then_some(text)
}

fn text(item: &Value, source: Source) -> Option<String> {
    values(item, source).into_iter().next()
}

fn integer(item: &Value, source: Source) -> Option<i64> {
    text(item, source)?.trim().parse().ok()
}

fn time(item: &Value, source: Source) -> Option<Timestamp> {
    let text = text(item, source)?;
    let as_utc = || tz::Offset::UTC.to_timestamp(text.parse::<civil::DateTime>().ok()?).ok();
    text.parse::<Timestamp>().ok().or_else(as_utc)
}

fn flag(item: &Value, name: &'static str) -> Option<bool> {
    match text(item, Attribute(name))?.to_ascii_uppercase().as_str() {
        "TRUE" => Some(true),
        "FALSE" => Some(false),
        _ => None,
    }
}

fn coverage(item: &Value) -> Option<Coverage> {
    flag(item, "FULL_FRAME").map(|full| if full { Coverage::Full } else { Coverage::Partial })
}

fn frame_coverage(item: &Value) -> Value {
    match coverage(item) {
        Some(Coverage::Full) => "Full".into(),
        Some(_) => "Partial".into(),
        None => Value::Null,
    }
}

fn joint_observation(item: &Value) -> Option<bool> {
    flag(item, "JOINT_OBSERVATION")
}

fn platform(item: &Value) -> Value {
    text(item, Attribute("ASF_PLATFORM"))
        .or_else(|| text(item, At("/umm/Platforms/0/ShortName")))
        .map_or(Value::Null, Value::from)
}

/// Kinds of addresses that lead to a file or service of the granule.
const URL_TYPES: &[&str] = &[
    "GET DATA",
    "EXTENDED METADATA",
    "GET DATA VIA DIRECT ACCESS",
    "GET RELATED VISUALIZATION",
    "VIEW RELATED INFORMATION",
    "USE SERVICE API",
];

/// Every address of the granule, sorted, once.
fn all_urls(item: &Value) -> BTreeSet<&str> {
    let known = |entry: &&Value| {
        entry.get("Type").and_then(Value::as_str).is_some_and(|kind| URL_TYPES.contains(&kind))
    };
    array(item, "/umm/RelatedUrls")
        .iter()
        .filter(known)
        .filter_map(|entry| entry.get("URL").and_then(Value::as_str))
        .collect()
}

fn urls(item: &Value) -> Vec<String> {
    all_urls(item).into_iter().filter(|url| !url.starts_with("s3://")).map(plain).collect()
}

fn s3_urls(item: &Value) -> Vec<String> {
    all_urls(item).into_iter().filter(|url| url.starts_with("s3://")).map(plain).collect()
}

/// The first address of type `GET DATA`.
fn primary_url(item: &Value) -> Option<String> {
    let data = member(item, "/umm/RelatedUrls", "Type", "GET DATA")?;
    data.get("URL").and_then(said)
}

fn browse(urls: &[String]) -> Vec<String> {
    let picture = |url: &&String| [".png", ".jpg", ".jpeg"].iter().any(|ending| url.ends_with(ending));
    urls.iter().filter(picture).cloned().collect()
}

/// The addresses of the other files: neither the data, nor pictures, checksums or credentials.
fn additional_urls(item: &Value) -> Value {
    let primary = primary_url(item);
    let other = |url: &String| {
        Some(url) != primary.as_ref()
            && !url.ends_with(".md5")
            && !url.ends_with(".png")
            && !url.contains("s3credentials")
    };
    urls(item).into_iter().filter(other).collect()
}

const FILES: &str = "/umm/DataGranule/ArchiveAndDistributionInformation";

/// Size and format of every file, by name.
fn sizes(item: &Value) -> Value {
    let one = |file: &Value| {
        let entry = [("bytes", "SizeInBytes"), ("format", "Format")]
            .map(|(name, key)| (name.to_owned(), file.get(key).cloned().unwrap_or(Value::Null)));
        Some((file.get("Name")?.as_str()?.to_owned(), Value::Object(entry.into_iter().collect())))
    };
    Value::Object(array(item, FILES).iter().filter_map(one).collect())
}

/// The size of the product itself; of another mission's granule, that of its first file.
fn size(item: &Value, own_file: &str, is_nisar: bool) -> Option<u64> {
    let own = member(item, FILES, "Name", own_file);
    let file = if is_nisar { own } else { own.or_else(|| array(item, FILES).first()) };
    let size = file?.get("SizeInBytes")?;
    size.as_u64().or_else(|| size.as_f64().filter(|s| (0.0..9e15).contains(s)).map(|s| s as u64))
}

fn footprint(item: &Value) -> MultiPolygon<f64> {
    let polygons = array(item, "/umm/SpatialExtent/HorizontalSpatialDomain/Geometry/GPolygons");
    let rings = polygons.iter().filter_map(|polygon| {
        let points = polygon.pointer("/Boundary/Points")?.as_array()?;
        let coord = |point: &Value| {
            let (x, y) = (point.get("Longitude")?.as_f64()?, point.get("Latitude")?.as_f64()?);
            (x.abs() <= 360.0 && y.abs() <= 90.0).then_some(Coord { x, y })
        };
        // A ring with an unreadable vertex is no outline; half of one would be a wrong one.
        let mut ring = LineString(points.iter().map(coord).collect::<Option<Vec<_>>>()?);
        ring.close();
        (ring.0.len() >= 4).then_some(ring)
    });
    on_the_map(rings.collect())
}

#[cfg(test)]
mod tests;
