//! Messages that lie elsewhere: in the header of a committed type, or in the heap of shared messages (HDF5
//! specification IV.A.2, "Shared Message", and III.I).

use bytes::Bytes;

use super::header::{Message, kind};
use super::{AdaptedFile, Answer, little_endian, upstream};
use crate::parser::Fault;

/// Bytes of a heap identifier in a shared message.
const HEAP_ID: usize = 8;

impl AdaptedFile {
    /// The bytes of a message, from wherever it is.
    pub(super) fn resolved(&self, message: &Message) -> Answer<Bytes> {
        if message.is_shared() {
            self.referred(message.kind, &message.data)
        } else {
            Ok(message.data.clone())
        }
    }

    /// The bytes of the message of some kind that a stored reference names.
    pub(super) fn referred(&self, kind: u16, reference: &[u8]) -> Answer<Bytes> {
        let short = || Fault::Malformed("reference to a shared message ends early".to_owned());
        let (offset_size, length_size) = self.widths();
        let width = usize::from(offset_size);
        let [version, place, ..] = reference else { return Err(short()) };
        let address = match (version, place) {
            // Version 1 has six bytes and the place of a name between, version 3 may name the heap.
            (1, _) => {
                let at = 8 + usize::from(length_size);
                reference.get(at..at + width)
            }
            (3, 1) => return self.in_heap(kind, reference.get(2..2 + HEAP_ID).ok_or_else(short)?),
            (2 | 3, _) => reference.get(2..2 + width),
            _ => return Err(Fault::Unsupported(format!("a shared message of version {version}"))),
        };
        let address = little_endian(address.ok_or_else(short)?);
        let header = self.header(address)?;
        let message = header.find(kind).filter(|message| !message.is_shared());
        message
            .map(|message| message.data.clone())
            .ok_or_else(|| Fault::Malformed(format!("no message {kind:#x} in the header at {address:#x}")))
    }

    /// A message in the heap of the file's table of shared messages.
    pub(super) fn in_heap(&self, kind: u16, id: &[u8]) -> Answer<Bytes> {
        let heap_address = self
            .shared_heaps()?
            .into_iter()
            .find(|(kinds, _)| kind < 16 && kinds & 1 << kind != 0)
            .ok_or_else(|| Fault::Malformed(format!("no heap of shared messages {kind:#x}")))?;
        let (storage, (offset_size, length_size)) = (self.file.storage(), self.widths());
        let heap = upstream::fractal_heap::FractalHeap::parse_at_storage(
            storage,
            heap_address.1,
            offset_size,
            length_size,
        )?;
        Ok(heap.get_object_storage(id, storage, offset_size, length_size)?.into())
    }

    /// Kinds of messages, one bit each, and the heap that holds them.
    fn shared_heaps(&self) -> Answer<Vec<(u16, u64)>> {
        let missing = || Fault::Malformed("file without a table of shared messages".to_owned());
        let extension = self.file.superblock().extension_address.ok_or_else(missing)?;
        let header = self.header(extension)?;
        let table = header.find(kind::SHARED_TABLE).ok_or_else(missing)?;
        let width = usize::from(self.widths().0);
        // Version, address, number of indexes.
        let (Some(address), Some(count)) = (table.data.get(1..1 + width), table.data.get(1 + width)) else {
            return Err(missing());
        };
        let entry = 14 + 2 * width;
        let table = self.range(little_endian(address), 4 + usize::from(*count) * entry + 4)?;
        if table[..4] != *b"SMTB" {
            return Err(missing());
        }
        // Version, kind of index, kinds of messages, least size, two limits, count, then both addresses.
        let heap =
            |entry: &[u8]| (little_endian(&entry[2..4]) as u16, little_endian(&entry[entry.len() - width..]));
        Ok(table[4..].chunks_exact(entry).take(usize::from(*count)).map(heap).collect())
    }
}
