//! Every object of the granules against what h5py reads from them (`fixtures/expected`, made by
//! `fixtures/witness.py`), and of the variants in `target/fixtures` if they have been made.

use serde_json::{Value, json};
use swath_hdf5::{
    Attribute, ByteOrder, DataType, Dataset, Index, Layout, MemoryReader, Object, OpenOptions, Selection,
    Values, read_bytes, read_index, read_values,
};

use crate::ready::block_on;
use crate::sha256::sha256_hex;
use crate::support::{file_name, files, granules, workspace};

#[test]
fn sha256_of_the_standard() {
    let abc = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";
    assert_eq!(sha256_hex(b"abc"), abc);
    let million = "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0";
    assert_eq!(sha256_hex(&[b'a'; 1_000_000]), million);
}

#[test]
fn demo_granules_are_read_as_h5py_reads_them() {
    for (name, bytes) in granules() {
        let text = std::fs::read(workspace().join(format!("fixtures/expected/{name}.json"))).unwrap();
        check_granule(&name, bytes, &serde_json::from_slice(&text).unwrap());
    }
}

#[test]
fn variants_are_read_as_h5py_reads_them() {
    let made = files(&workspace().join("target/fixtures"), "h5");
    if made.is_empty() {
        println!("skipped: no target/fixtures; `just variants` makes them");
    }
    for path in made {
        let Ok(text) = std::fs::read(path.with_extension("json")) else { continue };
        let bytes = std::fs::read(&path).unwrap();
        check_granule(&file_name(&path), bytes, &serde_json::from_slice(&text).unwrap());
    }
}

fn check_granule(name: &str, bytes: Vec<u8>, expected: &Value) {
    let reader = MemoryReader::new(bytes);
    let index = block_on(read_index(&reader, "/", &OpenOptions::default())).unwrap();
    assert!(index.unreadable.is_empty(), "{name}: {:?}", index.unreadable);
    assert_eq!(json!(index.size), expected["bytes"], "{name}");
    check_windows(name, &reader, &index, expected);
    check_storage(name, &index, expected);
    let Some(objects) = expected.get("objects").and_then(Value::as_object) else { return };
    assert_eq!(
        index.objects.keys().collect::<Vec<_>>(),
        objects.keys().collect::<std::collections::BTreeSet<_>>().into_iter().collect::<Vec<_>>(),
        "{name}"
    );
    for (path, expected) in objects {
        let object = &index.objects[path];
        let kind = match object {
            Object::Group(_) => "group",
            Object::Dataset(_) => "dataset",
            Object::NamedType(_) => "datatype",
        };
        assert_eq!(expected["kind"], kind, "{name} {path}");
        if let Object::Dataset(dataset) = object {
            check_dataset(name, path, &reader, &index, dataset, expected);
        }
        if !matches!(object, Object::NamedType(_)) {
            check_attributes(&format!("{name} {path}"), object.attributes(), &expected["attributes"]);
        }
    }
}

fn check_windows(name: &str, reader: &MemoryReader, index: &Index, expected: &Value) {
    for window in expected["windows"].as_array().unwrap() {
        let path = window["path"].as_str().unwrap();
        let number = |key: &str| window[key].as_u64().unwrap();
        let (row, column) = (number("row_off"), number("col_off"));
        let ranges = [row..row + number("height"), column..column + number("width")];
        let plan = index.dataset(path).unwrap().plan(path, &Selection::window(&ranges)).unwrap();
        let bytes = block_on(read_bytes(reader, &plan)).unwrap();
        assert_eq!(window["sha256"], sha256_hex(&bytes), "{name} {path} {ranges:?}");
    }
}

fn check_storage(name: &str, index: &Index, expected: &Value) {
    for (path, storage) in expected["storage"].as_object().unwrap() {
        let dataset = index.dataset(path).unwrap();
        match &dataset.layout {
            Layout::Chunked(table) => {
                let shape = dataset.chunk_shape.as_ref().unwrap();
                let chunks: Vec<[u64; 5]> = table
                    .iter()
                    .map(|(at, chunk)| {
                        let mask = u64::from(chunk.filter_mask);
                        [at[0] * shape[0], at[1] * shape[1], chunk.offset, chunk.size, mask]
                    })
                    .collect();
                assert_eq!(storage["chunks"], json!(chunks), "{name} {path}");
            }
            Layout::Contiguous { offset, size } => {
                assert_eq!(
                    (&storage["offset"], &storage["size"]),
                    (&json!(offset), &json!(size)),
                    "{name} {path}"
                );
            }
            other => panic!("{name} {path}: {other:?}"),
        }
    }
}

fn check_dataset(
    name: &str,
    path: &str,
    reader: &MemoryReader,
    index: &Index,
    dataset: &Dataset,
    expected: &Value,
) {
    let what = format!("{name} {path}");
    let layout = match dataset.layout {
        Layout::Compact(_) => "compact",
        Layout::Contiguous { .. } => "contiguous",
        Layout::Chunked(_) => "chunked",
        _ => "other",
    };
    let filters: Vec<u64> = dataset.filters.iter().map(|filter| u64::from(filter.id())).collect();
    let expected_filters: Vec<u64> =
        expected["filters"].as_array().unwrap().iter().map(|filter| filter["id"].as_u64().unwrap()).collect();
    assert_eq!(expected["dtype"], numpy_name(&dataset.datatype), "{what}");
    assert_eq!(expected["shape"], json!(dataset.shape), "{what}");
    assert_eq!(expected["chunks"], json!(dataset.chunk_shape), "{what}");
    assert_eq!(expected["layout"], layout, "{what}");
    assert_eq!(expected_filters, filters, "{what}");
    assert_eq!(expected["dimensions"], json!(dataset.dimensions), "{what}");
    assert_eq!(expected["is_scale"], dataset.is_dimension_scale, "{what}");
    let everything = Selection::all(&dataset.shape);
    if let Some(sha256) = expected.get("sha256") {
        let bytes = block_on(read_bytes(reader, &dataset.plan(path, &everything).unwrap())).unwrap();
        assert_eq!(*sha256, sha256_hex(&bytes), "{what}");
    }
    if let Some(value) = expected.get("value") {
        let values = block_on(read_values(reader, index, path, &everything)).unwrap();
        let found = to_json(&dataset.datatype, &dataset.shape, &values);
        assert!(same(value, &found), "{what}: {value} and not {found}");
    }
}

fn check_attributes(what: &str, attributes: &[Attribute], expected: &Value) {
    let expected = expected.as_object().unwrap();
    assert_eq!(attributes.len(), expected.len(), "{what}: number of attributes");
    for attribute in attributes {
        let what = format!("{what}@{}", attribute.name);
        let expected = &expected[&attribute.name];
        assert_eq!(expected["dtype"], numpy_name(&attribute.datatype), "{what}");
        assert_eq!(expected["shape"], json!(attribute.shape), "{what}");
        let value = to_json(&attribute.datatype, &attribute.shape, &attribute.value);
        assert!(same(&expected["value"], &value), "{what}: {} and not {value}", expected["value"]);
    }
}

/// Whether two values are the same. Reading the witness's decimals may miss a float by one unit in the last
/// place (serde_json trades that for speed); the digests compare every bit.
fn same(expected: &Value, found: &Value) -> bool {
    match (expected, found) {
        (Value::Array(one), Value::Array(other)) => {
            one.len() == other.len() && one.iter().zip(other).all(|(one, other)| same(one, other))
        }
        (Value::Number(one), Value::Number(other)) if one.is_f64() || other.is_f64() => {
            let [one, other] = [one, other].map(|number| number.as_f64().unwrap());
            (one - other).abs() <= f64::EPSILON * one.abs()
        }
        _ => expected == found,
    }
}

/// numpy's string of a type, with its byte order.
fn numpy_name(datatype: &DataType) -> String {
    let mark = |order: ByteOrder, size: u32| match order {
        _ if size == 1 => "|",
        ByteOrder::Little => "<",
        ByteOrder::Big => ">",
    };
    match datatype {
        DataType::Integer(integer) => {
            let kind = if integer.signed { "i" } else { "u" };
            format!("{}{kind}{}", mark(integer.order, integer.size), integer.size)
        }
        DataType::Float { size, order, .. } => format!("{}f{size}", mark(*order, *size)),
        DataType::Complex { part_size, order, .. } => {
            format!("{}c{}", mark(*order, *part_size), part_size * 2)
        }
        DataType::Sequence { base, .. } => format!("vlen({})", numpy_name(base)),
        DataType::Compound { members, .. } => {
            let members: Vec<String> = members
                .iter()
                .map(|member| format!("{}: {}", member.name, numpy_name(&member.datatype)))
                .collect();
            format!("{{{}}}", members.join(", "))
        }
        other => other.name(),
    }
}

/// Values as the witness writes them: scalars bare, arrays nested.
fn to_json(datatype: &DataType, shape: &[u64], values: &Values) -> Value {
    let mut flat = flatten(datatype, values).into_iter();
    nest(shape, &mut flat)
}

fn nest(shape: &[u64], flat: &mut std::vec::IntoIter<Value>) -> Value {
    match shape.split_first() {
        None => flat.next().unwrap(),
        Some((extent, inner)) => (0..*extent).map(|_| nest(inner, flat)).collect(),
    }
}

fn flatten(datatype: &DataType, values: &Values) -> Vec<Value> {
    match values {
        Values::F32(values) => values.iter().map(|value| float(f64::from(*value))).collect(),
        Values::F64(values) => values.iter().map(|value| float(*value)).collect(),
        Values::I32(values) => values.iter().map(|value| json!(value)).collect(),
        Values::I64(values) => values.iter().map(|value| json!(value)).collect(),
        Values::U8(values) => values.iter().map(|value| json!(value)).collect(),
        Values::U16(values) => values.iter().map(|value| json!(value)).collect(),
        Values::U32(values) => values.iter().map(|value| json!(value)).collect(),
        Values::U64(values) => values.iter().map(|value| json!(value)).collect(),
        Values::Strings(values) => values.iter().map(|value| json!(value)).collect(),
        Values::References(paths) => paths.iter().map(|path| json!(path)).collect(),
        Values::Complex64(values) => values
            .iter()
            .map(|value| json!([float(f64::from(value.re)), float(f64::from(value.im))]))
            .collect(),
        Values::Lists(lists) => {
            let DataType::Sequence { base, .. } = datatype else { panic!("lists of {}", datatype.name()) };
            lists.iter().map(|list| Value::Array(flatten(base, list))).collect()
        }
        // An element of `REFERENCE_LIST`: the dataset that uses a scale, and along which axis.
        Values::Compound(members) => {
            let [references, axes] = [0, 1].map(|at| flatten(datatype, &members[at].1));
            references.into_iter().zip(axes).map(|(reference, axis)| json!([reference, axis])).collect()
        }
        other => panic!("no value of a granule is {other:?}"),
    }
}

fn float(value: f64) -> Value {
    match value {
        _ if value.is_nan() => json!("NaN"),
        f64::INFINITY => json!("Infinity"),
        f64::NEG_INFINITY => json!("-Infinity"),
        _ => json!(value),
    }
}
