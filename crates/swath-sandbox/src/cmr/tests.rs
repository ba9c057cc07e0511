//! What each parameter selects, over five granules of our choosing.

use serde_json::Value;

use super::condition::tests as conditions;
use super::parameters::Parameters;
use super::record::Record;
use super::{Answer, compare, place};
use crate::archive::Stored;
use crate::granule::Granule;

/// A short name for each granule, and its name in full.
const NAMES: [(&str, &str); 5] = [
    ("old", "NISAR_L2_PR_GCOV_005_172_A_008_2005_DHDH_A_20251122T024618_20251122T024652_X05007_N_F_J_001"),
    ("new", "NISAR_L2_PR_GCOV_005_172_A_008_2005_DHDH_A_20251122T024618_20251122T024652_X05009_N_F_J_001"),
    ("next", "NISAR_L2_PR_GCOV_006_172_A_008_2005_DHDH_A_20251204T024618_20251204T024653_X05009_N_P_J_001"),
    ("south", "NISAR_L2_PR_GSLC_005_030_D_077_7700_SHNA_A_20260109T140632_20260109T140648_P05023_M_F_J_001"),
    ("urgent", "NISAR_L1_UR_RSLC_006_030_D_077_4005_QPDH_A_20260121T140632_20260121T140648_P05023_P_F_J_001"),
];

/// The footprint of "south": it lies across the date line.
const ACROSS: &str = r#"{"type": "Polygon", "coordinates":
    [[[179.0, -20.0], [-179.0, -20.0], [-179.0, -18.0], [179.0, -18.0], [179.0, -20.0]]]}"#;

fn records(folder: &std::path::Path) -> Vec<Record> {
    let south = NAMES[3].1;
    std::fs::write(folder.join(format!("{south}.footprint.json")), ACROSS).unwrap();
    let stored = |(_, name): &(&str, &str)| {
        let granule = Granule::parse(name).unwrap();
        Record::new(Stored { collection: granule.collection(), folder: folder.to_owned(), granule })
    };
    NAMES.iter().map(stored).collect()
}

/// Runs a search given as a query string; the short names found, in order, joined by spaces.
fn search(query: &str) -> Answer<String> {
    let folder = tempfile::tempdir().unwrap();
    let pairs: Vec<(String, String)> = query
        .split('&')
        .map(|pair| pair.split_once('=').unwrap())
        .map(|(k, v)| (k.into(), v.into()))
        .collect();
    let parameters = Parameters::parse(&pairs)?;
    parameters.check_limits(false)?;
    let tests = conditions(&parameters)?;
    let mut rows = records(folder.path());
    rows.retain(|record| tests.iter().all(|test| test(record)));
    let keys = &parameters.sort_keys;
    rows.sort_by(|a, b| compare(keys, &place(keys, a), &place(keys, b)));
    let short = |record: &Record| NAMES.iter().find(|(_, name)| *name == record.name()).unwrap().0;
    Ok(rows.iter().map(short).collect::<Vec<_>>().join(" "))
}

/// Each query is joined to one that confines it to ASF and sorts by name within start.
fn check(cases: &[(&str, &str)]) {
    for (query, expected) in cases {
        let query = format!("provider=ASF&sort_key[]=start_date&sort_key[]=granule_ur&{query}");
        assert_eq!(search(&query).as_deref(), Ok(*expected), "{query}");
    }
}

fn refused(query: &str, expected: &str) {
    let refused = search(&format!("provider=ASF&{query}")).unwrap_err();
    assert_eq!(refused.status, 400);
    assert!(refused.errors[0].contains(expected), "{query}: {refused:?}");
}

#[test]
fn words() {
    check(&[
        ("page_size=10", "old new next south urgent"),
        ("provider=OTHER", "old new next south urgent"),
        ("short_name=NISAR_L2_GCOV_BETA_V1", "old new next"),
        ("shortName=nisar_l2_gcov_beta_v1", "old new next"),
        ("short_name=nisar_l2_gcov_beta_v1&options[short_name][ignore_case]=false", ""),
        ("short_name[]=NISAR_UR_L1&short_name[]=NISAR_L2_GSLC_PROVISIONAL_V1", "south urgent"),
        ("short_name=NISAR_*_PROVISIONAL_V?&options[shortName][pattern]=true", "south"),
        ("short_name=NISAR_*", ""),
        ("readable_granule_name[]=*_X05007_*&options[readable_granule_name][pattern]=true", "old"),
        ("readable_granule_name[]=*_20251?04T*P_J_001&options[readable_granule_name][pattern]=true", "next"),
        ("echo_collection_id[]=C3622214170-ASF", "old new next"),
        ("concept_id=C2850259510-ASF", ""),
        ("platform[]=NISAR&instrument[]=L-SAR&version=1", "old new next south urgent"),
        ("platform[]=SENTINEL-1", ""),
        ("orbit_number=1655", "old new"),
        ("orbit_number=1656,", "next urgent"),
        ("orbit_number=,1600", "south"),
    ]);
    refused("orbit_number=many", "orbit_number [many]");
}

#[test]
fn attributes() {
    check(&[
        ("attribute[]=string,PRODUCT_TYPE,GCOV", "old new next"),
        ("attribute[]=string,product_type,gslc", "south"),
        ("attribute[]=string,PRODUCT_TYPE,GCOV&attribute[]=string,FULL_FRAME,TRUE", "old new"),
        ("attribute[]=string,PRODUCT_TYPE,RSLC&attribute[]=string,PRODUCT_TYPE,GSLC", ""),
        (
            "attribute[]=string,PRODUCT_TYPE,RSLC&attribute[]=string,PRODUCT_TYPE,GSLC&options[attribute][or]=true",
            "south urgent",
        ),
        ("attribute[]=int,TRACK_NUMBER,172", "old new next"),
        ("attribute[]=int,TRACK_NUMBER,20,40", "south urgent"),
        ("attribute[]=int,TRACK_NUMBER,,40", "south urgent"),
        ("attribute[]=float,TRACK_NUMBER,171.5,", "old new next"),
        ("attribute[]=int,FRAME_NUMBER,8", "old new next"),
        ("attribute[]=string,FREQUENCY_A_POLARIZATION_CONCAT,HH+HV+VH+VV", "urgent"),
        ("attribute[]=string,FREQUENCY_A_POLARIZATION,HH", "old new next south urgent"),
        ("attribute[]=string,RANGE_BANDWIDTH_CONCAT,77", "south"),
        ("attribute[]=string,PRODUCTION_PIPELINE,UR", "urgent"),
        ("attribute[]=string,ORBIT_TYPE,MOE,POE", "old new next south urgent"),
        ("attribute[]=string,ORBIT_TYPE,O,", "urgent"),
        ("attribute[]=FREQUENCY_B_POLARIZATION", "old new next urgent"),
        ("attribute[]=string,STACK_ID,172\\,A", ""),
        ("attribute[]=string,NO_SUCH,1", ""),
    ]);
    refused("attribute[]=colour,A,B", "[colour] is an invalid type");
    refused("attribute[]=int,TRACK_NUMBER,abc", "[abc] is an invalid value for type [INT]");
    refused("attribute[]=int,TRACK_NUMBER,1.5", "[1.5] is an invalid value for type [INT]");
    refused("attribute[]=float,TRACK_NUMBER,NaN", "is an invalid value");
    refused("attribute[]=int,TRACK_NUMBER,9,1", "Range start [9] must be less than [1]");
    refused("attribute[]=int,TRACK_NUMBER,,", "needs a lowest or a highest");
    refused("attribute[]=int,A,1,2,3", "is not a valid attribute condition");
}

#[test]
fn times() {
    check(&[
        ("temporal=2025-11-22T00:00:00Z,2025-12-01T00:00:00Z,", "old new"),
        ("temporal=2025-11-22T02:46:52Z,2025-11-22T02:46:52Z", "old new"),
        ("temporal=2025-11-22T02:46:53Z,2025-11-30T00:00:00Z", ""),
        ("temporal=2025-12-01,", "next south urgent"),
        ("temporal=,2025-12-31", "old new next"),
        ("temporal=2025-11-22T03:46:30+01:00,2025-11-22T03:46:31+01:00", "old new"),
        ("temporal[]=2025-11-22,2025-11-23&temporal[]=2025-12-04,2025-12-05", "old new next"),
        ("temporal[]=2025-11-22,2025-11-23&temporal[]=2025-12-04,2025-12-05&options[temporal][and]=true", ""),
        ("temporal=2025-01-01,2027-01-01,1,31", "south urgent"),
        ("temporal=2025-01-01,2027-01-01,330,10", "next south"),
        ("updated_since=2026-01-01T00:00:00Z", "south urgent"),
        ("updated_since=2025-11-30T00:00:00.000000+00:00", "new next south urgent"),
    ]);
    refused("temporal=2026-01-01,2025-01-01", "must be before");
    refused("temporal=soon,", "[soon] is not a valid datetime");
    refused("temporal=,,0,5", "[0] is not a valid day of year");
    refused("temporal=,,,,", "valid format for temporal");
    refused("updated_since=soon", "[soon] is not a valid datetime");
}

#[test]
fn shapes() {
    check(&[
        ("bounding_box=40.9131,12.3904,41.8891,13.2454", "old new next"),
        ("bounding_box=40.8463,13.2553,40.8574,13.2684", "old new next"),
        ("bounding_box=40.735,13.15,40.735,13.379", "old new next"),
        ("bounding_box=-180,-90,180,90", "old new next south"),
        ("bounding_box=0,0,10,10", ""),
        ("bounding_box=170,-30,-170,-10", "south"),
        ("bounding_box=-170,-30,170,-10", ""),
        ("bounding_box=-180,-19,-179.5,-18.5", "south"),
        ("bounding_box=179.5,-19,180,-18.5", "south"),
        ("point=41,12", "old new next"),
        ("point=-179.5,-19", "south"),
        ("point=179.5,-19", "south"),
        ("point=0,-19", ""),
        ("line=30,12,50,12", "old new next"),
        ("line=178,-19,-178,-19", "south"),
        ("circle=45,12,150000", ""),
        ("circle=45,12,400000", "old new next"),
        ("polygon=40,12,42,12,42,13,40,13,40,12", "old new next"),
        ("polygon=179,-19,-179,-19,-179,-18,179,-18,179,-19", "south"),
        ("point[]=41,12&point[]=-179.5,-19", ""),
        ("point[]=41,12&point[]=-179.5,-19&options[point][or]=true", "old new next south"),
        ("point=41,12&bounding_box=0,0,10,10", ""),
    ]);
    refused("polygon=40,12,40,13,42,13,42,12,40,12", "wrong order");
    refused("polygon=40,12,42,12,42,13,40,13", "not closed");
    refused("polygon=40,12,42", "is not a valid URL encoded polygon");
    refused("bounding_box=1,2,3", "is not a valid URL encoded bounding_box");
    refused("bounding_box=1,20,3,10", "north value [10] was less than the south value [20]");
    refused("bounding_box=1,-91,3,10", "latitude [-91]");
    refused("point=NaN,0", "longitude [NaN]");
    refused("circle=45,12,1", "Circle radius");
    refused("line=1,2", "is not a valid URL encoded line");
}

#[test]
fn order() {
    let sorted = |keys: &str| search(&format!("provider=ASF&{keys}")).unwrap();
    assert_eq!(sorted("sort_key[]=-end_date&sort_key[]=granule_ur"), "urgent south next old new");
    assert_eq!(sorted("sort_key[]=-granule_ur"), "south next new old urgent");
    assert_eq!(sorted("sort_key[]=+short_name&sort_key[]=-revision_date"), "next new old south urgent");
    assert_eq!(sorted("page_size=5"), sorted("sort_key[]=provider&sort_key[]=start_date"));
}

#[test]
fn parameters_are_known_answered_or_refused() {
    refused("cloud_cover=1", "Parameter [cloud_cover] is known to CMR but not answered by the sandbox.");
    refused("options=1", "Parameter [options] was not recognized.");
    refused("page_num=0", "page_num must be");
    refused("page_size=", "page_size must be");
    refused("page_size=2000&page_num=501", "exceeds the limit of 1000000");
    refused("page_size=1&page_size=2", "must have a single value");
    refused("sort_key=", "The sort key []");
    let everywhere = search("point=41,12").unwrap_err();
    assert!(everywhere.errors[0].contains("with a spatial condition"));
    assert_eq!(search("downloadable=true&pretty=true").unwrap().split(' ').count(), 5);
}

#[test]
fn identifiers_are_stable_and_apart() {
    let folder = tempfile::tempdir().unwrap();
    let (first, second) = (records(folder.path()), records(folder.path()));
    let concepts = |rows: &[Record]| rows.iter().map(|row| row.concept.clone()).collect::<Vec<_>>();
    assert_eq!(concepts(&first), concepts(&second));
    let mut all = concepts(&first);
    all.sort();
    all.dedup();
    assert_eq!(all.len(), 5);
    assert!(all.iter().all(|concept| concept.len() == 15 && concept.starts_with("G9")));
}

#[test]
fn places_compare_by_value_and_direction() {
    let folder = tempfile::tempdir().unwrap();
    let rows = records(folder.path());
    let keys = Parameters::parse(&[("sort_key[]".into(), "-start_date".into())]).unwrap().sort_keys;
    let later = place(&keys, &rows[4]);
    assert!(compare(&keys, &later, &place(&keys, &rows[0])).is_lt());
    // What a client makes up compares as something, and never fails.
    let odd = [Value::Null, Value::Bool(true)];
    assert_eq!(compare(&keys, &odd, &later), compare(&keys, &later, &odd).reverse());
}
