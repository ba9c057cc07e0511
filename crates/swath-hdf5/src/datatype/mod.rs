//! Element types, as exact as the file states them.

mod message;
mod stored;

use serde::{Deserialize, Serialize};

pub(crate) use message::parse as parse_message;

/// Deepest nesting of a type (member of member, array of array); deeper types are refused.
pub(crate) const MAX_DEPTH: usize = 32;

/// The type of one element (HDF5 specification IV.A.2.d).
///
/// Sizes are those stored in the file. [`DataType::name`] gives the name numpy would print.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(into = "stored::Nodes", try_from = "stored::Nodes")]
#[non_exhaustive]
pub enum DataType {
    /// A whole number in two's complement.
    Integer(Integer),
    /// A floating-point number.
    Float {
        /// Bytes of one number.
        size: u32,
        /// Order of its bytes.
        order: ByteOrder,
        /// Where sign, exponent and mantissa lie.
        format: FloatFormat,
    },
    /// A pair of floats, real then imaginary, without padding: how h5py and NISAR store complex numbers, and the
    /// complex class of HDF5 2.0.
    Complex {
        /// Names of the two members in the file, `r` and `i` in NISAR files; `r` and `i` for the complex class.
        names: [String; 2],
        /// Bytes of one part: 2, 4 or 8.
        part_size: u32,
        /// Order of the bytes of each part.
        order: ByteOrder,
    },
    /// Text of a fixed number of bytes.
    FixedString {
        /// Bytes of one text, padding included.
        size: u32,
        /// How shorter text is filled up.
        padding: Padding,
        /// Encoding of the text.
        charset: Charset,
    },
    /// Text of any length, kept in the global heap.
    VariableString {
        /// Encoding of the text.
        charset: Charset,
        /// Bytes of the stored reference into the heap.
        size: u32,
    },
    /// Named values of an integer type.
    Enum {
        /// The integer type.
        base: Box<DataType>,
        /// Name and stored bytes of each member, in file order.
        members: Vec<(String, Vec<u8>)>,
    },
    /// Named members at fixed places.
    Compound {
        /// Bytes of one element, gaps included.
        size: u32,
        /// The members in file order.
        members: Vec<Member>,
    },
    /// A small array as one element.
    Array {
        /// Type of its elements.
        base: Box<DataType>,
        /// Its shape, slowest axis first.
        shape: Vec<u32>,
    },
    /// A sequence of any length, kept in the global heap.
    Sequence {
        /// Type of its elements.
        base: Box<DataType>,
        /// Bytes of the stored reference into the heap.
        size: u32,
    },
    /// Bits without a numeric meaning.
    Bitfield {
        /// Bytes of one element.
        size: u32,
        /// Order of its bytes.
        order: ByteOrder,
    },
    /// Bytes whose meaning only the writer knows.
    Opaque {
        /// Bytes of one element.
        size: u32,
        /// The writer's note on their meaning.
        tag: String,
    },
    /// A pointer to something in the same file.
    Reference {
        /// What it points to.
        kind: ReferenceKind,
        /// Bytes of one reference.
        size: u32,
    },
}

/// A whole number: size, order, sign, and the bits of it that count.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Integer {
    /// Bytes of one number.
    pub size: u32,
    /// Order of its bytes.
    pub order: ByteOrder,
    /// Whether the highest bit is a sign.
    pub signed: bool,
    /// First bit that counts; 0 except in packed data.
    pub bit_offset: u16,
    /// How many bits count; 8 × size except in packed data. Plans and values give whole numbers all the same.
    pub precision: u16,
}

/// One member of a compound type.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Member {
    /// Its name.
    pub name: String,
    /// Its first byte in the element.
    pub offset: u32,
    /// Its type.
    pub datatype: DataType,
}

/// Order of the bytes of a number.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum ByteOrder {
    /// Least significant byte first; also said of single bytes.
    Little,
    /// Most significant byte first.
    Big,
}

/// Where sign, exponent and mantissa of a float lie, told from the datatype message and not from its size.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub enum FloatFormat {
    /// IEEE 754 binary16.
    Half,
    /// The upper half of a binary32, as used in machine learning.
    BFloat16,
    /// IEEE 754 binary32.
    Single,
    /// IEEE 754 binary64.
    Double,
    /// Sign, exponent and mantissa elsewhere, but no more of them than a binary64 holds.
    Custom(FloatLayout),
    /// The extended precision of the x87, 80 bits in 10 bytes or more: its bytes can be read, its value cannot.
    Extended,
    /// Anything else (VAX, binary128): its bytes can be read, its value cannot.
    Other,
}

/// Where the parts of a float lie, counted in bits from the least significant one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct FloatLayout {
    /// The sign bit.
    pub sign: u8,
    /// First bit of the exponent.
    pub exponent: u8,
    /// Bits of the exponent.
    pub exponent_bits: u8,
    /// First bit of the mantissa, of which the leading one is implied.
    pub mantissa: u8,
    /// Bits of the mantissa.
    pub mantissa_bits: u8,
    /// What is added to the exponent.
    pub bias: u32,
}

/// How a fixed string shorter than its size is filled up.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Padding {
    /// The first NUL ends the text.
    NullTerminated,
    /// NULs to the end.
    NullPadded,
    /// Spaces to the end.
    SpacePadded,
}

/// Encoding of text.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Charset {
    /// ASCII; in practice anything that a writer calls so.
    Ascii,
    /// UTF-8.
    Utf8,
}

/// What a reference points to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub enum ReferenceKind {
    /// A group, dataset or named type, by the address of its header.
    Object,
    /// A part of a dataset.
    Region,
    /// The references of HDF5 1.12 and later, to an object, a region or an attribute.
    Extended,
}

impl DataType {
    /// Bytes of one element as stored, and in the output of a plan.
    pub fn size(&self) -> u64 {
        match self {
            DataType::Integer(integer) => u64::from(integer.size),
            DataType::Complex { part_size, .. } => u64::from(*part_size) * 2,
            DataType::Enum { base, .. } => base.size(),
            DataType::Array { base, shape } => {
                shape.iter().fold(base.size(), |size, extent| size.saturating_mul(u64::from(*extent)))
            }
            DataType::Float { size, .. }
            | DataType::FixedString { size, .. }
            | DataType::VariableString { size, .. }
            | DataType::Compound { size, .. }
            | DataType::Sequence { size, .. }
            | DataType::Bitfield { size, .. }
            | DataType::Opaque { size, .. }
            | DataType::Reference { size, .. } => u64::from(*size),
        }
    }

    /// The name numpy would print: `float32`, `complex64`, `|S12`, `str`, `bool`, `{a: int8, b: float64}`…
    pub fn name(&self) -> String {
        match self {
            DataType::Integer(integer) => integer_name(integer),
            DataType::Float { size, format, .. } => float_name(*size, *format),
            DataType::Complex { part_size, .. } => format!("complex{}", part_size * 16),
            DataType::FixedString { size, .. } => format!("|S{size}"),
            DataType::VariableString { .. } => "str".to_owned(),
            DataType::Enum { .. } if self.is_bool() => "bool".to_owned(),
            DataType::Enum { base, .. } => format!("enum({})", base.name()),
            DataType::Compound { members, .. } => {
                let member = |member: &Member| format!("{}: {}", member.name, member.datatype.name());
                format!("{{{}}}", members.iter().map(member).collect::<Vec<_>>().join(", "))
            }
            DataType::Array { base, shape } => {
                let extents: Vec<String> = shape.iter().map(u32::to_string).collect();
                format!("({}){}", extents.join(", "), base.name())
            }
            DataType::Sequence { base, .. } => format!("list({})", base.name()),
            DataType::Bitfield { size, .. } => format!("bits{}", u64::from(*size) * 8),
            DataType::Opaque { size, .. } => format!("|V{size}"),
            DataType::Reference { kind: ReferenceKind::Object, .. } => "reference".to_owned(),
            DataType::Reference { .. } => "region reference".to_owned(),
        }
    }

    /// Whether this is h5py's `bool`: a one-byte enum of `FALSE` = 0 and `TRUE` = 1.
    pub fn is_bool(&self) -> bool {
        let DataType::Enum { base, members } = self else { return false };
        let named = |name: &str, value: u8| {
            members.iter().any(|(known, bytes)| known == name && bytes.as_slice() == [value])
        };
        base.size() == 1 && members.len() == 2 && named("FALSE", 0) && named("TRUE", 1)
    }

    /// Whether elements, or parts of them, lie in the global heap.
    pub fn is_variable(&self) -> bool {
        match self {
            DataType::VariableString { .. } | DataType::Sequence { .. } => true,
            DataType::Array { base, .. } => base.is_variable(),
            DataType::Compound { members, .. } => members.iter().any(|member| member.datatype.is_variable()),
            _ => false,
        }
    }

    /// Byte runs of one element, as (first byte, width), that must be reversed to be little-endian.
    pub(crate) fn reversals(&self) -> Vec<(usize, usize)> {
        let mut runs = Vec::new();
        self.collect_reversals(0, &mut runs);
        runs
    }

    /// The type of which an element is one or, of arrays, many, side by side.
    pub(crate) fn unit(&self) -> &DataType {
        match self {
            DataType::Array { base, .. } => base.unit(),
            other => other,
        }
    }

    /// Numbers in one element of [`DataType::unit`], each of which may have to be reversed by itself.
    pub(crate) fn parts(&self) -> u64 {
        match self {
            DataType::Compound { members, .. } => {
                members.iter().fold(0, |sum, member| sum.saturating_add(member.datatype.parts()))
            }
            DataType::Array { base, shape } => {
                shape.iter().fold(base.parts(), |parts, extent| parts.saturating_mul(u64::from(*extent)))
            }
            _ => 1,
        }
    }

    fn collect_reversals(&self, at: usize, runs: &mut Vec<(usize, usize)>) {
        match self {
            DataType::Integer(Integer { size, order: ByteOrder::Big, .. })
            | DataType::Float { size, order: ByteOrder::Big, .. }
            | DataType::Bitfield { size, order: ByteOrder::Big }
                if *size > 1 =>
            {
                runs.push((at, *size as usize));
            }
            DataType::Complex { part_size, order: ByteOrder::Big, .. } => {
                let width = *part_size as usize;
                runs.extend([(at, width), (at + width, width)]);
            }
            DataType::Enum { base, .. } => base.collect_reversals(at, runs),
            DataType::Array { base, shape } => {
                let count = elements(shape);
                let before = runs.len();
                base.collect_reversals(at, runs);
                if count == 0 || runs.len() == before {
                    runs.truncate(before);
                    return;
                }
                for index in 1..count {
                    base.collect_reversals(at + (index * base.size()) as usize, runs);
                }
            }
            DataType::Compound { members, .. } => {
                for member in members {
                    member.datatype.collect_reversals(at + member.offset as usize, runs);
                }
            }
            _ => {}
        }
    }

    /// Integers of fewer bits than their bytes in one element, by their first byte.
    pub(crate) fn packed(&self) -> Vec<(usize, Integer)> {
        let mut runs = Vec::new();
        self.collect_packed(0, &mut runs);
        runs
    }

    fn collect_packed(&self, at: usize, runs: &mut Vec<(usize, Integer)>) {
        match self {
            DataType::Integer(integer) if integer.is_packed() => runs.push((at, *integer)),
            DataType::Enum { base, .. } => base.collect_packed(at, runs),
            DataType::Array { base, shape } => {
                let count = elements(shape);
                let before = runs.len();
                base.collect_packed(at, runs);
                if count == 0 || runs.len() == before {
                    runs.truncate(before);
                    return;
                }
                for index in 1..count {
                    base.collect_packed(at + (index * base.size()) as usize, runs);
                }
            }
            DataType::Compound { members, .. } => {
                for member in members {
                    member.datatype.collect_packed(at + member.offset as usize, runs);
                }
            }
            _ => {}
        }
    }

    /// Whether elements, or parts of them, are references to objects.
    pub(crate) fn has_references(&self) -> bool {
        match self {
            DataType::Reference { .. } => true,
            DataType::Array { base, .. } | DataType::Sequence { base, .. } => base.has_references(),
            DataType::Compound { members, .. } => {
                members.iter().any(|member| member.datatype.has_references())
            }
            _ => false,
        }
    }
}

/// Elements of an array: none if an axis has none, however long the others are said to be.
fn elements(shape: &[u32]) -> u64 {
    if shape.contains(&0) {
        return 0;
    }
    shape.iter().fold(1, |count: u64, extent| count.saturating_mul(u64::from(*extent)))
}

impl Integer {
    fn is_packed(&self) -> bool {
        self.bit_offset != 0 || u32::from(self.precision) != self.size.saturating_mul(8)
    }

    /// The whole number from its little-endian bytes: the bits that count, moved down and its sign drawn out.
    fn unpack(&self, bytes: &mut [u8]) {
        let mut wide = [0; 16];
        let Some(low) = wide.get_mut(..bytes.len()) else { return };
        low.copy_from_slice(bytes);
        let above = 128u32.saturating_sub(u32::from(self.precision) + u32::from(self.bit_offset));
        let raw = u128::from_le_bytes(wide).checked_shl(above).unwrap_or(0);
        let down = 128u32.saturating_sub(u32::from(self.precision));
        let value = if self.signed {
            (raw.cast_signed() >> down.min(127)).cast_unsigned()
        } else {
            raw.checked_shr(down).unwrap_or(0)
        };
        bytes.copy_from_slice(&value.to_le_bytes()[..bytes.len()]);
    }
}

/// Makes whole numbers of the packed integers in little-endian elements.
pub(crate) fn unpack(bytes: &mut [u8], element: usize, packed: &[(usize, Integer)]) {
    if packed.is_empty() {
        return;
    }
    for value in bytes.chunks_exact_mut(element) {
        for (at, integer) in packed {
            if let Some(run) = value.get_mut(*at..at + integer.size as usize) {
                integer.unpack(run);
            }
        }
    }
}

fn integer_name(integer: &Integer) -> String {
    let sign = if integer.signed { "int" } else { "uint" };
    format!("{sign}{}", u64::from(integer.size) * 8)
}

fn float_name(size: u32, format: FloatFormat) -> String {
    match format {
        FloatFormat::BFloat16 => "bfloat16".to_owned(),
        FloatFormat::Custom(layout) => {
            format!("float{}e{}m{}", u64::from(size) * 8, layout.exponent_bits, layout.mantissa_bits)
        }
        FloatFormat::Extended => format!("longdouble{}", u64::from(size) * 8),
        FloatFormat::Other => format!("other float{}", u64::from(size) * 8),
        _ => format!("float{}", u64::from(size) * 8),
    }
}

#[cfg(test)]
mod tests;
