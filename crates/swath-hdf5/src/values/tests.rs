//! Bytes to typed values and back.

use super::*;
use crate::datatype::{ByteOrder, Charset, ReferenceKind};

fn stored_and_back(values: &Values) -> Values {
    postcard::from_bytes(&postcard::to_allocvec(values).unwrap()).unwrap()
}

fn integer(size: u32, signed: bool) -> DataType {
    let precision = size as u16 * 8;
    DataType::Integer(Integer { size, order: ByteOrder::Little, signed, bit_offset: 0, precision })
}

#[test]
fn every_kind_survives_being_stored() {
    let all = [
        Values::Null,
        Values::I8(vec![-1, 5]),
        Values::I16(vec![-2]),
        Values::I32(vec![i32::MIN]),
        Values::I64(vec![i64::MAX]),
        Values::U8(vec![]),
        Values::U16(vec![7; 3]),
        Values::U32(vec![u32::MAX]),
        Values::U64(vec![u64::MAX]),
        Values::F16(vec![f16::from_f32(1.5)]),
        Values::BFloat16(vec![bf16::from_f32(-2.0)]),
        Values::F32(vec![f32::INFINITY]),
        Values::F64(vec![1e-300]),
        Values::Complex32(vec![Complex::new(f16::from_f32(1.0), f16::from_f32(2.0))]),
        Values::Complex64(vec![Complex::new(1.0, -2.0)]),
        Values::Complex128(vec![Complex::new(3.0, 4.0); 2]),
        Values::Bool(vec![true, false]),
        Values::Strings(vec!["a".to_owned(), String::new()]),
        Values::References(vec![Some("/a".to_owned()), None]),
        Values::Raw(vec![1, 2, 3]),
    ];
    for values in all {
        assert_eq!(stored_and_back(&values), values);
        let lists = Values::Lists(vec![values.clone(), values]);
        let expected = stored_and_back(&lists);
        // A list of nothing keeps no kind but its own.
        assert_eq!(format!("{expected:?}"), format!("{lists:?}"));
    }
}

#[test]
fn nested_values_survive_being_stored() {
    let numbers = || Values::I32(vec![1, 2]);
    let lists = Values::Lists(vec![Values::Lists(vec![numbers()]), Values::Lists(vec![])]);
    let compound = Values::Compound(vec![
        ("a".to_owned(), numbers()),
        ("b".to_owned(), Values::ByteStrings(vec![vec![0xff], vec![]])),
        ("c".to_owned(), lists),
    ]);
    assert_eq!(stored_and_back(&compound), compound);
    let mixed = Values::Lists(vec![compound.clone(), compound]);
    assert_eq!(stored_and_back(&mixed), mixed);
    let deep = (0..MAX_NESTED).fold(Values::Null, |inner, _| Values::Lists(vec![Values::Lists(vec![inner])]));
    let bytes = postcard::to_allocvec(&deep).unwrap();
    assert!(postcard::from_bytes::<Values>(&bytes).is_err());
}

/// Deeper than any type.
const MAX_NESTED: usize = 40;

#[test]
fn impossible_stored_values_are_refused() {
    let lists = Values::Lists(vec![Values::U16(vec![1, 2]), Values::U16(vec![3])]);
    let bytes = postcard::to_allocvec(&lists).unwrap();
    for (at, byte) in bytes.iter().enumerate() {
        let mut damaged = bytes.clone();
        damaged[at] = byte ^ 1;
        // Any answer will do but a panic.
        let _ = postcard::from_bytes::<Values>(&damaged);
    }
    assert!(postcard::from_bytes::<Values>(&bytes[..bytes.len() - 1]).is_err());
}

#[test]
fn bytes_become_the_values_they_state() {
    assert_eq!(values(&integer(2, true), vec![0xfe, 0xff, 1, 0]).unwrap(), Values::I16(vec![-2, 1]));
    assert!(matches!(values(&integer(4, true), vec![1, 2, 3]), Err(Error::Misuse { .. })));
    let complex =
        DataType::Complex { names: ["r".to_owned(), "i".to_owned()], part_size: 4, order: ByteOrder::Little };
    let bytes: Vec<u8> = [1.5f32, -2.5].iter().flat_map(|part| part.to_le_bytes()).collect();
    assert_eq!(values(&complex, bytes).unwrap(), Values::Complex64(vec![Complex::new(1.5, -2.5)]));
    let text = |padding| DataType::FixedString { size: 4, padding, charset: Charset::Ascii };
    let read = |padding, bytes: &[u8]| values(&text(padding), bytes.to_vec()).unwrap();
    let strings = |text: &str| Values::Strings(vec![text.to_owned()]);
    assert_eq!(read(Padding::NullTerminated, b"a\0b\0"), strings("a"));
    assert_eq!(read(Padding::NullPadded, b"a\0b\0"), strings("a\0b"));
    assert_eq!(read(Padding::SpacePadded, b"a b "), strings("a b"));
    let array = DataType::Array { base: Box::new(integer(1, false)), shape: vec![2] };
    assert_eq!(values(&array, vec![1, 2, 3, 4]).unwrap(), Values::U8(vec![1, 2, 3, 4]));
}

#[test]
fn references_become_paths_where_they_are_known() {
    let datatype = DataType::Reference { kind: ReferenceKind::Object, size: 8 };
    let bytes: Vec<u8> = [96u64, 0, u64::MAX, 97].iter().flat_map(|address| address.to_le_bytes()).collect();
    let path_of = |address: u64| (address == 96).then(|| "/scale".to_owned());
    let expected = Values::References(vec![Some("/scale".to_owned()), None, None, None]);
    let heap_of = |_: &[u8], _| Ok(Vec::new());
    let referred = Referred { path_of: &path_of, heap_of: &heap_of };
    assert_eq!(decode(&datatype, bytes, referred).unwrap(), expected);
}

#[test]
fn real_numbers_are_had_as_f64() {
    assert_eq!(Values::U8(vec![3]).to_f64(), Some(vec![3.0]));
    assert_eq!(Values::F16(vec![f16::from_f32(0.5)]).to_f64(), Some(vec![0.5]));
    assert_eq!(Values::Strings(vec!["3".to_owned()]).to_f64(), None);
}
