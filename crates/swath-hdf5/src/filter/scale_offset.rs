//! Scale-offset (filter 6): differences from the least value in as few bits as they take, floats scaled by a power
//! of ten first.

use super::nbit::Bits;
use super::{Reader, buffer};

/// Bytes before the packed values: bits of one, bytes of the least value, the least value, unused ones.
const HEAD: usize = 21;

/// What the twenty parameters say.
struct Meaning {
    float: bool,
    /// Decimal places kept of floats.
    decimals: i32,
    /// Bits a writer was told to use for integers.
    told_bits: u32,
    count: usize,
    size: usize,
    big: bool,
    fill: Option<u64>,
}

impl Meaning {
    fn of(parameters: &[u32]) -> Result<Self, String> {
        let [kind, factor, count, class, size, _sign, order, fills, ..] = parameters else {
            return Err("too few parameters".to_owned());
        };
        let word = |at: usize| u64::from(parameters.get(at).copied().unwrap_or(0));
        match kind {
            1 => return Err("the E-scaling method, which no writer has".to_owned()),
            0 | 2 => {}
            other => return Err(format!("scaling method {other} is unknown")),
        }
        let size = *size as usize;
        if !matches!(size, 1 | 2 | 4 | 8) || (*class == 1 && size < 4) {
            return Err(format!("numbers of {size} bytes"));
        }
        Ok(Meaning {
            float: *class == 1,
            decimals: *factor as i32,
            told_bits: *factor,
            count: *count as usize,
            size,
            big: *order == 1,
            fill: (*fills == 1).then(|| word(8) | word(9) << 32),
        })
    }
}

pub(super) fn undo(stored: &[u8], parameters: &[u32], most: usize) -> Result<Vec<u8>, String> {
    let meaning = Meaning::of(parameters)?;
    let bits_of_size = meaning.size * 8;
    if !meaning.float && meaning.told_bits as usize == bits_of_size {
        let mut output = buffer(stored.len() as u64, most)?;
        output.extend_from_slice(stored);
        return Ok(output);
    }
    let mut reader = Reader::new(stored);
    let bits = u32::from_le_bytes(reader.array()?) as usize;
    if bits > bits_of_size {
        return Err(format!("{bits} bits in numbers of {bits_of_size}"));
    }
    let width = usize::from(reader.byte()?);
    let least =
        reader.take(width.min(8))?.iter().rev().fold(0u64, |value, byte| value << 8 | u64::from(*byte));
    let packed = stored.get(HEAD..).unwrap_or_default();
    let total = (meaning.count as u64).saturating_mul(meaning.size as u64);
    let mut output = buffer(total, most)?;
    if bits > 0
        && (packed.len() as u64).saturating_mul(8) < (meaning.count as u64).saturating_mul(bits as u64)
    {
        return Err("stored bits end early".to_owned());
    }
    let mut source = Bits { bytes: packed, at: 0 };
    for _ in 0..meaning.count {
        let value = if bits == bits_of_size {
            // All bits were needed, so the numbers are stored as the writer's machine held them.
            take_bytes(&mut source, meaning.size)?
        } else {
            restored(&meaning, take_bits(&mut source, bits)?, bits, least)
        };
        let bytes = value.to_le_bytes();
        if meaning.big {
            output.extend(bytes[..meaning.size].iter().rev());
        } else {
            output.extend(&bytes[..meaning.size]);
        }
    }
    Ok(output)
}

fn take_bits(source: &mut Bits<'_>, bits: usize) -> Result<u64, String> {
    let mut value = 0;
    let mut left = bits;
    while left > 0 {
        let count = if left.is_multiple_of(8) { 8 } else { left % 8 };
        value = value << count | u64::from(source.take(count)?);
        left -= count;
    }
    Ok(value)
}

fn take_bytes(source: &mut Bits<'_>, size: usize) -> Result<u64, String> {
    (0..size).try_fold(0, |value, place| Ok(value | u64::from(source.take(8)?) << (8 * place)))
}

/// The bits of a number from its stored difference.
fn restored(meaning: &Meaning, difference: u64, bits: usize, least: u64) -> u64 {
    // The largest difference stands for the fill value, where the file states one.
    if let Some(fill) = meaning.fill
        && difference == (1u64 << bits) - 1
    {
        return fill;
    }
    if !meaning.float {
        return difference.wrapping_add(least);
    }
    let scale = 10f64.powi(meaning.decimals);
    if meaning.size == 4 {
        let value = (difference as i32) as f32 / scale as f32 + f32::from_bits(least as u32);
        u64::from(value.to_bits())
    } else {
        let value = (difference as i64) as f64 / scale + f64::from_bits(least);
        value.to_bits()
    }
}
