//! asf_search's oldest JSON: a list that holds one list, of objects with 57 members each.

use std::io::Write;

use serde_json::{Map, Value, json};

use super::super::output::{plain, unwritten};
use super::super::{SearchResults, umm};
use super::{jsonlite, properties, wkt};
use crate::error::Result;
use crate::granule::Granule;

/// Every member and the property that it repeats; an empty name is worked out, or has no source for NISAR.
const MEMBERS: &[(&str, &str)] = &[
    ("absoluteOrbit", "orbit"),
    ("beamMode", "beamModeType"),
    ("beamModeType", "beamModeType"),
    ("browse", "browse"),
    ("centerLat", "centerLat"),
    ("centerLon", "centerLon"),
    ("collectionName", ""),
    ("configurationName", ""),
    ("doppler", ""),
    ("downloadUrl", "url"),
    ("farEndLat", ""),
    ("farEndLon", ""),
    ("farStartLat", ""),
    ("farStartLon", ""),
    ("faradayRotation", ""),
    ("fileName", "fileName"),
    ("finalFrame", ""),
    ("firstFrame", ""),
    ("flightDirection", "flightDirection"),
    ("flightLine", ""),
    ("frameNumber", "frameNumber"),
    ("granuleName", "sceneName"),
    ("granuleType", "granuleType"),
    ("groupID", "groupID"),
    ("insarGrouping", ""),
    ("insarStackSize", ""),
    ("lookDirection", ""),
    ("md5sum", "md5sum"),
    ("missionName", ""),
    ("nearEndLat", ""),
    ("nearEndLon", ""),
    ("nearStartLat", ""),
    ("nearStartLon", ""),
    ("nisar", ""),
    ("offNadirAngle", ""),
    ("pgeVersion", "pgeVersion"),
    ("platform", "platform"),
    ("pointingAngle", ""),
    ("polarization", "polarization"),
    ("processingDate", "processingDate"),
    ("processingDescription", ""),
    ("processingLevel", "processingLevel"),
    ("processingType", ""),
    ("processingTypeDisplay", ""),
    ("productName", "sceneName"),
    ("product_file_id", "fileID"),
    ("relativeOrbit", "pathNumber"),
    ("sceneDate", ""),
    ("sceneId", "sceneName"),
    ("sensor", "sensor"),
    ("sizeMB", ""),
    ("startTime", "startTime"),
    ("stopTime", "stopTime"),
    ("stringFootprint", ""),
    ("subswath", ""),
    ("thumbnailUrl", ""),
    ("track", "pathNumber"),
];

/// What `jsonlite` has of NISAR, and asf_search leaves out here.
const LEFT_OUT: &[&str] = &["crid", "orbitType", "sizeMB"];

pub(super) fn write(results: &SearchResults, out: impl Write) -> Result<()> {
    let granules: Vec<Value> = results.granules.iter().map(|granule| members(granule).into()).collect();
    serde_json::to_writer_pretty(out, &json!([granules])).map_err(unwritten)
}

fn members(granule: &Granule) -> Map<String, Value> {
    let properties = properties(granule);
    let value = |name: &str, property: &str| match name {
        "nisar" => {
            let mut own = jsonlite::nisar(&properties);
            for absent in LEFT_OUT {
                own.as_object_mut().and_then(|own| own.shift_remove(*absent));
            }
            own
        }
        "processingType" => umm::attribute(granule, "PROCESSING_LEVEL").map(|level| plain(&level)).into(),
        "stringFootprint" => wkt(&granule.footprint).into(),
        _ => properties.get(property).cloned().unwrap_or(Value::Null),
    };
    MEMBERS.iter().map(|(name, property)| ((*name).to_owned(), value(name, property))).collect()
}
