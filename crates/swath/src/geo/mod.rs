//! Where pixels lie: coordinate reference systems, boxes in longitude and latitude, and the grid of a product.
//!
//! NISAR's geocoded products carry an EPSG code, the coordinates of their pixel centres and a spacing. [`Grid`] is built
//! from those, and turns a [`LonLatBox`] into the [`Window`](crate::array::Window) of every pixel the box touches: the
//! same window, to the pixel, as `rioxarray`'s `clip_box(..., crs="EPSG:4326")`. This is the only module that knows
//! what a CRS means.
//!
//! ```
//! use swath::geo::{Axis, Crs, Grid, LonLatBox};
//!
//! let x = Axis { first: 604_090.0, last: 945_350.0, count: 17_064, spacing: 20.0 };
//! let y = Axis { first: 1_588_310.0, last: 1_254_250.0, count: 16_704, spacing: -20.0 };
//! let grid = Grid::new(Crs::from_epsg(32637)?, x, y)?;
//! let window = grid.window_of_bounds(&LonLatBox::new(40.8463, 13.2553, 40.8574, 13.2684)?)?;
//! assert_eq!((window.height(), window.width()), (74, 62));
//! # Ok::<(), swath::Error>(())
//! ```

mod bounds;
mod crs;
mod grid;
mod lonlat;

pub use bounds::{Bounds, transform_bounds};
pub use crs::Crs;
pub use grid::{Axis, Grid};
pub use lonlat::LonLatBox;

#[cfg(test)]
mod tests;
