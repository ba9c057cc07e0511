//! Collections by name, with what their granules can be searched by: `/search/collections.umm_json`.
//!
//! Every collection of NISAR's products has the attributes that granules here have; what is said of them is the sandbox's own,
//! in the form of UMM-C.

use http::StatusCode;
use serde_json::{Value, json};

use super::parameters::Parameters;
use super::record::{COLLECTIONS, collection_concept};
use super::{Answer, Refused};
use crate::reply::{Reply, add_header, reply};

/// Attributes: name, kind of the values, what it is.
const ATTRIBUTES: [(&str, &str, &str); 21] = [
    ("ASCENDING_DESCENDING", "STRING", "Flight direction, ASCENDING or DESCENDING"),
    ("TRACK_NUMBER", "INT", "Track, 1 to 173"),
    ("FRAME_NUMBER", "INT", "Frame along the track, 1 to 176"),
    ("FREQUENCIES", "STRING", "Frequency bands acquired, A and B"),
    ("FREQUENCY_A_POLARIZATION", "STRING", "Polarizations of frequency A"),
    ("FREQUENCY_A_POLARIZATION_CONCAT", "STRING", "Polarizations of frequency A, joined by +"),
    ("FREQUENCY_B_POLARIZATION", "STRING", "Polarizations of frequency B"),
    ("FREQUENCY_B_POLARIZATION_CONCAT", "STRING", "Polarizations of frequency B, joined by +"),
    ("FREQUENCY_A_RANGE_BANDWIDTH", "STRING", "Range bandwidth of frequency A in MHz"),
    ("FREQUENCY_B_RANGE_BANDWIDTH", "STRING", "Range bandwidth of frequency B in MHz"),
    ("RANGE_BANDWIDTH_CONCAT", "STRING", "Range bandwidths in MHz, joined by +"),
    ("FULL_FRAME", "STRING", "Whether the frame is covered, TRUE or FALSE"),
    ("JOINT_OBSERVATION", "STRING", "Whether both radars observed together, TRUE or FALSE"),
    ("PRODUCTION_PIPELINE", "STRING", "Chain that made the granule: PR, UR or OD"),
    ("PRODUCT_TYPE", "STRING", "Kind of product"),
    ("PRODUCT_TYPE_DESC", "STRING", "Kind of product in words"),
    ("PROCESSING_LEVEL", "STRING", "Level, L0 to L3"),
    ("PROCESSING_CENTER", "STRING", "Where the granule was made"),
    ("PRODUCT_VERSION", "STRING", "Version of the product's format"),
    ("ORBIT_TYPE", "STRING", "Orbit used: FOE, NOE, MOE or POE"),
    ("STACK_ID", "STRING", "Track, direction and frame"),
];

/// The collection of orbit ephemerides, whose granules have few attributes.
const EPHEMERIDES: &str = "NISAR_OE";

/// Those of the parameters' collections that the sandbox knows, by short name or concept identifier.
pub(super) fn answer(pairs: &[(String, String)]) -> Answer<Reply> {
    let parameters = Parameters::parse(pairs)?;
    if ["short_name", "concept_id"].iter().all(|name| !parameters.has(name)) {
        return Err(Refused::new("The sandbox gives collections by short_name or concept_id alone."));
    }
    let is_wanted = |(name, concept): &&(&str, &str)| {
        let given =
            |key: &str, value: &str| parameters.all(key).iter().any(|one| one.eq_ignore_ascii_case(value));
        given("short_name", name) || given("concept_id", concept)
    };
    let items: Vec<Value> = COLLECTIONS.iter().filter(is_wanted).map(|(name, _)| item(name)).collect();
    let hits = items.len();
    let body = json!({"hits": hits, "took": 1, "items": items}).to_string();
    let mut reply = reply(
        StatusCode::OK,
        "application/vnd.nasa.cmr.umm_results+json;version=1.18.4; charset=utf-8",
        body,
    );
    add_header(&mut reply, "cmr-hits", &hits.to_string());
    Ok(reply)
}

fn item(name: &str) -> Value {
    let has =
        |attribute: &str| name != EPHEMERIDES || ["PRODUCT_TYPE", "PRODUCTION_PIPELINE"].contains(&attribute);
    let attributes: Vec<Value> = ATTRIBUTES
        .iter()
        .filter(|(attribute, ..)| has(attribute))
        .map(|(name, kind, text)| json!({"Name": name, "DataType": kind, "Description": text}))
        .collect();
    json!({
        "meta": {"concept-type": "collection", "concept-id": collection_concept(name), "provider-id": "ASF"},
        "umm": {"ShortName": name, "Version": "1", "AdditionalAttributes": attributes},
    })
}
