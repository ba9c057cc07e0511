//! Extensible arrays (HDF5 specification VII.D): elements in an index block, then in data blocks that double in number
//! and in length, the later ones behind super blocks and in pages.

use super::fixed_array::is_set;
use super::numbering::Numbering;
use super::wanted::Wanted;
use super::{Answer, Entry, Fault, Lookup, little_endian, too_large};

/// What the header of an array says.
struct Header {
    filtered: bool,
    element: usize,
    /// Bytes of a block's place in the array.
    place: usize,
    /// Elements in the index block.
    inline: u64,
    /// Elements of the shortest data blocks.
    least: u64,
    /// Elements of a page of a data block.
    page: u64,
    /// Super blocks that there can be.
    groups: u32,
    /// Of those, the first whose data blocks the index block points to itself.
    direct: u32,
    /// Data blocks that the index block points to.
    direct_blocks: usize,
    index_block: u64,
}

/// The data blocks of one super block.
struct Group {
    /// First element.
    start: u64,
    blocks: u64,
    /// Elements of each.
    elements: u64,
}

impl Header {
    fn new(bytes: &[u8], lookup: &Lookup<'_>) -> Answer<Self> {
        let malformed = |what: &str| Fault::Malformed(format!("extensible array with {what}"));
        let filtered = lookup.client_is_filtered(bytes[5])?;
        let [bits, inline, least, pointers, page_bits] = [7, 8, 9, 10, 11].map(|at| bytes[at]);
        if !least.is_power_of_two() || !pointers.is_power_of_two() || bits > 64 || page_bits > 63 {
            return Err(malformed("sizes that are no powers of two"));
        }
        let groups = u32::from(bits).checked_sub(least.ilog2()).map(|groups| groups + 1);
        let groups = groups.ok_or_else(|| malformed("blocks that are longer than itself"))?;
        Ok(Header {
            filtered,
            element: lookup.check_element(bytes[6], filtered)?,
            place: usize::from(bits).div_ceil(8),
            inline: u64::from(inline),
            least: u64::from(least),
            page: 1 << page_bits,
            groups,
            direct: (2 * pointers.ilog2()).min(groups),
            direct_blocks: 2 * (usize::from(pointers) - 1),
            index_block: little_endian(&bytes[bytes.len() - lookup.width()..]),
        })
    }

    /// Group `number`: 2^⌊n/2⌋ blocks of `least` × 2^⌈n/2⌉ elements, behind (2ⁿ - 1) × `least` of the groups before.
    fn group(&self, number: u32) -> Answer<Group> {
        let large = || too_large("group of blocks");
        let before = (1u64.checked_shl(number).ok_or_else(large)? - 1).checked_mul(self.least);
        Ok(Group {
            start: before.and_then(|before| before.checked_add(self.inline)).ok_or_else(large)?,
            blocks: 1 << (number / 2),
            elements: self.least.checked_mul(1 << number.div_ceil(2)).ok_or_else(large)?,
        })
    }

    /// Pages of data blocks of so many elements; none if they have no pages.
    fn pages(&self, elements: u64) -> Option<u64> {
        (elements > self.page).then_some(elements / self.page)
    }
}

/// What is needed to read the data blocks of an array.
struct Reading<'a> {
    header: Header,
    numbering: &'a Numbering,
    entries: Vec<Entry>,
    /// The first fault; the others are tried all the same, so that all that is missing is noted.
    failed: Option<Fault>,
}

impl Lookup<'_> {
    /// The wanted elements; of super blocks, data blocks and pages only those that hold any.
    pub(super) fn extensible_array(&self, wanted: &Wanted) -> Answer<Vec<Entry>> {
        let (width, length) = (self.width(), usize::from(self.encoding.length_size));
        // Six numbers on what was made so far are of no use to a reader.
        let bytes = self.read_checked(self.index.address, 16 + 6 * length + width, b"EAHD\0")?;
        let header = Header::new(&bytes, self)?;
        if self.offset(header.index_block)?.is_none() {
            return Ok(Vec::new());
        }
        let inline = header.inline as usize * header.element;
        let groups = (header.groups - header.direct) as usize;
        let length = 10 + width + inline + (header.direct_blocks + groups) * width;
        let index = self.read_checked(header.index_block, length, b"EAIB\0")?;
        let (inline, addresses) = index[6 + width..].split_at(inline);
        let addresses: Vec<u64> = addresses.chunks_exact(width).map(little_endian).collect();
        let (blocks, super_blocks) = addresses.split_at(header.direct_blocks);
        let numbering = Numbering::new(&self.extents, wanted);
        let mut reading = Reading { numbering: &numbering, entries: Vec::new(), failed: None, header };
        let kind = (reading.header.element, reading.header.filtered);
        self.elements(inline, 0, kind, &numbering, &mut reading.entries)?;
        let mut blocks = blocks.iter().copied();
        for number in 0..reading.header.groups {
            let group = reading.header.group(number)?;
            if numbering.from(group.start)?.is_none() {
                break;
            }
            if number < reading.header.direct {
                let addresses: Vec<u64> = blocks.by_ref().take(group.blocks as usize).collect();
                self.data_blocks(&group, &addresses, None, &mut reading)?;
            } else {
                let address = super_blocks.get((number - reading.header.direct) as usize);
                self.super_block(&group, address.copied().unwrap_or(u64::MAX), &mut reading)?;
            }
        }
        reading.failed.map_or(Ok(reading.entries), Err)
    }

    /// Reads a super block and the data blocks behind it, if they hold anything wanted.
    fn super_block(&self, group: &Group, address: u64, reading: &mut Reading<'_>) -> Answer<()> {
        let elements = group.blocks.checked_mul(group.elements);
        let end = elements.and_then(|elements| elements.checked_add(group.start)).unwrap_or(u64::MAX);
        if !reading.numbering.any_in(group.start, end)? || self.is_undefined(address) {
            return Ok(());
        }
        let (width, header) = (self.width(), &reading.header);
        // A bit for each page of each data block, counted through; then the blocks' addresses.
        let bits =
            header.pages(group.elements).map_or(0, |pages| pages.div_ceil(8)).checked_mul(group.blocks);
        let head = 6 + width + header.place;
        let addresses = group.blocks.checked_mul(width as u64);
        let length = bits.zip(addresses).and_then(|(bits, addresses)| bits.checked_add(addresses));
        let length = length.and_then(|length| length.checked_add(head as u64 + 4));
        let bytes = match self.block(address, length, b"EASB\0") {
            Ok(bytes) => bytes,
            Err(fault) => {
                reading.failed.get_or_insert(fault);
                return Ok(());
            }
        };
        let (bits, addresses) = bytes[head..].split_at(bits.unwrap_or(0) as usize);
        let addresses: Vec<u64> = addresses.chunks_exact(width).map(little_endian).collect();
        self.data_blocks(group, &addresses, Some(bits), reading)
    }

    /// Reads those data blocks of a group that hold anything wanted.
    fn data_blocks(
        &self,
        group: &Group,
        addresses: &[u64],
        bits: Option<&[u8]>,
        reading: &mut Reading<'_>,
    ) -> Answer<()> {
        for (number, address) in (0u64..).zip(addresses) {
            let start = number.checked_mul(group.elements).and_then(|at| at.checked_add(group.start));
            let start = start.ok_or_else(|| too_large("data block"))?;
            let wanted = reading.numbering.any_in(start, start.saturating_add(group.elements))?;
            if !wanted || self.is_undefined(*address) {
                continue;
            }
            if let Err(fault) = self.data_block(group, (number, *address), bits, reading) {
                reading.failed.get_or_insert(fault);
            }
        }
        Ok(())
    }

    fn data_block(
        &self,
        group: &Group,
        (number, address): (u64, u64),
        bits: Option<&[u8]>,
        reading: &mut Reading<'_>,
    ) -> Answer<()> {
        let Reading { header, numbering, entries, .. } = reading;
        let (element, kind) = (header.element as u64, (header.element, header.filtered));
        let head = 6 + self.width() + header.place;
        let start = group.start + number * group.elements;
        let Some(pages) = header.pages(group.elements) else {
            let length = group.elements.checked_mul(element).and_then(|n| n.checked_add(head as u64 + 4));
            let bytes = self.block(address, length, b"EADB\0")?;
            return self.elements(&bytes[head..], start, kind, numbering, entries);
        };
        // Pages follow the head, each with a checksum; a bit says which were ever written.
        let page = header.page.checked_mul(element).and_then(|bytes| bytes.checked_add(4));
        let mut failed = self.block(address, Some(head as u64 + 4), b"EADB\0").err();
        let end = start.saturating_add(group.elements);
        let mut next = start;
        while let Some((found, _)) = numbering.from(next)?.filter(|(found, _)| *found < end) {
            let at = (found - start) / header.page;
            next = start + (at + 1) * header.page;
            if bits.is_some_and(|bits| !is_set(bits, number * pages + at)) {
                continue;
            }
            let place = page
                .and_then(|page| page.checked_mul(at)?.checked_add(address)?.checked_add(head as u64 + 4));
            match self.block(place.ok_or_else(|| too_large("page"))?, page, b"") {
                Ok(run) => self.elements(&run, start + at * header.page, kind, numbering, entries)?,
                Err(fault) => failed = failed.or(Some(fault)),
            }
        }
        failed.map_or(Ok(()), Err)
    }

    /// Whether nothing was written there.
    fn is_undefined(&self, address: u64) -> bool {
        matches!(self.offset(address), Ok(None))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn groups_follow_each_other() {
        let header = Header {
            filtered: false,
            element: 8,
            place: 4,
            inline: 4,
            least: 16,
            page: 1024,
            groups: 29,
            direct: 4,
            direct_blocks: 6,
            index_block: 0,
        };
        let groups: Vec<Group> =
            (0..header.groups).map(|number| header.group(number).ok().unwrap()).collect();
        assert_eq!((groups[0].start, groups[0].blocks, groups[0].elements), (4, 1, 16));
        assert_eq!((groups[3].start, groups[3].blocks, groups[3].elements), (4 + 7 * 16, 2, 64));
        for pair in groups.windows(2) {
            assert_eq!(pair[0].start + pair[0].blocks * pair[0].elements, pair[1].start);
        }
        let direct: u64 = groups[..4].iter().map(|group| group.blocks).sum();
        assert_eq!(direct, header.direct_blocks as u64);
        assert_eq!((header.pages(1024), header.pages(2048)), (None, Some(2)));
    }
}
