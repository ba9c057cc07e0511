//! [`MetadataFile`] by our own reading of headers and messages, and the `hdf5-reader` crate for what lies below them:
//! superblocks, B-trees, heaps, chunk indexes.

mod attributes;
mod chunks;
mod dense;
mod global_heap;
mod header;
mod links;
mod message;
mod shared;

use std::cell::{Cell, RefCell};
use std::collections::HashMap;
use std::rc::Rc;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use ::hdf5_reader as upstream;
use bytes::Bytes;
use upstream::io::Cursor;
use upstream::storage::{Storage, StorageBuffer};
use upstream::superblock::Superblock;

use super::{Attempt, Fault, Kind, Link, MetadataFile, RawDataset, RawLayout, Target};
use crate::blocks::{Around, Blocks, Refusal};
use crate::datatype::{DataType, parse_message};
use crate::index::Encoding;
pub(crate) use global_heap::Heap;
use header::{Header, kind};
use message::{Fields, Space};
pub(super) use upstream::checksum::jenkins_lookup3 as checksum;

type Answer<T> = Result<T, Fault>;

/// Longest object header that is parsed.
const MAX_HEADER: usize = 1 << 20;
/// Most axes of a dataset (the format's own limit).
const MAX_RANK: usize = 32;
/// Most soft links followed on the way to one object.
const MAX_LINKS: usize = 32;
/// Most names followed on the ways of all soft links of a file: each may name others, and those others again.
const MAX_STEPS: u32 = 1 << 20;

/// The block cache as the parser crate reads it.
struct BlockStorage {
    blocks: Arc<Blocks>,
    /// Whether what is read now lies alone, so that little around it is worth fetching.
    alone: AtomicBool,
    /// Where address 0 lies.
    base: u64,
}

impl BlockStorage {
    fn new(blocks: Arc<Blocks>, base: u64) -> Self {
        BlockStorage { blocks, alone: AtomicBool::new(false), base }
    }
}

impl Storage for BlockStorage {
    fn len(&self) -> u64 {
        self.blocks.size().saturating_sub(self.base)
    }

    fn read_range(&self, offset: u64, length: usize) -> upstream::error::Result<StorageBuffer> {
        let offset =
            offset.checked_add(self.base).ok_or(upstream::error::Error::OffsetOutOfBounds(offset))?;
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
        StorageBuffer::from_shared_owner(Arc::new(bytes), 0, length)
    }
}

/// A superblock and the bytes behind it.
struct Opened {
    storage: BlockStorage,
    superblock: Superblock,
}

impl Opened {
    fn storage(&self) -> &dyn Storage {
        &self.storage
    }

    fn superblock(&self) -> &Superblock {
        &self.superblock
    }
}

/// A file of which the superblock is parsed.
pub(crate) struct AdaptedFile {
    file: Opened,
    root: u64,
    headers: RefCell<HashMap<u64, Rc<Header>>>,
    links: RefCell<HashMap<u64, Rc<Vec<Link>>>>,
    /// Names followed so far on the ways of soft links.
    steps: Cell<u32>,
    heap: Heap,
}

/// A node of an [`AdaptedFile`].
pub(crate) struct Node {
    address: u64,
    kind: Kind,
    header: Rc<Header>,
}

impl AdaptedFile {
    /// Parses the superblock.
    pub(crate) fn open(blocks: Arc<Blocks>) -> Answer<Self> {
        let superblock = Superblock::parse_from_storage(&BlockStorage::new(blocks.clone(), 0))?;
        let root = superblock.root_object_header_address()?;
        Ok(Self::of(blocks, superblock, root))
    }

    fn of(blocks: Arc<Blocks>, superblock: Superblock, root: u64) -> Self {
        let encoding = encoding_of(&superblock, 0);
        AdaptedFile {
            heap: Heap::new(blocks.clone(), encoding),
            file: Opened { storage: BlockStorage::new(blocks, superblock.base_address), superblock },
            root,
            headers: RefCell::default(),
            links: RefCell::default(),
            steps: Cell::new(0),
        }
    }

    /// The same file, as if the group whose header is at `address` were its root.
    pub(crate) fn rooted_at(&self, blocks: &Arc<Blocks>, address: u64) -> Self {
        Self::of(blocks.clone(), self.file.superblock.clone(), address)
    }

    fn header(&self, address: u64) -> Answer<Rc<Header>> {
        if let Some(header) = self.headers.borrow().get(&address) {
            return Ok(header.clone());
        }
        let header = Rc::new(self.read_header(address)?);
        self.headers.borrow_mut().insert(address, header.clone());
        Ok(header)
    }

    /// Bytes at an address.
    fn range(&self, address: u64, length: usize) -> Answer<Bytes> {
        Ok(Bytes::copy_from_slice(&self.file.storage.read_range(address, length)?))
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

    fn node(&self, address: u64) -> Answer<Node> {
        let header = self.header(address)?;
        Ok(Node { address, kind: kind_of(&header)?, header })
    }

    fn links_at(&self, address: u64) -> Answer<Rc<Vec<Link>>> {
        if let Some(links) = self.links.borrow().get(&address) {
            return Ok(links.clone());
        }
        let links = Rc::new(self.all_links(&*self.header(address)?)?);
        self.links.borrow_mut().insert(address, links.clone());
        Ok(links)
    }

    /// The header that a link of the group at `group` leads to.
    fn followed(&self, group: u64, link: &Link, hops: usize) -> Answer<u64> {
        let path = match &link.target {
            Target::Hard(address) => return Ok(*address),
            Target::Soft(path) => path,
            Target::External(file, path) => {
                return Err(Fault::Unsupported(format!("a link to another file ({file}:{path})")));
            }
            Target::UserDefined(class) => {
                return Err(Fault::Unsupported(format!("a user-defined link (class {class})")));
            }
        };
        let nowhere = || Fault::Malformed(format!("soft link to {path} leads nowhere"));
        if hops >= MAX_LINKS {
            return Err(Fault::Malformed(format!("soft link to {path} leads in a circle")));
        }
        let mut at = if path.starts_with('/') { self.root } else { group };
        for name in path.split('/').filter(|name| !name.is_empty() && *name != ".") {
            self.steps.set(self.steps.get().saturating_add(1));
            at_most("names on the ways of soft links", self.steps.get() as usize, MAX_STEPS as usize)?;
            if kind_of(&*self.header(at)?)? != Kind::Group {
                return Err(nowhere());
            }
            let links = self.links_at(at)?;
            let next = links.iter().find(|link| link.name == name).ok_or_else(nowhere)?;
            at = self.followed(at, next, hops + 1)?;
        }
        Ok(at)
    }

    /// Names of the files in an External Data Files message (IV.A.2.h).
    fn external_files(&self, message: &[u8]) -> Answer<Vec<String>> {
        let (offset_size, length_size) = self.widths();
        let (storage, length) = (self.file.storage(), usize::from(length_size));
        let mut fields = Fields::new(message, "external files");
        // Version, three unused bytes, slots allotted, slots used.
        let (_, _, used) = (fields.take(4)?, fields.number(2)?, fields.number(2)?);
        let heap = fields.number(usize::from(offset_size))?;
        let heap =
            upstream::local_heap::LocalHeap::parse_at_storage(storage, heap, offset_size, length_size)?;
        let mut files = Vec::new();
        for _ in 0..used {
            let name = fields.number(length)?;
            fields.take(2 * length)?;
            files.push(heap.get_string_storage(name, storage)?);
        }
        Ok(files)
    }

    /// The File Space Info message in the superblock's extension.
    fn space_info(&self) -> Answer<Option<Bytes>> {
        let Some(extension) = self.file.superblock().extension_address else { return Ok(None) };
        Ok(self.header(extension)?.find(kind::FILE_SPACE_INFO).map(|message| message.data.clone()))
    }

    /// The first message of a kind, from wherever it is.
    fn found(&self, header: &Header, kind: u16) -> Answer<Option<Bytes>> {
        header.find(kind).map(|message| self.resolved(message)).transpose()
    }

    fn datatype(&self, header: &Header) -> Answer<DataType> {
        let message = self.found(header, kind::DATATYPE)?;
        let message =
            message.ok_or_else(|| Fault::Malformed("object without datatype message".to_owned()))?;
        parse_message(&message).map_err(Fault::Malformed)
    }

    fn fill(&self, header: &Header) -> Answer<Option<Vec<u8>>> {
        // Writers may leave an old and a new message; they say the same.
        let new =
            self.found(header, kind::FILL)?.map(|message| message::fill(&message, false)).transpose()?;
        let old =
            self.found(header, kind::OLD_FILL)?.map(|message| message::fill(&message, true)).transpose()?;
        Ok(new.flatten().or(old.flatten()))
    }

    fn raw_layout(
        &self,
        header: &Header,
        space: &Space,
        datatype: &DataType,
        filtered: bool,
        most_chunks: u64,
    ) -> Answer<RawLayout> {
        if let Some(message) = self.found(header, kind::EXTERNAL_FILES)? {
            return Ok(RawLayout::External(self.external_files(&message)?));
        }
        let message = self.found(header, kind::LAYOUT)?;
        let mut message =
            message.ok_or_else(|| Fault::Malformed("dataset without layout message".to_owned()))?;
        // Version 4 and 5, class 3: put together from other datasets.
        if let [4 | 5, 3, ..] = message[..] {
            return Ok(RawLayout::Virtual);
        }
        // Version 2 is version 1 by another number, and the parser crate knows only the latter well.
        if message.first() == Some(&2) {
            let mut bytes = message.to_vec();
            bytes[0] = 1;
            message = bytes.into();
        }
        let bare_edges = matches!(message[..], [4 | 5, 2, flags, ..] if flags & 1 != 0);
        let (offset_size, length_size) = self.widths();
        let mut cursor = Cursor::new(&message);
        let parsed = upstream::messages::layout::parse(&mut cursor, offset_size, length_size, message.len())?;
        let parts = chunks::Parts { space, layout: &parsed.layout, filtered, bare_edges, most_chunks };
        self.layout(&parts, datatype)
    }
}

fn at_most(what: &str, asked: usize, allowed: usize) -> Answer<()> {
    if asked <= allowed {
        return Ok(());
    }
    Err(Fault::Limit { what: what.to_owned(), asked: asked as u64, allowed: allowed as u64 })
}

impl MetadataFile for AdaptedFile {
    type Node = Node;

    fn encoding(&self) -> Encoding {
        let strategy = match self.space_info().ok().flatten().as_deref() {
            // Version 0 had other numbers for the same.
            Some([0, 3, ..]) => 2,
            Some([0, 4, ..]) => 3,
            Some([1, strategy, ..]) => *strategy,
            _ => 0,
        };
        encoding_of(self.file.superblock(), strategy)
    }

    fn end(&self) -> u64 {
        self.file.superblock().eof_address
    }

    fn page_size(&self) -> Answer<Option<u64>> {
        // Version 1: strategy (1 = paged), whether free space persists, threshold, page size.
        let width = usize::from(self.widths().1);
        Ok(match self.space_info()?.as_deref() {
            Some([1, 1, _, rest @ ..]) => rest.get(width..2 * width).map(little_endian),
            _ => None,
        })
    }

    fn root(&self) -> Answer<Node> {
        let root = self.node(self.root);
        let image = |extension| {
            self.header(extension).is_ok_and(|header: Rc<Header>| header.find(kind::CACHE_IMAGE).is_some())
        };
        match (root, self.file.superblock().extension_address) {
            (Err(_), Some(extension)) if image(extension) => {
                Err(Fault::Unsupported("metadata in an image of the writer's cache".to_owned()))
            }
            (root, _) => root,
        }
    }

    fn kind(&self, node: &Node) -> Kind {
        node.kind
    }

    fn address(&self, node: &Node) -> u64 {
        node.address
    }

    fn links(&self, group: &Node) -> Answer<Vec<Link>> {
        Ok(self.links_at(group.address)?.to_vec())
    }

    fn open(&self, group: &Node, link: &Link) -> Answer<Node> {
        self.node(self.followed(group.address, link, 0)?)
    }

    fn attributes(&self, node: &Node) -> Answer<Vec<Attempt>> {
        self.all_attributes(&node.header)
    }

    fn named_type(&self, node: &Node) -> Answer<DataType> {
        self.datatype(&node.header)
    }

    fn dataset(&self, node: &Node, most_chunks: u64) -> Answer<RawDataset> {
        let header = &*node.header;
        let space = self.found(header, kind::DATASPACE)?;
        let space = space.ok_or_else(|| Fault::Malformed("dataset without dataspace message".to_owned()))?;
        let space = Space::parse(&space, self.widths().1)?;
        let datatype = self.datatype(header)?;
        let filters = self.found(header, kind::FILTERS)?;
        let filters = filters.map(|message| message::filters(&message)).transpose()?.unwrap_or_default();
        Ok(RawDataset {
            layout: self.raw_layout(header, &space, &datatype, !filters.is_empty(), most_chunks)?,
            fill: self.fill(header)?,
            shape: space.shape,
            max_shape: space.max_shape,
            filters,
            datatype,
        })
    }

    fn heap_object(&self, reference: &[u8], element: usize) -> Answer<Vec<u8>> {
        self.heap.object(reference, element)
    }

    fn raw(&self, offset: u64, length: usize) -> Option<bytes::Bytes> {
        self.file.storage.blocks.read_leniently(offset, length, Around::Cell).ok()
    }
}

fn encoding_of(superblock: &Superblock, strategy: u8) -> Encoding {
    Encoding {
        offset_size: superblock.offset_size,
        length_size: superblock.length_size,
        base: superblock.base_address,
        superblock: superblock.version,
        strategy,
    }
}

fn kind_of(header: &Header) -> Answer<Kind> {
    let has = |kind: u16| header.find(kind).is_some();
    if [kind::SYMBOL_TABLE, kind::LINK, kind::LINK_INFO, kind::GROUP_INFO].into_iter().any(has) {
        Ok(Kind::Group)
    } else if has(kind::LAYOUT) || has(kind::DATASPACE) {
        Ok(Kind::Dataset)
    } else if has(kind::DATATYPE) {
        Ok(Kind::NamedType)
    } else {
        Err(Fault::Malformed("object is neither group nor dataset nor named type".to_owned()))
    }
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
