//! Arrays in memory: pixels of one type with a shape and named dimensions, windows of them, and the law of nodata.
//!
//! Everything here is pure: no file, no network, no clock. An [`Array`] is what a read returns. Its pixels lie in C
//! order in one typed vector ([`Values`]); rank is a number, not a type. A [`Window`] names rows and columns as rasterio
//! does. [`Nodata`] decides which pixels count, here and nowhere else.
//!
//! ```
//! use swath::array::{Array, Nodata};
//!
//! let array = Array::new(vec!["y".into(), "x".into()], vec![2, 2], vec![1.0_f32, f32::NAN, 3.0, 4.0])?;
//! assert_eq!(array.f64_at(&[1, 0]), Some(3.0));
//! assert_eq!(array.values().valid(Nodata::default())?.sum::<f64>(), 8.0);
//! # Ok::<(), swath::Error>(())
//! ```

mod nodata;
mod values;
mod window;

pub use nodata::{Element, Nodata, RealElement};
pub use values::{Stored, Values};
pub(crate) use values::{complex_refused, each_real_type};
pub use window::Window;

use num_complex::Complex32;

use crate::error::{Error, ErrorKind, Result};

/// An n-dimensional array that owns its pixels: values in C order, shape, and a name for every dimension.
///
/// Rank 0 is a scalar: no dimension, one pixel.
#[derive(Debug, Clone, PartialEq)]
pub struct Array {
    dimensions: Vec<String>,
    shape: Vec<usize>,
    values: Values,
}

impl Array {
    /// An array from the names of its dimensions, its length along each, and its pixels in C order.
    ///
    /// # Errors
    /// `Internal` when the three do not fit together: the reader, not its caller, puts arrays together.
    pub fn new(dimensions: Vec<String>, shape: Vec<usize>, values: impl Into<Values>) -> Result<Self> {
        let values = values.into();
        if dimensions.len() != shape.len() {
            return Err(misfit(&format!("{} dimension names for rank {}", dimensions.len(), shape.len())));
        }
        let wanted = shape.iter().try_fold(1_usize, |product, &length| product.checked_mul(length));
        if wanted != Some(values.len()) {
            return Err(misfit(&format!("shape {shape:?} for {} values", values.len())));
        }
        Ok(Self { dimensions, shape, values })
    }

    /// The names of the dimensions, slowest first.
    pub fn dimensions(&self) -> &[String] {
        &self.dimensions
    }

    /// The length along each dimension.
    pub fn shape(&self) -> &[usize] {
        &self.shape
    }

    /// The number of dimensions.
    pub fn rank(&self) -> usize {
        self.shape.len()
    }

    /// The pixels, in C order.
    pub fn values(&self) -> &Values {
        &self.values
    }

    /// The pixels alone.
    pub fn into_values(self) -> Values {
        self.values
    }

    /// The type of the pixels, as numpy says it.
    pub fn dtype(&self) -> &'static str {
        self.values.dtype()
    }

    /// The number of pixels.
    pub fn len(&self) -> usize {
        self.values.len()
    }

    /// Whether there is no pixel.
    pub fn is_empty(&self) -> bool {
        self.values.is_empty()
    }

    /// The place in C order of the pixel at `indices`, one for each dimension; `None` when there is no such pixel.
    pub fn offset_of(&self, indices: &[usize]) -> Option<usize> {
        if indices.len() != self.shape.len() {
            return None;
        }
        // Every index is below its length, and the product of the lengths fits: no step can overflow.
        indices
            .iter()
            .zip(&self.shape)
            .try_fold(0_usize, |offset, (&index, &length)| (index < length).then(|| offset * length + index))
    }

    /// The pixel at `indices` as f64; `None` when there is no such pixel or it is complex.
    pub fn f64_at(&self, indices: &[usize]) -> Option<f64> {
        self.values.f64_at(self.offset_of(indices)?)
    }

    /// The pixel at `indices` as a complex number; `None` when there is no such pixel.
    pub fn complex_at(&self, indices: &[usize]) -> Option<Complex32> {
        self.values.complex_at(self.offset_of(indices)?)
    }
}

fn misfit(what: &str) -> Error {
    Error::new(ErrorKind::Internal, format!("an array does not fit together: {what}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cube() -> Array {
        let names = ["height", "y", "x"].map(String::from).to_vec();
        Array::new(names, vec![2, 3, 4], (0..24_u16).collect::<Vec<_>>()).unwrap()
    }

    #[test]
    fn pixels_lie_in_c_order() {
        let cube = cube();
        assert_eq!(cube.f64_at(&[1, 2, 3]), Some(23.0));
        assert_eq!(cube.f64_at(&[1, 0, 2]), Some(14.0));
        assert_eq!(cube.complex_at(&[0, 1, 0]), Some(Complex32::new(4.0, 0.0)));
        assert_eq!((cube.rank(), cube.len(), cube.dtype()), (3, 24, "uint16"));
    }

    #[test]
    fn a_pixel_that_is_not_there_is_none() {
        let cube = cube();
        for indices in [&[2, 0, 0][..], &[0, 3, 0], &[0, 0, 4], &[0, 0], &[0, 0, 0, 0]] {
            assert_eq!(cube.f64_at(indices), None, "{indices:?}");
        }
    }

    #[test]
    fn a_scalar_has_rank_zero() {
        let scalar = Array::new(Vec::new(), Vec::new(), vec![32637_u32]).unwrap();
        assert_eq!(scalar.f64_at(&[]), Some(32637.0));
    }

    #[test]
    fn parts_that_do_not_fit_are_refused() {
        assert!(Array::new(vec!["x".into()], vec![3], vec![0_u8; 2]).is_err());
        assert!(Array::new(vec!["x".into()], vec![3, 1], vec![0_u8; 3]).is_err());
        let names = vec!["y".into(), "x".into()];
        assert!(Array::new(names, vec![usize::MAX, 2], vec![0_u8; 2]).is_err());
    }

    #[test]
    fn valid_values_follow_the_law() {
        let mask = Values::from(vec![0_u8, 1, 255, 2]);
        let nodata = Nodata::new(Some(255.0));
        assert_eq!(mask.valid(nodata).unwrap().collect::<Vec<_>>(), [0.0, 1.0, 2.0]);
        assert_eq!(mask.to_f64(nodata).unwrap().collect::<Vec<_>>(), [Some(0.0), Some(1.0), None, Some(2.0)]);
        assert_eq!((mask.count_valid(nodata), mask.is_valid_at(2, nodata)), (3, Some(false)));
        assert_eq!(mask.as_slice::<u8>(), Some(&[0_u8, 1, 255, 2][..]));
        assert_eq!(mask.as_slice::<f32>(), None);
        let complex = Values::from(vec![Complex32::new(1.0, 2.0)]);
        assert!(complex.valid(Nodata::default()).is_err());
        assert_eq!(complex.count_valid(Nodata::default()), 1);
    }
}
