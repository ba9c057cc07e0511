use serde_json::{Value, json};
use swath_hdf5::{
    Attribute, ByteOrder, ChunkTable, DataType, Dataset, Filter, FloatFormat, Integer, Layout, Member,
    Padding, Values,
};

use super::draft::{Body, Drafting};
use super::element::{Codecs, Element, in_order, nodata};
use super::*;

fn float32(order: ByteOrder) -> DataType {
    DataType::Float { size: 4, order, format: FloatFormat::Single }
}

fn integer(size: u32, signed: bool) -> DataType {
    let precision = size as u16 * 8;
    DataType::Integer(Integer { size, order: ByteOrder::Little, signed, bit_offset: 0, precision })
}

fn text_of(padding: Padding) -> DataType {
    DataType::FixedString { size: 4, padding, charset: swath_hdf5::Charset::Ascii }
}

/// A dataset of 4 x 6 floats in chunks of 2 x 4, of which only those of `cells` are stored, one after the other.
fn chunked(cells: &[(u64, u32)]) -> Dataset {
    let packed = |number: u64| {
        let mut bytes = Vec::new();
        let mut rest = number;
        while rest >= 0x80 {
            bytes.push(rest as u8 | 0x80);
            rest >>= 7;
        }
        bytes.push(rest as u8);
        bytes
    };
    let (mut numbers, mut next, mut size) = (Vec::new(), 0, 0i64);
    for (cell, mask) in cells {
        numbers.extend(packed(cell - next));
        numbers.extend(packed(0));
        numbers.extend(packed((32 - size) as u64 * 2));
        numbers.extend(packed(u64::from(*mask)));
        (next, size) = (cell + 1, 32);
    }
    let table = json!({ "grid": [2, 2], "count": cells.len(), "has_masks": true, "numbers": numbers });
    let table: ChunkTable = serde_json::from_value(table).unwrap();
    Dataset {
        datatype: float32(ByteOrder::Little),
        shape: vec![4, 6],
        max_shape: None,
        chunk_shape: Some(vec![2, 4]),
        filters: vec![Filter::Shuffle { element_size: 4 }, Filter::Deflate { level: Some(5) }],
        fill: None,
        layout: Layout::Chunked(table),
        attributes: Vec::new(),
        dimensions: Vec::new(),
        is_dimension_scale: false,
    }
}

fn attribute(name: &str, shape: &[u64], value: Values) -> Attribute {
    Attribute { name: name.to_owned(), datatype: float32(ByteOrder::Little), shape: shape.to_vec(), value }
}

/// The decision on a dataset of a file of 1000 bytes, none of it small.
fn decided(dataset: &Dataset, embed_limit: u64) -> std::result::Result<Body, String> {
    let options = KerchunkOptions { inline_limit: 0, embed_limit, ..KerchunkOptions::default() };
    Drafting { path: "/d", dataset, options: &options, file_bytes: 1000 }.body(nodata(dataset))
}

#[test]
fn types_have_numpy_s_names() {
    let complex = |part_size, order| DataType::Complex { names: ["r".into(), "i".into()], part_size, order };
    let named = |datatype: &DataType| Element::of(datatype).map(|element| (element.stored, element.decoded));
    let both = |stored: Value, decoded: Value| Ok((Some(stored), decoded));
    assert_eq!(named(&float32(ByteOrder::Big)), both(json!(">f4"), json!("<f4")));
    assert_eq!(named(&integer(1, true)), both(json!("|i1"), json!("|i1")));
    assert_eq!(named(&integer(8, false)), both(json!("<u8"), json!("<u8")));
    assert_eq!(named(&complex(4, ByteOrder::Big)), both(json!(">c8"), json!("<c8")));
    let halves = json!([["r", "<f2"], ["i", "<f2"]]);
    assert_eq!(named(&complex(2, ByteOrder::Little)), both(halves.clone(), halves));
    assert_eq!(named(&text_of(Padding::NullPadded)), both(json!("|S4"), json!("|S4")));
    assert_eq!(named(&text_of(Padding::SpacePadded)), Ok((None, json!("|S4"))));
    let names = [("FALSE".to_owned(), vec![0]), ("TRUE".to_owned(), vec![1])];
    let truth = DataType::Enum { base: Box::new(integer(1, true)), members: names.to_vec() };
    assert_eq!(named(&truth), both(json!("|b1"), json!("|b1")));
    assert!(named(&integer(3, true)).is_err());
}

#[test]
fn compounds_with_gaps_are_refused() {
    let member = |name: &str, offset| Member { name: name.to_owned(), offset, datatype: integer(2, true) };
    let compound =
        |size, members: &[Member]| Element::of(&DataType::Compound { size, members: members.to_vec() });
    let tight = compound(4, &[member("a", 0), member("b", 2)]).unwrap();
    assert_eq!(tight.stored, Some(json!([["a", "<i2"], ["b", "<i2"]])));
    assert!(compound(8, &[member("a", 0), member("b", 4)]).is_err());
    assert!(compound(6, &[member("a", 0), member("b", 2)]).is_err());
}

#[test]
fn decoded_bytes_become_what_their_name_says() {
    let finished = |datatype: &DataType, bytes: &[u8]| Element::of(datatype).unwrap().finish(bytes.to_vec());
    assert_eq!(finished(&text_of(Padding::SpacePadded), b"a b     x  y"), b"a b\0\0\0\0\0x  y");
    assert_eq!(finished(&text_of(Padding::NullTerminated), b"a\0bcwxyz"), b"a\0\0\0wxyz");
    let brain = DataType::Float { size: 2, order: ByteOrder::Little, format: FloatFormat::BFloat16 };
    assert_eq!(finished(&brain, &[0xc0, 0x3f]), 1.5f32.to_le_bytes());
    assert_eq!(in_order(&float32(ByteOrder::Big), vec![1, 2, 3, 4]), Some(vec![4, 3, 2, 1]));
}

#[test]
fn pipelines_become_codecs_in_their_order() {
    let shuffle = Filter::Shuffle { element_size: 4 };
    let deflate = Filter::Deflate { level: None };
    let zlib = json!({ "id": "zlib", "level": 1 });
    let of = |filters: &[Filter]| Codecs::of(filters, 0).map(|codecs| codecs.to_json());
    let shuffled = json!([{ "id": "shuffle", "elementsize": 4 }]);
    assert_eq!(of(&[shuffle.clone(), deflate.clone()]), Ok((shuffled, zlib.clone())));
    assert_eq!(of(std::slice::from_ref(&deflate)), Ok((Value::Null, zlib.clone())));
    assert_eq!(
        of(&[deflate.clone(), Filter::Fletcher32]),
        Ok((json!([zlib, { "id": "fletcher32" }]), Value::Null))
    );
    assert_eq!(of(&[]), Ok((Value::Null, Value::Null)));
    assert!(of(&[Filter::Fletcher32, shuffle]).is_err());
    let other = Filter::Other { id: 32015, name: None, parameters: vec![] };
    assert!(of(std::slice::from_ref(&other)).unwrap_err().contains("zstd (32015)"));
    assert!(Codecs::of(&[other], 1).unwrap().is_empty());
}

#[test]
fn what_is_encoded_reads_back() {
    let codecs = Codecs::of(&chunked(&[]).filters, 0).unwrap();
    let chunk: Vec<u8> = (0..200).collect();
    let encoded = codecs.encode(chunk.clone()).unwrap();
    let mut shuffled = vec![0; 200];
    libdeflater::Decompressor::new().zlib_decompress(&encoded, &mut shuffled).unwrap();
    let unshuffled: Vec<u8> = (0..200).map(|at| shuffled[at % 4 * 50 + at / 4]).collect();
    assert_eq!(unshuffled, chunk);
}

#[test]
fn complete_chunks_are_referenced_with_the_fill_value_of_the_attribute() {
    let mut dataset = chunked(&[(0, 0), (1, 0), (2, 0), (3, 0)]);
    dataset.attributes = vec![attribute("_FillValue", &[1], Values::F32(vec![f32::NAN]))];
    let Ok(Body::Chunks { zarray, patches, absent, .. }) = decided(&dataset, 0) else { panic!("no chunks") };
    assert!(patches.is_empty() && absent.is_none());
    assert_eq!(zarray["fill_value"], "NaN");
    assert_eq!((&zarray["chunks"], &zarray["dtype"]), (&json!([2, 4]), &json!("<f4")));
    dataset.attributes.clear();
    let Ok(Body::Chunks { zarray, .. }) = decided(&dataset, 0) else { panic!("no chunks") };
    assert_eq!(zarray["fill_value"], Value::Null);
}

#[test]
fn chunks_that_are_not_there_are_never_taken_for_no_data() {
    let mut dataset = chunked(&[(0, 0), (3, 0)]);
    // Zeros that mean zero: written out, while that is allowed.
    let Ok(Body::Chunks { absent, zarray, .. }) = decided(&dataset, 4096) else { panic!("no chunks") };
    assert!(absent.is_some() && zarray["fill_value"].is_null());
    let Err(why) = decided(&dataset, 31) else { panic!("embedded beyond the limit") };
    assert!(why.contains("2 chunks were never written"), "{why}");
    // Zeros that mean "no data" both ways: zarr's fill value says it.
    dataset.attributes = vec![attribute("_FillValue", &[], Values::F32(vec![0.0]))];
    let Ok(Body::Chunks { absent, zarray, .. }) = decided(&dataset, 31) else { panic!("no chunks") };
    assert_eq!((absent, &zarray["fill_value"]), (None, &json!(0.0)));
}

#[test]
fn chunks_without_their_filters_are_written_anew_or_all_alike() {
    let dataset = chunked(&[(0, 0), (1, 0), (2, 3), (3, 0)]);
    let Ok(Body::Chunks { patches, .. }) = decided(&dataset, 4096) else { panic!("no chunks") };
    assert_eq!(patches.iter().map(|patch| patch.coordinates.clone()).collect::<Vec<_>>(), [[1, 0]]);
    assert!(decided(&dataset, 31).is_err());
    // Bits beyond the pipeline say nothing; a mask that all have is a shorter pipeline.
    let dataset = chunked(&[(0, 6), (1, 2), (2, 2), (3, 2)]);
    let Ok(Body::Chunks { zarray, patches, .. }) = decided(&dataset, 0) else { panic!("no chunks") };
    assert!(patches.is_empty() && zarray["compressor"].is_null());
    assert_eq!(zarray["filters"][0]["id"], "shuffle");
}

#[test]
fn a_chunk_written_anew_is_padded_to_its_shape() {
    let dataset = chunked(&[]);
    let window = swath_hdf5::Selection::window(&[2..4, 4..6]);
    let plan = dataset.plan("/d", &window).unwrap();
    let part: Vec<u8> = [1f32, 2.0, 3.0, 4.0].iter().flat_map(|value| value.to_le_bytes()).collect();
    let chunk = draft::whole_chunk(&dataset, &plan, &part);
    let values: Vec<f32> = chunk.as_chunks::<4>().0.iter().map(|bytes| f32::from_le_bytes(*bytes)).collect();
    assert_eq!(values, [1.0, 2.0, 0.0, 0.0, 3.0, 4.0, 0.0, 0.0]);
}

#[test]
fn what_lies_beyond_the_file_is_skipped() {
    let mut dataset = chunked(&[(0, 0), (1, 0), (2, 0), (3, 0)]);
    dataset.layout = Layout::Contiguous { offset: Some(960), size: 96 };
    dataset.chunk_shape = None;
    dataset.filters.clear();
    assert!(decided(&dataset, 4096).is_err_and(|why| why.contains("beyond the end")));
    dataset.layout = Layout::Contiguous { offset: Some(904), size: 96 };
    assert!(matches!(decided(&dataset, 0), Ok(Body::Run { offset: 904, length: 96, .. })));
    dataset.layout = Layout::Null;
    assert!(decided(&dataset, 4096).is_err());
}

#[test]
fn fill_values_that_the_type_lacks_stay_attributes() {
    let mut dataset = chunked(&[]);
    let mut of = |datatype: DataType, value: Values| {
        dataset.datatype = datatype;
        dataset.attributes = vec![attribute("_FillValue", &[1], value)];
        nodata(&dataset)
    };
    assert_eq!(of(integer(1, false), Values::U8(vec![255])), Some(json!(255)));
    assert_eq!(of(integer(1, false), Values::I64(vec![256])), None);
    assert_eq!(of(integer(2, true), Values::F64(vec![f64::NAN])), None);
    assert_eq!(of(integer(8, false), Values::U64(vec![u64::MAX])), Some(json!(u64::MAX)));
    assert_eq!(of(float32(ByteOrder::Big), Values::F32(vec![0.1])), Some(json!(0.1)));
    let complex =
        DataType::Complex { names: ["r".into(), "i".into()], part_size: 4, order: ByteOrder::Little };
    assert_eq!(of(complex, Values::F64(vec![f64::INFINITY])), Some(json!(["Infinity", 0.0])));
    assert_eq!(of(text_of(Padding::NullPadded), Values::Strings(vec!["x".into()])), None);
}

#[test]
fn attributes_are_text_that_python_reads() {
    let list = [
        attribute("CLASS", &[], Values::Strings(vec!["DIMENSION_SCALE".into()])),
        attribute("_FillValue", &[], Values::F32(vec![0.0])),
        attribute("note", &[1], Values::Strings(vec!["a \"b\"".into()])),
        attribute("range", &[2], Values::F64(vec![f64::NEG_INFINITY, f64::NAN])),
        attribute("matrix", &[2, 2], Values::I32(vec![1, 2, 3, 4])),
        attribute("link", &[], Values::References(vec![None])),
        attribute("nothing", &[], Values::Null),
    ];
    let told = attributes::of_array(&list, &["y".to_owned(), "x".to_owned()], true);
    let rest = r#""note":"a \"b\"","range":[-Infinity,NaN],"matrix":[[1,2],[3,4]],"nothing":[]}"#;
    assert_eq!(told, format!(r#"{{"_ARRAY_DIMENSIONS":["y","x"],{rest}"#));
    assert_eq!(attributes::of_group(&list), format!(r#"{{"_FillValue":0.0,{rest}"#));
    assert_eq!(attributes::of_group(&[]), "");
}

#[test]
fn addresses_that_cannot_be_written_down_must_be_given() {
    let of = |text: &str, given: Option<&str>| {
        let options = KerchunkOptions { url: given.map(str::to_owned), ..KerchunkOptions::default() };
        url(&Address::parse(text).unwrap(), &options)
    };
    assert_eq!(of("s3://bucket/a.h5", None).unwrap(), "s3://bucket/a.h5");
    assert_eq!(of("https://h.example/a.h5", None).unwrap(), "https://h.example/a.h5");
    assert!(std::path::Path::new(&of("a.h5", None).unwrap()).is_absolute());
    let signed = of("https://h.example/a.h5?X-Amz-Signature=secret", None).unwrap_err();
    assert!(signed.hint().is_some() && !format!("{signed:?}").contains("secret"), "{signed:?}");
    assert_eq!(of("https://h.example/a?b", Some("s3://b/c")).unwrap(), "s3://b/c");
    assert!(of("https://h.example/a", Some("x{{u}}")).is_err());
}

#[test]
fn names_that_zarr_keeps_for_itself_are_refused() {
    assert_eq!(nameless("science/LSAR/a.b"), None);
    assert_eq!(nameless(""), None);
    for key in ["a/..", ".zattrs/x", "a\\b", "zarr.json"] {
        assert!(nameless(key).is_some(), "{key}");
    }
}
