//! Outlines and lines with fewer vertices.
//!
//! Douglas and Peucker's algorithm, with Vivid Solutions' condition that keeps a shape simple: a section is replaced
//! by a straight segment only when every vertex lies within the tolerance, and the segment crosses nothing of the
//! line, old or new. GEOS does the same, so vertices are those that asf_search keeps.

use geo::kernels::{Kernel as _, Orientation, RobustKernel};
use geo::line_intersection::{LineIntersection, line_intersection};
use geo_types::{Coord, Line};

use super::repair::{Collapse, Repair};
use super::shape::{Extent, Shape};

/// What is smaller than this many degrees, some 44 m, makes no difference to a search (asf_search's threshold).
const THRESHOLD: f64 = 0.0004;
/// The tolerance grows by this, at most so many times, until no more than so many vertices are left.
const GROWTH: f64 = 1.5;
const MOST_LEVELS: i32 = 20;
const MOST_VERTICES: usize = 300;
/// Distances and crossings that are computed before an outline is given up: some seconds at the most.
const MOST_STEPS: usize = 60_000_000;

/// Why an outline could not be simplified.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct TooComplex;

/// A shape of at most 300 vertices that differs little, and what was done for it.
pub(super) fn simplified(shape: Shape) -> Result<(Shape, Vec<Repair>), TooComplex> {
    if matches!(shape, Shape::Point(_)) || matches!(&shape, Shape::Line(coords) if coords.len() == 2) {
        return Ok(small(&shape).map_or((shape, Vec::new()), |(shape, repair)| (shape, vec![repair])));
    }
    if let Some((shape, repair)) = small(&shape) {
        return Ok((shape, vec![repair]));
    }
    let from = shape.vertices();
    let (mut repairs, mut steps) = (Vec::new(), 0);
    for level in 0..MOST_LEVELS {
        let tolerance = THRESHOLD * GROWTH.powi(level);
        let simpler = match &shape {
            Shape::Outline(ring) => Shape::Outline(Simplification::of(ring, tolerance, true, &mut steps)?),
            Shape::Line(coords) => Shape::Line(Simplification::of(coords, tolerance, false, &mut steps)?),
            Shape::Point(_) => return Ok((shape, repairs)),
        };
        let to = simpler.vertices();
        if to != from {
            repairs.push(Repair::Simplified { from, to });
        }
        if to <= MOST_VERTICES {
            return Ok((simpler, repairs));
        }
    }
    Err(TooComplex)
}

/// The point or line that a very small shape is as good as.
pub(super) fn small(shape: &Shape) -> Option<(Shape, Repair)> {
    let extent = shape.extent();
    let (slim, flat) = (extent.width() <= THRESHOLD, extent.height() <= THRESHOLD);
    let is_segment = matches!(shape, Shape::Line(coords) if coords.len() == 2);
    let (to, smaller) = match (slim, flat) {
        _ if matches!(shape, Shape::Point(_)) => return None,
        (true, true) => (Collapse::Point, Shape::Point(centroid(shape)?)),
        _ if is_segment => return None,
        (true, false) => {
            let x = extent.width() / 2.0 + extent.west;
            let ends = [extent.south, extent.north].map(|y| Coord { x, y });
            (Collapse::VerticalLine, Shape::Line(ends.to_vec()))
        }
        (false, true) => {
            let y = extent.height() / 2.0 + extent.south;
            let ends = [extent.west, extent.east].map(|x| Coord { x, y });
            (Collapse::HorizontalLine, Shape::Line(ends.to_vec()))
        }
        (false, false) => return None,
    };
    Some((smaller, Repair::Collapsed { to, from: shape.vertices() }))
}

fn centroid(shape: &Shape) -> Option<Coord<f64>> {
    use geo::{Centroid as _, Orient as _};
    // From the first vertex, lest the digits of a small shape be lost in its distance from the origin.
    let origin = *shape.coords().first()?;
    let moved = shape.map(|c| c - origin);
    let centre = match (moved.polygon(), moved) {
        (Some(polygon), _) => polygon.orient(geo::orient::Direction::Default).centroid()?,
        (None, shape) => geo_types::LineString(shape.coords().to_vec()).centroid()?,
    };
    Some(origin + centre.0)
}

/// A simplification under way.
struct Simplification<'a> {
    points: &'a [Coord<f64>],
    boxes: Boxes,
    /// For each segment of the input, the segment that replaced it.
    replaced_by: Vec<Option<(usize, usize)>>,
    tolerance: f64,
    /// The fewest vertices that may be left, the repeated one of a ring counted.
    fewest: usize,
    result: Vec<(usize, usize)>,
    steps: &'a mut usize,
}

impl<'a> Simplification<'a> {
    fn of(
        points: &'a [Coord<f64>],
        tolerance: f64,
        is_ring: bool,
        steps: &'a mut usize,
    ) -> Result<Vec<Coord<f64>>, TooComplex> {
        let is_closed = points.first() == points.last();
        let mut work = Self {
            points,
            boxes: Boxes::of(points),
            replaced_by: vec![None; points.len().saturating_sub(1)],
            tolerance,
            fewest: if is_closed { 4 } else { 2 },
            result: Vec::new(),
            steps,
        };
        work.sections()?;
        let mut kept: Vec<Coord<f64>> = work.result.iter().map(|(start, _)| points[*start]).collect();
        kept.extend(work.result.last().map(|(_, end)| points[*end]));
        if is_ring && work.can_drop_the_first_vertex()? {
            kept.remove(0);
            kept.pop();
            kept.extend(kept.first().copied());
        }
        Ok(kept)
    }

    /// Replaces sections by segments, from the first vertex to the last.
    fn sections(&mut self) -> Result<(), TooComplex> {
        let mut waiting = vec![(0, self.points.len().saturating_sub(1), 0_usize)];
        while let Some((start, end, depth)) = waiting.pop() {
            let depth = depth + 1;
            if end <= start + 1 {
                self.result.push((start, end));
                continue;
            }
            let size = if self.result.is_empty() { 0 } else { self.result.len() + 1 };
            let enough = size >= self.fewest || depth + 1 >= self.fewest;
            let (furthest, distance) = self.furthest(start, end)?;
            let segment = Line::new(self.points[start], self.points[end]);
            if enough && distance <= self.tolerance && !self.crosses(segment, start..end)? {
                self.replaced_by[start..end].fill(Some((start, end)));
                self.result.push((start, end));
                continue;
            }
            waiting.push((furthest, end, depth));
            waiting.push((start, furthest, depth));
        }
        Ok(())
    }

    fn furthest(&mut self, start: usize, end: usize) -> Result<(usize, f64), TooComplex> {
        self.count(end - start)?;
        let segment = Line::new(self.points[start], self.points[end]);
        let mut found = (start, -1.0);
        for index in start + 1..end {
            let away = distance(self.points[index], segment);
            if away > found.1 {
                found = (index, away);
            }
        }
        Ok(found)
    }

    /// Whether the ring keeps its shape without the vertex that it begins and ends at.
    fn can_drop_the_first_vertex(&mut self) -> Result<bool, TooComplex> {
        let (Some(&first), Some(&last)) = (self.result.first(), self.result.last()) else { return Ok(false) };
        if self.result.len() < self.fewest {
            return Ok(false);
        }
        let segment = Line::new(self.points[last.0], self.points[first.1]);
        if RobustKernel::orient2d(segment.start, segment.end, self.points[0]) == Orientation::Collinear {
            return Ok(distance(self.points[0], segment) <= self.tolerance);
        }
        Ok(distance(self.points[0], segment) <= self.tolerance && !self.crosses(segment, 0..0)?)
    }

    /// Whether a segment meets, other than in common ends, what the line now consists of, the section aside.
    fn crosses(&mut self, segment: Line<f64>, section: std::ops::Range<usize>) -> Result<bool, TooComplex> {
        // What replaced a section lies within the tolerance of it, so its segments' boxes lead to it.
        let extent = Extent::of_segment(&segment).wider(self.tolerance);
        let mut stack = vec![self.boxes.root()];
        let mut tested = None;
        while let Some(node) = stack.pop() {
            self.count(1)?;
            if !self.boxes.extent(node).is_some_and(|other| other.meets(&extent)) {
                continue;
            }
            let Some(index) = self.boxes.leaf(node) else {
                stack.extend(Boxes::children(node));
                continue;
            };
            let (from, to) = match self.replaced_by[index] {
                Some(replacement) if tested == Some(replacement) => continue,
                Some(replacement) => {
                    tested = Some(replacement);
                    replacement
                }
                None if section.contains(&index) => continue,
                None => (index, index + 1),
            };
            if meets_inside(Line::new(self.points[from], self.points[to]), segment) {
                return Ok(true);
            }
        }
        Ok(false)
    }

    fn count(&mut self, more: usize) -> Result<(), TooComplex> {
        *self.steps += more;
        if *self.steps > MOST_STEPS { Err(TooComplex) } else { Ok(()) }
    }
}

/// Whether two segments are the same or meet in a point that is inside one of them.
fn meets_inside(one: Line<f64>, other: Line<f64>) -> bool {
    let is_end = |line: Line<f64>, at: Coord<f64>| line.start == at || line.end == at;
    let inside = |at: Coord<f64>| !is_end(one, at) || !is_end(other, at);
    match line_intersection(one, other) {
        None => false,
        Some(LineIntersection::SinglePoint { intersection, is_proper }) => is_proper || inside(intersection),
        Some(LineIntersection::Collinear { intersection: shared }) => {
            let same = is_end(one, other.start) && is_end(one, other.end);
            same || inside(shared.start) || inside(shared.end)
        }
    }
}

/// How far a point is from a segment.
fn distance(point: Coord<f64>, segment: Line<f64>) -> f64 {
    let (along, to) = (segment.end - segment.start, point - segment.start);
    let squared = along.x * along.x + along.y * along.y;
    let part = (to.x * along.x + to.y * along.y) / squared;
    if squared == 0.0 || part <= 0.0 {
        return to.x.hypot(to.y);
    }
    if part >= 1.0 {
        let to = point - segment.end;
        return to.x.hypot(to.y);
    }
    ((to.x * along.y - to.y * along.x) / squared).abs() * squared.sqrt()
}

/// Boxes around runs of segments, halved again and again: a binary tree in an array, the leaves last.
struct Boxes {
    extents: Vec<Option<Extent>>,
    leaves: usize,
}

impl Boxes {
    fn of(points: &[Coord<f64>]) -> Self {
        let leaves = points.len().saturating_sub(1).next_power_of_two();
        let mut extents = vec![None; 2 * leaves];
        for (index, pair) in points.windows(2).enumerate() {
            extents[leaves + index] = Some(Extent::of(pair));
        }
        for node in (1..leaves).rev() {
            extents[node] = match (extents[2 * node], extents[2 * node + 1]) {
                (Some(one), Some(other)) => Some(one.with(other)),
                (one, other) => one.or(other),
            };
        }
        Self { extents, leaves }
    }

    fn root(&self) -> usize {
        1
    }

    fn children(node: usize) -> [usize; 2] {
        [2 * node + 1, 2 * node]
    }

    fn extent(&self, node: usize) -> Option<Extent> {
        self.extents.get(node).copied().flatten()
    }

    /// The segment that a leaf stands for.
    fn leaf(&self, node: usize) -> Option<usize> {
        node.checked_sub(self.leaves)
    }
}
