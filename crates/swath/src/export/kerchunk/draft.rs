//! What becomes of one dataset: references to its chunks, its values themselves, or a reason why neither.

use serde_json::{Value, json};
use swath_hdf5::{ChunkTable, DataType, Dataset, Layout, Plan, Selection};

use super::element::{self, Codecs, Element};
use super::{KerchunkOptions, attributes};
use crate::tree::DataTree;

/// A dataset that is in the references, and what must be read before it can be written.
pub(super) struct Draft {
    pub(super) path: String,
    /// Text of `.zattrs`.
    pub(super) zattrs: String,
    pub(super) body: Body,
}

pub(super) enum Body {
    /// The values go into the references.
    Embedded { zarray: Value, element: Element, plan: Plan },
    /// Texts of any length go into the references.
    Texts { zarray: Value },
    /// One run of bytes of the file.
    Run { zarray: Value, offset: u64, length: u64 },
    /// The chunks of the table, but for those that must be written anew.
    Chunks { zarray: Value, patches: Vec<Patch>, absent: Option<Vec<u8>>, codecs: Codecs },
}

/// A chunk whose stored bytes do not fit the array's codecs, because filters were left out for it alone.
pub(super) struct Patch {
    pub(super) coordinates: Vec<u64>,
    pub(super) plan: Plan,
}

impl Draft {
    /// What must be read for it, in the order in which it is taken.
    pub(super) fn plans(&self) -> impl Iterator<Item = &Plan> {
        let (whole, patches) = match &self.body {
            Body::Embedded { plan, .. } => (Some(plan), [].as_slice()),
            Body::Chunks { patches, .. } => (None, patches.as_slice()),
            Body::Texts { .. } | Body::Run { .. } => (None, [].as_slice()),
        };
        whole.into_iter().chain(patches.iter().map(|patch| &patch.plan))
    }

    pub(super) fn is_texts(&self) -> bool {
        matches!(self.body, Body::Texts { .. })
    }

    /// Bytes that it adds to what is held and read.
    pub(super) fn embedded_bytes(&self) -> u64 {
        let planned = |plan: &Plan| plan.bytes().max(plan.output_bytes() as u64);
        let absent = match &self.body {
            Body::Chunks { absent: Some(absent), .. } => absent.len() as u64,
            _ => 0,
        };
        self.plans().map(planned).fold(absent, u64::saturating_add)
    }
}

/// Why a dataset is not in the references.
pub(super) type Reason = String;

/// Bytes that a variable-length text is taken to need, before it is read.
const TEXT_BYTES: u64 = 64;

/// Decides on the dataset at `path`.
///
/// # Errors
/// A sentence on why zarr cannot hold it.
pub(super) fn draft(
    tree: &DataTree,
    path: &str,
    dataset: &Dataset,
    options: &KerchunkOptions,
) -> Result<Draft, Reason> {
    let dimensions = tree.array(path).map_err(|error| error.to_string())?.dimensions();
    let drafting = Drafting { path, dataset, options, file_bytes: tree.index().size };
    let nodata = element::nodata(dataset);
    let zattrs = attributes::of_array(&dataset.attributes, &dimensions, nodata.is_some());
    let body = drafting.body(nodata)?;
    Ok(Draft { path: path.to_owned(), zattrs, body })
}

/// The decision on one dataset of a file of so many bytes.
pub(super) struct Drafting<'a> {
    pub(super) path: &'a str,
    pub(super) dataset: &'a Dataset,
    pub(super) options: &'a KerchunkOptions,
    pub(super) file_bytes: u64,
}

impl Drafting<'_> {
    /// `nodata` is the value of `_FillValue`, if zarr can state it.
    pub(super) fn body(&self, nodata: Option<Value>) -> Result<Body, Reason> {
        let dataset = self.dataset;
        if dataset.layout == Layout::Null {
            return Err("it has no values (its dataspace is null)".to_owned());
        }
        let elements = dataset.elements().ok_or("it has 2^64 elements or more")?;
        if matches!(dataset.datatype, DataType::VariableString { .. }) {
            return self.texts(elements);
        }
        let element = Element::of(&dataset.datatype)?;
        let size = elements.checked_mul(dataset.datatype.size()).ok_or("it has 2^64 bytes or more")?;
        let small = size <= self.options.inline_limit || matches!(dataset.layout, Layout::Compact(_));
        if small && let Ok(body) = self.embedded(&element, size, nodata.clone()) {
            return Ok(body);
        }
        match self.referenced(&element, size, nodata.clone()) {
            Ok(body) => Ok(body),
            Err(why) => self.embedded(&element, size, nodata).map_err(|limit| match limit == why {
                true => why,
                false => format!("{why}; {limit}"),
            }),
        }
    }

    /// Values in the references, as one chunk without codecs.
    fn embedded(&self, element: &Element, size: u64, nodata: Option<Value>) -> Result<Body, Reason> {
        self.check_limit(size)?;
        let plan = self.plan(&Selection::all(&self.dataset.shape))?;
        self.check_limit(plan.bytes())?;
        let zarray = self.zarray(&self.dataset.shape, &element.decoded, nodata, (Value::Null, Value::Null));
        Ok(Body::Embedded { zarray, element: element.clone(), plan })
    }

    fn texts(&self, elements: u64) -> Result<Body, Reason> {
        self.check_limit(elements.saturating_mul(TEXT_BYTES))?;
        // The plan is only made to learn whether the references into the heap can be read.
        let plan = self.plan(&Selection::all(&self.dataset.shape))?;
        self.check_limit(plan.bytes())?;
        let filters = json!([{ "id": "vlen-utf8" }]);
        Ok(Body::Texts {
            zarray: self.zarray(&self.dataset.shape, &json!("|O"), None, (filters, Value::Null)),
        })
    }

    fn referenced(&self, element: &Element, size: u64, nodata: Option<Value>) -> Result<Body, Reason> {
        let stored = element
            .stored
            .as_ref()
            .ok_or_else(|| format!("zarr would read its stored {} wrongly", self.dataset.datatype.name()))?;
        // One element's plan finds out whether shape, chunks, filters and type fit together.
        self.plan(&Selection::window(
            &self.dataset.shape.iter().map(|extent| 0..1.min(*extent)).collect::<Vec<_>>(),
        ))?;
        match &self.dataset.layout {
            Layout::Contiguous { offset: Some(offset), .. } => {
                self.check_inside(*offset, size)?;
                let zarray = self.zarray(&self.dataset.shape, stored, nodata, (Value::Null, Value::Null));
                Ok(Body::Run { zarray, offset: *offset, length: size })
            }
            Layout::Contiguous { offset: None, .. } => {
                // Without a chunk every reader takes the fill value.
                let fill = element::unwritten(self.dataset).filter(|fill| Some(fill) == nodata.as_ref());
                let fill = fill.ok_or("it was never written, and its fill value is not _FillValue")?;
                let zarray = self.zarray(&self.dataset.shape, stored, Some(fill), (Value::Null, Value::Null));
                Ok(Body::Run { zarray, offset: 0, length: 0 })
            }
            Layout::Chunked(table) => self.chunks(table, stored, nodata),
            Layout::Unread(_) => {
                Err("its chunk table was not read: open the whole granule, not one layer".to_owned())
            }
            _ => Err("its values are not in the file".to_owned()),
        }
    }

    fn chunks(&self, table: &ChunkTable, stored: &Value, nodata: Option<Value>) -> Result<Body, Reason> {
        let shape = self.dataset.chunk_shape.as_deref().ok_or("it has no shape of chunks")?;
        let chunk_bytes = shape
            .iter()
            .try_fold(self.dataset.datatype.size(), |bytes, extent| bytes.checked_mul(*extent))
            .ok_or("its chunks have 2^64 bytes or more")?;
        let mask = self.common_mask(table);
        let codecs = Codecs::of(&self.dataset.filters, mask)?;
        if !codecs.take(chunk_bytes) {
            return Err("zarr cannot undo a shuffle of incomplete elements".to_owned());
        }
        let mut patches = Vec::new();
        for (coordinates, chunk) in table.iter() {
            self.check_inside(chunk.offset, chunk.size)?;
            if self.effective(chunk.filter_mask) != mask {
                self.check_patch(chunk_bytes.saturating_mul(patches.len() as u64 + 1))?;
                let plan = self.plan(&self.chunk_window(&coordinates, shape))?;
                self.check_limit(plan.bytes())?;
                patches.push(Patch { coordinates, plan });
            } else if codecs.is_empty() && chunk.size != chunk_bytes {
                return Err(format!("a chunk of {chunk_bytes} bytes is stored in {}", chunk.size));
            }
        }
        let absent = self.absent(table, &codecs, chunk_bytes, nodata.as_ref())?;
        let can_be_written = || {
            element::in_order(&self.dataset.datatype, Vec::new())?;
            codecs.encode(Vec::new())
        };
        if !patches.is_empty() && can_be_written().is_none() {
            return Err("chunks that were stored without a filter cannot be written anew".to_owned());
        }
        let zarray = self.zarray(shape, stored, nodata, codecs.to_json());
        Ok(Body::Chunks { zarray, patches, absent, codecs })
    }

    /// What is written for each chunk that the file lacks; `None` when there is none, or zarr's fill value says it.
    ///
    /// xarray takes that value for "no data", so it can only be used where it means the same.
    fn absent(
        &self,
        table: &ChunkTable,
        codecs: &Codecs,
        chunk_bytes: u64,
        nodata: Option<&Value>,
    ) -> Result<Option<Vec<u8>>, Reason> {
        let cells = table.grid().iter().try_fold(1u64, |product, extent| product.checked_mul(*extent));
        let missing = cells.unwrap_or(u64::MAX).saturating_sub(table.len() as u64);
        if missing == 0 || nodata.is_some() && element::unwritten(self.dataset).as_ref() == nodata {
            return Ok(None);
        }
        let why = || format!("{missing} chunks were never written, and its fill value is not _FillValue");
        self.check_patch(chunk_bytes).map_err(|limit| format!("{}; {limit}", why()))?;
        let element = usize::try_from(self.dataset.datatype.size()).map_err(|_| why())?;
        let fill = self.dataset.fill.clone().filter(|fill| fill.len() == element);
        let chunk = fill.unwrap_or_else(|| vec![0; element]).repeat(chunk_bytes as usize / element.max(1));
        let encoded = codecs.encode(chunk).ok_or_else(why)?;
        self.check_limit(missing.saturating_mul(encoded.len() as u64))
            .map_err(|limit| format!("{}; {limit}", why()))?;
        Ok(Some(encoded))
    }

    /// The bits of a mask that belong to a filter.
    fn effective(&self, mask: u32) -> u32 {
        let numbers = 0..self.dataset.filters.len();
        numbers.filter(|number| element::is_masked(mask, *number)).fold(0, |bits, number| bits | 1 << number)
    }

    /// The mask that all chunks have, or 0.
    fn common_mask(&self, table: &ChunkTable) -> u32 {
        let mut masks = table.iter().map(|(_, chunk)| self.effective(chunk.filter_mask));
        let first = masks.next().unwrap_or(0);
        if first != 0 && masks.all(|mask| mask == first) { first } else { 0 }
    }

    fn chunk_window(&self, coordinates: &[u64], chunk_shape: &[u64]) -> Selection {
        let axes = coordinates.iter().zip(chunk_shape).zip(&self.dataset.shape);
        let range = |((at, extent), whole): ((&u64, &u64), &u64)| {
            let start = at.saturating_mul(*extent);
            start..start.saturating_add(*extent).min(*whole)
        };
        Selection::window(&axes.map(range).collect::<Vec<_>>())
    }

    fn plan(&self, selection: &Selection) -> Result<Plan, Reason> {
        let plan = self.dataset.plan(self.path, selection).map_err(|error| error.to_string())?;
        match plan.ranges().iter().all(|range| range.end <= self.file_bytes) {
            true => Ok(plan),
            false => Err("its values lie beyond the end of the file".to_owned()),
        }
    }

    fn check_inside(&self, offset: u64, length: u64) -> Result<(), Reason> {
        match offset.checked_add(length) {
            Some(end) if end <= self.file_bytes => Ok(()),
            _ => Err("its values lie beyond the end of the file".to_owned()),
        }
    }

    fn check_limit(&self, bytes: u64) -> Result<(), Reason> {
        let allowed = self.options.embed_limit;
        match bytes <= allowed {
            true => Ok(()),
            false => Err(format!("{bytes} bytes are too many to be embedded, {allowed} are allowed")),
        }
    }

    fn check_patch(&self, bytes: u64) -> Result<(), Reason> {
        self.check_limit(bytes).map_err(|limit| format!("chunks would have to be written anew; {limit}"))
    }

    fn zarray(
        &self,
        chunks: &[u64],
        dtype: &Value,
        fill: Option<Value>,
        (filters, compressor): (Value, Value),
    ) -> Value {
        // zarr has no empty chunks, HDF5 has empty arrays.
        let chunks: Vec<u64> = chunks.iter().map(|extent| (*extent).max(1)).collect();
        json!({
            "zarr_format": 2,
            "shape": self.dataset.shape,
            "chunks": chunks,
            "dtype": dtype,
            "compressor": compressor,
            "filters": filters,
            "fill_value": fill.unwrap_or(Value::Null),
            "order": "C",
        })
    }
}

/// A chunk as it would be stored before its filters: the part that lies in the array, decoded, with zeros around it.
pub(super) fn whole_chunk(dataset: &Dataset, plan: &Plan, part: &[u8]) -> Vec<u8> {
    let chunk_shape = dataset.chunk_shape.as_deref().unwrap_or(&[]);
    let element = plan.element_bytes();
    // The planner has checked that a chunk has at most 256 MiB.
    let length = chunk_shape.iter().fold(element, |bytes, extent| bytes * *extent as usize);
    let mut chunk = vec![0; length];
    let row = plan.shape().last().map_or(element, |extent| *extent as usize * element);
    for (number, values) in part.chunks_exact(row.max(1)).enumerate() {
        let (mut rest, mut at, mut stride) = (number, 0, element);
        for (axis, (extent, inside)) in chunk_shape.iter().zip(plan.shape()).enumerate().rev() {
            if axis + 1 < chunk_shape.len() {
                at += rest % *inside as usize * stride;
                rest /= *inside as usize;
            }
            stride *= *extent as usize;
        }
        if let Some(place) = chunk.get_mut(at..at + values.len()) {
            place.copy_from_slice(values);
        }
    }
    element::in_order(&dataset.datatype, chunk).unwrap_or_default()
}
