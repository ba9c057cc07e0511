//! The shapes that areas are made of, and what is measured on them. All of it is plane geometry in degrees.

use geo::line_intersection::{LineIntersection, line_intersection};
use geo_types::{Coord, Line, LineString, Polygon};

/// A point, a line, or the outline of a polygon.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Shape {
    Point(Coord<f64>),
    Line(Vec<Coord<f64>>),
    /// Closed: the first vertex is also the last.
    Outline(Vec<Coord<f64>>),
}

/// The least and greatest longitude and latitude of some vertices.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Extent {
    pub(super) west: f64,
    pub(super) south: f64,
    pub(super) east: f64,
    pub(super) north: f64,
}

impl Extent {
    pub(super) fn of(coords: &[Coord<f64>]) -> Self {
        let nothing = Self { west: f64::MAX, south: f64::MAX, east: f64::MIN, north: f64::MIN };
        coords.iter().fold(nothing, |seen, c| Self {
            west: seen.west.min(c.x),
            south: seen.south.min(c.y),
            east: seen.east.max(c.x),
            north: seen.north.max(c.y),
        })
    }

    pub(super) fn of_segment(line: &Line<f64>) -> Self {
        Self::of(&[line.start, line.end])
    }

    pub(super) fn with(self, other: Self) -> Self {
        Self {
            west: self.west.min(other.west),
            south: self.south.min(other.south),
            east: self.east.max(other.east),
            north: self.north.max(other.north),
        }
    }

    pub(super) fn wider(self, by: f64) -> Self {
        Self { west: self.west - by, south: self.south - by, east: self.east + by, north: self.north + by }
    }

    pub(super) fn width(&self) -> f64 {
        self.east - self.west
    }

    pub(super) fn height(&self) -> f64 {
        self.north - self.south
    }

    pub(super) fn meets(&self, other: &Self) -> bool {
        self.west <= other.east
            && other.west <= self.east
            && self.south <= other.north
            && other.south <= self.north
    }
}

impl Shape {
    pub(super) fn coords(&self) -> &[Coord<f64>] {
        match self {
            Self::Point(at) => std::slice::from_ref(at),
            Self::Line(coords) | Self::Outline(coords) => coords,
        }
    }

    /// Vertices, the repeated one of an outline not counted.
    pub(super) fn vertices(&self) -> usize {
        match self {
            Self::Outline(ring) => ring.len().saturating_sub(1),
            _ => self.coords().len(),
        }
    }

    pub(super) fn extent(&self) -> Extent {
        Extent::of(self.coords())
    }

    /// The shape with every vertex replaced.
    pub(super) fn map(&self, change: impl Fn(Coord<f64>) -> Coord<f64>) -> Self {
        let all = |coords: &[Coord<f64>]| coords.iter().map(|c| change(*c)).collect();
        match self {
            Self::Point(at) => Self::Point(change(*at)),
            Self::Line(coords) => Self::Line(all(coords)),
            Self::Outline(ring) => Self::Outline(all(ring)),
        }
    }

    /// The shape as geo's polygon, when it is one.
    pub(super) fn polygon(&self) -> Option<Polygon<f64>> {
        match self {
            Self::Outline(ring) => Some(Polygon::new(LineString(ring.clone()), Vec::new())),
            _ => None,
        }
    }

    /// The shape as well-known text, with at most 14 places, as asf_search writes it.
    pub(super) fn to_wkt(&self) -> String {
        let list = |coords: &[Coord<f64>]| {
            let all: Vec<String> =
                coords.iter().map(|c| format!("{} {}", rounded(c.x), rounded(c.y))).collect();
            all.join(", ")
        };
        match self {
            Self::Point(at) => format!("POINT ({})", list(&[*at])),
            Self::Line(coords) => format!("LINESTRING ({})", list(coords)),
            Self::Outline(ring) => format!("POLYGON (({}))", list(ring)),
        }
    }
}

/// The number with 14 decimal places; -0 becomes 0.
pub(super) fn rounded(number: f64) -> f64 {
    format!("{number:.14}").parse::<f64>().unwrap_or(number) + 0.0
}

/// The segments of a line or ring.
pub(super) fn segments(coords: &[Coord<f64>]) -> impl Iterator<Item = Line<f64>> {
    coords.windows(2).map(|pair| Line::new(pair[0], pair[1]))
}

/// Twice the signed area of a ring in the plane: positive when counter-clockwise. Taken from the first vertex, so
/// that small rings far from the origin keep their digits.
pub(super) fn doubled_area(ring: &[Coord<f64>]) -> f64 {
    let Some(&origin) = ring.first() else { return 0.0 };
    segments(ring)
        .map(|line| {
            let (a, b) = (line.start - origin, line.end - origin);
            a.x * b.y - b.x * a.y
        })
        .sum()
}

/// How many pairs of segments are looked at before an outline is given up as too tangled: a fraction of a second.
const MOST_PAIRS: usize = 20_000_000;

/// What keeps a ring from being the outline of an area.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Flaw {
    TooFewVertices,
    Crosses,
    TooTangled,
}

/// Whether a closed ring is simple: at least three vertices, and no edge meets another but its neighbours in their
/// common vertex. Repeated vertices are allowed.
pub(super) fn flaw(ring: &[Coord<f64>]) -> Option<Flaw> {
    let mut distinct = ring.to_vec();
    distinct.dedup();
    if distinct.len() < 4 {
        return Some(Flaw::TooFewVertices);
    }
    let edges: Vec<Line<f64>> = segments(&distinct).collect();
    let count = edges.len();
    let mut order: Vec<(usize, Extent)> = edges.iter().map(Extent::of_segment).enumerate().collect();
    order.sort_by(|a, b| a.1.west.total_cmp(&b.1.west));
    let mut looked_at = 0_usize;
    for (place, (i, extent)) in order.iter().enumerate() {
        let beside = order[place + 1..].iter().take_while(|(_, other)| other.west <= extent.east);
        for (j, other) in beside {
            looked_at += 1;
            if looked_at > MOST_PAIRS {
                return Some(Flaw::TooTangled);
            }
            let neighbours = i.abs_diff(*j) == 1 || i.abs_diff(*j) == count - 1;
            if extent.meets(other) && collide(edges[*i], edges[*j], neighbours) {
                return Some(Flaw::Crosses);
            }
        }
    }
    None
}

/// Whether two edges of a ring meet where they must not.
fn collide(one: Line<f64>, other: Line<f64>, neighbours: bool) -> bool {
    match line_intersection(one, other) {
        None => false,
        Some(LineIntersection::SinglePoint { .. }) => !neighbours,
        // Neighbours that go on in a straight line share a point without length.
        Some(LineIntersection::Collinear { intersection }) => {
            !neighbours || intersection.start != intersection.end
        }
    }
}

/// Whether a simple ring has the same points as its bounding box.
pub(super) fn is_rectangle(ring: &[Coord<f64>]) -> bool {
    let Extent { west, south, east, north } = Extent::of(ring);
    let on_edge = |c: &Coord<f64>| c.x == west || c.x == east || c.y == south || c.y == north;
    let has = |x: f64, y: f64| ring.iter().any(|c| c.x == x && c.y == y);
    let corners = has(west, south) && has(west, north) && has(east, south) && has(east, north);
    // With all vertices on the border and all corners present, only a step across the inside could differ.
    let along_edge = |line: Line<f64>| line.dx() == 0.0 || line.dy() == 0.0;
    corners && ring.iter().all(on_edge) && segments(ring).all(along_edge)
}
