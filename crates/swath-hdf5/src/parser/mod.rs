//! The seam between our walk and whoever parses HDF5 metadata.
//!
//! Everything above this module speaks of nodes, links and raw messages; [`adapter`] fills them in with a
//! pinned parser crate, and is the only module that names it.

mod adapter;
mod chunk_index;

use crate::chunk_table::StoredChunk;
use crate::datatype::DataType;
use crate::error::Error;
use crate::index::Encoding;

use adapter::checksum;
pub(crate) use adapter::{AdaptedFile, Heap};
pub use chunk_index::ChunkIndex;
pub(crate) use chunk_index::{Extents, Lookup, Numbers, Wanted};

/// A file whose metadata can be walked. No call waits: bytes that are not at hand make it fail, and have
/// been noted by the block cache below it.
pub(crate) trait MetadataFile {
    /// An object of the file.
    type Node;

    /// Widths and origin of addresses.
    fn encoding(&self) -> Encoding;
    /// Where the superblock says that the file ends.
    fn end(&self) -> u64;
    /// Bytes of a page, if space is paged.
    fn page_size(&self) -> Result<Option<u64>, Fault>;
    /// The root group.
    fn root(&self) -> Result<Self::Node, Fault>;
    /// What an object is.
    fn kind(&self, node: &Self::Node) -> Kind;
    /// Address of an object's header.
    fn address(&self, node: &Self::Node) -> u64;
    /// The links of a group, in the order of the file, without opening what they lead to.
    fn links(&self, group: &Self::Node) -> Result<Vec<Link>, Fault>;
    /// The object that a link of a group leads to; soft links are followed.
    fn open(&self, group: &Self::Node, link: &Link) -> Result<Self::Node, Fault>;
    /// The attributes of an object; of one that cannot be read its name, if that is known, and why.
    fn attributes(&self, node: &Self::Node) -> Result<Vec<Attempt>, Fault>;
    /// The type that a named type is.
    fn named_type(&self, node: &Self::Node) -> Result<DataType, Fault>;
    /// The description of a dataset; its chunks too, if there are at most so many or their index is at hand.
    fn dataset(&self, node: &Self::Node, most_chunks: u64) -> Result<RawDataset, Fault>;
    /// What a stored reference into the global heap refers to: so many elements of `element` bytes.
    fn heap_object(&self, reference: &[u8], element: usize) -> Result<Vec<u8>, Fault>;
    /// Bytes of the file as they are.
    fn raw(&self, offset: u64, length: usize) -> Option<bytes::Bytes>;
}

/// What an object is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    Group,
    Dataset,
    NamedType,
}

/// A link of a group.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Link {
    pub(crate) name: String,
    pub(crate) target: Target,
}

/// Where a link leads.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Target {
    /// To the header at an address.
    Hard(u64),
    /// To a path in this file.
    Soft(String),
    /// To a path in another file: the file's name, and the path.
    External(String, String),
    /// To wherever the writer's own program takes it; the number of its kind.
    UserDefined(u8),
}

/// An attribute with its values as stored.
#[derive(Debug, Clone)]
pub(crate) struct RawAttribute {
    pub(crate) name: String,
    pub(crate) datatype: DataType,
    /// `None` for a null dataspace.
    pub(crate) shape: Option<Vec<u64>>,
    pub(crate) bytes: Vec<u8>,
}

/// An attribute, or its name, if that is known, and why it cannot be read.
pub(crate) type Attempt = Result<RawAttribute, (String, Fault)>;

/// Number, name and parameters of a filter.
pub(crate) type RawFilter = (u16, Option<String>, Vec<u32>);

/// A dataset as its header describes it.
#[derive(Debug, Clone)]
pub(crate) struct RawDataset {
    pub(crate) datatype: DataType,
    /// `None` for a null dataspace.
    pub(crate) shape: Option<Vec<u64>>,
    pub(crate) max_shape: Option<Vec<Option<u64>>>,
    pub(crate) fill: Option<Vec<u8>>,
    pub(crate) filters: Vec<RawFilter>,
    pub(crate) layout: RawLayout,
}

/// Where values lie, with offsets in the file.
#[derive(Debug, Clone)]
pub(crate) enum RawLayout {
    Compact(Vec<u8>),
    Contiguous {
        offset: Option<u64>,
        size: u64,
    },
    Chunked {
        chunk_shape: Vec<u64>,
        index: ChunkIndex,
        /// `None` if they were not looked up.
        chunks: Option<Vec<(Vec<u64>, StoredChunk)>>,
    },
    /// In other files of these names.
    External(Vec<String>),
    /// In other datasets, from which it is put together.
    Virtual,
}

/// Why the parser could not go on; becomes an [`Error`] when the path is known.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Fault {
    Malformed(String),
    Unsupported(String),
    Limit { what: String, asked: u64, allowed: u64 },
}

impl Fault {
    /// The error at a path.
    pub(crate) fn at(self, path: &str) -> Error {
        match self {
            Fault::Malformed(what) => Error::malformed(path, what),
            Fault::Unsupported(feature) => Error::unsupported(path, feature),
            Fault::Limit { what, asked, allowed } => {
                Error::Limit { what: format!("{what} of {path}"), asked, allowed }
            }
        }
    }
}

impl std::fmt::Display for Fault {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Fault::Malformed(what) => formatter.write_str(what),
            Fault::Unsupported(feature) => write!(formatter, "{feature} is not supported"),
            Fault::Limit { what, asked, allowed } => {
                write!(formatter, "{what}: {asked} asked, {allowed} allowed")
            }
        }
    }
}
