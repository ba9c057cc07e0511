//! From a catalogue item (UMM-G) to a [`Granule`]: which field comes from where.
//!
//! [`PROPERTIES`] is the table: names and order are those of asf_search's NISAR results, sources are members of the
//! UMM-G [`Record`]. Nothing here fails on what is missing or odd but a missing name: a field that cannot be read is
//! absent.
//!
//! A granule is made from its text without a tree of it. The text stays with it: what only some ask for
//! ([`properties`]) is read from there when they do.

mod addresses;
mod page;
mod record;

use std::borrow::Cow;
use std::sync::OnceLock;

use bytes::Bytes;
use geo_types::{Coord, LineString, MultiPolygon};
use jiff::{Timestamp, civil, tz};
use serde_json::{Map, Value};

use super::dates::written;
use super::output::{is_plain, plain};
use crate::granule::{Coverage, Crid, Direction, Granule, GranuleName, Maturity, file_name, on_the_map};
use addresses::{additional_urls, browse, primary_url, urls};
use record::{File, Record, Said};

pub(super) use page::Page;

/// Where a field is found in an item.
#[derive(Debug, Clone, Copy)]
enum Source {
    /// An additional attribute: the `Values` of the one with this `Name`.
    Attribute(&'static str),
    /// A member of the record.
    At(for<'a> fn(&'a Record<'a>) -> Option<&'a Said<'a>>),
    /// The identifier of this `IdentifierType`.
    Identifier(&'static str),
}

use Source::{At, Attribute, Identifier};

/// How a field's value is given.
#[derive(Debug, Clone, Copy)]
enum Form {
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
    Computed(for<'a> fn(&'a Record<'a>) -> Value),
}

use Form::{Computed, Integer, List, Number, Text, Time};

const DIRECTION: Source = Attribute("ASCENDING_DESCENDING");
const TRACK: Source = Attribute("TRACK_NUMBER");
const FRAME: Source = Attribute("FRAME_NUMBER");
const PRODUCT_TYPE: Source = Attribute("PRODUCT_TYPE");
const BEGINNING: Source = At(|item| Some(&item.umm.temporal_extent.range_date_time.beginning_date_time));
const ENDING: Source = At(|item| Some(&item.umm.temporal_extent.range_date_time.ending_date_time));
const GRANULE_UR: Source = At(|item| Some(&item.umm.granule_ur));
const CRID: Source = Identifier("CRID");
const MAIN_BAND: Source = Attribute("FREQUENCY_A_POLARIZATION");
const SIDE_BAND: Source = Attribute("FREQUENCY_B_POLARIZATION");
const BANDWIDTH: Source = Attribute("RANGE_BANDWIDTH_CONCAT");
const PIPELINE: Source = Attribute("PRODUCTION_PIPELINE");
const COLLECTION: Source = At(|item| Some(&item.umm.collection_reference.short_name));
const ORBIT_TYPE: Source = Attribute("ORBIT_TYPE");
const PRODUCED: Source = At(|item| Some(&item.umm.data_granule.production_date_time));
const PRODUCER_NAME: Source = Identifier("ProducerGranuleId");
const CONCEPT_ID: Source = At(|item| Some(&item.meta.concept_id));
const COLLECTION_ID: Source = At(|item| Some(&item.meta.collection_concept_id));
const PGE_VERSION: Source = At(|item| Some(&item.umm.pge.version));
const PLATFORM: Source = At(|item| Some(&item.umm.platforms.first()?.short_name));
const SENSOR: Source = At(|item| Some(&item.umm.platforms.first()?.instruments.first()?.short_name));
const ORBIT: Source = At(|item| Some(&item.umm.orbit_calculated_spatial_domains.first()?.orbit_number));

/// Every property of a result, in asf_search's names and order.
const PROPERTIES: &[(&str, Form)] = &[
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
    ("browse", Computed(|item| browse(&urls(item).1).into())),
    ("platform", Computed(platform)),
    ("bytes", Computed(sizes)),
    ("md5sum", Text(Attribute("MD5SUM"))),
    ("frameNumber", Integer(FRAME)),
    ("granuleType", Text(Attribute("GRANULE_TYPE"))),
    ("orbit", Integer(ORBIT)),
    ("polarization", Text(Attribute("POLARIZATION"))),
    ("processingDate", Time(PRODUCED)),
    ("sensor", Text(SENSOR)),
    ("pgeVersion", Text(PGE_VERSION)),
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
    ("s3Urls", Computed(|item| urls(item).0.into())),
    ("groupID", Text(PRODUCER_NAME)),
    ("conceptID", Text(COLLECTION_ID)),
];

/// The properties of a granule, as GeoJSON has them.
pub(super) fn properties(granule: &Granule) -> Map<String, Value> {
    let item = record(granule);
    let property = |(name, form): &(&str, Form)| ((*name).to_owned(), read(&item, *form));
    let mut all: Map<String, Value> = PROPERTIES.iter().map(property).collect();
    if all.get("processingLevel").is_some_and(Value::is_null) {
        all.shift_remove("processingLevel");
    }
    all
}

/// The first value of an additional attribute.
pub(super) fn attribute(granule: &Granule, name: &'static str) -> Option<String> {
    text(&record(granule), Attribute(name))
}

/// The record of a granule, read again from its text.
fn record(granule: &Granule) -> Record<'_> {
    // It could be read when the granule was made from it.
    serde_json::from_slice::<record::Object<Record<'_>>>(&granule.item).map(|item| item.0).unwrap_or_default()
}

fn read(item: &Record<'_>, form: Form) -> Value {
    match form {
        Text(source) => text(item, source).map_or(Value::Null, Value::from),
        Integer(source) => integer(item, source).map_or(Value::Null, Value::from),
        Number(source) => {
            first(item, source).and_then(|t| t.parse::<f64>().ok()).map_or(Value::Null, Value::from)
        }
        List(source) => match values(item, source) {
            all if all.is_empty() => Value::Null,
            all => all.into(),
        },
        Time(source) => time(item, source).map_or(Value::Null, |time| written(time).into()),
        Computed(work_out) => work_out(item),
    }
}

/// The granule that a record describes; `text` is the item that the record was read from.
///
/// The error is the reason, in words, why it cannot be used.
fn granule(item: &Record<'_>, text_of_item: Bytes) -> Result<Granule, String> {
    let name = text(item, GRANULE_UR).ok_or("it has no GranuleUR")?;
    let parsed = GranuleName::parse(&name)
        .ok()
        .or_else(|| first(item, PRODUCER_NAME).and_then(|name| GranuleName::parse(&name).ok()));
    let collection = text(item, COLLECTION);
    let crid =
        first(item, CRID).and_then(|text| Crid::parse(&text)).or(parsed.as_ref().map(|name| name.crid));
    let tier = collection.as_deref().and_then(Maturity::of_collection);
    let from_name = parsed.as_ref();
    Ok(Granule {
        footprint: footprint(item),
        start: time(item, BEGINNING).or(from_name.map(|name| name.start)),
        end: time(item, ENDING)
            .or(from_name.map(|name| name.secondary.map_or(name.end, |second| second.end))),
        size: size(item, &name, parsed.is_some()),
        maturity: tier.or(crid.filter(|_| parsed.is_some()).map(Maturity::of_crid)),
        crid,
        product: text(item, PRODUCT_TYPE)
            .or_else(|| from_name.map(|name| name.product.to_string()))
            .or_else(|| text(item, Attribute("PROCESSING_TYPE"))),
        track: integer(item, TRACK)
            .or(from_name.map(|name| name.track.into()))
            .or_else(|| integer(item, Attribute("PATH_NUMBER"))),
        frame: integer(item, FRAME).or(from_name.map(|name| name.frame.number.into())),
        direction: first(item, DIRECTION)
            .and_then(|text| Direction::from_text(&text))
            .or(from_name.map(|name| name.direction)),
        main_band_polarization: values(item, MAIN_BAND),
        side_band_polarization: values(item, SIDE_BAND),
        range_bandwidth: values(item, BANDWIDTH),
        coverage: coverage(item).or(from_name.and_then(|name| name.coverage)),
        joint_observation: joint_observation(item),
        production_configuration: text(item, PIPELINE)
            .or_else(|| from_name.map(|name| name.pipeline.code().to_owned())),
        orbit_type: text(item, ORBIT_TYPE),
        processed: time(item, PRODUCED),
        concept_id: text(item, CONCEPT_ID),
        collection,
        parsed,
        name,
        addresses: OnceLock::new(),
        item: text_of_item,
    })
}

/// Every value of a source, whatever it says.
fn found<'a>(item: &'a Record<'a>, source: Source) -> &'a [Said<'a>] {
    match source {
        At(member) => member(item).map_or(&[], std::slice::from_ref),
        Attribute(name) => {
            let mut all = item.umm.additional_attributes.iter();
            all.find(|one| one.name.is(name)).map_or(&[], |one| &one.values)
        }
        Identifier(kind) => {
            let mut all = item.umm.data_granule.identifiers.iter();
            let found = all.find(|one| one.identifier_type.is(kind));
            found.map_or(&[], |one| std::slice::from_ref(&one.identifier))
        }
    }
}

/// Every value of a source that says something, as text.
fn values(item: &Record<'_>, source: Source) -> Vec<String> {
    found(item, source).iter().filter_map(|one| said(one.0.as_deref()?)).map(Cow::into_owned).collect()
}

/// The first value of a source that says something.
fn first<'a>(item: &'a Record<'a>, source: Source) -> Option<Cow<'a, str>> {
    found(item, source).iter().find_map(|one| said(one.0.as_deref()?))
}

fn text(item: &Record<'_>, source: Source) -> Option<String> {
    first(item, source).map(Cow::into_owned)
}

/// A text without control characters, unless it is one of the ways in which the catalogue says nothing.
fn said(text: &str) -> Option<Cow<'_, str>> {
    if matches!(text, "" | "NA" | "N/A" | "NOT AVAILABLE" | "None") {
        return None;
    }
    Some(if is_plain(text) { Cow::Borrowed(text) } else { Cow::Owned(plain(text)) })
}

fn integer(item: &Record<'_>, source: Source) -> Option<i64> {
    first(item, source)?.trim().parse().ok()
}

fn time(item: &Record<'_>, source: Source) -> Option<Timestamp> {
    let text = first(item, source)?;
    let as_utc = || tz::Offset::UTC.to_timestamp(text.parse::<civil::DateTime>().ok()?).ok();
    text.parse::<Timestamp>().ok().or_else(as_utc)
}

fn flag(item: &Record<'_>, name: &'static str) -> Option<bool> {
    match first(item, Attribute(name))? {
        text if text.eq_ignore_ascii_case("TRUE") => Some(true),
        text if text.eq_ignore_ascii_case("FALSE") => Some(false),
        _ => None,
    }
}

fn coverage(item: &Record<'_>) -> Option<Coverage> {
    flag(item, "FULL_FRAME").map(|full| if full { Coverage::Full } else { Coverage::Partial })
}

fn frame_coverage(item: &Record<'_>) -> Value {
    match coverage(item) {
        Some(Coverage::Full) => "Full".into(),
        Some(_) => "Partial".into(),
        None => Value::Null,
    }
}

fn joint_observation(item: &Record<'_>) -> Option<bool> {
    flag(item, "JOINT_OBSERVATION")
}

fn platform(item: &Record<'_>) -> Value {
    text(item, Attribute("ASF_PLATFORM")).or_else(|| text(item, PLATFORM)).map_or(Value::Null, Value::from)
}

fn files<'a>(item: &'a Record<'a>) -> &'a [record::Object<File<'a>>] {
    &item.umm.data_granule.archive_and_distribution_information
}

/// Size and format of every file, by name.
fn sizes(item: &Record<'_>) -> Value {
    let one = |file: &record::Object<File<'_>>| {
        let format = file.format.0.as_deref().map_or(Value::Null, Value::from);
        let entry = [("bytes", file.size_in_bytes.clone()), ("format", format)];
        let entry = entry.into_iter().map(|(name, value)| (name.to_owned(), value)).collect();
        Some((file.name.0.as_deref()?.to_owned(), Value::Object(entry)))
    };
    Value::Object(files(item).iter().filter_map(one).collect())
}

/// The size of the product itself; of another mission's granule, that of its first file.
fn size(item: &Record<'_>, name: &str, is_nisar: bool) -> Option<u64> {
    let is_own = |file: &str| file.strip_suffix(".h5") == Some(name);
    let own = files(item).iter().find(|file| file.name.0.as_deref().is_some_and(is_own));
    let file = if is_nisar { own } else { own.or_else(|| files(item).first()) };
    let size = &file?.size_in_bytes;
    size.as_u64().or_else(|| size.as_f64().filter(|s| (0.0..9e15).contains(s)).map(|s| s as u64))
}

fn footprint(item: &Record<'_>) -> MultiPolygon<f64> {
    let polygons = &item.umm.spatial_extent.horizontal_spatial_domain.geometry.polygons;
    let rings = polygons.iter().filter_map(|polygon| {
        let coord = |point: &record::Object<record::Point>| {
            let (x, y) = (point.longitude.0?, point.latitude.0?);
            (x.abs() <= 360.0 && y.abs() <= 90.0).then_some(Coord { x, y })
        };
        // A ring with an unreadable vertex is no outline; half of one would be a wrong one.
        let points = polygon.boundary.points.iter();
        let mut ring = LineString(points.map(coord).collect::<Option<Vec<_>>>()?);
        ring.close();
        (ring.0.len() >= 4).then_some(ring)
    });
    on_the_map(rings.collect())
}

#[cfg(test)]
mod tests;
