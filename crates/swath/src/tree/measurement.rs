//! Statistics of one layer with what they cost: the record that `swath stats --json` prints and Python returns.

use std::time::Instant;

use serde_json::{Value, json};

use super::DataArray;
use crate::error::Result;
use crate::reduce::Statistics;

/// What was found in a window of one layer, and what it cost.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct Measurement {
    /// The layer, restricted to its window.
    pub layer: DataArray,
    /// Statistics of the window.
    pub statistics: Statistics,
    /// EPSG code of the grid; `None` for a layer in radar geometry.
    pub epsg: Option<u32>,
    /// Seconds from the beginning of opening to the last figure.
    pub seconds: f64,
}

impl Measurement {
    pub(crate) async fn of(layer: DataArray, begun: Instant) -> Result<Self> {
        let statistics = layer.statistics().await?;
        // A layer in radar geometry has rows and columns but no CRS.
        let epsg = layer.grid().await.ok().map(|grid| grid.crs().epsg());
        Ok(Self { layer, statistics, epsg, seconds: begun.elapsed().as_secs_f64() })
    }

    /// The record: `granule`, `source`, `layer`, `epsg`, `window` (`row_off`, `col_off`, `height`, `width`), `n_total`,
    /// `n_valid`, `mean`, `std`, `min`, `max` (linear, null without a valid pixel), `requests`, `bytes`, `waves`, `seconds`.
    ///
    /// # Errors
    /// A usage error when the layer has no rows and columns.
    pub fn to_json(&self) -> Result<Value> {
        let (window, tree) = (self.layer.window()?, self.layer.tree());
        let (totals, found) = (tree.object().ledger().totals(), &self.statistics);
        Ok(json!({
            "granule": tree.name(),
            "source": tree.address().to_string(),
            "layer": self.layer.name(),
            "epsg": self.epsg,
            "window": {
                "row_off": window.row_off(), "col_off": window.col_off(),
                "height": window.height(), "width": window.width(),
            },
            "n_total": found.n_total,
            "n_valid": found.n_valid,
            "mean": found.mean,
            "std": found.std,
            "min": found.min,
            "max": found.max,
            "requests": totals.requests,
            "bytes": totals.bytes,
            "waves": tree.object().waves(),
            "seconds": self.seconds,
        }))
    }
}
