//! N-bit (filter 5): only the bits that count are stored, the highest first.

use super::buffer;

/// Deepest nesting of the type that the parameters describe.
const MAX_DEPTH: usize = 32;

/// What the parameters say of one element or a part of it.
enum Part {
    /// A number: bytes, whether big-endian, bits that count, and bits below them.
    Number { size: usize, big: bool, precision: usize, offset: usize },
    /// So many bytes as they are.
    Plain(usize),
    /// So many times the same.
    Array(usize, Box<Part>),
    /// So many bytes with parts at places.
    Compound(usize, Vec<(usize, Part)>),
}

/// Parameters: their number, whether nothing was done, elements of a chunk, then a description of the type.
pub(super) fn undo(stored: &[u8], parameters: &[u32], most: usize) -> Result<Vec<u8>, String> {
    let (Some(untouched), Some(count)) = (parameters.get(1), parameters.get(2)) else {
        return Err("too few parameters".to_owned());
    };
    if *untouched != 0 {
        let mut output = buffer(stored.len() as u64, most)?;
        output.extend_from_slice(stored);
        return Ok(output);
    }
    let mut words = parameters[3..].iter().map(|word| *word as usize);
    let (part, size) = describe(&mut words, 0)?;
    let total = (*count as u64).saturating_mul(size as u64);
    let mut output = buffer(total, most)?;
    output.resize(total as usize, 0);
    let mut bits = Bits { bytes: stored, at: 0 };
    if size > 0 {
        for element in output.chunks_exact_mut(size) {
            unpack(&part, element, &mut bits)?;
        }
    }
    Ok(output)
}

/// The next part with its size in bytes.
fn describe(words: &mut impl Iterator<Item = usize>, depth: usize) -> Result<(Part, usize), String> {
    if depth > MAX_DEPTH {
        return Err("parameters are nested too deeply".to_owned());
    }
    let mut word = || words.next().ok_or("parameters end early");
    let (class, size) = (word()?, word()?);
    let part = match class {
        1 => {
            let (order, precision, offset) = (word()?, word()?, word()?);
            if precision == 0 || precision.saturating_add(offset) > size.saturating_mul(8) {
                return Err(format!("{precision} bits from bit {offset} on in {size} bytes"));
            }
            Part::Number { size, big: order == 1, precision, offset }
        }
        2 => {
            let (base, base_size) = describe(words, depth + 1)?;
            if base_size == 0 || !size.is_multiple_of(base_size) {
                return Err(format!("array of {size} bytes over elements of {base_size}"));
            }
            Part::Array(size / base_size, Box::new(base))
        }
        3 => {
            let count = word()?;
            let mut members = Vec::new();
            for _ in 0..count {
                let offset = words.next().ok_or("parameters end early")?;
                let (member, member_size) = describe(words, depth + 1)?;
                if offset.saturating_add(member_size) > size {
                    return Err(format!("member outside of a compound of {size} bytes"));
                }
                members.push((offset, member));
            }
            Part::Compound(size, members)
        }
        4 => Part::Plain(size),
        other => return Err(format!("type class {other} in the parameters is unknown")),
    };
    Ok((part, size))
}

fn unpack(part: &Part, element: &mut [u8], bits: &mut Bits<'_>) -> Result<(), String> {
    match part {
        Part::Number { size, big, precision, offset } => {
            // From the highest byte that holds counting bits down to the lowest.
            let (mut top, low) = (precision + offset, *offset);
            while top > low {
                let byte = (top - 1) / 8;
                let bottom = low.max(byte * 8);
                let value = bits.take(top - bottom)? << (bottom % 8);
                let place = if *big { size - 1 - byte } else { byte };
                if let Some(place) = element.get_mut(place) {
                    *place = value;
                }
                top = bottom;
            }
        }
        Part::Plain(size) => {
            for place in element.iter_mut().take(*size) {
                *place = bits.take(8)?;
            }
        }
        Part::Array(count, base) => {
            let size = element.len() / count.max(&1);
            for element in element.chunks_exact_mut(size.max(1)).take(*count) {
                unpack(base, element, bits)?;
            }
        }
        Part::Compound(_, members) => {
            for (offset, member) in members {
                let end = offset.saturating_add(size_of(member));
                let place = element.get_mut(*offset..end).ok_or("member outside of its compound")?;
                unpack(member, place, bits)?;
            }
        }
    }
    Ok(())
}

fn size_of(part: &Part) -> usize {
    match part {
        Part::Number { size, .. } | Part::Plain(size) | Part::Compound(size, _) => *size,
        Part::Array(count, base) => count.saturating_mul(size_of(base)),
    }
}

/// A stream of bits, the highest of each byte first.
pub(super) struct Bits<'a> {
    pub(super) bytes: &'a [u8],
    pub(super) at: usize,
}

impl Bits<'_> {
    /// The next one to eight bits as a number.
    pub(super) fn take(&mut self, count: usize) -> Result<u8, String> {
        let first = self.at / 8;
        let high = *self.bytes.get(first).ok_or("stored bits end early")?;
        let low = self.bytes.get(first + 1).copied();
        let used = self.at % 8;
        if used + count > 8 && low.is_none() {
            return Err("stored bits end early".to_owned());
        }
        let window = u16::from(high) << 8 | u16::from(low.unwrap_or(0));
        self.at += count;
        Ok((window << used >> (16 - count)) as u8)
    }
}
