use std::fmt;

use crate::error::{Error, Result};

/// A rectangle of pixels, in rasterio's names: rows `row_off .. row_off + height`, columns `col_off .. col_off + width`.
///
/// A window always ends within `u64`: [`Window::new`] checks it, so [`row_end`](Self::row_end) and
/// [`col_end`](Self::col_end) cannot overflow. An empty window (height or width 0) is allowed.
///
/// ```
/// use swath::array::Window;
///
/// let window = Window::new(10, 20, 4, 3)?;
/// assert_eq!((window.row_end(), window.col_end(), window.len()), (14, 23, Some(12)));
/// # Ok::<(), swath::Error>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Window {
    row_off: u64,
    col_off: u64,
    height: u64,
    width: u64,
}

impl Window {
    /// The window from its first row, first column, number of rows and number of columns.
    ///
    /// # Errors
    /// A usage error when the last row or column does not fit `u64`.
    pub fn new(row_off: u64, col_off: u64, height: u64, width: u64) -> Result<Self> {
        if row_off.checked_add(height).is_none() || col_off.checked_add(width).is_none() {
            return Err(Error::usage(format!(
                "window {row_off} {col_off} {height} {width} ends beyond the largest row or column number"
            )));
        }
        Ok(Self { row_off, col_off, height, width })
    }

    /// The window that holds all of a raster of `rows` × `cols` pixels.
    pub fn whole(rows: u64, cols: u64) -> Self {
        Self { row_off: 0, col_off: 0, height: rows, width: cols }
    }

    /// The first row.
    pub fn row_off(&self) -> u64 {
        self.row_off
    }

    /// The first column.
    pub fn col_off(&self) -> u64 {
        self.col_off
    }

    /// The number of rows.
    pub fn height(&self) -> u64 {
        self.height
    }

    /// The number of columns.
    pub fn width(&self) -> u64 {
        self.width
    }

    /// One past the last row.
    pub fn row_end(&self) -> u64 {
        self.row_off + self.height
    }

    /// One past the last column.
    pub fn col_end(&self) -> u64 {
        self.col_off + self.width
    }

    /// The number of pixels, or `None` when it does not fit `u64`.
    pub fn len(&self) -> Option<u64> {
        self.height.checked_mul(self.width)
    }

    /// Whether the window holds no pixel.
    pub fn is_empty(&self) -> bool {
        self.height == 0 || self.width == 0
    }

    /// The pixels that both windows hold, or `None` when they share none.
    pub fn intersection(&self, other: &Self) -> Option<Self> {
        let row_off = self.row_off.max(other.row_off);
        let col_off = self.col_off.max(other.col_off);
        let height = self.row_end().min(other.row_end()).checked_sub(row_off)?;
        let width = self.col_end().min(other.col_end()).checked_sub(col_off)?;
        let shared = Self { row_off, col_off, height, width };
        (!shared.is_empty()).then_some(shared)
    }

    /// Whether every pixel of the window lies in a raster of `rows` × `cols` pixels.
    pub fn is_within(&self, rows: u64, cols: u64) -> bool {
        self.row_end() <= rows && self.col_end() <= cols
    }

    /// The window itself when it holds pixels and all of them lie in a raster of `rows` × `cols` pixels.
    ///
    /// # Errors
    /// A usage error that names the window and the raster's shape.
    pub fn checked_within(self, rows: u64, cols: u64) -> Result<Self> {
        if self.is_empty() {
            return Err(Error::usage(format!("window {self} holds no pixel"))
                .with_hint("height and width must be at least 1"));
        }
        if !self.is_within(rows, cols) {
            return Err(Error::usage(format!(
                "window {self} reaches beyond the layer, which has {rows} rows and {cols} columns"
            ))
            .with_hint("a window is first row, first column, height, width, counted from 0"));
        }
        Ok(self)
    }
}

/// The four numbers in the order of [`Window::new`], separated by blanks.
impl fmt::Display for Window {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {} {} {}", self.row_off, self.col_off, self.height, self.width)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn window(numbers: [u64; 4]) -> Window {
        Window::new(numbers[0], numbers[1], numbers[2], numbers[3]).unwrap()
    }

    #[test]
    fn intersection_is_what_both_hold() {
        let left = window([0, 0, 10, 10]);
        assert_eq!(left.intersection(&window([5, 8, 10, 10])), Some(window([5, 8, 5, 2])));
        assert_eq!(left.intersection(&window([10, 0, 1, 1])), None);
        assert_eq!(left.intersection(&window([3, 3, 0, 4])), None);
        assert_eq!(left.intersection(&left), Some(left));
    }

    #[test]
    fn numbers_that_do_not_fit_are_refused() {
        assert!(Window::new(u64::MAX, 0, 1, 1).is_err());
        assert!(Window::new(0, 2, 1, u64::MAX).is_err());
        let wide = window([0, 0, u64::MAX, u64::MAX]);
        assert_eq!(wide.len(), None);
        assert_eq!(wide.row_end(), u64::MAX);
    }

    #[test]
    fn within_is_checked_against_the_shape() {
        assert!(window([0, 0, 3, 4]).is_within(3, 4));
        assert!(!window([0, 1, 3, 4]).is_within(3, 4));
        assert!(window([2, 3, 1, 1]).checked_within(3, 4).is_ok());
        let said = window([2, 3, 2, 1]).checked_within(3, 4).unwrap_err().to_string();
        assert!(said.contains("2 3 2 1") && said.contains("3 rows and 4 columns"), "{said}");
        assert!(window([0, 0, 0, 1]).checked_within(3, 4).is_err());
    }
}
