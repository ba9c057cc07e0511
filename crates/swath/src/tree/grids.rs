//! Where the grids of a file are, read from `projection` and the ends of the coordinate axes.
//!
//! NISAR keeps beside the layers of a grid `projection` (its value and attribute `epsg_code` are the EPSG code),
//! `xCoordinates` and `yCoordinates` (pixel centres) and `xCoordinateSpacing` and `yCoordinateSpacing` (product specification
//! JPL D-102274, §grids). A regular grid is known by the ends of its axes: 8 bytes each instead of 130 KB.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use swath_hdf5::{Index, Object as Node, Plan, Selection, Values};

use crate::error::{Error, ErrorKind, Result};
use crate::geo::{Axis, Crs, Grid};
use crate::read::read_small_each;
use crate::store::Object;

/// The ends of a grid's axes, as they are in the file. Kept with the saved index.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub(crate) struct GridAxes {
    epsg: u32,
    x: AxisEnds,
    y: AxisEnds,
}

#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
struct AxisEnds {
    first: f64,
    last: f64,
    count: u64,
    spacing: Option<f64>,
}

impl GridAxes {
    pub(crate) fn grid(&self) -> Result<Grid> {
        // Without a declared spacing the axis can only be taken at its word.
        let implied = |ends: &AxisEnds| (ends.last - ends.first) / ends.count.saturating_sub(1) as f64;
        let axis = |ends: &AxisEnds| Axis {
            first: ends.first,
            last: ends.last,
            count: ends.count,
            spacing: ends.spacing.unwrap_or_else(|| implied(ends)),
        };
        Grid::new(Crs::from_epsg(self.epsg)?, axis(&self.x), axis(&self.y))
    }
}

const X: &str = "xCoordinates";
const Y: &str = "yCoordinates";
const PROJECTION: &str = "projection";

/// Datasets of a grid whose ends say where it is.
pub(super) const AXES: &[&str] = &[X, Y, "xCoordinateSpacing", "yCoordinateSpacing", PROJECTION];

/// The groups that hold a product's image grids: `…/grids/…` with axes and a projection.
pub(crate) fn grid_groups(index: &Index) -> Vec<String> {
    let has = |group: &str, name: &str| index.get(&format!("{group}/{name}")).is_some();
    let is_grid =
        |path: &&String| path.contains("/grids/") && [X, Y, PROJECTION].iter().all(|name| has(path, name));
    let groups =
        index.objects.iter().filter(|(_, node)| matches!(node, Node::Group(_))).map(|(path, _)| path);
    groups.filter(is_grid).cloned().collect()
}

/// Reads the axes of these groups, all in one wave.
pub(crate) async fn read_axes(
    object: &Object,
    index: &Index,
    groups: &[String],
) -> Result<BTreeMap<String, GridAxes>> {
    let wanted = WantedAxes::new(index, groups)?;
    let read = read_small_each(object, index, &wanted.plans()).await?;
    wanted.axes(index, read)
}

/// What is to be read to know the axes of some groups: for each group the ends of both axes, their spacings, and the
/// projection; what a group does not have is not asked for.
pub(super) struct WantedAxes(Vec<(String, Vec<Option<Plan>>)>);

impl WantedAxes {
    pub(super) fn new(index: &Index, groups: &[String]) -> Result<Self> {
        let of_group = |group: &String| {
            let mut plans = Vec::new();
            for name in [X, Y] {
                plans.extend(end_plans(index, &format!("{group}/{name}"))?);
            }
            for name in ["xCoordinateSpacing", "yCoordinateSpacing", PROJECTION] {
                plans.push(scalar_plan(index, &format!("{group}/{name}"))?);
            }
            Ok((group.clone(), plans))
        };
        Ok(Self(groups.iter().map(of_group).collect::<Result<_>>()?))
    }

    pub(super) fn plans(&self) -> Vec<Plan> {
        self.0.iter().flat_map(|(_, plans)| plans.iter().flatten().cloned()).collect()
    }

    /// The axes, from what was read for the plans.
    pub(super) fn axes(
        &self,
        index: &Index,
        read: Vec<swath_hdf5::Result<Vec<u8>>>,
    ) -> Result<BTreeMap<String, GridAxes>> {
        let mut read = read.into_iter();
        let mut axes = BTreeMap::new();
        for (group, plans) in &self.0 {
            let mut values = Vec::with_capacity(plans.len());
            for plan in plans {
                values.push(match plan.as_ref().zip(plan.as_ref().and_then(|_| read.next())) {
                    Some((plan, bytes)) => number(&swath_hdf5::values(plan.datatype(), bytes?)?),
                    None => None,
                });
            }
            axes.insert(group.clone(), axes_of(index, group, values)?);
        }
        Ok(axes)
    }
}

/// The axes of a group, from its values in the order of [`WantedAxes`].
fn axes_of(index: &Index, group: &str, values: Vec<Option<f64>>) -> Result<GridAxes> {
    let mut values = values.into_iter();
    let mut next = || values.next().flatten();
    let (x_first, x_last, y_first, y_last) = (next(), next(), next(), next());
    let (x_spacing, y_spacing, projection) = (next(), next(), next());
    let ends = |name: &str, first: Option<f64>, last: Option<f64>, spacing| {
        let path = format!("{group}/{name}");
        let count = index.dataset(&path)?.shape.first().copied().unwrap_or(0);
        let missing = || Error::new(ErrorKind::Integrity, format!("{path} holds no numbers"));
        Ok::<_, Error>(AxisEnds {
            first: first.ok_or_else(missing)?,
            last: last.ok_or_else(missing)?,
            count,
            spacing,
        })
    };
    let epsg = epsg(index, group, projection)?;
    let (x, y) = (ends(X, x_first, x_last, x_spacing)?, ends(Y, y_first, y_last, y_spacing)?);
    Ok(GridAxes { epsg, x, y })
}

/// Plans for the first and the last value of an axis.
fn end_plans(index: &Index, path: &str) -> Result<[Option<Plan>; 2]> {
    let dataset = index.dataset(path)?;
    let Some(last) = dataset.shape.first().and_then(|count| count.checked_sub(1)) else {
        return Err(Error::new(ErrorKind::Integrity, format!("{path} is empty")));
    };
    let at = |place: u64| dataset.plan(path, &Selection::window(&[place..place + 1])).map(Some);
    Ok([at(0)?, at(last)?])
}

/// A plan for a scalar, if there is one.
fn scalar_plan(index: &Index, path: &str) -> Result<Option<Plan>> {
    match index.dataset(path) {
        Ok(dataset) if dataset.elements() == Some(1) => {
            Ok(Some(dataset.plan(path, &Selection::all(&dataset.shape))?))
        }
        _ => Ok(None),
    }
}

/// The first number of a value, or of a text that is a number.
fn number(values: &Values) -> Option<f64> {
    match values.to_f64() {
        Some(numbers) => numbers.first().copied(),
        None => values.text()?.trim().parse().ok(),
    }
}

/// The EPSG code: the attribute `epsg_code` of `projection` (integer, text or array in products of different age), or
/// its value.
fn epsg(index: &Index, group: &str, value: Option<f64>) -> Result<u32> {
    let path = format!("{group}/{PROJECTION}");
    let attribute =
        index.dataset(&path)?.attribute("epsg_code").and_then(|attribute| number(&attribute.value));
    let usable = |code: &f64| code.fract() == 0.0 && (1.0..=999_999.0).contains(code);
    match (attribute.filter(usable), value.filter(usable)) {
        (Some(attribute), Some(value)) if attribute != value => Err(Error::new(
            ErrorKind::Integrity,
            format!("{path} is EPSG:{value} by its value and EPSG:{attribute} by its attribute"),
        )),
        (Some(code), _) | (None, Some(code)) => Ok(code as u32),
        (None, None) => Err(Error::new(ErrorKind::Unsupported, format!("{path} holds no EPSG code"))),
    }
}
