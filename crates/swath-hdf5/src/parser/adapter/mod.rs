//! [`MetadataFile`] by the `hdf5-reader` crate.

mod chunks;
mod links;
mod old_layout;

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use ::hdf5_reader as upstream;
use upstream::group::Group;
use upstream::io::Cursor;
use upstream::messages::HdfMessage;
use upstream::messages::dataspace::{DataspaceMessage, DataspaceType};
use upstream::messages::layout::DataLayout;
use upstream::object_header::ObjectHeader;
use upstream::storage::{Storage, StorageBuffer};

use super::{Fault, Kind, Link, MetadataFile, RawAttribute, RawDataset, RawLayout, Target};
use crate::blocks::{Around, Blocks, Refusal};
use crate::datatype::parse_message;
use crate::index::Encoding;

type Answer<T> = Result<T, Fault>;

/// Longest object header that is parsed.
const MAX_HEADER: usize = 1 << 20;
/// Most messages of one object header.
const MAX_MESSAGES: usize = 10_000;
/// Most links of one group.
const MAX_LINKS: usize = 100_000;
/// Most axes of a dataset (the format's own limit).
const MAX_RANK: usize = 32;
/// File Space Info; the parser crate calls another message so.
const FILE_SPACE_INFO: u16 = 0x17;

/// The block cache as the parser crate reads it.
struct BlockStorage {
    blocks: Arc<Blocks>,
    /// Whether what is read now lies alone, so that little around it is worth fetching.
    alone: AtomicBool,
    /// A superblock to be seen in place of the file's own, and where.
    superblock: Option<(u64, Vec<u8>)>,
}

impl BlockStorage {
    fn new(blocks: Arc<Blocks>) -> Self {
        BlockStorage { blocks, alone: AtomicBool::new(false), superblock: None }
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
            Refusal::TooLong | Refusal::TooMuch => {
                upstream::error::Error::ResourceLimit(format!("{length} bytes at {offset}"))
            }
            Refusal::Outside => upstream::error::Error::UnexpectedEof {
                offset,
                needed: length as u64,
                available: self.blocks.size().saturating_sub(offset),
            },
        })?;
        if let Some((_, superblock)) = self.superblock.as_ref().filter(|(at, _)| *at == offset) {
            let mut seen = bytes.to_vec();
            seen.iter_mut().zip(superblock).for_each(|(byte, own)| *byte = *own);
            return StorageBuffer::from_shared_owner(Arc::new(seen), 0, length);
        }
        StorageBuffer::from_shared_owner(Arc::new(bytes), 0, length)
    }
}

/// A file parsed by the `hdf5-reader` crate.
pub(crate) struct AdaptedFile {
    file: upstream::Hdf5File,
    storage: Arc<BlockStorage>,
}

fn options() -> upstream::OpenOptions {
    upstream::OpenOptions::default()
        .with_chunk_cache_bytes(0)
        .with_max_object_header_bytes(MAX_HEADER)
        .with_max_read_bytes(0)
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
        let storage = Arc::new(BlockStorage::new(blocks));
        let file = upstream::Hdf5File::from_storage_with_options(storage.clone(), options())?;
        Ok(AdaptedFile { file, storage })
    }

    /// The same file, as if the group whose header is at `address` were its root. `None` if the superblock is
    /// of a kind that names its root otherwise.
    pub(crate) fn rooted_at(&self, blocks: &Arc<Blocks>, address: u64) -> Option<Self> {
        let superblock = self.file.superblock();
        if superblock.version < 2 || superblock.offset_size != 8 {
            return None;
        }
        // Signature, version, widths and flags; base, extension, end, root; checksum (II.A, version 2).
        let base = superblock.base_address;
        let mut bytes = blocks.read(base, 48).ok()?.to_vec();
        bytes[36..44].copy_from_slice(&address.to_le_bytes());
        let checksum = upstream::checksum::jenkins_lookup3(&bytes[..44]);
        bytes[44..48].copy_from_slice(&checksum.to_le_bytes());
        let mut storage = BlockStorage::new(blocks.clone());
        storage.superblock = Some((base, bytes));
        let storage = Arc::new(storage);
        let file = upstream::Hdf5File::from_storage_with_options(storage.clone(), options()).ok()?;
        Some(AdaptedFile { file, storage })
    }

    fn header(&self, address: u64) -> Answer<Arc<ObjectHeader>> {
        let header = self.file.get_or_parse_header(address)?;
        at_most("messages of an object", header.messages.len(), MAX_MESSAGES)?;
        Ok(header)
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
        at_most("links of a group", messages.len(), MAX_LINKS)?;
        let ordered = tracked && messages.iter().all(|link| link.creation_order.is_some());
        if ordered {
            messages.sort_by_key(|link| link.creation_order);
        } else {
            messages.sort_by(|one, other| one.name.cmp(&other.name));
        }
        Ok(messages.into_iter().map(links::link).collect())
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
        let mut parts = DatasetMessages::of(&header)?;
        let old = self.old_layout(node.address, &header, parts.layout)?;
        parts.layout = old.as_ref().unwrap_or(parts.layout);
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

    fn raw(&self, offset: u64, length: usize) -> Option<bytes::Bytes> {
        self.storage.blocks.read_leniently(offset, length, Around::Cell).ok()
    }
}

fn at_most(what: &str, asked: usize, allowed: usize) -> Answer<()> {
    if asked <= allowed {
        return Ok(());
    }
    Err(Fault::Limit { what: what.to_owned(), asked: asked as u64, allowed: allowed as u64 })
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
                Fault::Unsupported(what.strip_suffix(" is not supported").unwrap_or(&what).to_owned())
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
