//! Datatype messages, written by hand after the specification.

use super::*;

fn head(class: u8, version: u8, flags: u32, size: u32) -> Vec<u8> {
    let word = u32::from(class) | u32::from(version) << 4 | flags << 8;
    [word.to_le_bytes(), size.to_le_bytes()].concat()
}

fn float32() -> Vec<u8> {
    [head(1, 1, 0x1f20, 4), vec![0, 0, 32, 0, 23, 8, 0, 23], 127u32.to_le_bytes().to_vec()].concat()
}

fn float16(exponent: u8, mantissa: u8, bias: u32) -> Vec<u8> {
    [head(1, 1, 0x0f20, 2), vec![0, 0, 16, 0, mantissa, exponent, 0, mantissa], bias.to_le_bytes().to_vec()]
        .concat()
}

fn integer(size: u32, flags: u32, precision: u16) -> Vec<u8> {
    [head(0, 1, flags, size), vec![0, 0], precision.to_le_bytes().to_vec()].concat()
}

fn compound3(size: u32, members: &[(&str, u8, Vec<u8>)]) -> Vec<u8> {
    let mut bytes = head(6, 3, members.len() as u32, size);
    for (name, offset, datatype) in members {
        bytes.extend(name.bytes().chain([0, *offset]));
        bytes.extend(datatype);
    }
    bytes
}

/// The type, after a round through its stored form.
fn parsed(bytes: &[u8]) -> DataType {
    let datatype = parse_message(bytes).unwrap();
    let stored = postcard::to_allocvec(&datatype).unwrap();
    assert_eq!(postcard::from_bytes::<DataType>(&stored).unwrap(), datatype);
    for length in 0..bytes.len() {
        assert!(parse_message(&bytes[..length]).is_err(), "cut to {length} bytes");
    }
    datatype
}

#[test]
fn numbers_are_told_apart_by_their_bits() {
    assert_eq!(parsed(&integer(2, 0x08, 16)).name(), "int16");
    assert_eq!(parsed(&integer(8, 0x01, 64)).name(), "uint64");
    assert_eq!(parsed(&integer(8, 0x01, 64)).reversals(), [(0, 8)]);
    let mut packed = [0xff, 0xff, 0xff, 0xbf];
    unpack(&mut packed, 4, &parsed(&integer(4, 0x08, 31)).packed());
    assert_eq!(i32::from_le_bytes(packed), 0x3fff_ffff);
    unpack(&mut packed, 4, &parsed(&integer(4, 0x08, 30)).packed());
    assert_eq!(i32::from_le_bytes(packed), -1);
    assert_eq!(parsed(&float32()).name(), "float32");
    assert_eq!(parsed(&float16(5, 10, 15)).name(), "float16");
    assert_eq!(parsed(&float16(8, 7, 127)).name(), "bfloat16");
    assert_eq!(parsed(&float16(5, 10, 16)).name(), "float16e5m10");
}

#[test]
fn pairs_of_floats_are_complex_and_other_pairs_are_not() {
    let complex = parsed(&compound3(8, &[("r", 0, float32()), ("i", 4, float32())]));
    assert_eq!((complex.name().as_str(), complex.size()), ("complex64", 8));
    let half = || float16(5, 10, 15);
    assert_eq!(parsed(&compound3(4, &[("r", 0, half()), ("i", 2, half())])).name(), "complex32");
    for other in [
        compound3(8, &[("x", 0, float32()), ("y", 4, float32())]),
        compound3(12, &[("r", 0, float32()), ("i", 8, float32())]),
        compound3(6, &[("r", 0, float32()), ("i", 4, half())]),
        compound3(8, &[("i", 4, float32()), ("r", 0, float32())]),
    ] {
        assert!(matches!(parsed(&other), DataType::Compound { .. }));
    }
    assert!(parse_message(&compound3(6, &[("r", 0, float32()), ("i", 4, float32())])).is_err());
}

#[test]
fn members_of_old_compounds_may_be_arrays() {
    // Version 1: name padded to 8 bytes, offset, rank 2, permutation, reserved, four extents, type.
    let mut bytes = head(6, 1, 1, 24);
    bytes.extend(b"field\0\0\0");
    bytes.extend([0, 0, 0, 0, 2, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0]);
    bytes.extend([2u32, 3, 0, 0].iter().flat_map(|extent| extent.to_le_bytes()));
    bytes.extend(integer(4, 0x09, 32));
    let datatype = parsed(&bytes);
    assert_eq!(datatype.name(), "{field: (2, 3)int32}");
    assert_eq!(datatype.reversals(), [(0, 4), (4, 4), (8, 4), (12, 4), (16, 4), (20, 4)]);
}

#[test]
fn strings_enums_and_references_are_named() {
    let string = parsed(&head(3, 1, 0x12, 12));
    let expected = DataType::FixedString { size: 12, padding: Padding::SpacePadded, charset: Charset::Utf8 };
    assert_eq!((string.name().as_str(), string), ("|S12", expected));
    let variable = [head(9, 1, 0x101, 16), integer(1, 0, 8)].concat();
    assert_eq!(parsed(&variable), DataType::VariableString { charset: Charset::Utf8, size: 16 });
    let boolean = [head(8, 3, 2, 1), integer(1, 0x08, 8), b"FALSE\0TRUE\0\x00\x01".to_vec()].concat();
    assert_eq!(parsed(&boolean).name(), "bool");
    let colour = [head(8, 3, 2, 1), integer(1, 0, 8), b"RED\0BLUE\0\x00\x01".to_vec()].concat();
    assert_eq!(parsed(&colour).name(), "enum(uint8)");
    let list = [head(9, 1, 0, 16), head(7, 1, 0, 8)].concat();
    assert_eq!(parsed(&list).name(), "list(reference)");
    assert!(parsed(&list).is_variable());
}

#[test]
fn nesting_and_sizes_are_bounded() {
    let nested = |levels: usize| -> Vec<u8> {
        let array = [head(10, 3, 0, 4), vec![1], 1u32.to_le_bytes().to_vec()].concat();
        [array.repeat(levels), integer(4, 0, 32)].concat()
    };
    assert!(parse_message(&nested(MAX_DEPTH)).is_ok());
    assert!(parse_message(&nested(MAX_DEPTH + 1)).unwrap_err().contains("nested"));
    let huge = [head(10, 3, 0, 4), vec![2], vec![0xff; 8], integer(4, 0, 32)].concat();
    assert!(parse_message(&huge).is_err());
    assert!(parse_message(&head(3, 1, 0, 0)).unwrap_err().contains("size 0"));
    assert!(parse_message(&head(12, 1, 0, 4)).unwrap_err().contains("unknown"));
}
