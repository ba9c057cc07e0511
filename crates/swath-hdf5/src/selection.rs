//! Which elements of a dataset are wanted.

use std::ops::Range;

use crate::error::{Error, Result};

/// Elements taken along one axis: `start`, `start + step`, … `count` of them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Axis {
    /// First element.
    pub start: u64,
    /// How many elements.
    pub count: u64,
    /// Distance of one to the next, at least 1.
    pub step: u64,
}

impl Axis {
    /// Elements `start`, `start + step`, … before `stop`, as a slice in Python has them. A step of 0 takes none.
    pub fn slice(start: u64, stop: u64, step: u64) -> Self {
        let count = if step == 0 { 0 } else { stop.saturating_sub(start).div_ceil(step) };
        Axis { start, count, step }
    }

    /// Last element taken; `None` if none is, or if it lies past 2⁶⁴.
    pub(crate) fn last(&self) -> Option<u64> {
        let steps = self.count.checked_sub(1)?;
        self.start.checked_add(steps.checked_mul(self.step)?)
    }

    /// Which taken elements lie in `from..to`: number of the first, and how many.
    pub(crate) fn within(&self, from: u64, to: u64) -> (u64, u64) {
        let before = |limit: u64| limit.saturating_sub(self.start).div_ceil(self.step.max(1)).min(self.count);
        let (first, end) = (before(from), before(to));
        (first, end.saturating_sub(first))
    }
}

/// A regular selection: along each axis a start, a count and a step.
///
/// ```
/// use swath_hdf5::Selection;
///
/// let window = Selection::window(&[8000..8100, 9000..9120]);
/// assert_eq!(window.shape(), [100, 120]);
/// assert!(window.check(&[16704, 17064]).is_ok());
/// assert!(window.check(&[8050, 17064]).is_err());
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Selection {
    axes: Vec<Axis>,
}

impl Selection {
    /// Every element of an array of that shape. The shape of a scalar is empty.
    pub fn all(shape: &[u64]) -> Self {
        Selection { axes: shape.iter().map(|extent| Axis { start: 0, count: *extent, step: 1 }).collect() }
    }

    /// The elements of one range per axis. A range that ends before it begins selects nothing.
    pub fn window(ranges: &[Range<u64>]) -> Self {
        let axis = |range: &Range<u64>| Axis {
            start: range.start,
            count: range.end.saturating_sub(range.start),
            step: 1,
        };
        Selection { axes: ranges.iter().map(axis).collect() }
    }

    /// Start, count and step per axis.
    ///
    /// ```
    /// use swath_hdf5::{Axis, Selection};
    ///
    /// // Every tenth row of the first hundred, columns 5 to 8.
    /// let selection = Selection::strided(vec![Axis::slice(0, 100, 10), Axis::slice(5, 8, 1)]);
    /// assert_eq!(selection.shape(), [10, 3]);
    /// ```
    pub fn strided(axes: Vec<Axis>) -> Self {
        Selection { axes }
    }

    /// The axes, slowest first.
    pub fn axes(&self) -> &[Axis] {
        &self.axes
    }

    /// Elements along each axis of what is selected.
    pub fn shape(&self) -> Vec<u64> {
        self.axes.iter().map(|axis| axis.count).collect()
    }

    /// Number of selected elements; `None` beyond 2⁶⁴.
    pub fn elements(&self) -> Option<u64> {
        if self.axes.iter().any(|axis| axis.count == 0) {
            return Some(0);
        }
        self.axes.iter().try_fold(1u64, |product, axis| product.checked_mul(axis.count))
    }

    /// Checks that the selection lies in an array of that shape.
    ///
    /// # Errors
    /// [`Error::Misuse`] if the ranks differ, a step is 0, or an axis reaches outside.
    pub fn check(&self, shape: &[u64]) -> Result<()> {
        if self.axes.len() != shape.len() {
            return Err(Error::misuse(format!(
                "selection of {} axes on a dataset of {}; give one range per axis",
                self.axes.len(),
                shape.len()
            )));
        }
        for (number, (axis, extent)) in self.axes.iter().zip(shape).enumerate() {
            if axis.step == 0 {
                return Err(Error::misuse(format!(
                    "selection with step 0 along axis {number}; use 1 or more"
                )));
            }
            let inside =
                axis.count == 0 && axis.start <= *extent || axis.last().is_some_and(|last| last < *extent);
            if !inside {
                return Err(Error::misuse(format!(
                    "selection of {} elements from {} by {} reaches outside of axis {number}, which has {extent}",
                    axis.count, axis.start, axis.step
                )));
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn selections_outside_are_misuse() {
        let shape = [10, 20];
        assert!(Selection::all(&shape).check(&shape).is_ok());
        assert!(Selection::window(&[0..10, 5..21]).check(&shape).is_err());
        assert!(Selection::window(std::slice::from_ref(&(0..10))).check(&shape).is_err());
        let strided = |start, count, step| Selection::strided(vec![Axis { start, count, step }]);
        assert!(strided(1, 3, 4).check(&[10]).is_ok());
        assert!(strided(2, 3, 4).check(&[10]).is_err());
        assert!(strided(0, 1, 0).check(&[10]).is_err());
        assert!(strided(3, u64::MAX, u64::MAX).check(&[10]).is_err());
        assert!(strided(10, 0, 1).check(&[10]).is_ok());
    }

    #[test]
    fn elements_of_an_axis_within_a_block() {
        let axis = Axis { start: 3, count: 5, step: 4 };
        let taken: Vec<u64> = (0..5).map(|n| 3 + 4 * n).collect();
        for from in 0..25 {
            for to in from..25 {
                let first = taken.iter().filter(|at| **at < from).count() as u64;
                let count = taken.iter().filter(|at| (from..to).contains(*at)).count() as u64;
                assert_eq!(axis.within(from, to), (first, count), "{from}..{to}");
            }
        }
    }

    #[test]
    fn a_scalar_has_one_element_and_an_empty_window_none() {
        assert_eq!(Selection::all(&[]).elements(), Some(1));
        assert_eq!(Selection::all(&[u64::MAX, 0, u64::MAX]).elements(), Some(0));
        assert_eq!(Selection::all(&[u64::MAX, 2]).elements(), None);
    }
}
