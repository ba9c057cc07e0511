//! Object headers, both generations (HDF5 specification IV.A.1): the messages of an object as bytes.
//!
//! They are ours to parse: the parser crate refuses an object for one message that it does not know.

use bytes::Bytes;

use super::{AdaptedFile, Answer, MAX_HEADER, little_endian, upstream};
use crate::parser::Fault;

/// Numbers of the messages that matter here.
pub(super) mod kind {
    pub(in super::super) const DATASPACE: u16 = 0x01;
    pub(in super::super) const LINK_INFO: u16 = 0x02;
    pub(in super::super) const DATATYPE: u16 = 0x03;
    pub(in super::super) const OLD_FILL: u16 = 0x04;
    pub(in super::super) const FILL: u16 = 0x05;
    pub(in super::super) const LINK: u16 = 0x06;
    pub(in super::super) const EXTERNAL_FILES: u16 = 0x07;
    pub(in super::super) const LAYOUT: u16 = 0x08;
    pub(in super::super) const GROUP_INFO: u16 = 0x0a;
    pub(in super::super) const FILTERS: u16 = 0x0b;
    pub(in super::super) const ATTRIBUTE: u16 = 0x0c;
    pub(in super::super) const SHARED_TABLE: u16 = 0x0f;
    pub(in super::super) const CONTINUATION: u16 = 0x10;
    pub(in super::super) const SYMBOL_TABLE: u16 = 0x11;
    pub(in super::super) const ATTRIBUTE_INFO: u16 = 0x15;
    pub(in super::super) const FILE_SPACE_INFO: u16 = 0x17;
    pub(in super::super) const CACHE_IMAGE: u16 = 0x18;
    /// The last one that is known.
    pub(in super::super) const LAST: u16 = 0x19;
}

/// Most continuations of one header.
const MAX_BLOCKS: usize = 4096;
/// Flags of a message.
const SHARED: u8 = 0x02;
const MUST_BE_KNOWN: u8 = 0x80;

/// One message of a header.
#[derive(Debug, Clone)]
pub(super) struct Message {
    pub(super) kind: u16,
    flags: u8,
    pub(super) data: Bytes,
}

impl Message {
    pub(super) fn new(kind: u16, flags: u8, data: Bytes) -> Self {
        Message { kind, flags, data }
    }

    /// Whether the data only say where the message is.
    pub(super) fn is_shared(&self) -> bool {
        self.flags & SHARED != 0
    }
}

/// The messages of one object.
#[derive(Debug, Clone)]
pub(super) struct Header {
    pub(super) messages: Vec<Message>,
}

impl Header {
    /// The first message of a kind.
    pub(super) fn find(&self, kind: u16) -> Option<&Message> {
        self.messages.iter().find(|message| message.kind == kind)
    }
}

/// Where a run of messages lies: an address and a length.
type Block = (u64, u64);

impl AdaptedFile {
    /// Reads a header and what it continues in.
    pub(super) fn read_header(&self, address: u64) -> Answer<Header> {
        let start = self.range(address, 4)?;
        if start[..] == *b"OHDR" { self.second_generation(address) } else { self.first_generation(address) }
    }

    fn first_generation(&self, address: u64) -> Answer<Header> {
        let prefix = self.range(address, 16)?;
        if prefix[0] != 1 {
            return Err(Fault::Malformed(format!("no object header at {address:#x}")));
        }
        let length = little_endian(&prefix[8..12]);
        let mut blocks = vec![(address.saturating_add(16), length)];
        let mut messages = Vec::new();
        let mut next = 0;
        let mut total = 0;
        while let Some((offset, length)) = blocks.get(next).copied() {
            next += 1;
            let block = self.block(offset, length, &mut total)?;
            let mut at = 0;
            while let Some(head) = block.get(at..at + 8) {
                let (kind, size) = (little_endian(&head[..2]) as u16, little_endian(&head[2..4]) as usize);
                let Some(end) = Some(at + 8 + size).filter(|end| *end <= block.len()) else { break };
                self.message(kind, head[4], block.slice(at + 8..end), &mut messages, &mut blocks)?;
                at = end;
            }
        }
        Ok(Header { messages })
    }

    fn second_generation(&self, address: u64) -> Answer<Header> {
        let prefix = self.range(address, 6)?;
        let (version, flags) = (prefix[4], prefix[5]);
        if version != 2 {
            return Err(Fault::Unsupported(format!("an object header of version {version}")));
        }
        // Times, then limits of attributes, then the length of the first block.
        let skipped = if flags & 0x20 != 0 { 16 } else { 0 } + if flags & 0x10 != 0 { 4 } else { 0 };
        let width = 1usize << (flags & 0x03);
        let head = 6 + skipped + width;
        let length = little_endian(&self.range(address, head)?[6 + skipped..]);
        let ordered = flags & 0x04 != 0;
        let mut total = 0;
        let first =
            self.block(address, (head as u64).saturating_add(length).saturating_add(4), &mut total)?;
        check_sum(&first)?;
        let (mut messages, mut blocks) = (Vec::new(), Vec::new());
        self.run(&first.slice(head..first.len() - 4), ordered, &mut messages, &mut blocks)?;
        let mut next = 0;
        while let Some((offset, length)) = blocks.get(next).copied() {
            next += 1;
            let block = self.block(offset, length, &mut total)?;
            if block.len() < 8 || block[..4] != *b"OCHK" {
                return Err(Fault::Malformed(format!("no continuation of a header at {offset:#x}")));
            }
            check_sum(&block)?;
            self.run(&block.slice(4..block.len() - 4), ordered, &mut messages, &mut blocks)?;
        }
        Ok(Header { messages })
    }

    fn run(
        &self,
        bytes: &Bytes,
        ordered: bool,
        messages: &mut Vec<Message>,
        blocks: &mut Vec<Block>,
    ) -> Answer<()> {
        let head = if ordered { 6 } else { 4 };
        let mut at = 0;
        // Fewer bytes than a message has are a gap.
        while let Some(prefix) = bytes.get(at..at + head) {
            let (kind, size) = (u16::from(prefix[0]), little_endian(&prefix[1..3]) as usize);
            let Some(end) = Some(at + head + size).filter(|end| *end <= bytes.len()) else { break };
            self.message(kind, prefix[3], bytes.slice(at + head..end), messages, blocks)?;
            at = end;
        }
        Ok(())
    }

    fn message(
        &self,
        kind: u16,
        flags: u8,
        data: Bytes,
        messages: &mut Vec<Message>,
        blocks: &mut Vec<Block>,
    ) -> Answer<()> {
        if kind > kind::LAST && flags & MUST_BE_KNOWN != 0 {
            return Err(Fault::Unsupported(format!("header message {kind:#x}")));
        }
        if kind == kind::CONTINUATION {
            let (offset_size, length_size) = self.widths();
            let (offset_size, length_size) = (usize::from(offset_size), usize::from(length_size));
            let (Some(offset), Some(length)) =
                (data.get(..offset_size), data.get(offset_size..offset_size + length_size))
            else {
                return Err(Fault::Malformed("continuation of a header ends early".to_owned()));
            };
            let block = (little_endian(offset), little_endian(length));
            if blocks.len() >= MAX_BLOCKS || blocks.contains(&block) {
                return Err(Fault::Malformed("header continues without end".to_owned()));
            }
            blocks.push(block);
        }
        messages.push(Message::new(kind, flags, data));
        Ok(())
    }

    /// A block of a header; `total` counts the bytes of all of them.
    fn block(&self, offset: u64, length: u64, total: &mut u64) -> Answer<Bytes> {
        *total = total.saturating_add(length);
        if *total > MAX_HEADER as u64 {
            let what = "bytes of an object header".to_owned();
            return Err(Fault::Limit { what, asked: *total, allowed: MAX_HEADER as u64 });
        }
        self.range(offset, length as usize)
    }
}

/// The last four bytes of a block of the second generation are its checksum.
fn check_sum(block: &[u8]) -> Answer<()> {
    let Some((data, stored)) = block.split_last_chunk::<4>() else {
        return Err(Fault::Malformed("header shorter than its checksum".to_owned()));
    };
    if upstream::checksum::jenkins_lookup3(data) == u32::from_le_bytes(*stored) {
        Ok(())
    } else {
        Err(Fault::Malformed("checksum of an object header differs".to_owned()))
    }
}
