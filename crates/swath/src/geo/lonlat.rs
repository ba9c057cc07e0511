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
        let edges =
            [("west", west, 180.0), ("south", south, 90.0), ("east", east, 180.0), ("north", north, 90.0)];
        for (name, value, limit) in edges {
            if value.is_nan() {
                return Err(
                    Error::usage(format!("the {name} edge of the box is not a number")).with_hint(ORDER)
                );
            }
            if value.abs() > limit {
                let wrong = format!("the {name} edge of the box is {value}, outside -{limit} to {limit}");
                return Err(Error::usage(wrong).with_hint(out_of_range_hint(west, south, east, north)));
            }
        }
        if south > north {
            return Err(Error::usage(format!(
                "the box's south edge ({south}) lies north of its north edge ({north})"
            ))
            .with_hint(ORDER));
        }
        Ok(Self { west, south, east, north })
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

    /// The box with longitude and latitude exchanged, when that is a box at all: what a caller who gave
    /// `south west north east` meant.
    pub fn swapped(&self) -> Option<Self> {
        Self::new(self.south, self.west, self.north, self.east).ok()
    }
}

/// What to say about numbers out of range: swapped, counted from 0 to 360, or just the order.
fn out_of_range_hint(west: f64, south: f64, east: f64, north: f64) -> String {
    if LonLatBox::new(south, west, north, east).is_ok() {
        return format!(
            "longitude and latitude look swapped: did you mean {south} {west} {north} {east}? (west south east north)"
        );
    }
    let wrap = |lon: f64| if lon > 180.0 && lon <= 360.0 { lon - 360.0 } else { lon };
    let (west_wrapped, east_wrapped) = (wrap(west), wrap(east));
    if LonLatBox::new(west_wrapped, south, east_wrapped, north).is_ok() {
        return format!(
            "longitudes run from -180 to 180: did you mean {west_wrapped} {south} {east_wrapped} {north}?"
        );
    }
    ORDER.to_owned()
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
    }
}
