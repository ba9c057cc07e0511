//! The index: everything about a file but its values, in one value that can be kept.

use std::collections::BTreeMap;
use std::ops::Range;

use serde::{Deserialize, Serialize};

use crate::chunk_table::ChunkTable;
use crate::datatype::DataType;
use crate::error::{Error, Result};
use crate::filter::Filter;
use crate::open::OpenHints;
use crate::parser::ChunkIndex;
use crate::values::{Attribute, Values};

/// Groups, datasets, types, attributes and chunk tables below one group of a file.
///
/// Made by [`crate::read_index`]; can be kept with [`Index::to_bytes`] and used without the parser.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Index {
    /// Size of the file in bytes.
    pub size: u64,
    /// Absolute path of the group that was read, links followed; `/` is the whole file.
    pub root: String,
    /// Bytes of a page, if the file's space is paged (File Space Info message, specification IV.A.2.x).
    pub page_size: Option<u64>,
    /// The objects by absolute path.
    pub objects: BTreeMap<String, Object>,
    /// Rounds of requests that it took.
    pub waves: u32,
    /// Objects that are there but could not be read: path and reason.
    pub unreadable: Vec<(String, String)>,
    /// Paths that are not where an object has its own place: links other than hard ones, and every hard link to
    /// an object but the first.
    pub links: BTreeMap<String, Link>,
    /// Path of each object by the address of its header, for references.
    pub(crate) addresses: BTreeMap<u64, String>,
    /// How heap references in this file are to be read.
    pub(crate) encoding: Encoding,
    /// What was fetched to make it, by its place.
    pub(crate) fetched: Vec<Range<u64>>,
    /// Values that were read along, by their offset; not kept with the stored index.
    #[serde(skip)]
    pub(crate) ends: BTreeMap<u64, Vec<u8>>,
}

/// Widths and origin of the addresses in a file, from its superblock.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Encoding {
    /// Bytes of an address.
    pub(crate) offset_size: u8,
    /// Bytes of a length.
    pub(crate) length_size: u8,
    /// Where address 0 lies in the file.
    pub(crate) base: u64,
    /// Version of the superblock.
    pub(crate) superblock: u8,
    /// How the file's space is managed, by the number that the File Space Info message has for it.
    pub(crate) strategy: u8,
}

/// A path that leads elsewhere.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub enum Link {
    /// Another name of the object whose first path is this.
    Hard(String),
    /// To a path of this file, absolute or from the group that has the link; it was followed.
    Soft(String),
    /// To another file, which this crate does not open.
    External {
        /// Name of the file, as written.
        file: String,
        /// Path in it.
        path: String,
    },
    /// To wherever the writer's own program takes it; the number of its kind.
    UserDefined(u8),
}

/// A group or a dataset.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub enum Object {
    /// A group.
    Group(Group),
    /// A dataset.
    Dataset(Box<Dataset>),
    /// A named (committed) datatype; the datasets that use it state it in full.
    NamedType(Box<NamedType>),
}

impl Object {
    /// Its attributes.
    pub fn attributes(&self) -> &[Attribute] {
        match self {
            Object::Group(group) => &group.attributes,
            Object::Dataset(dataset) => &dataset.attributes,
            Object::NamedType(named) => &named.attributes,
        }
    }
}

/// A group: attributes and the names of what it holds.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Group {
    /// Its attributes, in file order.
    pub attributes: Vec<Attribute>,
    /// Names of its readable children, in the order of the file: by creation where that is tracked, else
    /// by name.
    pub children: Vec<String>,
}

/// A named datatype.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct NamedType {
    /// The type.
    pub datatype: DataType,
    /// Its attributes, in file order.
    pub attributes: Vec<Attribute>,
}

/// A dataset, without its values.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Dataset {
    /// Type of its elements.
    pub datatype: DataType,
    /// Its shape, slowest axis first; empty for a scalar.
    pub shape: Vec<u64>,
    /// How far each axis may grow (`None`: without end), if the file says.
    pub max_shape: Option<Vec<Option<u64>>>,
    /// Shape of a chunk, if the dataset is chunked.
    pub chunk_shape: Option<Vec<u64>>,
    /// What was done to each chunk before it was stored, in that order.
    pub filters: Vec<Filter>,
    /// One element as stored, for places that were never written; zeros if absent.
    pub fill: Option<Vec<u8>>,
    /// Where the values lie.
    pub layout: Layout,
    /// Its attributes, in file order; among them `_FillValue`, which is netCDF's and not [`Dataset::fill`].
    pub attributes: Vec<Attribute>,
    /// Per axis the path of the dimension scale attached to it (attribute `DIMENSION_LIST`), where there is
    /// one inside of what was read.
    pub dimensions: Vec<Option<String>>,
    /// Whether it is a dimension scale itself (attribute `CLASS`).
    pub is_dimension_scale: bool,
}

/// Where the values of a dataset lie (data layout message, specification IV.A.2.i; bytes in [`mod@crate::format`]).
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub enum Layout {
    /// In the object header; here are the bytes.
    Compact(Vec<u8>),
    /// In one run of bytes.
    Contiguous {
        /// First byte in the file; `None` if nothing was written.
        offset: Option<u64>,
        /// Bytes of the run.
        size: u64,
    },
    /// In chunks.
    Chunked(ChunkTable),
    /// In other files of these names, which this crate does not open.
    External(Vec<String>),
    /// Nowhere: the dataspace is null.
    Null,
    /// In other datasets, of this or of other files, from which it is put together.
    Virtual,
    /// In chunks whose table was not read, because there are more than [`crate::OpenOptions::most_chunks`]: see
    /// [`crate::LazyTable`].
    Unread(ChunkIndex),
}

impl Dataset {
    /// The attribute of that name.
    pub fn attribute(&self, name: &str) -> Option<&Attribute> {
        self.attributes.iter().find(|attribute| attribute.name == name)
    }

    /// Number of elements; `None` beyond 2⁶⁴.
    pub fn elements(&self) -> Option<u64> {
        if self.layout == Layout::Null {
            return Some(0);
        }
        crate::Selection::all(&self.shape).elements()
    }
}

impl Group {
    /// The attribute of that name.
    pub fn attribute(&self, name: &str) -> Option<&Attribute> {
        self.attributes.iter().find(|attribute| attribute.name == name)
    }
}

/// First bytes of a stored index.
const MAGIC: &[u8; 4] = b"SWHX";
/// Version of the stored form; another one is refused, never guessed.
const VERSION: u16 = 3;
/// Bytes before the compressed body: magic, version, CRC-32 of the rest, length of the body.
const HEAD: usize = 4 + 2 + 4 + 8;
/// Longest body that is inflated.
const MAX_BODY: u64 = 64 << 20;
/// Deflate cannot expand by more than this.
const MAX_RATIO: u64 = 1032;

impl Index {
    /// The object at an absolute path.
    pub fn get(&self, path: &str) -> Option<&Object> {
        self.objects.get(path)
    }

    /// The dataset at an absolute path.
    ///
    /// # Errors
    /// [`Error::NotFound`] if there is none; the text says so if it was there but unreadable, or is a group.
    pub fn dataset(&self, path: &str) -> Result<&Dataset> {
        let what = match self.get(path) {
            Some(Object::Dataset(dataset)) => return Ok(dataset),
            Some(Object::Group(_)) => "it is a group".to_owned(),
            Some(Object::NamedType(_)) => "it is a named datatype".to_owned(),
            None => match self.unreadable.iter().find(|(unreadable, _)| unreadable == path) {
                Some((_, why)) => format!("it could not be read: {why}"),
                None => format!("the index holds {} objects below {}", self.objects.len(), self.root),
            },
        };
        Err(Error::NotFound { path: path.to_owned(), what })
    }

    /// The children of a group with their absolute paths, in the order of the file; `None` if there is no
    /// such group.
    pub fn group(&self, path: &str) -> Option<impl Iterator<Item = (String, &Object)> + '_> {
        let Some(Object::Group(group)) = self.get(path) else { return None };
        let parent = path.trim_end_matches('/').to_owned();
        Some(group.children.iter().filter_map(move |name| {
            let path = format!("{parent}/{name}");
            let object = self.objects.get(&path)?;
            Some((path, object))
        }))
    }

    /// Version of the superblock (specification II.A).
    pub fn superblock_version(&self) -> u8 {
        self.encoding.superblock
    }

    /// Bytes of the user block before the HDF5 data.
    pub fn user_block(&self) -> u64 {
        self.encoding.base
    }

    /// Bytes of an address and of a length in the file.
    pub fn widths(&self) -> (u8, u8) {
        (self.encoding.offset_size, self.encoding.length_size)
    }

    /// How the file's space is managed (specification IV.A.2.x): 0 aggregated, 1 paged, 2 aggregated without free
    /// space, 3 neither.
    pub fn space_strategy(&self) -> u8 {
        self.encoding.strategy
    }

    /// Path of the object whose header is at `address` (as object references state it), if it was read.
    pub fn path_of(&self, address: u64) -> Option<&str> {
        self.addresses.get(&address).map(String::as_str)
    }

    /// A first or last element that was read along, as [`crate::OpenOptions::ends_of`] asked.
    pub fn at_hand(&self, range: &std::ops::Range<u64>) -> Option<&[u8]> {
        let bytes = self.ends.get(&range.start)?;
        (bytes.len() as u64 == range.end - range.start).then_some(bytes)
    }

    /// All datasets with their absolute paths, in order of path.
    pub fn datasets(&self) -> impl Iterator<Item = (&str, &Dataset)> + '_ {
        self.objects.iter().filter_map(|(path, object)| match object {
            Object::Dataset(dataset) => Some((path.as_str(), &**dataset)),
            _ => None,
        })
    }

    /// Where the metadata was, to open other files of the same layout in fewer rounds of requests.
    ///
    /// ```
    /// use swath_hdf5::{Index, OpenOptions, ReadRanges, Result, read_index};
    ///
    /// async fn siblings(first: &dyn ReadRanges, second: &dyn ReadRanges) -> Result<[Index; 2]> {
    ///     let learned = read_index(first, "/", &OpenOptions::default()).await?;
    ///     let options = OpenOptions::default().with_hints(learned.hints());
    ///     let other = read_index(second, "/", &options).await?;
    ///     Ok([learned, other])
    /// }
    /// ```
    pub fn hints(&self) -> OpenHints {
        OpenHints { size: self.size, ranges: self.fetched.clone() }
    }

    /// The stored form: versioned, checksummed, compressed.
    ///
    /// Four bytes of magic, two of version, a CRC-32 of what follows, the length of the body, and the body, deflated.
    /// An index of another version is refused and never guessed: reading the file again costs two rounds.
    ///
    /// ```
    /// use swath_hdf5::{Index, OpenOptions, ReadRanges, Result, Selection, read_bytes, read_index};
    ///
    /// /// What opening finds out, to be kept beside the address and the version of the file.
    /// async fn keep(reader: &dyn ReadRanges) -> Result<Vec<u8>> {
    ///     read_index(reader, "/", &OpenOptions::default()).await?.to_bytes()
    /// }
    ///
    /// /// A window without a byte of metadata.
    /// async fn window(reader: &dyn ReadRanges, kept: &[u8], path: &str) -> Result<Vec<u8>> {
    ///     let index = Index::from_bytes(kept)?;
    ///     let plan = index.dataset(path)?.plan(path, &Selection::window(&[0..512, 0..512]))?;
    ///     read_bytes(reader, &plan).await
    /// }
    /// ```
    ///
    /// # Errors
    /// [`Error::Limit`] if the body is longer than 64 MiB.
    pub fn to_bytes(&self) -> Result<Vec<u8>> {
        let body = postcard::to_allocvec(self)
            .map_err(|error| Error::misuse(format!("index cannot be stored: {error}")))?;
        let length = body.len() as u64;
        if length > MAX_BODY {
            return Err(Error::Limit {
                what: "bytes of a stored index".into(),
                asked: length,
                allowed: MAX_BODY,
            });
        }
        let mut compressor = libdeflater::Compressor::new(libdeflater::CompressionLvl::default());
        let mut bytes = vec![0; HEAD + compressor.deflate_compress_bound(body.len())];
        let compressed = compressor
            .deflate_compress(&body, &mut bytes[HEAD..])
            .map_err(|error| Error::misuse(format!("index cannot be compressed: {error}")))?;
        bytes.truncate(HEAD + compressed);
        bytes[10..HEAD].copy_from_slice(&length.to_le_bytes());
        let checksum = libdeflater::crc32(&bytes[10..]);
        bytes[..4].copy_from_slice(MAGIC);
        bytes[4..6].copy_from_slice(&VERSION.to_le_bytes());
        bytes[6..10].copy_from_slice(&checksum.to_le_bytes());
        Ok(bytes)
    }

    /// Reads a stored index back.
    ///
    /// # Errors
    /// [`Error::Malformed`] for bytes that are no index, are damaged, or are of another version; throw them
    /// away and read the file again.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self> {
        let malformed = |what: &str| Error::malformed("stored index", what);
        if bytes.get(..4) != Some(MAGIC) {
            return Err(malformed("it does not begin as one"));
        }
        if bytes.get(4..6) != Some(&VERSION.to_le_bytes()) {
            return Err(malformed("it is of another version"));
        }
        let head = bytes.get(6..HEAD).ok_or_else(|| malformed("it ends early"))?;
        let checksum = head[..4].iter().rev().fold(0u32, |value, byte| value << 8 | u32::from(*byte));
        let length = head[4..].iter().rev().fold(0u64, |value, byte| value << 8 | u64::from(*byte));
        if libdeflater::crc32(&bytes[10..]) != checksum {
            return Err(malformed("its checksum differs"));
        }
        let compressed = &bytes[HEAD..];
        if length > MAX_BODY.min(MAX_RATIO * (compressed.len() as u64 + 1)) {
            return Err(malformed("its length is impossible"));
        }
        let mut body = vec![0; length as usize];
        let given = libdeflater::Decompressor::new().deflate_decompress(compressed, &mut body);
        if given != Ok(body.len()) {
            return Err(malformed("its body is damaged"));
        }
        postcard::from_bytes(&body).map_err(|error| malformed(&error.to_string()))
    }
}

/// Scales of each axis from `DIMENSION_LIST`: the first reference of each list that leads anywhere.
pub(crate) fn dimension_paths(attributes: &[Attribute], rank: usize) -> Vec<Option<String>> {
    let mut paths = vec![None; rank];
    let list = attributes.iter().find(|attribute| attribute.name == "DIMENSION_LIST");
    if let Some(Values::Lists(lists)) = list.map(|attribute| &attribute.value) {
        for (path, list) in paths.iter_mut().zip(lists) {
            if let Values::References(references) = list {
                *path = references.iter().flatten().next().cloned();
            }
        }
    }
    paths
}

/// Whether `CLASS` says that the dataset is a dimension scale (dimension scale specification 3.1).
pub(crate) fn is_scale(attributes: &[Attribute]) -> bool {
    attributes
        .iter()
        .any(|attribute| attribute.name == "CLASS" && attribute.value.text() == Some("DIMENSION_SCALE"))
}

#[cfg(test)]
mod tests;
