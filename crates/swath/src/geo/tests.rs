//! Against pyproj, rasterio and rioxarray: `testdata/make_geo_vectors.py` writes what they say.

use proptest::prelude::*;
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
    // A float is written as text, which is read with the right rounding.
    let float = |number: &Value| match number.as_str() {
        Some(text) => text.parse().unwrap(),
        None => number.as_f64().unwrap(),
    };
    let found: Vec<f64> = list(value).iter().map(float).collect();
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
        let degree_tolerance = if epsg == "6933" { 2e-8 } else { 5e-12 };
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
fn boxes_far_wider_than_the_grid_are_those_of_clip_box_or_better() {
    for case in list(&vectors()["grids"]) {
        let grid = grid(case);
        let whole = Window::whole(grid.shape().0, grid.shape().1);
        for [area, expected] in list(&case["wide"]).iter().map(|pair| [&pair[0], &pair[1]]) {
            let area = lonlat_box(area);
            let found = grid.window_of_bounds(&area).ok();
            let is_inside = area.contains(&grid.bounds().to_lonlat(grid.crs()).unwrap());
            // The projected edges of a box around the world say nothing of what is inside, and clip_box finds nothing.
            let wanted = if is_inside { Some(whole) } else { expected_window(expected) };
            assert_eq!(found, wanted, "{} {area}", case["epsg"]);
        }
    }
}

/// Whether two windows are the same but for edges that lie on the edge of a pixel to within a hundredth of a
/// millionth of it. There, any two builds of PROJ disagree as well: their last bit decides.
fn same_to_the_last_bit(
    grid: &Grid,
    bounds: &Bounds,
    found: Option<Window>,
    expected: Option<Window>,
) -> bool {
    let [left, step_x, _, top, _, step_y] = grid.geo_transform();
    let is_on_edge = |position: f64| (position - position.round()).abs() < 1e-8;
    let rows = [bounds.max_y, bounds.min_y].map(|y| (y - top) / step_y);
    let cols = [bounds.min_x, bounds.max_x].map(|x| (x - left) / step_x);
    let (Some(ours), Some(theirs)) = (found, expected) else {
        // One of them took a box without height or width for an empty one.
        return found == expected || rows.into_iter().chain(cols).all(is_on_edge);
    };
    let pairs = [
        (ours.row_off(), theirs.row_off(), rows[0]),
        (ours.row_end(), theirs.row_end(), rows[1]),
        (ours.col_off(), theirs.col_off(), cols[0]),
        (ours.col_end(), theirs.col_end(), cols[1]),
    ];
    pairs.iter().all(|&(a, b, position)| a == b || (a.abs_diff(b) == 1 && is_on_edge(position)))
}

#[test]
fn windows_of_boxes_on_pixels_are_those_of_clip_box() {
    let vectors = vectors();
    let (mut compared, mut equal) = (0, 0);
    for case in list(&vectors["grids"]) {
        let grid = grid(case);
        for [area, expected] in list(&case["edge"]).iter().map(|pair| [&pair[0], &pair[1]]) {
            let (area, expected) = (lonlat_box(area), expected_window(expected));
            let found = grid.window_of_bounds(&area).ok();
            let bounds = transform_bounds(&area, grid.crs()).unwrap();
            let said = format!("{} {area}: {found:?}, not {expected:?}", case["epsg"]);
            assert!(same_to_the_last_bit(&grid, &bounds, found, expected), "{said}");
            compared += 1;
            equal += u32::from(found == expected);
        }
    }
    assert!(compared >= 50 && equal * 100 >= compared * 90, "{equal} of {compared} equal");
}

/// The grid of the cookbook's granule, frequency A.
fn afar() -> Grid {
    let x = Axis { first: 604_090.0, last: 945_350.0, count: 17_064, spacing: 20.0 };
    let y = Axis { first: 1_588_310.0, last: 1_254_250.0, count: 16_704, spacing: -20.0 };
    Grid::new(Crs::from_epsg(32637).unwrap(), x, y).unwrap()
}

#[test]
fn the_cookbooks_box_is_74_rows_by_62_columns() {
    let window =
        afar().window_of_bounds(&LonLatBox::new(40.8463, 13.2553, 40.8574, 13.2684).unwrap()).unwrap();
    assert_eq!(window, Window::new(6037, 4797, 74, 62).unwrap());
}

#[test]
fn pixels_and_points_are_each_others_inverse() {
    let grid = afar();
    for (row, col) in [(0, 0), (16_703, 17_063), (6_084, 5_000)] {
        let (lon, lat) = grid.lonlat_of(row as f64 + 0.5, col as f64 + 0.5).unwrap();
        assert_eq!(grid.pixel_of(lon, lat).unwrap(), (row, col));
    }
    assert!(
        grid.pixel_of(40.0, 20.0).unwrap_err().to_string().starts_with("the point 40 20 touches no pixel")
    );
    assert!(grid.pixel_of(f64::NAN, 20.0).is_err());
}

#[test]
fn a_window_has_its_own_bounds_centres_and_grid() {
    let grid = afar();
    let window = Window::new(10, 20, 2, 3).unwrap();
    assert_eq!(edges(&grid.bounds()), [604_080.0, 1_254_240.0, 945_360.0, 1_588_320.0]);
    assert_eq!(edges(&grid.bounds_of(&window)), [604_480.0, 1_588_080.0, 604_540.0, 1_588_120.0]);
    assert_eq!(grid.x_of(&window).collect::<Vec<_>>(), [604_490.0, 604_510.0, 604_530.0]);
    assert_eq!(grid.y_of(&window).collect::<Vec<_>>(), [1_588_110.0, 1_588_090.0]);
    let cut = grid.subset(&window).unwrap();
    assert_eq!((cut.shape(), cut.pixel_size()), ((2, 3), (20.0, 20.0)));
    assert_eq!(cut.geo_transform(), [604_480.0, 20.0, 0.0, 1_588_120.0, 0.0, -20.0]);
    assert!(grid.subset(&Window::whole(16_705, 1)).is_err());
}

#[test]
fn a_box_outside_tells_where_the_grid_is() {
    let grid = afar();
    let east = grid.window_of_bounds(&LonLatBox::new(50.0, 13.0, 50.5, 13.5).unwrap()).unwrap_err();
    let said = east.to_string();
    assert_eq!(east.kind(), ErrorKind::Usage);
    assert!(said.contains("km beyond its right edge"), "{said}");
    assert!(said.contains("longitude 39.95") && said.contains("latitude 11.3"), "{said}");
    let swapped =
        grid.window_of_bounds(&LonLatBox::new(13.2553, 40.8463, 13.2684, 40.8574).unwrap()).unwrap_err();
    assert!(swapped.hint().unwrap().contains("40.8463 13.2553 40.8574 13.2684"), "{swapped:?}");
    let near = Bounds { min_x: 604_000.0, min_y: 1_300_000.0, max_x: 604_070.0, max_y: 1_300_100.0 };
    let said = grid.window_of_projected(&near).unwrap_err().to_string();
    assert!(said.contains("10.0 m beyond its left edge"), "{said}");
    assert!(grid.window_of_projected(&Bounds { min_x: f64::NAN, ..near }).is_err());
    assert!(grid.window_of_projected(&Bounds { min_x: 700_000.0, ..near }).is_err());
}

#[test]
fn irregular_and_unknown_grids_are_refused() {
    let crs = Crs::from_epsg(32637).unwrap();
    let good = Axis { first: 10.0, last: 90.0, count: 5, spacing: 20.0 };
    let down = Axis { first: 90.0, last: 10.0, count: 5, spacing: -20.0 };
    let kind = |x, y| Grid::new(crs.clone(), x, y).err().map(|error| error.kind());
    assert_eq!(kind(good, down), None);
    assert_eq!(kind(good, good), Some(ErrorKind::Unsupported));
    assert_eq!(kind(down, down), Some(ErrorKind::Unsupported));
    for broken in [
        Axis { last: 90.001, ..good },
        Axis { count: 6, ..good },
        Axis { count: 0, ..good },
        Axis { count: u64::MAX, ..good },
        Axis { first: f64::NAN, ..good },
        Axis { last: f64::INFINITY, ..good },
        Axis { spacing: 0.0, ..good },
        Axis { first: f64::MAX, last: -f64::MAX, ..good },
    ] {
        assert_eq!(kind(broken, down), Some(ErrorKind::Integrity), "{broken:?}");
    }
    let single = Axis { first: 10.0, last: 10.0, count: 1, spacing: 20.0 };
    assert_eq!(Grid::new(crs, single, down).unwrap().shape(), (5, 1));
}

#[test]
fn an_unknown_code_is_named() {
    for epsg in [0, 2154, 32600, 32661 + 1, 32700, 32762, u32::MAX] {
        let error = Crs::from_epsg(epsg).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Unsupported);
        assert!(error.to_string().contains(&epsg.to_string()), "{error}");
    }
    assert_eq!(Crs::from_epsg(32637).unwrap().to_string(), "EPSG:32637");
}

#[test]
fn points_off_the_map_are_errors() {
    let crs = Crs::from_epsg(3031).unwrap();
    assert!(crs.forward(0.0, 91.0).is_err());
    assert!(crs.forward(f64::INFINITY, 0.0).is_err());
    assert!(crs.inverse(f64::NAN, 0.0).is_err());
    // The opposite pole lies infinitely far away.
    assert!(crs.forward(0.0, 90.0).is_err());
}

/// A small grid, easily looked through pixel by pixel.
fn small(epsg: u32, left: f64, top: f64, step: f64, count: u64) -> Grid {
    let last = (count - 1) as f64 * step;
    let x = Axis { first: left, last: left + last, count, spacing: step };
    let y = Axis { first: top, last: top - last, count, spacing: -step };
    Grid::new(Crs::from_epsg(epsg).unwrap(), x, y).unwrap()
}

proptest! {
    #[test]
    fn a_window_holds_the_pixels_that_share_an_area_with_the_bounds(
        edges in prop::array::uniform4(-3.0_f64..13.0),
    ) {
        let grid = small(32637, 500_050.0, 1_000_050.0, 100.0, 10);
        let [a, b, c, d] = edges;
        let (min_x, max_x) = (500_000.0 + a.min(b) * 100.0, 500_000.0 + a.max(b) * 100.0);
        let (min_y, max_y) = (1_000_100.0 - c.max(d) * 100.0, 1_000_100.0 - c.min(d) * 100.0);
        let bounds = Bounds { min_x, min_y, max_x, max_y };
        let found = grid.window_of_projected(&bounds).ok();
        for (row, col) in (0..10).flat_map(|row| (0..10).map(move |col| (row, col))) {
            let pixel = grid.bounds_of(&Window::new(row, col, 1, 1).unwrap());
            let is_in = found.is_some_and(|window| window.intersection(&Window::new(row, col, 1, 1).unwrap()).is_some());
            prop_assert_eq!(is_in, pixel.overlaps(&bounds), "{} {} {:?}", row, col, found);
        }
    }

    #[test]
    fn no_numbers_make_a_window_beyond_the_grid(edges in prop::array::uniform4(any::<f64>())) {
        let grid = small(3413, -300_000.0, -2_000_000.0, 5000.0, 7);
        let [min_x, min_y, max_x, max_y] = edges;
        for found in [
            grid.window_of_projected(&Bounds { min_x, min_y, max_x, max_y }),
            LonLatBox::new(min_x % 180.0, min_y % 90.0, max_x % 180.0, max_y % 90.0)
                .and_then(|area| grid.window_of_bounds(&area)),
        ] {
            prop_assert!(found.is_err() || found.is_ok_and(|window| window.checked_within(7, 7).is_ok()));
        }
    }

    #[test]
    fn a_box_holds_every_pixel_whose_centre_it_holds(
        which in 0_usize..4,
        corner in prop::array::uniform2(0.0_f64..20.0),
        size in prop::array::uniform2(0.0_f64..0.3),
    ) {
        let grid = [
            small(32637, 604_090.0, 1_588_310.0, 1000.0, 20),
            small(3413, -300_000.0, -2_000_000.0, 1000.0, 20),
            small(3031, -1_010_000.0, 1_010_000.0, 1000.0, 20),
            small(6933, 3_500_000.0, 2_100_000.0, 1000.0, 20),
        ][which].clone();
        let (west, north) = grid.lonlat_of(corner[0], corner[1]).unwrap();
        let area = LonLatBox::new(west, north - size[1], west + size[0], north).unwrap();
        let found = grid.window_of_bounds(&area).ok();
        for (row, col) in (0..20).flat_map(|row| (0..20).map(move |col| (row, col))) {
            let (lon, lat) = grid.lonlat_of(row as f64 + 0.5, col as f64 + 0.5).unwrap();
            let centre = LonLatBox::new(lon, lat, lon, lat).unwrap();
            let pixel = Window::new(row, col, 1, 1).unwrap();
            let is_in = found.is_some_and(|window| window.intersection(&pixel).is_some());
            prop_assert!(is_in || !area.contains(&centre), "{} {} not in {:?}", row, col, found);
        }
    }
}
