//! Attributes as the text of `.zattrs`.

use serde_json::Value;
use swath_hdf5::{Attribute, Values};

/// Attributes that hold HDF5's and netCDF's own bookkeeping; h5netcdf does not show them either.
const HIDDEN: [&str; 8] = [
    "CLASS",
    "DIMENSION_LIST",
    "NAME",
    "REFERENCE_LIST",
    "_NCProperties",
    "_Netcdf4Coordinates",
    "_Netcdf4Dimid",
    "_nc3_strict",
];

/// Where xarray finds the names of an array's dimensions in zarr version 2.
const DIMENSIONS: &str = "_ARRAY_DIMENSIONS";

/// The text of a group's `.zattrs`; empty when it has no attributes that can be told.
pub(super) fn of_group(attributes: &[Attribute]) -> String {
    let mut object = Object::default();
    object.extend(attributes.iter());
    object.finish()
}

/// The text of an array's `.zattrs`. `_FillValue` is not in it when it is told by `.zarray`.
pub(super) fn of_array(attributes: &[Attribute], dimensions: &[String], fill_is_told: bool) -> String {
    let mut object = Object::default();
    object.key(DIMENSIONS);
    object.text.push_str(&Value::from(dimensions).to_string());
    let shown = |attribute: &&Attribute| {
        attribute.name != DIMENSIONS && !(fill_is_told && attribute.name == "_FillValue")
    };
    object.extend(attributes.iter().filter(shown));
    object.finish()
}

/// A JSON object as zarr and xarray write it: with the words `NaN`, `Infinity` and `-Infinity` for numbers that JSON
/// lacks, which Python reads as numbers. It is a text inside of the references, so these stay plain JSON.
#[derive(Default)]
struct Object {
    text: String,
}

impl Object {
    fn key(&mut self, name: &str) {
        self.text.push(if self.text.is_empty() { '{' } else { ',' });
        self.text.push_str(&Value::from(name).to_string());
        self.text.push(':');
    }

    fn extend<'a>(&mut self, attributes: impl Iterator<Item = &'a Attribute>) {
        for attribute in attributes.filter(|attribute| !HIDDEN.contains(&attribute.name.as_str())) {
            if let Some(value) = value(attribute) {
                self.key(&attribute.name);
                self.text.push_str(&value);
            }
        }
    }

    fn finish(mut self) -> String {
        if !self.text.is_empty() {
            self.text.push('}');
        }
        self.text
    }
}

/// The value as JSON: one value as itself, as h5netcdf does, others as lists of the attribute's shape. `None` for
/// references and for types without a typed form.
fn value(attribute: &Attribute) -> Option<String> {
    if attribute.value == Values::Null {
        return Some("[]".to_owned());
    }
    let list = words(&attribute.value)?;
    if let [only] = list.as_slice() {
        return Some(only.clone());
    }
    // Elements that are arrays themselves make the list longer than the shape says; then it stays flat.
    let count = attribute.shape.iter().try_fold(1u64, |product, extent| product.checked_mul(*extent));
    let inner = attribute.shape.get(1..).unwrap_or(&[]);
    match count == Some(list.len() as u64) && !list.is_empty() {
        true => Some(nested(&list, inner)),
        false => Some(format!("[{}]", list.join(","))),
    }
}

/// Lists in lists: `inner` is the shape of one element of the outermost list.
fn nested(list: &[String], inner: &[u64]) -> String {
    let Some((_, deeper)) = inner.split_first() else { return format!("[{}]", list.join(",")) };
    let each = inner.iter().fold(1u64, |product, extent| product.saturating_mul(*extent));
    let parts = list.chunks(usize::try_from(each).unwrap_or(usize::MAX).max(1));
    let parts: Vec<String> = parts.map(|part| nested(part, deeper)).collect();
    format!("[{}]", parts.join(","))
}

/// Each value as JSON.
fn words(values: &Values) -> Option<Vec<String>> {
    let pair = |re: String, im: String| format!("[{re},{im}]");
    Some(match values {
        Values::I64(list) => list.iter().map(i64::to_string).collect(),
        Values::U64(list) => list.iter().map(u64::to_string).collect(),
        Values::I8(_) | Values::I16(_) | Values::I32(_) | Values::U8(_) | Values::U16(_) | Values::U32(_) => {
            values.to_f64()?.into_iter().map(|value| (value as i64).to_string()).collect()
        }
        Values::Bool(list) => list.iter().map(bool::to_string).collect(),
        Values::Strings(list) => list.iter().map(|text| Value::from(text.as_str()).to_string()).collect(),
        Values::F16(_) | Values::BFloat16(_) | Values::F32(_) | Values::F64(_) => {
            // A float32 goes by way of float64, so that Python's float equals numpy's.
            values.to_f64()?.into_iter().map(float).collect()
        }
        Values::Complex32(list) => {
            list.iter().map(|z| pair(float(z.re.into()), float(z.im.into()))).collect()
        }
        Values::Complex64(list) => {
            list.iter().map(|z| pair(float(z.re.into()), float(z.im.into()))).collect()
        }
        Values::Complex128(list) => list.iter().map(|z| pair(float(z.re), float(z.im))).collect(),
        Values::Lists(lists) => {
            let list = |values: &Values| Some(format!("[{}]", words(values)?.join(",")));
            lists.iter().map(list).collect::<Option<_>>()?
        }
        _ => return None,
    })
}

fn float(value: f64) -> String {
    match value {
        value if value.is_nan() => "NaN".to_owned(),
        value if value.is_infinite() => if value > 0.0 { "Infinity" } else { "-Infinity" }.to_owned(),
        value => Value::from(value).to_string(),
    }
}
