//! What this crate reads from a file, in the form of an h5py witness.

use bytes::Bytes;

use serde_json::{Map, Value, json};
use swath_hdf5::{
    Attribute, ByteOrder, DataType, Dataset, Error, Filter, FloatFormat, FloatLayout, Index, Integer, Layout,
    Link, MemoryReader, Object, OpenOptions, ReferenceKind, Selection, Values, read_bytes, read_index,
    read_values,
};

use crate::canonical::{canonical, element_type, has_odd_floats, packed, scalar_lists};
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
        DataType::Opaque { size, tag } => numpy_name(tag).unwrap_or_else(|| format!("V{size}")),
        DataType::Reference { kind: ReferenceKind::Object, .. } => "ref".to_owned(),
        DataType::Reference { .. } => "regref".to_owned(),
        other => other.name(),
    }
}

/// h5py writes types that HDF5 has no word for as opaque ones, and the word into their tag.
fn numpy_name(tag: &str) -> Option<String> {
    let name = tag.strip_prefix("NUMPY:")?;
    let (_, plain) = name.split_at_checked(1)?;
    Some(match plain.split_at_checked(2)? {
        ("M8", unit) => format!("datetime64{unit}"),
        ("m8", unit) => format!("timedelta64{unit}"),
        _ => plain.to_owned(),
    })
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
        DataType::Opaque { tag, .. } if tag.starts_with("NUMPY:<") => "le",
        DataType::Opaque { tag, .. } if tag.starts_with("NUMPY:>") => "be",
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
