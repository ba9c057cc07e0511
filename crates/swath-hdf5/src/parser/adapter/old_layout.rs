//! Layout messages of version 2, written by HDF5 1.6.
//!
//! The parser crate takes three reserved bytes in them where there are five (HDF5 specification IV.A.2.i,
//! versions 1 and 2), and so reads addresses 16 bits too high. Such a message is found in its header again
//! and parsed as version 1, which is the same but for its number.

use super::upstream::io::Cursor;
use super::upstream::messages::layout::DataLayout;
use super::upstream::object_header::ObjectHeader;
use super::{AdaptedFile, Answer, upstream};

/// Message type of a layout.
const LAYOUT: u16 = 0x08;
/// Message type of a continuation.
const CONTINUATION: u16 = 0x10;
/// Most continuations of one header.
const MAX_BLOCKS: usize = 1024;

impl AdaptedFile {
    /// The layout as it is meant, if the parser crate read a version 2 message; `None` if `layout` is right.
    pub(super) fn old_layout(
        &self,
        address: u64,
        header: &ObjectHeader,
        layout: &DataLayout,
    ) -> Answer<Option<DataLayout>> {
        let (DataLayout::Contiguous { address: place, .. } | DataLayout::Chunked { address: place, .. }) =
            layout
        else {
            return Ok(None);
        };
        // Read 16 bits too high, an address ends in zeros; nearly all others are done with here.
        if header.version != 1 || place & 0xffff != 0 {
            return Ok(None);
        }
        let Some(mut message) = self.layout_message(address)? else { return Ok(None) };
        match message.first_mut() {
            Some(version) if *version == 2 => *version = 1,
            _ => return Ok(None),
        }
        let (offset_size, length_size) = self.widths();
        let mut cursor = Cursor::new(&message);
        let parsed = upstream::messages::layout::parse(&mut cursor, offset_size, length_size, message.len())?;
        Ok(Some(parsed.layout))
    }

    /// The bytes of the layout message of a header of version 1.
    fn layout_message(&self, address: u64) -> Answer<Option<Vec<u8>>> {
        let storage = self.file.storage();
        let prefix = storage.read_range(address, 16)?;
        let length = u32::from_le_bytes([prefix[8], prefix[9], prefix[10], prefix[11]]);
        let mut blocks = vec![(address.saturating_add(16), u64::from(length))];
        let mut next = 0;
        while let Some((offset, length)) = blocks.get(next).copied() {
            next += 1;
            let block = storage.read_range(offset, usize::try_from(length).unwrap_or(usize::MAX))?;
            let mut rest: &[u8] = &block;
            while let Some((head, data)) = rest.split_first_chunk::<8>() {
                let kind = u16::from_le_bytes([head[0], head[1]]);
                let size = usize::from(u16::from_le_bytes([head[2], head[3]]));
                let Some((data, behind)) = data.split_at_checked(size) else { break };
                match kind {
                    LAYOUT => return Ok(Some(data.to_vec())),
                    CONTINUATION if blocks.len() < MAX_BLOCKS => {
                        let width = usize::from(self.widths().0);
                        if let Some((offset, length)) = data.split_at_checked(width) {
                            blocks.push((super::little_endian(offset), super::little_endian(length)));
                        }
                    }
                    _ => {}
                }
                rest = behind;
            }
        }
        Ok(None)
    }
}
