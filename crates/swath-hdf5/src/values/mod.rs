//! Typed values: of attributes, and of small datasets read whole.

mod custom;
mod stored;
#[cfg(test)]
mod tests;

use half::{bf16, f16};
use num_complex::Complex;
use serde::{Deserialize, Serialize};

use crate::datatype::{DataType, FloatFormat, Integer, Member, Padding};
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
    /// Texts, without their padding.
    Strings(Vec<String>),
    /// Object references as paths; `None` where the reference is null or leads outside of what was read.
    References(Vec<Option<String>>),
    /// Texts of which at least one is not UTF-8: their bytes, without padding.
    ByteStrings(Vec<Vec<u8>>),
    /// One list of values per element of a variable-length sequence.
    Lists(Vec<Values>),
    /// Compounds: name of each member, and its values in all elements, one element after the other.
    Compound(Vec<(String, Values)>),
    /// Elements without a typed form (opaque, bit fields, region references, floats of unknown layout): their
    /// bytes, little-endian, one element after the other. The datatype tells how to read them.
    Raw(Vec<u8>),
}

impl Values {
    /// How many values there are; for [`Values::Raw`] bytes, for [`Values::Compound`] values of the first member.
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
            Values::ByteStrings(values) => values.len(),
            Values::Lists(values) => values.len(),
            Values::Compound(members) => members.first().map_or(0, |(_, values)| values.len()),
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
/// variable-length type.
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
    let heap_of =
        |_: &[u8], _| Err(Error::unsupported("the values", "a variable-length type without its heap"));
    decode(datatype, little_endian_bytes, Referred { path_of: &|_| None, heap_of: &heap_of })
}

/// Finds the path of the object whose header is at an address.
pub(crate) type PathOf<'a> = &'a dyn Fn(u64) -> Option<String>;

/// Reads what a stored heap reference refers to: so many elements of as many bytes as given.
pub(crate) type HeapOf<'a> = &'a dyn Fn(&[u8], usize) -> Result<Vec<u8>>;

/// What values refer to.
#[derive(Clone, Copy)]
pub(crate) struct Referred<'a> {
    pub(crate) path_of: PathOf<'a>,
    pub(crate) heap_of: HeapOf<'a>,
}

/// [`values`] with what they refer to. The bytes are little-endian, their integers whole.
pub(crate) fn decode(datatype: &DataType, bytes: Vec<u8>, referred: Referred<'_>) -> Result<Values> {
    let size = usize::try_from(datatype.size()).unwrap_or(usize::MAX);
    if size == 0 || !bytes.len().is_multiple_of(size) {
        return Err(Error::misuse(format!(
            "{} bytes are no whole number of elements of type {}",
            bytes.len(),
            datatype.name()
        )));
    }
    if datatype.is_bool() {
        return Ok(Values::Bool(bytes.iter().map(|byte| *byte != 0).collect()));
    }
    Ok(match datatype {
        DataType::Integer(integer) => integers(integer, bytes),
        DataType::Float { format, .. } => floats(*format, size, bytes),
        DataType::Complex { part_size, .. } => complexes(*part_size, bytes),
        DataType::FixedString { padding, .. } => {
            texts(bytes.chunks_exact(size).map(|text| unpadded(text, *padding).to_vec()).collect())
        }
        DataType::Enum { base, .. } | DataType::Array { base, .. } => return decode(base, bytes, referred),
        DataType::Reference { kind: crate::ReferenceKind::Object, .. } => {
            let path_of = |bytes: &[u8]| (referred.path_of)(address(bytes)?);
            Values::References(bytes.chunks_exact(size).map(path_of).collect())
        }
        DataType::VariableString { .. } => {
            let text = |reference: &[u8]| {
                (referred.heap_of)(reference, 1).map(|text| unpadded(&text, Padding::NullTerminated).to_vec())
            };
            texts(bytes.chunks_exact(size).map(text).collect::<Result<_>>()?)
        }
        DataType::Sequence { base, .. } => {
            let list = |reference: &[u8]| list(base, reference, referred);
            Values::Lists(bytes.chunks_exact(size).map(list).collect::<Result<_>>()?)
        }
        DataType::Compound { members, .. } => {
            let column = |member: &Member| {
                let (start, width) = (member.offset as usize, member.datatype.size() as usize);
                let parts = bytes.chunks_exact(size).filter_map(|element| element.get(start..start + width));
                Ok((
                    member.name.clone(),
                    decode(&member.datatype, parts.flatten().copied().collect(), referred)?,
                ))
            };
            Values::Compound(members.iter().map(column).collect::<Result<_>>()?)
        }
        DataType::Reference { .. } | DataType::Bitfield { .. } | DataType::Opaque { .. } => {
            Values::Raw(bytes)
        }
    })
}

/// The elements of one list, which lie in the heap as in a file: in the file's order of bytes.
fn list(base: &DataType, reference: &[u8], referred: Referred<'_>) -> Result<Values> {
    let size = usize::try_from(base.size()).unwrap_or(usize::MAX);
    let mut bytes = (referred.heap_of)(reference, size)?;
    normalise(base, &mut bytes);
    decode(base, bytes, referred)
}

/// Makes stored elements little-endian and their packed integers whole.
pub(crate) fn normalise(datatype: &DataType, bytes: &mut [u8]) {
    let unit = datatype.unit();
    let size = usize::try_from(unit.size()).unwrap_or(usize::MAX).max(1);
    crate::decode::reverse(bytes, size, &unit.reversals());
    crate::datatype::unpack(bytes, size, &unit.packed());
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

fn floats(format: FloatFormat, size: usize, bytes: Vec<u8>) -> Values {
    match format {
        FloatFormat::Custom(layout) => custom::floats(&layout, size, &bytes),
        FloatFormat::Half => Values::F16(numbers(&bytes, f16::from_le_bytes)),
        FloatFormat::BFloat16 => Values::BFloat16(numbers(&bytes, bf16::from_le_bytes)),
        FloatFormat::Single => Values::F32(numbers(&bytes, f32::from_le_bytes)),
        FloatFormat::Double => Values::F64(numbers(&bytes, f64::from_le_bytes)),
        FloatFormat::Extended | FloatFormat::Other => Values::Raw(bytes),
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
fn unpadded(bytes: &[u8], padding: Padding) -> &[u8] {
    let end = match padding {
        Padding::NullTerminated => bytes.iter().position(|byte| *byte == 0).unwrap_or(bytes.len()),
        Padding::NullPadded => bytes.iter().rposition(|byte| *byte != 0).map_or(0, |last| last + 1),
        Padding::SpacePadded => bytes.iter().rposition(|byte| *byte != b' ').map_or(0, |last| last + 1),
    };
    &bytes[..end]
}

/// Texts, or their bytes if one of them is none.
fn texts(texts: Vec<Vec<u8>>) -> Values {
    if texts.iter().all(|text| std::str::from_utf8(text).is_ok()) {
        Values::Strings(texts.into_iter().map(|text| String::from_utf8(text).unwrap_or_default()).collect())
    } else {
        Values::ByteStrings(texts)
    }
}
