//! Names of the dimensions of every array, by the rules of netCDF readers.
//!
//! An axis is named by the dimension scale attached to it. One without a scale is named by its extent: a scale of the same
//! group with that extent lends its name, else `phony_dim_N`, numbered through the groups in their order. These are the
//! names that h5netcdf gives (`phony_dims="access"`), so that code written for it finds what it looks for.

use std::collections::BTreeMap;

use swath_hdf5::{Dataset, Index, Object as Node};

/// The dimensions of each group: names and extents, scales before the others.
#[derive(Debug, Default)]
pub(super) struct Dimensions(BTreeMap<String, Vec<(String, u64)>>);

impl Dimensions {
    pub(super) fn new(index: &Index) -> Self {
        let mut known = Self::default();
        known.walk(index, &index.root, &mut 0);
        known
    }

    /// Names of the dimensions of the array at `path`, slowest first.
    pub(super) fn of(&self, index: &Index, path: &str) -> Vec<String> {
        let Ok(dataset) = index.dataset(path) else { return Vec::new() };
        if dataset.is_dimension_scale && dataset.shape.len() == 1 {
            return vec![last(path).to_owned()];
        }
        let group =
            path.rsplit_once('/').map_or("/", |(group, _)| if group.is_empty() { "/" } else { group });
        let here = self.0.get(group).map(Vec::as_slice).unwrap_or_default();
        let mut taken = BTreeMap::new();
        let name = |(axis, extent): (usize, &u64)| match scale(dataset, axis) {
            Some(scale) => last(scale).to_owned(),
            None => {
                let number: &mut usize = taken.entry(*extent).or_default();
                let mut fitting = here.iter().filter(|(_, known)| known == extent);
                let found = fitting.nth(*number);
                *number += 1;
                found.map_or_else(|| format!("phony_dim_axis_{axis}"), |(name, _)| name.clone())
            }
        };
        dataset.shape.iter().enumerate().map(name).collect()
    }

    fn walk(&mut self, index: &Index, group: &str, counter: &mut usize) {
        let children: Vec<(String, &Node)> = index.group(group).into_iter().flatten().collect();
        let mut here = Vec::new();
        let mut wanted: Vec<(u64, usize)> = Vec::new();
        for (path, node) in &children {
            match node {
                Node::Dataset(dataset) if dataset.is_dimension_scale => {
                    here.extend(dataset.shape.first().map(|extent| (last(path).to_owned(), *extent)));
                }
                Node::Dataset(dataset) => want(&mut wanted, dataset),
                _ => {}
            }
        }
        for (extent, count) in wanted {
            let lent = here.iter().filter(|(_, known)| *known == extent).count();
            for _ in lent..count {
                here.push((format!("phony_dim_{counter}"), extent));
                *counter += 1;
            }
        }
        self.0.insert(group.to_owned(), here);
        for (path, node) in &children {
            if let Node::Group(_) = node {
                self.walk(index, path, counter);
            }
        }
    }
}

/// Notes how many axes of each extent the array has without a scale, where that is more than any before.
fn want(wanted: &mut Vec<(u64, usize)>, dataset: &Dataset) {
    let mut own: Vec<(u64, usize)> = Vec::new();
    for (axis, extent) in dataset.shape.iter().enumerate() {
        if scale(dataset, axis).is_some() {
            continue;
        }
        match own.iter_mut().find(|(known, _)| known == extent) {
            Some((_, count)) => *count += 1,
            None => own.push((*extent, 1)),
        }
    }
    for (extent, count) in own {
        match wanted.iter_mut().find(|(known, _)| *known == extent) {
            Some((_, most)) => *most = count.max(*most),
            None => wanted.push((extent, count)),
        }
    }
}

fn scale(dataset: &Dataset, axis: usize) -> Option<&str> {
    dataset.dimensions.get(axis).and_then(Option::as_deref)
}

fn last(path: &str) -> &str {
    path.rsplit('/').next().unwrap_or_default()
}
