//! Types and values of HDF5 as numpy has them.
//!
//! A type becomes what `numpy.dtype(…)` takes; values travel as little-endian bytes in one array of `uint8` that numpy
//! owns, without a copy, and are given their type and byte order in Python.

use numpy::{IntoPyArray, PyArray1};
use pyo3::IntoPyObjectExt;
use pyo3::prelude::*;
use pyo3::types::{PyBytes, PyDict, PyList};
use swath_hdf5::{Attribute, ByteOrder, DataType, FloatFormat, Padding, Values};

/// What `numpy.dtype(…)` takes, or `None` for a type that numpy cannot hold as bytes (text of variable length is `"O"`).
pub(crate) fn dtype<'py>(py: Python<'py>, datatype: &DataType) -> PyResult<Option<Bound<'py, PyAny>>> {
    let text = |text: String| text.into_bound_py_any(py).map(Some);
    match datatype {
        _ if datatype.is_bool() => text("|b1".to_owned()),
        DataType::Integer(integer) if [1, 2, 4, 8].contains(&integer.size) => {
            let sign = if integer.signed { 'i' } else { 'u' };
            text(format!("{}{sign}{}", letter(integer.order), integer.size))
        }
        DataType::Float {
            size,
            order,
            format: FloatFormat::Half | FloatFormat::Single | FloatFormat::Double,
        } => text(format!("{}f{size}", letter(*order))),
        DataType::Complex { part_size, order, .. } if *part_size >= 4 => {
            text(format!("{}c{}", letter(*order), part_size * 2))
        }
        DataType::Complex { names: [re, im], order, .. } => {
            let half = format!("{}f2", letter(*order));
            let members = [(re, &half), (im, &half)];
            PyList::new(py, members)?.into_bound_py_any(py).map(Some)
        }
        DataType::FixedString { size, .. } => text(format!("|S{size}")),
        DataType::VariableString { .. } => text("O".to_owned()),
        DataType::Enum { base, .. } => dtype(py, base),
        DataType::Opaque { size, .. } => text(format!("|V{size}")),
        DataType::Bitfield { size, order } if [1, 2, 4, 8].contains(size) => {
            text(format!("{}u{size}", letter(*order)))
        }
        DataType::Array { base, shape } => match dtype(py, base)? {
            Some(base) if !datatype.is_variable() => (base, shape.clone()).into_bound_py_any(py).map(Some),
            _ => Ok(None),
        },
        DataType::Compound { size, members } if !datatype.is_variable() => {
            let (mut names, mut formats, mut offsets) = (Vec::new(), Vec::new(), Vec::new());
            for member in members {
                let Some(format) = dtype(py, &member.datatype)? else { return Ok(None) };
                names.push(&member.name);
                formats.push(format);
                offsets.push(member.offset);
            }
            let record = PyDict::new(py);
            record.set_item("names", names)?;
            record.set_item("formats", formats)?;
            record.set_item("offsets", offsets)?;
            record.set_item("itemsize", size)?;
            Ok(Some(record.into_any()))
        }
        _ => Ok(None),
    }
}

fn letter(order: ByteOrder) -> char {
    match order {
        ByteOrder::Little => '<',
        ByteOrder::Big => '>',
    }
}

/// Bytes as an array that numpy owns; not copied.
pub(crate) fn array(py: Python<'_>, bytes: Vec<u8>) -> Bound<'_, PyArray1<u8>> {
    bytes.into_pyarray(py)
}

/// Fixed texts filled up with NUL, as numpy takes them.
pub(crate) fn null_padded(mut bytes: Vec<u8>, datatype: &DataType) -> Vec<u8> {
    let DataType::FixedString { size, padding, .. } = datatype else { return bytes };
    let size = (*size as usize).max(1);
    for text in bytes.chunks_exact_mut(size) {
        let end = match padding {
            Padding::NullPadded => size,
            Padding::NullTerminated => text.iter().position(|byte| *byte == 0).unwrap_or(size),
            Padding::SpacePadded => text.iter().rposition(|byte| *byte != b' ').map_or(0, |last| last + 1),
        };
        text[end..].fill(0);
    }
    bytes
}

/// An attribute as `(name, dtype, shape, value)`: a list of texts, or little-endian bytes in C order, or `None` if it is
/// empty. The dtype of references and lists is `None`; their value is a list of paths, or nothing.
pub(crate) fn attribute<'py>(py: Python<'py>, attribute: &Attribute) -> PyResult<Bound<'py, PyAny>> {
    let dtype = dtype(py, &attribute.datatype)?;
    let value = match &attribute.value {
        Values::Null => None,
        Values::Strings(texts) => Some(PyList::new(py, texts)?.into_any()),
        Values::ByteStrings(texts) => {
            Some(PyList::new(py, texts.iter().map(|text| PyBytes::new(py, text)))?.into_any())
        }
        Values::References(paths) => Some(PyList::new(py, paths)?.into_any()),
        // Lists have no dtype either: an attribute with bytes and no dtype is left out.
        Values::Lists(_) => Some(array(py, Vec::new()).into_any()),
        values => {
            let count = attribute.shape.iter().fold(1, |count: u64, extent| count.saturating_mul(*extent));
            Some(array(py, laid_out(&attribute.datatype, values, count as usize)).into_any())
        }
    };
    (&attribute.name, dtype, &attribute.shape, value).into_bound_py_any(py)
}

/// The bytes of `count` elements as their type lays them out; those of what has no layout are not told.
fn laid_out(datatype: &DataType, values: &Values, count: usize) -> Vec<u8> {
    match (datatype, values) {
        (DataType::Compound { size, members }, Values::Compound(columns)) => {
            let size = *size as usize;
            let mut elements = vec![0; size.saturating_mul(count)];
            for (member, (_, column)) in members.iter().zip(columns) {
                let (at, width) = (member.offset as usize, member.datatype.size() as usize);
                let column = laid_out(&member.datatype, column, count);
                let parts = column.chunks_exact(width.max(1));
                for (element, part) in elements.chunks_exact_mut(size.max(1)).zip(parts) {
                    if let Some(place) = element.get_mut(at..at + width) {
                        place.copy_from_slice(part);
                    }
                }
            }
            elements
        }
        (DataType::Array { base, shape }, values) => {
            let count = shape.iter().fold(count, |count, extent| count.saturating_mul(*extent as usize));
            laid_out(base, values, count)
        }
        (DataType::FixedString { size, .. }, Values::Strings(texts)) => {
            texts.iter().flat_map(|text| padded(text.as_bytes(), *size)).collect()
        }
        (DataType::FixedString { size, .. }, Values::ByteStrings(texts)) => {
            texts.iter().flat_map(|text| padded(text, *size)).collect()
        }
        (_, values) => little_endian(values),
    }
}

fn padded(text: &[u8], size: u32) -> Vec<u8> {
    let mut bytes = text.to_vec();
    bytes.resize(size as usize, 0);
    bytes
}

/// The bytes of numbers.
fn little_endian(values: &Values) -> Vec<u8> {
    fn flat<const N: usize, T: Copy>(list: &[T], bytes: impl Fn(T) -> [u8; N]) -> Vec<u8> {
        list.iter().flat_map(|value| bytes(*value)).collect()
    }
    match values {
        Values::I8(list) => flat(list, i8::to_le_bytes),
        Values::I16(list) => flat(list, i16::to_le_bytes),
        Values::I32(list) => flat(list, i32::to_le_bytes),
        Values::I64(list) => flat(list, i64::to_le_bytes),
        Values::U8(list) | Values::Raw(list) => list.clone(),
        Values::U16(list) => flat(list, u16::to_le_bytes),
        Values::U32(list) => flat(list, u32::to_le_bytes),
        Values::U64(list) => flat(list, u64::to_le_bytes),
        Values::F16(list) => list.iter().flat_map(|value| value.to_le_bytes()).collect(),
        Values::BFloat16(list) => list.iter().flat_map(|value| value.to_le_bytes()).collect(),
        Values::F32(list) => flat(list, f32::to_le_bytes),
        Values::F64(list) => flat(list, f64::to_le_bytes),
        Values::Complex32(list) => {
            list.iter().flat_map(|z| [z.re.to_le_bytes(), z.im.to_le_bytes()].concat()).collect()
        }
        Values::Complex64(list) => list.iter().flat_map(|z| flat(&[z.re, z.im], f32::to_le_bytes)).collect(),
        Values::Complex128(list) => list.iter().flat_map(|z| flat(&[z.re, z.im], f64::to_le_bytes)).collect(),
        Values::Bool(list) => flat(list, |value| [u8::from(value)]),
        _ => Vec::new(),
    }
}
