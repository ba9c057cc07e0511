//! JSON read from front to back, without a tree: texts are borrowed, and what nobody asked for is stepped over.
//!
//! The grammar is that of RFC 8259, to the letter. Every method is `None` where the text is no JSON; what kind of
//! value stands there is never an error.

use std::borrow::Cow;

use serde::de::IgnoredAny;

/// A place in a text.
#[derive(Debug, Clone)]
pub(super) struct Json<'a> {
    text: &'a str,
    at: usize,
    /// Whether any control character is in the text: then each string is searched for them.
    has_controls: bool,
    /// The first member that an object gave a second time.
    twice: Option<&'static str>,
}

impl<'a> Json<'a> {
    /// A whole text.
    pub(super) fn new(text: &'a str) -> Self {
        Self { text, at: 0, has_controls: true, twice: None }
    }

    /// A part of the same text, looked through beforehand so that it is read faster. Places are counted from the
    /// beginning of the whole text.
    pub(super) fn part(&self, begin: usize, end: usize) -> Option<Self> {
        let part = self.text.get(begin..end)?;
        // Without an early end the compiler looks at many bytes at a time.
        let has_controls = part.bytes().fold(false, |found, byte| found | (byte < 0x20));
        Some(Self { text: self.text.get(..end)?, at: begin, has_controls, twice: None })
    }

    /// How many bytes have been read.
    pub(super) fn at(&self) -> usize {
        self.at
    }

    /// Goes to another place.
    pub(super) fn go_to(&mut self, at: usize) {
        self.at = at;
    }

    /// The first member asked for that an object had twice since this was asked last.
    pub(super) fn taken_twice(&mut self) -> Option<&'static str> {
        self.twice.take()
    }

    /// Whether nothing but spaces is left.
    pub(super) fn is_at_end(&mut self) -> bool {
        self.peek().is_none()
    }

    /// Reads an object: `read` is called for each member of these names, with the place of its name among them, and has
    /// to read its value. Steps over any other value.
    pub(super) fn object<const N: usize>(
        &mut self,
        names: [&'static str; N],
        mut read: impl FnMut(&mut Self, usize) -> Option<()>,
    ) -> Option<()> {
        if self.peek()? != b'{' {
            return self.skip();
        }
        let mut seen = [false; N];
        let mut more = self.opens(b'}')?;
        while more {
            let name = self.name()?;
            match names.iter().position(|known| *known == name) {
                Some(place) => {
                    if std::mem::replace(seen.get_mut(place)?, true) {
                        self.twice.get_or_insert(names.get(place)?);
                    }
                    read(self, place)?;
                }
                None => self.skip()?,
            }
            more = self.goes_on(b'}')?;
        }
        Some(())
    }

    /// Reads a list: `read` is called for each value with its place, and has to read it. Steps over any other value.
    pub(super) fn list(&mut self, mut read: impl FnMut(&mut Self, usize) -> Option<()>) -> Option<()> {
        if self.peek()? != b'[' {
            return self.skip();
        }
        let mut more = self.opens(b']')?;
        let mut place = 0;
        while more {
            read(self, place)?;
            place += 1;
            more = self.goes_on(b']')?;
        }
        Some(())
    }

    /// A text; of any other value `None` within.
    pub(super) fn word(&mut self) -> Option<Option<Cow<'a, str>>> {
        match self.peek()? {
            b'"' => self.string().map(Some),
            _ => self.skip().map(|()| None),
        }
    }

    /// A text, or a number or a flag as text.
    pub(super) fn said(&mut self) -> Option<Option<Cow<'a, str>>> {
        match self.peek()? {
            b'-' | b'0'..=b'9' => {
                let number = self.number()?;
                // Most are small; the others are written as they are everywhere else.
                let is_small = number.len() < 18 && number.bytes().all(|byte| byte.is_ascii_digit());
                Some(Some(match is_small {
                    true => number.into(),
                    false => serde_json::from_str::<serde_json::Number>(number).ok()?.to_string().into(),
                }))
            }
            b't' | b'f' => self.raw().map(|flag| Some(flag.into())),
            _ => self.word(),
        }
    }

    /// A number; of any other value, and of one that no float can hold, `None` within.
    pub(super) fn real(&mut self) -> Option<Option<f64>> {
        match self.peek()? {
            b'-' | b'0'..=b'9' => Some(self.number()?.parse().ok().filter(|number: &f64| number.is_finite())),
            _ => self.skip().map(|()| None),
        }
    }

    /// The text of any value.
    pub(super) fn raw(&mut self) -> Option<&'a str> {
        self.peek()?;
        let begin = self.at;
        self.skip()?;
        self.text.get(begin..self.at)
    }

    /// Steps over any value.
    pub(super) fn skip(&mut self) -> Option<()> {
        // What closes each list and object that is open. Calls of itself would not do: a text may be nested without end.
        let mut open: Vec<u8> = Vec::new();
        loop {
            match self.peek()? {
                b'"' => self.skip_string()?,
                b'{' if self.opens(b'}')? => {
                    open.push(b'}');
                    self.skip_name()?;
                    continue;
                }
                b'[' if self.opens(b']')? => {
                    open.push(b']');
                    continue;
                }
                // An empty one, which is behind us.
                b'{' | b'[' => {}
                b't' => self.literal("true")?,
                b'f' => self.literal("false")?,
                b'n' => self.literal("null")?,
                _ => drop(self.number()?),
            }
            loop {
                let Some(close) = open.last() else { return Some(()) };
                if self.goes_on(*close)? {
                    if *close == b'}' {
                        self.skip_name()?;
                    }
                    break;
                }
                open.pop();
            }
        }
    }

    /// Takes the opening of a list or an object; whether it has members.
    pub(super) fn opens(&mut self, close: u8) -> Option<bool> {
        self.at += 1;
        let is_empty = self.peek()? == close;
        self.at += usize::from(is_empty);
        Some(!is_empty)
    }

    /// After a member: whether another follows.
    pub(super) fn goes_on(&mut self, close: u8) -> Option<bool> {
        let next = self.peek().filter(|next| *next == b',' || *next == close)?;
        self.at += 1;
        Some(next == b',')
    }

    /// The next byte that is no space, which is not taken.
    #[inline]
    pub(super) fn peek(&mut self) -> Option<u8> {
        let bytes = self.text.as_bytes();
        while matches!(bytes.get(self.at)?, b' ' | b'\t' | b'\r' | b'\n') {
            self.at += 1;
        }
        bytes.get(self.at).copied()
    }

    fn take(&mut self, wanted: u8) -> Option<()> {
        (self.peek()? == wanted).then(|| self.at += 1)
    }

    /// The name of a member, and its colon.
    fn name(&mut self) -> Option<Cow<'a, str>> {
        (self.peek()? == b'"').then_some(())?;
        let name = self.string()?;
        self.take(b':')?;
        Some(name)
    }

    fn skip_name(&mut self) -> Option<()> {
        (self.peek()? == b'"').then_some(())?;
        self.skip_string()?;
        self.take(b':')
    }

    fn string(&mut self) -> Option<Cow<'a, str>> {
        let (quoted, is_plain) = self.quoted()?;
        if is_plain {
            return quoted.get(1..quoted.len() - 1).map(Cow::Borrowed);
        }
        serde_json::from_str::<String>(quoted).ok().map(Cow::Owned)
    }

    fn skip_string(&mut self) -> Option<()> {
        let (quoted, is_plain) = self.quoted()?;
        (is_plain || serde_json::from_str::<IgnoredAny>(quoted).is_ok()).then_some(())
    }

    /// A string with its quotation marks, and whether it is what stands between them.
    fn quoted(&mut self) -> Option<(&'a str, bool)> {
        let begin = self.at;
        let mut end = begin + 1;
        let mut is_plain = true;
        loop {
            let rest = self.text.as_bytes().get(end..)?;
            let length = until_stop(rest)?;
            end += length;
            if rest.get(length) == Some(&b'"') {
                break;
            }
            is_plain = false;
            // What is escaped ends nothing.
            end += 2;
        }
        self.at = end + 1;
        let quoted = self.text.get(begin..self.at)?;
        Some((quoted, is_plain && !(self.has_controls && quoted.bytes().any(|byte| byte < 0x20))))
    }

    fn literal(&mut self, word: &str) -> Option<()> {
        let found = self.text.as_bytes().get(self.at..)?.starts_with(word.as_bytes());
        self.at += word.len();
        found.then_some(())
    }

    /// A number as it is written.
    fn number(&mut self) -> Option<&'a str> {
        let begin = self.at;
        self.maybe(b"-");
        if self.maybe(b"0").is_none() {
            self.digits()?;
        }
        if self.maybe(b".").is_some() {
            self.digits()?;
        }
        if self.maybe(b"eE").is_some() {
            self.maybe(b"+-");
            self.digits()?;
        }
        self.text.get(begin..self.at)
    }

    fn maybe(&mut self, any: &[u8]) -> Option<()> {
        let next = self.text.as_bytes().get(self.at)?;
        any.contains(next).then(|| self.at += 1)
    }

    fn digits(&mut self) -> Option<()> {
        let rest = self.text.as_bytes().get(self.at..)?;
        let length = rest.iter().take_while(|byte| byte.is_ascii_digit()).count();
        self.at += length;
        (length > 0).then_some(())
    }
}

/// How many bytes come before the next quotation mark or backslash.
fn until_stop(text: &[u8]) -> Option<usize> {
    // Most texts are short: their bytes are looked at eight at a time before a search for many is set up.
    let (words, _) = text.as_chunks::<8>();
    let near = words.get(..2).unwrap_or_default();
    for (place, bytes) in near.iter().enumerate() {
        let word = u64::from_le_bytes(*bytes);
        let found = zeros(word ^ every(b'"')) | zeros(word ^ every(b'\\'));
        if found != 0 {
            return Some(place * 8 + found.trailing_zeros() as usize / 8);
        }
    }
    let seen = near.len() * 8;
    Some(seen + memchr::memchr2(b'"', b'\\', text.get(seen..)?)?)
}

/// A word of eight times the same byte.
const fn every(byte: u8) -> u64 {
    u64::from_le_bytes([byte; 8])
}

/// Marks the bytes of a word that are zero in their highest bit. Above the first of them others may be marked too.
fn zeros(word: u64) -> u64 {
    word.wrapping_sub(every(1)) & !word & every(0x80)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn is_json(text: &str) -> bool {
        let mut json = Json::new(text);
        let is_json = json.skip().is_some() && json.is_at_end();
        let mut part = json.part(0, text.len()).unwrap();
        assert_eq!(part.skip().is_some() && part.is_at_end(), is_json, "{text}");
        is_json
    }

    #[test]
    fn the_grammar_is_the_parsers() {
        for text in [
            "null",
            " true ",
            "false",
            "nul",
            "[]",
            "[ ]",
            "{}",
            "{ }",
            "[1,2]",
            "[1,]",
            "[,1]",
            "[1 2]",
            "{\"a\":1}",
            "{\"a\":1,}",
            "{\"a\"}",
            "{a:1}",
            "{\"a\":1 \"b\":2}",
            "[}",
            "{]",
            "[[[]]]",
            "[[[]]",
            "]",
            "\"",
            "\"a",
            "\"a\"",
            "\"\\\"",
            "\"\\\"\"",
            "\"\\u00e9\"",
            "\"\\u00g9\"",
            "\"\\x\"",
            "\"\t\"",
            "\"\u{e9}\"",
            "\"\\é\"",
            "-",
            "-0",
            "-1",
            "01",
            "1.",
            "1.5",
            ".5",
            "1e5",
            "1E+5",
            "1e",
            "1e-",
            "+1",
            "1x",
            "",
            " ",
            "[{\"a\":[{}]},[]]",
            "{\"a\":{\"a\":[1,{}]}}x",
        ] {
            assert_eq!(is_json(text), serde_json::from_str::<IgnoredAny>(text).is_ok(), "{text}");
        }
    }

    proptest! {
        #[test]
        fn texts_end_where_they_end(text in r#"[ab"\\é\u{22}]{0,40}"#) {
            let expected = text.bytes().position(|byte| matches!(byte, b'"' | b'\\'));
            prop_assert_eq!(until_stop(text.as_bytes()), expected);
        }

        #[test]
        fn any_text_is_json_to_both_or_to_none(text in r#"[\[\]{},:"\\ \n\t0-2.eE+tfn\-aué]{0,24}"#) {
            prop_assert_eq!(is_json(&text), serde_json::from_str::<IgnoredAny>(&text).is_ok(), "{}", text);
        }
    }

    #[test]
    fn values_are_told_or_stepped_over() {
        let text = r#"{"a": "x\u0041", "b": 12, "c": 1.50, "d": true, "e": [1, {"a": 2}], "a": "again", "f": 1e999, "g": null}"#;
        let mut json = Json::new(text);
        let mut found = Vec::new();
        json.object(["a", "b", "c", "d", "e"], |json, place| {
            found.push((place, json.said()?.map(Cow::into_owned)));
            Some(())
        })
        .unwrap();
        let said: Vec<_> = found.iter().map(|(place, said)| (*place, said.as_deref())).collect();
        let expected = [
            (0, Some("xA")),
            (1, Some("12")),
            (2, Some("1.5")),
            (3, Some("true")),
            (4, None),
            (0, Some("again")),
        ];
        assert_eq!(said, expected);
        assert_eq!((json.taken_twice(), json.taken_twice(), json.at()), (Some("a"), None, text.len()));
        assert_eq!(Json::new("1e999").real(), Some(None));
        assert_eq!(Json::new("-1.25 ").real(), Some(Some(-1.25)));
        assert_eq!(Json::new("\"1\"").real(), Some(None));
        assert_eq!(Json::new(" [1, 2] x").raw(), Some("[1, 2]"));
    }
}
