//! Areas against what the unmodified asf_search 14.1.0 makes of them: the vectors beside the repository, and those
//! that `fixtures/areas.py` made. Polygons are compared as sets of points: where one begins depends on GEOS.

use std::collections::BTreeSet;
use std::path::PathBuf;

use geo::{Area as _, BooleanOps};
use geo_types::{Coord, LineString, Polygon};
use serde_json::Value;
use swath::search::{Area, Repair};

use crate::search::vectors;

/// Where swath differs on purpose: the area, the pair that swath asks with, and why.
const DIFFERENCES: &[(&str, &str, &str)] = &[
    (
        "POLYGON((170 50,-170 50,-170 60,170 60,170 50))",
        "bounding_box=170.0,50.0,-170.0,60.0",
        "clockwise as written, counter-clockwise across the antimeridian; asf_search asks for the other 340 degrees",
    ),
    (
        "POLYGON((-190 50,-170 50,-170 60,-190 60,-190 50))",
        "bounding_box=170.0,50.0,-170.0,60.0",
        "asf_search asks for the other 340 degrees",
    ),
    (
        "POLYGON((170 50,190 50,190 60,170 60,170 50))",
        "bounding_box=170.0,50.0,-170.0,60.0",
        "asf_search asks for the other 340 degrees",
    ),
    (
        "MULTIPOLYGON(((177.5 50,180 50,180 53,177.5 53,177.5 50)),((-180 50,-174.5 50,-174.5 53,-180 53,-180 50)))",
        "bounding_box=177.5,50.0,-174.5,53.0",
        "split at the antimeridian, put together again; asf_search asks for all longitudes (its issue 465)",
    ),
    (
        "MULTIPOLYGON(((170 -20,180 -20,180 -10,170 -10,170 -20)),((-180 -20,-170 -20,-170 -10,-180 -10,-180 -20)))",
        "bounding_box=170.0,-20.0,-170.0,-10.0",
        "as the one before",
    ),
    (
        "MULTIPOLYGON(((-179 0,-170 0,-170 5,-179 5,-179 0)),((170 0,179 0,179 5,170 5,170 0)))",
        "bounding_box=170.0,0.0,-170.0,5.0",
        "two shapes on either side of the antimeridian are joined across it; asf_search joins them across Greenwich",
    ),
    (
        "MULTIPOLYGON(((150 -20,160 -20,160 -10,150 -10,150 -20)),((-160 -20,-150 -20,-150 -10,-160 -10,-160 -20)))",
        "bounding_box=150.0,-20.0,-150.0,-10.0",
        "as the one before",
    ),
    (
        "POLYGON((-180 -90,180 -90,180 90,-180 90,-180 -90))",
        "bounding_box=-180.0,-90.0,180.0,90.0",
        "unwrapped: asf_search moves every edge to 180 degrees, which leaves nothing of the area",
    ),
    (
        "POLYGON((-180 60,180 60,180 90,-180 90,-180 60))",
        "bounding_box=-180.0,60.0,180.0,90.0",
        "as the one before",
    ),
    (
        "POLYGON((-100 0,100 0,100 10,-100 10,-100 0))",
        "bounding_box=-100.0,0.0,100.0,10.0",
        "unwrapped: counter-clockwise, so wide as written and not across the antimeridian",
    ),
    (
        "POLYGON((-100 0,100 0,0 50,-100 0))",
        "polygon=-100,0,-33.33333333333333,0,33.33333333333334,0,100,0,0,50,-100,0",
        "unwrapped: as the one before; the edge of 200 degrees has vertices, or the catalogue took the other way",
    ),
    (
        "MULTIPOLYGON(((0 0,1 0,1 1,0 1,0 0)),((2 1,3 1,3 1,2 1,2 1)),((0.5 0.5,2 0.5,2 2,0.5 2,0.5 0.5)))",
        "polygon=0,0,1,0,1,0.5,2,0.5,2,2,0.5,2,0.5,1,0,1,0,0",
        "a polygon without extent is not counted among those that overlap",
    ),
    (
        "POLYGON((-181 -95,181 0,10 100,0 100,-181 -95))",
        "bounding_box=-180.0,-90.0,180.0,90.0",
        "wider than the Earth, which no polygon on it is; asf_search wraps vertices, which leaves a shape that crosses itself",
    ),
    (
        "GEOMETRYCOLLECTION(MULTIPOLYGON(((0 0,20 0,20 20,0 20,0 0)),((0 5,20 5,20 25,0 25,0 5))),POINT(95 -90))",
        "polygon=95,-90,20,25,0,25,0,0,95,-90",
        "overlapping shapes are merged within collections too; asf_search ends in an AttributeError",
    ),
];

/// How many of the areas in a file were compared, and which differences were met.
fn compare(text: &str) -> (usize, BTreeSet<usize>) {
    let (mut compared, mut met) = (0, BTreeSet::new());
    for line in text.lines() {
        let vector: Value = serde_json::from_str(line).unwrap();
        let wkt = vector["wkt"].as_str().unwrap();
        let shown: String = wkt.chars().take(120).collect();
        compared += 1;
        let listed = DIFFERENCES.iter().position(|(of, _, _)| *of == wkt);
        let area = match (vector.get("error"), Area::parse(wkt)) {
            (Some(_), Err(error)) => {
                assert_eq!(error.kind(), swath::ErrorKind::Usage, "{shown}");
                continue;
            }
            (None, Ok(area)) => area,
            (Some(_), Ok(area)) if listed.is_some() => area,
            (_, ours) => panic!("{shown}: {ours:?}, asf_search says {vector}"),
        };
        let wrong = match vector.get("error") {
            Some(error) => vec![error.to_string()],
            None => differences(&area, &vector),
        };
        match listed {
            Some(index) => {
                let (key, value) = area.catalogue_pair();
                let value = value.replace(".0000000000000000", "");
                assert!(!wrong.is_empty(), "no difference: {shown}");
                assert!(same_pair(DIFFERENCES[index].1, &format!("{key}={value}")), "{shown}: {key}={value}");
                met.insert(index);
            }
            None => assert!(wrong.is_empty(), "{shown}:\n  {}", wrong.join("\n  ")),
        }
    }
    (compared, met)
}

fn differences(area: &Area, vector: &Value) -> Vec<String> {
    let mut wrong = Vec::new();
    let text = |name: &str| vector[name].as_str().unwrap().to_owned();
    for (name, ours) in [("wrapped", area.wrapped_wkt()), ("unwrapped", area.unwrapped_wkt())] {
        if !same(&shape(&text(name)), &shape(&ours), 1e-5) {
            wrong.push(format!("{name}: {ours}, not {}", text(name)));
        }
    }
    let reports: Vec<String> = area.repairs().iter().filter_map(Repair::report).collect();
    let theirs: Vec<String> = vector["repairs"]
        .as_array()
        .unwrap()
        .iter()
        .map(|entry| entry.as_str().unwrap().to_owned())
        .collect();
    if reports != theirs {
        wrong.push(format!("repairs: {reports:?}, not {theirs:?}"));
    }
    let (key, value) = area.catalogue_pair();
    let theirs = &vector["cmr"][0];
    let theirs = format!("{}={}", theirs[0].as_str().unwrap(), theirs[1].as_str().unwrap());
    if !same_pair(&theirs, &format!("{key}={value}")) {
        wrong.push(format!("cmr: {key}={value}, not {theirs}"));
    }
    wrong
}

/// The kind of a shape and its vertices.
fn shape(wkt: &str) -> (String, Vec<Coord<f64>>) {
    let (kind, rest) = wkt.split_once('(').unwrap();
    let rest = rest.trim_matches(['(', ')']);
    let coords = rest.split(',').map(|pair| {
        let (x, y) = pair.trim().split_once(' ').unwrap();
        Coord { x: x.parse().unwrap(), y: y.parse().unwrap() }
    });
    (kind.trim().to_owned(), coords.collect())
}

/// Whether two shapes are the same set of points, to a share of their area.
fn same(one: &(String, Vec<Coord<f64>>), other: &(String, Vec<Coord<f64>>), tolerance: f64) -> bool {
    if one.0 != other.0 {
        return false;
    }
    if one.0 == "POLYGON" {
        let polygon = |coords: &[Coord<f64>]| Polygon::new(LineString(coords.to_vec()), vec![]);
        let (one, other) = (polygon(&one.1), polygon(&other.1));
        return one.xor(&other).unsigned_area() <= tolerance * one.unsigned_area().max(other.unsigned_area());
    }
    let near = |(a, b): (&Coord<f64>, &Coord<f64>)| (a.x - b.x).abs() < 1e-9 && (a.y - b.y).abs() < 1e-9;
    let forwards = one.1.iter().zip(&other.1).all(near);
    let backwards = one.1.iter().zip(other.1.iter().rev()).all(near);
    one.1.len() == other.1.len() && (forwards || backwards)
}

/// Whether two pairs ask for the same: polygons as sets of points, all else number by number. asf_search repairs the
/// area anew from the text of what it repaired before, which may choose other vertices of a circle.
fn same_pair(one: &str, other: &str) -> bool {
    let ((key, one), (other_key, other)) = (one.split_once('=').unwrap(), other.split_once('=').unwrap());
    let numbers = |text: &str| text.split(',').map(|n| n.parse().unwrap()).collect::<Vec<f64>>();
    let (one, other) = (numbers(one), numbers(other));
    let coords = |n: &[f64]| n.chunks(2).map(|pair| Coord { x: pair[0], y: pair[1] }).collect::<Vec<_>>();
    key == other_key
        && match key {
            "polygon" => {
                let polygon = |numbers: &[f64]| ("POLYGON".to_owned(), coords(numbers));
                same(&polygon(&one), &polygon(&other), 1e-3)
            }
            _ => one.len() == other.len() && one.iter().zip(&other).all(|(a, b)| (a - b).abs() < 1e-9),
        }
}

#[test]
fn areas_become_what_asf_search_makes_of_them() {
    let made = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../fixtures/areas/asf_search.jsonl");
    let (compared, mut met) = compare(&std::fs::read_to_string(made).unwrap());
    assert!(compared >= 110, "only {compared} areas were compared");
    let Some(golden) = vectors("golden/golden_wkt.jsonl") else { return };
    let (compared, more) = compare(&golden);
    assert!(compared >= 28, "only {compared} vectors were compared");
    met.extend(more);
    assert_eq!(met.len(), DIFFERENCES.len(), "a difference is listed whose area is not there");
}

#[test]
fn files_are_read_as_their_shapes() {
    let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../fixtures/areas");
    let expected = std::fs::read_to_string(folder.join("expected.json")).unwrap();
    let expected: serde_json::Map<String, Value> = serde_json::from_str(&expected).unwrap();
    assert!(expected.len() >= 20);
    for (name, pair) in expected {
        let area = match (pair.is_null(), Area::open(folder.join(&name))) {
            (false, Ok(area)) => area,
            (true, Err(error)) => {
                assert_eq!(error.kind(), swath::ErrorKind::Usage, "{name}");
                continue;
            }
            (_, outcome) => panic!("{name}: {outcome:?}"),
        };
        let theirs = format!("{}={}", pair[0].as_str().unwrap(), pair[1].as_str().unwrap());
        let (key, value) = area.catalogue_pair();
        assert!(same_pair(&theirs, &format!("{key}={value}")), "{name}: {key}={value}, not {theirs}");
    }
}

#[test]
fn refused_files_say_why_and_what_to_do() {
    let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../fixtures/areas");
    let cases = [
        ("metres.shp", "WGS_1984_UTM_Zone_37N", "ogr2ogr"),
        ("cut.shp", "damaged", ""),
        ("two.zip", "several areas", "one of them"),
        ("nothing.zip", "holds no .shp", ""),
        ("bomb.zip", "larger than 67 MB", ""),
        ("longer.zip", "not as long as the directory says", ""),
        ("damaged.zip", "checksum", ""),
        ("lake.gpkg", "GeoPackage", "ogr2ogr"),
        ("binary.dat", "neither text nor", "ogr2ogr"),
        ("absent.wkt", "cannot be read", ""),
        (".", "is no file", ""),
    ];
    for (name, why, hint) in cases {
        let error = Area::open(folder.join(name)).unwrap_err();
        assert!(error.reasons().join(" ").contains(why), "{name}: {error:?}");
        assert!(error.hint().unwrap_or_default().contains(hint), "{name}: {error:?}");
    }
    let bytes = std::fs::read(folder.join("lake.shp")).unwrap();
    let area = Area::from_bytes(&bytes).unwrap();
    assert!(area.notices().iter().any(|notice| notice.contains("no .prj")), "{:?}", area.notices());
}
