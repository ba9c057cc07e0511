//! Areas in ESRI shapefiles: the geometry in the `.shp` file (ESRI Shapefile Technical Description, July 1998).
//!
//! Attributes and the index of records are not needed and not read. The specification winds outer rings clockwise and
//! holes counter-clockwise; outlines are handed on counter-clockwise.

use geo_types::{Coord, LineString};

use geo::coordinate_position::{CoordPos, coord_pos_relative_to_ring};

use super::shape::{Shape, doubled_area};
use super::{Given, unusable};
use crate::error::{Error, Result};

/// What a `.shp` file begins with: the number 9994, high byte first.
pub(super) const MAGIC: &[u8] = &[0x00, 0x00, 0x27, 0x0a];

const HEADER: usize = 100;

/// Holes times vertices around them that are looked at.
const MOST_CHECKS: usize = 100_000_000;

/// Reads the bytes of a `.shp` file.
pub(super) fn read(bytes: &[u8]) -> Result<Given> {
    let mut given = Given::default();
    let mut rest = bytes.get(HEADER..).ok_or_else(|| damaged("its header is cut off"))?;
    while !rest.is_empty() {
        // A record's number, and the length of its content in words of 16 bits, high byte first.
        let length = rest.get(4..8).and_then(|four| four.try_into().ok()).map(i32::from_be_bytes);
        let length =
            length.and_then(|words| usize::try_from(words).ok()).and_then(|words| words.checked_mul(2));
        let end = length
            .and_then(|length| length.checked_add(8))
            .ok_or_else(|| damaged("a record has no length"))?;
        let content = rest.get(8..end).ok_or_else(|| damaged("a record is cut off"))?;
        record(Bytes(content), &mut given)?;
        rest = rest.get(end..).unwrap_or_default();
    }
    Ok(given)
}

fn damaged(why: &str) -> Error {
    unusable(format!("the shapefile is damaged: {why}"))
}

/// Bytes not read yet, low byte first.
struct Bytes<'a>(&'a [u8]);

impl<'a> Bytes<'a> {
    fn take(&mut self, count: usize) -> Result<&'a [u8]> {
        let (taken, rest) = self.0.split_at_checked(count).ok_or_else(|| damaged("a shape is cut off"))?;
        self.0 = rest;
        Ok(taken)
    }

    fn number(&mut self) -> Result<usize> {
        let four = self.take(4)?.try_into().map_err(|_| damaged("a shape is cut off"))?;
        usize::try_from(i32::from_le_bytes(four)).map_err(|_| damaged("a number is negative"))
    }

    fn coord(&mut self) -> Result<Coord<f64>> {
        let mut double = || -> Result<f64> {
            let eight = self.take(8)?.try_into().map_err(|_| damaged("a shape is cut off"))?;
            // Adding zero turns -0 into 0.
            Ok(f64::from_le_bytes(eight) + 0.0)
        };
        Ok(Coord { x: double()?, y: double()? })
    }

    /// So many vertices, which the bytes must hold before memory is asked for.
    fn coords(&mut self, count: usize) -> Result<Vec<Coord<f64>>> {
        let length = count.checked_mul(16).ok_or_else(|| damaged("a shape is too long"))?;
        let mut bytes = Bytes(self.take(length)?);
        (0..count).map(|_| bytes.coord()).collect()
    }
}

fn record(mut content: Bytes<'_>, given: &mut Given) -> Result<()> {
    let kind = content.number()?;
    given.has_heights |= kind > 10 && kind != 31;
    match kind {
        0 => Ok(()),
        1 | 11 | 21 => given.add(Shape::Point(content.coord()?)),
        8 | 18 | 28 => {
            content.take(32)?;
            let count = content.number()?;
            content.coords(count)?.into_iter().try_for_each(|at| given.add(Shape::Point(at)))
        }
        3 | 13 | 23 => parts(content)?.into_iter().try_for_each(|line| given.add(Shape::Line(line))),
        5 | 15 | 25 => polygon(parts(content)?, given),
        31 => Err(unusable("the shapefile holds surfaces (MultiPatch), which have no outline")),
        other => Err(damaged(&format!("{other} is no kind of shape"))),
    }
}

/// The parts of a line or polygon.
fn parts(mut content: Bytes<'_>) -> Result<Vec<Vec<Coord<f64>>>> {
    content.take(32)?;
    let (parts, points) = (content.number()?, content.number()?);
    let length = parts.checked_mul(4).ok_or_else(|| damaged("a shape is too long"))?;
    let mut starts = Bytes(content.take(length)?);
    let starts: Vec<usize> = (0..parts).map(|_| starts.number()).collect::<Result<_>>()?;
    let coords = content.coords(points)?;
    let ends = starts.iter().skip(1).copied().chain([points]);
    let part = |(start, end): (&usize, usize)| coords.get(*start..end).map(<[_]>::to_vec);
    let all: Option<Vec<Vec<Coord<f64>>>> = starts.iter().zip(ends).map(part).collect();
    all.ok_or_else(|| damaged("parts of a shape are out of order"))
}

/// Outer rings, counter-clockwise. A ring wound as a hole that lies in no other is an outer ring by mistake.
fn polygon(rings: Vec<Vec<Coord<f64>>>, given: &mut Given) -> Result<()> {
    let (mut outer, inner): (Vec<_>, Vec<_>) = rings.into_iter().partition(|ring| doubled_area(ring) <= 0.0);
    outer.iter_mut().for_each(|ring| ring.reverse());
    let around: Vec<LineString<f64>> = outer.iter().cloned().map(LineString).collect();
    let vertices: usize = around.iter().map(|ring| ring.0.len()).sum();
    if inner.len().saturating_mul(vertices) > MOST_CHECKS {
        return Err(unusable("a polygon of the shapefile has too many parts").with_hint("simplify it first"));
    }
    for ring in inner {
        let within = |other: &LineString<f64>| {
            ring.first().is_some_and(|at| coord_pos_relative_to_ring(*at, other) != CoordPos::Outside)
        };
        if around.iter().any(within) {
            given.holes += 1;
        } else {
            outer.push(ring);
        }
    }
    outer.into_iter().try_for_each(|ring| given.add(Shape::Outline(ring)))
}
