//! STAC 1.1 items (SpatioTemporal Asset Catalogs, item specification), one per granule, in an item collection.
//!
//! Extensions: `sat` 1.0, `file` 2.1, and `sar` 1.0 where its terms suffice (it knows no compact polarizations). Fields
//! that none of them has begin with `nisar:`. Files that only the producer can read are no assets.

use std::collections::BTreeSet;
use std::io::Write;

use geo::BoundingRect;
use geo_types::MultiPolygon;
use jiff::Timestamp;
use serde_json::{Map, Value, json};

use super::super::SearchResults;
use super::super::dates::written;
use super::super::output::{geometry, plain, unwritten};
use super::properties;
use crate::error::Result;
use crate::granule::{FileKind, Granule, GranuleFile, RadarBand, file_name};

const VERSION: &str = "1.1.0";
const SAT: &str = "https://stac-extensions.github.io/sat/v1.0.0/schema.json";
const SAR: &str = "https://stac-extensions.github.io/sar/v1.0.0/schema.json";
const FILE: &str = "https://stac-extensions.github.io/file/v2.1.0/schema.json";

/// Polarizations that the `sar` extension lists.
const LINEAR: &[&str] = &["HH", "HV", "VH", "VV"];

pub(super) fn write(results: &SearchResults, out: impl Write) -> Result<()> {
    let features: Vec<Value> = results.granules.iter().map(item).collect();
    serde_json::to_writer(out, &json!({"type": "FeatureCollection", "features": features})).map_err(unwritten)
}

impl Granule {
    /// The granule as a STAC 1.1 item.
    pub fn stac_item(&self) -> Value {
        item(self)
    }
}

fn item(granule: &Granule) -> Value {
    let fields = fields(granule);
    let mut extensions = vec![FILE];
    let has = |prefix: &str| fields.keys().any(|name| name.starts_with(prefix));
    extensions.extend(has("sat:").then_some(SAT));
    extensions.extend(has("sar:").then_some(SAR));
    let mut item = json!({
        "type": "Feature",
        "stac_version": VERSION,
        "stac_extensions": extensions,
        "id": plain(&granule.name),
        "geometry": geometry(&granule.footprint),
    });
    // The specification wants no `bbox` where there is no geometry.
    if let Some(bounds) = bounds(&granule.footprint) {
        item["bbox"] = json!(bounds);
    }
    item["properties"] = fields.into();
    item["links"] = links(granule);
    item["assets"] = assets(granule).into();
    item
}

/// West, south, east, north; west is greater than east across the antimeridian (RFC 7946 §5.2).
fn bounds(footprint: &MultiPolygon<f64>) -> Option<[f64; 4]> {
    let whole = footprint.bounding_rect()?;
    let parts: Vec<_> = footprint.iter().filter_map(BoundingRect::bounding_rect).collect();
    let crosses =
        parts.iter().any(|part| part.max().x >= 180.0) && parts.iter().any(|part| part.min().x <= -180.0);
    if !crosses {
        return Some([whole.min().x, whole.min().y, whole.max().x, whole.max().y]);
    }
    let west = parts.iter().filter(|part| part.max().x >= 180.0).map(|part| part.min().x);
    let east = parts.iter().filter(|part| part.min().x <= -180.0).map(|part| part.max().x);
    let (west, east) = (west.fold(180.0, f64::min), east.fold(-180.0, f64::max));
    Some([west, whole.min().y, east, whole.max().y])
}

fn fields(granule: &Granule) -> Map<String, Value> {
    let known = properties(granule);
    let mut fields = Map::new();
    let mut add = |name: &str, value: Value| {
        if !value.is_null() {
            fields.insert(name.to_owned(), value);
        }
    };
    add("start_datetime", granule.start.map(written).into());
    add("end_datetime", granule.end.map(written).into());
    add("created", granule.processed.map(written).into());
    add("platform", known.get("platform").and_then(Value::as_str).map(str::to_lowercase).into());
    add("instruments", known.get("sensor").and_then(Value::as_str).map(|name| json!([name])).into());
    add("sat:orbit_state", granule.direction.map(|direction| direction.word().to_lowercase()).into());
    add("sat:relative_orbit", granule.track.filter(|track| *track > 0).into());
    add("sat:absolute_orbit", known.get("orbit").filter(|orbit| orbit.as_i64() > Some(0)).cloned().into());
    radar(granule, &mut add);
    add("nisar:frame", granule.frame.into());
    add("nisar:frame_coverage", known.get("frameCoverage").cloned().into());
    add("nisar:crid", granule.crid.map(|crid| crid.to_string()).into());
    add("nisar:maturity", granule.maturity.map(|maturity| maturity.to_string()).into());
    add("nisar:production_configuration", granule.production_configuration.as_deref().map(plain).into());
    add("nisar:side_band_polarizations", known.get("sideBandPolarization").cloned().into());
    add("nisar:range_bandwidth", known.get("rangeBandwidth").cloned().into());
    add("nisar:collection", granule.collection.as_deref().map(plain).into());
    add("nisar:concept_id", granule.concept_id.as_deref().map(plain).into());
    // An item must have `datetime`; null is allowed beside both ends alone.
    let both = granule.start.is_some() && granule.end.is_some();
    let instant = granule.start.or(granule.end).or(granule.processed).unwrap_or(Timestamp::UNIX_EPOCH);
    fields.insert("datetime".to_owned(), if both { Value::Null } else { written(instant).into() });
    fields
}

/// What the `sar` extension tells, where all that it requires is known.
fn radar(granule: &Granule, add: &mut impl FnMut(&str, Value)) {
    let Some(name) = &granule.parsed else { return };
    let polarizations = &granule.main_band_polarization;
    let unique = polarizations.iter().collect::<BTreeSet<_>>().len() == polarizations.len();
    let listed = unique && polarizations.iter().all(|one| LINEAR.contains(&one.as_str()));
    let (Some(mode), true, false) = (name.mode, listed, polarizations.is_empty()) else {
        add("nisar:main_band_polarizations", json!(polarizations));
        return;
    };
    let band = match name.band {
        RadarBand::L => "L",
        RadarBand::S => "S",
    };
    add("sar:instrument_mode", mode.to_string().into());
    add("sar:frequency_band", band.into());
    add("sar:polarizations", json!(polarizations));
    add("sar:product_type", name.product.to_string().into());
}

/// The catalogue's own record of the granule.
fn links(granule: &Granule) -> Value {
    let link = |id: &String| {
        json!([{
            "rel": "via",
            "href": format!("https://cmr.earthdata.nasa.gov/search/concepts/{}.umm_json", plain(id)),
            "type": "application/json",
            "title": "the record in NASA's catalogue",
        }])
    };
    granule.concept_id.as_ref().map_or_else(|| json!([]), link)
}

/// Key, role and media type of each kind of file; `None` for what is not public.
fn asset_of(kind: FileKind) -> Option<(&'static str, &'static str, &'static str)> {
    Some(match kind {
        FileKind::Data => ("data", "data", "application/x-hdf5"),
        FileKind::QaStatistics => ("qa-statistics", "metadata", "application/x-hdf5"),
        FileKind::QaReport => ("qa-report", "metadata", "application/pdf"),
        FileKind::QaSummary => ("qa-summary", "metadata", "text/csv"),
        FileKind::IsoMetadata => ("iso-metadata", "metadata", "application/xml"),
        FileKind::Outline => ("outline", "metadata", "application/vnd.google-earth.kml+xml"),
        FileKind::RunConfiguration => ("run-configuration", "metadata", "application/yaml"),
        FileKind::Browse => ("browse", "overview", "image/png"),
        FileKind::Thumbnail => ("thumbnail", "thumbnail", "image/png"),
        FileKind::Checksum => ("checksum", "metadata", "text/plain"),
        FileKind::Private => return None,
    })
}

fn assets(granule: &Granule) -> Map<String, Value> {
    let sizes = properties(granule).remove("bytes").unwrap_or(Value::Null);
    let mut assets = Map::new();
    let https = granule.urls().iter().map(|url| (url, ""));
    for (url, ending) in https.chain(granule.s3_urls().iter().map(|url| (url, "-s3"))) {
        let Some((key, role, media)) = GranuleFile::parse(url).ok().and_then(|file| asset_of(file.kind))
        else {
            continue;
        };
        let mut asset = json!({"href": plain(url), "type": media, "roles": [role]});
        if let Some(size) = sizes.pointer(&format!("/{}/bytes", file_name(url))).and_then(Value::as_u64) {
            asset["file:size"] = size.into();
        }
        assets.entry(format!("{key}{ending}")).or_insert(asset);
    }
    if assets.is_empty()
        && let Some(url) = granule.data_url()
    {
        // Another mission's granule: its files follow other rules.
        assets.insert("data".to_owned(), json!({"href": plain(url), "roles": ["data"]}));
    }
    assets
}
