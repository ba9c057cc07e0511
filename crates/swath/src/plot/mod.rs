//! Pictures as PNG bytes: a quicklook of one window, and a time series.
//!
//! Pictures are drawn at twice the density of a plain screen and say so (144 dpi). They are opaque, on white, and fit
//! for a report as they are. The same input gives the same bytes.
//!
//! Text is set in Ubuntu Light, which comes with the library; lines are coloured after Okabe and Ito, whose palette
//! stays legible with any colour vision.

mod axis;
mod canvas;
mod of;
mod quicklook;
mod series;

use crate::reduce::decibel;

pub use of::{quicklook, series};
pub use quicklook::{Palette, Quicklook};
pub use series::{SeriesPlot, SeriesPoint};

/// How values are laid along an axis or a colour bar.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Scale {
    /// Linear power, shown in decibel: backscatter. Averages are taken before.
    #[default]
    Decibel,
    /// The values as they are.
    Linear,
}

impl Scale {
    /// The place of a value on the axis; `None` when it has none.
    fn place(self, value: f64) -> Option<f64> {
        match self {
            Self::Decibel => decibel(value),
            // The distance of two places must be a number.
            Self::Linear => (value.abs() < f64::MAX / 4.0).then_some(value),
        }
    }
}

#[cfg(test)]
mod tests;
