//! Ranges of bytes as a client asks for them (RFC 9110, section 14).

use std::ops::Range;

/// A single range as it was asked for, before the object's length is known.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Requested {
    /// From `first` to `last` inclusive, or to the end.
    From { first: u64, last: Option<u64> },
    /// The last bytes.
    Last(u64),
}

/// What part of an object a range selects.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Selected {
    /// All of it: no range, or one that HTTP tells servers to ignore.
    Whole,
    /// These bytes.
    Part(Range<u64>),
    /// None: the range starts behind the end.
    Unsatisfiable,
}

/// Reads a `Range` header; several ranges, other units and malformed ones are nothing.
pub(crate) fn requested(text: &str) -> Option<Requested> {
    let number = |text: &str| {
        let digits = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
        // A number too large for u64 lies behind every end all the same.
        digits.then(|| text.parse().unwrap_or(u64::MAX))
    };
    let (first, last) = text.trim().strip_prefix("bytes=")?.trim().split_once('-')?;
    match (first, last) {
        ("", last) => number(last).map(Requested::Last),
        (first, "") => Some(Requested::From { first: number(first)?, last: None }),
        (first, last) => {
            let (first, last) = (number(first)?, number(last)?);
            (first <= last).then_some(Requested::From { first, last: Some(last) })
        }
    }
}

impl Requested {
    /// Whether an answer can hold this byte; the last bytes of an unknown length can.
    pub(crate) fn may_cover(self, offset: u64) -> bool {
        match self {
            Self::From { first, last } => first <= offset && last.is_none_or(|last| offset <= last),
            Self::Last(_) => true,
        }
    }

    /// The bytes of an object of this length.
    pub(crate) fn select(self, length: u64) -> Selected {
        let range = match self {
            Self::From { first, last } => {
                first..last.map_or(length, |last| last.saturating_add(1).min(length))
            }
            Self::Last(count) => length.saturating_sub(count)..length,
        };
        if range.start >= range.end { Selected::Unsatisfiable } else { Selected::Part(range) }
    }
}

/// The bytes that a `Range` header, if there is one, selects.
pub(crate) fn select(header: Option<&str>, length: u64) -> Selected {
    header.and_then(requested).map_or(Selected::Whole, |range| range.select(length))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranges_select_as_rfc_9110_says() {
        let cases = [
            ("bytes=0-0", Selected::Part(0..1)),
            ("bytes=10-19", Selected::Part(10..20)),
            ("bytes=90-200", Selected::Part(90..100)),
            ("bytes=99-", Selected::Part(99..100)),
            ("bytes=-1", Selected::Part(99..100)),
            ("bytes=-500", Selected::Part(0..100)),
            ("bytes=100-", Selected::Unsatisfiable),
            ("bytes=99999999999999999999999-", Selected::Unsatisfiable),
            ("bytes=-0", Selected::Unsatisfiable),
            ("bytes=5-4", Selected::Whole),
            ("bytes=0-1,5-6", Selected::Whole),
            ("bytes=-", Selected::Whole),
            ("bytes=a-b", Selected::Whole),
            ("lines=1-2", Selected::Whole),
        ];
        for (text, expected) in cases {
            assert_eq!(select(Some(text), 100), expected, "{text}");
        }
        assert_eq!(select(None, 100), Selected::Whole);
        assert_eq!(select(Some("bytes=0-"), 0), Selected::Unsatisfiable);
    }
}
