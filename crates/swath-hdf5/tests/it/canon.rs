//! What this crate reads from a file, in the form of an h5py witness.

use bytes::Bytes;

use serde_json::{Map, Value, json};
use swath_hdf5::{
    Attribute, ByteOrder, DataType, Dataset, Error, FloatFormat, FloatLayout, Index, Layout, Link,
    MemoryReader, Object, OpenOptions, Padding, ReferenceKind, Selection, Values, read_bytes, read_index,
    read_values,
};

use crate::ready::block_on;
use crate::sha256::sha256_hex;

/// Datasets over this many bytes are described but not read, as the witness does.
const MAX_BYTES: u64 = 256 << 20;
/// Page size that libhdf5 states for a file that states none.
const USUAL_PAGE: u64 = 4096;
/// Numbers that JSON has no words for, but Python writes all the same, are marked so.
const MARK: char = '\u{1}';

/// Every object of the file, by path; or `_open_error`.
pub(crate) fn describe(file: Vec<u8>) -> Value {
    let size = file.len();
    let reader = MemoryReader::new(Bytes::from(file));
    let index = match block_on(read_index(&reader, "/", &OpenOptions::default())) {
        Ok(index) => index,
        Err(error) => return json!({ "_open_error": chain(&error) }),
    };
    let mut out = Map::new();
    let (address, length) = index.widths();
    out.insert(
        "_file".to_owned(),
        json!({
            "size": size,
            "superblock": index.superblock_version(),
            "userblock": index.user_block(),
            "sizes": [address, length],
            "space_strategy": index.space_strategy(),
            "page_size": index.page_size.unwrap_or(USUAL_PAGE),
        }),
    );
    for (path, object) in &index.objects {
        if !is_below_a_link(&index, path) {
            out.insert(path.clone(), describe_object(&reader, &index, path, object));
        }
    }
    for (path, why) in &index.unreadable {
        if let Some((owner, name)) = path.split_once('@') {
            let attributes = out.get_mut(owner).and_then(|entry| entry.get_mut("attrs"));
            if let Some(Value::Object(attributes)) = attributes {
                attributes.insert(name.to_owned(), json!({ "skip": why }));
            }
        } else if !is_below_a_link(&index, path) {
            out.insert(path.clone(), json!({ "kind": "error", "error": why }));
        }
    }
    for (path, link) in &index.links {
        if !is_below_a_link(&index, parent(path)) {
            out.insert(path.clone(), describe_link(link));
        }
    }
    Value::Object(out)
}

/// The description as the witness writes it: with bare `NaN` and `Infinity`.
#[allow(dead_code, reason = "the example uses it, the tests do not")]
pub(crate) fn text(description: &Value) -> String {
    let mut text = description.to_string();
    for word in ["NaN", "-Infinity", "Infinity"] {
        text = text.replace(&format!("\"\\u0001{word}\""), word);
    }
    text
}

fn parent(path: &str) -> &str {
    path.rsplit_once('/').map_or("/", |(parent, _)| parent)
}

/// Whether a path goes through a link that the witness does not follow.
fn is_below_a_link(index: &Index, path: &str) -> bool {
    path.match_indices('/')
        .map(|(at, _)| &path[..at])
        .chain([path])
        .any(|above| !above.is_empty() && index.links.contains_key(above))
}

fn describe_link(link: &Link) -> Value {
    match link {
        Link::Hard(first) => json!({ "kind": "hardlink", "same_as": first }),
        Link::Soft(target) => json!({ "kind": "softlink", "target": target }),
        Link::External { file, path } => json!({ "kind": "extlink", "target": [file, path] }),
        other => json!({ "kind": "error", "error": format!("{other:?}") }),
    }
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
        Object::NamedType(named) => {
            json!({ "kind": "datatype", "dtype": canonical_name(&named.datatype), "attrs": attributes })
        }
        Object::Dataset(dataset) => {
            let mut entry = describe_dataset(dataset);
            entry["attrs"] = Value::Object(attributes);
            match values_of(reader, index, path, dataset) {
                Ok(bytes) => {
                    entry["sha256"] = json!(sha256_hex(&bytes));
                    if let Some((first, last)) = ends(&dataset.datatype, &bytes) {
                        entry["first"] = json!(first);
                        entry["last"] = json!(last);
                    }
                }
                Err(why) => entry["skip"] = json!(why),
            }
            entry
        }
    }
}

/// Everything about a dataset but attributes and values.
fn describe_dataset(dataset: &Dataset) -> Value {
    let null = dataset.layout == Layout::Null;
    let shape = (!null).then(|| dataset.shape.clone());
    let most = |extents: &Vec<Option<u64>>| -> Vec<Value> {
        extents.iter().map(|extent| extent.map_or(json!(-1), |extent| json!(extent))).collect()
    };
    let filters: Vec<Value> = dataset
        .filters
        .iter()
        .map(|filter| json!([filter.id(), filter.name(), filter.parameters()]))
        .collect();
    let mut entry = json!({
        "kind": "dataset",
        "dtype": canonical_name(&dataset.datatype),
        "order": order(&dataset.datatype),
        "shape": shape,
        "maxshape": match &dataset.max_shape {
            _ if null => Value::Null,
            Some(extents) => json!(most(extents)),
            None => json!(dataset.shape),
        },
        "chunks": dataset.chunk_shape,
        "filters": filters,
        "external": 0,
    });
    match &dataset.layout {
        Layout::Compact(_) => entry["layout"] = json!("compact"),
        Layout::Chunked(table) => {
            entry["layout"] = json!("chunked");
            entry["nchunks"] = json!(table.len());
            if let Some((_, chunk)) = table.iter().next() {
                entry["chunk0"] = json!([chunk.offset, chunk.size, chunk.filter_mask]);
            }
        }
        Layout::Contiguous { offset, .. } => {
            entry["layout"] = json!("contiguous");
            entry["offset"] = json!(offset);
        }
        Layout::Virtual => entry["layout"] = json!("virtual"),
        _ => entry["layout"] = json!("contiguous"),
    }
    if null {
        entry["skip"] = json!("null dataspace");
    }
    entry
}

/// The first and the last number, as Python prints a float.
fn ends(datatype: &DataType, bytes: &[u8]) -> Option<(String, String)> {
    if !matches!(datatype, DataType::Integer(_) | DataType::Float { .. } | DataType::Enum { .. })
        || datatype.is_bool()
    {
        return None;
    }
    let numbers = match datatype {
        DataType::Float { size, format, .. } => match float_size(*size, *format)? {
            2 => Values::F16(
                bytes.as_chunks::<2>().0.iter().map(|value| half::f16::from_le_bytes(*value)).collect(),
            ),
            4 => {
                Values::F32(bytes.as_chunks::<4>().0.iter().map(|value| f32::from_le_bytes(*value)).collect())
            }
            8 => {
                Values::F64(bytes.as_chunks::<8>().0.iter().map(|value| f64::from_le_bytes(*value)).collect())
            }
            _ => return None,
        },
        _ => swath_hdf5::values(datatype, bytes.to_vec()).ok()?,
    }
    .to_f64()?;
    Some((python_float(*numbers.first()?), python_float(*numbers.last()?)))
}

/// `repr` of a float in Python: the shortest digits that read back, with an exponent outside of 1e-4 to 1e16.
fn python_float(value: f64) -> String {
    if value.is_nan() {
        return "nan".to_owned();
    }
    if value.is_infinite() {
        return if value > 0.0 { "inf" } else { "-inf" }.to_owned();
    }
    let scientific = format!("{value:e}");
    let (digits, exponent) = scientific.split_once('e').unwrap_or((&scientific, "0"));
    let exponent: i32 = exponent.parse().unwrap_or(0);
    if value == 0.0 || (-4..16).contains(&exponent) {
        return format!("{value:?}");
    }
    let sign = if exponent < 0 { '-' } else { '+' };
    format!("{digits}e{sign}{:02}", exponent.abs())
}

fn describe_attribute(attribute: &Attribute) -> Value {
    let name = canonical_name(&attribute.datatype);
    if attribute.value == Values::Null {
        return json!({ "dtype": name, "shape": Value::Null });
    }
    let mut entry = json!({ "dtype": name, "shape": attribute.shape });
    match canonical(&attribute.datatype, &attribute.value) {
        Ok(bytes) => entry["sha256"] = json!(sha256_hex(&bytes)),
        Err(why) => entry["skip"] = json!(why),
    }
    let plain = element_type(&attribute.datatype);
    if attribute.value.len() > 8 {
        return entry;
    }
    if let Values::Strings(texts) = &attribute.value {
        let cut = |text: &String| match plain {
            // numpy drops the NULs at the end, and only those.
            DataType::FixedString { .. } => text.trim_end_matches('\0').to_owned(),
            _ => text.clone(),
        };
        entry["value"] = texts.iter().map(|text| json!(cut(text))).collect();
    } else if let Some(numbers) = attribute.value.to_f64() {
        let is_float = matches!(plain, DataType::Float { .. });
        let number = |value: f64| match value {
            _ if value.is_nan() => json!(format!("{MARK}NaN")),
            f64::INFINITY => json!(format!("{MARK}Infinity")),
            f64::NEG_INFINITY => json!(format!("{MARK}-Infinity")),
            _ => json!(value),
        };
        entry["value"] = match &attribute.value {
            Values::I64(values) => json!(values),
            Values::U64(values) => json!(values),
            _ if is_float => numbers.into_iter().map(number).collect(),
            _ => numbers.into_iter().map(|value| json!(value as i64)).collect(),
        };
    }
    entry
}

/// The witness's word for a type.
fn canonical_name(datatype: &DataType) -> String {
    match datatype {
        DataType::Integer(integer) => format!("{}{}", if integer.signed { 'i' } else { 'u' }, integer.size),
        DataType::Bitfield { size, .. } => format!("u{size}"),
        DataType::Float { size, format, .. } => format!("f{}", float_size(*size, *format).unwrap_or(16)),
        DataType::Complex { names, part_size, .. } if *part_size > 2 && names == &["r", "i"] => {
            format!("c{}", part_size * 2)
        }
        DataType::Complex { names: [real, imaginary], part_size, .. } => {
            format!("{{{real}:f{part_size}@0,{imaginary}:f{part_size}@{part_size}}}/{}", part_size * 2)
        }
        DataType::FixedString { size, .. } => format!("S{size}"),
        DataType::VariableString { .. } => "vstr".to_owned(),
        DataType::Enum { .. } if datatype.is_bool() => "bool".to_owned(),
        DataType::Enum { base, .. } => format!("enum({})", canonical_name(base)),
        DataType::Compound { size, members } => {
            let member = |member: &swath_hdf5::Member| {
                format!("{}:{}@{}", member.name, canonical_name(&member.datatype), member.offset)
            };
            format!("{{{}}}/{size}", members.iter().map(member).collect::<Vec<_>>().join(","))
        }
        DataType::Array { base, shape } => {
            let extents: Vec<String> = shape.iter().map(u32::to_string).collect();
            format!("array({},{})", extents.join("x"), canonical_name(base))
        }
        DataType::Sequence { base, .. } => format!("vlen({})", canonical_name(base)),
        DataType::Opaque { size, .. } => format!("V{size}"),
        DataType::Reference { kind: ReferenceKind::Object, .. } => "ref".to_owned(),
        DataType::Reference { .. } => "regref".to_owned(),
        other => other.name(),
    }
}

/// The byte order that numpy states.
fn order(datatype: &DataType) -> &'static str {
    let named = |order: ByteOrder, size: u32| match order {
        _ if size == 1 => "na",
        ByteOrder::Little => "le",
        ByteOrder::Big => "be",
    };
    match datatype {
        DataType::Integer(integer) => named(integer.order, integer.size),
        DataType::Float { size, order, .. } | DataType::Bitfield { size, order } => named(*order, *size),
        DataType::Complex { order, part_size, .. } if *part_size > 2 => named(*order, *part_size),
        DataType::Enum { base, .. } | DataType::Array { base, .. } => order(base),
        _ => "na",
    }
}

/// Bytes of the float that h5py reads one as; `None` where it needs more than 64 bits.
fn float_size(size: u32, format: FloatFormat) -> Option<u32> {
    match format {
        FloatFormat::Half => Some(2),
        FloatFormat::BFloat16 | FloatFormat::Single => Some(4),
        FloatFormat::Double => Some(8),
        FloatFormat::Custom(layout) => Some(custom_size(size, &layout)),
        _ => None,
    }
}

fn custom_size(size: u32, layout: &FloatLayout) -> u32 {
    let bias = i64::from(layout.bias);
    let (greatest, least) = ((1i64 << layout.exponent_bits) - 1 - bias, 1 - bias);
    let fits = |bytes: u32, mantissa: u8, most: i64| {
        size <= bytes && layout.mantissa_bits <= mantissa && greatest <= most && least >= 2 - most
    };
    if fits(2, 10, 16) {
        2
    } else if fits(4, 23, 128) {
        4
    } else {
        8
    }
}

/// The canonical bytes of all values of a dataset.
fn values_of(reader: &MemoryReader, index: &Index, path: &str, dataset: &Dataset) -> Result<Vec<u8>, String> {
    if dataset.layout == Layout::Null {
        return Err("null dataspace".to_owned());
    }
    let everything = Selection::all(&dataset.shape);
    let plan = dataset.plan(path, &everything).map_err(|error| chain(&error))?;
    if plan.output_bytes() as u64 > MAX_BYTES {
        return Err("too big".to_owned());
    }
    if dataset.datatype.is_variable() || has_odd_floats(&dataset.datatype) {
        let values =
            block_on(read_values(reader, index, path, &everything)).map_err(|error| chain(&error))?;
        canonical(&dataset.datatype, &values)
    } else {
        let bytes = block_on(read_bytes(reader, &plan)).map_err(|error| chain(&error))?;
        packed(&dataset.datatype, &bytes)
    }
}

/// SHA-256 of all values of a dataset.
#[allow(dead_code, reason = "the tests use it, the example does not")]
pub(crate) fn digest(
    reader: &MemoryReader,
    index: &Index,
    path: &str,
    dataset: &Dataset,
) -> Result<String, String> {
    values_of(reader, index, path, dataset).map(|bytes| sha256_hex(&bytes))
}

/// Whether a type has floats that h5py widens.
fn has_odd_floats(datatype: &DataType) -> bool {
    match datatype {
        DataType::Float { format, .. } => {
            matches!(format, FloatFormat::Custom(_) | FloatFormat::BFloat16 | FloatFormat::Other)
        }
        DataType::Array { base, .. } | DataType::Sequence { base, .. } => has_odd_floats(base),
        DataType::Compound { members, .. } => members.iter().any(|member| has_odd_floats(&member.datatype)),
        _ => false,
    }
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
        Values::Strings(texts) => joined(base, texts.iter().map(String::as_bytes)),
        Values::ByteStrings(texts) => joined(base, texts.iter().map(Vec::as_slice)),
        Values::References(_) => return Err("holds references".to_owned()),
        Values::Lists(lists) => {
            let DataType::Sequence { base, .. } = base else { return Err("lists of no sequence".to_owned()) };
            let mut out = Vec::new();
            for list in lists {
                // Lists of lists have no canonical form.
                if matches!(**base, DataType::Sequence { .. } | DataType::VariableString { .. }) {
                    return Err("nested vlen".to_owned());
                }
                let bytes = canonical(base, list)?;
                out.extend(count_of(base, list).to_le_bytes());
                out.extend(bytes);
            }
            out
        }
        Values::Compound(columns) => {
            let DataType::Compound { members, .. } = base else {
                return Err("members of no compound".to_owned());
            };
            let mut parts = Vec::new();
            for (member, (_, column)) in members.iter().zip(columns) {
                if member.datatype.is_variable() {
                    return Err("holds object members".to_owned());
                }
                let bytes = canonical(&member.datatype, column)?;
                let elements = count_of(&member.datatype, column) as usize;
                parts.push((bytes.len().checked_div(elements).unwrap_or(0), bytes));
            }
            let elements =
                parts.iter().map(|(width, bytes)| bytes.len().checked_div(*width).unwrap_or(0)).max();
            (0..elements.unwrap_or(0))
                .flat_map(|at| {
                    parts.iter().flat_map(move |(width, bytes)| &bytes[at * width..(at + 1) * width])
                })
                .copied()
                .collect()
        }
        Values::Raw(bytes) => packed(base, bytes)?,
        Values::BFloat16(values) => values.iter().flat_map(|value| value.to_f32().to_le_bytes()).collect(),
        numbers => numbers_to_bytes(numbers),
    })
}

/// Elements of a type in values that count the elements of arrays one by one.
fn count_of(datatype: &DataType, values: &Values) -> u64 {
    let of_array = match datatype {
        DataType::Array { shape, .. } => shape.iter().map(|extent| u64::from(*extent)).product(),
        _ => 1u64,
    };
    match (values, datatype) {
        (Values::Compound(columns), _) => match element_type(datatype) {
            DataType::Compound { members, .. } => members
                .first()
                .zip(columns.first())
                .map_or(0, |(member, (_, column))| count_of(&member.datatype, column)),
            _ => 0,
        },
        (Values::Raw(bytes), _) => bytes.len() as u64 / element_type(datatype).size(),
        _ => values.len() as u64,
    }
    .checked_div(of_array)
    .unwrap_or(0)
}

fn element_type(datatype: &DataType) -> &DataType {
    match datatype {
        DataType::Array { base, .. } => element_type(base),
        other => other,
    }
}

fn joined<'a>(base: &DataType, texts: impl Iterator<Item = &'a [u8]>) -> Vec<u8> {
    let padded = |text: &[u8]| {
        let mut bytes = text.to_vec();
        match base {
            DataType::FixedString { size, .. } => bytes.resize(*size as usize, 0),
            _ => bytes.push(0),
        }
        bytes
    };
    texts.flat_map(padded).collect()
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
