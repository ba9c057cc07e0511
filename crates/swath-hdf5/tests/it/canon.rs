//! What this crate reads from a file, in the form of an h5py witness.

use bytes::Bytes;

use serde_json::{Map, Value, json};
use swath_hdf5::{
    Attribute, ByteOrder, DataType, Dataset, Error, Filter, FloatFormat, FloatLayout, Index, Integer, Layout,
    Link, MemoryReader, Object, OpenOptions, Padding, ReferenceKind, Selection, Values, read_bytes,
    read_index, read_values,
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
            let mut entry = describe_dataset(dataset, index.user_block());
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
fn describe_dataset(dataset: &Dataset, user_block: u64) -> Value {
    let null = dataset.layout == Layout::Null;
    let shape = (!null).then(|| dataset.shape.clone());
    let most = |extents: &Vec<Option<u64>>| -> Vec<Value> {
        extents.iter().map(|extent| extent.map_or(json!(-1), |extent| json!(extent))).collect()
    };
    let filters: Vec<Value> = dataset
        .filters
        .iter()
        .map(|filter| json!([filter.id(), filter_name(filter), filter.parameters()]))
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
        "external": match &dataset.layout {
            Layout::External(files) => files.len(),
            _ => 0,
        },
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
            // libhdf5 adds the user block even to "nowhere".
            entry["offset"] = json!(offset.or(user_block.checked_sub(1)));
        }
        Layout::Virtual => entry["layout"] = json!("virtual"),
        _ => {
            entry["layout"] = json!("contiguous");
            entry["offset"] = Value::Null;
        }
    }
    if null {
        entry["skip"] = json!("null dataspace");
    }
    entry
}

/// The name that the file states, or the library's own.
fn filter_name(filter: &Filter) -> String {
    match filter {
        Filter::Other { name: Some(name), .. } => name.clone(),
        Filter::Other { id, name: None, .. } if *id > 255 => String::new(),
        known => known.name(),
    }
}

/// The first and the last number, as Python prints a float.
fn ends(datatype: &DataType, bytes: &[u8]) -> Option<(String, String)> {
    let datatype = element_type(datatype);
    let numeric = matches!(
        datatype,
        DataType::Integer(_) | DataType::Float { .. } | DataType::Enum { .. } | DataType::Bitfield { .. }
    );
    if !numeric || datatype.is_bool() {
        return None;
    }
    if matches!(datatype, DataType::Float { format: FloatFormat::Extended, .. }) {
        let [first, last] = [bytes.first_chunk::<10>()?, bytes.last_chunk::<16>()?.first_chunk::<10>()?];
        return Some((python_float(extended(first)), python_float(extended(last))));
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
        _ => swath_hdf5::values(&plain(datatype), bytes.to_vec()).ok()?,
    }
    .to_f64()?;
    Some((python_float(*numbers.first()?), python_float(*numbers.last()?)))
}

/// The number of an x87's 80 bits.
fn extended(bytes: &[u8; 10]) -> f64 {
    let (mantissa, top) = bytes.split_at(8);
    let mantissa = mantissa.iter().rev().fold(0u64, |value, byte| value << 8 | u64::from(*byte));
    let top = u16::from_le_bytes([top[0], top[1]]);
    let magnitude = mantissa as f64 * 2f64.powi(i32::from(top & 0x7fff) - 16383 - 63);
    if top & 0x8000 == 0 { magnitude } else { -magnitude }
}

/// Bit fields are numbers to h5py.
fn plain(datatype: &DataType) -> DataType {
    match datatype {
        DataType::Bitfield { size, order } => DataType::Integer(Integer {
            size: *size,
            order: *order,
            signed: false,
            bit_offset: 0,
            precision: (*size * 8) as u16,
        }),
        other => other.clone(),
    }
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
    let values = scalar_lists(&attribute.datatype, &attribute.shape, attribute.value.clone());
    match canonical(&attribute.datatype, &values) {
        Ok(bytes) => entry["sha256"] = json!(sha256_hex(&bytes)),
        Err(why) => entry["skip"] = json!(why),
    }
    let base = element_type(&attribute.datatype);
    if attribute.value.len() > 8 {
        return entry;
    }
    if let Values::Strings(texts) = &attribute.value {
        let cut = |text: &String| match base {
            // numpy drops the NULs at the end, and only those.
            DataType::FixedString { .. } => text.trim_end_matches('\0').to_owned(),
            _ => text.clone(),
        };
        entry["value"] = texts.iter().map(|text| json!(cut(text))).collect();
    } else if let Some(numbers) = numbers_of(base, &attribute.value) {
        let is_float = matches!(base, DataType::Float { .. });
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

fn numbers_of(base: &DataType, values: &Values) -> Option<Vec<f64>> {
    match values {
        Values::Raw(bytes) if matches!(base, DataType::Bitfield { .. }) => {
            swath_hdf5::values(&plain(base), bytes.clone()).ok()?.to_f64()
        }
        values => values.to_f64(),
    }
}

/// Bytes of an element in memory, where what lies in the heap is a pointer, or a length and a pointer.
fn memory_size(datatype: &DataType) -> u64 {
    match datatype {
        DataType::VariableString { .. } => 8,
        DataType::Sequence { .. } => 16,
        DataType::Array { base, shape } => {
            shape.iter().fold(memory_size(base), |size, extent| size * u64::from(*extent))
        }
        DataType::Compound { size, members } => {
            let grown = |member: &swath_hdf5::Member| {
                member.datatype.size().saturating_sub(memory_size(&member.datatype))
            };
            u64::from(*size).saturating_sub(members.iter().map(grown).sum::<u64>())
        }
        other => other.size(),
    }
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
        DataType::Compound { members, .. } => {
            // Members move up by what those before them lose in memory.
            let before = |offset: u32| -> u64 {
                members
                    .iter()
                    .filter(|member| member.offset < offset)
                    .map(|member| member.datatype.size().saturating_sub(memory_size(&member.datatype)))
                    .sum()
            };
            let member = |member: &swath_hdf5::Member| {
                let offset = u64::from(member.offset).saturating_sub(before(member.offset));
                format!("{}:{}@{offset}", member.name, canonical_name(&member.datatype))
            };
            let members: Vec<String> = members.iter().map(member).collect();
            format!("{{{}}}/{}", members.join(","), memory_size(datatype))
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
        DataType::Float { size, order, format } => named(*order, float_size(*size, *format).unwrap_or(16)),
        DataType::Bitfield { size, order } => named(*order, *size),
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
        let values = scalar_lists(&dataset.datatype, &dataset.shape, values);
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
            matches!(format, FloatFormat::Custom(_) | FloatFormat::BFloat16)
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
        DataType::Array { base, .. } => packed(base, bytes),
        DataType::Compound { .. } => {
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
        // libhdf5 hands these to numpy as they are, others in sixteen bytes.
        DataType::Float { format: FloatFormat::Extended, size: 16, order: ByteOrder::Little } => {
            Ok(bytes.to_vec())
        }
        DataType::Float { format: FloatFormat::Extended, size, .. } => Ok(bytes
            .chunks_exact(*size as usize)
            .flat_map(|number| number[..10].iter().copied().chain([0; 6]))
            .collect()),
        DataType::Float { format: FloatFormat::Other, .. } => Err("floats of more than 64 bits".to_owned()),
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
        DataType::Reference { .. }
        | DataType::Float { format: FloatFormat::Extended | FloatFormat::Other, .. } => {
            out.extend(packed(datatype, element)?);
        }
        DataType::FixedString { .. } => out.extend(null_padded(datatype, element)),
        _ => out.extend_from_slice(element),
    }
    Ok(())
}

/// The witness takes each number of a single list for a list.
fn scalar_lists(datatype: &DataType, shape: &[u64], values: Values) -> Values {
    match (values, datatype) {
        (Values::Lists(lists), DataType::Sequence { base, .. }) if shape.is_empty() => {
            let size = (base.size() as usize).max(1);
            let bytes =
                lists.first().map(|list| canonical(base, list).unwrap_or_default()).unwrap_or_default();
            let one = |bytes: &[u8]| swath_hdf5::values(base, bytes.to_vec()).unwrap_or(Values::Null);
            Values::Lists(bytes.chunks_exact(size).map(one).collect())
        }
        (values, _) => values,
    }
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
            // Of a list of arrays the witness makes an array of each number.
            let numbers = element_type(base);
            let repeats = base.size() / numbers.size();
            for list in lists {
                // Lists of lists have no canonical form.
                if matches!(**base, DataType::Sequence { .. } | DataType::VariableString { .. }) {
                    return Err("nested vlen".to_owned());
                }
                let bytes = canonical(base, list)?;
                out.extend((count_of(numbers, list) * repeats).to_le_bytes());
                for number in bytes.chunks(numbers.size() as usize) {
                    (0..repeats).for_each(|_| out.extend(number));
                }
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
        Values::BFloat16(values) => {
            values.iter().flat_map(|value| widened(value.to_f32()).to_le_bytes()).collect()
        }
        Values::F32(values) if matches!(base, DataType::Float { format: FloatFormat::Custom(_), .. }) => {
            values.iter().flat_map(|value| widened(*value).to_le_bytes()).collect()
        }
        numbers => numbers_to_bytes(numbers),
    })
}

/// A float as libhdf5 widens it: of what is no number all bits of the mantissa become set.
fn widened(value: f32) -> f32 {
    if value.is_nan() { f32::from_bits(0x7fff_ffff) } else { value }
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
