//! [`MetadataFile`] by the `hdf5-reader` crate.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use ::hdf5_reader as upstream;
use upstream::group::Group;
use upstream::io::Cursor;
use upstream::messages::HdfMessage;
use upstream::messages::dataspace::{DataspaceMessage, DataspaceType};
use upstream::messages::layout::{ChunkIndexing, DataLayout};
use upstream::messages::link::{LinkMessage, LinkTarget};
use upstream::messages::link_info::LinkInfoMessage;
use upstream::messages::symbol_table_msg::SymbolTableMessage;
use upstream::object_header::ObjectHeader;
use upstream::storage::{Storage, StorageBuffer};

use super::{Fault, Kind, Link, MetadataFile, RawAttribute, RawDataset, RawLayout, Target};
use crate::blocks::{Around, Blocks, Refusal};
use crate::chunk_table::StoredChunk;
use crate::datatype::{DataType, parse_message};
use crate::index::Encoding;

type Answer<T> = Result<T, Fault>;

/// Longest object header that is parsed.
const MAX_HEADER: usize = 16 << 20;
/// Most chunks of one dataset.
const MAX_CHUNKS: u64 = 1 << 24;
/// Most axes of a dataset (the format's own limit).
const MAX_RANK: usize = 32;
/// File Space Info; the parser crate calls another message so.
const FILE_SPACE_INFO: u16 = 0x17;

/// The block cache as the parser crate reads it.
struct BlockStorage {
    blocks: Arc<Blocks>,
    /// Whether what is read now lies alone, so that little around it is worth fetching.
    alone: AtomicBool,
}

impl BlockStorage {
    fn new(blocks: Arc<Blocks>) -> Self {
        BlockStorage { blocks, alone: AtomicBool::new(false) }
    }
}

impl Storage for BlockStorage {
    fn len(&self) -> u64 {
        self.blocks.size()
    }

    fn read_range(&self, offset: u64, length: usize) -> upstream::error::Result<StorageBuffer> {
        let around = if self.alone.load(Ordering::Relaxed) { Around::Cell } else { Around::Block };
        let bytes = self.blocks.read_leniently(offset, length, around).map_err(|refusal| match refusal {
            // The text is never seen: a pass that missed anything is thrown away.
            Refusal::Missing => upstream::error::Error::InvalidData("bytes are not at hand".to_owned()),
            Refusal::TooLong => upstream::error::Error::ResourceLimit(format!("{length} bytes at {offset}")),
            Refusal::Outside => upstream::error::Error::UnexpectedEof {
                offset,
                needed: length as u64,
                available: self.blocks.size().saturating_sub(offset),
            },
        })?;
        StorageBuffer::from_shared_owner(Arc::new(bytes), 0, length)
    }
}

/// A file parsed by the `hdf5-reader` crate.
pub(crate) struct AdaptedFile {
    file: upstream::Hdf5File,
    storage: Arc<BlockStorage>,
}

/// A node of an [`AdaptedFile`].
pub(crate) struct Node {
    address: u64,
    handle: Handle,
}

enum Handle {
    Group(Group),
    Dataset(Box<upstream::Dataset>),
    NamedType,
}

impl AdaptedFile {
    /// Parses the superblock.
    pub(crate) fn open(blocks: Arc<Blocks>) -> Answer<Self> {
        let options = upstream::OpenOptions::default()
            .with_chunk_cache_bytes(0)
            .with_max_object_header_bytes(MAX_HEADER)
            .with_max_read_bytes(0);
        let storage = Arc::new(BlockStorage::new(blocks));
        let file = upstream::Hdf5File::from_storage_with_options(storage.clone(), options)?;
        Ok(AdaptedFile { file, storage })
    }

    fn header(&self, address: u64) -> Answer<Arc<ObjectHeader>> {
        Ok(self.file.get_or_parse_header(address)?)
    }

    fn widths(&self) -> (u8, u8) {
        (self.file.superblock().offset_size, self.file.superblock().length_size)
    }

    /// The address as an offset in the file; `None` if it is undefined.
    fn offset(&self, address: u64) -> Answer<Option<u64>> {
        if Cursor::is_undefined_offset(address, self.widths().0) {
            return Ok(None);
        }
        let offset = address.checked_add(self.file.superblock().base_address);
        offset.map(Some).ok_or_else(|| Fault::Malformed(format!("address {address:#x} is out of bounds")))
    }

    /// The links of a group of the first generation: B-tree, symbol nodes, names in a local heap.
    fn symbol_table_links(&self, table: &SymbolTableMessage) -> Answer<Vec<Link>> {
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
        let mut links = Vec::new();
        for (_, address) in nodes {
            for entry in self.symbol_node(address)? {
                let name = heap.get_string_storage(entry.link_name_offset, storage)?;
                let target = if entry.cache_type == 2 {
                    let scratch = entry.scratch;
                    let value = u32::from_le_bytes([scratch[0], scratch[1], scratch[2], scratch[3]]);
                    Target::Soft(heap.get_string_storage(u64::from(value), storage)?)
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
    fn dense_links(&self, info: &LinkInfoMessage) -> Answer<Vec<LinkMessage>> {
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

    /// All chunks of a chunked dataset that lie in its shape.
    fn chunks(&self, layout: &Chunked<'_>, space: &DataspaceMessage) -> Answer<Vec<(Vec<u64>, StoredChunk)>> {
        if self.offset(layout.address)?.is_none() {
            return Ok(Vec::new());
        }
        let entries = self.chunk_entries(layout, space)?;
        let mut chunks = Vec::with_capacity(entries.len());
        for entry in entries {
            let aligned = entry.offsets.len() == layout.dims.len()
                && entry.offsets.iter().zip(layout.dims).all(|(at, extent)| at % u64::from(*extent) == 0);
            if !aligned {
                return Err(Fault::Malformed(format!("chunk at {:?} is off the grid", entry.offsets)));
            }
            // Chunks left over from a larger shape may stay in the index.
            if entry.offsets.iter().zip(&space.dims).any(|(at, extent)| at >= extent) {
                continue;
            }
            let Some(offset) = self.offset(entry.address)? else { continue };
            let size = if entry.size == 0 && !layout.filtered { layout.bytes } else { entry.size };
            let coordinates =
                entry.offsets.iter().zip(layout.dims).map(|(at, extent)| at / u64::from(*extent));
            chunks
                .push((coordinates.collect(), StoredChunk { offset, size, filter_mask: entry.filter_mask }));
        }
        Ok(chunks)
    }

    fn chunk_entries(
        &self,
        layout: &Chunked<'_>,
        space: &DataspaceMessage,
    ) -> Answer<Vec<upstream::chunk_index::ChunkEntry>> {
        let (storage, (offset_size, length_size)) = (self.file.storage(), self.widths());
        let (address, dims, rank) = (layout.address, layout.dims, layout.dims.len());
        let entries = match layout.indexing {
            None => return self.tree_chunks(address, dims),
            Some(ChunkIndexing::SingleChunk { filtered_size, filters }) => {
                vec![upstream::chunk_index::single_chunk_entry(address, *filtered_size, *filters, rank)]
            }
            Some(ChunkIndexing::BTreeV2) => upstream::chunk_index::collect_v2_chunk_entries_storage(
                storage,
                address,
                offset_size,
                length_size,
                rank as u32,
                dims,
                None,
            )?,
            Some(ChunkIndexing::Implicit) => {
                let element = usize::try_from(layout.element).unwrap_or(usize::MAX);
                upstream::chunk_index::collect_implicit_chunk_entries(
                    address,
                    &space.dims,
                    dims,
                    element,
                    None,
                    storage.len(),
                )?
            }
            Some(ChunkIndexing::FixedArray { .. }) => {
                upstream::fixed_array::collect_fixed_array_chunk_entries_storage(
                    storage,
                    address,
                    offset_size,
                    length_size,
                    // The array numbers the chunks of the largest shape, and the parser those of the shape
                    // it is given.
                    space.max_dims.as_deref().filter(|most| !most.contains(&u64::MAX)).unwrap_or(&space.dims),
                    dims,
                    None,
                )?
            }
            Some(ChunkIndexing::ExtensibleArray { .. }) => {
                upstream::extensible_array::collect_extensible_array_chunk_entries_storage(
                    storage,
                    address,
                    offset_size,
                    length_size,
                    &space.dims,
                    space.max_dims.as_deref(),
                    dims,
                    None,
                )?
            }
        };
        Ok(entries)
    }

    fn tree_chunks(&self, address: u64, dims: &[u32]) -> Answer<Vec<upstream::chunk_index::ChunkEntry>> {
        let (offset_size, length_size) = self.widths();
        let rank = dims.len();
        let leaves = upstream::btree_v1::collect_btree_v1_leaves_storage(
            self.file.storage(),
            address,
            offset_size,
            length_size,
            Some(rank as u32),
            dims,
            None,
        )?;
        let entry = |(key, address)| match key {
            upstream::btree_v1::BTreeV1Key::RawData { chunk_size, filter_mask, mut offsets } => {
                offsets.truncate(rank);
                Ok(upstream::chunk_index::ChunkEntry {
                    address,
                    size: u64::from(chunk_size),
                    filter_mask,
                    offsets,
                })
            }
            upstream::btree_v1::BTreeV1Key::Group { .. } => {
                Err(Fault::Malformed("B-tree of a group in place of one of chunks".to_owned()))
            }
        };
        leaves.into_iter().map(entry).collect()
    }
}

/// The parts of a chunked layout that the chunk indexes need.
struct Chunked<'a> {
    address: u64,
    dims: &'a [u32],
    indexing: Option<&'a ChunkIndexing>,
    element: u64,
    bytes: u64,
    filtered: bool,
}

impl MetadataFile for AdaptedFile {
    type Node = Node;

    fn encoding(&self) -> Encoding {
        let (offset_size, length_size) = self.widths();
        Encoding { offset_size, length_size, base: self.file.superblock().base_address }
    }

    fn end(&self) -> u64 {
        self.file.superblock().eof_address
    }

    fn page_size(&self) -> Answer<Option<u64>> {
        let Some(extension) = self.file.superblock().extension_address else { return Ok(None) };
        let header = self.header(extension)?;
        let data = header.messages.iter().find_map(|message| match message {
            HdfMessage::Unknown { type_id: FILE_SPACE_INFO, data } => Some(data.as_slice()),
            _ => None,
        });
        // Version 1: strategy (1 = paged), whether free space persists, threshold, page size.
        let width = usize::from(self.widths().1);
        Ok(match data {
            Some([1, 1, _, rest @ ..]) => rest.get(width..2 * width).map(little_endian),
            _ => None,
        })
    }

    fn root(&self) -> Answer<Node> {
        let group = self.file.root_group()?;
        self.header(group.address())?;
        Ok(Node { address: group.address(), handle: Handle::Group(group) })
    }

    fn kind(&self, node: &Node) -> Kind {
        match node.handle {
            Handle::Group(_) => Kind::Group,
            Handle::Dataset(_) => Kind::Dataset,
            Handle::NamedType => Kind::NamedType,
        }
    }

    fn address(&self, node: &Node) -> u64 {
        node.address
    }

    fn links(&self, group: &Node) -> Answer<Vec<Link>> {
        let header = self.header(group.address)?;
        let mut messages = Vec::new();
        let mut tracked = false;
        for message in &header.messages {
            match message {
                HdfMessage::SymbolTable(table) => return self.symbol_table_links(table),
                HdfMessage::Link(link) => messages.push(link.clone()),
                HdfMessage::LinkInfo(info) => {
                    tracked = info.creation_order_tracked;
                    messages.extend(self.dense_links(info)?);
                }
                _ => {}
            }
        }
        let ordered = tracked && messages.iter().all(|link| link.creation_order.is_some());
        if ordered {
            messages.sort_by_key(|link| link.creation_order);
        } else {
            messages.sort_by(|one, other| one.name.cmp(&other.name));
        }
        Ok(messages.into_iter().map(link).collect())
    }

    fn open(&self, group: &Node, link: &Link) -> Answer<Node> {
        let Handle::Group(parent) = &group.handle else {
            return Err(Fault::Malformed("link of an object that is no group".to_owned()));
        };
        match &link.target {
            Target::Hard(address) => match kind(&*self.header(*address)?)? {
                Kind::Group => group_node(parent.group(&link.name)?),
                Kind::Dataset => dataset_node(parent.dataset(&link.name)?),
                Kind::NamedType => Ok(Node { address: *address, handle: Handle::NamedType }),
            },
            Target::Soft(path) => match parent.group(&link.name) {
                Ok(child) => group_node(child),
                Err(_) => match parent.dataset(&link.name) {
                    Ok(child) => dataset_node(child),
                    Err(_) => Err(Fault::Malformed(format!("soft link to {path} leads nowhere"))),
                },
            },
            Target::External(path) => Err(Fault::Unsupported(format!("a link to another file ({path})"))),
        }
    }

    fn attributes(&self, node: &Node) -> Answer<Vec<RawAttribute>> {
        let raw = match &node.handle {
            Handle::Group(group) => group.raw_attributes()?,
            Handle::Dataset(dataset) => dataset.raw_attributes()?,
            Handle::NamedType => Vec::new(),
        };
        let attribute = |raw: upstream::RawAttribute| {
            let (message, datatype) = raw.into_parts();
            Ok(RawAttribute {
                datatype: parse_message(&datatype).map_err(Fault::Malformed)?,
                shape: shape(&message.dataspace),
                name: message.name,
                bytes: message.raw_data,
            })
        };
        raw.into_iter().map(attribute).collect()
    }

    fn dataset(&self, node: &Node) -> Answer<RawDataset> {
        let Handle::Dataset(dataset) = &node.handle else {
            return Err(Fault::Malformed("object is no dataset".to_owned()));
        };
        let header = self.header(node.address)?;
        let datatype = parse_message(&dataset.raw_datatype()?).map_err(Fault::Malformed)?;
        let parts = DatasetMessages::of(&header)?;
        let external = header.messages.iter().any(|message| matches!(message, HdfMessage::ExternalFiles(_)));
        Ok(RawDataset {
            layout: if external { RawLayout::External } else { self.layout(&parts, &datatype)? },
            shape: shape(parts.space),
            max_shape: parts.space.max_dims.as_ref().map(|extents| {
                extents.iter().map(|extent| (*extent != u64::MAX).then_some(*extent)).collect()
            }),
            fill: parts.fill,
            filters: parts.filters,
            datatype,
        })
    }

    fn heap_object(&self, node: &Node, reference: &[u8], element: usize) -> Answer<Vec<u8>> {
        self.storage.alone.store(true, Ordering::Relaxed);
        let bytes = match &node.handle {
            Handle::Group(group) => group.resolve_vlen_reference_bytes(reference, element),
            Handle::Dataset(dataset) => dataset.resolve_vlen_reference_bytes(reference, element),
            Handle::NamedType => Ok(Vec::new()),
        };
        self.storage.alone.store(false, Ordering::Relaxed);
        Ok(bytes?)
    }
}

impl AdaptedFile {
    fn layout(&self, parts: &DatasetMessages<'_>, datatype: &DataType) -> Answer<RawLayout> {
        let rank = parts.space.dims.len();
        match parts.layout {
            DataLayout::Compact { data } => Ok(RawLayout::Compact(data.clone())),
            DataLayout::Contiguous { address, size } => {
                Ok(RawLayout::Contiguous { offset: self.offset(*address)?, size: *size })
            }
            DataLayout::Chunked { address, dims, chunk_indexing, .. } => {
                // Some versions of the message count the element as one more axis.
                let dims = if dims.len() == rank + 1 { &dims[..rank] } else { dims.as_slice() };
                if dims.len() != rank || dims.contains(&0) {
                    return Err(Fault::Malformed(format!("chunks of {dims:?} in a dataset of {rank} axes")));
                }
                let element = datatype.size();
                let bytes =
                    dims.iter().try_fold(element, |bytes, extent| bytes.checked_mul(u64::from(*extent)));
                let bytes = bytes.ok_or_else(|| Fault::Malformed(format!("chunks of {dims:?}")))?;
                check_chunk_count(&parts.space.dims, dims)?;
                let chunked = Chunked {
                    address: *address,
                    dims,
                    indexing: chunk_indexing.as_ref(),
                    element,
                    bytes,
                    filtered: !parts.filters.is_empty(),
                };
                let chunks = self.chunks(&chunked, parts.space)?;
                Ok(RawLayout::Chunked {
                    chunk_shape: dims.iter().map(|extent| u64::from(*extent)).collect(),
                    chunks,
                })
            }
        }
    }
}

/// The messages of a dataset's header that say what it is.
struct DatasetMessages<'a> {
    space: &'a DataspaceMessage,
    layout: &'a DataLayout,
    fill: Option<Vec<u8>>,
    filters: Vec<(u16, Option<String>, Vec<u32>)>,
}

impl<'a> DatasetMessages<'a> {
    fn of(header: &'a ObjectHeader) -> Answer<Self> {
        let (mut space, mut layout, mut fill, mut filters) = (None, None, None, Vec::new());
        for message in &header.messages {
            match message {
                HdfMessage::Dataspace(message) => space = Some(message),
                HdfMessage::DataLayout(message) => layout = Some(&message.layout),
                // Writers may leave an old and a new fill-value message; they say the same.
                HdfMessage::FillValue(message) => fill = message.value.clone().or(fill),
                HdfMessage::FilterPipeline(message) => {
                    let filter = |filter: &upstream::messages::filter_pipeline::FilterDescription| {
                        (filter.id, filter.name.clone(), filter.client_data.clone())
                    };
                    filters = message.filters.iter().map(filter).collect();
                }
                _ => {}
            }
        }
        let missing = |what: &str| Fault::Malformed(format!("dataset without {what} message"));
        let space: &DataspaceMessage = space.ok_or_else(|| missing("dataspace"))?;
        if space.dims.len() > MAX_RANK {
            return Err(Fault::Malformed(format!("dataset of {} axes", space.dims.len())));
        }
        Ok(DatasetMessages { space, layout: layout.ok_or_else(|| missing("layout"))?, fill, filters })
    }
}

/// Refuses a grid that no file could index, before anything is sized by it.
fn check_chunk_count(shape: &[u64], chunk: &[u32]) -> Answer<()> {
    let count = shape
        .iter()
        .zip(chunk)
        .try_fold(1u64, |count, (extent, chunk)| count.checked_mul(extent.div_ceil(u64::from(*chunk))));
    match count {
        Some(count) if count <= MAX_CHUNKS => Ok(()),
        asked => Err(Fault::Limit {
            what: "chunks".to_owned(),
            asked: asked.unwrap_or(u64::MAX),
            allowed: MAX_CHUNKS,
        }),
    }
}

/// The objects of one global heap collection, by index.
pub(crate) fn heap_collection(
    blocks: &Arc<Blocks>,
    encoding: Encoding,
    address: u64,
) -> Answer<Vec<(u16, Vec<u8>)>> {
    let offset = address.checked_add(encoding.base);
    let offset =
        offset.ok_or_else(|| Fault::Malformed(format!("heap address {address:#x} is out of bounds")))?;
    let collection = upstream::global_heap::GlobalHeapCollection::parse_at_storage(
        &BlockStorage::new(blocks.clone()),
        offset,
        encoding.offset_size,
        encoding.length_size,
    )?;
    Ok(collection.objects.into_iter().map(|object| (object.index, object.data)).collect())
}

fn kind(header: &ObjectHeader) -> Answer<Kind> {
    let (mut dataset, mut named) = (false, false);
    for message in &header.messages {
        match message {
            HdfMessage::SymbolTable(_)
            | HdfMessage::Link(_)
            | HdfMessage::LinkInfo(_)
            | HdfMessage::GroupInfo(_) => return Ok(Kind::Group),
            HdfMessage::DataLayout(_) | HdfMessage::Dataspace(_) => dataset = true,
            HdfMessage::Datatype(_) => named = true,
            _ => {}
        }
    }
    match (dataset, named) {
        (true, _) => Ok(Kind::Dataset),
        (false, true) => Ok(Kind::NamedType),
        _ => Err(Fault::Malformed("object is neither group nor dataset nor named type".to_owned())),
    }
}

fn group_node(group: Group) -> Answer<Node> {
    Ok(Node { address: group.address(), handle: Handle::Group(group) })
}

fn dataset_node(dataset: upstream::Dataset) -> Answer<Node> {
    Ok(Node { address: dataset.address(), handle: Handle::Dataset(Box::new(dataset)) })
}

fn link(message: LinkMessage) -> Link {
    let target = match message.target {
        LinkTarget::Hard { address } => Target::Hard(address),
        LinkTarget::Soft { path } => Target::Soft(path),
        LinkTarget::External { filename, path } => Target::External(format!("{filename}:{path}")),
    };
    Link { name: message.name, target }
}

fn shape(space: &DataspaceMessage) -> Option<Vec<u64>> {
    (space.dataspace_type != DataspaceType::Null).then(|| space.dims.clone())
}

fn little_endian(bytes: &[u8]) -> u64 {
    bytes.iter().rev().fold(0, |value, byte| (value << 8) | u64::from(*byte))
}

impl From<upstream::error::Error> for Fault {
    fn from(error: upstream::error::Error) -> Self {
        use upstream::error::Error as Upstream;
        match error {
            Upstream::Context { source, .. } => Fault::from(*source),
            Upstream::UnsupportedEncoding(what) | Upstream::UnsupportedFilter(what) => {
                Fault::Unsupported(what)
            }
            Upstream::ResourceLimit(_) => {
                let what = "bytes of one metadata structure".to_owned();
                Fault::Limit { what, asked: u64::MAX, allowed: MAX_HEADER as u64 }
            }
            other => {
                let text = other.to_string();
                match text.strip_prefix("unsupported ") {
                    Some(feature) => Fault::Unsupported(feature.to_owned()),
                    None => Fault::Malformed(text),
                }
            }
        }
    }
}
