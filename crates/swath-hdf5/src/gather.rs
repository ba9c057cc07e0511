//! Elements that are no regular selection: lists of indexes along each axis, and single points.

use std::collections::BTreeMap;
use std::ops::Range;

use crate::error::{Error, Result};
use crate::index::{Dataset, Index, Layout};
use crate::plan::{Plan, Product};
use crate::reader::ReadRanges;
use crate::selection::Selection;
use crate::small::{read_bytes_at, values_of};
use crate::values::Values;

/// Most elements picked one by one.
const MAX_PICKED: u64 = 1 << 22;
/// Elements of contiguous values that are near enough to be read together are in one cell of about so many bytes.
const CELL_BYTES: u64 = 64 << 10;

/// Which elements of a dataset are wanted, one by one.
///
/// ```
/// use swath_hdf5::Picks;
///
/// // Rows 7 and 2, and of each columns 0, 5 and 5 again: 2 x 3 elements.
/// let picks = Picks::Lists(vec![vec![7, 2], vec![0, 5, 5]]);
/// assert_eq!(picks.shape(), [2, 3]);
/// // Two pixels.
/// assert_eq!(Picks::Points(vec![vec![7, 0], vec![2, 5]]).shape(), [2]);
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Picks {
    /// A list of indexes for each axis, in any order, repeated at will; the output has every combination, as
    /// NumPy's `ix_` has.
    Lists(Vec<Vec<u64>>),
    /// One element for each point, which is an index along every axis.
    Points(Vec<Vec<u64>>),
}

impl Picks {
    /// Shape of what is picked: the lengths of the lists, or the number of points.
    pub fn shape(&self) -> Vec<u64> {
        match self {
            Picks::Lists(lists) => lists.iter().map(|list| list.len() as u64).collect(),
            Picks::Points(points) => vec![points.len() as u64],
        }
    }

    fn check(&self, shape: &[u64]) -> Result<u64> {
        let rank = |axes: usize| {
            if axes == shape.len() {
                return Ok(());
            }
            let what = format!(
                "picks along {axes} axes of a dataset of {}; give one index or list per axis",
                shape.len()
            );
            Err(Error::misuse(what))
        };
        let inside = |axis: usize, index: u64| {
            if index < shape[axis] {
                return Ok(());
            }
            let what = format!("index {index} is outside of axis {axis}, which has {}", shape[axis]);
            Err(Error::misuse(what))
        };
        match self {
            Picks::Lists(lists) => {
                rank(lists.len())?;
                for (axis, list) in lists.iter().enumerate() {
                    list.iter().try_for_each(|index| inside(axis, *index))?;
                }
            }
            Picks::Points(points) => {
                for point in points {
                    rank(point.len())?;
                    point.iter().enumerate().try_for_each(|(axis, index)| inside(axis, *index))?;
                }
            }
        }
        let count = self.shape().iter().try_fold(1u64, |product, extent| product.checked_mul(*extent));
        match count {
            Some(count) if count <= MAX_PICKED => Ok(count),
            count => Err(Error::Limit {
                what: "elements picked one by one".to_owned(),
                asked: count.unwrap_or(u64::MAX),
                allowed: MAX_PICKED,
            }),
        }
    }
}

/// What reading picked elements takes: a small plan for each chunk that holds any, and where its elements go.
#[derive(Debug, Clone)]
pub struct PickPlan {
    cells: Vec<Cell>,
    shape: Vec<u64>,
    element: usize,
    output_bytes: usize,
}

/// The picked elements of one chunk.
#[derive(Debug, Clone)]
struct Cell {
    /// Reads the least window that holds them.
    plan: Plan,
    /// Number of an element in the window, and in the output.
    places: Vec<(usize, usize)>,
}

impl PickPlan {
    /// Shape of the output; C order.
    pub fn shape(&self) -> &[u64] {
        &self.shape
    }

    /// Bytes of the output.
    pub fn output_bytes(&self) -> usize {
        self.output_bytes
    }

    /// The stored byte ranges. A range that several chunks of picks share is there several times.
    pub fn ranges(&self) -> Vec<Range<u64>> {
        self.cells.iter().flat_map(|cell| cell.plan.ranges()).collect()
    }
}

impl Dataset {
    /// Plans how picked elements are read. `path` only names the dataset in errors.
    ///
    /// # Errors
    /// [`Error::Misuse`] for an index outside of the dataset, [`Error::Limit`] for more than 2²² elements, and what
    /// [`Dataset::plan`] returns.
    pub fn plan_picks(&self, path: &str, picks: &Picks) -> Result<PickPlan> {
        let count = picks.check(&self.shape)?;
        let cell = self.cell_shape();
        let element = self.datatype.size() as usize;
        let mut cells = Vec::new();
        for places in cells_of(picks, &cell).into_values() {
            cells.push(self.planned(path, &places)?);
        }
        let output_bytes = usize::try_from(count).ok().and_then(|count| count.checked_mul(element));
        let output_bytes =
            output_bytes.ok_or_else(|| Error::misuse("more bytes picked than there can be"))?;
        Ok(PickPlan { cells, shape: picks.shape(), element, output_bytes })
    }

    /// Elements that are read together: a chunk, or some of the last axes of contiguous values.
    fn cell_shape(&self) -> Vec<u64> {
        if let (Layout::Chunked(_) | Layout::Unread(_), Some(chunk)) = (&self.layout, &self.chunk_shape) {
            return chunk.clone();
        }
        let mut room = (CELL_BYTES / self.datatype.size().max(1)).max(1);
        let mut cell = vec![1; self.shape.len()];
        for (extent, all) in cell.iter_mut().zip(&self.shape).rev() {
            *extent = (*all).clamp(1, room);
            room /= *extent;
        }
        cell
    }

    fn planned(&self, path: &str, points: &[(Vec<u64>, usize)]) -> Result<Cell> {
        let rank = self.shape.len();
        let bound = |axis: usize| {
            let along = || points.iter().map(|(point, _)| point[axis]);
            along().min().unwrap_or(0)..along().max().map_or(0, |last| last + 1)
        };
        let window: Vec<Range<u64>> = (0..rank).map(bound).collect();
        let inside = |point: &[u64]| {
            point
                .iter()
                .zip(&window)
                .fold(0, |at, (index, range)| at * (range.end - range.start) + (index - range.start))
                as usize
        };
        let places = points.iter().map(|(point, output)| (inside(point), *output)).collect();
        let plan = self.plan(path, &Selection::window(&window))?;
        Ok(Cell { plan, places })
    }
}

/// Picked points with their place in the output, by the cell that holds them.
fn cells_of(picks: &Picks, cell: &[u64]) -> BTreeMap<Vec<u64>, Vec<(Vec<u64>, usize)>> {
    let mut cells: BTreeMap<Vec<u64>, Vec<(Vec<u64>, usize)>> = BTreeMap::new();
    let mut add = |point: Vec<u64>, output: usize| {
        let number = point.iter().zip(cell).map(|(index, extent)| index / (*extent).max(1)).collect();
        cells.entry(number).or_default().push((point, output));
    };
    match picks {
        Picks::Points(points) => points.iter().cloned().enumerate().for_each(|(at, point)| add(point, at)),
        Picks::Lists(lists) => {
            let combinations = Product::new(lists.iter().map(Vec::len).collect());
            for (at, taken) in combinations.enumerate() {
                add(taken.iter().zip(lists).map(|(number, list)| list[*number]).collect(), at);
            }
        }
    }
    cells
}

/// Reads picked elements in one wave: bytes in the order of the picks, little-endian.
///
/// # Errors
/// [`Error::Read`] from the reader, [`Error::Malformed`] for damaged or missing bytes.
pub async fn read_picked_bytes(reader: &dyn ReadRanges, plan: &PickPlan) -> Result<Vec<u8>> {
    let mut output = vec![0; plan.output_bytes];
    let ranges = plan.ranges();
    let mut parts = if ranges.is_empty() {
        Vec::new()
    } else {
        reader.read_ranges(&ranges).await.map_err(Error::Read)?.parts
    }
    .into_iter();
    for cell in &plan.cells {
        let window = read_bytes_at(&cell.plan, &mut parts)?;
        for (from, to) in &cell.places {
            let element = plan.element;
            output[to * element..(to + 1) * element]
                .copy_from_slice(&window[from * element..(from + 1) * element]);
        }
    }
    Ok(output)
}

/// Reads picked elements of a dataset as typed values; as [`crate::read_values`] does for a selection.
///
/// ```
/// # use futures::FutureExt;
/// # use swath_hdf5::{Index, Picks, ReadRanges, Result, Values, read_picks};
/// async fn corners(reader: &dyn ReadRanges, index: &Index, path: &str) -> Result<Values> {
///     let last: Vec<u64> = index.dataset(path)?.shape.iter().map(|extent| extent - 1).collect();
///     read_picks(reader, index, path, &Picks::Lists(last.iter().map(|last| vec![0, *last]).collect())).await
/// }
/// ```
///
/// # Errors
/// [`Error::NotFound`] if the index has no such dataset; what [`Dataset::plan_picks`] and [`read_picked_bytes`] return.
pub async fn read_picks(reader: &dyn ReadRanges, index: &Index, path: &str, picks: &Picks) -> Result<Values> {
    let dataset = index.dataset(path)?;
    let plan = dataset.plan_picks(path, picks)?;
    let bytes = read_picked_bytes(reader, &plan).await?;
    values_of(reader, index, path, &dataset.datatype, bytes).await
}
