//! The bytes of which the witness takes the digest: values in C order, little-endian, without gaps.

use swath_hdf5::{ByteOrder, DataType, FloatFormat, Padding, Values};

/// Whether a type has floats that h5py widens.
pub(crate) fn has_odd_floats(datatype: &DataType) -> bool {
    match datatype {
        DataType::Float { format, .. } => {
            matches!(format, FloatFormat::Custom(_) | FloatFormat::BFloat16)
        }
        DataType::Array { base, .. } | DataType::Sequence { base, .. } => has_odd_floats(base),
        DataType::Compound { members, .. } => members.iter().any(|member| has_odd_floats(&member.datatype)),
        _ => false,
    }
}

/// Elements without the gaps of their compounds.
pub(crate) fn packed(datatype: &DataType, bytes: &[u8]) -> Result<Vec<u8>, String> {
    match datatype {
        DataType::Reference { .. } => Err("holds references".to_owned()),
        DataType::Array { base, .. } => packed(base, bytes),
        DataType::Compound { .. } => {
            let mut out = Vec::with_capacity(bytes.len());
            for element in bytes.chunks_exact(datatype.size() as usize) {
                pack(datatype, element, &mut out)?;
            }
            Ok(out)
        }
        DataType::FixedString { .. } => {
            let size = datatype.size() as usize;
            Ok(bytes.chunks_exact(size).flat_map(|text| null_padded(datatype, text)).collect())
        }
        // libhdf5 hands these to numpy as they are, others in sixteen bytes.
        DataType::Float { format: FloatFormat::Extended, size: 16, order: ByteOrder::Little } => {
            Ok(bytes.to_vec())
        }
        DataType::Float { format: FloatFormat::Extended, size, .. } => Ok(bytes
            .chunks_exact(*size as usize)
            .flat_map(|number| number[..10].iter().copied().chain([0; 6]))
            .collect()),
        DataType::Float { format: FloatFormat::Other, .. } => Err("floats of more than 64 bits".to_owned()),
        _ => Ok(bytes.to_vec()),
    }
}

/// The text as libhdf5 hands it to h5py: whatever it was padded with, NULs fill it up.
fn null_padded(datatype: &DataType, text: &[u8]) -> Vec<u8> {
    let DataType::FixedString { padding, .. } = datatype else { return text.to_vec() };
    let end = match padding {
        Padding::NullTerminated => text.iter().position(|byte| *byte == 0),
        Padding::NullPadded => text.iter().rposition(|byte| *byte != 0).map(|last| last + 1),
        Padding::SpacePadded => Some(text.iter().rposition(|byte| *byte != b' ').map_or(0, |last| last + 1)),
    };
    let mut padded = text[..end.unwrap_or(text.len())].to_vec();
    padded.resize(text.len(), 0);
    padded
}

fn pack(datatype: &DataType, element: &[u8], out: &mut Vec<u8>) -> Result<(), String> {
    match datatype {
        DataType::Compound { members, .. } => {
            for member in members {
                let start = member.offset as usize;
                pack(&member.datatype, &element[start..start + member.datatype.size() as usize], out)?;
            }
        }
        DataType::Array { base, .. } => {
            for element in element.chunks_exact(base.size() as usize) {
                pack(base, element, out)?;
            }
        }
        DataType::Reference { .. }
        | DataType::Float { format: FloatFormat::Extended | FloatFormat::Other, .. } => {
            out.extend(packed(datatype, element)?);
        }
        DataType::FixedString { .. } => out.extend(null_padded(datatype, element)),
        _ => out.extend_from_slice(element),
    }
    Ok(())
}

/// The witness takes each number of a single list for a list.
pub(crate) fn scalar_lists(datatype: &DataType, shape: &[u64], values: Values) -> Values {
    match (values, datatype) {
        (Values::Lists(lists), DataType::Sequence { base, .. }) if shape.is_empty() => {
            let size = (base.size() as usize).max(1);
            let bytes =
                lists.first().map(|list| canonical(base, list).unwrap_or_default()).unwrap_or_default();
            let one = |bytes: &[u8]| swath_hdf5::values(base, bytes.to_vec()).unwrap_or(Values::Null);
            Values::Lists(bytes.chunks_exact(size).map(one).collect())
        }
        (values, _) => values,
    }
}

/// The canonical bytes of typed values.
pub(crate) fn canonical(datatype: &DataType, values: &Values) -> Result<Vec<u8>, String> {
    let base = element_type(datatype);
    Ok(match values {
        Values::Null => Vec::new(),
        Values::Strings(texts) => joined(base, texts.iter().map(String::as_bytes)),
        Values::ByteStrings(texts) => joined(base, texts.iter().map(Vec::as_slice)),
        Values::References(_) => return Err("holds references".to_owned()),
        Values::Lists(lists) => {
            let DataType::Sequence { base, .. } = base else { return Err("lists of no sequence".to_owned()) };
            let mut out = Vec::new();
            // Of a list of arrays the witness makes an array of each number.
            let numbers = element_type(base);
            let repeats = base.size() / numbers.size();
            for list in lists {
                // Lists of lists have no canonical form.
                if matches!(**base, DataType::Sequence { .. } | DataType::VariableString { .. }) {
                    return Err("nested vlen".to_owned());
                }
                let bytes = canonical(base, list)?;
                out.extend((count_of(numbers, list) * repeats).to_le_bytes());
                for number in bytes.chunks(numbers.size() as usize) {
                    (0..repeats).for_each(|_| out.extend(number));
                }
            }
            out
        }
        Values::Compound(columns) => {
            let DataType::Compound { members, .. } = base else {
                return Err("members of no compound".to_owned());
            };
            let mut parts = Vec::new();
            for (member, (_, column)) in members.iter().zip(columns) {
                if member.datatype.is_variable() {
                    return Err("holds object members".to_owned());
                }
                let bytes = canonical(&member.datatype, column)?;
                let elements = count_of(&member.datatype, column) as usize;
                parts.push((bytes.len().checked_div(elements).unwrap_or(0), bytes));
            }
            let elements =
                parts.iter().map(|(width, bytes)| bytes.len().checked_div(*width).unwrap_or(0)).max();
            (0..elements.unwrap_or(0))
                .flat_map(|at| {
                    parts.iter().flat_map(move |(width, bytes)| &bytes[at * width..(at + 1) * width])
                })
                .copied()
                .collect()
        }
        Values::Raw(bytes) => packed(base, bytes)?,
        Values::BFloat16(values) => {
            values.iter().flat_map(|value| widened(value.to_f32()).to_le_bytes()).collect()
        }
        Values::F32(values) if matches!(base, DataType::Float { format: FloatFormat::Custom(_), .. }) => {
            values.iter().flat_map(|value| widened(*value).to_le_bytes()).collect()
        }
        numbers => numbers_to_bytes(numbers),
    })
}

/// A float as libhdf5 widens it: of what is no number all bits of the mantissa become set.
fn widened(value: f32) -> f32 {
    if value.is_nan() { f32::from_bits(0x7fff_ffff) } else { value }
}

/// Elements of a type in values that count the elements of arrays one by one.
fn count_of(datatype: &DataType, values: &Values) -> u64 {
    let of_array = match datatype {
        DataType::Array { shape, .. } => shape.iter().map(|extent| u64::from(*extent)).product(),
        _ => 1u64,
    };
    match (values, datatype) {
        (Values::Compound(columns), _) => match element_type(datatype) {
            DataType::Compound { members, .. } => members
                .first()
                .zip(columns.first())
                .map_or(0, |(member, (_, column))| count_of(&member.datatype, column)),
            _ => 0,
        },
        (Values::Raw(bytes), _) => bytes.len() as u64 / element_type(datatype).size(),
        _ => values.len() as u64,
    }
    .checked_div(of_array)
    .unwrap_or(0)
}

pub(crate) fn element_type(datatype: &DataType) -> &DataType {
    match datatype {
        DataType::Array { base, .. } => element_type(base),
        other => other,
    }
}

fn joined<'a>(base: &DataType, texts: impl Iterator<Item = &'a [u8]>) -> Vec<u8> {
    let padded = |text: &[u8]| {
        let mut bytes = text.to_vec();
        match base {
            DataType::FixedString { size, .. } => bytes.resize(*size as usize, 0),
            _ => bytes.push(0),
        }
        bytes
    };
    texts.flat_map(padded).collect()
}

fn numbers_to_bytes(values: &Values) -> Vec<u8> {
    match values {
        Values::I8(values) => values.iter().flat_map(|value| value.to_le_bytes()).collect(),
        Values::I16(values) => values.iter().flat_map(|value| value.to_le_bytes()).collect(),
        Values::I32(values) => values.iter().flat_map(|value| value.to_le_bytes()).collect(),
        Values::I64(values) => values.iter().flat_map(|value| value.to_le_bytes()).collect(),
        Values::U8(values) => values.clone(),
        Values::U16(values) => values.iter().flat_map(|value| value.to_le_bytes()).collect(),
        Values::U32(values) => values.iter().flat_map(|value| value.to_le_bytes()).collect(),
        Values::U64(values) => values.iter().flat_map(|value| value.to_le_bytes()).collect(),
        Values::F16(values) => values.iter().flat_map(|value| value.to_le_bytes()).collect(),
        Values::F32(values) => values.iter().flat_map(|value| value.to_le_bytes()).collect(),
        Values::F64(values) => values.iter().flat_map(|value| value.to_le_bytes()).collect(),
        Values::Complex32(values) => {
            values.iter().flat_map(|value| [value.re, value.im]).flat_map(half::f16::to_le_bytes).collect()
        }
        Values::Complex64(values) => {
            values.iter().flat_map(|value| [value.re, value.im]).flat_map(f32::to_le_bytes).collect()
        }
        Values::Complex128(values) => {
            values.iter().flat_map(|value| [value.re, value.im]).flat_map(f64::to_le_bytes).collect()
        }
        Values::Bool(values) => values.iter().map(|value| u8::from(*value)).collect(),
        _ => Vec::new(),
    }
}
