//! Areas given as bare numbers, which the catalogue takes without any repair: asf_search's `bbox`, `point`, `circle`
//! and `linestring`.

use geo_types::Coord;

use super::shape::Extent;
use super::{short, sphere};
use crate::error::{Error, Result};

/// Radii of circles that the catalogue takes, in metres (CMR API documentation).
const RADII: std::ops::RangeInclusive<f64> = 10.0..=6_000_000.0;

/// `west,south,east,north`; a west greater than the east crosses the antimeridian.
pub(in crate::search) fn bbox(numbers: &[f64]) -> Result<String> {
    let [west, south, east, north] = numbers else {
        return Err(wrong("bbox", "west, south, east and north", numbers));
    };
    let (west, south) = position("bbox", *west, *south)?;
    let (east, north) = position("bbox", *east, *north)?;
    if south > north {
        return Err(Error::usage(format!(
            "the bbox's south edge ({south}) lies north of its north edge ({north})"
        ))
        .with_hint("a box is west, south, east, north, in degrees"));
    }
    let east = if east < west { east + 360.0 } else { east };
    let (west, east) = sphere::sides(&Extent { west, south, east, north });
    Ok([west, south, east, north].map(short).join(","))
}

/// `longitude,latitude`.
pub(in crate::search) fn point(numbers: &[f64]) -> Result<String> {
    let [x, y] = numbers else { return Err(wrong("point", "longitude and latitude", numbers)) };
    place("point", *x, *y)
}

/// `longitude,latitude,metres`.
pub(in crate::search) fn circle(numbers: &[f64]) -> Result<String> {
    let [x, y, radius] = numbers else {
        return Err(wrong("circle", "longitude, latitude and a radius in metres", numbers));
    };
    if !RADII.contains(radius) {
        return Err(Error::usage(format!("circle cannot have a radius of {radius} m"))
            .with_hint("the catalogue takes 10 m to 6,000 km"));
    }
    Ok(format!("{},{}", place("circle", *x, *y)?, short(*radius)))
}

/// `longitude,latitude,…` of two points or more.
pub(in crate::search) fn linestring(numbers: &[f64]) -> Result<String> {
    let pairs = numbers.as_chunks::<2>();
    if pairs.0.len() < 2 || !pairs.1.is_empty() || pairs.0.len() > 300 {
        return Err(wrong("linestring", "longitude and latitude of 2 to 300 points", numbers));
    }
    let places: Vec<String> =
        pairs.0.iter().map(|[x, y]| place("linestring", *x, *y)).collect::<Result<_>>()?;
    Ok(places.join(","))
}

fn wrong(option: &str, wanted: &str, numbers: &[f64]) -> Error {
    let shown: Vec<String> = numbers.iter().take(8).map(f64::to_string).collect();
    let shown = if shown.is_empty() { "nothing".to_owned() } else { shown.join(" ") };
    Error::usage(format!("{option} wants {wanted}, in degrees; it was given {shown}"))
}

fn place(option: &str, x: f64, y: f64) -> Result<String> {
    let (x, y) = position(option, x, y)?;
    let at = sphere::wrapped(Coord { x, y });
    Ok(format!("{},{}", short(at.x), short(at.y)))
}

/// A longitude up to one turn beyond the antimeridian, and a latitude; -0 becomes 0.
fn position(option: &str, x: f64, y: f64) -> Result<(f64, f64)> {
    if x.abs() <= 360.0 && y.abs() <= 90.0 {
        return Ok((x + 0.0, y + 0.0));
    }
    let hint = match x.abs() <= 90.0 && y.abs() <= 180.0 {
        true => "longitude comes first; longitude and latitude may be exchanged",
        false => "coordinates are longitude and latitude in degrees (WGS 84), not metres",
    };
    Err(Error::usage(format!("{option} is not on the Earth: {x} {y}")).with_hint(hint))
}
