use num_complex::Complex32;

use super::{Element, Nodata, RealElement};
use crate::error::{Error, ErrorKind, Result};

/// The pixels of an [`Array`](super::Array), in C order (the last dimension runs fastest), in one of the types that
/// NISAR products hold. Half-precision complex pixels (SLC products) are widened to [`Values::Complex64`] when read.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub enum Values {
    /// 8-bit unsigned integers (masks).
    U8(Vec<u8>),
    /// 8-bit signed integers.
    I8(Vec<i8>),
    /// 16-bit unsigned integers.
    U16(Vec<u16>),
    /// 16-bit signed integers.
    I16(Vec<i16>),
    /// 32-bit unsigned integers.
    U32(Vec<u32>),
    /// 32-bit signed integers.
    I32(Vec<i32>),
    /// 64-bit unsigned integers.
    U64(Vec<u64>),
    /// 64-bit signed integers.
    I64(Vec<i64>),
    /// 32-bit floats (backscatter).
    F32(Vec<f32>),
    /// 64-bit floats (coordinates, orbits).
    F64(Vec<f64>),
    /// Pairs of 32-bit floats, real and imaginary: numpy's `complex64`.
    Complex64(Vec<Complex32>),
}

/// Runs the same expression over the typed vector of any variant.
macro_rules! each_type {
    ($values:expr, $vector:ident => $body:expr) => {
        match $values {
            Values::U8($vector) => $body,
            Values::I8($vector) => $body,
            Values::U16($vector) => $body,
            Values::I16($vector) => $body,
            Values::U32($vector) => $body,
            Values::I32($vector) => $body,
            Values::U64($vector) => $body,
            Values::I64($vector) => $body,
            Values::F32($vector) => $body,
            Values::F64($vector) => $body,
            Values::Complex64($vector) => $body,
        }
    };
}

/// As `each_type`, over the real types; `complex` is what a complex vector gives.
macro_rules! each_real_type {
    ($values:expr, $vector:ident => $body:expr, complex => $complex:expr) => {
        match $values {
            Values::U8($vector) => $body,
            Values::I8($vector) => $body,
            Values::U16($vector) => $body,
            Values::I16($vector) => $body,
            Values::U32($vector) => $body,
            Values::I32($vector) => $body,
            Values::U64($vector) => $body,
            Values::I64($vector) => $body,
            Values::F32($vector) => $body,
            Values::F64($vector) => $body,
            Values::Complex64(_) => $complex,
        }
    };
}

pub(crate) use each_real_type;

impl Values {
    /// The number of pixels.
    pub fn len(&self) -> usize {
        each_type!(self, pixels => pixels.len())
    }

    /// Whether there is no pixel.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The type's name, as numpy says it: `"float32"`, `"uint8"`, `"complex64"`, …
    pub fn dtype(&self) -> &'static str {
        match self {
            Self::U8(_) => "uint8",
            Self::I8(_) => "int8",
            Self::U16(_) => "uint16",
            Self::I16(_) => "int16",
            Self::U32(_) => "uint32",
            Self::I32(_) => "int32",
            Self::U64(_) => "uint64",
            Self::I64(_) => "int64",
            Self::F32(_) => "float32",
            Self::F64(_) => "float64",
            Self::Complex64(_) => "complex64",
        }
    }

    /// The pixel at `index` (C order) as f64; `None` when there is no such pixel or it is complex.
    pub fn f64_at(&self, index: usize) -> Option<f64> {
        each_real_type!(self, pixels => pixels.get(index).map(|&pixel| pixel.to_f64()), complex => None)
    }

    /// The pixel at `index` (C order) as a complex number: a real one has imaginary part 0, and 64-bit types are
    /// rounded to f32. `None` when there is no such pixel.
    pub fn complex_at(&self, index: usize) -> Option<Complex32> {
        match self {
            Self::Complex64(pixels) => pixels.get(index).copied(),
            real => real.f64_at(index).map(|value| Complex32::new(value as f32, 0.0)),
        }
    }

    /// Whether the pixel at `index` counts under `nodata`; `None` when there is no such pixel.
    pub fn is_valid_at(&self, index: usize, nodata: Nodata) -> Option<bool> {
        each_type!(self, pixels => pixels.get(index).map(|&pixel| nodata.is_valid(pixel)))
    }

    /// The number of pixels that count under `nodata`.
    pub fn count_valid(&self, nodata: Nodata) -> usize {
        each_type!(self, pixels => pixels.iter().filter(|&&pixel| nodata.is_valid(pixel)).count())
    }

    /// Every pixel as f64 in C order, `None` where it does not count under `nodata`.
    ///
    /// # Errors
    /// `Unsupported` for complex pixels, which have no order and no one real value.
    pub fn to_f64(&self, nodata: Nodata) -> Result<Box<dyn Iterator<Item = Option<f64>> + '_>> {
        fn walk<T: RealElement>(pixels: &[T], nodata: Nodata) -> Box<dyn Iterator<Item = Option<f64>> + '_> {
            Box::new(pixels.iter().map(move |&pixel| nodata.is_valid(pixel).then(|| pixel.to_f64())))
        }
        each_real_type!(self, pixels => Ok(walk(pixels, nodata)), complex => Err(complex_refused()))
    }

    /// The pixels that count under `nodata`, as f64 in C order.
    ///
    /// # Errors
    /// `Unsupported` for complex pixels, which have no order and no one real value.
    pub fn valid(&self, nodata: Nodata) -> Result<impl Iterator<Item = f64> + '_> {
        Ok(self.to_f64(nodata)?.flatten())
    }

    /// The pixels when they are `T`s, without a copy.
    pub fn as_slice<T: Stored>(&self) -> Option<&[T]> {
        T::of(self)
    }
}

/// What every figure of real numbers says to complex pixels.
pub(crate) fn complex_refused() -> Error {
    Error::new(ErrorKind::Unsupported, "complex pixels have no real value to count with")
        .with_hint("choose a real layer, or take the magnitude of the complex one first")
}

/// An [`Element`] that [`Values`] stores in a vector of its own.
pub trait Stored: Element {
    /// The pixels of `values`, when that is their type.
    fn of(values: &Values) -> Option<&[Self]>;
}

macro_rules! stored {
    ($($variant:ident: $element:ty),* $(,)?) => {$(
        impl Stored for $element {
            fn of(values: &Values) -> Option<&[Self]> {
                match values {
                    Values::$variant(pixels) => Some(pixels),
                    _ => None,
                }
            }
        }

        impl From<Vec<$element>> for Values {
            fn from(pixels: Vec<$element>) -> Self {
                Self::$variant(pixels)
            }
        }
    )*};
}

stored! {
    U8: u8, I8: i8, U16: u16, I16: i16, U32: u32, I32: i32, U64: u64, I64: i64, F32: f32, F64: f64,
    Complex64: Complex32,
}
