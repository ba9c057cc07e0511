//! Several shapes made one: those that touch are merged, those that lie apart replaced by their convex hull.

use std::collections::HashSet;

use geo::coordinate_position::{CoordPos, coord_pos_relative_to_ring};
use geo::kernels::{Kernel as _, Orientation, RobustKernel};
use geo::line_intersection::{LineIntersection, line_intersection};
use geo::{BooleanOps as _, ConvexHull as _, unary_union};
use geo_types::{Coord, Line, LineString, MultiPoint, Polygon, Rect};

use super::repair::Repair;
use super::shape::{Extent, Shape, doubled_area, segments};

/// Pairs of segments, or of vertices and segments, that are looked at one by one.
const MOST_PAIRS: usize = 4_000_000;

/// Pairs of segments whose boxes meet, and pairs looked at to find them. With more, a union could take all memory: the
/// convex hull of the shapes is taken at once.
const MOST_MEETINGS: usize = 500_000;
const MOST_LOOKS: usize = 40_000_000;

/// The union of polygons is computed on a fine grid. Coordinates within this of one that was given are that one.
const GRID: f64 = 1e-6;

/// One shape in place of several, and what was done for it.
pub(super) fn merged(mut shapes: Vec<Shape>) -> (Option<Shape>, Vec<Repair>) {
    let given = shapes.len();
    if given <= 1 {
        return (shapes.pop(), Vec::new());
    }
    let hull_of_all = || {
        let all: Vec<Coord<f64>> = shapes.iter().flat_map(|shape| shape.coords().iter().copied()).collect();
        (hull(&all), vec![Repair::ConvexHull])
    };
    if is_tangled(&shapes) {
        return hull_of_all();
    }
    let mut united = union(&shapes);
    if united.len() == 1 {
        return (united.pop(), vec![Repair::Merged { shapes: given }]);
    }
    let apart = united.len();
    let hulls: Vec<Shape> = united.iter().filter_map(|shape| hull(shape.coords())).collect();
    let mut united = if is_tangled(&hulls) { Vec::new() } else { union(&hulls) };
    if united.len() == 1 {
        let shape = united.pop().map(counter_clockwise);
        return (shape, vec![Repair::MergedByHulls { shapes: apart }]);
    }
    hull_of_all()
}

/// What of an outline lies between the poles, when that is one outline.
pub(super) fn between_poles(shape: &Shape) -> Option<Shape> {
    let extent = shape.extent();
    let band = Rect::new((extent.west - 1.0, -90.0), (extent.east + 1.0, 90.0)).to_polygon();
    let mut parts = shape.polygon()?.intersection(&band).into_iter();
    let (part, rest) = (parts.next()?, parts.next());
    let mut ring = Known::of(std::slice::from_ref(shape)).restored(part.into_inner().0, false).0;
    // The grid of the computation leaves a trace at the cut.
    let cut = |y: f64| if (y.abs() - 90.0).abs() <= GRID { 90.0_f64.copysign(y) } else { y };
    ring.iter_mut().for_each(|c| c.y = cut(c.y));
    rest.is_none().then(|| counter_clockwise(Shape::Outline(ring)))
}

/// Whether so many edges may meet, or so many points lie in shapes of so many edges, that a union would take too long.
fn is_tangled(shapes: &[Shape]) -> bool {
    let points = shapes.iter().filter(|shape| matches!(shape, Shape::Point(_))).count();
    let mut edges: Vec<Extent> = shapes
        .iter()
        .flat_map(|shape| segments(shape.coords()))
        .map(|edge| Extent::of_segment(&edge))
        .collect();
    edges.sort_by(|a, b| a.west.total_cmp(&b.west));
    let (mut looks, mut meetings) = (points.saturating_mul(edges.len()), 0_usize);
    for (index, edge) in edges.iter().enumerate() {
        for other in edges[index + 1..].iter().take_while(|other| other.west <= edge.east) {
            looks += 1;
            meetings += usize::from(edge.meets(other));
            if looks > MOST_LOOKS || meetings > MOST_MEETINGS + 2 * edges.len() {
                return true;
            }
        }
    }
    looks > MOST_LOOKS
}

fn counter_clockwise(shape: Shape) -> Shape {
    match shape {
        Shape::Outline(mut ring) if doubled_area(&ring) < 0.0 => {
            ring.reverse();
            Shape::Outline(ring)
        }
        shape => shape,
    }
}

/// The convex hull: clockwise, as GEOS has it; a line or a point when there is no more to it.
pub(super) fn hull(coords: &[Coord<f64>]) -> Option<Shape> {
    let points = MultiPoint::from(coords.iter().map(|c| (c.x, c.y)).collect::<Vec<_>>());
    let (ring, _) = points.convex_hull().into_inner();
    let mut ring = ring.0;
    ring.dedup();
    without_straight_vertices(&mut ring);
    let extent = Extent::of(&ring);
    let (first, last) = (*ring.first()?, *ring.last()?);
    if ring.len() < 2 {
        return Some(Shape::Point(first));
    }
    if ring.len() > 3 && first == last && doubled_area(&ring) != 0.0 {
        ring.reverse();
        return Some(Shape::Outline(ring));
    }
    // All on one line: the ends are those of its bounding box.
    let west_first =
        |c: &&Coord<f64>| if extent.width() > 0.0 { c.x == extent.west } else { c.y == extent.south };
    let east_last =
        |c: &&Coord<f64>| if extent.width() > 0.0 { c.x == extent.east } else { c.y == extent.north };
    Some(Shape::Line(vec![*ring.iter().find(west_first)?, *ring.iter().find(east_last)?]))
}

/// Leaves out vertices of a hull on a straight line between their neighbours, the first one aside.
fn without_straight_vertices(ring: &mut Vec<Coord<f64>>) {
    let mut index = 1;
    while index + 1 < ring.len() && ring.len() > 4 {
        let turn = RobustKernel::orient2d(ring[index - 1], ring[index], ring[index + 1]);
        match turn == Orientation::Collinear {
            true => drop(ring.remove(index)),
            false => index += 1,
        }
    }
}

/// The shapes of the union: polygons first, then what of the lines lies outside them, cut where lines meet, then what
/// points lie on none. Polygons that share a border are one; those that share a point are not.
fn union(shapes: &[Shape]) -> Vec<Shape> {
    let polygons = polygons_of(shapes);
    let given: Vec<&[Coord<f64>]> = shapes
        .iter()
        .filter_map(|shape| match shape {
            Shape::Line(line) => Some(line.as_slice()),
            _ => None,
        })
        .collect();
    let mut lines = pieces(&given, &polygons);
    lines.retain(|piece| !polygons.iter().any(|ring| covers(ring, middle(piece))));
    let mut points: Vec<Coord<f64>> = Vec::new();
    for shape in shapes {
        let Shape::Point(at) = shape else { continue };
        let covered = polygons.iter().any(|ring| covers(ring, *at))
            || given.iter().any(|line| segments(line).any(|part| lies_on(*at, part)));
        if !covered {
            points.push(*at);
        }
    }
    points.sort_by(|a, b| a.x.total_cmp(&b.x).then(a.y.total_cmp(&b.y)));
    points.dedup();
    let outlines = polygons.into_iter().map(|ring| Shape::Outline(ring.0));
    outlines.chain(lines.into_iter().map(Shape::Line)).chain(points.into_iter().map(Shape::Point)).collect()
}

/// The outlines of the polygons' union, clockwise as GEOS has them, holes left out; one polygon among points stays as
/// it is.
fn polygons_of(shapes: &[Shape]) -> Vec<LineString<f64>> {
    let oriented = |shape: &Shape| counter_clockwise(shape.clone()).polygon();
    let polygons: Vec<Polygon<f64>> = shapes.iter().filter_map(oriented).collect();
    let beside_lines = shapes.iter().any(|shape| matches!(shape, Shape::Line(_)));
    let known = Known::of(shapes);
    let united: Vec<LineString<f64>> = match polygons.len() {
        0 | 1 if !beside_lines => {
            return shapes.iter().filter_map(Shape::polygon).map(|polygon| polygon.into_inner().0).collect();
        }
        0 | 1 => polygons.into_iter().map(|polygon| polygon.into_inner().0).collect(),
        _ => unary_union(&polygons).into_iter().map(|polygon| polygon.into_inner().0).collect(),
    };
    let vertices: usize = united.iter().map(|ring| ring.0.len()).sum();
    let is_short = vertices.saturating_mul(known.vertices.len()) <= MOST_PAIRS;
    united.into_iter().map(|ring| reversed(known.restored(ring, is_short))).collect()
}

fn reversed(mut ring: LineString<f64>) -> LineString<f64> {
    if doubled_area(&ring.0) > 0.0 {
        ring.0.reverse();
    }
    ring
}

/// The vertices before a union, to find them again after it.
struct Known {
    longitudes: Vec<f64>,
    latitudes: Vec<f64>,
    vertices: Vec<Coord<f64>>,
}

impl Known {
    fn of(shapes: &[Shape]) -> Self {
        let with_edges = shapes.iter().filter(|shape| !matches!(shape, Shape::Point(_)));
        let vertices: Vec<Coord<f64>> = with_edges.flat_map(|shape| shape.coords().iter().copied()).collect();
        let sorted = |of: fn(&Coord<f64>) -> f64| {
            let mut all: Vec<f64> = vertices.iter().map(of).collect();
            all.sort_by(f64::total_cmp);
            all.dedup();
            all
        };
        Self { longitudes: sorted(|c| c.x), latitudes: sorted(|c| c.y), vertices }
    }

    /// The ring with the coordinates that were given, and, if wanted, with the given vertices along its edges, which
    /// the union leaves out. (GEOS keeps them.)
    fn restored(&self, ring: LineString<f64>, with_vertices: bool) -> LineString<f64> {
        let mut ring: Vec<Coord<f64>> = ring
            .0
            .into_iter()
            .map(|c| Coord { x: nearest(&self.longitudes, c.x), y: nearest(&self.latitudes, c.y) })
            .collect();
        ring.dedup();
        if !with_vertices {
            return LineString(ring);
        }
        let mut fuller = Vec::with_capacity(ring.len());
        for edge in segments(&ring) {
            fuller.push(edge.start);
            let along = |c: &Coord<f64>| {
                let (way, to) = (edge.end - edge.start, *c - edge.start);
                to.x * way.x + to.y * way.y
            };
            let mut between: Vec<Coord<f64>> = self
                .vertices
                .iter()
                .copied()
                .filter(|c| *c != edge.start && *c != edge.end && lies_on(*c, edge))
                .collect();
            between.sort_by(|a, b| along(a).total_cmp(&along(b)));
            between.dedup();
            fuller.extend(between);
        }
        fuller.extend(ring.last().copied());
        LineString(fuller)
    }
}

/// The known number within the grid's width, or else the number itself.
fn nearest(known: &[f64], number: f64) -> f64 {
    let at = known.partition_point(|other| *other < number);
    let beside = [at.checked_sub(1), Some(at)].into_iter().flatten().filter_map(|index| known.get(index));
    let closest = beside.copied().min_by(|a, b| (a - number).abs().total_cmp(&(b - number).abs()));
    closest.filter(|other| (other - number).abs() <= GRID).unwrap_or(number)
}

fn covers(ring: &LineString<f64>, at: Coord<f64>) -> bool {
    coord_pos_relative_to_ring(at, ring) != CoordPos::Outside
}

fn lies_on(at: Coord<f64>, part: Line<f64>) -> bool {
    use geo::Intersects as _;
    part.intersects(&at)
}

/// A point inside the first segment of a piece: where all of the piece lies.
fn middle(piece: &[Coord<f64>]) -> Coord<f64> {
    match piece {
        [first, second, ..] => (*first + *second) / 2.0,
        [only] => *only,
        [] => Coord { x: f64::NAN, y: f64::NAN },
    }
}

/// Lines cut wherever they meet each other, themselves, or an outline; each piece once.
fn pieces(lines: &[&[Coord<f64>]], outlines: &[LineString<f64>]) -> Vec<Vec<Coord<f64>>> {
    let own: Vec<Line<f64>> = lines.iter().flat_map(|line| segments(line)).collect();
    let all: Vec<Line<f64>> =
        own.iter().copied().chain(outlines.iter().flat_map(LineString::lines)).collect();
    if own.len().saturating_mul(all.len()) > MOST_PAIRS {
        return lines.iter().map(|line| line.to_vec()).collect();
    }
    let mut found: Vec<Vec<Coord<f64>>> = Vec::new();
    let mut index = 0;
    for line in lines {
        let mut piece: Vec<Coord<f64>> = line.first().copied().into_iter().collect();
        for (part, is_last) in segments(line).zip((0..line.len() - 1).map(|at| at + 2 == line.len())) {
            let (inner, end_is_node) = nodes(index, part, &all, is_last);
            for node in inner {
                piece.push(node);
                found.push(std::mem::replace(&mut piece, vec![node]));
            }
            piece.push(part.end);
            if end_is_node || is_last {
                found.push(std::mem::replace(&mut piece, vec![part.end]));
            }
            index += 1;
        }
    }
    let mut seen = HashSet::new();
    found.iter_mut().for_each(Vec::dedup);
    found.retain(|piece| piece.len() > 1 && seen.insert(either_way(piece)));
    found
}

/// A piece's vertices, the same for one and its reverse.
fn either_way(piece: &[Coord<f64>]) -> Vec<(u64, u64)> {
    let forwards: Vec<(u64, u64)> = piece.iter().map(|c| (c.x.to_bits(), c.y.to_bits())).collect();
    let backwards: Vec<(u64, u64)> = forwards.iter().rev().copied().collect();
    forwards.min(backwards)
}

/// Where other segments meet the segment `index`: the points inside it in order, and whether its end is one.
fn nodes(index: usize, part: Line<f64>, all: &[Line<f64>], is_last: bool) -> (Vec<Coord<f64>>, bool) {
    let (mut inner, mut at_end) = (Vec::new(), false);
    for (other, line) in all.iter().enumerate().filter(|(other, _)| *other != index) {
        let met = match line_intersection(part, *line) {
            None => continue,
            Some(LineIntersection::SinglePoint { intersection, .. }) => [Some(intersection), None],
            Some(LineIntersection::Collinear { intersection }) => {
                [Some(intersection.start), Some(intersection.end)]
            }
        };
        let is_next = other == index + 1 && !is_last;
        for point in met.into_iter().flatten() {
            if point == part.end {
                at_end |= !is_next;
            } else if point != part.start {
                inner.push(point);
            }
        }
    }
    let along = |c: &Coord<f64>| {
        let (way, to) = (part.end - part.start, *c - part.start);
        to.x * way.x + to.y * way.y
    };
    inner.sort_by(|a, b| along(a).total_cmp(&along(b)));
    inner.dedup();
    (inner, at_end)
}
