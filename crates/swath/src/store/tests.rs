//! Every bit of a chunk flipped on its way, through the whole read path.

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};

use futures::FutureExt;
use serde::Deserialize;
use sha2_sums::{Digest, Sha256};
use swath_hdf5::{Axis, Selection};

use super::*;
use crate::tree::{self, DataArray, KnownPlaces, OpenOptions, Opening};

/// What `fixtures/flips.py` says of a file.
#[derive(Deserialize)]
struct Expected {
    offset: u64,
    size: u64,
    sha256: String,
}

/// A file in memory of which a bit is flipped in some of the answers that hold it.
#[derive(Debug, Clone, Default)]
struct Flipping {
    bytes: Bytes,
    /// The bit, counted from the first of the file.
    bit: Arc<AtomicU64>,
    /// How many more answers are wrong.
    times: Arc<AtomicUsize>,
    /// Answers given that hold the bit.
    answers: Arc<AtomicUsize>,
}

impl Flipping {
    fn answer(&self, range: Range<u64>) -> Part {
        let size = self.bytes.len() as u64;
        let (start, end) = (range.start.min(size), range.end.min(size));
        let mut bytes = self.bytes[start as usize..end as usize].to_vec();
        let bit = self.bit.load(Ordering::SeqCst);
        if (start..end).contains(&(bit / 8)) {
            self.answers.fetch_add(1, Ordering::SeqCst);
            let less =
                self.times.fetch_update(Ordering::SeqCst, Ordering::SeqCst, |times| times.checked_sub(1));
            if less.is_ok() {
                bytes[(bit / 8 - start) as usize] ^= 1 << (bit % 8);
            }
        }
        Part { bytes: bytes.into(), version: Version { size, tag: None } }
    }
}

impl Source for Flipping {
    fn read<'a>(&'a self, range: Range<u64>, _: Option<&'a Version>) -> BoxFuture<'a, Result<Part>> {
        async move { Ok(self.answer(range)) }.boxed()
    }
}

/// A file, opened while nothing is wrong with it, and how to damage it.
async fn opened(name: &str) -> (DataArray, Flipping, Expected) {
    let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../fixtures/flips");
    let text = std::fs::read(folder.join("expected.json")).unwrap();
    let mut all: std::collections::BTreeMap<String, Expected> = serde_json::from_slice(&text).unwrap();
    let bytes = std::fs::read(folder.join(format!("{name}.h5"))).unwrap().into();
    let flipping = Flipping { bytes, ..Flipping::default() };
    let object =
        Object::new(Address::memory(name), Box::new(flipping.clone()), Coalescing::LOCAL, Ledger::default());
    let opening = Opening { cache: None, places: &KnownPlaces::default(), lazily: false };
    let tree = tree::open(object, &OpenOptions::default(), opening).await.unwrap();
    (tree.array("/power").unwrap(), flipping, all.remove(name).unwrap())
}

/// The digest of the values, as they are read with one bit flipped so many times, and how often its chunk was fetched.
async fn read(array: &DataArray, source: &Flipping, bit: u64, times: usize) -> (Result<String>, usize) {
    source.bit.store(bit, Ordering::SeqCst);
    source.times.store(times, Ordering::SeqCst);
    source.answers.store(0, Ordering::SeqCst);
    let all = Selection::strided(vec![Axis { start: 0, count: 8, step: 1 }; 2]);
    let read = array.read_bytes(&all).await;
    let digest = |bytes: Vec<u8>| Sha256::digest(&bytes).iter().map(|byte| format!("{byte:02x}")).collect();
    (read.map(digest), source.answers.load(Ordering::SeqCst))
}

#[tokio::test]
async fn every_bit_of_a_chunk_with_a_checksum_is_healed_or_named() {
    for name in ["fletcher32", "shuffle_deflate_fletcher32", "deflate"] {
        let (array, source, expected) = opened(name).await;
        let (mut named, mut harmless) = (0, 0);
        for bit in expected.offset * 8..(expected.offset + expected.size) * 8 {
            // Flipped once on the way, it is fetched once more and right.
            let (found, fetched) = read(&array, &source, bit, 1).await;
            assert_eq!(found.unwrap(), expected.sha256, "{name}, bit {bit}");
            let healed = fetched == 2;
            // Flipped in the archive itself, it is an error: never a number.
            let (found, fetched) = read(&array, &source, bit, usize::MAX).await;
            match found {
                Err(error) => {
                    assert!(error.is_integrity() && healed && fetched == 2, "{name}, bit {bit}: {error:?}");
                    named += 1;
                }
                // A deflated stream has bits that mean nothing; a checksum over it knows them all.
                Ok(digest) => {
                    assert_eq!((digest, fetched), (expected.sha256.clone(), 1), "{name}, bit {bit}");
                    harmless += 1;
                }
            }
        }
        assert_eq!(named + harmless, expected.size * 8);
        assert!(harmless == 0 || (name == "deflate" && harmless < 16), "{name}: {harmless} bits did no harm");
    }
}

/// What `docs/faults.md` says openly: without a checksum nothing in the file can tell, and only what carries the bytes (TLS) guards
/// them.
#[tokio::test]
async fn a_chunk_without_a_checksum_cannot_tell() {
    let (array, source, expected) = opened("none").await;
    let begin = expected.offset * 8;
    assert_eq!(read(&array, &source, begin, 0).await.0.unwrap(), expected.sha256);
    for bit in [begin, begin + 700, begin + expected.size * 8 - 1] {
        let (found, fetched) = read(&array, &source, bit, 1).await;
        assert_eq!((found.unwrap() == expected.sha256, fetched), (false, 1));
    }
}
