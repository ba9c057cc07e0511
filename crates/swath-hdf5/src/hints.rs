//! What the beginning of a file points to, found without walking it.
//!
//! A writer that reopens a file moves messages of old headers to its end; NISAR's root group, for one, names
//! its children there. A walk cannot go past such a header before the next wave, so objects that were
//! written first, and lie at hand, would cost waves of their own. Two structures of the first generation
//! are plain enough to be found by looking: nodes of symbol tables, which hold addresses of headers, and
//! references into the global heap. What they point to is fetched along with what the walk missed. A wrong
//! guess costs bytes, bounded here, and nothing else: only the walk decides what is in the file.

use std::collections::BTreeMap;

/// Most heap collections, and most headers, that are guessed.
const MAX_GUESSES: usize = 4;
/// Most groups that are tried.
const MAX_GROUPS: usize = 128;
/// Largest count and index of a plausible heap reference.
const MAX_NUMBER: u32 = 4096;
/// Bytes of an entry of a symbol node, with addresses of 8 bytes (HDF5 specification III.C).
const ENTRY: usize = 40;
/// Most entries of a symbol node; the usual limit is 8.
const MAX_ENTRIES: usize = 64;

/// Addresses of heap collections that at least two references point to, most used first.
pub(crate) fn heap_collections(bytes: &[u8], size: u64) -> Vec<u64> {
    let mut uses: BTreeMap<u64, u32> = BTreeMap::new();
    // Messages of first-generation headers are aligned to eight bytes.
    for window in bytes.windows(16).step_by(8) {
        let [count, low, high, index] = [0, 4, 8, 12]
            .map(|at| u32::from_le_bytes([window[at], window[at + 1], window[at + 2], window[at + 3]]));
        let address = u64::from(high) << 32 | u64::from(low);
        let plausible = |number: u32| (1..=MAX_NUMBER).contains(&number);
        if plausible(count) && plausible(index) && address % 4 == 0 && outside(bytes, size, address) {
            *uses.entry(address).or_default() += 1;
        }
    }
    let mut addresses: Vec<(u32, u64)> =
        uses.into_iter().filter(|(_, uses)| *uses > 1).map(|(address, uses)| (uses, address)).collect();
    addresses.sort_unstable_by(|one, other| other.cmp(one));
    addresses.into_iter().take(MAX_GUESSES).map(|(_, address)| address).collect()
}

/// Addresses of headers that nodes of symbol tables list and that are not in `bytes`.
pub(crate) fn listed_headers(bytes: &[u8], size: u64) -> Vec<u64> {
    listed(bytes, MAX_GUESSES, |address| outside(bytes, size, address))
}

/// Addresses of groups of the first generation that nodes of symbol tables list, with their headers in `bytes`.
pub(crate) fn listed_groups(bytes: &[u8]) -> Vec<u64> {
    listed(bytes, MAX_GROUPS, |address| is_group(bytes, address))
}

/// The first `most` addresses in nodes of symbol tables that are wanted, each once.
fn listed(bytes: &[u8], most: usize, wanted: impl Fn(u64) -> bool) -> Vec<u64> {
    let mut addresses = Vec::new();
    for at in (0..bytes.len().saturating_sub(8)).step_by(8) {
        if bytes[at..at + 6] != *b"SNOD\x01\0" {
            continue;
        }
        let count = usize::from(u16::from_le_bytes([bytes[at + 6], bytes[at + 7]]));
        for entry in bytes[at + 8..].chunks_exact(ENTRY).take(count.min(MAX_ENTRIES)) {
            let address = entry[8..16].iter().rev().fold(0, |value, byte| value << 8 | u64::from(*byte));
            if addresses.len() < most && wanted(address) && !addresses.contains(&address) {
                addresses.push(address);
            }
        }
    }
    addresses
}

/// Whether a header of version 1 at `address` begins with a symbol table message (IV.A.1.a, IV.A.2.r).
fn is_group(bytes: &[u8], address: u64) -> bool {
    let header = usize::try_from(address).ok().and_then(|at| bytes.get(at..at.checked_add(20)?));
    header.is_some_and(|header| header[..2] == [1, 0] && header[16..18] == [0x11, 0])
}

/// Whether an address lies in the file, behind the bytes at hand.
fn outside(bytes: &[u8], size: u64, address: u64) -> bool {
    address >= bytes.len() as u64 && address.checked_add(16).is_some_and(|end| end <= size)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn reference(count: u32, address: u64, index: u32) -> Vec<u8> {
        [&count.to_le_bytes()[..], &address.to_le_bytes(), &index.to_le_bytes()].concat()
    }

    #[test]
    fn collections_that_are_used_twice_are_found() {
        let mut bytes = vec![0; 256];
        for (at, address) in [(16, 5000), (48, 5000), (80, 7000), (112, 9000), (136, 9000), (160, 9000)] {
            bytes[at..at + 16].copy_from_slice(&reference(1, address, 2));
        }
        assert_eq!(heap_collections(&bytes, 10_000), [9000, 5000]);
        assert_eq!(heap_collections(&bytes, 6000), [5000]);
        assert!(heap_collections(&[0; 7], 10_000).is_empty());
    }

    #[test]
    fn headers_that_are_not_at_hand_are_found() {
        let mut bytes = vec![0; 256];
        bytes[64..72].copy_from_slice(b"SNOD\x01\0\x03\0");
        for (number, address) in [100u64, 3000, u64::MAX].into_iter().enumerate() {
            bytes[80 + number * ENTRY..][..8].copy_from_slice(&address.to_le_bytes());
        }
        assert_eq!(listed_headers(&bytes, 10_000), [3000]);
        bytes.truncate(100);
        assert!(listed_headers(&bytes, 10_000).is_empty());
    }

    #[test]
    fn groups_at_hand_are_found_by_their_headers() {
        let mut bytes = vec![0; 512];
        bytes[64..72].copy_from_slice(b"SNOD\x01\0\x03\0");
        for (number, address) in [(0usize, 256u64), (1, 320), (2, 9000)] {
            let at = 72 + number * ENTRY + 8;
            bytes[at..at + 8].copy_from_slice(&address.to_le_bytes());
        }
        // The first is a group; the second begins with another message; the third is elsewhere.
        bytes[256..258].copy_from_slice(&[1, 0]);
        bytes[272..274].copy_from_slice(&[0x11, 0]);
        bytes[320..322].copy_from_slice(&[1, 0]);
        assert_eq!(listed_groups(&bytes), [256]);
        assert_eq!(listed_headers(&bytes, 10_000), [9000]);
    }
}
