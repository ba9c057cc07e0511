//! One walk over the tree: from a group to everything below it, going on past whatever fails.

use std::collections::{BTreeMap, HashSet};

use crate::chunk_table::ChunkTable;
use crate::datatype::DataType;
use crate::error::{Error, Result};
use crate::filter::Filter;
use crate::index::{Dataset, Encoding, Group, Layout, Object, dimension_paths, is_scale};
use crate::open::OpenOptions;
use crate::parser::{Fault, Kind, Link, MetadataFile, RawAttribute, RawDataset, RawLayout};
use crate::values::{Attribute, PathOf, Values, decode, heap_text};

/// All that one walk found. If any block was missed on the way it is incomplete, and thrown away.
pub(crate) struct Walked {
    pub(crate) objects: BTreeMap<String, Object>,
    pub(crate) unreadable: Vec<(String, String)>,
    pub(crate) addresses: BTreeMap<u64, String>,
    pub(crate) page_size: Option<u64>,
    pub(crate) encoding: Encoding,
    /// First and last elements of the datasets that [`OpenOptions::ends_of`] names, by their offset.
    pub(crate) ends: BTreeMap<u64, Vec<u8>>,
}

/// Walks everything below the group at `path`.
///
/// # Errors
/// [`Error::NotFound`] or [`Error::Misuse`] if there is no such group, [`Error::Limit`] for too many objects
/// or attribute bytes. An object that cannot be read is no error; it is listed as unreadable.
pub(crate) fn walk<F: MetadataFile>(file: &F, path: &str, options: &OpenOptions) -> Result<Walked> {
    let page_size = file.page_size().unwrap_or(None);
    let mut walk = Walk::new(file, options);
    let group = walk.locate(path)?;
    walk.visit(path, &group, 0)?;
    let (addresses, unreadable, ends) = (walk.addresses, walk.unreadable, walk.ends);
    let path_of = |address: u64| addresses.get(&address).cloned();
    let objects = walk.found.into_iter().map(|(path, found)| (path, found.finish(&path_of))).collect();
    Ok(Walked { objects, unreadable, page_size, encoding: file.encoding(), addresses, ends })
}

/// Walks everything below the group at `path`, only to miss what is not at hand. Whether there is such a group.
pub(crate) fn scout<F: MetadataFile>(file: &F, path: &str, options: &OpenOptions) -> bool {
    let mut walk = Walk::new(file, options);
    match walk.locate(path) {
        Ok(group) => walk.visit(path, &group, 0).is_ok(),
        Err(_) => false,
    }
}

/// Most bytes of one attribute in the heap.
const MAX_ATTRIBUTE: u64 = 16 << 20;
/// Longest element of which the ends of a dataset are kept.
const MAX_END: u64 = 64;

/// An object whose attribute values still are as stored, for its references can only be resolved when the
/// whole walk is done.
enum Found {
    Group(Vec<PendingAttribute>, Vec<String>),
    Dataset(Box<Dataset>, Vec<PendingAttribute>),
    NamedType,
}

impl Found {
    fn finish(self, path_of: PathOf<'_>) -> Object {
        let finished = |attributes: Vec<PendingAttribute>| -> Vec<Attribute> {
            attributes.into_iter().map(|attribute| attribute.finish(path_of)).collect()
        };
        match self {
            Found::Group(attributes, children) => {
                Object::Group(Group { attributes: finished(attributes), children })
            }
            Found::Dataset(mut dataset, attributes) => {
                dataset.attributes = finished(attributes);
                dataset.dimensions = dimension_paths(&dataset.attributes, dataset.shape.len());
                dataset.is_dimension_scale = is_scale(&dataset.attributes);
                Object::Dataset(dataset)
            }
            Found::NamedType => Object::NamedType,
        }
    }
}

/// An attribute with its bytes little-endian and what they refer to in the heap.
struct PendingAttribute {
    raw: RawAttribute,
    /// For variable-length types what each element refers to.
    heap: Option<Vec<Vec<u8>>>,
}

impl PendingAttribute {
    fn finish(self, path_of: PathOf<'_>) -> Attribute {
        let RawAttribute { name, datatype, shape, bytes } = self.raw;
        let value = match (&shape, self.heap) {
            (None, _) => Values::Null,
            (Some(_), Some(heap)) => heap_values(&datatype, heap, path_of),
            (Some(_), None) => match decode(&datatype, bytes.clone(), path_of) {
                Ok(values) => values,
                Err(_) => Values::Raw(bytes),
            },
        };
        Attribute { name, datatype, shape: shape.unwrap_or_default(), value }
    }
}

/// The type whose elements are in the heap: the type itself, or that of an array's elements.
pub(crate) fn heap_type(datatype: &DataType) -> Option<&DataType> {
    match datatype {
        DataType::VariableString { .. } => Some(datatype),
        // A list of lists would need the heap again for each of its elements; it stays raw.
        DataType::Sequence { base, .. } if !base.is_variable() => Some(datatype),
        DataType::Array { base, .. } => heap_type(base),
        _ => None,
    }
}

/// Bytes of one element behind a heap reference.
pub(crate) fn heap_element(datatype: &DataType) -> usize {
    match heap_type(datatype) {
        Some(DataType::Sequence { base, .. }) => base.size() as usize,
        _ => 1,
    }
}

/// Typed values of elements that were read from the heap.
pub(crate) fn heap_values(datatype: &DataType, heap: Vec<Vec<u8>>, path_of: PathOf<'_>) -> Values {
    let Some(DataType::Sequence { base, .. }) = heap_type(datatype) else {
        return Values::Strings(heap.iter().map(|text| heap_text(text)).collect());
    };
    let reversals = base.reversals();
    let list = |mut bytes: Vec<u8>| {
        crate::decode::reverse(&mut bytes, base.size() as usize, &reversals);
        decode(base, bytes.clone(), path_of).unwrap_or(Values::Raw(bytes))
    };
    Values::Lists(heap.into_iter().map(list).collect())
}

struct Walk<'a, F: MetadataFile> {
    file: &'a F,
    options: &'a OpenOptions,
    found: Vec<(String, Found)>,
    unreadable: Vec<(String, String)>,
    addresses: BTreeMap<u64, String>,
    /// Headers of the groups that enclose the one being visited, so that a link back is seen.
    ancestors: HashSet<u64>,
    heap_bytes: u64,
    ends: BTreeMap<u64, Vec<u8>>,
}

impl<'a, F: MetadataFile> Walk<'a, F> {
    fn new(file: &'a F, options: &'a OpenOptions) -> Self {
        Walk {
            file,
            options,
            found: Vec::new(),
            unreadable: Vec::new(),
            addresses: BTreeMap::new(),
            ancestors: HashSet::new(),
            heap_bytes: 0,
            ends: BTreeMap::new(),
        }
    }

    /// Brings the first and the last element of a contiguous dataset to hand.
    fn take_ends(&mut self, path: &str, raw: &RawDataset) {
        let name = path.rsplit('/').next().unwrap_or_default();
        if !self.options.ends_of.iter().any(|wanted| wanted == name) {
            return;
        }
        let RawLayout::Contiguous { offset: Some(offset), size } = raw.layout else { return };
        let element = raw.datatype.size();
        if !(1..=MAX_END).contains(&element) || size < element {
            return;
        }
        for at in [Some(offset), offset.checked_add(size - element)].into_iter().flatten() {
            if let Some(bytes) = self.file.raw(at, element as usize) {
                self.ends.insert(at, bytes.to_vec());
            }
        }
    }

    /// Follows `path` from the root group.
    fn locate(&mut self, path: &str) -> Result<F::Node> {
        let mut node = self.file.root().map_err(|fault| fault.at("/"))?;
        let mut reached = String::new();
        for name in path.split('/').filter(|name| !name.is_empty()) {
            let here = if reached.is_empty() { "/" } else { reached.as_str() };
            let links = self.file.links(&node).map_err(|fault| fault.at(here))?;
            let Some(link) = links.iter().find(|link| link.name == name) else {
                return Err(Error::NotFound { path: path.to_owned(), what: holds(here, &links) });
            };
            let child = format!("{reached}/{name}");
            self.ancestors.insert(self.file.address(&node));
            node = self.file.open(&node, link).map_err(|fault| fault.at(&child))?;
            if self.file.kind(&node) != Kind::Group {
                return Err(Error::misuse(format!("{child} is no group; give the path of a group")));
            }
            reached = child;
        }
        Ok(node)
    }

    fn visit(&mut self, path: &str, node: &F::Node, depth: usize) -> Result<()> {
        self.check_count()?;
        let address = self.file.address(node);
        self.name_address(address, path);
        match self.file.kind(node) {
            Kind::NamedType => self.found.push((path.to_owned(), Found::NamedType)),
            Kind::Dataset => match self.dataset(path, node) {
                Ok(found) => self.found.push((path.to_owned(), found)),
                Err(fault) => self.skip(path, &fault),
            },
            Kind::Group => self.group(path, node, depth)?,
        }
        Ok(())
    }

    fn check_count(&self) -> Result<()> {
        let asked = (self.found.len() + self.unreadable.len()) as u64 + 1;
        let allowed = self.options.max_objects;
        if asked > allowed {
            return Err(Error::Limit { what: "objects in the file".to_owned(), asked, allowed });
        }
        Ok(())
    }

    /// Notes a path of an object; of several, the shortest, which is seldom the alias.
    fn name_address(&mut self, address: u64, path: &str) {
        let known = self.addresses.entry(address).or_insert_with(|| path.to_owned());
        if path.len() < known.len() {
            path.clone_into(known);
        }
    }

    fn skip(&mut self, path: &str, fault: &Fault) {
        self.unreadable.push((path.to_owned(), fault.to_string()));
    }

    fn group(&mut self, path: &str, node: &F::Node, depth: usize) -> Result<()> {
        let address = self.file.address(node);
        if depth >= self.options.max_depth {
            let what = format!("depth of groups at {path}");
            return Err(Error::Limit {
                what,
                asked: depth as u64 + 1,
                allowed: self.options.max_depth as u64,
            });
        }
        if !self.ancestors.insert(address) {
            self.skip(path, &Fault::Malformed("link back to a group that encloses it".to_owned()));
            return Ok(());
        }
        let attributes = self.attributes(path, node)?;
        let links = self.file.links(node).unwrap_or_else(|fault| {
            self.skip(path, &fault);
            Vec::new()
        });
        let at = self.found.len();
        self.found.push((path.to_owned(), Found::Group(attributes, Vec::new())));
        let mut children = Vec::new();
        for link in &links {
            let child = format!("{}/{}", path.trim_end_matches('/'), link.name);
            match self.file.open(node, link) {
                Ok(opened) => {
                    let before = self.found.len();
                    self.visit(&child, &opened, depth + 1)?;
                    if self.found.len() > before {
                        children.push(link.name.clone());
                    }
                }
                Err(fault) => {
                    self.check_count()?;
                    self.skip(&child, &fault);
                }
            }
        }
        if let Some((_, Found::Group(_, names))) = self.found.get_mut(at) {
            *names = children;
        }
        self.ancestors.remove(&address);
        Ok(())
    }

    fn dataset(&mut self, path: &str, node: &F::Node) -> Result<Found, Fault> {
        // Both are tried even if one fails, so that all their missing blocks are seen in one walk.
        let attributes = self.attributes(path, node);
        let raw = self.file.dataset(node)?;
        self.take_ends(path, &raw);
        let attributes = attributes.map_err(|error| Fault::Malformed(error.to_string()))?;
        Ok(Found::Dataset(Box::new(dataset(raw)?), attributes))
    }

    /// The attributes of an object with what they refer to in the heap. One that cannot be read is listed
    /// as `path@name` and left out.
    fn attributes(&mut self, path: &str, node: &F::Node) -> Result<Vec<PendingAttribute>> {
        let raw = self.file.attributes(node).unwrap_or_else(|fault| {
            self.skip(&format!("{path}@"), &fault);
            Vec::new()
        });
        let mut attributes = Vec::with_capacity(raw.len());
        for mut raw in raw {
            if raw.shape.is_some() && heap_type(&raw.datatype).is_some() {
                match self.heap(node, &raw)? {
                    Ok(heap) => attributes.push(PendingAttribute { raw, heap: Some(heap) }),
                    Err(fault) => self.skip(&format!("{path}@{}", raw.name), &fault),
                }
                continue;
            }
            let element = usize::try_from(raw.datatype.size()).unwrap_or(usize::MAX);
            crate::decode::reverse(&mut raw.bytes, element, &raw.datatype.reversals());
            attributes.push(PendingAttribute { raw, heap: None });
        }
        Ok(attributes)
    }

    fn heap(&mut self, node: &F::Node, raw: &RawAttribute) -> Result<Result<Vec<Vec<u8>>, Fault>> {
        let element = heap_element(&raw.datatype);
        let width = heap_type(&raw.datatype).map_or(1, DataType::size) as usize;
        let mut heap = Vec::new();
        let before = self.heap_bytes;
        for reference in raw.bytes.chunks_exact(width.max(1)) {
            match self.file.heap_object(node, reference, element) {
                Ok(bytes) => {
                    self.heap_bytes = self.heap_bytes.saturating_add(bytes.len() as u64 + 24);
                    heap.push(bytes);
                }
                Err(fault) => return Ok(Err(fault)),
            }
            let (asked, allowed) = (self.heap_bytes - before, MAX_ATTRIBUTE);
            if asked > allowed {
                let what = "bytes of an attribute in the heap".to_owned();
                return Ok(Err(Fault::Limit { what, asked, allowed }));
            }
            if self.heap_bytes > self.options.max_metadata_bytes {
                return Err(Error::Limit {
                    what: "bytes of attributes in the heap".to_owned(),
                    asked: self.heap_bytes,
                    allowed: self.options.max_metadata_bytes,
                });
            }
        }
        Ok(Ok(heap))
    }
}

fn holds(path: &str, links: &[Link]) -> String {
    const SHOWN: usize = 12;
    let names: Vec<&str> = links.iter().take(SHOWN).map(|link| link.name.as_str()).collect();
    let more = if links.len() > SHOWN { format!(" and {} more", links.len() - SHOWN) } else { String::new() };
    format!("{path} holds {}{more}", names.join(", "))
}

/// A dataset but for its attributes.
fn dataset(raw: RawDataset) -> Result<Dataset, Fault> {
    let shape = raw.shape.clone().unwrap_or_default();
    let (layout, chunk_shape) = match raw.layout {
        _ if raw.shape.is_none() => (Layout::Null, None),
        RawLayout::Compact(bytes) => (Layout::Compact(bytes), None),
        RawLayout::Contiguous { offset, size } => (Layout::Contiguous { offset, size }, None),
        RawLayout::External => (Layout::External, None),
        RawLayout::Chunked { chunk_shape, chunks } => {
            let grid =
                shape.iter().zip(&chunk_shape).map(|(extent, chunk)| extent.div_ceil(*chunk)).collect();
            let table = ChunkTable::new(grid, chunks).map_err(Fault::Malformed)?;
            (Layout::Chunked(table), Some(chunk_shape))
        }
    };
    Ok(Dataset {
        datatype: raw.datatype,
        shape,
        max_shape: raw.max_shape,
        chunk_shape,
        filters: raw
            .filters
            .into_iter()
            .map(|(id, name, parameters)| Filter::new(id, name, parameters))
            .collect(),
        fill: raw.fill,
        layout,
        attributes: Vec::new(),
        dimensions: Vec::new(),
        is_dimension_scale: false,
    })
}
