//! Pictures of what the library holds: a lazy array, the samples of a stack.

use super::{Quicklook, Scale, SeriesPlot, SeriesPoint};
use crate::array::{Array, Values, Window};
use crate::error::{Error, Result};
use crate::granule::{Direction, GranuleName, is_backscatter};
use crate::stack::Sample;
use crate::tree::DataArray;

/// Reads an array and draws it as PNG. Backscatter (a covariance term in linear power) is shown in decibel, anything
/// else as it is. `outline` is a window of the same grid to mark, where it overlaps.
///
/// # Errors
/// As [`DataArray::read`]; a usage error when the values are complex or the array has not two dimensions.
pub async fn quicklook(layer: &DataArray, outline: Option<Window>) -> Result<Vec<u8>> {
    let [height, width] = layer.shape()[..] else {
        return Err(Error::usage(format!("{} has not two dimensions and makes no picture", layer.path())));
    };
    let window = layer.window()?;
    let values = single_precision(layer, layer.read().await?)?;
    let tree = layer.tree();
    let (title, place) = match tree.granule() {
        Some(name) => (name.start.strftime("%Y-%m-%d %H:%M:%S UTC").to_string(), place_of(name)),
        None => (tree.name().to_owned(), String::new()),
    };
    let (power, subtitle) = (is_power(layer), heading(layer, &place));
    let pixel_size = layer.grid().await.ok().map(|grid| grid.pixel_size());
    let inside = outline.and_then(|outline| outline.intersection(&window));
    let mut picture = Quicklook::new(&values, width as usize, height as usize);
    picture.nodata = layer.nodata();
    picture.title = &title;
    picture.layer = &subtitle;
    picture.pixel_size_m = pixel_size.map(|(x, _)| x);
    picture.scale = if power { Scale::Decibel } else { Scale::Linear };
    picture.outline = match inside {
        Some(part) => {
            let (row, column) = (part.row_off() - window.row_off(), part.col_off() - window.col_off());
            Some(Window::new(row, column, part.height(), part.width())?)
        }
        None => None,
    };
    picture.png()
}

/// Draws the samples of a stack as PNG.
///
/// # Errors
/// As [`SeriesPlot::png`].
pub fn series(samples: &[Sample]) -> Result<Vec<u8>> {
    let points: Vec<SeriesPoint> = samples.iter().map(SeriesPoint::from).collect();
    let place = samples.first().map(|sample| place_of(&sample.granule)).unwrap_or_default();
    let layer = samples.first().map_or("", |sample| sample.layer.as_str());
    let mut plot = SeriesPlot::new(&points);
    plot.title = "Mean of the window";
    plot.layer = layer;
    plot.place = &place;
    // The spread of speckle is far larger than any change of the mean; drawn, it would hide the change.
    plot.band = false;
    plot.scale = if is_backscatter(layer) { Scale::Decibel } else { Scale::Linear };
    plot.png()
}

impl From<&Sample> for SeriesPoint {
    fn from(sample: &Sample) -> Self {
        let found = &sample.statistics;
        let (n_valid, n_total) = (found.n_valid, found.n_total);
        Self { time: sample.time, mean: found.mean, std: found.std, n_valid, n_total }
    }
}

fn heading(layer: &DataArray, place: &str) -> String {
    let folder = layer.path().rsplit('/').nth(1).unwrap_or_default();
    let frequency =
        folder.strip_prefix("frequency").map(|letter| format!(", frequency {letter}")).unwrap_or_default();
    let quantity = if is_power(layer) { ", gamma nought" } else { "" };
    let dot = if place.is_empty() { "" } else { " · " };
    format!("{}{frequency}{quantity}{dot}{place}", layer.name())
}

fn place_of(name: &GranuleName) -> String {
    let direction = if name.direction == Direction::Ascending { "ascending" } else { "descending" };
    format!("track {} {direction}, frame {} · {}", name.track, name.frame.number, name.crid)
}

/// Whether the layer is a diagonal covariance term: backscatter as linear power.
fn is_power(layer: &DataArray) -> bool {
    is_backscatter(layer.name()) && layer.data_type() == "float32"
}

/// The values as the picture takes them; what is lost in rounding is less than a shade of grey.
fn single_precision(layer: &DataArray, array: Array) -> Result<Vec<f32>> {
    match array.into_values() {
        Values::F32(values) => Ok(values),
        Values::F64(values) => Ok(values.into_iter().map(|value| value as f32).collect()),
        Values::U8(values) => Ok(values.into_iter().map(f32::from).collect()),
        Values::I8(values) => Ok(values.into_iter().map(f32::from).collect()),
        Values::U16(values) => Ok(values.into_iter().map(f32::from).collect()),
        Values::I16(values) => Ok(values.into_iter().map(f32::from).collect()),
        Values::U32(values) => Ok(values.into_iter().map(|value| value as f32).collect()),
        Values::I32(values) => Ok(values.into_iter().map(|value| value as f32).collect()),
        _ => {
            Err(Error::usage(format!("{} holds {}, which makes no picture", layer.path(), layer.data_type()))
                .with_hint("choose a layer of real numbers, such as HHHH"))
        }
    }
}
