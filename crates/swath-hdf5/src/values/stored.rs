//! The stored form of [`Values`]: a kind, bytes, texts and list lengths; never nested.

use half::{bf16, f16};
use num_complex::Complex;
use serde::{Deserialize, Serialize};

use super::{Values, numbers, pairs};

/// Most lists of one attribute; an empty list costs a byte stored and many in memory.
const MAX_LISTS: usize = 1 << 20;

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
enum Kind {
    Null,
    I8,
    I16,
    I32,
    I64,
    U8,
    U16,
    U32,
    U64,
    F16,
    BFloat16,
    F32,
    F64,
    Complex32,
    Complex64,
    Complex128,
    Bool,
    Strings,
    References,
    Raw,
}

#[derive(Clone, Serialize, Deserialize)]
pub(crate) struct Stored {
    kind: Kind,
    /// Numbers, little-endian.
    bytes: Vec<u8>,
    /// Strings and references.
    texts: Vec<Option<String>>,
    /// For lists, how many of the values belong to each.
    lengths: Option<Vec<u32>>,
}

impl From<Values> for Stored {
    fn from(values: Values) -> Self {
        let mut stored = Stored { kind: Kind::Null, bytes: Vec::new(), texts: Vec::new(), lengths: None };
        if let Values::Lists(lists) = values {
            stored.lengths = Some(lists.iter().map(|list| list.len() as u32).collect());
            for list in lists {
                stored.append(list);
            }
        } else {
            stored.append(values);
        }
        stored
    }
}

impl Stored {
    fn append(&mut self, values: Values) {
        let bytes = &mut self.bytes;
        self.kind = match values {
            Values::Null | Values::Lists(_) => self.kind,
            Values::I8(values) => extend(bytes, &values, i8::to_le_bytes, Kind::I8),
            Values::I16(values) => extend(bytes, &values, i16::to_le_bytes, Kind::I16),
            Values::I32(values) => extend(bytes, &values, i32::to_le_bytes, Kind::I32),
            Values::I64(values) => extend(bytes, &values, i64::to_le_bytes, Kind::I64),
            Values::U8(values) => extend(bytes, &values, |value| [value], Kind::U8),
            Values::U16(values) => extend(bytes, &values, u16::to_le_bytes, Kind::U16),
            Values::U32(values) => extend(bytes, &values, u32::to_le_bytes, Kind::U32),
            Values::U64(values) => extend(bytes, &values, u64::to_le_bytes, Kind::U64),
            Values::F16(values) => extend(bytes, &values, f16::to_le_bytes, Kind::F16),
            Values::BFloat16(values) => extend(bytes, &values, bf16::to_le_bytes, Kind::BFloat16),
            Values::F32(values) => extend(bytes, &values, f32::to_le_bytes, Kind::F32),
            Values::F64(values) => extend(bytes, &values, f64::to_le_bytes, Kind::F64),
            Values::Complex32(values) => extend(bytes, &parts(&values), f16::to_le_bytes, Kind::Complex32),
            Values::Complex64(values) => extend(bytes, &parts(&values), f32::to_le_bytes, Kind::Complex64),
            Values::Complex128(values) => extend(bytes, &parts(&values), f64::to_le_bytes, Kind::Complex128),
            Values::Bool(values) => extend(bytes, &values, |value| [u8::from(value)], Kind::Bool),
            Values::Raw(values) => extend(bytes, &values, |value| [value], Kind::Raw),
            Values::Strings(values) => {
                self.texts.extend(values.into_iter().map(Some));
                Kind::Strings
            }
            Values::References(values) => {
                self.texts.extend(values);
                Kind::References
            }
        };
    }

    fn restore(kind: Kind, bytes: &[u8], texts: &[Option<String>]) -> Values {
        match kind {
            Kind::Null => Values::Null,
            Kind::I8 => Values::I8(numbers(bytes, i8::from_le_bytes)),
            Kind::I16 => Values::I16(numbers(bytes, i16::from_le_bytes)),
            Kind::I32 => Values::I32(numbers(bytes, i32::from_le_bytes)),
            Kind::I64 => Values::I64(numbers(bytes, i64::from_le_bytes)),
            Kind::U8 => Values::U8(bytes.to_vec()),
            Kind::U16 => Values::U16(numbers(bytes, u16::from_le_bytes)),
            Kind::U32 => Values::U32(numbers(bytes, u32::from_le_bytes)),
            Kind::U64 => Values::U64(numbers(bytes, u64::from_le_bytes)),
            Kind::F16 => Values::F16(numbers(bytes, f16::from_le_bytes)),
            Kind::BFloat16 => Values::BFloat16(numbers(bytes, bf16::from_le_bytes)),
            Kind::F32 => Values::F32(numbers(bytes, f32::from_le_bytes)),
            Kind::F64 => Values::F64(numbers(bytes, f64::from_le_bytes)),
            Kind::Complex32 => Values::Complex32(pairs(&numbers(bytes, f16::from_le_bytes))),
            Kind::Complex64 => Values::Complex64(pairs(&numbers(bytes, f32::from_le_bytes))),
            Kind::Complex128 => Values::Complex128(pairs(&numbers(bytes, f64::from_le_bytes))),
            Kind::Bool => Values::Bool(bytes.iter().map(|byte| *byte != 0).collect()),
            Kind::Raw => Values::Raw(bytes.to_vec()),
            Kind::Strings => {
                Values::Strings(texts.iter().map(|text| text.clone().unwrap_or_default()).collect())
            }
            Kind::References => Values::References(texts.to_vec()),
        }
    }
}

impl TryFrom<Stored> for Values {
    type Error = &'static str;

    fn try_from(stored: Stored) -> Result<Self, Self::Error> {
        let width = stored.kind.width();
        if !stored.bytes.len().is_multiple_of(width.max(1)) {
            return Err("stored values are no whole number of elements");
        }
        let Some(lengths) = &stored.lengths else {
            return Ok(Stored::restore(stored.kind, &stored.bytes, &stored.texts));
        };
        if lengths.len() > MAX_LISTS {
            return Err("stored values have too many lists");
        }
        let (mut bytes, mut texts) = (stored.bytes.as_slice(), stored.texts.as_slice());
        let mut lists = Vec::new();
        for length in lengths {
            let own_bytes = (*length as usize).saturating_mul(width);
            let own_texts = if width == 0 && stored.kind != Kind::Null { *length as usize } else { 0 };
            let (here, rest) = bytes.split_at_checked(own_bytes).ok_or("stored lists end early")?;
            let (named, others) = texts.split_at_checked(own_texts).ok_or("stored lists end early")?;
            lists.push(Stored::restore(stored.kind, here, named));
            (bytes, texts) = (rest, others);
        }
        if bytes.is_empty() && texts.is_empty() {
            Ok(Values::Lists(lists))
        } else {
            Err("stored lists are too long")
        }
    }
}

impl Kind {
    /// Bytes of one value; 0 for texts and null.
    fn width(self) -> usize {
        match self {
            Kind::Null | Kind::Strings | Kind::References => 0,
            Kind::I8 | Kind::U8 | Kind::Bool | Kind::Raw => 1,
            Kind::I16 | Kind::U16 | Kind::F16 | Kind::BFloat16 => 2,
            Kind::I32 | Kind::U32 | Kind::F32 | Kind::Complex32 => 4,
            Kind::I64 | Kind::U64 | Kind::F64 | Kind::Complex64 => 8,
            Kind::Complex128 => 16,
        }
    }
}

fn extend<T: Copy, const N: usize>(
    bytes: &mut Vec<u8>,
    values: &[T],
    to_bytes: impl Fn(T) -> [u8; N],
    kind: Kind,
) -> Kind {
    bytes.extend(values.iter().flat_map(|value| to_bytes(*value)));
    kind
}

fn parts<T: Copy>(values: &[Complex<T>]) -> Vec<T> {
    values.iter().flat_map(|value| [value.re, value.im]).collect()
}
