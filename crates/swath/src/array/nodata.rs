use num_complex::Complex32;

/// The law of nodata: which pixels count. The one place of the library that compares a pixel to NaN or to a fill value.
///
/// A pixel is *valid* when it is finite (a complex one: both parts) and does not equal the layer's `_FillValue`.
/// The fill value is rounded to the pixel's own type before it is compared, as netCDF readers do, so that a fill of
/// `0.1` written as f64 matches an f32 pixel of `0.1`; a fill value that an integer type cannot hold matches nothing.
/// A complex pixel is fill when its real part is and its imaginary part is the same or zero.
///
/// ```
/// use swath::array::Nodata;
///
/// let mask = Nodata::new(Some(255.0));
/// assert!(mask.is_valid(1_u8) && !mask.is_valid(255_u8));
/// assert!(!Nodata::default().is_valid(f32::NAN));
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct Nodata {
    fill: Option<f64>,
}

impl Nodata {
    /// The law for a layer with this `_FillValue`; `None`, or NaN, when only non-finite pixels are nodata.
    pub fn new(fill: Option<f64>) -> Self {
        Self { fill: fill.filter(|value| !value.is_nan()) }
    }

    /// The fill value, unless there is none or it is NaN.
    pub fn fill(&self) -> Option<f64> {
        self.fill
    }

    /// Whether `pixel` counts.
    pub fn is_valid<T: Element>(&self, pixel: T) -> bool {
        pixel.is_finite() && !self.fill.is_some_and(|fill| pixel.equals_fill(fill))
    }
}

/// A type that pixels have: one of the numbers in [`Values`](super::Values).
pub trait Element: Copy + sealed::Sealed {
    /// Whether the pixel is a number: neither NaN nor infinite, in any of its parts.
    fn is_finite(self) -> bool;

    /// Whether the pixel equals `fill` once that is rounded to the pixel's type.
    fn equals_fill(self, fill: f64) -> bool;
}

/// An [`Element`] on the real line: every one but complex.
pub trait RealElement: Element {
    /// The pixel as f64; exact but for 64-bit integers beyond 2^53, which are rounded.
    fn to_f64(self) -> f64;
}

mod sealed {
    pub trait Sealed {}
}

macro_rules! integer_elements {
    ($($integer:ty),*) => {$(
        impl sealed::Sealed for $integer {}

        impl Element for $integer {
            fn is_finite(self) -> bool {
                true
            }

            fn equals_fill(self, fill: f64) -> bool {
                // The cast saturates: what does not come back unchanged lies outside the type and matches nothing.
                let rounded = fill as $integer;
                rounded as f64 == fill && self == rounded
            }
        }

        impl RealElement for $integer {
            fn to_f64(self) -> f64 {
                self as f64
            }
        }
    )*};
}

integer_elements!(u8, i8, u16, i16, u32, i32, u64, i64);

macro_rules! float_elements {
    ($($float:ty),*) => {$(
        impl sealed::Sealed for $float {}

        impl Element for $float {
            fn is_finite(self) -> bool {
                <$float>::is_finite(self)
            }

            fn equals_fill(self, fill: f64) -> bool {
                self == fill as $float
            }
        }

        impl RealElement for $float {
            fn to_f64(self) -> f64 {
                f64::from(self)
            }
        }
    )*};
}

float_elements!(f32, f64);

impl sealed::Sealed for Complex32 {}

impl Element for Complex32 {
    fn is_finite(self) -> bool {
        self.re.is_finite() && self.im.is_finite()
    }

    fn equals_fill(self, fill: f64) -> bool {
        let fill = fill as f32;
        self.re == fill && (self.im == fill || self.im == 0.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn floats_count_when_finite_and_not_fill() {
        let plain = Nodata::default();
        assert!(plain.is_valid(0.0_f32) && plain.is_valid(-0.0_f64) && plain.is_valid(f32::MIN_POSITIVE));
        for pixel in [f32::NAN, f32::INFINITY, f32::NEG_INFINITY] {
            assert!(!plain.is_valid(pixel));
        }
        let filled = Nodata::new(Some(-9999.0));
        assert!(!filled.is_valid(-9999.0_f32) && !filled.is_valid(f64::NAN) && filled.is_valid(-9998.0_f32));
        // Written as f64, compared as f32.
        assert!(!Nodata::new(Some(0.1)).is_valid(0.1_f32));
        assert_eq!(Nodata::new(Some(f64::NAN)), Nodata::default());
    }

    #[test]
    fn integers_count_when_not_fill() {
        let filled = Nodata::new(Some(255.0));
        assert!(!filled.is_valid(255_u8) && filled.is_valid(0_u8) && !filled.is_valid(255_u16));
        assert!(filled.is_valid(-1_i8), "255 is no i8, so nothing is fill");
        assert!(Nodata::new(Some(f64::NAN)).is_valid(0_u8));
        assert!(Nodata::new(Some(0.5)).is_valid(0_i32));
        assert!(!Nodata::new(Some(u64::MAX as f64)).is_valid(u64::MAX));
    }

    #[test]
    fn complex_needs_both_parts() {
        let plain = Nodata::default();
        assert!(plain.is_valid(Complex32::new(1.0, -2.0)));
        assert!(!plain.is_valid(Complex32::new(f32::NAN, 0.0)));
        assert!(!plain.is_valid(Complex32::new(0.0, f32::INFINITY)));
        let filled = Nodata::new(Some(-1.0));
        assert!(!filled.is_valid(Complex32::new(-1.0, 0.0)) && !filled.is_valid(Complex32::new(-1.0, -1.0)));
        assert!(filled.is_valid(Complex32::new(-1.0, 0.5)));
    }
}
