//! Search against vectors made with the unmodified asf_search 14.1.0.
//!
//! The vectors lie beside the repository, in the folder `../shared` or the one that `SWATH_TEST_VECTORS` names; where
//! there are none, these tests say that they were skipped.

use std::collections::BTreeSet;
use std::path::PathBuf;

use jiff::Timestamp;
use serde_json::Value;
use swath::search::{Moment, NumberRange, Numbers, Query, SearchResults};

/// The text of a vector file, or `None` with a message.
pub(crate) fn vectors(file: &str) -> Option<String> {
    let beside = || PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../../shared");
    let folder = std::env::var_os("SWATH_TEST_VECTORS").map_or_else(beside, PathBuf::from);
    let text = std::fs::read_to_string(folder.join(file)).ok();
    if text.is_none() {
        println!("skipped: there is no {file} in {}", folder.display());
    }
    text
}

/// What swath does where it differs on purpose from asf_search in one vector.
enum Ours {
    /// These pairs stand in place of others (those with the same key and attribute name).
    Sends(&'static [&'static str]),
    /// An error.
    Refuses,
}

/// Deliberate differences of single vectors: the options as in the file, what swath does, and why. What differs in
/// every vector (collections narrowed to the product, page size, date-only and open ends) is in [`expected`].
const DIFFERENCES: &[(&str, Ours, &str)] = &[
    (
        r#"{"dataset":["NISAR","ALOS-2"]}"#,
        Ours::Refuses,
        "other missions' datasets come later; named, not ignored",
    ),
    (
        r#"{"processingLevel":["GCOV","SLC"]}"#,
        Ours::Refuses,
        "a type of no named mission may be a slip of the pen",
    ),
    (r#"{"processingLevel":"SLC"}"#, Ours::Refuses, "aliases of other missions' products come later"),
    (
        r#"{"platform":"SENTINEL-1A"}"#,
        Ours::Sends(&["platform[]=SENTINEL-1A"]),
        "other missions' platforms go to the catalogue as they are",
    ),
    (
        r#"{"dataset":"NISAR","relativeOrbit":"172"}"#,
        Ours::Sends(&["attribute[]=int,TRACK_NUMBER,172"]),
        "asf_search asks for tracks 1, 7 and 2",
    ),
    (
        r#"{"dataset":"NISAR","relativeOrbit":{"__tuple__":[1,10]}}"#,
        Ours::Sends(&["attribute[]=int,TRACK_NUMBER,1,10"]),
        "documented as a range, and so it is one",
    ),
    (
        r#"{"collections":"C3622214170-ASF","relativeOrbit":172}"#,
        Ours::Sends(&["attribute[]=int,TRACK_NUMBER,172"]),
        "the collection is NISAR's, whose tracks are TRACK_NUMBER",
    ),
    (
        r#"{"dataset":"NISAR","start":"2026-01-01","end":"2025-01-01"}"#,
        Ours::Refuses,
        "not exchanged in silence",
    ),
    (
        r#"{"dataset":"NISAR","start":"Nov 22 2025","end":"March 5, 2026"}"#,
        Ours::Refuses,
        "dates in words come later",
    ),
    (
        r#"{"dataset":"NISAR","start":"22/11/2025","end":"2025/12/31"}"#,
        Ours::Refuses,
        "day or month first is a guess",
    ),
    (r#"{"dataset":"NISAR","start":"1763769600"}"#, Ours::Refuses, "a number is no date"),
    (
        r#"{"dataset":"NISAR","start":{"__datetime__":"2025-01-01T00:00:00+09:00"},"end":"2026-01-01"}"#,
        Ours::Sends(&["temporal=2024-12-31T15:00:00Z,2026-01-01T23:59:59Z,"]),
        "asf_search drops the offset",
    ),
];

#[test]
fn the_requests_are_those_of_asf_search() {
    let Some(text) = vectors("golden/golden_translate.jsonl") else { return };
    let (mut compared, mut on_purpose, mut skipped) = (0, BTreeSet::new(), Vec::new());
    for line in text.lines() {
        let vector: Value = serde_json::from_str(line).unwrap();
        let opts = vector["opts"].to_string();
        let query = match query_of(&vector["opts"]) {
            Ok(query) => query,
            Err(why) => {
                skipped.push(format!("{why}: {opts}"));
                continue;
            }
        };
        let ours = query.plan().map(|plan| requests(plan.subqueries.into_iter()));
        let difference = DIFFERENCES.iter().position(|(of, _, _)| *of == opts);
        compared += 1;
        match (difference.map(|row| &DIFFERENCES[row].1), vector.get("error"), ours) {
            (Some(Ours::Refuses), None, Err(_)) | (None, Some(_), Err(_)) => {}
            (difference, None, Ok(ours)) => {
                assert_eq!(ours, expected(&vector, difference), "{opts}");
                assert!(difference.is_none() || ours != expected(&vector, None), "no difference: {opts}");
            }
            (_, _, ours) => panic!("{opts}: {ours:?}"),
        }
        on_purpose.extend(difference);
    }
    assert_eq!(on_purpose.len(), DIFFERENCES.len(), "a difference is listed whose vector is not there");
    println!(
        "{compared} compared, {} of them differ on purpose, {} skipped:",
        on_purpose.len(),
        skipped.len()
    );
    skipped.iter().for_each(|line| println!("  {line}"));
    assert!(compared >= 80, "only {compared} vectors were compared");
}

/// Requests as sets of pairs: neither their order nor that of the pairs within matters to the catalogue.
fn requests(all: impl Iterator<Item = Vec<(String, String)>>) -> BTreeSet<Vec<String>> {
    all.map(|pairs| {
        let mut pairs: Vec<String> = pairs.into_iter().map(|(key, value)| format!("{key}={value}")).collect();
        pairs.sort();
        pairs
    })
    .collect()
}

/// What asf_search sends, with the deliberate differences applied.
fn expected(vector: &Value, difference: Option<&Ours>) -> BTreeSet<Vec<String>> {
    let subqueries = vector["subqueries"].as_array().unwrap();
    let pair = |pair: &Value| (pair[0].as_str().unwrap().to_owned(), pair[1].as_str().unwrap().to_owned());
    requests(subqueries.iter().map(|request| {
        let mut pairs: Vec<(String, String)> = request.as_array().unwrap().iter().map(pair).collect();
        let product =
            pairs.iter().find_map(|(_, value)| value.strip_prefix("string,PRODUCT_TYPE,")).map(str::to_owned);
        pairs.retain(|(key, value)| {
            key != "shortName" || product.as_deref().is_none_or(|product| may_hold(value, product))
        });
        for (key, value) in &mut pairs {
            match key.as_str() {
                "page_size" => *value = page_size(&vector["opts"]),
                "temporal" => *value = temporal(&vector["opts"], value),
                _ => {}
            }
        }
        if let Some(Ours::Sends(ours)) = difference {
            replace(&mut pairs, ours);
        }
        pairs
    }))
}

/// Whether a collection may hold a science product, told by its name alone.
fn may_hold(collection: &str, product: &str) -> bool {
    let level = match product {
        "RRSD" => "L0B",
        "RSLC" | "RIFG" | "RUNW" | "ROFF" => "L1",
        "GSLC" | "GCOV" | "GUNW" | "GOFF" => "L2",
        "SME2" => "L3",
        _ => return true,
    };
    let general =
        [format!("NISAR_UR_{level}"), format!("NISAR_EA_{level}"), "NISAR_CUSTOM_PROVISIONAL_V1".to_owned()];
    collection.split('_').any(|word| word == product) || general.iter().any(|name| name == collection)
}

fn page_size(opts: &Value) -> String {
    opts.get("maxResults").and_then(Value::as_u64).map_or(2000, |most| most.min(2000)).to_string()
}

/// A date alone ends with its day; an end that is not given is left open, not "now".
fn temporal(opts: &Value, value: &str) -> String {
    let (start, rest) = value.split_once(',').unwrap();
    match opts.get("end") {
        Some(Value::String(end)) if end.len() == 10 => {
            format!("{start},{}", rest.replace("T00:00:00Z", "T23:59:59Z"))
        }
        Some(_) => value.to_owned(),
        None => format!("{start},"),
    }
}

/// Puts pairs in place of those with the same key, and of attributes that number tracks; a platform stands in place
/// of the collections that it is an alias of.
fn replace(pairs: &mut Vec<(String, String)>, ours: &[&str]) {
    for pair in ours {
        let (key, value) = pair.split_once('=').unwrap();
        pairs.retain(|(other, old)| match key {
            "attribute[]" => !(old.contains("TRACK_NUMBER") || old.contains("PATH_NUMBER")),
            "platform[]" => other != "shortName",
            _ => other != key,
        });
        pairs.push((key.to_owned(), value.to_owned()));
    }
}

/// The query of a vector's options; the error says what swath has no option for.
fn query_of(opts: &Value) -> Result<Query, String> {
    let mut query = Query::new();
    for (name, value) in opts.as_object().unwrap() {
        query = match name.as_str() {
            "dataset" => query.dataset(texts(value)?),
            "platform" => query.platform(texts(value)?),
            "processingLevel" => query.processing_level(texts(value)?),
            "shortName" => query.short_name(texts(value)?),
            "collections" => query.collections(texts(value)?),
            "dataMaturity" => query.data_maturity(texts(value)?),
            "productionConfiguration" => query.production_configuration(texts(value)?),
            "mainBandPolarization" => query.main_band_polarization(texts(value)?),
            "sideBandPolarization" => query.side_band_polarization(texts(value)?),
            "rangeBandwidth" => query.range_bandwidth(texts(value)?),
            "granule_list" => query.granule_list(texts(value)?),
            "product_list" => query.product_list(texts(value)?),
            "relativeOrbit" => query.relative_orbit(numbers(value)?),
            "frame" => query.frame(numbers(value)?),
            "asfFrame" => query.asf_frame(numbers(value)?),
            "absoluteOrbit" => query.absolute_orbit(numbers(value)?),
            "flightDirection" => query.flight_direction(value.as_str().unwrap()),
            "frameCoverage" => query.frame_coverage(value.as_str().unwrap()),
            "jointObservation" => {
                query.joint_observation(value.as_bool().ok_or("swath takes only true and false")?)
            }
            "intersectsWith" => query.intersects_with(value.as_str().unwrap()),
            "start" => query.start(moment(value)),
            "end" => query.end(moment(value)),
            "maxResults" => {
                query.max_results(value.as_u64().ok_or("swath takes only whole numbers")? as usize)
            }
            "cmr_keywords" => keywords(query, value)?,
            other => return Err(format!("swath has no option {other} yet")),
        };
    }
    Ok(query)
}

fn texts(value: &Value) -> Result<Vec<String>, String> {
    let text =
        |value: &Value| value.as_str().map(str::to_owned).ok_or_else(|| "swath takes only text".to_owned());
    match value {
        Value::Array(values) => values.iter().map(text).collect(),
        one => Ok(vec![text(one)?]),
    }
}

fn numbers(value: &Value) -> Result<Numbers, String> {
    let one = |value: &Value| match value {
        Value::Number(number) => number.as_i64().map(NumberRange::from),
        Value::String(text) => text.parse().ok().map(|number: i64| number.into()),
        Value::Object(tuple) => {
            let ends = tuple.get("__tuple__")?.as_array()?;
            Some(NumberRange { first: ends.first()?.as_i64()?, last: ends.get(1)?.as_i64()? })
        }
        _ => None,
    };
    let all = match value {
        Value::Array(values) => values.iter().map(one).collect::<Option<Vec<_>>>(),
        value => one(value).map(|one| vec![one]),
    };
    all.map(Numbers::from).ok_or_else(|| "swath takes only whole numbers and ranges".to_owned())
}

fn moment(value: &Value) -> Moment {
    match value.get("__datetime__").and_then(Value::as_str) {
        Some(text) => match text.parse::<Timestamp>() {
            Ok(instant) => instant.into(),
            Err(_) => text.into(),
        },
        None => value.as_str().unwrap().into(),
    }
}

fn keywords(mut query: Query, value: &Value) -> Result<Query, String> {
    for pair in value.as_array().unwrap() {
        let (Some(key), Some(value)) = (pair[0].as_str(), pair[1].as_str()) else {
            return Err("swath takes only pairs".to_owned());
        };
        query = query.cmr_keyword(key, value);
    }
    Ok(query)
}

pub(crate) const ANSWER: &str = "umm/RECONSTRUCTED_nisar_gcov_seed_response.umm_json.json";

#[test]
fn the_cookbook_finds_seven_and_keeps_five() {
    let Some(answer) = vectors(ANSWER) else { return };
    let results = SearchResults::from_umm_json(answer.as_bytes()).unwrap();
    assert_eq!((results.granules.len(), results.hits, results.odd.len()), (7, 7, 0));
    let urls = results.find_urls(Some(".h5"), Some("^(?!.*QA_STATS).*"), false).unwrap();
    assert_eq!(urls.len(), 7);
    let own: BTreeSet<&str> = results.granules.iter().filter_map(|granule| granule.data_url()).collect();
    assert_eq!(own, urls.iter().map(String::as_str).collect());
    let selection = results.latest();
    assert_eq!((selection.kept.len(), selection.superseded.len()), (5, 2));
    assert!(selection.kept.iter().all(|granule| granule.name.contains("_X05009_")));
    assert!(selection.superseded.iter().all(|old| old.by == old.granule.name.replace("X05007", "X05009")));
}

#[test]
fn geojson_is_that_of_asf_search() {
    let (Some(answer), Some(golden)) = (vectors(ANSWER), vectors("golden/export.geojson")) else { return };
    let results = SearchResults::from_umm_json(answer.as_bytes()).unwrap();
    let mut ours = Vec::new();
    results.write_geojson(&mut ours).unwrap();
    let ours: Value = serde_json::from_slice(&ours).unwrap();
    let golden: Value = serde_json::from_str(&golden).unwrap();
    let features = |value: &Value| value["features"].as_array().unwrap().clone();
    assert_eq!(features(&ours).len(), features(&golden).len());
    for (ours, golden) in features(&ours).iter().zip(features(&golden)) {
        assert_eq!(ours["geometry"]["type"], golden["geometry"]["type"]);
        assert_eq!(vertices(ours), vertices(&golden));
        let (ours, golden) =
            (ours["properties"].as_object().unwrap(), golden["properties"].as_object().unwrap());
        assert_eq!(ours.keys().collect::<Vec<_>>(), golden.keys().collect::<Vec<_>>());
        for (name, value) in golden {
            assert_eq!(&ours[name], value, "{name}");
        }
    }
}

/// The vertices of a polygon without the repeated one: where a ring begins does not matter.
fn vertices(feature: &Value) -> BTreeSet<String> {
    feature["geometry"]["coordinates"][0].as_array().unwrap().iter().map(ToString::to_string).collect()
}
