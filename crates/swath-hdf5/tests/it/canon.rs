//! What this crate reads from a file, in the form of an h5py witness.

use bytes::Bytes;

use serde_json::{Map, Value, json};
use swath_hdf5::{
    Attribute, DataType, Dataset, Error, FloatFormat, Index, Layout, MemoryReader, Object, OpenOptions,
    Padding, Selection, Values, read_bytes, read_index, read_values,
};

use crate::ready::block_on;
use crate::sha256::sha256_hex;

/// Datasets over this many bytes are described but not read, as the witness does.
const MAX_BYTES: u64 = 256 << 20;

/// Every object of the file, by path; or `_open_error`.
pub(crate) fn describe(file: Vec<u8>) -> Value {
    let reader = MemoryReader::new(Bytes::from(file));
    let index = match block_on(read_index(&reader, "/", &OpenOptions::default())) {
        Ok(index) => index,
        Err(error) => return json!({ "_open_error": chain(&error) }),
    };
    let mut out = Map::new();
    for (path, object) in &index.objects {
        out.insert(path.clone(), describe_object(&reader, &index, path, object));
    }
    for (path, why) in &index.unreadable {
        if let Some((owner, name)) = path.split_once('@') {
            let attributes = out.get_mut(owner).and_then(|entry| entry.get_mut("attrs"));
            if let Some(Value::Object(attributes)) = attributes {
                attributes.insert(name.to_owned(), json!({ "skip": why }));
            }
        } else {
            out.insert(path.clone(), json!({ "kind": "error", "error": why }));
        }
    }
    Value::Object(out)
}

fn chain(error: &Error) -> String {
    let mut text = error.to_string();
    let mut source = std::error::Error::source(error);
    while let Some(cause) = source {
        text = format!("{text}: {cause}");
        source = cause.source();
    }
    text
}

fn describe_object(reader: &MemoryReader, index: &Index, path: &str, object: &Object) -> Value {
    let attributes: Map<String, Value> = object
        .attributes()
        .iter()
        .map(|attribute| (attribute.name.clone(), describe_attribute(attribute)))
        .collect();
    match object {
        Object::Group(_) => json!({ "kind": "group", "attrs": attributes }),
        Object::NamedType => json!({ "kind": "datatype" }),
        Object::Dataset(dataset) => {
            let mut entry = json!({
                "kind": "dataset",
                "attrs": attributes,
                "dtype": dataset.datatype.name(),
                "shape": dataset.shape,
                "chunks": dataset.chunk_shape,
            });
            if let Layout::Chunked(table) = &dataset.layout {
                entry["nchunks"] = json!(table.len());
            }
            match digest(reader, index, path, dataset) {
                Ok(sha256) => entry["sha256"] = json!(sha256),
                Err(why) => entry["skip"] = json!(why),
            }
            entry
        }
    }
}

fn describe_attribute(attribute: &Attribute) -> Value {
    let mut entry = json!({ "dtype": attribute.datatype.name(), "shape": attribute.shape });
    if attribute.value == Values::Null {
        return entry;
    }
    match canonical(&attribute.datatype, &attribute.value) {
        Ok(bytes) => entry["sha256"] = json!(sha256_hex(&bytes)),
        Err(why) => entry["skip"] = json!(why),
    }
    entry
}

/// SHA-256 of all values of a dataset.
pub(crate) fn digest(
    reader: &MemoryReader,
    index: &Index,
    path: &str,
    dataset: &Dataset,
) -> Result<String, String> {
    if dataset.layout == Layout::Null {
        return Err("null dataspace".to_owned());
    }
    let everything = Selection::all(&dataset.shape);
    let plan = dataset.plan(path, &everything).map_err(|error| chain(&error))?;
    if plan.output_bytes() as u64 > MAX_BYTES {
        return Err("too big".to_owned());
    }
    let bytes = if dataset.datatype.is_variable() {
        let values =
            block_on(read_values(reader, index, path, &everything)).map_err(|error| chain(&error))?;
        canonical(&dataset.datatype, &values)?
    } else {
        let bytes = block_on(read_bytes(reader, &plan)).map_err(|error| chain(&error))?;
        packed(&dataset.datatype, &bytes)?
    };
    Ok(sha256_hex(&bytes))
}

/// Elements without the gaps of their compounds.
fn packed(datatype: &DataType, bytes: &[u8]) -> Result<Vec<u8>, String> {
    match datatype {
        DataType::Reference { .. } => Err("holds references".to_owned()),
        DataType::Compound { .. } | DataType::Array { .. } => {
            let mut out = Vec::with_capacity(bytes.len());
            for element in bytes.chunks_exact(datatype.size() as usize) {
                pack(datatype, element, &mut out)?;
            }
            Ok(out)
        }
        DataType::FixedString { .. } => {
            let size = datatype.size() as usize;
            Ok(bytes.chunks_exact(size).flat_map(|text| null_padded(datatype, text)).collect())
        }
        DataType::Float { format: FloatFormat::Other, .. } => Err("floats of unknown layout".to_owned()),
        _ => Ok(bytes.to_vec()),
    }
}

/// The text as libhdf5 hands it to h5py: whatever it was padded with, NULs fill it up.
fn null_padded(datatype: &DataType, text: &[u8]) -> Vec<u8> {
    let DataType::FixedString { padding, .. } = datatype else { return text.to_vec() };
    let end = match padding {
        Padding::NullTerminated => text.iter().position(|byte| *byte == 0),
        Padding::NullPadded => text.iter().rposition(|byte| *byte != 0).map(|last| last + 1),
        Padding::SpacePadded => Some(text.iter().rposition(|byte| *byte != b' ').map_or(0, |last| last + 1)),
    };
    let mut padded = text[..end.unwrap_or(text.len())].to_vec();
    padded.resize(text.len(), 0);
    padded
}

fn pack(datatype: &DataType, element: &[u8], out: &mut Vec<u8>) -> Result<(), String> {
    match datatype {
        DataType::Compound { members, .. } => {
            for member in members {
                let start = member.offset as usize;
                pack(&member.datatype, &element[start..start + member.datatype.size() as usize], out)?;
            }
        }
        DataType::Array { base, .. } => {
            for element in element.chunks_exact(base.size() as usize) {
                pack(base, element, out)?;
            }
        }
        DataType::Reference { .. } => return Err("holds references".to_owned()),
        DataType::FixedString { .. } => out.extend(null_padded(datatype, element)),
        _ => out.extend_from_slice(element),
    }
    Ok(())
}

/// The canonical bytes of typed values.
fn canonical(datatype: &DataType, values: &Values) -> Result<Vec<u8>, String> {
    let base = element_type(datatype);
    Ok(match values {
        Values::Null => Vec::new(),
        Values::Strings(texts) if texts.iter().any(|text| text.contains('\u{fffd}')) => {
            return Err("text that is not UTF-8".to_owned());
        }
        Values::Strings(texts) => match base {
            DataType::FixedString { size, .. } => {
                texts.iter().flat_map(|text| padded(text, *size as usize)).collect()
            }
            _ => texts.iter().flat_map(|text| text.bytes().chain([0])).collect(),
        },
        Values::References(_) => return Err("holds references".to_owned()),
        Values::Lists(lists) => {
            let DataType::Sequence { base, .. } = base else { return Err("lists of no sequence".to_owned()) };
            let mut out = Vec::new();
            for list in lists {
                let bytes = canonical(base, list)?;
                let count = bytes.len() as u64 / base.size();
                out.extend(count.to_le_bytes());
                out.extend(bytes);
            }
            out
        }
        Values::Raw(bytes) if datatype.is_variable() => {
            return Err(format!("{} bytes with parts in the heap", bytes.len()));
        }
        Values::Raw(bytes) => packed(datatype, bytes)?,
        numbers => numbers_to_bytes(numbers),
    })
}

fn element_type(datatype: &DataType) -> &DataType {
    match datatype {
        DataType::Array { base, .. } => element_type(base),
        other => other,
    }
}

fn padded(text: &str, size: usize) -> Vec<u8> {
    let mut bytes = text.as_bytes().to_vec();
    bytes.resize(size, 0);
    bytes
}

fn numbers_to_bytes(values: &Values) -> Vec<u8> {
    match values {
        Values::I8(values) => values.iter().flat_map(|value| value.to_le_bytes()).collect(),
        Values::I16(values) => values.iter().flat_map(|value| value.to_le_bytes()).collect(),
        Values::I32(values) => values.iter().flat_map(|value| value.to_le_bytes()).collect(),
        Values::I64(values) => values.iter().flat_map(|value| value.to_le_bytes()).collect(),
        Values::U8(values) => values.clone(),
        Values::U16(values) => values.iter().flat_map(|value| value.to_le_bytes()).collect(),
        Values::U32(values) => values.iter().flat_map(|value| value.to_le_bytes()).collect(),
        Values::U64(values) => values.iter().flat_map(|value| value.to_le_bytes()).collect(),
        Values::F16(values) => values.iter().flat_map(|value| value.to_le_bytes()).collect(),
        Values::BFloat16(values) => values.iter().flat_map(|value| value.to_le_bytes()).collect(),
        Values::F32(values) => values.iter().flat_map(|value| value.to_le_bytes()).collect(),
        Values::F64(values) => values.iter().flat_map(|value| value.to_le_bytes()).collect(),
        Values::Complex32(values) => {
            values.iter().flat_map(|value| [value.re, value.im]).flat_map(half::f16::to_le_bytes).collect()
        }
        Values::Complex64(values) => {
            values.iter().flat_map(|value| [value.re, value.im]).flat_map(f32::to_le_bytes).collect()
        }
        Values::Complex128(values) => {
            values.iter().flat_map(|value| [value.re, value.im]).flat_map(f64::to_le_bytes).collect()
        }
        Values::Bool(values) => values.iter().map(|value| u8::from(*value)).collect(),
        _ => Vec::new(),
    }
}
