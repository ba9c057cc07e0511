//! Figures of many pixels: count, mean, standard deviation, least and greatest, in f64 and of linear values.
//!
//! An [`Accumulator`] takes chunks as they come, in any order and from any number of threads, holds a few numbers and
//! no pixel, and merges with others. Which pixels count is decided by [`Nodata`](crate::array::Nodata) alone.
//!
//! **Why the order does not matter.** The sums of the values and of their squares are kept as unevaluated pairs of f64
//! (about 106 bits), to which every pixel is added with an error-free transformation (Knuth's two-sum; squares by a
//! fused multiply-add). What is lost in the end is some 2⁻¹⁰⁰ of the sum, so any order and any grouping of chunks gives
//! the same f64 to well below 1e-12, and the mean is the one that exact arithmetic would round to. (The standard
//! deviation keeps 12 digits while the mean is less than a billion times larger; f32 pixels cannot get beyond that.)
//! Welford's update is as short, but its result moves in the last digits with the order of the chunks, which here is
//! the network's.
//!
//! Backscatter is averaged as linear power; [`decibel`] comes last.
//!
//! ```
//! use swath::array::Nodata;
//! use swath::reduce::{Accumulator, decibel};
//!
//! let mut accumulator = Accumulator::new(Nodata::default());
//! accumulator.add_f32(&[0.1, f32::NAN]);
//! accumulator.add_f32(&[0.3]);
//! let statistics = accumulator.statistics();
//! assert_eq!((statistics.n_total, statistics.n_valid), (3, 2));
//! assert!((statistics.mean.unwrap() - 0.2).abs() < 1e-8);
//! assert!((decibel(0.2).unwrap() + 6.9897).abs() < 1e-4);
//! ```

mod accumulator;
mod wide;

pub use accumulator::{Accumulator, Statistics};

/// Ten times the decimal logarithm of a linear power; `None` for what has none: zero, a negative power, a non-number.
pub fn decibel(power: f64) -> Option<f64> {
    (power.is_finite() && power > 0.0).then(|| 10.0 * power.log10())
}

#[cfg(test)]
mod tests;
