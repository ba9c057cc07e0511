//! What whoever makes labels and indexes of a tree looks at first: dimension scales, and the ends of times.

use std::collections::BTreeMap;
use std::sync::Arc;

use swath_hdf5::{Axis, Dataset, Plan, Selection, Values};

use super::{DataTree, grids};
use crate::error::Result;
use crate::read::{check_cost, read_small_each};

/// How netCDF begins the name of a scale that is no variable.
const NO_VARIABLE: &str = "This is a netCDF dimension but not a netCDF variable";
/// Most bytes of times that are no scale and come along with the scales.
const SMALL_TIMES: u64 = 64 << 10;
/// Most bytes that are fetched for the ends of one long array of times.
const ENDS: u64 = 4 << 20;

/// The values of dimension scales and of times, by path, as little-endian bytes in C order.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Scales {
    /// Values of the dimension scales, and of other times of at most 64 KiB.
    pub values: BTreeMap<String, Vec<u8>>,
    /// First and last element of longer arrays of times: who decodes times looks at these.
    pub ends: BTreeMap<String, [Vec<u8>; 2]>,
}

impl DataTree {
    /// The dimension scales below the opened group and the ends of its times: one wave the first time, then none. The ends
    /// of the axes come along, where opening left them out ([`OpenOptions::axes_later`](super::OpenOptions::axes_later)).
    ///
    /// Scales that netCDF wrote for the extent of a dimension alone are not read: they hold nothing, and may be of any
    /// size. One that is damaged is left out; reading it says what is wrong with it.
    ///
    /// # Errors
    /// As [`DataArray::read`](crate::DataArray::read).
    pub async fn read_scales(&self) -> Result<Arc<Scales>> {
        self.check_open()?;
        // Who comes second waits for the first.
        self.0.scales.get_or_try_init(|| self.fetch_scales()).await.cloned()
    }

    async fn fetch_scales(&self) -> Result<Arc<Scales>> {
        let (object, index) = (self.object(), self.index());
        let mut groups = grids::grid_groups(index);
        groups.retain(|group| !self.axes().contains_key(group));
        let axes = grids::WantedAxes::new(index, &groups)?;
        let wanted = Wanted::new(self).await?;
        let mut plans = axes.plans();
        let of_axes = plans.len();
        plans.extend(wanted.plans.iter().cloned());
        let read = read_small_each(object, index, &plans).await;
        let mut read = read.map_err(|error| self.reconsider(error))?;
        let of_scales = read.split_off(of_axes);
        let axes = axes.axes(index, read)?;
        self.axes().extend(axes);
        if let Some(cache) = &self.0.save_in {
            cache.save(&object.address().to_string(), self.group(), &self.kept(index.clone()));
        }
        Ok(Arc::new(wanted.scales(of_scales)))
    }
}

/// What is to be read: the path of each plan, and whether it is of all values or of an end.
struct Wanted {
    parts: Vec<(String, Part)>,
    plans: Vec<Plan>,
}

#[derive(Clone, Copy)]
enum Part {
    All,
    First,
    Last,
}

impl Wanted {
    async fn new(tree: &DataTree) -> Result<Self> {
        let (mut parts, mut plans) = (Vec::new(), Vec::new());
        let mut allowed = tree.0.limits;
        for (path, dataset) in tree.index().datasets() {
            for (part, plan) in planned(tree, path, dataset).await {
                check_cost(&plan, allowed)?;
                allowed.max_bytes = allowed.max_bytes.saturating_sub(plan.bytes());
                let output = plan.output_bytes() as u64;
                allowed.max_output_bytes = allowed.max_output_bytes.saturating_sub(output);
                parts.push((path.to_owned(), part));
                plans.push(plan);
            }
        }
        Ok(Self { parts, plans })
    }

    /// The scales, from what was read for the plans.
    fn scales(self, read: Vec<swath_hdf5::Result<Vec<u8>>>) -> Scales {
        let mut scales = Scales::default();
        let mut first = None;
        for ((path, part), bytes) in self.parts.into_iter().zip(read) {
            let bytes = bytes.ok();
            match part {
                Part::All => scales.values.extend(bytes.map(|bytes| (path, bytes))),
                Part::First => first = bytes,
                Part::Last => {
                    let ends = first.take().zip(bytes);
                    scales.ends.extend(ends.map(|(first, last)| (path, [first, last])));
                }
            }
        }
        scales
    }
}

/// How to read what is wanted of an array: all of it or nothing, since a first without a last says nothing.
async fn planned(tree: &DataTree, path: &str, dataset: &Dataset) -> Vec<(Part, Plan)> {
    let mut plans = Vec::new();
    for (part, selection) in selected(dataset) {
        // What cannot be planned, in other files for instance, says so when it is read.
        match tree.plan(path, &selection).await {
            Ok(plan) if matches!(part, Part::All) || plan.bytes() <= ENDS => plans.push((part, plan)),
            _ => return Vec::new(),
        }
    }
    plans
}

/// What to read of an array: all of a scale and of few times, the first and then the last of many times, else nothing.
fn selected(dataset: &Dataset) -> Vec<(Part, Selection)> {
    if dataset.datatype.is_variable() {
        return Vec::new();
    }
    let is_scale = dataset.is_dimension_scale && !is_extent_alone(dataset);
    let bytes = dataset.shape.iter().fold(dataset.datatype.size(), |all, extent| all.saturating_mul(*extent));
    if is_scale || (bytes <= SMALL_TIMES && bytes > 0 && counts_time(dataset)) {
        return vec![(Part::All, Selection::all(&dataset.shape))];
    }
    if bytes == 0 || !counts_time(dataset) {
        return Vec::new();
    }
    let one = |start| Axis { start, count: 1, step: 1 };
    let first = dataset.shape.iter().map(|_| one(0)).collect();
    let last = dataset.shape.iter().map(|extent| one(extent.saturating_sub(1))).collect();
    vec![(Part::First, Selection::strided(first)), (Part::Last, Selection::strided(last))]
}

/// Whether a scale is a netCDF dimension without a variable (netCDF-4 file format, "dimensions without coordinate variables").
fn is_extent_alone(dataset: &Dataset) -> bool {
    let name = dataset.attribute("NAME").map(|attribute| &attribute.value);
    matches!(name, Some(Values::Strings(texts)) if texts.iter().any(|text| text.starts_with(NO_VARIABLE)))
}

/// Whether it holds times: numbers of some unit since a moment (CF conventions, section 4.4).
fn counts_time(dataset: &Dataset) -> bool {
    let units = dataset.attribute("units").map(|attribute| &attribute.value);
    matches!(units, Some(Values::Strings(texts)) if texts.iter().any(|text| text.contains(" since ")))
}
