//! Floats of unusual layout, widened to the least usual one that holds them all.

use half::f16;

use super::Values;
use crate::datatype::FloatLayout;

/// The parts of a usual layout: bytes, bits of exponent and of mantissa.
const HALF: (usize, i64, u8) = (2, 15, 10);
const SINGLE: (usize, i64, u8) = (4, 127, 23);

/// Little-endian elements of `size` bytes as `float16`, `float32` or `float64`, whichever is the first not shorter
/// and wide enough in exponent and mantissa. Nothing is rounded.
pub(super) fn floats(layout: &FloatLayout, size: usize, bytes: &[u8]) -> Values {
    let numbers = bytes.chunks_exact(size.max(1)).map(|bytes| number(layout, bytes));
    if fits(layout, size, HALF) {
        Values::F16(numbers.map(f16::from_f64).collect())
    } else if fits(layout, size, SINGLE) {
        Values::F32(numbers.map(|number| number as f32).collect())
    } else {
        Values::F64(numbers.collect())
    }
}

/// Whether a usual layout holds all finite values of another one.
fn fits(layout: &FloatLayout, size: usize, (bytes, bias, mantissa_bits): (usize, i64, u8)) -> bool {
    let (greatest, least) =
        ((1i64 << layout.exponent_bits) - 2 - i64::from(layout.bias), 1 - i64::from(layout.bias));
    size <= bytes && layout.mantissa_bits <= mantissa_bits && greatest <= bias && least > -bias
}

fn number(layout: &FloatLayout, bytes: &[u8]) -> f64 {
    let bits = bytes.iter().rev().fold(0u64, |value, byte| value << 8 | u64::from(*byte));
    let field = |first: u8, width: u8| bits >> first & ((1u64 << width) - 1);
    let (exponent, mantissa) =
        (field(layout.exponent, layout.exponent_bits), field(layout.mantissa, layout.mantissa_bits));
    let sign = if bits >> layout.sign & 1 == 1 { -1.0 } else { 1.0 };
    let fraction = mantissa as f64 / (1u64 << layout.mantissa_bits) as f64;
    let power = |exponent: u64| 2f64.powi((exponent as i64 - i64::from(layout.bias)) as i32);
    let magnitude = if exponent == (1 << layout.exponent_bits) - 1 {
        if mantissa == 0 { f64::INFINITY } else { f64::NAN }
    } else if exponent == 0 {
        fraction * power(1)
    } else {
        (1.0 + fraction) * power(exponent)
    };
    sign * magnitude
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn small_floats_are_exact() {
        // Four bits of exponent, three of mantissa, bias 7.
        let layout =
            FloatLayout { sign: 7, exponent: 3, exponent_bits: 4, mantissa: 0, mantissa_bits: 3, bias: 7 };
        let values = floats(&layout, 1, &[0x3c, 0xc1, 0x00, 0x80, 0x01, 0x78, 0xf8]);
        let expected = [1.5, -2.25, 0.0, -0.0, 0.001953125, f32::INFINITY, f32::NEG_INFINITY];
        assert_eq!(values, Values::F16(expected.map(f16::from_f32).to_vec()));
        assert!(number(&layout, &[0x79]).is_nan());
        assert_eq!(floats(&layout, 3, &[0x3c, 0, 0]), Values::F32(vec![1.5]));
    }
}
