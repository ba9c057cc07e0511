//! Areas in GeoJSON (RFC 7946): geometries, features, and collections of them.

use geo_types::Coord;
use serde_json::{Map, Value};

use super::shape::Shape;
use super::{Given, other_system, unusable};
use crate::error::{Error, Result};
use crate::granule::shown;

/// Reads a GeoJSON text. serde_json refuses what is nested more than 128 deep.
pub(super) fn read(text: &str) -> Result<Given> {
    let value: Value = serde_json::from_str(text)
        .map_err(|why| invalid(format!("the text begins as JSON and is not: {why}")))?;
    let mut given = Given::default();
    add(&value, &mut given)?;
    Ok(given)
}

fn invalid(why: impl Into<String>) -> Error {
    let why = format!("it is not valid GeoJSON: {}", why.into());
    unusable(why).with_hint("GeoJSON looks like {\"type\": \"Point\", \"coordinates\": [41.4, 12.8]}")
}

fn add(value: &Value, given: &mut Given) -> Result<()> {
    let object = value.as_object().ok_or_else(|| invalid("a geometry is no object"))?;
    check_system(object)?;
    let kind = object.get("type").and_then(Value::as_str).ok_or_else(|| invalid("an object has no type"))?;
    let coordinates =
        || object.get("coordinates").ok_or_else(|| invalid(format!("{kind} has no coordinates")));
    match kind {
        "FeatureCollection" => {
            members(object, "features")?.iter().try_for_each(|feature| add(feature, given))
        }
        "GeometryCollection" => {
            members(object, "geometries")?.iter().try_for_each(|member| add(member, given))
        }
        "Feature" => match object.get("geometry") {
            None | Some(Value::Null) => Ok(()),
            Some(geometry) => add(geometry, given),
        },
        "Point" => add_point(coordinates()?, given),
        "MultiPoint" => array(coordinates()?)?.iter().try_for_each(|point| add_point(point, given)),
        "LineString" => add_line(coordinates()?, given),
        "MultiLineString" => array(coordinates()?)?.iter().try_for_each(|line| add_line(line, given)),
        "Polygon" => add_polygon(coordinates()?, given),
        "MultiPolygon" => array(coordinates()?)?.iter().try_for_each(|polygon| add_polygon(polygon, given)),
        other => Err(invalid(format!("{:?} is no type of it", shown(other)))),
    }
}

/// The old `crs` member: only names of longitude and latitude on WGS 84 will do.
fn check_system(object: &Map<String, Value>) -> Result<()> {
    let Some(system) = object.get("crs").filter(|system| !system.is_null()) else { return Ok(()) };
    let name = system.pointer("/properties/name").and_then(Value::as_str).unwrap_or("unnamed");
    let end = name.rsplit([':', '/']).next().unwrap_or(name);
    match end {
        "CRS84" | "CRS84h" | "4326" | "4979" => Ok(()),
        _ => Err(other_system(&shown(name))),
    }
}

fn members<'a>(object: &'a Map<String, Value>, name: &str) -> Result<&'a Vec<Value>> {
    object.get(name).and_then(Value::as_array).ok_or_else(|| invalid(format!("a collection has no {name}")))
}

fn array(value: &Value) -> Result<&Vec<Value>> {
    value.as_array().ok_or_else(|| invalid("coordinates are not lists of numbers"))
}

fn add_point(value: &Value, given: &mut Given) -> Result<()> {
    match array(value)?.is_empty() {
        true => Ok(()),
        false => {
            let at = position(value, given)?;
            given.add(Shape::Point(at))
        }
    }
}

fn add_line(value: &Value, given: &mut Given) -> Result<()> {
    let coords = positions(value, given)?;
    given.add(Shape::Line(coords))
}

fn add_polygon(value: &Value, given: &mut Given) -> Result<()> {
    let Some((outline, holes)) = array(value)?.split_first() else { return Ok(()) };
    given.holes += holes.len();
    let outline = positions(outline, given)?;
    given.add(Shape::Outline(outline))
}

fn positions(value: &Value, given: &mut Given) -> Result<Vec<Coord<f64>>> {
    array(value)?.iter().map(|value| position(value, given)).collect()
}

fn position(value: &Value, given: &mut Given) -> Result<Coord<f64>> {
    let numbers = array(value)?;
    given.has_heights |= numbers.len() > 2;
    let number = |index: usize| numbers.get(index).and_then(Value::as_f64);
    match (number(0), number(1)) {
        // Adding zero turns -0 into 0.
        (Some(x), Some(y)) => Ok(Coord { x: x + 0.0, y: y + 0.0 }),
        _ => Err(invalid("a position is not two numbers, longitude and latitude")),
    }
}
