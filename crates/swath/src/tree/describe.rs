//! A tree in words: as text for people, as JSON for programs. Costs no request.

use std::fmt::{self, Write as _};

use serde_json::{Map, Value, json};
use swath_hdf5::{Attribute, Dataset, Object as Node, Values};

use super::DataTree;

fn last(path: &str) -> &str {
    path.rsplit('/').next().unwrap_or_default()
}

impl DataTree {
    /// Every object below the opened group: `{"path": {"kind", "dims", "shape", "dtype", "chunks", "attrs"}}`. Groups have
    /// only `kind` and `attrs`. Numbers that JSON lacks are the texts `"NaN"`, `"Infinity"` and `"-Infinity"`; a complex
    /// number is `[re, im]`.
    pub fn to_json(&self) -> Value {
        let index = self.index();
        let mut all = Map::new();
        for (path, node) in &index.objects {
            let attrs = attributes(node.attributes());
            let value = match node {
                Node::Dataset(dataset) => json!({
                    "kind": "array",
                    "dims": self.dimensions().of(index, path),
                    "shape": dataset.shape,
                    "dtype": dataset.datatype.name(),
                    "chunks": dataset.chunk_shape,
                    "attrs": attrs,
                }),
                Node::Group(_) => json!({ "kind": "group", "attrs": attrs }),
                // A committed type is no data; it shows where it is used.
                Node::NamedType(_) => continue,
            };
            all.insert(path.clone(), value);
        }
        Value::Object(all)
    }
}

fn attributes(attributes: &[Attribute]) -> Map<String, Value> {
    attributes.iter().map(|attribute| (attribute.name.clone(), attribute_value(attribute))).collect()
}

/// A scalar as itself, anything else as a list.
fn attribute_value(attribute: &Attribute) -> Value {
    let mut list = value_list(&attribute.value);
    match (attribute.shape.is_empty(), list.len()) {
        (true, 1) => list.swap_remove(0),
        _ => Value::Array(list),
    }
}

fn value_list(values: &Values) -> Vec<Value> {
    let pair = |re: f64, im: f64| Value::Array(vec![float(re), float(im)]);
    match values {
        Values::Null => Vec::new(),
        Values::F32(list) => list.iter().map(|value| float32(*value)).collect(),
        Values::F64(list) => list.iter().map(|value| float(*value)).collect(),
        Values::I64(list) => list.iter().map(|value| json!(value)).collect(),
        Values::U64(list) => list.iter().map(|value| json!(value)).collect(),
        Values::Bool(list) => list.iter().map(|value| json!(value)).collect(),
        Values::Strings(list) => list.iter().map(|value| json!(value)).collect(),
        Values::References(list) => list.iter().map(|value| json!(value)).collect(),
        Values::Lists(lists) => lists.iter().map(|list| Value::Array(value_list(list))).collect(),
        Values::Complex32(list) => list.iter().map(|z| pair(z.re.to_f64(), z.im.to_f64())).collect(),
        Values::Complex64(list) => {
            list.iter().map(|z| Value::Array(vec![float32(z.re), float32(z.im)])).collect()
        }
        Values::Complex128(list) => list.iter().map(|z| pair(z.re, z.im)).collect(),
        Values::ByteStrings(list) => list.iter().map(|text| json!(String::from_utf8_lossy(text))).collect(),
        Values::Compound(members) => {
            let names: Vec<&str> = members.iter().map(|(name, _)| name.as_str()).collect();
            vec![json!(format!("{} of {{{}}}", values.len(), names.join(", ")))]
        }
        Values::Raw(bytes) => vec![json!(format!("{} bytes", bytes.len()))],
        other => other.to_f64().unwrap_or_default().into_iter().map(number).collect(),
    }
}

/// A small integer or half float that came through `f64`.
fn number(value: f64) -> Value {
    if value.fract() == 0.0 && value.abs() < 9.0e15 { json!(value as i64) } else { float(value) }
}

fn float(value: f64) -> Value {
    match value {
        value if value.is_nan() => json!("NaN"),
        value if value.is_infinite() => json!(if value > 0.0 { "Infinity" } else { "-Infinity" }),
        value => json!(value),
    }
}

/// A float32 with the digits that it has, not those of the nearest float64.
fn float32(value: f32) -> Value {
    let shortest: f64 = value.to_string().parse().unwrap_or(f64::from(value));
    float(shortest)
}

impl fmt::Display for DataTree {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let index = self.index();
        let groups = index.objects.values().filter(|node| matches!(node, Node::Group(_))).count();
        let arrays = index.datasets().count();
        writeln!(f, "{}", self.name())?;
        writeln!(
            f,
            "{} · {:.1} MB · {groups} groups, {arrays} arrays",
            self.address(),
            index.size as f64 / 1e6
        )?;
        writeln!(f, "{}", index.root)?;
        self.write_group(f, &index.root, "")?;
        for (path, why) in &index.unreadable {
            writeln!(f, "! {path}: {why}")?;
        }
        Ok(())
    }
}

impl DataTree {
    fn write_group(&self, f: &mut fmt::Formatter<'_>, group: &str, indent: &str) -> fmt::Result {
        let index = self.index();
        let children: Vec<(String, &Node)> = index.group(group).into_iter().flatten().collect();
        for (number, (path, node)) in children.iter().enumerate() {
            let is_last = number + 1 == children.len();
            let (branch, below) = if is_last { ("└── ", "    ") } else { ("├── ", "│   ") };
            match node {
                Node::Group(_) => {
                    writeln!(f, "{indent}{branch}{}", printable(last(path)))?;
                    self.write_group(f, path, &format!("{indent}{below}"))?;
                }
                Node::Dataset(dataset) => writeln!(f, "{indent}{branch}{}", self.array_line(path, dataset))?,
                Node::NamedType(_) => {
                    writeln!(f, "{indent}{branch}{} (a named type)", printable(last(path)))?;
                }
            }
        }
        Ok(())
    }

    /// `HHHH (yCoordinates: 16704, xCoordinates: 17064) float32  Geocoded polarimetric covariance term HHHH`
    fn array_line(&self, path: &str, dataset: &Dataset) -> String {
        let axes: Vec<String> = self
            .dimensions()
            .of(self.index(), path)
            .iter()
            .zip(&dataset.shape)
            .map(|(name, extent)| format!("{name}: {extent}"))
            .collect();
        let mut line = printable(last(path));
        if !axes.is_empty() {
            let _ = write!(line, " ({})", printable(&axes.join(", ")));
        }
        let _ = write!(line, " {}", dataset.datatype.name());
        let says = |name: &str| dataset.attribute(name).and_then(|attribute| attribute.value.text());
        if let Some(text) = says("long_name").or_else(|| says("description")) {
            let short: String = text.chars().take(80).collect();
            let _ = write!(line, "  {}", printable(&short));
        }
        if let Some(units) = says("units").filter(|units| *units != "1") {
            let _ = write!(line, " [{}]", printable(units));
        }
        line
    }
}

/// Text from a file on its way to a terminal: no control characters.
fn printable(text: &str) -> String {
    text.chars().map(|c| if c.is_control() { '\u{fffd}' } else { c }).collect()
}
