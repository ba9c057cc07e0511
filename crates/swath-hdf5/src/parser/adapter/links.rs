//! The links of a group, listed without opening what they lead to.

use super::upstream::io::Cursor;
use super::upstream::messages::link::{LinkMessage, LinkTarget};
use super::upstream::messages::link_info::LinkInfoMessage;
use super::upstream::messages::symbol_table_msg::SymbolTableMessage;
use super::{AdaptedFile, Answer, MAX_LINKS, at_most, upstream};
use crate::parser::{Fault, Link, Target};

impl AdaptedFile {
    /// The links of a group of the first generation: B-tree, symbol nodes, names in a local heap.
    pub(super) fn symbol_table_links(&self, table: &SymbolTableMessage) -> Answer<Vec<Link>> {
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
        at_most("links of a group", nodes.iter().map(Vec::len).sum(), MAX_LINKS)?;
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
    pub(super) fn dense_links(&self, info: &LinkInfoMessage) -> Answer<Vec<LinkMessage>> {
        let (storage, (offset_size, length_size)) = (self.file.storage(), self.widths());
        if Cursor::is_undefined_offset(info.fractal_heap_address, offset_size) {
            return Ok(Vec::new());
        }
        let heap = upstream::fractal_heap::FractalHeap::parse_at_storage(
            storage,
            info.fractal_heap_address,
            offset_size,
            length_size,
        );
        let tree = upstream::btree_v2::BTreeV2Header::parse_at_storage(
            storage,
            info.btree_name_index_address,
            offset_size,
            length_size,
        );
        let (heap, tree) = (heap?, tree?);
        let records = upstream::btree_v2::collect_btree_v2_records_storage(
            storage,
            &tree,
            offset_size,
            length_size,
            None,
            &[],
            None,
        )?;
        let mut cache = upstream::fractal_heap::FractalHeapDirectBlockCache::default();
        let mut links = Vec::new();
        for record in &records {
            let upstream::btree_v2::BTreeV2Record::LinkNameHash { heap_id, .. } = record else { continue };
            let bytes =
                heap.get_object_storage_cached(heap_id, storage, offset_size, length_size, &mut cache)?;
            let mut cursor = Cursor::new(&bytes);
            links.push(upstream::messages::link::parse(&mut cursor, offset_size, length_size, bytes.len())?);
        }
        Ok(links)
    }
}

/// The text at an offset of a local heap, up to its NUL.
fn text_at(texts: &[u8], offset: u64) -> Answer<String> {
    let text = usize::try_from(offset).ok().and_then(|offset| texts.get(offset..));
    let text = text.and_then(|text| text.split(|byte| *byte == 0).next());
    let text =
        text.ok_or_else(|| Fault::Malformed(format!("name at {offset} of a heap of {}", texts.len())))?;
    match std::str::from_utf8(text) {
        Ok(text) => Ok(text.to_owned()),
        Err(error) => Err(Fault::Malformed(format!("name that is no UTF-8: {error}"))),
    }
}

/// A link message in our words.
pub(super) fn link(message: LinkMessage) -> Link {
    let target = match message.target {
        LinkTarget::Hard { address } => Target::Hard(address),
        LinkTarget::Soft { path } => Target::Soft(path),
        LinkTarget::External { filename, path } => Target::External(format!("{filename}:{path}")),
    };
    Link { name: message.name, target }
}
