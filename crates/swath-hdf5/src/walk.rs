//! One walk over the tree: from a group to everything below it, going on past whatever fails.
//!
//! A walk is run over what is at hand, and again after each wave. Whatever it cannot read, because it is missing or
//! because it is damaged, is noted and left behind: so one walk sees all that the next wave must bring, and a damaged
//! object costs itself alone. Only a walk that missed nothing becomes an answer.
//!
//! What leads round is seen by the headers of the groups that enclose the one being visited. A header that several
//! links lead to is visited for each of them: its first path by hard links alone is its place, the others are links.
//! References are resolved when the walk is done, for they may lead to what it has not come to yet.

use std::cell::{Cell, RefCell};
use std::collections::hash_map::Entry;
use std::collections::{BTreeMap, HashMap, HashSet};

use crate::chunk_table::ChunkTable;
use crate::datatype::DataType;
use crate::error::{Error, Result};
use crate::filter::Filter;
use crate::index::{self, Dataset, Encoding, Group, Layout, NamedType, Object, dimension_paths, is_scale};
use crate::open::OpenOptions;
use crate::parser::{Extents, Fault, Kind, Link, MetadataFile, RawAttribute, RawDataset, RawLayout, Target};
use crate::values::{Attribute, Referred, Values, decode, normalise};

/// All that one walk found. If any block was missed on the way it is incomplete, and thrown away.
pub(crate) struct Walked {
    pub(crate) objects: BTreeMap<String, Object>,
    pub(crate) unreadable: Vec<(String, String)>,
    pub(crate) links: BTreeMap<String, index::Link>,
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
    walk.visit(path, &group, Way { depth: 0, hard: true })?;
    let (addresses, unreadable, ends, links) = (walk.addresses, walk.unreadable, walk.ends, walk.others);
    let path_of = |address: u64| addresses.get(&address).cloned();
    let heap_of = |reference: &[u8], element: usize| {
        file.heap_object(reference, element).map_err(|fault| fault.at(crate::ROOT))
    };
    let referred = Referred { path_of: &path_of, heap_of: &heap_of };
    let objects = walk.found.into_iter().map(|(path, found)| (path, found.finish(referred))).collect();
    Ok(Walked { objects, unreadable, links, page_size, encoding: file.encoding(), addresses, ends })
}

/// Walks everything below the group at `path`, only to miss what is not at hand. Whether there is such a group.
pub(crate) fn scout<F: MetadataFile>(file: &F, path: &str, options: &OpenOptions) -> bool {
    let mut walk = Walk::new(file, options);
    match walk.locate(path) {
        Ok(group) => walk.visit(path, &group, Way { depth: 0, hard: true }).is_ok(),
        Err(_) => false,
    }
}

/// Most bytes of one attribute in the heap.
const MAX_ATTRIBUTE: u64 = 16 << 20;
/// Longest element of which the ends of a dataset are kept.
const MAX_END: u64 = 64;

/// An object of which some attribute values still are as stored, for references can only be resolved when the
/// whole walk is done.
enum Found {
    Group(Vec<PendingAttribute>, Vec<String>),
    Dataset(Box<Dataset>, Vec<PendingAttribute>),
    NamedType(DataType, Vec<PendingAttribute>),
}

impl Found {
    fn finish(self, referred: Referred<'_>) -> Object {
        let finished = |attributes: Vec<PendingAttribute>| -> Vec<Attribute> {
            attributes.into_iter().map(|attribute| attribute.finish(referred)).collect()
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
            Found::NamedType(datatype, attributes) => {
                Object::NamedType(Box::new(NamedType { datatype, attributes: finished(attributes) }))
            }
        }
    }
}

/// An attribute, decoded but for the paths of what it refers to.
struct PendingAttribute {
    attribute: Attribute,
    /// Its bytes, little-endian, if it holds references.
    bytes: Option<Vec<u8>>,
}

impl PendingAttribute {
    fn finish(self, referred: Referred<'_>) -> Attribute {
        let PendingAttribute { mut attribute, bytes } = self;
        if let Some(bytes) = bytes
            && let Ok(values) = decode(&attribute.datatype, bytes, referred)
        {
            attribute.value = values;
        }
        attribute
    }
}

/// How an object was reached.
#[derive(Clone, Copy)]
struct Way {
    depth: usize,
    /// Whether by hard links only.
    hard: bool,
}

struct Walk<'a, F: MetadataFile> {
    file: &'a F,
    options: &'a OpenOptions,
    found: Vec<(String, Found)>,
    unreadable: Vec<(String, String)>,
    addresses: BTreeMap<u64, String>,
    /// The first path of hard links only to each address.
    places: HashMap<u64, String>,
    others: BTreeMap<String, index::Link>,
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
            places: HashMap::new(),
            others: BTreeMap::new(),
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

    fn visit(&mut self, path: &str, node: &F::Node, way: Way) -> Result<()> {
        self.check_count()?;
        let address = self.file.address(node);
        if way.hard {
            match self.places.entry(address) {
                Entry::Occupied(first) => {
                    self.others.insert(path.to_owned(), index::Link::Hard(first.get().clone()));
                }
                Entry::Vacant(place) => {
                    place.insert(path.to_owned());
                }
            }
        }
        self.name_address(address, path);
        match self.file.kind(node) {
            Kind::NamedType => match self.named_type(path, node) {
                Ok(found) => self.found.push((path.to_owned(), found)),
                Err(fault) => self.skip(path, &fault),
            },
            Kind::Dataset => match self.dataset(path, node) {
                Ok(found) => self.found.push((path.to_owned(), found)),
                Err(fault) => self.skip(path, &fault),
            },
            Kind::Group => self.group(path, node, way)?,
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

    fn group(&mut self, path: &str, node: &F::Node, way: Way) -> Result<()> {
        let (address, depth) = (self.file.address(node), way.depth);
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
            if let Some(other) = other_link(&link.target) {
                self.others.insert(child.clone(), other);
            }
            match self.file.open(node, link) {
                Ok(opened) => {
                    let before = self.found.len();
                    let hard = way.hard && matches!(link.target, Target::Hard(_));
                    self.visit(&child, &opened, Way { depth: depth + 1, hard })?;
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
        let raw = self.file.dataset(node, self.options.most_chunks)?;
        self.take_ends(path, &raw);
        let attributes = attributes.map_err(|error| Fault::Malformed(error.to_string()))?;
        Ok(Found::Dataset(Box::new(dataset(raw)?), attributes))
    }

    fn named_type(&mut self, path: &str, node: &F::Node) -> Result<Found, Fault> {
        let attributes = self.attributes(path, node);
        let datatype = self.file.named_type(node)?;
        let attributes = attributes.map_err(|error| Fault::Malformed(error.to_string()))?;
        Ok(Found::NamedType(datatype, attributes))
    }

    /// The attributes of an object with what they refer to in the heap. One that cannot be read is listed
    /// as `path@name` and left out.
    fn attributes(&mut self, path: &str, node: &F::Node) -> Result<Vec<PendingAttribute>> {
        let raw = self.file.attributes(node).unwrap_or_else(|fault| {
            self.skip(&format!("{path}@"), &fault);
            Vec::new()
        });
        let mut attributes = Vec::with_capacity(raw.len());
        for raw in raw {
            match raw {
                Ok(raw) => {
                    let name = raw.name.clone();
                    match self.attribute(raw)? {
                        Ok(attribute) => attributes.push(attribute),
                        Err(fault) => self.skip(&format!("{path}@{name}"), &fault),
                    }
                }
                Err((name, fault)) => self.skip(&format!("{path}@{name}"), &fault),
            }
        }
        Ok(attributes)
    }

    /// One attribute; the inner error is the attribute's own, the outer one ends the walk.
    fn attribute(&mut self, raw: RawAttribute) -> Result<Result<PendingAttribute, Fault>> {
        let RawAttribute { name, datatype, shape, mut bytes } = raw;
        let attribute = |value| Attribute {
            name,
            datatype: datatype.clone(),
            shape: shape.clone().unwrap_or_default(),
            value,
        };
        if shape.is_none() {
            return Ok(Ok(PendingAttribute { attribute: attribute(Values::Null), bytes: None }));
        }
        normalise(&datatype, &mut bytes);
        let (failed, heap_bytes) = (RefCell::new(None), Cell::new(self.heap_bytes));
        let (before, allowed) = (self.heap_bytes, self.options.max_metadata_bytes);
        let heap_of = |reference: &[u8], element: usize| {
            let object = self.file.heap_object(reference, element).map_err(|fault| {
                let error = fault.clone().at(crate::ROOT);
                failed.replace(Some(fault));
                error
            })?;
            heap_bytes.set(heap_bytes.get().saturating_add(object.len() as u64 + 24));
            let what = || "bytes of attributes in the heap".to_owned();
            let asked = heap_bytes.get();
            if asked - before > MAX_ATTRIBUTE {
                let what = "bytes of an attribute in the heap".to_owned();
                let (asked, allowed) = (asked - before, MAX_ATTRIBUTE);
                failed.replace(Some(Fault::Limit { what: what.clone(), asked, allowed }));
                return Err(Error::Limit { what, asked, allowed });
            }
            if asked > allowed { Err(Error::Limit { what: what(), asked, allowed }) } else { Ok(object) }
        };
        let kept = datatype.has_references().then(|| bytes.clone());
        let decoded = decode(&datatype, bytes, Referred { path_of: &|_| None, heap_of: &heap_of });
        self.heap_bytes = heap_bytes.get();
        match (decoded, failed.into_inner()) {
            (_, Some(fault)) => Ok(Err(fault)),
            (Ok(value), None) => Ok(Ok(PendingAttribute { attribute: attribute(value), bytes: kept })),
            (Err(error @ Error::Limit { .. }), None) => Err(error),
            (Err(error), None) => Ok(Err(Fault::Malformed(error.to_string()))),
        }
    }
}

/// A link that is no hard one.
fn other_link(target: &Target) -> Option<index::Link> {
    match target {
        Target::Hard(_) => None,
        Target::Soft(path) => Some(index::Link::Soft(path.clone())),
        Target::External(file, path) => {
            Some(index::Link::External { file: file.clone(), path: path.clone() })
        }
        Target::UserDefined(class) => Some(index::Link::UserDefined(*class)),
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
        RawLayout::External(files) => (Layout::External(files), None),
        RawLayout::Virtual => (Layout::Virtual, None),
        RawLayout::Chunked { chunk_shape, index, chunks: None } => (Layout::Unread(index), Some(chunk_shape)),
        RawLayout::Chunked { chunk_shape, chunks: Some(chunks), .. } => {
            let grid = Extents { shape: &shape, max_shape: None, chunk: &chunk_shape }.grid();
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
