//! The outline of a granule on the ground.

use geo::orient::{Direction, Orient};
use geo_types::{Coord, LineString, MultiPolygon, Polygon};

/// Cuts rings that run across the antimeridian in two, and winds all counter-clockwise (RFC 7946 §3.1.6 and §3.1.9).
///
/// A step of more than 180 degrees of longitude between two vertices is taken to be the short way round.
pub(crate) fn on_the_map(rings: Vec<LineString<f64>>) -> MultiPolygon<f64> {
    let parts = rings.into_iter().flat_map(|ring| {
        let ring = unrolled(ring);
        let east = ring.0.iter().map(|c| c.x).fold(f64::NEG_INFINITY, f64::max);
        let west = ring.0.iter().map(|c| c.x).fold(f64::INFINITY, f64::min);
        let cuts: &[(f64, f64)] = match (west < -180.0, east > 180.0) {
            (_, true) => &[(180.0, 0.0), (180.0, -360.0)],
            (true, _) => &[(-180.0, 0.0), (-180.0, 360.0)],
            _ => &[],
        };
        match cuts {
            [kept, moved] if east > 180.0 => vec![clip(&ring, *kept, false), clip(&ring, *moved, true)],
            [kept, moved] => vec![clip(&ring, *kept, true), clip(&ring, *moved, false)],
            _ => vec![ring],
        }
    });
    let polygons = parts.filter(|ring| ring.0.len() >= 4).map(|ring| Polygon::new(ring, Vec::new()));
    MultiPolygon::new(polygons.map(|polygon| polygon.orient(Direction::Default)).collect())
}

/// The ring with every vertex within 180 degrees of the one before it, so that longitudes may pass ±180.
fn unrolled(ring: LineString<f64>) -> LineString<f64> {
    let mut last: Option<f64> = None;
    let step = |coord: Coord<f64>| {
        let x = match last {
            Some(before) => coord.x - 360.0 * ((coord.x - before) / 360.0).round(),
            None => coord.x,
        };
        last = Some(x);
        Coord { x, y: coord.y }
    };
    LineString(ring.0.into_iter().map(step).collect())
}

/// The part of a closed ring on one side of a meridian (Sutherland-Hodgman), moved by `shift` degrees.
fn clip(ring: &LineString<f64>, (meridian, shift): (f64, f64), east_side: bool) -> LineString<f64> {
    let inside = |c: &Coord<f64>| if east_side { c.x >= meridian } else { c.x <= meridian };
    let mut out: Vec<Coord<f64>> = Vec::new();
    for line in ring.lines() {
        let (a, b) = (line.start, line.end);
        if inside(&a) {
            out.push(a);
        }
        if inside(&a) != inside(&b) {
            let y = a.y + (b.y - a.y) * (meridian - a.x) / (b.x - a.x);
            out.push(Coord { x: meridian, y });
        }
    }
    out.dedup();
    for coord in &mut out {
        coord.x += shift;
    }
    let mut part = LineString(out);
    part.close();
    part
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ring(points: &[(f64, f64)]) -> LineString<f64> {
        LineString::from(points.to_vec())
    }

    #[test]
    fn a_ring_across_the_antimeridian_becomes_two() {
        let across = ring(&[(178.0, 50.0), (-178.0, 50.0), (-178.0, 52.0), (178.0, 52.0), (178.0, 50.0)]);
        let parts = on_the_map(vec![across]);
        assert_eq!(parts.0.len(), 2);
        let bounds = |p: &Polygon<f64>| {
            let xs: Vec<f64> = p.exterior().0.iter().map(|c| c.x).collect();
            (xs.iter().copied().fold(f64::MAX, f64::min), xs.iter().copied().fold(f64::MIN, f64::max))
        };
        assert_eq!(bounds(&parts.0[0]), (178.0, 180.0));
        assert_eq!(bounds(&parts.0[1]), (-180.0, -178.0));
    }

    #[test]
    fn the_same_ring_begun_in_the_west_is_cut_too() {
        let across = ring(&[(-178.0, 50.0), (-178.0, 52.0), (178.0, 52.0), (178.0, 50.0), (-178.0, 50.0)]);
        assert_eq!(on_the_map(vec![across]).0.len(), 2);
    }

    #[test]
    fn other_rings_stay_whole_and_are_wound_counter_clockwise() {
        use geo::Winding;
        let clockwise = ring(&[(0.0, 0.0), (0.0, 1.0), (1.0, 1.0), (0.0, 0.0)]);
        let parts = on_the_map(vec![clockwise]);
        assert_eq!(parts.0.len(), 1);
        assert!(parts.0[0].exterior().is_ccw());
    }
}
