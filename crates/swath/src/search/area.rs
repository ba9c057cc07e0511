//! The area of a query: WKT in, what the catalogue understands out.
//!
//! Rectangles become `bounding_box` (west, south, east, north), other polygons `polygon` (counter-clockwise and
//! closed), lines `line`, points `point`; longitudes beyond ±180 are wrapped, so that an area across the antimeridian
//! is written with them: `POLYGON((170 50, 190 50, 190 60, 170 60, 170 50))`.
//!
//! Not here yet, and refused: several shapes at once, shapes wider than 180 degrees that are no rectangles,
//! simplification of outlines with more than 5,000 vertices, and formats other than WKT.

use std::str::FromStr;

use geo::{BoundingRect, Validation, Winding};
use geo_types::{Coord, LineString, Polygon, Rect};
use wkt::Wkt;
use wkt::types::{Coord as WktCoord, Dimension, LineString as WktLine};

use crate::error::{Error, Result};
use crate::granule::shown;

/// The longest outline that the catalogue takes (CMR API documentation).
const MOST_VERTICES: usize = 5000;

/// Longer texts and deeper nesting are no areas; reading them would cost memory or stack.
const LONGEST_TEXT: usize = 4 << 20;
const DEEPEST_NESTING: usize = 8;

/// The pair that an area becomes, and what was changed on the way.
#[derive(Debug, PartialEq)]
pub(super) struct Area {
    pub(super) key: &'static str,
    pub(super) value: String,
    pub(super) notices: Vec<String>,
}

impl Area {
    /// Reads an area.
    pub(super) fn parse(text: &str) -> Result<Self> {
        let mut notices = Vec::new();
        let shape = single(read(text)?)?;
        if shape.dimension() != Dimension::XY {
            notices.push("heights and measures of the area were dropped".to_owned());
        }
        let (key, value) = match shape {
            Wkt::Point(point) => {
                let at = point.coord().ok_or_else(empty)?;
                ("point", list(&[wrapped(checked(at)?)]))
            }
            Wkt::LineString(line) => ("line", list(&line_of(&line)?)),
            Wkt::Polygon(polygon) => {
                let (outline, holes) = polygon.rings().split_first().ok_or_else(empty)?;
                if !holes.is_empty() {
                    notices.push("holes of the area were dropped: the catalogue knows none".to_owned());
                }
                outline_of(outline, &mut notices)?
            }
            _ => return Err(several()),
        };
        Ok(Self { key, value, notices })
    }
}

fn unusable(why: impl Into<String>) -> Error {
    Error::usage("the area (intersects_with) cannot be used").because(why.into())
}

fn empty() -> Error {
    unusable("it is empty").with_hint("give a point, line or polygon as WKT, in longitude and latitude")
}

fn several() -> Error {
    unusable("it holds several shapes")
        .with_hint("search for one shape at a time, or for a polygon around them")
}

fn read(text: &str) -> Result<Wkt<f64>> {
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
    if text.len() > LONGEST_TEXT {
        return Err(unusable(format!("its text is longer than {} MB", LONGEST_TEXT >> 20)));
    }
    Wkt::from_str(text.trim()).map_err(|why| {
        unusable(format!("{:?} is not valid WKT: {why}", shown(text)))
            .with_hint("WKT looks like POLYGON((40.9 12.4, 41.9 12.4, 41.9 13.2, 40.9 13.2, 40.9 12.4))")
    })
}

/// The one shape within collections and multi-shapes.
fn single(shape: Wkt<f64>) -> Result<Wkt<f64>> {
    let mut members: Vec<Wkt<f64>> = match shape {
        Wkt::GeometryCollection(all) => all.geometries().to_vec(),
        Wkt::MultiPoint(all) => all.points().iter().cloned().map(Wkt::Point).collect(),
        Wkt::MultiLineString(all) => all.line_strings().iter().cloned().map(Wkt::LineString).collect(),
        Wkt::MultiPolygon(all) => all.polygons().iter().cloned().map(Wkt::Polygon).collect(),
        one => return Ok(one),
    };
    match (members.pop(), members.is_empty()) {
        (None, _) => Err(empty()),
        (Some(one), true) => single(one),
        (Some(_), false) => Err(several()),
    }
}

/// A vertex in range: latitudes to ±90, longitudes to ±360 (one turn beyond the antimeridian at most).
fn checked(coord: &WktCoord<f64>) -> Result<Coord<f64>> {
    let (x, y) = (coord.x, coord.y);
    if y.abs() <= 90.0 && x.abs() <= 360.0 {
        // Adding zero turns -0 into 0.
        return Ok(Coord { x: x + 0.0, y: y + 0.0 });
    }
    let hint = match x.abs() <= 90.0 && y.abs() <= 180.0 {
        true => "longitude comes first in WKT; latitude and longitude may be exchanged",
        false => "coordinates are longitude and latitude in degrees (WGS 84), not metres",
    };
    Err(unusable(format!("the vertex {x} {y} is not on the Earth")).with_hint(hint))
}

fn vertices(line: &WktLine<f64>) -> Result<Vec<Coord<f64>>> {
    let coords = line.coords();
    if coords.len() > MOST_VERTICES {
        let why = format!("it has {} vertices; the catalogue takes {MOST_VERTICES}", coords.len());
        return Err(unusable(why).with_hint("simplify the outline, or search for its bounding box"));
    }
    coords.iter().map(checked).collect()
}

fn line_of(line: &WktLine<f64>) -> Result<Vec<Coord<f64>>> {
    let mut coords = vertices(line)?;
    coords.dedup();
    if coords.is_empty() {
        return Err(empty());
    }
    if coords.len() < 2 {
        return Err(unusable("the line has only one point").with_hint("give a POINT"));
    }
    if width(&coords) > 180.0 {
        return Err(too_wide(width(&coords)));
    }
    Ok(coords.into_iter().map(wrapped).collect())
}

/// The outline of a polygon as a bounding box or a polygon.
fn outline_of(ring: &WktLine<f64>, notices: &mut Vec<String>) -> Result<(&'static str, String)> {
    let mut coords = vertices(ring)?;
    let (Some(first), Some(last)) = (coords.first(), coords.last()) else { return Err(empty()) };
    if first != last {
        let why = format!(
            "its outline is not closed: it begins at {} {} and ends at {} {}",
            first.x, first.y, last.x, last.y
        );
        return Err(unusable(why).with_hint("repeat the first vertex at the end"));
    }
    coords.dedup();
    let polygon = Polygon::new(LineString(coords), Vec::new());
    if crosses_itself(polygon.exterior()) || !polygon.is_valid() {
        let why = match polygon.exterior().0.len() < 4 {
            true => "its outline has fewer than three vertices",
            false => "its outline crosses or touches itself",
        };
        return Err(unusable(why).with_hint("list the vertices in order around the area"));
    }
    let (mut outline, _) = polygon.into_inner();
    let bounds = outline.bounding_rect().ok_or_else(empty)?;
    let clockwise = outline.is_cw();
    if is_rectangle(&outline, bounds) {
        if bounds.width() > 180.0 && bounds.width() < 360.0 && clockwise {
            return Err(too_wide(bounds.width()));
        }
        return Ok(("bounding_box", bounding_box(bounds)));
    }
    if bounds.width() > 180.0 {
        return Err(too_wide(bounds.width()));
    }
    if clockwise {
        notices.push("the outline of the area was turned counter-clockwise".to_owned());
        outline.0.reverse();
    }
    Ok(("polygon", list(&outline.0.into_iter().map(wrapped).collect::<Vec<_>>())))
}

/// What lies on a sphere and is wider than half of it can be meant in two ways.
fn too_wide(width: f64) -> Error {
    unusable(format!("it is {width} degrees wide as written")).with_hint(
        "write an area across the antimeridian with longitudes beyond 180, such as POLYGON((170 50, 190 50, 190 60, \
         170 60, 170 50)); split wider areas in two",
    )
}

fn width(coords: &[Coord<f64>]) -> f64 {
    let (west, east) =
        coords.iter().fold((f64::MAX, f64::MIN), |(west, east), c| (west.min(c.x), east.max(c.x)));
    east - west
}

/// Whether a ring visits a vertex twice or turns back on itself, which the library's own check lets pass.
fn crosses_itself(ring: &LineString<f64>) -> bool {
    let Some((_, open)) = ring.0.split_last() else { return false };
    let mut seen: Vec<(u64, u64)> = open.iter().map(|c| (c.x.to_bits(), c.y.to_bits())).collect();
    seen.sort_unstable();
    let revisits = seen.windows(2).any(|pair| pair[0] == pair[1]);
    let turns_back = (0..open.len()).any(|i| {
        let (a, b, c) = (open[i], open[(i + 1) % open.len()], open[(i + 2) % open.len()]);
        let (u, v) = (b - a, c - b);
        u.x * v.y == u.y * v.x && u.x * v.x + u.y * v.y < 0.0
    });
    revisits || turns_back
}

/// Whether a simple ring has the same points as its bounding box.
fn is_rectangle(ring: &LineString<f64>, bounds: Rect<f64>) -> bool {
    let (min, max) = (bounds.min(), bounds.max());
    let on_edge = |c: &Coord<f64>| c.x == min.x || c.x == max.x || c.y == min.y || c.y == max.y;
    let has = |x: f64, y: f64| ring.0.iter().any(|c| c.x == x && c.y == y);
    let corners = has(min.x, min.y) && has(min.x, max.y) && has(max.x, min.y) && has(max.x, max.y);
    // With all vertices on the border and all corners present, only a step across the inside could differ.
    let along_edge = |line: geo_types::Line<f64>| line.dx() == 0.0 || line.dy() == 0.0;
    corners && ring.0.iter().all(on_edge) && ring.lines().all(along_edge)
}

fn bounding_box(bounds: Rect<f64>) -> String {
    let (min, max) = (bounds.min(), bounds.max());
    let (west, east) = match bounds.width() >= 360.0 {
        true => (-180.0, 180.0),
        false => box_sides(min.x, max.x),
    };
    [west, min.y, east, max.y].map(short).join(",")
}

/// West and east within ±180; west is the greater where the box crosses the antimeridian.
fn box_sides(west: f64, east: f64) -> (f64, f64) {
    let (west, east) = (wrap(west), wrap(east));
    match (west, east) {
        (180.0, east) => (-180.0, east),
        (west, -180.0) => (west, 180.0),
        sides => sides,
    }
}

fn wrap(longitude: f64) -> f64 {
    if longitude.abs() <= 180.0 { longitude } else { (longitude + 180.0).rem_euclid(360.0) - 180.0 }
}

fn wrapped(coord: Coord<f64>) -> Coord<f64> {
    Coord { x: wrap(coord.x), y: coord.y }
}

/// The shortest decimal without exponent, with at least one place: `41.0`.
fn short(number: f64) -> String {
    let text = number.to_string();
    if text.contains('.') { text } else { format!("{text}.0") }
}

/// `lon,lat,…` with 16 places, as asf_search writes vertices.
fn list(coords: &[Coord<f64>]) -> String {
    coords.iter().map(|c| format!("{:.16},{:.16}", c.x, c.y)).collect::<Vec<_>>().join(",")
}

#[cfg(test)]
mod tests;
