use std::fmt;
use std::str::FromStr;

use crate::error::{Error, Result};

/// A box in longitude and latitude, in degrees on WGS 84. A box whose west is greater than its east crosses the
/// antimeridian. A box of no width or no height (a point) is allowed.
///
/// ```
/// use swath::geo::LonLatBox;
///
/// let afar: LonLatBox = "40.8463 13.2553 40.8574 13.2684".parse()?;
/// assert_eq!(afar.west(), 40.8463);
/// assert!(LonLatBox::new(170.0, -20.0, -170.0, -10.0)?.crosses_antimeridian());
/// assert!(LonLatBox::new(13.0, 140.0, 14.0, 141.0).unwrap_err().hint().unwrap().contains("swapped"));
/// # Ok::<(), swath::Error>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct LonLatBox {
    west: f64,
    south: f64,
    east: f64,
    north: f64,
}

const ORDER: &str = "a box is west south east north, in degrees: longitude -180 to 180, latitude -90 to 90";

impl LonLatBox {
    /// The box from its four edges.
    ///
    /// # Errors
    /// A usage error when an edge is no number or out of range, or south lies north of north; it hints when the numbers
    /// look like latitude before longitude.
    pub fn new(west: f64, south: f64, east: f64, north: f64) -> Result<Self> {
        Self::checked(west, south, east, north)
            .map_err(|wrong| Error::usage(wrong).with_hint(hint_for(west, south, east, north)))
    }

    /// As [`new`](Self::new), with what is wrong in place of an error.
    fn checked(west: f64, south: f64, east: f64, north: f64) -> Result<Self, String> {
        let edges =
            [("west", west, 180.0), ("south", south, 90.0), ("east", east, 180.0), ("north", north, 90.0)];
        for (name, value, limit) in edges {
            if value.is_nan() {
                return Err(format!("the {name} edge of the box is not a number"));
            }
            if value.abs() > limit {
                return Err(format!("the {name} edge of the box is {value}, outside -{limit} to {limit}"));
            }
        }
        if south > north {
            return Err(format!("the box's south edge ({south}) lies north of its north edge ({north})"));
        }
        Ok(Self { west, south, east, north })
    }

    /// The box as a polygon in well-known text, longitude first; one across the antimeridian goes beyond 180°.
    pub fn to_wkt(&self) -> String {
        let (west, south, north) = (self.west, self.south, self.north);
        let east = if self.crosses_antimeridian() { self.east + 360.0 } else { self.east };
        format!("POLYGON(({west} {south},{east} {south},{east} {north},{west} {north},{west} {south}))")
    }

    /// The western edge, -180 to 180.
    pub fn west(&self) -> f64 {
        self.west
    }

    /// The southern edge, -90 to 90.
    pub fn south(&self) -> f64 {
        self.south
    }

    /// The eastern edge, -180 to 180; less than west when the box crosses the antimeridian.
    pub fn east(&self) -> f64 {
        self.east
    }

    /// The northern edge, -90 to 90.
    pub fn north(&self) -> f64 {
        self.north
    }

    /// Whether the box reaches over 180° of longitude.
    pub fn crosses_antimeridian(&self) -> bool {
        self.west > self.east
    }

    /// The width in degrees of longitude, 0 to 360.
    pub fn width(&self) -> f64 {
        let width = self.east - self.west;
        if self.crosses_antimeridian() { width + 360.0 } else { width }
    }

    /// The height in degrees of latitude, 0 to 180.
    pub fn height(&self) -> f64 {
        self.north - self.south
    }

    /// Whether all of `other` lies in this box, edges included.
    pub fn contains(&self, other: &Self) -> bool {
        let from_west = (other.west - self.west).rem_euclid(360.0);
        let spans = self.width() >= 360.0 || from_west + other.width() <= self.width();
        spans && self.south <= other.south && other.north <= self.north
    }

    /// The box with longitude and latitude exchanged, when that is a box at all: what a caller who gave
    /// `south west north east` meant.
    pub fn swapped(&self) -> Option<Self> {
        Self::checked(self.south, self.west, self.north, self.east).ok()
    }
}

/// What to say about four wrong numbers: swapped, counted from 0 to 360, or just the order.
fn hint_for(west: f64, south: f64, east: f64, north: f64) -> String {
    if west > 180.0 || east > 180.0 {
        let wrap = |lon: f64| if lon > 180.0 && lon <= 360.0 { lon - 360.0 } else { lon };
        if let Ok(meant) = LonLatBox::checked(wrap(west), south, wrap(east), north) {
            return format!("longitudes run from -180 to 180: did you mean {meant}?");
        }
    }
    match LonLatBox::checked(south, west, north, east) {
        Ok(meant) if meant.west <= meant.east => {
            format!("longitude and latitude look swapped: did you mean {meant}? (west south east north)")
        }
        _ => ORDER.to_owned(),
    }
}

/// Four numbers, separated by blanks or commas: west, south, east, north.
impl FromStr for LonLatBox {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        let words = text.split([',', ' ', '\t', '\n']).filter(|word| !word.is_empty());
        let mut edges = [0.0; 4];
        let mut count = 0;
        for word in words {
            let number = word.parse().map_err(|_| {
                Error::usage(format!("\"{}\" in the box is not a number", word.escape_debug()))
                    .with_hint(ORDER)
            })?;
            if let Some(edge) = edges.get_mut(count) {
                *edge = number;
            }
            count += 1;
        }
        if count != edges.len() {
            return Err(Error::usage(format!("a box has four numbers, not {count}")).with_hint(ORDER));
        }
        let [west, south, east, north] = edges;
        Self::new(west, south, east, north)
    }
}

/// The four edges in the order of [`LonLatBox::new`], separated by blanks.
impl fmt::Display for LonLatBox {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {} {} {}", self.west, self.south, self.east, self.north)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn wrong_boxes_say_why() {
        let said = |west, south, east, north| {
            let error = LonLatBox::new(west, south, east, north).unwrap_err();
            format!("{error}; {}", error.hint().unwrap_or_default())
        };
        assert!(said(f64::NAN, 0.0, 1.0, 1.0).contains("west edge of the box is not a number"));
        assert!(said(0.0, 2.0, 1.0, 1.0).contains("south edge (2) lies north"));
        assert!(said(0.0, 0.0, f64::INFINITY, 1.0).contains("outside -180 to 180"));
        assert!(said(10.0, 100.0, 11.0, 101.0).contains("did you mean 100 10 101 11"));
        assert!(said(190.0, 0.0, 200.0, 1.0).contains("did you mean -170 0 -160 1"));
        assert!(said(175.0, 0.0, 185.0, 1.0).contains("did you mean 175 0 -175 1"));
        assert!(said(0.0, 0.0, 1.0, 95.0).contains("west south east north"));
    }

    #[test]
    fn text_is_four_numbers() {
        let parsed: LonLatBox = " 40.8463,13.2553, 40.8574\t13.2684 ".parse().unwrap();
        assert_eq!(parsed, LonLatBox::new(40.8463, 13.2553, 40.8574, 13.2684).unwrap());
        assert_eq!(parsed.to_string().parse::<LonLatBox>().unwrap(), parsed);
        for wrong in ["", "1 2 3", "1 2 3 4 5", "1 2 3 x", "nan 0 1 1"] {
            assert!(wrong.parse::<LonLatBox>().is_err(), "{wrong}");
        }
    }

    #[test]
    fn width_counts_across_the_antimeridian() {
        let pacific = LonLatBox::new(170.0, -20.0, -170.0, -10.0).unwrap();
        assert_eq!((pacific.width(), pacific.height()), (20.0, 10.0));
        assert_eq!(LonLatBox::new(-180.0, 0.0, 180.0, 0.0).unwrap().width(), 360.0);
        assert!(pacific.swapped().is_none());
        assert!(pacific.contains(&LonLatBox::new(179.0, -15.0, -175.0, -12.0).unwrap()));
        assert!(pacific.contains(&LonLatBox::new(-180.0, -15.0, -170.0, -12.0).unwrap()));
        assert!(!pacific.contains(&LonLatBox::new(160.0, -15.0, 175.0, -12.0).unwrap()));
        assert!(!pacific.contains(&LonLatBox::new(175.0, -15.0, 176.0, -9.0).unwrap()));
    }
}
