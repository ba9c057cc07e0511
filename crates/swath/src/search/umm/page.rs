//! A page of the catalogue: its items become granules that share its text.
//!
//! One thread finds where the items are; of a long page, others make granules of the items found meanwhile, and look
//! whether they are JSON. They are threads of this page alone: a pool's would not be there any more in a forked process.

use std::ops::Range;
use std::sync::Arc;
use std::thread::{Builder, Scope, ScopedJoinHandle};

use bytes::Bytes;
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
        let mut reader = Reader { body, text, at: 0 };
        reader.page().ok_or_else(|| match serde_json::from_str::<IgnoredAny>(text) {
            // The parser tells the place within the whole page.
            Err(why) => why.to_string(),
            Ok(_) => "it has no list of items".to_owned(),
        })
    }

    fn add(&mut self, made: Made) {
        self.granules.extend(made.granules);
        self.odd.extend(made.odd);
    }

    /// How many items the catalogue sent.
    pub(in super::super) fn rows(&self) -> usize {
        self.granules.len() + self.odd.len()
    }
}

/// Granules made of some of a page's items.
#[derive(Default)]
struct Made {
    granules: Vec<Granule>,
    odd: Vec<OddItem>,
}

impl Made {
    /// `None` when one of the items is no JSON: then it is not known what the page is.
    fn of(body: &Bytes, text: &str, items: &[Range<usize>]) -> Option<Self> {
        let mut made = Self { granules: Vec::with_capacity(items.len()), odd: Vec::new() };
        for item in items {
            match one(body, text, item)? {
                Ok(granule) => made.granules.push(granule),
                Err(odd) => made.odd.push(odd),
            }
        }
        Some(made)
    }
}

fn one(body: &Bytes, text: &str, item: &Range<usize>) -> Option<Result<Granule, OddItem>> {
    let record: Object<Record<'_>> = match serde_json::from_str(text.get(item.clone())?) {
        Ok(record) => record,
        Err(why) if why.is_data() => return Some(Err(OddItem { concept_id: None, why: why.to_string() })),
        Err(_) => return None,
    };
    Some(granule(&record, body.slice(item.clone())).map_err(|why| {
        let concept_id = super::text(&record, CONCEPT_ID);
        OddItem { concept_id, why }
    }))
}

/// The closing quotation mark of the string that opens at `open`.
fn end_of_string(text: &[u8], open: usize) -> Option<usize> {
    let mut at = open + 1;
    loop {
        let rest = text.get(at..)?;
        let length = memchr::memchr(b'"', rest)?;
        let slashes = rest.get(..length)?.iter().rev().take_while(|byte| **byte == b'\\').count();
        if slashes % 2 == 0 {
            return Some(at + length);
        }
        at += length + 1;
    }
}

/// Items on their way to be granules.
enum Batch<'scope> {
    Begun(ScopedJoinHandle<'scope, Option<Made>>),
    Ended(Option<Made>),
}

impl<'scope> Batch<'scope> {
    fn begin<'env>(
        scope: &'scope Scope<'scope, 'env>,
        body: &'env Bytes,
        text: &'env str,
        items: Vec<Range<usize>>,
    ) -> Self {
        let items = Arc::new(items);
        let theirs = items.clone();
        match Builder::new().spawn_scoped(scope, move || Made::of(body, text, &theirs)) {
            Ok(thread) => Self::Begun(thread),
            // No more threads are to be had.
            Err(_) => Self::Ended(Made::of(body, text, &items)),
        }
    }

    fn end(self) -> Option<Made> {
        match self {
            Self::Begun(thread) => thread.join().ok().flatten(),
            Self::Ended(made) => made,
        }
    }
}

/// Walks over the text of a page; `None` where it is no page.
struct Reader<'a> {
    body: &'a Bytes,
    text: &'a str,
    /// Bytes read.
    at: usize,
}

impl<'a> Reader<'a> {
    fn page(&mut self) -> Option<Page> {
        let mut page = Page::default();
        let mut has_items = false;
        let mut more = self.opens(b'{', b'}')?;
        while more {
            let name: String = self.value()?;
            self.take(b':')?;
            match name.as_str() {
                "hits" => page.hits = self.value()?,
                "swath" => page.context = self.value()?,
                "items" => {
                    self.items(&mut page)?;
                    has_items = true;
                }
                _ => {
                    self.value::<IgnoredAny>()?;
                }
            }
            more = self.goes_on(b'}')?;
        }
        (has_items && self.peek().is_none()).then_some(page)
    }

    fn items(&mut self, page: &mut Page) -> Option<()> {
        let (body, text) = (self.body, self.text);
        let most = BATCH.max(text.len() / THREADS);
        std::thread::scope(|scope| {
            let (mut batches, mut batch, mut begin) = (Vec::new(), Vec::new(), self.at);
            let mut more = self.opens(b'[', b']')?;
            while more {
                batch.push(self.item()?);
                more = self.goes_on(b']')?;
                if more && self.at - begin > most {
                    batches.push(Batch::begin(scope, body, text, std::mem::take(&mut batch)));
                    begin = self.at;
                }
            }
            let last = Made::of(body, text, &batch)?;
            for batch in batches {
                page.add(batch.end()?);
            }
            page.add(last);
            Some(())
        })
    }

    /// Where the next item is, if it is one; to tell is the parser's business.
    fn item(&mut self) -> Option<Range<usize>> {
        self.peek();
        let begin = self.at;
        let mut depth = 0_usize;
        loop {
            match *self.text.as_bytes().get(self.at)? {
                b'"' => self.at = end_of_string(self.text.as_bytes(), self.at)?,
                b',' | b'}' | b']' if depth == 0 => break,
                b'{' | b'[' => depth += 1,
                b'}' | b']' => depth -= 1,
                _ => {}
            }
            self.at += 1;
        }
        let item = self.text.get(begin..self.at)?.trim_end_matches([' ', '\t', '\r', '\n']);
        (!item.is_empty()).then_some(begin..begin + item.len())
    }

    fn value<T: Deserialize<'a>>(&mut self) -> Option<T> {
        let mut values = serde_json::Deserializer::from_str(self.text.get(self.at..)?).into_iter();
        let value = values.next()?.ok()?;
        self.at += values.byte_offset();
        Some(value)
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

#[cfg(test)]
mod tests;
