//! Against pyproj, rasterio and rioxarray: `testdata/make_geo_vectors.py` writes what they say.

use serde_json::Value;

use super::*;
use crate::array::Window;
use crate::error::ErrorKind;

fn vectors() -> Value {
    serde_json::from_str(include_str!("testdata/geo_vectors.json")).unwrap()
}

fn list(value: &Value) -> &[Value] {
    value.as_array().unwrap()
}

fn numbers<const N: usize>(value: &Value) -> [f64; N] {
    let found: Vec<f64> = list(value).iter().map(|number| number.as_f64().unwrap()).collect();
    found.try_into().unwrap()
}

fn crs(value: &Value) -> Crs {
    Crs::from_epsg(value.as_u64().unwrap() as u32).unwrap()
}

fn lonlat_box(value: &Value) -> LonLatBox {
    let [west, south, east, north] = numbers(value);
    LonLatBox::new(west, south, east, north).unwrap()
}

fn axis(value: &Value) -> Axis {
    let [first, last, count, spacing] = numbers(value);
    Axis { first, last, count: count as u64, spacing }
}

fn grid(value: &Value) -> Grid {
    Grid::new(crs(&value["epsg"]), axis(&value["x"]), axis(&value["y"])).unwrap()
}

fn expected_window(value: &Value) -> Option<Window> {
    (!value.is_null()).then(|| {
        let [row_off, col_off, height, width] = numbers(value).map(|number| number as u64);
        Window::new(row_off, col_off, height, width).unwrap()
    })
}

/// Largest difference of two boxes' edges.
fn farthest(ours: [f64; 4], theirs: [f64; 4]) -> f64 {
    ours.iter().zip(theirs).map(|(a, b)| (a - b).abs()).fold(0.0, f64::max)
}

fn edges(bounds: &Bounds) -> [f64; 4] {
    [bounds.min_x, bounds.min_y, bounds.max_x, bounds.max_y]
}

#[test]
fn points_agree_with_pyproj_both_ways() {
    let vectors = vectors();
    let systems = vectors["points"].as_object().unwrap();
    assert_eq!(systems.len(), 14);
    for (epsg, points) in systems {
        let crs = Crs::from_epsg(epsg.parse().unwrap()).unwrap();
        // 6933 inverse: PROJ's own round trip is off by up to 1.6 mm.
        let degree_tolerance = if epsg == "6933" { 2e-8 } else { 1e-12 };
        for point in list(points) {
            let [lon, lat, x, y] = numbers(point);
            let (our_x, our_y) = crs.forward(lon, lat).unwrap();
            assert!((our_x - x).hypot(our_y - y) < 1e-8, "{epsg} forward {point}: {our_x} {our_y}");
            let (our_lon, our_lat) = crs.inverse(x, y).unwrap();
            assert!((our_lat - lat).abs() < degree_tolerance, "{epsg} inverse {point}: {our_lat}");
            // Longitude has no meaning at a pole, and ±180 are the same meridian.
            let turn = (our_lon - lon).rem_euclid(360.0);
            let off = turn.min(360.0 - turn) * lat.to_radians().cos();
            assert!(off < degree_tolerance, "{epsg} inverse {point}: {our_lon}");
        }
    }
}

#[test]
fn transformed_boxes_agree_with_rasterio() {
    let vectors = vectors();
    let cases = list(&vectors["forward"]);
    assert!(cases.len() >= 20);
    for case in cases {
        let found = transform_bounds(&lonlat_box(&case[1]), &crs(&case[0])).unwrap();
        let off = farthest(edges(&found), numbers(&case[2]));
        assert!(off < 1e-7, "{case}: off by {off} at {found}");
    }
}

#[test]
fn bounds_go_back_to_longitude_and_latitude_as_in_rasterio() {
    for case in list(&vectors()["inverse"]) {
        let [min_x, min_y, max_x, max_y] = numbers(&case[1]);
        let found = Bounds { min_x, min_y, max_x, max_y }.to_lonlat(&crs(&case[0])).unwrap();
        let off = farthest([found.west(), found.south(), found.east(), found.north()], numbers(&case[2]));
        // 2e-8 degrees are the 1.6 mm by which PROJ's 6933 is off.
        assert!(off < 2e-8, "{case}: off by {off} at {found}");
    }
}

#[test]
fn windows_are_those_of_clip_box() {
    let vectors = vectors();
    let mut compared = 0;
    for case in list(&vectors["grids"]) {
        let grid = grid(case);
        for [area, expected] in list(&case["lonlat"]).iter().map(|pair| [&pair[0], &pair[1]]) {
            let found = grid.window_of_bounds(&lonlat_box(area)).ok();
            assert_eq!(found, expected_window(expected), "{} {area}", case["epsg"]);
            compared += 1;
        }
    }
    assert!(compared >= 200, "{compared}");
}

#[test]
fn windows_of_edges_on_pixels_are_those_of_clip_box() {
    let vectors = vectors();
    for case in list(&vectors["grids"]) {
        let grid = grid(case);
        for [bounds, expected] in list(&case["projected"]).iter().map(|pair| [&pair[0], &pair[1]]) {
            let [min_x, min_y, max_x, max_y] = numbers(bounds);
            let found = grid.window_of_projected(&Bounds { min_x, min_y, max_x, max_y }).ok();
            assert_eq!(found, expected_window(expected), "{} {bounds}", case["epsg"]);
        }
    }
}

#[test]
fn windows_of_boxes_on_pixels_are_those_of_clip_box() {
    let vectors = vectors();
    for case in list(&vectors["grids"]) {
        let grid = grid(case);
        for [area, expected] in list(&case["edge"]).iter().map(|pair| [&pair[0], &pair[1]]) {
            let found = grid.window_of_bounds(&lonlat_box(area)).ok();
            if found != expected_window(expected) {
                println!("{} {area} {found:?} {expected}", case["epsg"]);
            }
        }
    }
    panic!("look");
}
