//! The stored form of [`Values`]: nodes in preorder, each a kind, bytes, texts and list lengths; never nested.
//!
//! A nested form would let damaged bytes nest it without end; here the depth is checked while the values are put
//! together again. Lists of one kind of number or text are one node.

use half::{bf16, f16};
use num_complex::Complex;
use serde::{Deserialize, Serialize};

use super::{Values, numbers, pairs};
use crate::datatype::MAX_DEPTH;

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

/// All nodes of one value.
#[derive(Clone, Serialize, Deserialize)]
pub(crate) struct Stored(Vec<Node>);

#[derive(Clone, Serialize, Deserialize)]
enum Node {
    Flat(Flat),
    ByteStrings(Vec<Vec<u8>>),
    /// So many lists follow.
    Lists(u32),
    /// The values of each of these members follow.
    Compound(Vec<String>),
}

#[derive(Clone, Serialize, Deserialize)]
struct Flat {
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
        let mut nodes = Vec::new();
        flatten(values, &mut nodes);
        Stored(nodes)
    }
}

fn flatten(values: Values, nodes: &mut Vec<Node>) {
    match values {
        Values::Lists(lists) if !Flat::holds(&lists) => {
            nodes.push(Node::Lists(lists.len() as u32));
            lists.into_iter().for_each(|list| flatten(list, nodes));
        }
        Values::Compound(members) => {
            let (names, columns): (Vec<String>, Vec<Values>) = members.into_iter().unzip();
            nodes.push(Node::Compound(names));
            columns.into_iter().for_each(|column| flatten(column, nodes));
        }
        Values::ByteStrings(texts) => nodes.push(Node::ByteStrings(texts)),
        flat => nodes.push(Node::Flat(Flat::from(flat))),
    }
}

impl TryFrom<Stored> for Values {
    type Error = &'static str;

    fn try_from(stored: Stored) -> Result<Self, Self::Error> {
        let mut nodes = stored.0.into_iter();
        let values = rebuild(&mut nodes, 0)?;
        if nodes.next().is_some() { Err("stored values have nodes left over") } else { Ok(values) }
    }
}

fn rebuild(nodes: &mut std::vec::IntoIter<Node>, depth: usize) -> Result<Values, &'static str> {
    // A level of the type may take two of the values.
    if depth > 2 * MAX_DEPTH {
        return Err("stored values are nested too deeply");
    }
    match nodes.next().ok_or("stored values end early")? {
        Node::Flat(flat) => flat.values(),
        Node::ByteStrings(texts) => Ok(Values::ByteStrings(texts)),
        Node::Lists(count) => {
            let mut lists = Vec::new();
            for _ in 0..count {
                lists.push(rebuild(nodes, depth + 1)?);
            }
            Ok(Values::Lists(lists))
        }
        Node::Compound(names) => {
            let mut members = Vec::new();
            for name in names {
                members.push((name, rebuild(nodes, depth + 1)?));
            }
            Ok(Values::Compound(members))
        }
    }
}

impl From<Values> for Flat {
    fn from(values: Values) -> Self {
        let mut flat = Flat { kind: Kind::Null, bytes: Vec::new(), texts: Vec::new(), lengths: None };
        if let Values::Lists(lists) = values {
            flat.lengths = Some(lists.iter().map(|list| list.len() as u32).collect());
            for list in lists {
                flat.append(list);
            }
        } else {
            flat.append(values);
        }
        flat
    }
}

impl Flat {
    /// Whether lists are all of one kind that is not nested itself.
    fn holds(lists: &[Values]) -> bool {
        let nested =
            |list: &Values| matches!(list, Values::Lists(_) | Values::Compound(_) | Values::ByteStrings(_));
        let like = |list: &Values| {
            lists.first().is_some_and(|first| std::mem::discriminant(first) == std::mem::discriminant(list))
        };
        lists.iter().all(|list| !nested(list) && like(list))
    }

    fn append(&mut self, values: Values) {
        let bytes = &mut self.bytes;
        self.kind = match values {
            Values::Null | Values::Lists(_) | Values::ByteStrings(_) | Values::Compound(_) => self.kind,
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

impl Flat {
    fn values(&self) -> Result<Values, &'static str> {
        let width = self.kind.width();
        if !self.bytes.len().is_multiple_of(width.max(1)) {
            return Err("stored values are no whole number of elements");
        }
        let Some(lengths) = &self.lengths else {
            return Ok(Flat::restore(self.kind, &self.bytes, &self.texts));
        };
        if lengths.len() > MAX_LISTS {
            return Err("stored values have too many lists");
        }
        let (mut bytes, mut texts) = (self.bytes.as_slice(), self.texts.as_slice());
        let mut lists = Vec::new();
        for length in lengths {
            let own_bytes = (*length as usize).saturating_mul(width);
            let own_texts = if width == 0 && self.kind != Kind::Null { *length as usize } else { 0 };
            let (here, rest) = bytes.split_at_checked(own_bytes).ok_or("stored lists end early")?;
            let (named, others) = texts.split_at_checked(own_texts).ok_or("stored lists end early")?;
            lists.push(Flat::restore(self.kind, here, named));
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
