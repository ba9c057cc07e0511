//! Pipelines, masks, bounds.

use super::*;

fn deflated(bytes: &[u8]) -> Vec<u8> {
    let mut compressor = libdeflater::Compressor::new(libdeflater::CompressionLvl::default());
    let mut output = vec![0; compressor.zlib_compress_bound(bytes.len())];
    let length = compressor.zlib_compress(bytes, &mut output).unwrap();
    output.truncate(length);
    output
}

fn shuffled(bytes: &[u8], size: usize) -> Vec<u8> {
    (0..size).flat_map(|at| bytes.iter().skip(at).step_by(size).copied()).collect()
}

fn with_checksum(mut bytes: Vec<u8>) -> Vec<u8> {
    bytes.extend(fletcher32(&bytes).to_le_bytes());
    bytes
}

const SHUFFLE: Filter = Filter::Shuffle { element_size: 4 };
const DEFLATE: Filter = Filter::Deflate { level: None };

#[test]
fn pipelines_are_undone_in_reverse_order() {
    let data: Vec<u8> = (0..=255).collect();
    let stored = with_checksum(deflated(&shuffled(&data, 4)));
    let chunk = undo(&[SHUFFLE, DEFLATE, Filter::Fletcher32], 0, &stored, 256).unwrap();
    assert_eq!(chunk.shuffled, Some(4));
    assert_eq!(unshuffled(&chunk.bytes, 4), data);

    let stored = deflated(&with_checksum(data.clone()));
    let chunk = undo(&[Filter::Fletcher32, DEFLATE], 0, &stored, 256).unwrap();
    assert_eq!((&*chunk.bytes, chunk.shuffled), (&*data, None));

    let stored = shuffled(&with_checksum(data.clone()), 4);
    let chunk = undo(&[Filter::Fletcher32, SHUFFLE], 0, &stored, 256).unwrap();
    assert_eq!(&*chunk.bytes, data);
}

#[test]
fn masked_filters_are_not_undone() {
    let data: Vec<u8> = (0..64).collect();
    let stored = shuffled(&data, 4);
    let chunk = undo(&[SHUFFLE, DEFLATE], 0b10, &stored, 64).unwrap();
    assert_eq!((chunk.shuffled, unshuffled(&chunk.bytes, 4)), (Some(4), data.clone()));
    let other = Filter::Other { id: 32013, name: None, parameters: vec![] };
    assert!(undo(std::slice::from_ref(&other), 1, &data, 64).is_ok());
    assert!(undo(&[other], 0, &data, 64).unwrap_err().contains("filter 32013 (32013)"));
}

#[test]
fn damaged_chunks_are_errors() {
    let data = vec![7u8; 1000];
    let good = deflated(&data);
    assert!(undo(&[DEFLATE], 0, &good, 999).unwrap_err().contains("more than"));
    assert!(undo(&[DEFLATE], 0, &good, 1001).unwrap_err().contains("1000 bytes and not to"));
    assert!(undo(&[DEFLATE], 0, &good[..good.len() - 1], 1000).is_err());
    let mut flipped = with_checksum(data.clone());
    flipped[17] ^= 1;
    assert!(undo(&[Filter::Fletcher32], 0, &flipped, 1000).unwrap_err().contains("Fletcher-32"));
    assert!(undo(&[Filter::Fletcher32], 0, &[1, 2], 1000).is_err());
    assert!(undo(&[], 0, &data, 1001).is_err());
    assert!(undo(&[Filter::Shuffle { element_size: 0 }], 0, &data, 1000).is_ok());
}

#[test]
fn fletcher32_of_known_words() {
    // Sums of 0x0102 and 0x0304: first 0x0406, second 0x0102 + 0x0406 = 0x0508.
    assert_eq!(fletcher32(&[1, 2, 3, 4]), 0x0508_0406);
    assert_eq!(fletcher32(&[1, 2, 3]), 0x0504_0402);
}

#[test]
fn unknown_filters_are_named() {
    let other = Filter::Other { id: 32013, name: Some("zfp".to_owned()), parameters: vec![] };
    assert!(!other.is_supported());
    assert!(undo(&[other], 0, &[0; 8], 8).unwrap_err().contains("zfp (32013)"));
}

/// Every registered filter on damaged and on meaningless bytes: an error or at most what was allowed.
#[test]
fn no_filter_gives_more_than_it_may() {
    let mut seed = 0x2545_f491_4f6c_dd1d_u64;
    let mut random = || {
        seed ^= seed << 13;
        seed ^= seed >> 7;
        seed ^= seed << 17;
        seed
    };
    let parameters: [&[u32]; 5] = [
        &[],
        &[141, 16, 8, 64],
        &[8, 0, 16, 1, 4, 0, 13, 2],
        &[2, 0, 64, 0, 4, 1, 0, 0],
        &[0, 4, 4, 0, 2, 1, 1, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0],
    ];
    for (id, name, undo) in REGISTRY {
        for round in 0..400 {
            let mut stored: Vec<u8> = (0..round % 97).map(|_| random() as u8).collect();
            if id == 32026 && stored.len() > 16 {
                stored[2..10].copy_from_slice(b"b2frame\0");
            }
            for parameters in parameters {
                if let Ok(given) = undo(&stored, parameters, 64) {
                    assert!(given.len() <= 64, "{name} gave {} bytes", given.len());
                }
            }
        }
    }
}

/// LZF as liblzf describes it: literals, a short copy, a long one that overlaps itself.
#[test]
fn lzf_copies_overlap() {
    let stored = [1, b'a', b'b', 0x20, 1, 0xe0, 3, 0];
    let expected = [b"ab".as_slice(), b"aba", b"aaaaaaaaaaaa"].concat();
    assert_eq!(lzf::undo(&stored, &[], 64).unwrap(), expected);
    assert!(lzf::undo(&stored, &[], 16).is_err());
    assert!(lzf::undo(&[0x20, 9], &[], 64).is_err());
}
