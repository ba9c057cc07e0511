use std::fmt;
use std::sync::Arc;

use proj4rs::Proj;
use proj4rs::transform::transform;

use crate::error::{Error, ErrorKind, Result};

/// A coordinate reference system that swath can compute with, made from its EPSG code. Cheap to clone.
///
/// Known are the systems that NISAR products and their users' maps are in: all 120 zones of UTM on WGS 84 (326xx north,
/// 327xx south), the polar stereographic ones (3031, 3413, 3995, UPS 32661 and 32761), EASE-Grid 2.0 (6933), web
/// Mercator (3857), and longitude and latitude themselves (4326). Axes are always easting then northing, longitude then
/// latitude, whatever order the EPSG registry gives; units are metres or degrees.
///
/// Forward agrees with PROJ to some nanometres within a system's area of use. Inverse does too, except for 6933, where
/// PROJ's own round trip is off by up to 1.6 mm and this one is not.
///
/// ```
/// use swath::geo::Crs;
///
/// let crs = Crs::from_epsg(32637)?;
/// let (x, y) = crs.forward(39.0, 0.0)?;
/// assert!((x - 500_000.0).abs() < 1e-6 && y.abs() < 1e-6);
/// # Ok::<(), swath::Error>(())
/// ```
#[derive(Clone)]
pub struct Crs {
    epsg: u32,
    /// The projection and plain longitude/latitude on the same figure of the Earth; `None` for 4326 itself.
    projection: Option<Arc<Projection>>,
}

struct Projection {
    plane: Proj,
    lonlat: Proj,
}

const WGS84: &str = "+proj=longlat +datum=WGS84 +no_defs";
/// Web Mercator takes WGS 84 longitude and latitude for positions on a sphere, so its counterpart is that sphere.
const WEB_SPHERE: &str = "+proj=longlat +a=6378137 +b=6378137 +no_defs";

/// The systems that do not follow the rule of UTM codes: EPSG code, definition, its longitude/latitude counterpart.
const DEFINITIONS: &[(u32, &str, &str)] = &[
    (3031, "+proj=stere +lat_0=-90 +lat_ts=-71 +lon_0=0 +x_0=0 +y_0=0 +datum=WGS84 +units=m +no_defs", WGS84),
    (3413, "+proj=stere +lat_0=90 +lat_ts=70 +lon_0=-45 +x_0=0 +y_0=0 +datum=WGS84 +units=m +no_defs", WGS84),
    (
        3857,
        "+proj=merc +a=6378137 +b=6378137 +lat_ts=0 +lon_0=0 +x_0=0 +y_0=0 +k=1 +units=m +no_defs",
        WEB_SPHERE,
    ),
    (3995, "+proj=stere +lat_0=90 +lat_ts=71 +lon_0=0 +x_0=0 +y_0=0 +datum=WGS84 +units=m +no_defs", WGS84),
    (6933, "+proj=cea +lat_ts=30 +lon_0=0 +x_0=0 +y_0=0 +datum=WGS84 +units=m +no_defs", WGS84),
    (32661, "+proj=stere +lat_0=90 +k=0.994 +lon_0=0 +x_0=2000000 +y_0=2000000 +datum=WGS84 +no_defs", WGS84),
    (
        32761,
        "+proj=stere +lat_0=-90 +k=0.994 +lon_0=0 +x_0=2000000 +y_0=2000000 +datum=WGS84 +no_defs",
        WGS84,
    ),
];

/// The EPSG code of plain longitude and latitude on WGS 84.
const GEOGRAPHIC: u32 = 4326;

impl Crs {
    /// The system with this EPSG code.
    ///
    /// # Errors
    /// `Unsupported`, naming the code, when it is none of those above.
    pub fn from_epsg(epsg: u32) -> Result<Self> {
        if epsg == GEOGRAPHIC {
            return Ok(Self { epsg, projection: None });
        }
        let (plane, lonlat) = definition(epsg).ok_or_else(|| unsupported(epsg))?;
        let proj = |text: &str| {
            Proj::from_proj_string(text).map_err(|reason| {
                Error::new(ErrorKind::Internal, format!("the definition of EPSG:{epsg} was refused"))
                    .because(reason)
            })
        };
        let projection = Projection { plane: proj(&plane)?, lonlat: proj(lonlat)? };
        Ok(Self { epsg, projection: Some(Arc::new(projection)) })
    }

    /// The EPSG code.
    pub fn epsg(&self) -> u32 {
        self.epsg
    }

    /// Whether coordinates are longitude and latitude in degrees, not metres.
    pub fn is_geographic(&self) -> bool {
        self.projection.is_none()
    }

    /// The unit of the coordinates, as it is written behind a number: `"m"` or `"°"`.
    pub fn unit(&self) -> &'static str {
        if self.is_geographic() { "°" } else { "m" }
    }

    /// Longitude and latitude in degrees to easting and northing in the system's unit.
    ///
    /// # Errors
    /// A usage error when the system has no such point: not a number, or beyond what its projection can show.
    pub fn forward(&self, lon: f64, lat: f64) -> Result<(f64, f64)> {
        self.project(lon, lat).ok_or_else(|| {
            Error::usage(format!("longitude {lon}, latitude {lat} has no place in {self}"))
                .with_hint("longitude is -180 to 180 and latitude -90 to 90, in degrees, in this order")
        })
    }

    /// Easting and northing in the system's unit to longitude (-180 to 180) and latitude in degrees.
    ///
    /// # Errors
    /// A usage error when no point on the Earth is shown there.
    pub fn inverse(&self, x: f64, y: f64) -> Result<(f64, f64)> {
        self.unproject(x, y)
            .ok_or_else(|| Error::usage(format!("x {x}, y {y} in {self} is no place on the Earth")))
    }

    /// As [`forward`](Self::forward), `None` for its error: an edge of a box may lose some of its points.
    pub(super) fn project(&self, lon: f64, lat: f64) -> Option<(f64, f64)> {
        if !lon.is_finite() || !lat.is_finite() || lat.abs() > 90.0 {
            return None;
        }
        let Some(projection) = &self.projection else { return Some((lon, lat)) };
        let mut point = (lon.to_radians(), lat.to_radians(), 0.0);
        transform(&projection.lonlat, &projection.plane, &mut point).ok()?;
        finite(point.0, point.1)
    }

    /// As [`inverse`](Self::inverse), `None` for its error.
    pub(super) fn unproject(&self, x: f64, y: f64) -> Option<(f64, f64)> {
        finite(x, y)?;
        let Some(projection) = &self.projection else { return Some((x, y)) };
        let mut point = (x, y, 0.0);
        transform(&projection.plane, &projection.lonlat, &mut point).ok()?;
        finite(point.0.to_degrees(), point.1.to_degrees())
    }
}

/// Two systems are the same when their codes are.
impl PartialEq for Crs {
    fn eq(&self, other: &Self) -> bool {
        self.epsg == other.epsg
    }
}

impl Eq for Crs {}

impl fmt::Debug for Crs {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Crs({})", self.epsg)
    }
}

/// As `EPSG:32637`.
impl fmt::Display for Crs {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "EPSG:{}", self.epsg)
    }
}

/// The definition of a projected system and of its longitude/latitude counterpart.
fn definition(epsg: u32) -> Option<(String, &'static str)> {
    if let Some((_, plane, lonlat)) = DEFINITIONS.iter().find(|(code, ..)| *code == epsg) {
        return Some(((*plane).to_owned(), lonlat));
    }
    let (zone, south) = match epsg {
        32601..=32660 => (epsg - 32600, ""),
        32701..=32760 => (epsg - 32700, " +south"),
        _ => return None,
    };
    Some((format!("+proj=utm +zone={zone}{south} +datum=WGS84 +units=m +no_defs"), WGS84))
}

fn unsupported(epsg: u32) -> Error {
    Error::new(
        ErrorKind::Unsupported,
        format!("EPSG:{epsg} is not a coordinate system that swath computes with"),
    )
    .with_hint("known are UTM on WGS 84 (326xx, 327xx), 3031, 3413, 3995, 32661, 32761, 6933, 3857 and 4326")
}

fn finite(x: f64, y: f64) -> Option<(f64, f64)> {
    (x.is_finite() && y.is_finite()).then_some((x, y))
}
