//! HDF5's types, fill values and filters in the words of zarr version 2.

use serde_json::{Value, json};
use swath_hdf5::{ByteOrder, DataType, Dataset, Filter, FloatFormat, Integer, Padding, Values};

/// How the elements of a dataset are called in zarr.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Element {
    /// The type of the bytes as they are stored; `None` when zarr would read them wrongly.
    pub(super) stored: Option<Value>,
    /// The type of the bytes after decoding (little-endian) and [`Element::finish`].
    pub(super) decoded: Value,
    /// What is to be done to decoded bytes.
    finish: Finish,
}

#[derive(Debug, Clone, PartialEq)]
enum Finish {
    Nothing,
    /// Fixed strings that are not filled up with NULs.
    Pad(usize, Padding),
    /// The upper halves of `float32`.
    Widen,
}

impl Element {
    /// The zarr type of a fixed-size element.
    ///
    /// # Errors
    /// A sentence on why zarr has no such type.
    pub(super) fn of(datatype: &DataType) -> Result<Self, String> {
        let (stored, decoded, finish) = match datatype {
            DataType::Float { size: 2, format: FloatFormat::BFloat16, .. } => {
                (None, json!("<f4"), Finish::Widen)
            }
            DataType::FixedString { size, padding, .. } if *padding != Padding::NullPadded => {
                (None, json!(format!("|S{size}")), Finish::Pad(*size as usize, *padding))
            }
            _ => (Some(name(datatype, true)?), name(datatype, false)?, Finish::Nothing),
        };
        Ok(Element { stored, decoded, finish })
    }

    /// Brings decoded bytes into the form that [`Element::decoded`] names.
    pub(super) fn finish(&self, bytes: Vec<u8>) -> Vec<u8> {
        match self.finish {
            Finish::Nothing => bytes,
            Finish::Widen => bytes.chunks_exact(2).flat_map(|half| [0, 0, half[0], half[1]]).collect(),
            Finish::Pad(size, padding) => {
                let mut bytes = bytes;
                for text in bytes.chunks_exact_mut(size.max(1)) {
                    let end = match padding {
                        Padding::SpacePadded => {
                            text.iter().rposition(|byte| *byte != b' ').map_or(0, |at| at + 1)
                        }
                        _ => text.iter().position(|byte| *byte == 0).unwrap_or(size),
                    };
                    text[end..].fill(0);
                }
                bytes
            }
        }
    }
}

/// numpy's name of a type, as stored or little-endian.
fn name(datatype: &DataType, as_stored: bool) -> Result<Value, String> {
    let plain = |order: &ByteOrder, kind: char, size: u32| {
        let order = match (size, order) {
            (1, _) => '|',
            (_, ByteOrder::Big) if as_stored => '>',
            _ => '<',
        };
        json!(format!("{order}{kind}{size}"))
    };
    Ok(match datatype {
        DataType::Integer(Integer { size: size @ (1 | 2 | 4 | 8), order, signed, .. }) => {
            plain(order, if *signed { 'i' } else { 'u' }, *size)
        }
        DataType::Bitfield { size: size @ (1 | 2 | 4 | 8), order } => plain(order, 'u', *size),
        DataType::Float {
            size,
            order,
            format: FloatFormat::Half | FloatFormat::Single | FloatFormat::Double,
        } => plain(order, 'f', *size),
        DataType::Complex { part_size: part_size @ (4 | 8), order, .. } => plain(order, 'c', part_size * 2),
        // numpy knows no complex number of half floats; h5py reads a structure too.
        DataType::Complex { names: [real, imaginary], part_size: 2, order } => {
            json!([[real, plain(order, 'f', 2)], [imaginary, plain(order, 'f', 2)]])
        }
        DataType::FixedString { size, padding: Padding::NullPadded, .. } => json!(format!("|S{size}")),
        DataType::FixedString { .. } => {
            return Err("zarr has no compound type with texts that are not filled up with NULs".to_owned());
        }
        DataType::Opaque { size, .. } => json!(format!("|V{size}")),
        DataType::Enum { .. } if datatype.is_bool() => json!("|b1"),
        DataType::Enum { base, .. } => name(base, as_stored)?,
        DataType::Compound { size, members } => structure(*size, members, as_stored)?,
        _ => return Err(format!("zarr has no type for {}", datatype.name())),
    })
}

/// A structure of plain members, one right after the other: gaps cannot be stated in zarr.
fn structure(size: u32, members: &[swath_hdf5::Member], as_stored: bool) -> Result<Value, String> {
    let mut fields = Vec::with_capacity(members.len());
    let mut end = 0u64;
    for member in members {
        let field = name(&member.datatype, as_stored)?;
        if u64::from(member.offset) != end || !field.is_string() {
            return Err("zarr has no compound type with gaps, or with compounds inside".to_owned());
        }
        end = end.saturating_add(member.datatype.size());
        fields.push(json!([member.name, field]));
    }
    if end != u64::from(size) || fields.is_empty() {
        return Err("zarr has no compound type with gaps".to_owned());
    }
    Ok(Value::Array(fields))
}

/// The value of places that were never written, as zarr wants it; `None` where zarr cannot state it.
pub(super) fn unwritten(dataset: &Dataset) -> Option<Value> {
    let zeros = vec![0; usize::try_from(dataset.datatype.size()).ok()?];
    let fill = dataset.fill.clone().filter(|fill| fill.len() == zeros.len()).unwrap_or(zeros);
    let fill = in_order(&dataset.datatype, fill)?;
    number(&swath_hdf5::values(&dataset.datatype, fill).ok()?, &dataset.datatype)
}

/// The value that means "no data" (attribute `_FillValue`), as zarr wants it. xarray takes zarr's fill value for it.
pub(super) fn nodata(dataset: &Dataset) -> Option<Value> {
    number(&dataset.attribute("_FillValue")?.value, &dataset.datatype)
}

/// Turns bytes of numbers in stored order into little-endian ones, or back; `None` for types that are more than a number.
pub(super) fn in_order(datatype: &DataType, mut bytes: Vec<u8>) -> Option<Vec<u8>> {
    let width = match datatype {
        DataType::Integer(Integer { size, order: ByteOrder::Big, .. })
        | DataType::Bitfield { size, order: ByteOrder::Big }
        | DataType::Float { size, order: ByteOrder::Big, .. } => *size,
        DataType::Complex { part_size, order: ByteOrder::Big, .. } => *part_size,
        DataType::Enum { base, .. } => return in_order(base, bytes),
        DataType::Compound { members, .. } => {
            let plain =
                |member: &swath_hdf5::Member| in_order(&member.datatype, vec![0, 1]) == Some(vec![0, 1]);
            return members.iter().all(plain).then_some(bytes);
        }
        DataType::Array { .. } | DataType::Sequence { .. } | DataType::VariableString { .. } => return None,
        _ => 1,
    };
    bytes.chunks_exact_mut(width.max(1) as usize).for_each(<[u8]>::reverse);
    Some(bytes)
}

/// The first of these values as a fill value of that type; `None` when it is no value of the type.
fn number(values: &Values, datatype: &DataType) -> Option<Value> {
    let parts = |re: f64, im: f64| Some(json!([float(re), float(im)]));
    match (datatype, values) {
        (DataType::Enum { .. }, Values::Bool(list)) => list.first().map(|value| json!(value)),
        (DataType::Enum { base, .. }, _) => number(values, base),
        (DataType::Integer(integer), _) => whole(values, integer),
        (DataType::Float { size: 4, .. }, Values::F32(list)) => list.first().map(|value| float32(*value)),
        (DataType::Float { .. }, _) => values.to_f64()?.first().map(|value| float(*value)),
        (DataType::Complex { part_size: 4 | 8, .. }, Values::Complex64(list)) => {
            list.first().map(|z| json!([float32(z.re), float32(z.im)]))
        }
        (DataType::Complex { part_size: 4 | 8, .. }, Values::Complex128(list)) => {
            list.first().and_then(|z| parts(z.re, z.im))
        }
        (DataType::Complex { part_size: 4 | 8, .. }, _) => {
            values.to_f64()?.first().and_then(|value| parts(*value, 0.0))
        }
        _ => None,
    }
}

fn whole(values: &Values, integer: &Integer) -> Option<Value> {
    let value = match values {
        Values::I64(list) => i128::from(*list.first()?),
        Values::U64(list) => i128::from(*list.first()?),
        _ => {
            let value = *values.to_f64()?.first()?;
            // Beyond 2^53 a float no longer says which integer is meant.
            if value.fract() != 0.0 || value.abs() > 9_007_199_254_740_992.0 {
                return None;
            }
            value as i128
        }
    };
    let bits = integer.size.checked_mul(8).filter(|bits| *bits <= 64)?;
    let (least, most) = match integer.signed {
        true => (-(1i128 << (bits - 1)), (1i128 << (bits - 1)) - 1),
        false => (0, (1i128 << bits) - 1),
    };
    if !(least..=most).contains(&value) {
        return None;
    }
    i64::try_from(value)
        .map(|value| json!(value))
        .or_else(|_| u64::try_from(value).map(|value| json!(value)))
        .ok()
}

fn float(value: f64) -> Value {
    match value {
        value if value.is_nan() => json!("NaN"),
        value if value.is_infinite() => json!(if value > 0.0 { "Infinity" } else { "-Infinity" }),
        value => json!(value),
    }
}

/// A float32 with the digits that it has, not those of the nearest float64.
fn float32(value: f32) -> Value {
    float(value.to_string().parse().unwrap_or(f64::from(value)))
}

/// A filter pipeline that zarr can undo: numcodecs' codecs, in the order in which they were applied.
#[derive(Debug, Clone, PartialEq, Default)]
pub(super) struct Codecs {
    steps: Vec<Step>,
}

#[derive(Debug, Clone, Copy, PartialEq)]
enum Step {
    Shuffle(u32),
    Zlib(u32),
    Fletcher32,
}

/// The level that is written where the file states none. It matters to writers alone.
const LEVEL: u32 = 1;

impl Codecs {
    /// The codecs of `filters`, without those whose bit in `mask` says that they were not applied.
    ///
    /// # Errors
    /// A sentence on the filter that zarr cannot undo.
    pub(super) fn of(filters: &[Filter], mask: u32) -> Result<Self, String> {
        let mut steps = Vec::new();
        let applied = filters.iter().enumerate().filter(|(number, _)| !is_masked(mask, *number));
        for (_, filter) in applied {
            match filter {
                // Shuffling single bytes changes nothing.
                Filter::Shuffle { element_size: 0 | 1 } => {}
                Filter::Shuffle { .. } if !steps.is_empty() => {
                    return Err("zarr cannot undo a shuffle of what was filtered before".to_owned());
                }
                Filter::Shuffle { element_size } => steps.push(Step::Shuffle(*element_size)),
                Filter::Deflate { level } => steps.push(Step::Zlib(level.unwrap_or(LEVEL).min(9))),
                Filter::Fletcher32 => steps.push(Step::Fletcher32),
                other => return Err(format!("filter {} ({}) is not supported", other.name(), other.id())),
            }
        }
        Ok(Codecs { steps })
    }

    /// Whether a chunk is stored as it is.
    pub(super) fn is_empty(&self) -> bool {
        self.steps.is_empty()
    }

    /// Whether the codecs take a chunk of so many bytes: numcodecs shuffles whole elements only.
    pub(super) fn take(&self, chunk_bytes: u64) -> bool {
        match self.steps.first() {
            Some(Step::Shuffle(size)) => chunk_bytes.is_multiple_of(u64::from(*size)),
            _ => true,
        }
    }

    /// `filters` and `compressor` of `.zarray`. A compressor is the last step; zarr knows one, filters come before.
    pub(super) fn to_json(&self) -> (Value, Value) {
        let (filters, compressor) = match self.steps.split_last() {
            Some((last @ Step::Zlib(_), before)) => (before, json_of(*last)),
            _ => (self.steps.as_slice(), Value::Null),
        };
        match filters {
            [] => (Value::Null, compressor),
            filters => (filters.iter().copied().map(json_of).collect(), compressor),
        }
    }

    /// Applies the codecs to one chunk; `None` for a pipeline with a checksum, which only readers need.
    pub(super) fn encode(&self, chunk: Vec<u8>) -> Option<Vec<u8>> {
        self.steps.iter().try_fold(chunk, |bytes, step| match step {
            Step::Shuffle(size) => Some(shuffled(&bytes, *size as usize)),
            Step::Zlib(_) => deflated(&bytes),
            Step::Fletcher32 => None,
        })
    }
}

/// Whether a bit of a mask says that this filter was not applied.
pub(super) fn is_masked(mask: u32, number: usize) -> bool {
    number < 32 && mask & (1 << number) != 0
}

fn json_of(step: Step) -> Value {
    match step {
        Step::Shuffle(size) => json!({ "id": "shuffle", "elementsize": size }),
        Step::Zlib(level) => json!({ "id": "zlib", "level": level }),
        Step::Fletcher32 => json!({ "id": "fletcher32" }),
    }
}

/// Bytes of equal significance gathered; bytes past the last whole element stay where they are.
fn shuffled(bytes: &[u8], size: usize) -> Vec<u8> {
    let whole = bytes.len() - bytes.len() % size;
    let planes = (0..size).flat_map(|at| bytes[..whole].iter().skip(at).step_by(size));
    planes.chain(&bytes[whole..]).copied().collect()
}

fn deflated(bytes: &[u8]) -> Option<Vec<u8>> {
    let mut compressor = libdeflater::Compressor::new(libdeflater::CompressionLvl::default());
    let mut output = vec![0; compressor.zlib_compress_bound(bytes.len())];
    let length = compressor.zlib_compress(bytes, &mut output).ok()?;
    output.truncate(length);
    Some(output)
}
