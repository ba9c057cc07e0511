//! A page of the catalogue: its items become granules in one pass over its text, which they share.

use bytes::Bytes;
use serde::Deserialize;
use serde::de::IgnoredAny;

use super::super::{Context, OddItem};
use super::record::{Object, Record};
use super::{CONCEPT_ID, granule, text};
use crate::granule::Granule;

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

    /// How many items the catalogue sent.
    pub(in super::super) fn rows(&self) -> usize {
        self.granules.len() + self.odd.len()
    }
}

/// Walks over the text of a page; `None` where it is no page.
///
/// serde alone does not tell where in the text an item begins and ends without reading it twice.
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
        let mut more = self.opens(b'[', b']')?;
        while more {
            self.item(page)?;
            more = self.goes_on(b']')?;
        }
        Some(())
    }

    fn item(&mut self, page: &mut Page) -> Option<()> {
        self.peek();
        let begin = self.at;
        let (why, concept_id) = match self.try_value::<Object<Record<'a>>>() {
            Ok(record) => match granule(&record, self.body.slice(begin..self.at)) {
                Ok(granule) => {
                    page.granules.push(granule);
                    return Some(());
                }
                Err(why) => (why, text(&record, CONCEPT_ID)),
            },
            // JSON it must be, or where it ends is not known.
            Err(why) => {
                self.value::<IgnoredAny>()?;
                (why.to_string(), None)
            }
        };
        page.odd.push(OddItem { concept_id, why });
        Some(())
    }

    /// The next value; nothing is taken when it cannot be read.
    fn try_value<T: Deserialize<'a>>(&mut self) -> serde_json::Result<T> {
        let rest = self.text.get(self.at..).unwrap_or_default();
        let mut values = serde_json::Deserializer::from_str(rest).into_iter();
        // Without a value the parser's own words are wanted.
        let value = values.next().unwrap_or_else(|| serde_json::from_str(rest))?;
        self.at += values.byte_offset();
        Ok(value)
    }

    fn value<T: Deserialize<'a>>(&mut self) -> Option<T> {
        self.try_value().ok()
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
