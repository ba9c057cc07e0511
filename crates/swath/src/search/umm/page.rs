//! A page of the catalogue: its items become granules that share its text.
//!
//! A long page is read in several places at once. Where an item begins further on is a guess, which holds only when the reader
//! of what stands before arrives there between two items; when one does not hold, the page is read again from front to back.
//! The readers are threads of this page alone: a pool's would not be there any more in a forked process.

use std::thread::Builder;

use bytes::Bytes;
use memchr::memmem;
use serde::Deserialize;
use serde::de::IgnoredAny;

use super::super::{Context, OddItem};
use super::record::{Object, Record};
use super::{CONCEPT_ID, granule};
use crate::granule::Granule;

/// The least text that is worth a thread, in bytes: some hundred granules.
const BATCH: usize = 2 << 20;

/// The most threads at work on one page.
const THREADS: usize = 8;

/// How an item begins that is not the first, as the catalogue writes it. No text within an item can hold this: a quotation mark
/// would have to be escaped.
const NEXT_ITEM: &[u8] = b",{\"meta\":";

/// One page as the catalogue sends it: `{"hits": …, "items": […]}`, and what
/// [`SearchResults::to_umm_json`](super::super::SearchResults::to_umm_json) adds.
#[derive(Debug, Default)]
pub(in super::super) struct Page {
    pub(in super::super) hits: u64,
    pub(in super::super) granules: Vec<Granule>,
    pub(in super::super) odd: Vec<OddItem>,
    pub(in super::super) context: Context,
}

impl Page {
    /// Reads a page. Odd items within do not matter to it.
    ///
    /// The error says what is wrong with the text of a page that cannot be read.
    pub(in super::super) fn read(body: &Bytes) -> Result<Self, String> {
        let text = std::str::from_utf8(body).map_err(|why| why.to_string())?;
        Self::of(body, Reader { text, at: 0 }).ok_or_else(|| match serde_json::from_str::<IgnoredAny>(text) {
            // The parser tells the place.
            Err(why) => why.to_string(),
            Ok(_) => "it has no list of items".to_owned(),
        })
    }

    /// `None` when it is no page.
    fn of(body: &Bytes, mut from: Reader<'_>) -> Option<Self> {
        let mut page = Self::default();
        let mut has_items = false;
        let mut more = from.opens(b'{', b'}')?;
        while more {
            let name: String = from.value()?;
            from.take(b':')?;
            match name.as_str() {
                "hits" => page.hits = from.value()?,
                "swath" => page.context = from.value()?,
                "items" => {
                    page.items(body, &mut from)?;
                    has_items = true;
                }
                _ => {
                    from.value::<IgnoredAny>()?;
                }
            }
            more = from.goes_on(b'}')?;
        }
        (has_items && from.peek().is_none()).then_some(page)
    }

    /// Reads the list of items.
    fn items(&mut self, body: &Bytes, from: &mut Reader<'_>) -> Option<()> {
        if !from.opens(b'[', b']')? {
            return Some(());
        }
        let whole = || Some(vec![Part::read(body, *from, None)?]);
        let parts = in_parts(body, *from).or_else(whole)?;
        from.at = parts.last()?.end;
        for part in parts {
            self.granules.extend(part.granules);
            self.odd.extend(part.odd);
        }
        Some(())
    }

    /// How many items the catalogue sent.
    pub(in super::super) fn rows(&self) -> usize {
        self.granules.len() + self.odd.len()
    }
}

/// Granules made of items that follow each other.
struct Part {
    granules: Vec<Granule>,
    odd: Vec<OddItem>,
    /// The place after the last of them.
    end: usize,
}

impl Part {
    /// Reads items until one begins at `until`, or the list ends where that is not given; `None` when there is no such place, or
    /// one of the items is no JSON.
    fn read(body: &Bytes, mut from: Reader<'_>, until: Option<usize>) -> Option<Self> {
        let mut part = Self { granules: Vec::new(), odd: Vec::new(), end: 0 };
        loop {
            part.item(body, &mut from)?;
            let more = from.goes_on(b']')?;
            if more {
                from.peek();
            }
            part.end = from.at;
            match until {
                None if !more => return Some(part),
                Some(until) if more && part.end == until => return Some(part),
                Some(until) if !more || part.end > until => return None,
                _ => {}
            }
        }
    }

    fn item(&mut self, body: &Bytes, from: &mut Reader<'_>) -> Option<()> {
        from.peek();
        let begin = from.at;
        let record: Object<Record<'_>> = match from.read() {
            Ok(record) => record,
            Err(why) if why.is_data() => {
                from.value::<IgnoredAny>()?;
                self.odd.push(OddItem { concept_id: None, why: why.to_string() });
                return Some(());
            }
            Err(_) => return None,
        };
        match granule(&record, body.slice(begin..from.at)) {
            Ok(granule) => self.granules.push(granule),
            Err(why) => self.odd.push(OddItem { concept_id: super::text(&record, CONCEPT_ID), why }),
        }
        Some(())
    }
}

/// Walks over the text of a page; what it reads of it is `None` where that is not there.
#[derive(Clone, Copy)]
struct Reader<'a> {
    text: &'a str,
    /// Bytes read.
    at: usize,
}

impl<'a> Reader<'a> {
    /// The value that stands here; on an error nothing of it has been read.
    fn read<T: Deserialize<'a>>(&mut self) -> serde_json::Result<T> {
        let rest = self.text.get(self.at..).unwrap_or_default();
        let mut values = serde_json::Deserializer::from_str(rest).into_iter();
        let nothing = || serde::de::Error::custom("no value");
        let value = values.next().unwrap_or_else(|| Err(nothing()))?;
        self.at += values.byte_offset();
        Ok(value)
    }

    fn value<T: Deserialize<'a>>(&mut self) -> Option<T> {
        self.read().ok()
    }

    /// The next byte that is no space, which is not taken.
    fn peek(&mut self) -> Option<u8> {
        let rest = self.text.as_bytes().get(self.at..)?;
        let spaces = rest.iter().take_while(|byte| matches!(byte, b' ' | b'\t' | b'\r' | b'\n')).count();
        self.at += spaces;
        rest.get(spaces).copied()
    }

    fn take(&mut self, wanted: u8) -> Option<()> {
        (self.peek()? == wanted).then(|| self.at += 1)
    }

    /// Takes the opening of a list or an object; whether it has members.
    fn opens(&mut self, open: u8, close: u8) -> Option<bool> {
        self.take(open)?;
        let is_empty = self.peek()? == close;
        self.at += usize::from(is_empty);
        Some(!is_empty)
    }

    /// After a member: whether another follows.
    fn goes_on(&mut self, close: u8) -> Option<bool> {
        let next = self.peek().filter(|next| *next == b',' || *next == close)?;
        self.at += 1;
        Some(next == b',')
    }
}

/// The parts of a long page, each read by a thread; `None` when it is short, or a guess did not hold.
fn in_parts(body: &Bytes, begin: Reader<'_>) -> Option<Vec<Part>> {
    let left = body.len().checked_sub(begin.at)?;
    let threads = std::thread::available_parallelism().map_or(1, Into::into).min(left / BATCH).min(THREADS);
    let guess = |part: usize| {
        let from = begin.at + left / threads * part;
        // The comma belongs to what stands before.
        Some(from + memmem::find(body.get(from..)?, NEXT_ITEM)? + 1)
    };
    let mut begins = vec![begin.at];
    begins.extend((1..threads).filter_map(guess));
    begins.dedup();
    if begins.len() < 2 {
        return None;
    }
    let parts = begins.iter().enumerate().map(|(part, at)| (*at, begins.get(part + 1).copied()));
    std::thread::scope(|scope| {
        let mut begun = Vec::new();
        for (at, until) in parts {
            let read = move || Part::read(body, Reader { at, ..begin }, until);
            // When no more threads are to be had, the page is read without.
            begun.push(Builder::new().spawn_scoped(scope, read).ok()?);
        }
        begun.into_iter().map(|thread| thread.join().ok().flatten()).collect()
    })
}

#[cfg(test)]
mod tests;
