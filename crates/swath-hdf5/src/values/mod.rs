//! Typed values: of attributes, and of small datasets read whole.

mod stored;
#[cfg(test)]
mod tests;

use half::{bf16, f16};
use num_complex::Complex;
use serde::{Deserialize, Serialize};

use crate::datatype::{DataType, FloatFormat, Integer, Padding};
use crate::error::{Error, Result};

/// Values of one type, in C order.
///
/// Arrays inside elements are laid out flat: three elements of an array type of two `int32` are six values.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(into = "stored::Stored", try_from = "stored::Stored")]
#[non_exhaustive]
pub enum Values {
    /// No values: an attribute or dataset of null dataspace.
    Null,
    /// `int8`
    I8(Vec<i8>),
    /// `int16`
    I16(Vec<i16>),
    /// `int32`
    I32(Vec<i32>),
    /// `int64`
    I64(Vec<i64>),
    /// `uint8`
    U8(Vec<u8>),
    /// `uint16`
    U16(Vec<u16>),
    /// `uint32`
    U32(Vec<u32>),
    /// `uint64`
    U64(Vec<u64>),
    /// `float16`, exact
    F16(Vec<f16>),
    /// `bfloat16`, exact
    BFloat16(Vec<bf16>),
    /// `float32`
    F32(Vec<f32>),
    /// `float64`
    F64(Vec<f64>),
    /// Pairs of `float16`, exact
    Complex32(Vec<Complex<f16>>),
    /// `complex64`
    Complex64(Vec<Complex<f32>>),
    /// `complex128`
    Complex128(Vec<Complex<f64>>),
    /// h5py's booleans
    Bool(Vec<bool>),
    /// Texts, without their padding. Bytes that are not UTF-8 are replaced by U+FFFD.
    Strings(Vec<String>),
    /// Object references as paths; `None` where the reference is null or leads outside of what was read.
    References(Vec<Option<String>>),
    /// One list of values per element of a variable-length sequence; lists of lists stay [`Values::Raw`].
    Lists(Vec<Values>),
    /// Elements without a typed form (compounds, opaque, bit fields, region references): their bytes,
    /// little-endian, one element after the other. The datatype tells how to read them.
    Raw(Vec<u8>),
}

impl Values {
    /// How many values there are; for [`Values::Raw`], bytes.
    pub fn len(&self) -> usize {
        match self {
            Values::Null => 0,
            Values::I8(values) => values.len(),
            Values::I16(values) => values.len(),
            Values::I32(values) => values.len(),
            Values::I64(values) => values.len(),
            Values::U8(values) | Values::Raw(values) => values.len(),
            Values::U16(values) => values.len(),
            Values::U32(values) => values.len(),
            Values::U64(values) => values.len(),
            Values::F16(values) => values.len(),
            Values::BFloat16(values) => values.len(),
            Values::F32(values) => values.len(),
            Values::F64(values) => values.len(),
            Values::Complex32(values) => values.len(),
            Values::Complex64(values) => values.len(),
            Values::Complex128(values) => values.len(),
            Values::Bool(values) => values.len(),
            Values::Strings(values) => values.len(),
            Values::References(values) => values.len(),
            Values::Lists(values) => values.len(),
        }
    }

    /// Whether there is no value.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The only text, if this is one text.
    pub fn text(&self) -> Option<&str> {
        match self {
            Values::Strings(texts) if texts.len() == 1 => texts.first().map(String::as_str),
            _ => None,
        }
    }

    /// Real numbers and booleans as `f64`; `None` for anything else. Integers beyond 2⁵³ are rounded.
    pub fn to_f64(&self) -> Option<Vec<f64>> {
        Some(match self {
            Values::I8(values) => values.iter().copied().map(f64::from).collect(),
            Values::I16(values) => values.iter().copied().map(f64::from).collect(),
            Values::I32(values) => values.iter().copied().map(f64::from).collect(),
            Values::I64(values) => values.iter().map(|value| *value as f64).collect(),
            Values::U8(values) => values.iter().copied().map(f64::from).collect(),
            Values::U16(values) => values.iter().copied().map(f64::from).collect(),
            Values::U32(values) => values.iter().copied().map(f64::from).collect(),
            Values::U64(values) => values.iter().map(|value| *value as f64).collect(),
            Values::F16(values) => values.iter().map(|value| value.to_f64()).collect(),
            Values::BFloat16(values) => values.iter().map(|value| value.to_f64()).collect(),
            Values::F32(values) => values.iter().copied().map(f64::from).collect(),
            Values::F64(values) => values.clone(),
            Values::Bool(values) => values.iter().map(|value| f64::from(u8::from(*value))).collect(),
            _ => return None,
        })
    }
}

/// An attribute of a group or dataset.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Attribute {
    /// Its name.
    pub name: String,
    /// Type of its elements.
    pub datatype: DataType,
    /// Its shape; empty for a scalar.
    pub shape: Vec<u64>,
    /// Its values.
    pub value: Values,
}

/// Turns the little-endian bytes that a plan delivers into typed values.
///
/// Strings lose their padding. References come out as `None`, for only an [`crate::Index`] knows the paths:
/// use [`crate::read_values`] for those, and for types whose values lie in the global heap.
///
/// # Errors
/// [`Error::Misuse`] if the bytes are not a whole number of elements; [`Error::Unsupported`] for a
/// variable-length type and for packed integers.
///
/// ```
/// use swath_hdf5::{DataType, Values, values};
/// # fn main() -> swath_hdf5::Result<()> {
/// let datatype = DataType::Opaque { size: 2, tag: String::new() };
/// assert_eq!(values(&datatype, vec![1, 2, 3, 4])?, Values::Raw(vec![1, 2, 3, 4]));
/// # Ok(())
/// # }
/// ```
pub fn values(datatype: &DataType, little_endian_bytes: Vec<u8>) -> Result<Values> {
    decode(datatype, little_endian_bytes, &|_| None)
}

/// Finds the path of the object whose header is at an address.
pub(crate) type PathOf<'a> = &'a dyn Fn(u64) -> Option<String>;

/// [`values`] with object references resolved by `path_of`.
pub(crate) fn decode(datatype: &DataType, bytes: Vec<u8>, path_of: PathOf<'_>) -> Result<Values> {
    let size = usize::try_from(datatype.size()).unwrap_or(usize::MAX);
    if size == 0 || !bytes.len().is_multiple_of(size) {
        return Err(Error::misuse(format!(
            "{} bytes are no whole number of elements of type {}",
            bytes.len(),
            datatype.name()
        )));
    }
    if let Some(feature) = datatype.obstacle() {
        return Err(Error::unsupported("the values", feature));
    }
    if datatype.is_bool() {
        return Ok(Values::Bool(bytes.iter().map(|byte| *byte != 0).collect()));
    }
    Ok(match datatype {
        DataType::Integer(integer) => integers(integer, bytes),
        DataType::Float { format, .. } => floats(*format, bytes),
        DataType::Complex { part_size, .. } => complexes(*part_size, bytes),
        DataType::FixedString { padding, .. } => {
            Values::Strings(bytes.chunks_exact(size).map(|text| unpadded(text, *padding)).collect())
        }
        DataType::Enum { base, .. } => return decode(base, bytes, path_of),
        DataType::Array { base, .. } => return decode(base, bytes, path_of),
        DataType::Reference { kind: crate::ReferenceKind::Object, .. } => {
            Values::References(bytes.chunks_exact(size).map(|bytes| path_of(address(bytes)?)).collect())
        }
        DataType::VariableString { .. } | DataType::Sequence { .. } => {
            return Err(Error::unsupported("the values", "a variable-length type without its heap"));
        }
        DataType::Reference { .. }
        | DataType::Compound { .. }
        | DataType::Bitfield { .. }
        | DataType::Opaque { .. } => Values::Raw(bytes),
    })
}

/// A stored address; all zeros or all ones are null.
fn address(bytes: &[u8]) -> Option<u64> {
    let null = bytes.iter().all(|byte| *byte == 0) || bytes.iter().all(|byte| *byte == 0xff);
    if null || bytes.len() > 8 {
        return None;
    }
    Some(bytes.iter().rev().fold(0, |value, byte| (value << 8) | u64::from(*byte)))
}

/// Splits bytes into numbers of `N` bytes each.
pub(crate) fn numbers<const N: usize, T>(bytes: &[u8], number: impl Fn([u8; N]) -> T) -> Vec<T> {
    bytes.as_chunks::<N>().0.iter().map(|chunk| number(*chunk)).collect()
}

fn integers(integer: &Integer, bytes: Vec<u8>) -> Values {
    match (integer.size, integer.signed) {
        (1, true) => Values::I8(bytes.into_iter().map(u8::cast_signed).collect()),
        (1, false) => Values::U8(bytes),
        (2, true) => Values::I16(numbers(&bytes, i16::from_le_bytes)),
        (2, false) => Values::U16(numbers(&bytes, u16::from_le_bytes)),
        (4, true) => Values::I32(numbers(&bytes, i32::from_le_bytes)),
        (4, false) => Values::U32(numbers(&bytes, u32::from_le_bytes)),
        (8, true) => Values::I64(numbers(&bytes, i64::from_le_bytes)),
        (8, false) => Values::U64(numbers(&bytes, u64::from_le_bytes)),
        _ => Values::Raw(bytes),
    }
}

fn floats(format: FloatFormat, bytes: Vec<u8>) -> Values {
    match format {
        FloatFormat::Half => Values::F16(numbers(&bytes, f16::from_le_bytes)),
        FloatFormat::BFloat16 => Values::BFloat16(numbers(&bytes, bf16::from_le_bytes)),
        FloatFormat::Single => Values::F32(numbers(&bytes, f32::from_le_bytes)),
        FloatFormat::Double => Values::F64(numbers(&bytes, f64::from_le_bytes)),
        FloatFormat::Other => Values::Raw(bytes),
    }
}

fn complexes(part_size: u32, bytes: Vec<u8>) -> Values {
    match part_size {
        2 => Values::Complex32(pairs(&numbers(&bytes, f16::from_le_bytes))),
        4 => Values::Complex64(pairs(&numbers(&bytes, f32::from_le_bytes))),
        8 => Values::Complex128(pairs(&numbers(&bytes, f64::from_le_bytes))),
        _ => Values::Raw(bytes),
    }
}

pub(crate) fn pairs<T: Copy>(parts: &[T]) -> Vec<Complex<T>> {
    parts.as_chunks::<2>().0.iter().map(|[real, imaginary]| Complex::new(*real, *imaginary)).collect()
}

/// The text of a fixed string without what fills it up.
fn unpadded(bytes: &[u8], padding: Padding) -> String {
    let end = match padding {
        Padding::NullTerminated => bytes.iter().position(|byte| *byte == 0).unwrap_or(bytes.len()),
        Padding::NullPadded => bytes.iter().rposition(|byte| *byte != 0).map_or(0, |last| last + 1),
        Padding::SpacePadded => bytes.iter().rposition(|byte| *byte != b' ').map_or(0, |last| last + 1),
    };
    String::from_utf8_lossy(&bytes[..end]).into_owned()
}

/// The text of one element of a variable-length string: up to its first NUL.
pub(crate) fn heap_text(bytes: &[u8]) -> String {
    unpadded(bytes, Padding::NullTerminated)
}
