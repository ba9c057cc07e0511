//! The datatype message, byte by byte (HDF5 specification IV.A.2.d).
//!
//! The metadata parser drops what we must know (layout of floats, precision of integers, arrays in old
//! compounds), so its exact bytes are parsed here.

use super::{
    ByteOrder, Charset, DataType, FloatFormat, FloatLayout, Integer, MAX_DEPTH, Member, Padding,
    ReferenceKind,
};

/// Parses the bytes of one datatype message.
///
/// # Errors
/// A sentence on what is wrong; the caller knows the path.
pub(crate) fn parse(bytes: &[u8]) -> Result<DataType, String> {
    let mut cursor = Cursor { bytes, at: 0 };
    let datatype = datatype(&mut cursor, 0)?;
    let parts = datatype.unit().parts();
    if parts > MAX_PARTS { Err(format!("datatype of {parts} numbers in one element")) } else { Ok(datatype) }
}

/// The last version of the message: HDF5 2.0's, with the complex class.
const LATEST: u8 = 5;

/// Most numbers in one compound, with those in its arrays.
pub(super) const MAX_PARTS: u64 = 1 << 20;

/// A reader of little-endian fields that ends with an error, never with a panic.
struct Cursor<'a> {
    bytes: &'a [u8],
    at: usize,
}

impl<'a> Cursor<'a> {
    fn take(&mut self, count: usize) -> Result<&'a [u8], String> {
        let end = self.at.checked_add(count).filter(|end| *end <= self.bytes.len());
        let end = end.ok_or_else(|| format!("datatype message ends at byte {}", self.bytes.len()))?;
        let taken = &self.bytes[self.at..end];
        self.at = end;
        Ok(taken)
    }

    fn unsigned(&mut self, width: usize) -> Result<u32, String> {
        Ok(self.take(width)?.iter().rev().fold(0, |value, byte| (value << 8) | u32::from(*byte)))
    }

    fn short(&mut self) -> Result<u16, String> {
        Ok(self.unsigned(2)? as u16)
    }

    /// A name that ends with a NUL; `padded` names fill a multiple of eight bytes.
    fn name(&mut self, padded: bool) -> Result<String, String> {
        let rest = &self.bytes[self.at..];
        let length = rest.iter().position(|byte| *byte == 0).ok_or("a name in a datatype has no end")?;
        let name = String::from_utf8_lossy(&rest[..length]).into_owned();
        let used = if padded { (length + 1).next_multiple_of(8) } else { length + 1 };
        self.take(used)?;
        Ok(name)
    }
}

/// The fixed head of every datatype description.
struct Head {
    version: u8,
    flags: u32,
    size: u32,
}

fn datatype(cursor: &mut Cursor<'_>, depth: usize) -> Result<DataType, String> {
    if depth > MAX_DEPTH {
        return Err(format!("datatype nested deeper than {MAX_DEPTH}"));
    }
    let word = cursor.unsigned(4)?;
    let size = cursor.unsigned(4)?;
    let head = Head { version: (word >> 4) as u8 & 0x0f, flags: word >> 8, size };
    let class = word & 0x0f;
    // Each version changed how members or sizes are written; what a later one changes cannot be guessed.
    if !(1..=LATEST).contains(&head.version) {
        return Err(format!("datatype message of version {}, which is not known", head.version));
    }
    if size == 0 && class != 10 {
        return Err(format!("datatype of class {class} has size 0"));
    }
    match class {
        0 => integer(cursor, &head),
        1 => float(cursor, &head),
        2 => {
            cursor.take(2)?;
            Ok(DataType::Opaque { size, tag: "HDF5 time".to_owned() })
        }
        3 => Ok(DataType::FixedString {
            size,
            padding: padding(head.flags),
            charset: charset(head.flags >> 4),
        }),
        4 => {
            cursor.take(4)?;
            Ok(DataType::Bitfield { size, order: order(head.flags) })
        }
        5 => opaque(cursor, &head),
        6 => compound(cursor, &head, depth),
        7 => Ok(reference(&head)),
        8 => enumeration(cursor, &head, depth),
        9 => variable(cursor, &head, depth),
        10 => array(cursor, &head, depth),
        11 => native_complex(cursor, &head, depth),
        _ => Err(format!("datatype class {class} is unknown")),
    }
}

fn order(flags: u32) -> ByteOrder {
    if flags & 1 == 0 { ByteOrder::Little } else { ByteOrder::Big }
}

fn padding(flags: u32) -> Padding {
    match flags & 0x0f {
        1 => Padding::NullPadded,
        2 => Padding::SpacePadded,
        _ => Padding::NullTerminated,
    }
}

fn charset(flags: u32) -> Charset {
    if flags & 0x0f == 1 { Charset::Utf8 } else { Charset::Ascii }
}

fn integer(cursor: &mut Cursor<'_>, head: &Head) -> Result<DataType, String> {
    let (bit_offset, precision) = (cursor.short()?, cursor.short()?);
    if precision == 0 || u32::from(bit_offset) + u32::from(precision) > head.size.saturating_mul(8) {
        return Err(format!("integer of {precision} bits from bit {bit_offset} on in {} bytes", head.size));
    }
    let signed = head.flags & 0x08 != 0;
    Ok(DataType::Integer(Integer {
        size: head.size,
        order: order(head.flags),
        signed,
        bit_offset,
        precision,
    }))
}

fn float(cursor: &mut Cursor<'_>, head: &Head) -> Result<DataType, String> {
    let (bit_offset, precision) = (cursor.short()?, cursor.short()?);
    let fields = cursor.take(4)?;
    let bias = cursor.unsigned(4)?;
    // Bit 6 marks VAX order; bits 4 and 5 the normalisation, 2 = the leading one is implied.
    let ordinary = head.flags & 0x40 == 0 && (head.flags >> 4) & 0x03 == 2 && bit_offset == 0;
    let sign = head.flags >> 8 & 0xff;
    let [exponent_at, exponent, mantissa_at, mantissa] = [fields[0], fields[1], fields[2], fields[3]];
    let format =
        match (ordinary, precision, sign, exponent_at, exponent, mantissa_at, mantissa, bias, head.size) {
            (true, 16, 15, 10, 5, 0, 10, 15, 2) => FloatFormat::Half,
            (true, 16, 15, 7, 8, 0, 7, 127, 2) => FloatFormat::BFloat16,
            (true, 32, 31, 23, 8, 0, 23, 127, 4) => FloatFormat::Single,
            (true, 64, 63, 52, 11, 0, 52, 1023, 8) => FloatFormat::Double,
            (_, 80, 79, 64, 15, 0, 64, 16383, 10..) if head.flags & 0x70 == 0 && bit_offset == 0 => {
                FloatFormat::Extended
            }
            _ => custom(head, fields, bias),
        };
    Ok(DataType::Float { size: head.size, order: order(head.flags), format })
}

/// A float of no usual layout, if a binary64 holds all its values.
fn custom(head: &Head, fields: &[u8], bias: u32) -> FloatFormat {
    let [exponent, exponent_bits, mantissa, mantissa_bits] = [fields[0], fields[1], fields[2], fields[3]];
    let sign = (head.flags >> 8 & 0xff) as u8;
    let implied = head.flags & 0x40 == 0 && (head.flags >> 4) & 0x03 == 2;
    let inside = |first: u8, bits: u8| u32::from(first) + u32::from(bits) <= head.size.saturating_mul(8);
    let fits = (1..=11).contains(&exponent_bits) && (1..=52).contains(&mantissa_bits);
    let places = head.size <= 8
        && inside(sign, 1)
        && inside(exponent, exponent_bits)
        && inside(mantissa, mantissa_bits);
    if !(implied && fits && places) {
        return FloatFormat::Other;
    }
    let (greatest, least) = ((1i64 << exponent_bits) - 2 - i64::from(bias), 1 - i64::from(bias));
    if greatest > 1023 || least - i64::from(mantissa_bits) < -1074 {
        return FloatFormat::Other;
    }
    FloatFormat::Custom(FloatLayout { sign, exponent, exponent_bits, mantissa, mantissa_bits, bias })
}

fn opaque(cursor: &mut Cursor<'_>, head: &Head) -> Result<DataType, String> {
    let length = (head.flags & 0xff) as usize;
    let tag = cursor.take(length)?;
    let end = tag.iter().position(|byte| *byte == 0).unwrap_or(length);
    let tag = String::from_utf8_lossy(&tag[..end]).into_owned();
    // The stated length already is a multiple of eight in sound files; old writers left it bare.
    cursor.take(length.next_multiple_of(8) - length)?;
    Ok(DataType::Opaque { size: head.size, tag })
}

fn compound(cursor: &mut Cursor<'_>, head: &Head, depth: usize) -> Result<DataType, String> {
    let count = head.flags & 0xffff;
    let mut members = Vec::new();
    for _ in 0..count {
        let name = cursor.name(head.version < 3)?;
        let width = if head.version < 3 { 4 } else { bytes_for(head.size) };
        let offset = cursor.unsigned(width)?;
        let shape = if head.version == 1 { old_member_shape(cursor)? } else { Vec::new() };
        let mut member = datatype(cursor, depth + 1)?;
        if !shape.is_empty() {
            member = checked_array(member, shape)?;
        }
        let end = u64::from(offset).saturating_add(member.size());
        if end > u64::from(head.size) {
            return Err(format!("member {name} ends at byte {end} of a compound of {}", head.size));
        }
        members.push(Member { name, offset, datatype: member });
    }
    Ok(complex(head.size, &members).unwrap_or(DataType::Compound { size: head.size, members }))
}

/// Bytes that hold a member's offset in version 3: as few as the compound's size needs.
fn bytes_for(size: u32) -> usize {
    (4 - size.leading_zeros() as usize / 8).max(1)
}

/// Version 1 gives every member up to four extents; later versions use the array class.
fn old_member_shape(cursor: &mut Cursor<'_>) -> Result<Vec<u32>, String> {
    let rank = cursor.unsigned(1)? as usize;
    cursor.take(11)?;
    let extents: Vec<u32> = (0..4).map(|_| cursor.unsigned(4)).collect::<Result<_, _>>()?;
    extents.get(..rank).map(<[u32]>::to_vec).ok_or_else(|| format!("compound member of rank {rank}"))
}

/// A compound of two like floats side by side, real then imaginary.
fn complex(size: u32, members: &[Member]) -> Option<DataType> {
    let [real, imaginary] = members else { return None };
    let DataType::Float { size: part_size, order, format } = real.datatype else { return None };
    let named = matches!(
        (real.name.as_str(), imaginary.name.as_str()),
        ("r", "i") | ("re", "im") | ("real", "imag") | ("real", "imaginary")
    );
    let packed = real.offset == 0 && imaginary.offset == part_size && size == part_size.checked_mul(2)?;
    let known = matches!(format, FloatFormat::Half | FloatFormat::Single | FloatFormat::Double);
    (named && packed && known && real.datatype == imaginary.datatype).then(|| DataType::Complex {
        names: [real.name.clone(), imaginary.name.clone()],
        part_size,
        order,
    })
}

/// The complex class of HDF5 2.0: the type of one part, twice.
fn native_complex(cursor: &mut Cursor<'_>, head: &Head, depth: usize) -> Result<DataType, String> {
    let part = datatype(cursor, depth + 1)?;
    let member = |name: &str, offset| Member { name: name.to_owned(), offset, datatype: part.clone() };
    let members = [member("r", 0), member("i", part.size() as u32)];
    complex(head.size, &members).ok_or_else(|| format!("complex type over {}", part.name()))
}

fn reference(head: &Head) -> DataType {
    let kind = match head.flags & 0x0f {
        0 => ReferenceKind::Object,
        1 => ReferenceKind::Region,
        _ => ReferenceKind::Extended,
    };
    DataType::Reference { kind, size: head.size }
}

fn enumeration(cursor: &mut Cursor<'_>, head: &Head, depth: usize) -> Result<DataType, String> {
    let count = head.flags & 0xffff;
    let base = datatype(cursor, depth + 1)?;
    if base.size() != u64::from(head.size) {
        return Err(format!("enum of {} bytes over a type of {}", head.size, base.size()));
    }
    let names: Vec<String> = (0..count).map(|_| cursor.name(head.version < 3)).collect::<Result<_, _>>()?;
    let value = |name| Ok((name, cursor.take(head.size as usize)?.to_vec()));
    let members = names.into_iter().map(value).collect::<Result<_, String>>()?;
    Ok(DataType::Enum { base: Box::new(base), members })
}

fn variable(cursor: &mut Cursor<'_>, head: &Head, depth: usize) -> Result<DataType, String> {
    let base = datatype(cursor, depth + 1)?;
    match head.flags & 0x0f {
        0 => Ok(DataType::Sequence { base: Box::new(base), size: head.size }),
        1 => Ok(DataType::VariableString { charset: charset(head.flags >> 8), size: head.size }),
        kind => Err(format!("variable-length type of kind {kind}")),
    }
}

fn array(cursor: &mut Cursor<'_>, head: &Head, depth: usize) -> Result<DataType, String> {
    let rank = cursor.unsigned(1)? as usize;
    if head.version < 3 {
        cursor.take(3)?;
    }
    let shape: Vec<u32> = (0..rank).map(|_| cursor.unsigned(4)).collect::<Result<_, _>>()?;
    if head.version < 3 {
        cursor.take(rank * 4)?;
    }
    checked_array(datatype(cursor, depth + 1)?, shape)
}

/// An array type of at least one and fewer than 2³² bytes.
fn checked_array(base: DataType, shape: Vec<u32>) -> Result<DataType, String> {
    let datatype = DataType::Array { base: Box::new(base), shape };
    match datatype.size() {
        0 => Err("array type of no elements".to_owned()),
        size if size > u64::from(u32::MAX) => Err(format!("array type of {size} bytes")),
        _ => Ok(datatype),
    }
}
