use super::decibel;
use super::wide::Wide;
use crate::array::{Nodata, RealElement, Values, complex_refused, each_real_type};
use crate::error::Result;

/// Figures of the valid pixels of a window, in the layer's own (linear) unit.
///
/// Every figure is `None` when no pixel counts, and also in the rare case that it does not fit f64 (pixels beyond
/// 1e154, whose squares overflow).
#[derive(Debug, Clone, Copy, PartialEq, Default)]
#[non_exhaustive]
pub struct Statistics {
    /// How many pixels there were.
    pub n_total: u64,
    /// How many of them count.
    pub n_valid: u64,
    /// The arithmetic mean.
    pub mean: Option<f64>,
    /// The standard deviation of the population (divided by `n_valid`, as numpy's `std` does by default).
    pub std: Option<f64>,
    /// The least value.
    pub min: Option<f64>,
    /// The greatest value.
    pub max: Option<f64>,
}

impl Statistics {
    /// The figures of pixels that are all at hand.
    ///
    /// # Errors
    /// `Unsupported` for complex pixels.
    pub fn of(values: &Values, nodata: Nodata) -> Result<Self> {
        let mut accumulator = Accumulator::new(nodata);
        accumulator.add_values(values)?;
        Ok(accumulator.statistics())
    }

    /// The mean in decibel, taken of the linear mean; `None` when there is no mean or it is not positive.
    pub fn mean_decibel(&self) -> Option<f64> {
        self.mean.and_then(decibel)
    }

    /// The share of pixels that count, 0 to 1; `None` when there were no pixels.
    pub fn valid_fraction(&self) -> Option<f64> {
        (self.n_total > 0).then(|| self.n_valid as f64 / self.n_total as f64)
    }
}

/// Gathers [`Statistics`] from chunks of pixels in constant memory; mergeable, and independent of the order of both.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Accumulator {
    nodata: Nodata,
    n_total: u64,
    n_valid: u64,
    sum: Wide,
    squares: Wide,
    min: f64,
    max: f64,
}

impl Accumulator {
    /// An accumulator that has seen nothing, for a layer with this law of nodata.
    pub fn new(nodata: Nodata) -> Self {
        Self {
            nodata,
            n_total: 0,
            n_valid: 0,
            sum: Wide::default(),
            squares: Wide::default(),
            min: f64::INFINITY,
            max: f64::NEG_INFINITY,
        }
    }

    /// Adds pixels of any real type.
    pub fn add<T: RealElement>(&mut self, pixels: &[T]) {
        self.n_total += pixels.len() as u64;
        for &pixel in pixels {
            if !self.nodata.is_valid(pixel) {
                continue;
            }
            let value = pixel.to_f64();
            self.n_valid += 1;
            self.sum.add(value);
            self.squares.add_square(value);
            self.min = self.min.min(value);
            self.max = self.max.max(value);
        }
    }

    /// Adds 32-bit float pixels, the common case.
    pub fn add_f32(&mut self, pixels: &[f32]) {
        self.add(pixels);
    }

    /// Adds the pixels of an array.
    ///
    /// # Errors
    /// `Unsupported` for complex pixels.
    pub fn add_values(&mut self, values: &Values) -> Result<()> {
        each_real_type!(values, pixels => self.add(pixels), complex => return Err(complex_refused()));
        Ok(())
    }

    /// Counts `count` pixels that are known to be nodata without looking at them: those of chunks never written.
    pub fn add_nodata(&mut self, count: u64) {
        self.n_total += count;
    }

    /// Adds all that another accumulator of the same layer has seen.
    pub fn merge(&mut self, other: &Self) {
        self.n_total += other.n_total;
        self.n_valid += other.n_valid;
        self.sum.merge(&other.sum);
        self.squares.merge(&other.squares);
        self.min = self.min.min(other.min);
        self.max = self.max.max(other.max);
    }

    /// The figures so far.
    pub fn statistics(&self) -> Statistics {
        let empty = Statistics { n_total: self.n_total, n_valid: self.n_valid, ..Statistics::default() };
        if self.n_valid == 0 {
            return empty;
        }
        let count = self.n_valid as f64;
        let mean = self.sum.divided_by(count);
        // Rounding may leave a variance of equal pixels a hair below zero.
        let variance = self.squares.divided_by(count).minus_square_of(&mean).rounded().max(0.0);
        let finite = |value: f64| value.is_finite().then_some(value);
        Statistics {
            mean: finite(mean.rounded()),
            std: finite(self.squares.rounded()).and(finite(variance.sqrt())),
            min: Some(self.min),
            max: Some(self.max),
            ..empty
        }
    }
}
