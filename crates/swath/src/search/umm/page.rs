//! A page of the catalogue: its items become granules that share its text.
//!
//! A long page is read in several places at once. Where an item begins further on is a guess, which holds only when the reader
//! of what stands before arrives there between two items; when one does not hold, the page is read again from front to back.
//! The readers are threads of this page alone: a pool's would not be there any more in a forked process.

use std::thread::Builder;

use bytes::Bytes;
use memchr::memmem;
use serde::de::IgnoredAny;

use super::super::{Context, OddItem};
use super::granule;
use super::json::Json;
use super::record::Record;
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
        Self::of(body, Json::new(text)).ok_or_else(|| match serde_json::from_str::<IgnoredAny>(text) {
            // The parser tells the place.
            Err(why) => why.to_string(),
            Ok(_) => "it has no list of items".to_owned(),
        })
    }

    /// `None` when it is no page.
    fn of(body: &Bytes, mut from: Json<'_>) -> Option<Self> {
        let mut page = Self::default();
        let mut has_items = false;
        from.peek().filter(|first| *first == b'{')?;
        from.object(["hits", "swath", "items"], |from, member| {
            match member {
                0 => page.hits = serde_json::from_str(from.raw()?).ok()?,
                1 => page.context = serde_json::from_str(from.raw()?).ok()?,
                _ => {
                    from.peek().filter(|first| *first == b'[')?;
                    page.items(body, from)?;
                    has_items = true;
                }
            }
            Some(())
        })?;
        (has_items && from.is_at_end()).then_some(page)
    }

    /// Reads the list of items.
    fn items(&mut self, body: &Bytes, from: &mut Json<'_>) -> Option<()> {
        if !from.opens(b']')? {
            return Some(());
        }
        let whole = || Some(vec![Part::read(body, from.part(from.at(), body.len())?, None)?]);
        let parts = in_parts(body, from).or_else(whole)?;
        from.go_to(parts.last()?.end);
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
    fn read(body: &Bytes, mut from: Json<'_>, until: Option<usize>) -> Option<Self> {
        let mut part = Self { granules: Vec::new(), odd: Vec::new(), end: 0 };
        loop {
            part.item(body, &mut from)?;
            let more = from.goes_on(b']')?;
            if more {
                from.peek();
            }
            part.end = from.at();
            match until {
                None if !more => return Some(part),
                Some(until) if more && part.end == until => return Some(part),
                Some(until) if !more || part.end > until => return None,
                _ => {}
            }
        }
    }

    fn item(&mut self, body: &Bytes, from: &mut Json<'_>) -> Option<()> {
        from.peek();
        let begin = from.at();
        let record = Record::read(from)?;
        let made = match from.taken_twice() {
            Some(name) => Err(format!("it says {name} twice")),
            None => granule(&record, body.slice(begin..from.at())),
        };
        match made {
            Ok(granule) => self.granules.push(granule),
            Err(why) => self.odd.push(OddItem { concept_id: super::text(&record, super::CONCEPT_ID), why }),
        }
        Some(())
    }
}

/// The parts of a long page, each read by a thread; `None` when it is short, or a guess did not hold.
fn in_parts(body: &Bytes, begin: &Json<'_>) -> Option<Vec<Part>> {
    let left = body.len().checked_sub(begin.at())?;
    let threads = std::thread::available_parallelism().map_or(1, Into::into).min(left / BATCH).min(THREADS);
    let guess = |part: usize| {
        let from = begin.at() + left / threads * part;
        // The comma belongs to what stands before.
        Some(from + memmem::find(body.get(from..)?, NEXT_ITEM)? + 1)
    };
    let mut begins = vec![begin.at()];
    begins.extend((1..threads).filter_map(guess));
    begins.dedup();
    if begins.len() < 2 {
        return None;
    }
    let parts = begins.iter().enumerate().map(|(part, at)| (*at, begins.get(part + 1).copied()));
    std::thread::scope(|scope| {
        let mut begun = Vec::new();
        for (at, until) in parts {
            let read = move || Part::read(body, begin.part(at, until.unwrap_or(body.len()))?, until);
            // When no more threads are to be had, the page is read without.
            begun.push(Builder::new().spawn_scoped(scope, read).ok()?);
        }
        begun.into_iter().map(|thread| thread.join().ok().flatten()).collect()
    })
}

#[cfg(test)]
mod tests;
