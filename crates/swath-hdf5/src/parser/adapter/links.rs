//! The links of a group, listed without opening what they lead to.

use super::header::{Header, kind};
use super::message::Fields;
use super::upstream::io::Cursor;
use super::{AdaptedFile, Answer, at_most, upstream};
use crate::parser::{Fault, Link, Target};

/// Most links of one group.
const MAX_GROUP: usize = 100_000;

/// A link with its place among those of its group, if the file says.
type Placed = (Option<u64>, Link);

/// The two addresses of a group of the first generation.
struct SymbolTable {
    btree_address: u64,
    heap_address: u64,
}

impl AdaptedFile {
    /// The links of a group in the order of the file: by creation where that is tracked, else by name.
    pub(super) fn all_links(&self, header: &Header) -> Answer<Vec<Link>> {
        let mut links = Vec::new();
        let width = usize::from(self.widths().0);
        for message in &header.messages {
            match message.kind {
                kind::SYMBOL_TABLE => {
                    let mut fields = Fields::new(&message.data, "symbol table");
                    let table = SymbolTable {
                        btree_address: fields.number(width)?,
                        heap_address: fields.number(width)?,
                    };
                    return self.symbol_table_links(&table);
                }
                kind::LINK => links.push(self.link(&message.data)?),
                kind::LINK_INFO => links.extend(self.dense_links(&message.data)?),
                _ => {}
            }
        }
        at_most("links of a group", links.len(), MAX_GROUP)?;
        if !links.is_empty() && links.iter().all(|(order, _)| order.is_some()) {
            links.sort_by_key(|(order, _)| *order);
        } else {
            links.sort_by(|(_, one), (_, other)| one.name.cmp(&other.name));
        }
        Ok(links.into_iter().map(|(_, link)| link).collect())
    }

    /// A link message (HDF5 specification IV.A.2.g).
    fn link(&self, bytes: &[u8]) -> Answer<Placed> {
        let mut fields = Fields::new(bytes, "link");
        let (version, flags) = (fields.byte()?, fields.byte()?);
        if version != 1 {
            return fields.version(version);
        }
        let class = if flags & 0x08 != 0 { fields.byte()? } else { 0 };
        let order = if flags & 0x04 != 0 { Some(fields.number(8)?) } else { None };
        if flags & 0x10 != 0 {
            fields.byte()?;
        }
        let length = fields.number(1 << (flags & 0x03))?;
        let name = text(fields.take(usize::try_from(length).unwrap_or(usize::MAX))?);
        let target = if class == 0 {
            Target::Hard(fields.number(usize::from(self.widths().0))?)
        } else {
            let length = fields.number(2)? as usize;
            let value = fields.take(length)?;
            match class {
                1 => Target::Soft(text(value)),
                64 => external(value),
                other => Target::UserDefined(other),
            }
        };
        Ok((order, Link { name, target }))
    }

    /// The links of a group of the first generation: B-tree, symbol nodes, names in a local heap.
    fn symbol_table_links(&self, table: &SymbolTable) -> Answer<Vec<Link>> {
        let (storage, (offset_size, length_size)) = (self.file.storage(), self.widths());
        let heap = upstream::local_heap::LocalHeap::parse_at_storage(
            storage,
            table.heap_address,
            offset_size,
            length_size,
        );
        let nodes = upstream::btree_v1::collect_btree_v1_leaves_storage(
            storage,
            table.btree_address,
            offset_size,
            length_size,
            None,
            &[],
            None,
        );
        let (heap, nodes) = (heap?, nodes?);
        // All nodes are tried before the first failure counts, so that all that are missing are noted.
        let nodes: Vec<Answer<_>> = nodes.into_iter().map(|(_, address)| self.symbol_node(address)).collect();
        // The names are read once: from each to the end of the heap would be read as often as there are names.
        let length = usize::try_from(heap.data_segment_size).unwrap_or(usize::MAX);
        let texts = storage.read_range(heap.data_segment_address, length);
        let nodes = nodes.into_iter().collect::<Answer<Vec<_>>>()?;
        at_most("links of a group", nodes.iter().map(Vec::len).sum(), MAX_GROUP)?;
        let texts = texts?;
        let mut links = Vec::new();
        for entries in nodes {
            for entry in entries {
                let name = text_at(&texts, entry.link_name_offset)?;
                let target = if entry.cache_type == 2 {
                    let scratch = entry.scratch;
                    let value = u32::from_le_bytes([scratch[0], scratch[1], scratch[2], scratch[3]]);
                    Target::Soft(text_at(&texts, u64::from(value))?)
                } else {
                    Target::Hard(entry.object_header_address)
                };
                links.push(Link { name, target });
            }
        }
        Ok(links)
    }

    fn symbol_node(&self, address: u64) -> Answer<Vec<upstream::symbol_table::SymbolTableEntry>> {
        let (offset_size, length_size) = self.widths();
        let head = self.file.storage().read_range(address, 8)?;
        let count = usize::from(u16::from_le_bytes([head[6], head[7]]));
        let bytes =
            self.file.storage().read_range(address, 8 + count * (2 * usize::from(offset_size) + 24))?;
        let mut cursor = Cursor::new(&bytes);
        Ok(upstream::symbol_table::SymbolTableNode::parse(&mut cursor, offset_size, length_size)?.entries)
    }

    /// The links of a large group of the second generation: a fractal heap, indexed by a B-tree.
    fn dense_links(&self, info: &[u8]) -> Answer<Vec<Placed>> {
        let mut fields = Fields::new(info, "link info");
        let (_version, flags) = (fields.byte()?, fields.byte()?);
        if flags & 1 != 0 {
            fields.take(8)?;
        }
        let width = usize::from(self.widths().0);
        let (heap_address, tree_address) = (fields.number(width)?, fields.number(width)?);
        let Some(mut dense) = self.dense(heap_address, tree_address)? else { return Ok(Vec::new()) };
        let mut links = Vec::new();
        for record in std::mem::take(&mut dense.records) {
            let upstream::btree_v2::BTreeV2Record::LinkNameHash { heap_id, .. } = record else { continue };
            let bytes = self.in_dense(&mut dense, &heap_id)?;
            links.push(self.link(&bytes)?);
        }
        Ok(links)
    }
}

/// The text at an offset of a local heap, up to its NUL.
fn text_at(texts: &[u8], offset: u64) -> Answer<String> {
    let bytes =
        usize::try_from(offset).ok().and_then(|offset| texts.get(offset..)).filter(|bytes| !bytes.is_empty());
    let bytes =
        bytes.ok_or_else(|| Fault::Malformed(format!("name at {offset} of a heap of {}", texts.len())))?;
    Ok(text(bytes))
}

fn text(bytes: &[u8]) -> String {
    let end = bytes.iter().position(|byte| *byte == 0).unwrap_or(bytes.len());
    String::from_utf8_lossy(&bytes[..end]).into_owned()
}

/// A link to another file: a byte of version and flags, then two texts with a NUL behind each.
fn external(value: &[u8]) -> Target {
    let mut parts = value.get(1..).unwrap_or_default().split(|byte| *byte == 0).map(text);
    Target::External(parts.next().unwrap_or_default(), parts.next().unwrap_or_default())
}
