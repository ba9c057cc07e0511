//! Searches by shape, and the shapes of granules.

use geo::{BoundingRect, Destination, Haversine, Intersects, Translate, Winding};
use geo_types::{Coord, Geometry, LineString, Point, Polygon};

use super::{Answer, Refused};

/// A shape in degrees whose longitudes run on across the date line, so that it is one piece.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Shape(Geometry<f64>);

/// Corners of the polygon that stands for a circle.
const CIRCLE_CORNERS: u32 = 64;

impl Shape {
    /// A polygon, from a ring of longitudes and latitudes that need not be closed.
    pub(crate) fn ring(points: &[(f64, f64)]) -> Self {
        Self(Polygon::new(LineString::from(unwrap(points)), Vec::new()).into())
    }

    /// `west,south,east,north`; west of the east end means across the date line.
    pub(crate) fn bounding_box(text: &str) -> Answer<Self> {
        let numbers: Option<Vec<f64>> = text.split(',').map(|part| part.trim().parse().ok()).collect();
        let Some([west, south, east, north]) = numbers.and_then(|numbers| <[f64; 4]>::try_from(numbers).ok())
        else {
            return Err(Refused::new(format!("[{text}] is not a valid URL encoded bounding_box")));
        };
        check_place(1, west, south)?;
        check_place(2, east, north)?;
        if south > north {
            return Err(Refused::new(format!(
                "Spatial validation error: The bounding rectangle north value [{north}] was less than the south \
                 value [{south}]"
            )));
        }
        let east = if west > east { east + 360.0 } else { east };
        Ok(Self(geo_types::Rect::new((west, south), (east, north)).to_polygon().into()))
    }

    /// A closed ring, counter-clockwise.
    pub(crate) fn polygon(text: &str) -> Answer<Self> {
        let points = points(text, "polygon")?;
        if points.len() < 4 || points.first() != points.last() {
            return Err(Refused::new(
                "Spatial validation error: Polygon boundary was not closed. The last point must be equal to the \
                 first point.",
            ));
        }
        let ring = LineString::from(unwrap(&points));
        if !ring.is_ccw() {
            return Err(Refused::new(
                "Spatial validation error: The polygon boundary points are listed in the wrong order (clockwise vs \
                 counter clockwise). Please see the API documentation for the correct order.",
            ));
        }
        Ok(Self(Polygon::new(ring, Vec::new()).into()))
    }

    /// A line of at least two points.
    pub(crate) fn line(text: &str) -> Answer<Self> {
        let points = points(text, "line")?;
        if points.len() < 2 {
            return Err(Refused::new(format!("[{text}] is not a valid URL encoded line")));
        }
        Ok(Self(LineString::from(unwrap(&points)).into()))
    }

    /// One point.
    pub(crate) fn point(text: &str) -> Answer<Self> {
        match points(text, "point")?.as_slice() {
            [(longitude, latitude)] => Ok(Self(Point::new(*longitude, *latitude).into())),
            _ => Err(Refused::new(format!("[{text}] is not a valid URL encoded point"))),
        }
    }

    /// `longitude,latitude,radius` in metres.
    pub(crate) fn circle(text: &str) -> Answer<Self> {
        let numbers: Option<Vec<f64>> = text.split(',').map(|part| part.trim().parse().ok()).collect();
        let Some([longitude, latitude, radius]) = numbers.and_then(|list| <[f64; 3]>::try_from(list).ok())
        else {
            return Err(Refused::new(format!("[{text}] is not a valid URL encoded circle")));
        };
        check_place(1, longitude, latitude)?;
        if !(10.0..=6_000_000.0).contains(&radius) {
            return Err(Refused::new(format!(
                "Circle radius must be between 10 and 6000000, but was {radius}."
            )));
        }
        let centre = Point::new(longitude, latitude);
        let corner = |step| {
            let bearing = 360.0 * f64::from(step) / f64::from(CIRCLE_CORNERS);
            Haversine.destination(centre, bearing, radius).x_y()
        };
        let corners: Vec<(f64, f64)> = (0..CIRCLE_CORNERS).map(corner).collect();
        Ok(Self::ring(&corners))
    }

    /// Whether two shapes touch, wherever their longitudes were begun to be counted.
    pub(crate) fn touches(&self, other: &Self) -> bool {
        [-360.0, 0.0, 360.0].into_iter().any(|turn| self.0.translate(turn, 0.0).intersects(&other.0))
    }

    /// The corners of a polygon as longitude and latitude within ±180°, closed and counter-clockwise.
    pub(crate) fn corners(&self) -> Vec<(f64, f64)> {
        let Geometry::Polygon(polygon) = &self.0 else { return Vec::new() };
        let mut ring = polygon.exterior().clone();
        ring.make_ccw_winding();
        let normal = |longitude: f64| if longitude > 180.0 { longitude - 360.0 } else { longitude };
        ring.coords().map(|corner| (normal(corner.x), corner.y)).collect()
    }

    /// Whether it has a place at all.
    pub(crate) fn is_empty(&self) -> bool {
        self.0.bounding_rect().is_none()
    }
}

/// Counts longitudes on across the date line: a step of more than half a turn is one the other way.
fn unwrap(points: &[(f64, f64)]) -> Vec<Coord<f64>> {
    let crosses = points.windows(2).any(|pair| (pair[1].0 - pair[0].0).abs() > 180.0);
    let eastern = |x: f64| if crosses && x < 0.0 { x + 360.0 } else { x };
    points.iter().map(|&(x, y)| Coord { x: eastern(x), y }).collect()
}

fn points(text: &str, kind: &str) -> Answer<Vec<(f64, f64)>> {
    let numbers: Option<Vec<f64>> = text.split(',').map(|part| part.trim().parse().ok()).collect();
    let numbers = numbers.filter(|numbers| numbers.len() % 2 == 0 && !numbers.is_empty());
    let numbers =
        numbers.ok_or_else(|| Refused::new(format!("[{text}] is not a valid URL encoded {kind}")))?;
    let points: Vec<(f64, f64)> = numbers.chunks_exact(2).map(|pair| (pair[0], pair[1])).collect();
    for (at, &(longitude, latitude)) in points.iter().enumerate() {
        check_place(at + 1, longitude, latitude)?;
    }
    Ok(points)
}

fn check_place(number: usize, longitude: f64, latitude: f64) -> Answer<()> {
    let fault = |name, value, low, high| {
        Refused::new(format!(
            "Spatial validation error: Point {number} had the following error: Point {name} [{value}] must be within \
             {low} and {high}"
        ))
    };
    if !(-180.0..=180.0).contains(&longitude) {
        return Err(fault("longitude", longitude, "-180.0", "180.0"));
    }
    if !(-90.0..=90.0).contains(&latitude) {
        return Err(fault("latitude", latitude, "-90", "90.0"));
    }
    Ok(())
}
