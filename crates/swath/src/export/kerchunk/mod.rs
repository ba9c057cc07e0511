//! Kerchunk references: a granule as a zarr hierarchy whose chunks are byte ranges of the file.
//!
//! The references are made from the index of an opened tree. fsspec's reference file system, and through it zarr,
//! xarray, dask and VirtualiZarr, then read the granule without an HDF5 library. The format is version 1 of kerchunk's
//! "reference specification"; the hierarchy is of zarr version 2.
//!
//! What is a reference and what is not:
//! - Chunks are references, as are contiguous arrays (one chunk). Their codecs are numcodecs' `shuffle`, `zlib` and
//!   `fletcher32`.
//! - Small arrays, compact ones and variable-length texts are embedded: read once, all in one wave.
//! - What zarr would read wrongly is embedded too, while it is small: a chunk that was stored without its filters, or
//!   never written where the fill value is not the attribute `_FillValue` (xarray takes zarr's fill value for "no
//!   data"), `bfloat16` (as `float32`), fixed strings that are not filled up with NULs.
//! - Everything else is skipped, with the reason: [`KerchunkReferences::skipped`], and `skipped` in the JSON.
//!
//! Attributes that are references are dropped, as h5netcdf does; dimensions are named in `_ARRAY_DIMENSIONS`.

mod attributes;
mod draft;
mod element;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;
use std::io::Write;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use futures::stream::{self, StreamExt};
use serde_json::{Value, json};
use swath_hdf5::{ChunkTable, Layout, Object as Node, Plan, Selection, StoredChunk, Values};

use self::draft::{Body, Draft, Reason, draft};
use crate::error::{Error, ErrorKind, Result};
use crate::read::read_small_each;
use crate::tree::DataTree;
use crate::{Address, SafeUrl};

/// How references are made.
#[derive(Debug, Clone)]
pub struct KerchunkOptions {
    /// Absolute path of the group that becomes the root of the hierarchy; the group that was opened when `None`.
    pub group: Option<String>,
    /// Where readers will find the file; the tree's own address when `None`.
    pub url: Option<String>,
    /// Arrays of at most so many bytes (decoded) are embedded rather than referenced.
    pub inline_limit: u64,
    /// What cannot be referenced is embedded up to so many bytes (decoded) per array, else skipped.
    pub embed_limit: u64,
}

impl Default for KerchunkOptions {
    /// The tree's own address; arrays up to 4 KiB embedded; up to 4 MiB where nothing else is possible.
    fn default() -> Self {
        Self { group: None, url: None, inline_limit: 4 << 10, embed_limit: 4 << 20 }
    }
}

/// Bytes embedded by all arrays together; what would go beyond is skipped.
const MOST_EMBEDDED: u64 = 256 << 20;

/// Texts read at the same time.
const AT_ONCE: usize = 16;

/// References to everything below the opened group of a tree, ready to be written.
#[derive(Debug)]
pub struct KerchunkReferences {
    tree: DataTree,
    /// Path of the group that is the root, without a slash at its end.
    root: String,
    url: String,
    arrays: BTreeMap<String, ReadyArray>,
    skipped: BTreeMap<String, String>,
}

/// An array with all that must be known to write it.
#[derive(Debug)]
struct ReadyArray {
    zattrs: String,
    zarray: Value,
    chunks: Chunks,
}

#[derive(Debug)]
enum Chunks {
    /// The only chunk, in the references.
    Embedded(Vec<u8>),
    /// The only chunk, in the file; none when its length is 0.
    Run { offset: u64, length: u64 },
    /// The chunks of the index's table.
    Table { patches: BTreeMap<Vec<u64>, Vec<u8>>, absent: Option<Vec<u8>> },
}

impl KerchunkReferences {
    /// Makes references to everything below the group. Reads the values
    /// that are embedded, in one wave (two where there are variable-length texts).
    ///
    /// # Errors
    /// A usage error when the tree's address cannot be written down (it is in memory, or its URL holds a secret) and none
    /// is given, or when there is no such group; [`ErrorKind::Closed`] after the tree was closed; whatever reading may fail with. An array that cannot be
    /// held by zarr, or whose embedded values are damaged, is no error: it is skipped.
    pub async fn of(tree: &DataTree, options: &KerchunkOptions) -> Result<Self> {
        tree.check_open()?;
        let url = url(tree.address(), options)?;
        let root = root(tree, options)?;
        let mut made =
            Self { tree: tree.clone(), root, url, arrays: BTreeMap::new(), skipped: BTreeMap::new() };
        let unreadable = tree.index().unreadable.iter().filter(|(path, _)| is_below(path, &made.root));
        made.skipped = unreadable.cloned().collect();
        let drafts = made.drafts(options);
        made.fill_in(drafts, options.embed_limit).await.map_err(|error| tree.reconsider(error))?;
        Ok(made)
    }

    /// What is not in the references: path in the file, and why. Objects that could not be read when the tree was opened
    /// are among them, and attributes as `path@name`.
    pub fn skipped(&self) -> &BTreeMap<String, String> {
        &self.skipped
    }

    /// How many arrays are in the references.
    pub fn len(&self) -> usize {
        self.arrays.len()
    }

    /// Whether no array is in the references.
    pub fn is_empty(&self) -> bool {
        self.arrays.is_empty()
    }

    /// Writes the references as JSON (`version`, `templates`, `refs`; and `skipped`, which readers ignore).
    ///
    /// # Errors
    /// `Local` when the writer fails.
    pub fn write_json(&self, writer: &mut dyn Write) -> Result<()> {
        self.write(writer).map_err(|reason| {
            Error::new(ErrorKind::Local, "the references could not be written").because(reason)
        })
    }

    /// One draft per dataset that can be held; the others are noted as skipped.
    fn drafts(&mut self, options: &KerchunkOptions) -> Vec<Draft> {
        let mut drafts = Vec::new();
        let mut embedded = 0u64;
        let (tree, root) = (self.tree.clone(), self.root.clone());
        for (path, node) in tree.index().objects.iter().filter(|(path, _)| is_below(path, &root)) {
            let dataset = match (node, nameless(self.key(path))) {
                (Node::Dataset(dataset), _) => dataset,
                (Node::Group(_), Some(why)) => {
                    self.skip(path, why);
                    continue;
                }
                _ => continue,
            };
            let drafted = match nameless(self.key(path)) {
                Some(why) => Err(why),
                None => draft(&tree, path, dataset, options),
            };
            let within = drafted.and_then(|draft| {
                embedded = embedded.saturating_add(draft.embedded_bytes());
                if embedded <= MOST_EMBEDDED {
                    Ok(draft)
                } else {
                    Err("too much is embedded already".to_owned())
                }
            });
            match within {
                Ok(draft) => drafts.push(draft),
                Err(why) => self.skip(path, why),
            }
        }
        drafts
    }

    /// Reads what is embedded, and makes the arrays ready.
    async fn fill_in(&mut self, drafts: Vec<Draft>, text_limit: u64) -> Result<()> {
        let plans: Vec<Plan> = drafts.iter().flat_map(Draft::plans).cloned().collect();
        let tree = self.tree.clone();
        let textual: Vec<String> =
            drafts.iter().filter(|draft| draft.is_texts()).map(|draft| draft.path.clone()).collect();
        let reading = stream::iter(textual).map(|path| {
            let tree = self.tree.clone();
            async move { texts(&tree, &path, text_limit).await }
        });
        let (values, texts) = futures::join!(
            read_small_each(tree.object(), tree.index(), &plans),
            reading.buffered(AT_ONCE).collect::<Vec<_>>()
        );
        let (mut values, mut texts) = (values?.into_iter(), texts.into_iter());
        for draft in drafts {
            let path = draft.path.clone();
            let read: Vec<_> = values.by_ref().take(draft.plans().count()).collect();
            let text = if draft.is_texts() { texts.next() } else { None };
            match self.ready(draft, read, text) {
                Ok(array) => {
                    self.arrays.insert(path, array);
                }
                Err(swath_hdf5::Error::Read(source)) => return Err(swath_hdf5::Error::Read(source).into()),
                Err(why) => self.skip(&path, why.to_string()),
            }
        }
        Ok(())
    }

    fn ready(
        &self,
        draft: Draft,
        read: Vec<swath_hdf5::Result<Vec<u8>>>,
        text: Option<swath_hdf5::Result<Vec<u8>>>,
    ) -> swath_hdf5::Result<ReadyArray> {
        let mut read = read.into_iter();
        let mut next = || read.next().unwrap_or_else(|| Ok(Vec::new()));
        let (zarray, chunks) = match draft.body {
            Body::Embedded { zarray, element, .. } => (zarray, Chunks::Embedded(element.finish(next()?))),
            Body::Texts { zarray } => (zarray, Chunks::Embedded(text.unwrap_or_else(|| Ok(Vec::new()))?)),
            Body::Run { zarray, offset, length } => (zarray, Chunks::Run { offset, length }),
            Body::Chunks { zarray, patches, absent, codecs } => {
                let dataset = self.tree.index().dataset(&draft.path)?;
                let mut written = BTreeMap::new();
                for patch in patches {
                    let chunk = draft::whole_chunk(dataset, &patch.plan, &next()?);
                    written.insert(patch.coordinates, codecs.encode(chunk).unwrap_or_default());
                }
                (zarray, Chunks::Table { patches: written, absent })
            }
        };
        Ok(ReadyArray { zattrs: draft.zattrs, zarray, chunks })
    }

    fn skip(&mut self, path: &str, why: Reason) {
        self.skipped.insert(path.to_owned(), why);
    }

    /// The path below the root, without a slash before it.
    fn key<'a>(&self, path: &'a str) -> &'a str {
        path.strip_prefix(self.root.as_str()).unwrap_or(path).trim_start_matches('/')
    }
}

/// The path of the group that becomes the root, without a slash at its end.
fn root(tree: &DataTree, options: &KerchunkOptions) -> Result<String> {
    let opened = &tree.index().root;
    let path = options.group.as_ref().unwrap_or(opened).trim_end_matches('/');
    let path_or_root = if path.is_empty() { "/" } else { path };
    match tree.index().get(path_or_root) {
        Some(Node::Group(_)) => Ok(path.to_owned()),
        _ => Err(Error::usage(format!("there is no group {path_or_root} below {opened}"))),
    }
}

/// Whether a path is that of the root or of something in it.
fn is_below(path: &str, root: &str) -> bool {
    path.strip_prefix(root).is_some_and(|rest| rest.is_empty() || rest.starts_with(['/', '@']))
}

/// Writing: straight from the index, so that a million chunks take no more memory than one.
impl KerchunkReferences {
    fn write(&self, writer: &mut dyn Write) -> std::io::Result<()> {
        let (url, skipped) = (json!(self.url), json!(self.skipped));
        let metadata = self.metadata();
        let consolidated = consolidated(&metadata);
        write!(
            writer,
            "{{\"version\":1,\"templates\":{{\"u\":{url}}},\"refs\":{{\n\".zmetadata\":{}",
            text(&consolidated)
        )?;
        for (key, document) in &metadata {
            write!(writer, ",\n{}:{}", text(key), text(document))?;
        }
        for (path, array) in &self.arrays {
            self.write_chunks(writer, path, array)?;
        }
        writeln!(writer, "\n}},\"skipped\":{skipped}}}")
    }

    /// The metadata documents of the hierarchy: key, and text. They are in the order of their paths, for zarr 3 loses
    /// members when those of one group do not follow each other in `.zmetadata`.
    fn metadata(&self) -> Vec<(String, String)> {
        let mut documents = Vec::new();
        for (path, node) in self.tree.index().objects.iter().filter(|(path, _)| is_below(path, &self.root)) {
            let key = self.key(path);
            let (name, document, zattrs) = match (node, self.arrays.get(path)) {
                (Node::Group(group), _) if nameless(key).is_none() => {
                    (".zgroup", GROUP.to_owned(), attributes::of_group(&group.attributes))
                }
                (Node::Dataset(_), Some(array)) => {
                    (".zarray", array.zarray.to_string(), array.zattrs.clone())
                }
                _ => continue,
            };
            let folder = if key.is_empty() { String::new() } else { format!("{key}/") };
            documents.push((format!("{folder}{name}"), document));
            if !zattrs.is_empty() {
                documents.push((format!("{folder}.zattrs"), zattrs));
            }
        }
        documents
    }

    fn write_chunks(&self, writer: &mut dyn Write, path: &str, array: &ReadyArray) -> std::io::Result<()> {
        let Ok(dataset) = self.tree.index().dataset(path) else { return Ok(()) };
        let only = vec![0; dataset.shape.len()];
        let mut chunks = ChunkWriter { writer, prefix: json_prefix(self.key(path)) };
        match &array.chunks {
            Chunks::Embedded(bytes) if bytes.is_empty() => Ok(()),
            Chunks::Embedded(bytes) => chunks.embedded(&only, bytes),
            Chunks::Run { length: 0, .. } => Ok(()),
            Chunks::Run { offset, length } => chunks.reference(&only, *offset, *length),
            Chunks::Table { patches, absent } => {
                let Layout::Chunked(table) = &dataset.layout else { return Ok(()) };
                for (coordinates, StoredChunk { offset, size, .. }) in table.iter() {
                    match patches.get(&coordinates) {
                        Some(bytes) => chunks.embedded(&coordinates, bytes)?,
                        None => chunks.reference(&coordinates, offset, size)?,
                    }
                }
                match absent {
                    Some(bytes) => chunks.absent(table, bytes),
                    None => Ok(()),
                }
            }
        }
    }
}

/// All metadata in one document (`.zmetadata`), by which zarr knows the members of a group without listing keys: zarr 3
/// cannot list those of fsspec's reference file system below the root.
fn consolidated(metadata: &[(String, String)]) -> String {
    let mut document = r#"{"zarr_consolidated_format":1,"metadata":{"#.to_owned();
    for (number, (key, value)) in metadata.iter().enumerate() {
        document.push_str(if number == 0 { "" } else { "," });
        document.push_str(&text(key).to_string());
        document.push(':');
        document.push_str(value);
    }
    document.push_str("}}");
    document
}

const GROUP: &str = r#"{"zarr_format":2}"#;

/// A text as JSON.
fn text(text: &str) -> Value {
    Value::from(text)
}

/// The beginning of every chunk's key as JSON, without the closing quote.
fn json_prefix(key: &str) -> String {
    let mut quoted = text(&format!("{key}/")).to_string();
    quoted.pop();
    quoted
}

/// Writes the chunks of one array.
struct ChunkWriter<'a> {
    writer: &'a mut dyn Write,
    prefix: String,
}

impl ChunkWriter<'_> {
    fn key(&mut self, coordinates: &[u64]) -> std::io::Result<()> {
        write!(self.writer, ",\n{}", self.prefix)?;
        for (axis, coordinate) in coordinates.iter().enumerate() {
            write!(self.writer, "{}{coordinate}", if axis == 0 { "" } else { "." })?;
        }
        // A scalar's chunk is called 0.
        self.writer.write_all(if coordinates.is_empty() { b"0\":" } else { b"\":" })
    }

    fn reference(&mut self, coordinates: &[u64], offset: u64, length: u64) -> std::io::Result<()> {
        self.key(coordinates)?;
        write!(self.writer, "[\"{{{{u}}}}\",{offset},{length}]")
    }

    fn embedded(&mut self, coordinates: &[u64], bytes: &[u8]) -> std::io::Result<()> {
        self.key(coordinates)?;
        write!(self.writer, "\"base64:{}\"", STANDARD.encode(bytes))
    }

    /// The same bytes for every place of the grid that the table lacks.
    fn absent(&mut self, table: &ChunkTable, bytes: &[u8]) -> std::io::Result<()> {
        let mut coordinates = vec![0; table.grid().len()];
        loop {
            if table.get(&coordinates).is_none() {
                self.embedded(&coordinates, bytes)?;
            }
            let step = coordinates.iter_mut().zip(table.grid()).rev().find_map(|(at, extent)| {
                *at = if *at + 1 < *extent { *at + 1 } else { 0 };
                (*at != 0).then_some(())
            });
            if step.is_none() {
                return Ok(());
            }
        }
    }
}

/// Why a path cannot be a key of zarr, if it cannot.
fn nameless(key: &str) -> Option<Reason> {
    let odd = |name: &str| {
        matches!(name, "." | ".." | "zarr.json") || name.starts_with(".z") || name.contains('\\')
    };
    let name = key.split('/').find(|name| odd(name))?;
    Some(format!("zarr has no name {name}"))
}

/// The texts of a variable-length dataset, as the codec `vlen-utf8` stores them: their number, then length and bytes of
/// each.
async fn texts(tree: &DataTree, path: &str, allowed: u64) -> swath_hdf5::Result<Vec<u8>> {
    let selection = Selection::all(&tree.index().dataset(path)?.shape);
    let values = swath_hdf5::read_values(tree.object(), tree.index(), path, &selection).await?;
    let Values::Strings(texts) = values else { return Ok(Vec::new()) };
    let asked = texts.iter().fold(4, |sum: u64, text| sum.saturating_add(text.len() as u64 + 4));
    if asked > allowed.min(u64::from(u32::MAX)) {
        return Err(swath_hdf5::Error::Limit { what: format!("bytes of texts in {path}"), asked, allowed });
    }
    let mut bytes = (texts.len() as u32).to_le_bytes().to_vec();
    for text in texts {
        bytes.extend((text.len() as u32).to_le_bytes());
        bytes.extend(text.as_bytes());
    }
    Ok(bytes)
}

/// The address that is written into the references.
fn url(address: &Address, options: &KerchunkOptions) -> Result<String> {
    let needed = |why: &str| {
        Error::usage(format!("{address} cannot be referenced: {why}"))
            .with_hint("give the address under which readers will find the file")
    };
    let url = match (&options.url, address) {
        (Some(url), _) => url.clone(),
        (None, Address::Memory(_)) => return Err(needed("it is in memory")),
        (None, Address::Https(url)) if has_secret(url) => return Err(needed("its URL is signed")),
        (None, Address::Local(path)) => {
            std::path::absolute(path).map_err(|_| needed("it has no path"))?.display().to_string()
        }
        (None, _) => address.to_string(),
    };
    // Kerchunk's templates would take these for a name of theirs.
    if url.contains("{{") {
        return Err(Error::usage("an address with {{ in it cannot be written as a kerchunk reference"));
    }
    Ok(url)
}

/// Whether a URL says more than what is printed of it.
fn has_secret(url: &SafeUrl) -> bool {
    url.secret().as_str() != url.identity()
}
