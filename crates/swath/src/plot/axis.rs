/// Round numbers between `low` and `high`, some `wanted` of them, and the step between them: 1, 2 or 5 times a power
/// of ten. Empty for a range that is none.
pub(super) fn ticks(low: f64, high: f64, wanted: u32) -> (Vec<f64>, f64) {
    let span = high - low;
    if !span.is_finite() || span <= 0.0 || wanted == 0 {
        return (Vec::new(), 1.0);
    }
    let step = round_step(span / f64::from(wanted));
    // A hair of slack keeps a tick that rounding puts just outside.
    let (first, last) = ((low / step - 1e-9).ceil(), (high / step + 1e-9).floor());
    // Far from zero, steps may be smaller than what f64 can tell apart: then there is nothing to mark.
    if !step.is_normal() || first.abs().max(last.abs()) > 1e15 {
        return (Vec::new(), step);
    }
    let count = (last - first) as i64;
    let found = (0..=count).map(|index| (first + index as f64) * step).collect();
    (found, step)
}

/// The least of 1, 2, 5 times a power of ten that is not below `rough`.
pub(super) fn round_step(rough: f64) -> f64 {
    let power = 10_f64.powf(rough.log10().floor());
    let factor =
        [1.0, 2.0, 5.0].into_iter().find(|factor| factor * power >= rough * (1.0 - 1e-9)).unwrap_or(10.0);
    factor * power
}

/// A number of an axis whose ticks are `step` apart, with a true minus sign and no more digits than the step needs.
pub(super) fn label(value: f64, step: f64) -> String {
    let magnitude = value.abs();
    let text = if magnitude < step * 1e-6 && step < 1e-4 {
        "0".to_owned()
    } else if magnitude >= 1e5 || step < 1e-4 {
        let digits = (magnitude / step).log10().ceil().clamp(0.0, 6.0) as usize;
        trimmed_exponent(&format!("{magnitude:.digits$e}"))
    } else {
        let decimals = (-(step * 1.000_001).log10().floor()).clamp(0.0, 6.0) as usize;
        format!("{magnitude:.decimals$}")
    };
    let is_zero = text.chars().all(|digit| matches!(digit, '0' | '.'));
    if value < 0.0 && !is_zero { format!("−{text}") } else { text }
}

/// `1.500e-7` as `1.5e−7`.
fn trimmed_exponent(text: &str) -> String {
    let (mantissa, exponent) = text.split_once('e').unwrap_or((text, "0"));
    let mantissa = match mantissa.contains('.') {
        true => mantissa.trim_end_matches('0').trim_end_matches('.'),
        false => mantissa,
    };
    format!("{mantissa}e{}", exponent.replace('-', "−"))
}

/// A whole number with thin gaps between thousands.
pub(super) fn grouped(number: u64) -> String {
    let digits = number.to_string();
    let mut text = String::with_capacity(digits.len() * 2);
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            text.push('\u{a0}');
        }
        text.push(digit);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ticks_are_round_and_inside() {
        let labels = |low, high, wanted| {
            let (found, step) = ticks(low, high, wanted);
            found.into_iter().map(|tick| label(tick, step)).collect::<Vec<_>>().join(" ")
        };
        assert_eq!(labels(-13.2, -8.9, 5), "−13 −12 −11 −10 −9");
        assert_eq!(labels(0.0, 1.0, 5), "0.0 0.2 0.4 0.6 0.8 1.0");
        assert_eq!(labels(-0.3, 0.3, 6), "−0.3 −0.2 −0.1 0.0 0.1 0.2 0.3");
        assert_eq!(labels(0.0, 3e7, 3), "0 1e7 2e7 3e7");
        assert_eq!(labels(0.0, 2.5e-7, 5), "0 5e−8 1e−7 1.5e−7 2e−7 2.5e−7");
        assert_eq!(labels(-300.0, 40.0, 5), "−300 −200 −100 0");
    }

    #[test]
    fn a_range_that_is_none_has_no_ticks() {
        for (low, high) in
            [(1.0, 1.0), (2.0, 1.0), (f64::NAN, 1.0), (0.0, f64::INFINITY), (-f64::MAX, f64::MAX)]
        {
            assert!(ticks(low, high, 5).0.is_empty(), "{low} {high}");
        }
        assert!(ticks(1e300, 1e300 * (1.0 + 1e-15), 5).0.len() < 12);
        assert!(ticks(0.0, f64::MIN_POSITIVE, 5).0.len() < 12);
    }

    #[test]
    fn thousands_are_set_apart() {
        assert_eq!(grouped(4588).replace('\u{a0}', " "), "4 588");
        assert_eq!(grouped(0), "0");
        assert_eq!(grouped(12_345_678).replace('\u{a0}', " "), "12 345 678");
    }
}
