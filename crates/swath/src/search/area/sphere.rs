//! Longitudes go round: what crosses the antimeridian, what encloses a pole, what is wider than half the Earth.
//!
//! The pipeline computes in the plane, with longitudes that go on beyond ±180 where an area does. Well-known text
//! may say so itself (`170 50, 190 50`). Where it keeps within ±180 (`170 50, -170 50`), a step of more than 180
//! degrees is ambiguous; the rules are in [`unrolled`].

use geo_types::{Coord, Line};

use super::repair::Repair;
use super::shape::{Extent, Flaw, Shape, doubled_area, flaw, segments};

const HALF: f64 = 180.0;
const WHOLE: f64 = 360.0;

/// A shape with longitudes that go on, or what is wrong with it.
///
/// * Longitudes beyond ±180 anywhere: the shape is read as written.
/// * A line takes the short way between its vertices.
/// * An outline that is simple and counter-clockwise as written is read as written, a wide area.
/// * An outline that closes when every step is taken the short way crosses the antimeridian.
/// * One that does not close goes round a pole. When it is simple as written it is read so, else it encloses the
///   pole on its side of the equator.
pub(super) fn unrolled(shape: Shape) -> Result<(Shape, Option<Repair>), Flaw> {
    let steps_far = segments(shape.coords()).any(|step| step.dx().abs() > HALF);
    let within = shape.coords().iter().all(|c| c.x.abs() <= HALF);
    let flat = !steps_far || !within || shape.extent().width() >= WHOLE;
    match shape {
        Shape::Point(_) => Ok((shape, None)),
        Shape::Line(coords) if !flat => {
            Ok((Shape::Line(short_way(&coords)), Some(Repair::AcrossAntimeridian)))
        }
        Shape::Line(_) => Ok((shape, None)),
        Shape::Outline(ring) if flat => match flaw(&ring) {
            Some(flaw) => Err(flaw),
            None => Ok((Shape::Outline(ring), None)),
        },
        Shape::Outline(ring) => ambiguous(ring),
    }
}

fn ambiguous(ring: Vec<Coord<f64>>) -> Result<(Shape, Option<Repair>), Flaw> {
    let as_written = flaw(&ring);
    let short = short_way(&ring);
    let turned = match (short.first(), short.last()) {
        (Some(first), Some(last)) => last.x - first.x,
        _ => 0.0,
    };
    let closes = turned.abs() < HALF;
    if as_written.is_none() && (!closes || doubled_area(&ring) > 0.0) {
        return Ok((Shape::Outline(ring), Some(Repair::WideAsWritten)));
    }
    let (outline, repair) = match closes {
        true => {
            let mut outline = short;
            outline.pop();
            outline.extend(outline.first().copied());
            (outline, Repair::AcrossAntimeridian)
        }
        false => {
            let north = ring.iter().map(|c| c.y).sum::<f64>() > 0.0;
            let mut outline = around_pole(short, north);
            // Which way round the line was drawn says nothing about which side of it is meant: the pole's is.
            if doubled_area(&outline) < 0.0 {
                outline.reverse();
            }
            (outline, Repair::AroundPole { north })
        }
    };
    match flaw(&outline) {
        Some(flaw) => Err(as_written.unwrap_or(flaw)),
        None => Ok((Shape::Outline(outline), Some(repair))),
    }
}

/// Each step taken the short way round, which may lead beyond ±180.
fn short_way(coords: &[Coord<f64>]) -> Vec<Coord<f64>> {
    let mut result: Vec<Coord<f64>> = Vec::with_capacity(coords.len());
    let mut turns = 0.0;
    for (index, &coord) in coords.iter().enumerate() {
        if let Some(before) = index.checked_sub(1).and_then(|before| coords.get(before)) {
            let step = coord.x - before.x;
            if step > HALF {
                turns -= WHOLE;
            } else if step < -HALF {
                turns += WHOLE;
            }
        }
        result.push(Coord { x: coord.x + turns, y: coord.y });
    }
    result
}

/// The outline of what lies between a line once around the Earth and the pole.
fn around_pole(line: Vec<Coord<f64>>, north: bool) -> Vec<Coord<f64>> {
    let pole = if north { 90.0 } else { -90.0 };
    // Begun anew at the antimeridian, so that the sides of the outline lie along it.
    let mut line = from_antimeridian(line);
    let (first, last) = (line.first().copied(), line.last().copied());
    if let (Some(first), Some(last)) = (first, last) {
        line.extend([Coord { x: last.x, y: pole }, Coord { x: first.x, y: pole }, first]);
    }
    line
}

/// A line once around the Earth, from -180 to 180 or back, cut where it crosses the antimeridian.
fn from_antimeridian(line: Vec<Coord<f64>>) -> Vec<Coord<f64>> {
    let seam = |step: &Line<f64>| {
        let (west, east) = (step.start.x.min(step.end.x), step.start.x.max(step.end.x));
        [-HALF, HALF].into_iter().find(|seam| west <= *seam && *seam <= east && west < east)
    };
    let Some((at, step, x)) =
        segments(&line).enumerate().find_map(|(at, step)| seam(&step).map(|x| (at, step, x)))
    else {
        return line;
    };
    let y = step.start.y + (x - step.start.x) / step.dx() * step.dy();
    let turn = line.last().map_or(0.0, |last| last.x) - line.first().map_or(0.0, |first| first.x);
    let mut cut = vec![Coord { x, y }];
    cut.extend(&line[at + 1..]);
    cut.extend(line[1..=at].iter().map(|c| Coord { x: c.x + turn, y: c.y }));
    cut.push(Coord { x: x + turn, y });
    cut.dedup();
    let shift = -HALF - x.min(x + turn);
    cut.iter().map(|c| Coord { x: c.x + shift, y: c.y }).collect()
}

/// Shapes moved by whole turns so that together they are as narrow as can be, when as written they are wider than
/// half the Earth. What was split at the antimeridian comes together again.
pub(super) fn gathered(shapes: Vec<Shape>) -> (Vec<Shape>, bool) {
    let extents: Vec<Extent> = shapes.iter().map(Shape::extent).collect();
    let Some(all) = extents.iter().copied().reduce(Extent::with) else { return (shapes, false) };
    if all.width() <= HALF {
        return (shapes, false);
    }
    // The western ends, each brought into one turn; the widest gap behind an end is where the Earth is cut.
    let mut ends: Vec<(f64, f64)> =
        extents.iter().map(|e| (wrap(e.west), wrap(e.west) + e.width())).collect();
    ends.sort_by(|a, b| a.0.total_cmp(&b.0));
    let Some(&(first, _)) = ends.first() else { return (shapes, false) };
    let (mut reach, mut widest, mut start) = (f64::MIN, f64::MIN, first);
    for &(west, east) in &ends {
        if reach > f64::MIN && west - reach > widest {
            (widest, start) = (west - reach, west);
        }
        reach = reach.max(east);
    }
    if first + WHOLE - reach >= widest {
        (widest, start) = (first + WHOLE - reach, first);
    }
    if widest <= 0.0 || WHOLE - widest >= all.width() {
        return (shapes, false);
    }
    let moved = shapes.into_iter().zip(extents).map(|(shape, extent)| {
        let from_start = (wrap(extent.west) - start).rem_euclid(WHOLE);
        let shift = start + from_start - extent.west;
        shape.map(|c| Coord { x: if shift.abs() < 1e-9 { c.x } else { c.x + shift }, y: c.y })
    });
    (moved.collect(), true)
}

/// The longitude within ±180; what is within stays.
pub(super) fn wrap(longitude: f64) -> f64 {
    if longitude.abs() <= HALF { longitude } else { (longitude + HALF).rem_euclid(WHOLE) - HALF }
}

pub(super) fn wrapped(coord: Coord<f64>) -> Coord<f64> {
    Coord { x: wrap(coord.x), y: coord.y }
}

/// West and east within ±180; west is the greater where the extent crosses the antimeridian.
pub(super) fn sides(extent: &Extent) -> (f64, f64) {
    if extent.width() >= WHOLE {
        return (-HALF, HALF);
    }
    match (wrap(extent.west), wrap(extent.east)) {
        (HALF, east) if extent.width() > 0.0 => (-HALF, east),
        (west, east) if east == -HALF && extent.width() > 0.0 => (west, HALF),
        sides => sides,
    }
}

/// Steps of half a turn or more cut in even parts: on a sphere they would go the other way, or any.
pub(super) fn short_steps(coords: &[Coord<f64>]) -> Vec<Coord<f64>> {
    let mut result: Vec<Coord<f64>> = coords.first().copied().into_iter().collect();
    for step in segments(coords) {
        if step.dx().abs() >= HALF {
            let parts = (step.dx().abs() / 90.0).ceil();
            let cuts = (1..parts as u32).map(|part| f64::from(part) / parts);
            result.extend(cuts.map(|along| step.start + (step.end - step.start) * along));
        }
        result.push(step.end);
    }
    result
}

/// The line around a pole, when an outline as wide as the Earth is the area between such a line and the pole.
pub(super) fn line_around_pole(ring: &[Coord<f64>]) -> Option<Vec<Coord<f64>>> {
    let extent = Extent::of(ring);
    if extent.width() != WHOLE {
        return None;
    }
    let pole = [90.0, -90.0].into_iter().find(|pole| {
        let at_pole = |x: f64| ring.iter().any(|c| c.x == x && c.y == *pole);
        at_pole(extent.west) && at_pole(extent.east)
    })?;
    let (_, open) = ring.split_last()?;
    // Begun after the last vertex at the pole, the vertices that are not there are one run.
    let last_at_pole =
        (0..open.len()).find(|i| open[*i].y == pole && open[(i + 1) % open.len()].y != pole)?;
    let run: Vec<Coord<f64>> =
        (1..open.len()).map(|i| open[(last_at_pole + i) % open.len()]).take_while(|c| c.y != pole).collect();
    let rest = open.iter().filter(|c| c.y == pole).count();
    let reaches = |c: Option<&Coord<f64>>, x: f64| c.is_some_and(|c| c.x == x);
    let (west_first, east_first) = (
        reaches(run.first(), extent.west) && reaches(run.last(), extent.east),
        reaches(run.first(), extent.east) && reaches(run.last(), extent.west),
    );
    let same_latitude = run.first().zip(run.last()).is_some_and(|(first, last)| first.y == last.y);
    let whole = run.len() + rest == open.len() && run.len() > 2 && same_latitude;
    let at_a_pole = run.iter().any(|c| c.y.abs() >= 90.0);
    (whole && (west_first || east_first) && !at_a_pole).then_some(run)
}
