//! Areas in KML 2.2: every point, line and polygon of all its placemarks.
//!
//! Coordinates are longitude, latitude and height on WGS 84 by definition. Entities are not expanded, links are not
//! followed.

use geo_types::Coord;
use quick_xml::Reader;
use quick_xml::events::Event;

use super::shape::Shape;
use super::{Given, unusable};
use crate::error::{Error, Result};
use crate::granule::shown;

/// Elements within elements; folders are rarely more than a few deep.
const DEEPEST: usize = 100;

/// Where in the document the reader is.
#[derive(Default)]
struct Place {
    /// The local names of the open elements.
    open: Vec<String>,
    /// The text of the `coordinates` element that is open.
    coordinates: String,
    is_kml: bool,
    links: usize,
}

/// Reads a KML text.
pub(super) fn read(text: &str) -> Result<Given> {
    let mut reader = Reader::from_str(text);
    let (mut given, mut place) = (Given::default(), Place::default());
    loop {
        match reader.read_event().map_err(|why| invalid(format!("the text is no XML: {why}")))? {
            Event::Start(tag) => place.enter(&String::from_utf8_lossy(tag.local_name().as_ref()))?,
            Event::End(_) => place.leave(&mut given)?,
            Event::Text(words) if place.is_in("coordinates") => {
                place.coordinates.push_str(&String::from_utf8_lossy(&words));
            }
            Event::CData(words) if place.is_in("coordinates") => {
                place.coordinates.push_str(&String::from_utf8_lossy(&words));
            }
            Event::Eof => break,
            _ => {}
        }
    }
    if !place.is_kml {
        return Err(invalid("it has no kml element"));
    }
    if place.links > 0 {
        given.notes.push("links in the KML to other files were not followed".to_owned());
    }
    Ok(given)
}

fn invalid(why: impl Into<String>) -> Error {
    unusable(format!("it is not valid KML: {}", why.into()))
}

impl Place {
    fn is_in(&self, element: &str) -> bool {
        self.open.last().is_some_and(|name| name == element)
    }

    fn enter(&mut self, name: &str) -> Result<()> {
        if self.open.len() >= DEEPEST {
            return Err(invalid(format!("its elements are nested more than {DEEPEST} deep")));
        }
        self.is_kml |= self.open.is_empty() && name == "kml";
        self.links += usize::from(name == "NetworkLink");
        self.coordinates.clear();
        self.open.push(name.to_owned());
        Ok(())
    }

    fn leave(&mut self, given: &mut Given) -> Result<()> {
        let (Some(name), parent) = (self.open.pop(), self.open.last()) else { return Ok(()) };
        if name != "coordinates" {
            return Ok(());
        }
        let coords = coords(&self.coordinates, given)?;
        let is_hole = self.open.iter().rev().take(2).any(|name| name == "innerBoundaryIs");
        match parent.map(String::as_str) {
            Some("Point") => coords.into_iter().try_for_each(|at| given.add(Shape::Point(at))),
            Some("LineString") => given.add(Shape::Line(coords)),
            Some("LinearRing") if is_hole => {
                given.holes += 1;
                Ok(())
            }
            Some("LinearRing") => given.add(Shape::Outline(coords)),
            _ => Ok(()),
        }
    }
}

/// Tuples of `longitude,latitude[,height]`, separated by white space.
fn coords(text: &str, given: &mut Given) -> Result<Vec<Coord<f64>>> {
    let mut coords = Vec::new();
    for tuple in text.split_whitespace() {
        let numbers: Vec<Option<f64>> = tuple.split(',').map(|number| number.parse().ok()).collect();
        match numbers.as_slice() {
            [Some(x), Some(y), heights @ ..] if heights.len() <= 1 => {
                given.has_heights |= heights.iter().flatten().any(|height| *height != 0.0);
                coords.push(Coord { x: x + 0.0, y: y + 0.0 });
            }
            _ => return Err(invalid(format!("{:?} is no longitude,latitude", shown(tuple)))),
        }
    }
    Ok(coords)
}
