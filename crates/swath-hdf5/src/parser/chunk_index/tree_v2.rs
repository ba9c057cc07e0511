//! B-trees of the second generation (HDF5 specification III.A.2; VII.E; records of type 10 and 11).

use std::collections::HashSet;

use super::wanted::Wanted;
use super::{Answer, Entry, Fault, Lookup, MAX_CHUNKS, MAX_LEVELS, little_endian};

/// Signature, version, type and checksum of a node.
const NODE: u64 = 4 + 1 + 1 + 4;

/// What the header says of all nodes.
struct Header {
    kind: u8,
    node: u64,
    record: usize,
    depth: u16,
    root: u64,
    /// Records of the root.
    records: u64,
}

/// What nodes at one depth hold.
#[derive(Clone, Copy)]
struct Level {
    /// Most records of a node.
    most: u64,
    /// Bytes in which the number of records below a node is written.
    total: usize,
}

/// A node that is to be read, and the chunks that it may hold: after the first, before the second.
struct Pending {
    address: u64,
    records: u64,
    depth: u16,
    low: Option<Vec<u64>>,
    high: Option<Vec<u64>>,
}

impl Lookup<'_> {
    /// The chunks of the tree; of the nodes only those that may hold a wanted one. The records of a node stand
    /// between its children, and are chunks themselves.
    pub(super) fn tree_v2(&self, wanted: Option<&Wanted>) -> Answer<Vec<Entry>> {
        let header = self.tree_v2_header()?;
        if self.offset(header.root)?.is_none() || header.records == 0 {
            return Ok(Vec::new());
        }
        let levels = levels(&header, self.width())?;
        let mut entries = Vec::new();
        let mut failed = None;
        let mut seen = HashSet::from([header.root]);
        let (address, records, depth) = (header.root, header.records, header.depth);
        let mut nodes = vec![Pending { address, records, depth, low: None, high: None }];
        while let Some(pending) = nodes.pop() {
            match self.tree_v2_node(&header, &levels, &pending) {
                Ok((records, children)) => {
                    for child in children {
                        if !seen.insert(child.address) {
                            let what = format!("B-tree node at {:#x} has two parents", child.address);
                            failed = Some(Fault::Malformed(what));
                        } else if wanted
                            .is_none_or(|w| w.any_between(child.low.as_deref(), child.high.as_deref()))
                        {
                            nodes.push(child);
                        }
                    }
                    let found = records.into_iter();
                    entries.extend(found.filter(|entry| wanted.is_none_or(|w| w.contains(&entry.chunk))));
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

    fn tree_v2_header(&self) -> Answer<Header> {
        let (width, length) = (self.width(), usize::from(self.encoding.length_size));
        let bytes = self.read_checked(self.index.address, 22 + width + length, b"BTHD\0")?;
        let header = Header {
            kind: bytes[5],
            node: little_endian(&bytes[6..10]),
            record: little_endian(&bytes[10..12]) as usize,
            depth: little_endian(&bytes[12..14]) as u16,
            // The percents at which nodes are split and merged stand before.
            root: little_endian(&bytes[16..16 + width]),
            records: little_endian(&bytes[16 + width..18 + width]),
        };
        let plain = width + 8 * self.extents.chunk.len();
        let sound = match header.kind {
            10 => header.record == plain,
            // The size of a filtered chunk takes one to eight bytes, its mask four.
            11 => (plain + 5..=plain + 12).contains(&header.record),
            other => return Err(Fault::Malformed(format!("B-tree of type {other} as index of chunks"))),
        };
        if !sound {
            return Err(Fault::Malformed(format!(
                "B-tree of chunks with records of {} bytes",
                header.record
            )));
        }
        if header.depth > MAX_LEVELS {
            return Err(Fault::Malformed(format!("{} levels in a B-tree of chunks", header.depth)));
        }
        Ok(header)
    }

    /// The records of a node and its children.
    fn tree_v2_node(
        &self,
        header: &Header,
        levels: &[Level],
        pending: &Pending,
    ) -> Answer<(Vec<Entry>, Vec<Pending>)> {
        let level = levels[usize::from(pending.depth)];
        if pending.records > level.most {
            let what = format!("{} records in a B-tree node for {}", pending.records, level.most);
            return Err(Fault::Malformed(what));
        }
        let (width, count) = (self.width(), pending.records as usize);
        let below = pending.depth.checked_sub(1).map(|depth| levels[usize::from(depth)]);
        let pointer = below.map(|below| (size_of_number(levels[0].most), below.total));
        let pointers = pointer.map_or(0, |(records, total)| (count + 1) * (width + records + total));
        let signature: &[u8] = if below.is_some() { b"BTIN\0" } else { b"BTLF\0" };
        let length = NODE as usize + count * header.record + pointers;
        let bytes = self.read_checked(pending.address, length, signature)?;
        if bytes[5] != header.kind {
            return Err(Fault::Malformed(format!(
                "B-tree node of type {} in one of {}",
                bytes[5], header.kind
            )));
        }
        let (records, pointers) = bytes[6..].split_at(count * header.record);
        let records: Vec<Entry> =
            records.chunks_exact(header.record).map(|record| self.record(record)).collect();
        let bounds = pending.low.iter().chain(records.iter().map(|r| &r.chunk)).chain(&pending.high);
        if !bounds.is_sorted() {
            return Err(Fault::Malformed(format!(
                "records out of order in a B-tree at {:#x}",
                pending.address
            )));
        }
        let Some((number, total)) = pointer else { return Ok((records, Vec::new())) };
        let after = |at: usize| records.get(at).map(|record| record.chunk.clone());
        let child = |(at, pointer): (usize, &[u8])| Pending {
            address: little_endian(&pointer[..width]),
            records: little_endian(&pointer[width..width + number]),
            depth: pending.depth - 1,
            low: if at == 0 { pending.low.clone() } else { after(at - 1) },
            high: after(at).or_else(|| pending.high.clone()),
        };
        let children = pointers.chunks_exact(width + number + total).enumerate().map(child).collect();
        Ok((records, children))
    }

    /// A record: an address, of a filtered chunk its size and mask, then its coordinates.
    fn record(&self, record: &[u8]) -> Entry {
        let (width, rank) = (self.width(), self.extents.chunk.len());
        let (head, coordinates) = record.split_at(record.len() - 8 * rank);
        let chunk = coordinates.chunks_exact(8).map(little_endian).collect();
        let (size, mask) = match head.len() - width {
            0 => (0, 0),
            sized => {
                (little_endian(&head[width..width + sized - 4]), little_endian(&head[width + sized - 4..]))
            }
        };
        Entry { chunk, address: little_endian(&head[..width]), size, mask: mask as u32 }
    }
}

/// What nodes at each depth can hold, leaves first: the widths of numbers in pointers follow from it.
fn levels(header: &Header, width: usize) -> Answer<Vec<Level>> {
    let record = header.record as u64;
    let room = |bytes: u64| {
        header
            .node
            .checked_sub(bytes)
            .ok_or_else(|| Fault::Malformed(format!("B-tree nodes of {} bytes", header.node)))
    };
    let most = room(NODE)? / record;
    let mut levels = vec![Level { most, total: 0 }];
    let (number, mut below, mut all) = (size_of_number(most), 0, most);
    for _ in 0..header.depth {
        let pointer = (width + number + below) as u64;
        let most = room(NODE + pointer)? / (record + pointer);
        all = most.saturating_add(1).saturating_mul(all).saturating_add(most);
        below = size_of_number(all);
        levels.push(Level { most, total: below });
    }
    Ok(levels)
}

/// Bytes that the largest number takes.
fn size_of_number(most: u64) -> usize {
    (most.checked_ilog2().unwrap_or(0) / 8 + 1) as usize
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn widths_of_numbers_follow_from_the_size_of_nodes() {
        assert_eq!([0, 1, 255, 256, 65_535, 65_536].map(size_of_number), [1, 1, 1, 2, 2, 3]);
        // Nodes of 2048 bytes with records of 24: 84 in a leaf, 61 above, which make 5,269 with their leaves.
        let header = Header { kind: 10, node: 2048, record: 24, depth: 2, root: 0, records: 1 };
        let levels = levels(&header, 8).ok().unwrap();
        assert_eq!(
            levels.iter().map(|level| (level.most, level.total)).collect::<Vec<_>>(),
            [(84, 0), (61, 2), (57, 3)]
        );
    }
}
