//! One lazy labelled array of a tree, or a window of it.

use std::sync::Arc;

use swath_hdf5::{Attribute, Dataset, Plan, Selection, Values};

use super::{DataTree, grids};
use crate::array::{Array, Nodata, Window};
use crate::error::{Error, Result};
use crate::geo::{Grid, LonLatBox};
use crate::read;
use crate::reduce::{Accumulator, Statistics};

/// A labelled array whose values are fetched when it is read. Cloning is cheap.
#[derive(Debug, Clone)]
pub struct DataArray {
    tree: DataTree,
    path: String,
    window: Option<Window>,
}

/// What a read will cost, known before anything is fetched.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Cost {
    /// Stored pieces (chunks, runs of bytes) under the window.
    pub pieces: u64,
    /// Bytes to be fetched.
    pub bytes: u64,
    /// Bytes of the values in memory.
    pub output_bytes: u64,
}

impl DataArray {
    pub(super) fn whole(tree: DataTree, path: String) -> Self {
        Self { tree, path, window: None }
    }

    /// The tree that the array belongs to.
    pub fn tree(&self) -> &DataTree {
        &self.tree
    }

    /// Absolute path in the file.
    pub fn path(&self) -> &str {
        &self.path
    }

    /// Last part of the path.
    pub fn name(&self) -> &str {
        self.path.rsplit('/').next().unwrap_or_default()
    }

    /// Names of the dimensions, slowest first: those of the coordinates attached to them.
    pub fn dimensions(&self) -> Vec<String> {
        self.tree.dimensions().of(self.tree.index(), &self.path)
    }

    /// Extent along each dimension, after the window.
    pub fn shape(&self) -> Vec<u64> {
        let mut shape = self.dataset().shape.clone();
        if let (Some(window), [.., height, width]) = (self.window, shape.as_mut_slice()) {
            (*height, *width) = (window.height(), window.width());
        }
        shape
    }

    /// Type of the values, as numpy names it.
    pub fn data_type(&self) -> String {
        self.dataset().datatype.name()
    }

    /// Attributes, as in the file.
    pub fn attributes(&self) -> &[Attribute] {
        &self.dataset().attributes
    }

    /// The window that is read: rows and columns of the two last dimensions.
    ///
    /// # Errors
    /// A usage error when the array has fewer than two dimensions.
    pub fn window(&self) -> Result<Window> {
        match (self.window, self.dataset().shape.as_slice()) {
            (Some(window), _) => Ok(window),
            (None, [.., height, width]) => Ok(Window::whole(*height, *width)),
            _ => Err(Error::usage(format!("{} has no rows and columns", self.path))),
        }
    }

    /// The same array, restricted to a window (relative to the whole array).
    ///
    /// # Errors
    /// A usage error when the window is empty or reaches outside.
    pub fn with_window(&self, window: Window) -> Result<Self> {
        let [.., height, width] = self.dataset().shape.as_slice() else {
            return Err(Error::usage(format!("{} has no rows and columns", self.path)));
        };
        let window = window.checked_within(*height, *width);
        let window = window.map_err(|e| e.in_context(format!("{} cannot be read there", self.path)))?;
        Ok(Self { window: Some(window), ..self.clone() })
    }

    /// The same array, restricted to the pixels that a lon/lat box touches: the window of rioxarray's
    /// `clip_box(…, crs="EPSG:4326")`.
    ///
    /// # Errors
    /// A usage error when the box lies outside of the grid or the array is on no grid.
    pub async fn clip_box(&self, area: LonLatBox) -> Result<Self> {
        let window = self.grid().await?.window_of_bounds(&area)?;
        self.with_window(window)
    }

    /// The grid that the whole array lies on.
    ///
    /// # Errors
    /// A usage error when its dimensions have no map coordinates; an unsupported CRS; what reading the axes may fail with.
    pub async fn grid(&self) -> Result<Grid> {
        let scale = self.dataset().dimensions.last().and_then(Option::as_deref);
        let group = scale.and_then(|path| path.strip_suffix("/xCoordinates"));
        let Some(group) = group else {
            return Err(Error::usage(format!("{} is on no map grid: it has no xCoordinates", self.path)));
        };
        if let Some(axes) = self.tree.axes().get(group) {
            return axes.grid();
        }
        self.tree.check_open()?;
        let found = grids::read_axes(self.tree.object(), self.tree.index(), &[group.to_owned()]).await?;
        self.tree.axes().extend(found.clone());
        match found.get(group) {
            Some(axes) => axes.grid(),
            None => Err(Error::usage(format!("{group} is no map grid"))),
        }
    }

    /// What reading will cost. Nothing is fetched to know it, but for an array of so many chunks that their table was not
    /// read with the metadata.
    ///
    /// # Errors
    /// When the array cannot be read at all; what the network may fail with.
    pub async fn cost(&self) -> Result<Cost> {
        let plan = self.plan().await?;
        let pieces = plan.pieces().iter().filter(|piece| piece.range.is_some()).count() as u64;
        Ok(Cost { pieces, bytes: plan.bytes(), output_bytes: plan.output_bytes() as u64 })
    }

    /// Reads the values.
    ///
    /// # Errors
    /// [`ErrorKind::Closed`](crate::ErrorKind::Closed) after the tree was closed, [`ErrorKind::Limit`](crate::ErrorKind::Limit)
    /// before anything is fetched, and whatever the network and the file may fail with.
    pub async fn read(&self) -> Result<Array> {
        self.tree.check_open()?;
        let plan = self.plan().await?;
        let values = read::read(self.tree.object(), plan, self.tree.0.limits).await;
        let values = values.map_err(|error| self.tree.reconsider(error))?;
        let shape = self.shape().iter().map(|extent| *extent as usize).collect();
        Array::new(self.dimensions(), shape, values)
    }

    /// Reads a selection of the whole array (any window set aside) as little-endian bytes in C order, for callers that
    /// bring their own array type. Half-precision and text of fixed length come as they are stored.
    ///
    /// # Errors
    /// As [`DataArray::read`]; a usage error for a selection outside of the array, and for text of variable length (see
    /// [`DataArray::read_texts`]).
    pub async fn read_bytes(&self, selection: &Selection) -> Result<Vec<u8>> {
        self.tree.check_open()?;
        let dataset = self.dataset();
        if dataset.datatype.is_variable() {
            let what = format!("{} holds {}, which has no fixed size", self.path, dataset.datatype.name());
            return Err(Error::usage(what).with_hint("read it as text"));
        }
        let plan = Arc::new(self.tree.plan(&self.path, selection).await?);
        let bytes = read::read_bytes(self.tree.object(), &plan, self.tree.0.limits).await;
        bytes.map_err(|error| self.tree.reconsider(error))
    }

    /// Reads a selection of the whole array of text of variable length, in C order.
    ///
    /// # Errors
    /// As [`DataArray::read`]; a usage error when the array does not hold such text.
    pub async fn read_texts(&self, selection: &Selection) -> Result<Vec<String>> {
        self.tree.check_open()?;
        let limits = self.tree.0.limits;
        let plan = self.tree.plan(&self.path, selection).await?;
        read::check_cost(&plan, limits)?;
        let found = swath_hdf5::read_planned(self.tree.object(), self.tree.index(), &plan).await;
        match found.map_err(|error| self.tree.reconsider(error.into()))? {
            Values::Strings(texts) => Ok(texts),
            _ => Err(Error::usage(format!("{} holds {}, which is no text", self.path, self.data_type()))),
        }
    }

    /// Count, mean, standard deviation, minimum and maximum of the valid values, in `f64`, without holding the window in
    /// memory.
    ///
    /// # Errors
    /// As [`DataArray::read`], and a usage error when the values are no real numbers.
    pub async fn statistics(&self) -> Result<Statistics> {
        self.tree.check_open()?;
        let plan = self.plan().await?;
        let mut sum = Accumulator::new(self.nodata());
        let done =
            read::reduce(self.tree.object(), plan, self.tree.0.limits, |values| sum.add_values(values)).await;
        done.map_err(|error| self.tree.reconsider(error))?;
        Ok(sum.statistics())
    }

    /// Mean of the valid values in `f64`; `None` when there are none.
    ///
    /// # Errors
    /// As [`DataArray::statistics`].
    pub async fn mean(&self) -> Result<Option<f64>> {
        Ok(self.statistics().await?.mean)
    }

    /// Which values count: not those that equal `_FillValue`, nor NaN or infinity.
    pub fn nodata(&self) -> Nodata {
        let fill = self.dataset().attribute("_FillValue").and_then(|attribute| attribute.value.to_f64());
        Nodata::new(fill.and_then(|values| values.first().copied()))
    }

    async fn plan(&self) -> Result<Plan> {
        let dataset = self.dataset();
        let mut ranges: Vec<_> = dataset.shape.iter().map(|extent| 0..*extent).collect();
        if let (Some(window), [.., rows, columns]) = (self.window, ranges.as_mut_slice()) {
            *rows = window.row_off()..window.row_end();
            *columns = window.col_off()..window.col_end();
        }
        self.tree.plan(&self.path, &Selection::window(&ranges)).await
    }

    /// The dataset behind the array: type, chunks, filters, as the file states them.
    pub fn dataset(&self) -> &Dataset {
        match self.tree.index().dataset(&self.path) {
            Ok(dataset) => dataset,
            // An array is only made for a dataset of its tree's index.
            Err(_) => unreachable!("the array was made from the index"),
        }
    }
}
