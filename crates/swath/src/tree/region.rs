//! Which pixels of which layer: what the command, Python and the library's own verbs ask for.

use super::DataArray;
use crate::array::Window;
use crate::error::Result;
use crate::geo::LonLatBox;
use crate::read::ReadLimits;

/// Which pixels of a layer.
#[derive(Debug, Clone, Copy, Default)]
#[non_exhaustive]
pub enum Region {
    /// All of them.
    #[default]
    Whole,
    /// Those that a lon/lat box touches.
    Box(LonLatBox),
    /// Rows and columns of the layer's grid.
    Window(Window),
}

/// Which pixels of which layer of a granule, and what reading them may cost.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct LayerOptions {
    /// `A` or `B`.
    pub frequency: String,
    /// Name of the layer: `HHHH`, `mask`, …
    pub layer: String,
    /// Which pixels.
    pub region: Region,
    /// What one read may cost.
    pub limits: ReadLimits,
}

impl LayerOptions {
    /// The whole of a layer of a frequency (`A` or `B`, in any case).
    pub fn new(frequency: &str, layer: &str) -> Self {
        Self {
            frequency: frequency.to_uppercase(),
            layer: layer.to_owned(),
            region: Region::Whole,
            limits: ReadLimits::default(),
        }
    }

    /// Only these pixels.
    #[must_use]
    pub fn region(mut self, region: Region) -> Self {
        self.region = region;
        self
    }

    /// What one read may cost.
    #[must_use]
    pub fn limits(mut self, limits: ReadLimits) -> Self {
        self.limits = limits;
        self
    }
}

impl DataArray {
    /// The same array, restricted to a region.
    ///
    /// # Errors
    /// As [`DataArray::clip_box`] and [`DataArray::with_window`].
    pub async fn within(&self, region: Region) -> Result<Self> {
        match region {
            Region::Whole => Ok(self.clone()),
            Region::Box(area) => self.clip_box(area).await,
            Region::Window(window) => self.with_window(window),
        }
    }
}
