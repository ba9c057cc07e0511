//! Areas as text: which format it is, and well-known text itself.

use std::str::FromStr;

use geo_types::Coord;
use wkt::Wkt;
use wkt::types::{Coord as WktCoord, Dimension, LineString as WktLine, Polygon as WktPolygon};

use super::shape::Shape;
use super::{Given, geojson, kml, other_system, unusable};
use crate::error::{Error, Result};
use crate::granule::shown;

/// Longer texts and deeper nesting are no areas; reading them would cost memory or stack.
const LONGEST_TEXT: usize = 16 << 20;
const DEEPEST_NESTING: usize = 32;

/// Reads the text of an area in whichever format it is.
pub(super) fn read(text: &str) -> Result<Given> {
    if text.len() > LONGEST_TEXT {
        return Err(unusable(format!("its text is longer than {} MB", LONGEST_TEXT / 1_000_000))
            .with_hint("simplify it first, or search for its bounding box"));
    }
    let text = text.trim_start_matches('\u{feff}').trim();
    match text.as_bytes().first() {
        Some(b'{') => geojson::read(text),
        Some(b'<') => kml::read(text),
        _ => well_known(text),
    }
}

fn well_known(text: &str) -> Result<Given> {
    let text = without_srid(text)?;
    let mut depth = 0_usize;
    for byte in text.bytes() {
        match byte {
            b'(' => depth += 1,
            b')' => depth = depth.saturating_sub(1),
            _ => {}
        }
        if depth > DEEPEST_NESTING {
            return Err(unusable(format!("its brackets are nested more than {DEEPEST_NESTING} deep")));
        }
    }
    let shape = Wkt::from_str(text).map_err(|why| not_valid(text, why))?;
    let mut given = Given::default();
    add(shape, &mut given)?;
    Ok(given)
}

fn not_valid(text: &str, why: &str) -> Error {
    unusable(format!("{:?} is not valid WKT: {why}", shown(text))).with_hint(
        "WKT looks like POLYGON((40.9 12.4, 41.9 12.4, 41.9 13.2, 40.9 13.2, 40.9 12.4)); GeoJSON and KML are \
         understood as well",
    )
}

/// PostGIS puts the coordinate system before the text: `SRID=4326;POINT(…)`.
fn without_srid(text: &str) -> Result<&str> {
    let Some((before, rest)) = text.split_once(';') else { return Ok(text) };
    match before.trim().to_ascii_uppercase().strip_prefix("SRID=") {
        Some("4326") => Ok(rest.trim()),
        Some(other) => Err(other_system(&format!("SRID {}", shown(other)))),
        None => Ok(text),
    }
}

fn add(shape: Wkt<f64>, given: &mut Given) -> Result<()> {
    given.has_heights |= shape.dimension() != Dimension::XY;
    match shape {
        Wkt::Point(point) => match point.coord() {
            Some(at) => given.add(Shape::Point(coord(at))),
            None => Ok(()),
        },
        Wkt::LineString(line) => given.add(Shape::Line(coords(&line))),
        Wkt::Polygon(polygon) => add_polygon(&polygon, given),
        Wkt::MultiPoint(all) => all
            .points()
            .iter()
            .filter_map(|point| point.coord())
            .try_for_each(|at| given.add(Shape::Point(coord(at)))),
        Wkt::MultiLineString(all) => {
            all.line_strings().iter().try_for_each(|line| given.add(Shape::Line(coords(line))))
        }
        Wkt::MultiPolygon(all) => all.polygons().iter().try_for_each(|polygon| add_polygon(polygon, given)),
        Wkt::GeometryCollection(all) => {
            all.into_inner().0.into_iter().try_for_each(|shape| add(shape, given))
        }
    }
}

fn add_polygon(polygon: &WktPolygon<f64>, given: &mut Given) -> Result<()> {
    let Some((outline, holes)) = polygon.rings().split_first() else { return Ok(()) };
    given.holes += holes.len();
    given.add(Shape::Outline(coords(outline)))
}

fn coords(line: &WktLine<f64>) -> Vec<Coord<f64>> {
    line.coords().iter().map(coord).collect()
}

/// The vertex; adding zero turns -0 into 0.
fn coord(c: &WktCoord<f64>) -> Coord<f64> {
    Coord { x: c.x + 0.0, y: c.y + 0.0 }
}
