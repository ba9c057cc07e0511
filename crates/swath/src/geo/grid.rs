use super::{Bounds, Crs, LonLatBox, transform_bounds};
use crate::array::Window;
use crate::error::{Error, ErrorKind, Result};

/// One coordinate variable of a grid, in the CRS's unit: the centres of its first and last pixel, how many there are,
/// and the spacing that the product declares beside them (`xCoordinateSpacing`, `yCoordinateSpacing`).
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Axis {
    /// The coordinate of the first pixel's centre.
    pub first: f64,
    /// The coordinate of the last pixel's centre.
    pub last: f64,
    /// The number of pixels.
    pub count: u64,
    /// The declared step from one pixel to the next, negative when coordinates fall.
    pub spacing: f64,
}

/// How far the step of the coordinates may be from the declared spacing, relative to it.
const SPACING_TOLERANCE: f64 = 1e-6;
/// More pixels along one axis than any product has; below it, pixel numbers are exact in f64.
const MOST_PIXELS: u64 = 1 << 40;

impl Axis {
    /// The step between pixels as the coordinates themselves have it; the declared one when there is only one pixel.
    ///
    /// # Errors
    /// `Integrity` when the coordinates are not numbers or do not keep to the declared spacing.
    fn step(&self, name: &str) -> Result<f64> {
        let broken = |why: String| Error::new(ErrorKind::Integrity, format!("the {name} coordinates {why}"));
        if ![self.first, self.last, self.spacing].iter().all(|value| value.is_finite()) || self.spacing == 0.0
        {
            return Err(broken(format!(
                "are not numbers: first {}, last {}, spacing {}",
                self.first, self.last, self.spacing
            )));
        }
        if self.count == 0 || self.count > MOST_PIXELS {
            return Err(broken(format!("count {} pixels", self.count)));
        }
        if self.count == 1 {
            return Ok(self.spacing);
        }
        let step = (self.last - self.first) / (self.count - 1) as f64;
        if !step.is_finite() || (step - self.spacing).abs() > SPACING_TOLERANCE * self.spacing.abs() {
            return Err(broken(format!("step by {step}, not by the declared spacing of {}", self.spacing)));
        }
        Ok(step)
    }
}

/// A regular grid of pixels on a map: CRS, affine transform, and shape. Rows run north to south, columns west to east.
///
/// Positions in the grid are counted in pixels from the outer corner of the first one, so row 0.5 is the middle of the
/// first row.
#[derive(Debug, Clone, PartialEq)]
pub struct Grid {
    crs: Crs,
    left: f64,
    top: f64,
    step_x: f64,
    step_y: f64,
    rows: u64,
    cols: u64,
}

impl Grid {
    /// The grid from its CRS and its two coordinate variables.
    ///
    /// # Errors
    /// `Integrity` when the coordinates are irregular (the step differs from the declared spacing by more than 1e-6 of
    /// it); `Unsupported` when x falls or y rises.
    pub fn new(crs: Crs, x: Axis, y: Axis) -> Result<Self> {
        let (step_x, step_y) = (x.step("x")?, y.step("y")?);
        if step_x < 0.0 || step_y > 0.0 {
            let what = format!(
                "a grid with an x step of {step_x} and a y step of {step_y} does not run north-west to south-east"
            );
            return Err(Error::new(ErrorKind::Unsupported, what));
        }
        let (left, top) = (x.first - step_x / 2.0, y.first - step_y / 2.0);
        Ok(Self { crs, left, top, step_x, step_y, rows: y.count, cols: x.count })
    }

    /// The coordinate reference system.
    pub fn crs(&self) -> &Crs {
        &self.crs
    }

    /// The number of rows and columns.
    pub fn shape(&self) -> (u64, u64) {
        (self.rows, self.cols)
    }

    /// The size of a pixel along x and y, both positive, in the CRS's unit.
    pub fn pixel_size(&self) -> (f64, f64) {
        (self.step_x, -self.step_y)
    }

    /// The affine transform in GDAL's order: left edge, x step, 0, top edge, 0, y step (negative).
    pub fn geo_transform(&self) -> [f64; 6] {
        [self.left, self.step_x, 0.0, self.top, 0.0, self.step_y]
    }

    /// The outer edges of the grid in its own CRS.
    pub fn bounds(&self) -> Bounds {
        self.bounds_of(&Window::whole(self.rows, self.cols))
    }

    /// The outer edges of the pixels of a window in the grid's CRS.
    pub fn bounds_of(&self, window: &Window) -> Bounds {
        Bounds {
            min_x: self.left + window.col_off() as f64 * self.step_x,
            max_x: self.left + window.col_end() as f64 * self.step_x,
            min_y: self.top + window.row_end() as f64 * self.step_y,
            max_y: self.top + window.row_off() as f64 * self.step_y,
        }
    }

    /// The x coordinates of the centres of a window's columns, west to east.
    pub fn x_of(&self, window: &Window) -> impl Iterator<Item = f64> + use<> {
        let (left, step) = (self.left, self.step_x);
        (window.col_off()..window.col_end()).map(move |col| left + (col as f64 + 0.5) * step)
    }

    /// The y coordinates of the centres of a window's rows, north to south.
    pub fn y_of(&self, window: &Window) -> impl Iterator<Item = f64> + use<> {
        let (top, step) = (self.top, self.step_y);
        (window.row_off()..window.row_end()).map(move |row| top + (row as f64 + 0.5) * step)
    }

    /// The grid of a window alone.
    ///
    /// # Errors
    /// A usage error when the window is empty or reaches beyond the grid.
    pub fn subset(&self, window: &Window) -> Result<Self> {
        let window = window.checked_within(self.rows, self.cols)?;
        let Bounds { min_x, max_y, .. } = self.bounds_of(&window);
        Ok(Self { left: min_x, top: max_y, rows: window.height(), cols: window.width(), ..self.clone() })
    }

    /// The window of every pixel that a box in longitude and latitude touches.
    ///
    /// It is the window of `rioxarray`'s `clip_box(minx, miny, maxx, maxy, crs="EPSG:4326")`: the box's densified edges
    /// are projected ([`transform_bounds`]), the pixels that their bounds touch are taken, and what lies outside the
    /// grid is cut off. A box around the whole grid gives the whole grid, even one so wide that its projected edges mean
    /// nothing. Two boxes are read where rioxarray refuses them: one that touches a single row or column, and
    /// a point. Where an edge falls on the edge of a pixel to within some nanometres, the last bit of the projection
    /// decides, as it does between any two builds of PROJ.
    ///
    /// # Errors
    /// A usage error when the box touches no pixel. It says how far away the grid is and which area it covers, and hints
    /// when longitude and latitude look swapped.
    pub fn window_of_bounds(&self, area: &LonLatBox) -> Result<Window> {
        if self.crs.is_geographic() && area.crosses_antimeridian() {
            return Err(Error::usage(format!(
                "the box {area} crosses the antimeridian, where this grid has its ends"
            ))
            .with_hint("ask for the two sides apart: one box to 180, one from -180"));
        }
        if self.lies_in(area) {
            return Ok(Window::whole(self.rows, self.cols));
        }
        let projected = transform_bounds(area, &self.crs)?;
        self.touched_by(&projected).ok_or_else(|| self.outside(area, &projected))
    }

    /// The window of every pixel that bounds in the grid's own CRS touch, as `clip_box` without a CRS takes them.
    ///
    /// # Errors
    /// A usage error when the bounds are no numbers, are turned round, or touch no pixel.
    pub fn window_of_projected(&self, bounds: &Bounds) -> Result<Window> {
        let Bounds { min_x, min_y, max_x, max_y } = *bounds;
        let ordered = min_x <= max_x && min_y <= max_y;
        if !ordered || ![min_x, min_y, max_x, max_y].iter().all(|edge| edge.is_finite()) {
            return Err(Error::usage(format!("{bounds} is no box"))
                .with_hint("bounds are min x, min y, max x, max y"));
        }
        self.touched_by(bounds).ok_or_else(|| self.apart(&format!("the bounds {bounds}"), bounds))
    }

    /// Row and column of the pixel that holds a point.
    ///
    /// # Errors
    /// A usage error when the point lies outside the grid, as for [`window_of_bounds`](Self::window_of_bounds).
    pub fn pixel_of(&self, lon: f64, lat: f64) -> Result<(u64, u64)> {
        let (x, y) = self.crs.forward(lon, lat)?;
        let point = Bounds { min_x: x, min_y: y, max_x: x, max_y: y };
        let (row, col) = ((y - self.top) / self.step_y, (x - self.left) / self.step_x);
        if row < 0.0 || col < 0.0 || row >= self.rows as f64 || col >= self.cols as f64 {
            let area = LonLatBox::new(lon, lat, lon, lat)?;
            return Err(self.outside(&area, &point));
        }
        Ok((row as u64, col as u64))
    }

    /// Longitude and latitude of a position in the grid, in pixels: `(row + 0.5, col + 0.5)` for a pixel's centre.
    ///
    /// # Errors
    /// A usage error when the position is no place on the Earth.
    pub fn lonlat_of(&self, row: f64, col: f64) -> Result<(f64, f64)> {
        self.crs.inverse(self.left + col * self.step_x, self.top + row * self.step_y)
    }

    /// Whether the box holds the whole grid.
    fn lies_in(&self, area: &LonLatBox) -> bool {
        self.bounds().to_lonlat(&self.crs).is_ok_and(|covered| area.contains(&covered))
    }

    /// The pixels touched by bounds in the grid's CRS; `None` when there are none.
    fn touched_by(&self, bounds: &Bounds) -> Option<Window> {
        // The order of operations is that of the affine inverse in the reference: a box whose edge lies on the edge of
        // a pixel takes or leaves that pixel by the last bit.
        let determinant_inverse = 1.0 / (self.step_x * self.step_y);
        let (per_x, per_y) = (self.step_y * determinant_inverse, self.step_x * determinant_inverse);
        let (offset_x, offset_y) = (-self.left * per_x, -self.top * per_y);
        let (col_off, width) =
            touched(per_x * bounds.min_x + offset_x, per_x * bounds.max_x + offset_x, self.cols)?;
        let (row_off, height) =
            touched(per_y * bounds.max_y + offset_y, per_y * bounds.min_y + offset_y, self.rows)?;
        Window::new(row_off, col_off, height, width).ok()
    }

    /// The error for a box in longitude and latitude that touches no pixel.
    fn outside(&self, area: &LonLatBox, projected: &Bounds) -> Error {
        let name = if area.width() == 0.0 && area.height() == 0.0 {
            format!("the point {} {}", area.west(), area.south())
        } else {
            format!("the box {area}")
        };
        let error = self.apart(&name, projected);
        let swapped_fits = area.swapped().filter(|swapped| {
            transform_bounds(swapped, &self.crs).is_ok_and(|there| self.touched_by(&there).is_some())
        });
        match swapped_fits {
            Some(swapped) => error.with_hint(format!(
                "longitude and latitude look swapped: {swapped} (west south east north) lies on the grid"
            )),
            None => error.with_hint(
                "a box is west south east north, in degrees; check it against the granule's footprint",
            ),
        }
    }

    /// The error for something that touches no pixel: how far, in which direction, and where the grid is.
    fn apart(&self, name: &str, projected: &Bounds) -> Error {
        let grid = self.bounds();
        let mut gaps = Vec::new();
        let mut tell = |gap: f64, direction: &str| {
            if gap > 0.0 {
                gaps.push(format!("{} {direction}", self.length(gap)));
            }
        };
        tell(projected.min_y - grid.max_y, "beyond its top edge");
        tell(grid.min_y - projected.max_y, "beyond its bottom edge");
        tell(projected.min_x - grid.max_x, "beyond its right edge");
        tell(grid.min_x - projected.max_x, "beyond its left edge");
        let distance = if gaps.is_empty() { String::new() } else { format!(" ({})", gaps.join(" and ")) };
        let cover = match grid.to_lonlat(&self.crs) {
            Ok(area) => format!(
                "longitude {:.4} to {:.4}, latitude {:.4} to {:.4}",
                area.west(),
                area.east(),
                area.south(),
                area.north()
            ),
            Err(_) => format!("{grid} in {}", self.crs),
        };
        Error::usage(format!("{name} touches no pixel of the grid{distance}, which covers {cover}"))
    }

    /// A distance in the grid's unit, as text.
    fn length(&self, distance: f64) -> String {
        match (self.crs.is_geographic(), distance >= 1000.0) {
            (true, _) => format!("{distance:.4}°"),
            (false, true) => format!("{:.1} km", distance / 1000.0),
            (false, false) => format!("{distance:.1} m"),
        }
    }
}

/// First pixel and number of pixels between two positions counted in pixels, cut to `0..count`; `None` when no pixel is
/// touched.
fn touched(start: f64, stop: f64, count: u64) -> Option<(u64, u64)> {
    // The stop is found from start and length, as a rasterio window stores it.
    let stop = start + (stop - start).max(0.0);
    // Both casts saturate at 0 and at the largest number, which the cut to `count` then brings down.
    let first = start.floor() as u64;
    let end = (stop.ceil() as u64).min(count);
    (first < end).then(|| (first, end - first))
}
