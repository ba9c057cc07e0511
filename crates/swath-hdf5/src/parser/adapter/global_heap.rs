//! The global heap: what elements of variable length refer to (HDF5 specification III.E).

use std::cell::RefCell;
use std::collections::HashMap;
use std::rc::Rc;
use std::sync::Arc;
use std::sync::atomic::Ordering;

use bytes::Bytes;

use super::{Answer, BlockStorage, Storage, little_endian};
use crate::blocks::Blocks;
use crate::index::Encoding;
use crate::parser::Fault;

/// Objects of a collection by number.
type Collection = HashMap<u16, Bytes>;

/// The heap of one file. Like everything here it answers from what is at hand, and notes what is not.
pub(crate) struct Heap {
    storage: BlockStorage,
    encoding: Encoding,
    collections: RefCell<HashMap<u64, Answer<Rc<Collection>>>>,
}

impl Heap {
    pub(crate) fn new(blocks: Arc<Blocks>, encoding: Encoding) -> Self {
        let storage = BlockStorage::new(blocks, encoding.base);
        // Collections lie alone among raw data, so that little around them is worth fetching.
        storage.alone.store(true, Ordering::Relaxed);
        Heap { storage, encoding, collections: RefCell::default() }
    }

    /// What a stored reference refers to: as many elements of `element` bytes as it says.
    pub(crate) fn object(&self, reference: &[u8], element: usize) -> Answer<Vec<u8>> {
        let reference = HeapReference::parse(reference, self.encoding.offset_size)?;
        let Some((address, number)) = reference.object else { return Ok(Vec::new()) };
        let collection = self.collection(address)?;
        let object = collection.get(&number);
        let object = object.ok_or_else(|| Fault::Malformed(format!("heap object {number} is missing")))?;
        let length = (reference.count as usize).checked_mul(element);
        let value = length.and_then(|length| object.get(..length));
        let value =
            value.ok_or_else(|| Fault::Malformed("heap object is shorter than its reference".to_owned()))?;
        Ok(value.to_vec())
    }

    fn collection(&self, address: u64) -> Answer<Rc<Collection>> {
        if let Some(known) = self.collections.borrow().get(&address) {
            return known.clone();
        }
        let collection = self.read(address).map(Rc::new);
        self.collections.borrow_mut().insert(address, collection.clone());
        collection
    }

    fn read(&self, address: u64) -> Answer<Collection> {
        let width = usize::from(self.encoding.length_size);
        // Heads of collections and of objects fill whole multiples of eight bytes.
        let entry = (8 + width).next_multiple_of(8);
        let head = self.storage.read_range(address, entry)?;
        if head[..5] != *b"GCOL\x01" {
            return Err(Fault::Malformed(format!("no heap collection at {address:#x}")));
        }
        let length = usize::try_from(little_endian(&head[8..8 + width])).unwrap_or(usize::MAX);
        let bytes = self.storage.read_range(address, length)?;
        let bytes = Bytes::copy_from_slice(&bytes);
        let mut collection = Collection::new();
        let mut at = entry;
        // Number, count of references, four unused bytes, length; object 0 is what is free.
        while let Some(object) = bytes.get(at..at + entry) {
            let (number, length) = (little_endian(&object[..2]) as u16, little_endian(&object[8..8 + width]));
            let end = usize::try_from(length).ok().and_then(|length| (at + entry).checked_add(length));
            let Some(end) = end.filter(|end| number != 0 && *end <= bytes.len()) else { break };
            collection.insert(number, bytes.slice(at + entry..end));
            at = end.next_multiple_of(8);
        }
        Ok(collection)
    }
}

/// A stored reference into the global heap (HDF5 specification IV.A.2.d, class 9).
struct HeapReference {
    count: u32,
    /// Collection and object; `None` if the element is empty.
    object: Option<(u64, u16)>,
}

impl HeapReference {
    fn parse(bytes: &[u8], offset_size: u8) -> Answer<Self> {
        let width = usize::from(offset_size);
        let (Some(count), Some(address), Some(object)) =
            (bytes.get(..4), bytes.get(4..4 + width), bytes.get(4 + width..8 + width))
        else {
            return Err(Fault::Malformed(format!("heap reference of {} bytes", bytes.len())));
        };
        let undefined = address.iter().all(|byte| *byte == 0xff) || address.iter().all(|byte| *byte == 0);
        let (count, number) = (little_endian(count) as u32, little_endian(object));
        let object = match u16::try_from(number) {
            _ if undefined || number == 0 || count == 0 => None,
            Ok(number) => Some((little_endian(address), number)),
            Err(_) => return Err(Fault::Malformed(format!("heap object {number}"))),
        };
        Ok(HeapReference { count, object })
    }
}
