//! Granules of one frame ordered in time: one layer of each, along `time`.
//!
//! A [`Stack`] is lazy like the arrays it is made of. Its time coordinate is the start of each granule as its name says.
//! Granules of different track, frame, mode, direction or CRS do not belong into one stack, and two of the same start are a
//! mistake (an older release, most often); both are refused with their names.

use futures::stream::{self, Stream, StreamExt, TryStreamExt};
use jiff::Timestamp;
use serde_json::{Value, json};

use crate::array::{Array, Values};
use crate::error::{Error, Result};
use crate::geo::{Grid, LonLatBox};
use crate::granule::{GranuleName, is_backscatter};
use crate::reduce::Statistics;
use crate::tree::DataArray;

/// One layer of several granules of a frame, in the order of time.
#[derive(Debug, Clone)]
pub struct Stack {
    layers: Vec<(GranuleName, DataArray)>,
}

/// Statistics of one layer of a stack.
#[derive(Debug, Clone)]
pub struct Sample {
    /// Start of the granule.
    pub time: Timestamp,
    /// The granule.
    pub granule: GranuleName,
    /// Name of the layer.
    pub layer: String,
    /// Statistics of its window.
    pub statistics: Statistics,
}

impl Sample {
    /// One row of a time series: `time` (ISO 8601, UTC), `granule`, `layer`, `n_total`, `n_valid`, and `mean`, `std`, `min`,
    /// `max` (linear) and `mean_db`, null where there is none.
    pub fn to_json(&self) -> Value {
        let found = &self.statistics;
        json!({
            "time": self.time.to_string(),
            "granule": self.granule.to_string(),
            "layer": self.layer,
            "n_total": found.n_total,
            "n_valid": found.n_valid,
            "mean": found.mean,
            "std": found.std,
            "min": found.min,
            "max": found.max,
            "mean_db": self.mean_decibel(),
        })
    }

    /// The mean in decibel, where that has a meaning: of backscatter.
    pub fn mean_decibel(&self) -> Option<f64> {
        self.statistics.mean_decibel().filter(|_| is_backscatter(&self.layer))
    }
}

/// Granules read at the same time; the requests of all share the hosts' limits.
const AT_ONCE: usize = 16;

impl Stack {
    /// Orders the arrays by the start of their granules.
    ///
    /// # Errors
    /// A usage error when an array's file is not named as a granule, or the granules do not belong together.
    pub fn new(arrays: Vec<DataArray>) -> Result<Self> {
        let mut layers = Vec::with_capacity(arrays.len());
        for array in arrays {
            let granule = array.tree().granule().cloned().ok_or_else(|| {
                Error::usage(format!(
                    "{} has no time: it is not named as a NISAR granule",
                    array.tree().name()
                ))
            })?;
            layers.push((granule, array));
        }
        layers.sort_by_key(|(granule, _)| granule.start);
        for pair in layers.windows(2) {
            belong_together(&pair[0], &pair[1])?;
        }
        Ok(Self { layers })
    }

    /// The layers with their granules, in the order of time.
    pub fn layers(&self) -> &[(GranuleName, DataArray)] {
        &self.layers
    }

    /// The same stack, each layer restricted to the pixels that a lon/lat box touches.
    ///
    /// # Errors
    /// As [`DataArray::clip_box`].
    pub async fn clip_box(&self, area: LonLatBox) -> Result<Self> {
        let clipped = stream::iter(self.layers.clone())
            .map(|(granule, array)| async move { Ok::<_, Error>((granule, array.clip_box(area).await?)) })
            .buffered(AT_ONCE);
        Ok(Self { layers: clipped.try_collect().await? })
    }

    /// Statistics of every layer, read together, in the order of time; the first that fails ends it.
    ///
    /// # Errors
    /// As [`DataArray::statistics`].
    pub async fn statistics(&self) -> Result<Vec<Sample>> {
        self.each_statistics().try_collect().await
    }

    /// As [`Stack::statistics`], one item for each of [`Stack::layers`] in their order: a layer that fails does not take the
    /// others along.
    pub fn each_statistics(&self) -> impl Stream<Item = Result<Sample>> + Send + use<> {
        let each = stream::iter(self.layers.clone()).map(|(granule, array)| async move {
            let (statistics, layer) = (array.statistics().await?, array.name().to_owned());
            Ok::<_, Error>(Sample { time: granule.start, granule, layer, statistics })
        });
        each.buffered(AT_ONCE)
    }

    /// The grid that all layers share, after their windows.
    ///
    /// # Errors
    /// A usage error when there is no layer, or the layers differ in shape, place or type.
    pub async fn grid(&self) -> Result<Grid> {
        let Some((_, first)) = self.layers.first() else {
            return Err(Error::usage("an empty stack has no grid"));
        };
        let place = first.grid().await?.subset(&first.window()?)?;
        for (_, array) in &self.layers {
            let same = array.shape() == first.shape()
                && array.data_type() == first.data_type()
                && array.grid().await?.subset(&array.window()?)? == place;
            if !same {
                let (a, b) = (first.tree().name(), array.tree().name());
                return Err(Error::usage(format!("{a} and {b} do not cover the same pixels"))
                    .with_hint("clip the stack to a box first"));
            }
        }
        Ok(place)
    }

    /// Reads all layers into one array with `time` in front.
    ///
    /// # Errors
    /// A usage error when the layers differ in shape, place or type; else as [`DataArray::read`].
    pub async fn read(&self) -> Result<Array> {
        let Some((_, first)) = self.layers.first() else {
            return Err(Error::usage("an empty stack cannot be read"));
        };
        self.grid().await?;
        let arrays: Vec<Array> = stream::iter(self.layers.clone())
            .map(|(_, array)| async move { array.read().await })
            .buffered(AT_ONCE)
            .try_collect()
            .await?;
        let mut shape = vec![arrays.len()];
        shape.extend(first.shape().iter().map(|extent| *extent as usize));
        let mut dimensions = vec!["time".to_owned()];
        dimensions.extend(first.dimensions());
        Array::new(dimensions, shape, concatenated(arrays)?)
    }
}

/// An error unless two neighbours in time are of one track, frame, mode and direction, and of different times.
fn belong_together(earlier: &(GranuleName, DataArray), later: &(GranuleName, DataArray)) -> Result<()> {
    let ((a, earlier), (b, later)) = (earlier, later);
    if frame_of(a) != frame_of(b) {
        return Err(Error::usage(format!("{a} and {b} are of different frames or modes and make no stack"))
            .with_hint("search for one track, frame and direction"));
    }
    if a.start == b.start {
        return Err(Error::usage(format!("{a} and {b} are of the same time"))
            .with_hint("keep the newest release of each product (swath search does by default)"));
    }
    if earlier.name() != later.name() {
        return Err(Error::usage(format!("{} and {} are different layers", earlier.path(), later.path())));
    }
    Ok(())
}

/// The values of all arrays, one after the other.
fn concatenated(arrays: Vec<Array>) -> Result<Values> {
    let mut all = arrays.into_iter().map(Array::into_values);
    let mut whole = all.next().ok_or_else(|| Error::usage("an empty stack cannot be read"))?;
    for next in all {
        match (&mut whole, next) {
            (Values::F32(whole), Values::F32(next)) => whole.extend(next),
            (Values::F64(whole), Values::F64(next)) => whole.extend(next),
            (Values::U8(whole), Values::U8(next)) => whole.extend(next),
            (Values::U16(whole), Values::U16(next)) => whole.extend(next),
            (Values::U32(whole), Values::U32(next)) => whole.extend(next),
            (Values::Complex64(whole), Values::Complex64(next)) => whole.extend(next),
            _ => return Err(Error::usage("layers of this type cannot be stacked")),
        }
    }
    Ok(whole)
}

/// What granules of one stack have in common.
fn frame_of(name: &GranuleName) -> impl PartialEq + use<> {
    let (mode, polarization) = (name.mode, name.main_polarization);
    (name.product, name.track, name.direction, name.frame, mode, polarization)
}
