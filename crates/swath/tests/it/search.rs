//! Search against vectors made with the unmodified asf_search 14.1.0.
//!
//! The vectors lie beside the repository, in the folder `../shared` or the one that `SWATH_TEST_VECTORS` names; where
//! there are none, these tests say that they were skipped.

#[path = "../../examples/translate/encoding.rs"]
mod encoding;

use std::collections::BTreeSet;
use std::path::PathBuf;

use serde_json::Value;
use swath::search::SearchResults;

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
/// every vector (page size, date-only and open ends) is in [`expected`].
const DIFFERENCES: &[(&str, Ours, &str)] = &[
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
        r#"{"dataset":"NISAR","relativeOrbit":1.9}"#,
        Ours::Refuses,
        "there is no such track; asf_search asks for 1",
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
        Ours::Sends(&["temporal=2025-11-22T00:00:00Z,2026-03-05T23:59:59Z,"]),
        "a date alone as end includes its day",
    ),
    (
        r#"{"bbox":[-190,0,-170,1]}"#,
        Ours::Sends(&["bounding_box=170.0,0.0,-170.0,1.0"]),
        "longitudes below -180 are wrapped as those above 180 are",
    ),
    (
        r#"{"dataset":"NISAR","start":{"__datetime__":"2025-01-01T00:00:00+09:00"},"end":"2026-01-01"}"#,
        Ours::Sends(&["temporal=2024-12-31T15:00:00Z,2026-01-01T23:59:59Z,"]),
        "asf_search drops the offset",
    ),
    (
        r#"{"dataset":"NISAR","season":[400,-1],"start":"2025-01-01","end":"2026-01-01"}"#,
        Ours::Refuses,
        "no year has such days",
    ),
    (
        r#"{"flightDirection":"ascending","lookDirection":"LEFT","instrument":"L-SAR","beamMode":["A","B"],"polarization":["HH","HV"],"dataset":"NISAR"}"#,
        Ours::Sends(&["attribute[]=string,ASCENDING_DESCENDING,ASCENDING"]),
        "written as the catalogue has it",
    ),
];

#[test]
fn the_requests_are_those_of_asf_search() {
    let Some(text) = vectors("golden/golden_translate.jsonl") else { return };
    let (mut compared, mut on_purpose) = (0, BTreeSet::new());
    for line in text.lines() {
        let vector: Value = serde_json::from_str(line).unwrap();
        let opts = vector["opts"].to_string();
        let planned = encoding::query(&vector["opts"])
            .and_then(|query| query.plan().map_err(|error| encoding::told(&error)));
        let ours = planned.map(|plan| requests(plan.subqueries.into_iter()));
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
    println!("{compared} compared, {} of them differ on purpose", on_purpose.len());
    assert!(compared >= 110, "only {compared} vectors were compared");
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

fn page_size(opts: &Value) -> String {
    opts.get("maxResults").and_then(Value::as_u64).map_or(2000, |most| most.min(2000)).to_string()
}

/// A date alone ends with its day; an end that is not given is left open, not "now".
fn temporal(opts: &Value, value: &str) -> String {
    let parts: Vec<&str> = value.splitn(3, ',').collect();
    let end = match opts.get("end") {
        Some(Value::String(end)) if end.len() == 10 => parts[1].replace("T00:00:00Z", "T23:59:59Z"),
        Some(_) => parts[1].to_owned(),
        None => String::new(),
    };
    format!("{},{end},{}", parts[0], parts[2])
}

/// Puts pairs in place of those with the same key, and of attributes with the same name, or that number tracks too.
fn replace(pairs: &mut Vec<(String, String)>, ours: &[&str]) {
    for pair in ours {
        let (key, value) = pair.split_once('=').unwrap();
        let name =
            |value: &str| value.split(',').nth(1).map(|name| name.replace("PATH_NUMBER", "TRACK_NUMBER"));
        pairs.retain(|(other, old)| other != key || (key == "attribute[]" && name(old) != name(value)));
        pairs.push((key.to_owned(), value.to_owned()));
    }
}

pub(crate) const ANSWER: &str = "umm/RECONSTRUCTED_nisar_gcov_seed_response.umm_json.json";

#[test]
fn the_cookbook_finds_seven_and_keeps_five() {
    let Some(answer) = vectors(ANSWER) else { return };
    let results = SearchResults::from_umm_json(answer).unwrap();
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
    let results = SearchResults::from_umm_json(answer).unwrap();
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
