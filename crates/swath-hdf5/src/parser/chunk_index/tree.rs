//! B-trees of the first generation (HDF5 specification III.A.1, node type 1).

use std::collections::HashSet;

use super::wanted::Wanted;
use super::{Answer, Entry, Fault, Lookup, MAX_CHUNKS, MAX_LEVELS, little_endian};

/// Entries for which a node has room unless its file says otherwise: twice the rank of 32.
const USUAL_ENTRIES: usize = 64;

/// A node that is to be read, and the chunks that it may hold: from the first on, before the second.
struct Pending {
    address: u64,
    level: Option<u8>,
    low: Option<Vec<u64>>,
    high: Option<Vec<u64>>,
}

/// What a node holds: its level, and of each child its first chunk, its address, and its size and mask in a leaf.
struct Node {
    level: u8,
    items: Vec<Entry>,
}

impl Lookup<'_> {
    /// The chunks of the tree; of the nodes only those that may hold a wanted one.
    ///
    /// Between two children stands the first chunk of the second, so the keys to the left of all children bound each
    /// of them. The key behind the last child is not relied on: writers differ in it.
    pub(super) fn tree(&self, wanted: Option<&Wanted>) -> Answer<Vec<Entry>> {
        let mut entries = Vec::new();
        let mut failed = None;
        let mut seen = HashSet::from([self.index.address]);
        let mut nodes = vec![Pending { address: self.index.address, level: None, low: None, high: None }];
        while let Some(pending) = nodes.pop() {
            match self.tree_node(&pending) {
                Ok(node) if node.level == 0 => {
                    let found = node.items.into_iter();
                    entries.extend(found.filter(|entry| wanted.is_none_or(|w| w.contains(&entry.chunk))));
                }
                Ok(node) => {
                    for child in children(node, &pending) {
                        if !seen.insert(child.address) {
                            let what = format!("B-tree node at {:#x} has two parents", child.address);
                            failed = Some(Fault::Malformed(what));
                        } else if wanted
                            .is_none_or(|w| w.any_between(child.low.as_deref(), child.high.as_deref()))
                        {
                            nodes.push(child);
                        }
                    }
                }
                // The others are tried all the same, so that all that is missing is noted.
                Err(fault) => failed = failed.or(Some(fault)),
            }
            let asked = entries.len() as u64;
            if asked > MAX_CHUNKS {
                return Err(Fault::Limit { what: "chunks".to_owned(), asked, allowed: MAX_CHUNKS });
            }
        }
        failed.map_or(Ok(entries), Err)
    }

    fn tree_node(&self, pending: &Pending) -> Answer<Node> {
        let address = pending.address;
        let malformed = |what: &str| Fault::Malformed(format!("{what} in the chunk B-tree at {address:#x}"));
        let (width, rank) = (self.width(), self.extents.chunk.len());
        // Signature, type, level, entries used, two siblings.
        let head = 8 + 2 * width;
        // A key: stored size, filter mask, the chunk's first element along each axis, and a zero.
        let key = 8 + 8 * (rank + 1);
        let prefix = self.read(address, head).inspect_err(|_| {
            // Its length is not known yet; what it has room for is mostly all of it, and saves a round.
            let _ = self.read(address, head + USUAL_ENTRIES * (key + width) + key);
        })?;
        if prefix[..5] != *b"TREE\x01" || pending.level.is_some_and(|level| level != prefix[5]) {
            return Err(malformed("no node"));
        }
        let (level, count) = (prefix[5], usize::from(u16::from_le_bytes([prefix[6], prefix[7]])));
        if u16::from(level) > MAX_LEVELS {
            return Err(malformed(&format!("{level} levels")));
        }
        let bytes = self.read(address, head + count * (key + width))?;
        let mut items: Vec<Entry> = Vec::with_capacity(count);
        for item in bytes[head..].chunks_exact(key + width) {
            let chunk = self.coordinates(&item[8..8 + 8 * rank])?;
            let before = items.last().map(|last| last.chunk.as_slice()).or(pending.low.as_deref());
            let ordered = before.is_none_or(|before| before <= chunk.as_slice());
            if !ordered || pending.high.as_ref().is_some_and(|high| chunk >= *high) {
                return Err(malformed("keys out of order"));
            }
            let (size, mask) = (little_endian(&item[..4]), little_endian(&item[4..8]) as u32);
            items.push(Entry { chunk, address: little_endian(&item[key..]), size, mask });
        }
        Ok(Node { level, items })
    }

    /// The coordinates in the grid of the chunk whose first element a key states.
    fn coordinates(&self, key: &[u8]) -> Answer<Vec<u64>> {
        let first: Vec<u64> = key.chunks_exact(8).map(little_endian).collect();
        let number = |(at, chunk): (&u64, &u64)| (at % chunk == 0).then_some(at / chunk);
        let numbers = first.iter().zip(self.extents.chunk).map(number).collect::<Option<Vec<u64>>>();
        numbers.ok_or_else(|| Fault::Malformed(format!("chunk at {first:?} is off the grid")))
    }
}

/// The children of a node with the bounds of each.
fn children(node: Node, parent: &Pending) -> Vec<Pending> {
    let level = Some(node.level.saturating_sub(1));
    let (mut addresses, mut firsts) = (Vec::new(), Vec::new());
    for item in node.items {
        addresses.push(item.address);
        firsts.push(item.chunk);
    }
    let child = |(at, address): (usize, u64)| Pending {
        address,
        level,
        // What comes before the first key of a node is bounded by its parent alone.
        low: if at == 0 { parent.low.clone() } else { firsts.get(at).cloned() },
        high: firsts.get(at + 1).cloned().or_else(|| parent.high.clone()),
    };
    addresses.into_iter().enumerate().map(child).collect()
}
