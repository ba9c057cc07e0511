//! Reading into buffers of numbers.

use half::{bf16, f16};
use num_complex::Complex;

use crate::datatype::{DataType, FloatFormat};
use crate::error::{Error, Result};
use crate::plan::Plan;
use crate::reader::ReadRanges;
use crate::small::read_bytes;

mod sealed {
    pub trait Sealed {}
}

/// A number that elements of a dataset can be read as, without a change of value.
///
/// It is implemented for the integers of 8 to 64 bits, `f16`, `bf16`, `f32`, `f64`, and complex numbers of `f16`,
/// `f32` and `f64`; for nothing else.
pub trait Element: Copy + Send + sealed::Sealed {
    /// Whether elements of a type are such numbers.
    fn is_read_from(datatype: &DataType) -> bool;
    /// Numbers from little-endian bytes, as many as `numbers` has.
    fn copy_from(bytes: &[u8], numbers: &mut [Self]);
}

macro_rules! element {
    ($number:ty, $bytes:literal, $pattern:pat) => {
        impl sealed::Sealed for $number {}
        impl Element for $number {
            fn is_read_from(datatype: &DataType) -> bool {
                matches!(number_type(datatype), $pattern)
            }

            fn copy_from(bytes: &[u8], numbers: &mut [Self]) {
                let elements = bytes.as_chunks::<$bytes>().0;
                numbers
                    .iter_mut()
                    .zip(elements)
                    .for_each(|(number, bytes)| *number = Self::from_le_bytes(*bytes));
            }
        }
    };
}

/// What an element is, enumerations being their integers.
#[derive(PartialEq, Eq)]
enum Number {
    Integer(u32, bool),
    Float(FloatFormat),
    Complex(u32),
    None,
}

fn number_type(datatype: &DataType) -> Number {
    match datatype {
        DataType::Integer(integer) => Number::Integer(integer.size, integer.signed),
        DataType::Float { format, .. } => Number::Float(*format),
        DataType::Complex { part_size, .. } => Number::Complex(*part_size),
        DataType::Enum { base, .. } => number_type(base),
        _ => Number::None,
    }
}

element!(i8, 1, Number::Integer(1, true));
element!(u8, 1, Number::Integer(1, false));
element!(i16, 2, Number::Integer(2, true));
element!(u16, 2, Number::Integer(2, false));
element!(i32, 4, Number::Integer(4, true));
element!(u32, 4, Number::Integer(4, false));
element!(i64, 8, Number::Integer(8, true));
element!(u64, 8, Number::Integer(8, false));
element!(f16, 2, Number::Float(FloatFormat::Half));
element!(bf16, 2, Number::Float(FloatFormat::BFloat16));
element!(f32, 4, Number::Float(FloatFormat::Single));
element!(f64, 8, Number::Float(FloatFormat::Double));

macro_rules! complex_element {
    ($part:ty, $bytes:literal) => {
        impl sealed::Sealed for Complex<$part> {}
        impl Element for Complex<$part> {
            fn is_read_from(datatype: &DataType) -> bool {
                number_type(datatype) == Number::Complex($bytes)
            }

            fn copy_from(bytes: &[u8], numbers: &mut [Self]) {
                let parts = bytes.as_chunks::<$bytes>().0.as_chunks::<2>().0;
                let number = |[real, imaginary]: &[[u8; $bytes]; 2]| {
                    Complex::new(<$part>::from_le_bytes(*real), <$part>::from_le_bytes(*imaginary))
                };
                numbers.iter_mut().zip(parts).for_each(|(place, parts)| *place = number(parts));
            }
        }
    };
}

complex_element!(f16, 2);
complex_element!(f32, 4);
complex_element!(f64, 8);

/// Carries out a plan in one wave, into a buffer of the numbers that the dataset holds; C order.
///
/// ```
/// # use swath_hdf5::{Index, ReadRanges, Result, Selection, read_into};
/// async fn backscatter(reader: &dyn ReadRanges, index: &Index, path: &str) -> Result<Vec<f32>> {
///     let plan = index.dataset(path)?.plan(path, &Selection::window(&[8000..8100, 9000..9120]))?;
///     let mut pixels = vec![0f32; 100 * 120];
///     read_into(reader, &plan, &mut pixels).await?;
///     Ok(pixels)
/// }
/// ```
///
/// # Errors
/// [`Error::Misuse`] if the dataset holds other numbers or the buffer is of another length; what
/// [`crate::read_bytes`] returns.
pub async fn read_into<T: Element>(reader: &dyn ReadRanges, plan: &Plan, numbers: &mut [T]) -> Result<()> {
    if !T::is_read_from(plan.datatype()) {
        let (wanted, held) = (std::any::type_name::<T>(), plan.datatype().name());
        return Err(Error::misuse(format!(
            "buffer of {wanted} for elements of type {held} of {}",
            plan.path()
        )));
    }
    let wanted = plan.output_bytes() / plan.element_bytes();
    if numbers.len() != wanted {
        return Err(Error::misuse(format!("buffer of {} numbers for a plan of {wanted}", numbers.len())));
    }
    T::copy_from(&read_bytes(reader, plan).await?, numbers);
    Ok(())
}
