//! Fixed arrays (HDF5 specification VII.C): one element for each chunk that there can be.

use super::numbering::Numbering;
use super::wanted::Wanted;
use super::{Answer, Entry, Extents, Fault, Lookup, little_endian, too_large};

/// What the header of an array says.
struct Header {
    filtered: bool,
    element: usize,
    /// Elements of a page; none if the block has no pages.
    page: Option<u64>,
    count: u64,
    block: u64,
}

impl Lookup<'_> {
    /// The wanted elements; of pages only those that hold any.
    pub(super) fn fixed_array(&self, wanted: &Wanted) -> Answer<Vec<Entry>> {
        let header = self.fixed_array_header()?;
        if self.offset(header.block)?.is_none() {
            return Ok(Vec::new());
        }
        // With an endless axis there is no largest grid, and the array numbers that of the shape.
        let endless = self.extents.max_shape.is_some_and(|most| most.contains(&None));
        let max_shape = self.extents.max_shape.filter(|_| !endless);
        let numbering = Numbering::new(&Extents { max_shape, ..self.extents }, wanted);
        if let Some((number, _)) = numbering.each_in(header.count, u64::MAX).next().transpose()? {
            let what = format!("array of {} chunks without chunk {number}", header.count);
            return Err(Fault::Malformed(what));
        }
        let mut entries = Vec::new();
        let (element, width) = (header.element as u64, self.width() as u64);
        let Some(page) = header.page else {
            let length = header.count.checked_mul(element).and_then(|bytes| bytes.checked_add(10 + width));
            let bytes = self.block(header.block, length, b"FADB\0")?;
            let kind = (header.element, header.filtered);
            self.elements(&bytes[6 + width as usize..], 0, kind, &numbering, &mut entries)?;
            return Ok(entries);
        };
        let pages = header.count.div_ceil(page);
        let head = 10 + width + pages.div_ceil(8);
        // Where the pages lie is known without knowing which are there, so all is asked for together.
        let bits = self.block(header.block, Some(head), b"FADB\0");
        let mut failed = None;
        let mut start = 0;
        while let Some((number, _)) = numbering.from(start)? {
            let at = number / page;
            start = (at + 1).saturating_mul(page);
            let is_there = bits.as_ref().is_ok_and(|bits| is_set(&bits[6 + width as usize..], at));
            if bits.is_ok() && !is_there {
                continue;
            }
            let count = page.min(header.count - at * page);
            // Each page is followed by its checksum, and only the last one is shorter.
            let offset = page.checked_mul(element).and_then(|bytes| bytes.checked_add(4)?.checked_mul(at));
            let offset = offset.and_then(|offset| offset.checked_add(head)?.checked_add(header.block));
            let offset = offset.ok_or_else(|| too_large("page"))?;
            let length = count.checked_mul(element).and_then(|bytes| bytes.checked_add(4));
            match self.block(offset, length, b"") {
                Ok(run) => {
                    let kind = (header.element, header.filtered);
                    self.elements(&run, at * page, kind, &numbering, &mut entries)?;
                }
                Err(fault) => failed = failed.or(Some(fault)),
            }
        }
        bits?;
        failed.map_or(Ok(entries), Err)
    }

    fn fixed_array_header(&self) -> Answer<Header> {
        let (width, length) = (self.width(), usize::from(self.encoding.length_size));
        let bytes = self.read_checked(self.index.address, 12 + length + width, b"FAHD\0")?;
        let filtered = self.client_is_filtered(bytes[5])?;
        let count = little_endian(&bytes[8..8 + length]);
        let page = 1u64.checked_shl(u32::from(bytes[7])).filter(|page| *page < count);
        Ok(Header {
            filtered,
            element: self.check_element(bytes[6], filtered)?,
            page,
            count,
            block: little_endian(&bytes[8 + length..]),
        })
    }

    /// A checked block of a length that may be none.
    pub(super) fn block(&self, address: u64, length: Option<u64>, signature: &[u8]) -> Answer<bytes::Bytes> {
        let length = length.and_then(|length| usize::try_from(length).ok());
        self.read_checked(address, length.ok_or_else(|| too_large("block"))?, signature)
    }
}

/// Whether a bit is set, the first being the most significant of its byte.
pub(super) fn is_set(bits: &[u8], at: u64) -> bool {
    let byte = usize::try_from(at / 8).ok().and_then(|byte| bits.get(byte));
    byte.is_some_and(|byte| byte & (0x80 >> (at % 8)) != 0)
}
