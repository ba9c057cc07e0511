use std::fmt;

use super::{Crs, LonLatBox};
use crate::error::{Error, Result};

/// A box in the coordinates of some [`Crs`]: least and greatest easting and northing.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Bounds {
    /// The least easting.
    pub min_x: f64,
    /// The least northing.
    pub min_y: f64,
    /// The greatest easting.
    pub max_x: f64,
    /// The greatest northing.
    pub max_y: f64,
}

impl Bounds {
    /// Whether the two boxes share more than an edge.
    pub fn overlaps(&self, other: &Self) -> bool {
        self.min_x < other.max_x
            && other.min_x < self.max_x
            && self.min_y < other.max_y
            && other.min_y < self.max_y
    }

    /// Whether the point lies in the box and on none of its edges.
    pub fn surrounds(&self, x: f64, y: f64) -> bool {
        self.min_x < x && x < self.max_x && self.min_y < y && y < self.max_y
    }

    /// The smallest box that holds all the points; `None` when there are none.
    fn around(points: impl Iterator<Item = (f64, f64)>) -> Option<Self> {
        points.fold(None, |found: Option<Self>, (x, y)| {
            let seen = found.unwrap_or(Self { min_x: x, min_y: y, max_x: x, max_y: y });
            Some(Self {
                min_x: seen.min_x.min(x),
                min_y: seen.min_y.min(y),
                max_x: seen.max_x.max(x),
                max_y: seen.max_y.max(y),
            })
        })
    }
}

/// The four edges in the order min x, min y, max x, max y, separated by blanks.
impl fmt::Display for Bounds {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {} {} {}", self.min_x, self.min_y, self.max_x, self.max_y)
    }
}

/// How many points are put on each edge, corner included: 21 between the corners, the number that PROJ, GDAL, rasterio
/// and rioxarray use when nothing else is asked for.
const POINTS_PER_EDGE: u32 = 22;

/// Brings the latitude of a pole down by 0.1 mm.
const BESIDE_THE_POLE: f64 = 1.0 - 1e-11;

/// The smallest box in `crs` around a box in longitude and latitude.
///
/// Straight edges in one system are curved in another, so the corners are not enough: every edge is projected at 22
/// points, exactly those that rasterio's `transform_bounds` takes, and the result is theirs to some nanometres.
/// Points that the system cannot show are left out.
///
/// # Errors
/// A usage error when the system can show no point of the box's edges.
pub fn transform_bounds(area: &LonLatBox, crs: &Crs) -> Result<Bounds> {
    let ring = ring_of(area.west(), area.south(), area.east(), area.north(), area.width());
    // A polar map shows the opposite pole infinitely far away: a point beside it, very far away, stands for it.
    let project = |(lon, lat)| crs.project(lon, lat).or_else(|| crs.project(lon, lat * BESIDE_THE_POLE));
    Bounds::around(ring.filter_map(project)).ok_or_else(|| {
        Error::usage(format!("{crs} can show no point of the box {area}"))
            .with_hint("the box lies on the other side of the Earth from the product's map projection")
    })
}

impl Bounds {
    /// The smallest box in longitude and latitude around these bounds in `crs`: the inverse of [`transform_bounds`],
    /// densified alike. Bounds that hold a pole give all longitudes up to that pole.
    ///
    /// # Errors
    /// A usage error when no point of the edges is a place on the Earth.
    pub fn to_lonlat(&self, crs: &Crs) -> Result<LonLatBox> {
        let ring: Vec<(f64, f64)> =
            ring_of(self.min_x, self.min_y, self.max_x, self.max_y, self.max_x - self.min_x)
                .filter_map(|(x, y)| crs.unproject(x, y))
                .collect();
        let seen = Self::around(ring.iter().copied())
            .ok_or_else(|| Error::usage(format!("the bounds {self} in {crs} are no place on the Earth")))?;
        let pole_inside = |lat| crs.project(0.0, lat).is_some_and(|(x, y)| self.surrounds(x, y));
        if crs.is_geographic() {
            return LonLatBox::new(self.min_x, self.min_y, self.max_x, self.max_y);
        }
        if pole_inside(90.0) {
            return LonLatBox::new(-180.0, seen.min_y, 180.0, 90.0);
        }
        if pole_inside(-90.0) {
            return LonLatBox::new(-180.0, -90.0, 180.0, seen.max_y);
        }
        let (west, east) = longitudes_around(ring.iter().map(|&(lon, _)| lon));
        LonLatBox::new(west, seen.min_y, east, seen.max_y)
    }
}

/// The edges of a box as a closed line: down the left edge, along the bottom, up the right edge, back along the top.
/// `width` is given apart, since a box across the antimeridian is wider than right minus left.
fn ring_of(left: f64, bottom: f64, right: f64, top: f64, width: f64) -> impl Iterator<Item = (f64, f64)> {
    let (step_x, step_y) = (width / f64::from(POINTS_PER_EDGE), (top - bottom) / f64::from(POINTS_PER_EDGE));
    // Never running sums: the points must be those of the reference bit for bit.
    let edge = move |point: fn(f64, f64, [f64; 4]) -> (f64, f64)| {
        (0..POINTS_PER_EDGE).map(move |index| {
            let along = f64::from(index);
            point(along * step_x, along * step_y, [left, bottom, right, top])
        })
    };
    edge(|_, dy, [left, _, _, top]| (left, top - dy))
        .chain(edge(|dx, _, [left, bottom, _, _]| (left + dx, bottom)))
        .chain(edge(|_, dy, [_, bottom, right, _]| (right, bottom + dy)))
        .chain(edge(|dx, _, [_, _, right, top]| (right - dx, top)))
}

/// Western and eastern end of a closed line's longitudes: the line is followed, and each step is taken the short way
/// round, so that an end beyond ±180 tells that the line crosses the antimeridian.
fn longitudes_around(longitudes: impl Iterator<Item = f64>) -> (f64, f64) {
    let mut unrolled: Option<f64> = None;
    let (mut west, mut east) = (f64::INFINITY, f64::NEG_INFINITY);
    for lon in longitudes {
        let next = match unrolled {
            Some(before) => before + (lon - before + 180.0).rem_euclid(360.0) - 180.0,
            None => lon,
        };
        unrolled = Some(next);
        west = west.min(next);
        east = east.max(next);
    }
    if east - west >= 360.0 {
        return (-180.0, 180.0);
    }
    let wrap = |lon: f64| {
        if lon > 180.0 {
            lon - 360.0
        } else if lon < -180.0 {
            lon + 360.0
        } else {
            lon
        }
    };
    (wrap(west), wrap(east))
}
