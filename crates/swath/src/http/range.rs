//! Reading a range of bytes: checked against what the answer says of itself, and resumed where it was cut.

use std::ops::Range;

use bytes::{Bytes, BytesMut};
use http::header::{self, HeaderMap};

use super::{Attempt, Failure, Http, Purpose, Request, Response, SafeUrl, Tries, retry};
use crate::error::{Error, ErrorKind, Result};

/// A range asked of one object.
#[derive(Debug, Clone)]
pub(crate) struct RangeRequest {
    pub(crate) url: SafeUrl,
    pub(crate) headers: HeaderMap,
    /// Bytes wanted; may reach past the end of an object whose size is not known yet.
    pub(crate) range: Range<u64>,
    /// The entity tag that every part of the object must have.
    pub(crate) etag: Option<String>,
    /// The size that the object must have.
    pub(crate) size: Option<u64>,
}

/// What a range request was answered with.
#[derive(Debug)]
pub(crate) enum RangeAnswer {
    /// The bytes, the size of the whole object, and its entity tag.
    Bytes { bytes: Bytes, size: u64, etag: Option<String> },
    /// Anything else, for the caller to interpret: a redirect, a refusal.
    Other(Response),
}

/// A server that ignores `Range` sends everything; up to this size everything is accepted.
const WHOLE_OBJECT_LIMIT: u64 = 16 << 20;

impl Http {
    /// Reads a range. A body that is cut is continued at the byte where it ended; an answer that contradicts itself or the
    /// range that was asked is asked for once more, as it may be a cache's or a proxy's alone.
    ///
    /// # Errors
    /// A service error when the tries are used up; an integrity error when an answer contradicts itself twice, or the
    /// object as it was seen before.
    pub(crate) async fn read_range(&self, wanted: &RangeRequest) -> Result<RangeAnswer> {
        let mut tries = Tries::begin(&self.shared.options);
        let mut got = Got::default();
        let mut contradicted = false;
        loop {
            let start = wanted.range.start + got.bytes.len() as u64;
            let request = wanted.request(start, got.etag.as_deref());
            let attempt = match self.attempt(&request).await {
                Ok(attempt) => attempt,
                Err(failure) => {
                    tries.pause(&request, failure).await?;
                    continue;
                }
            };
            if retry::is_transient(attempt.status) {
                tries.pause(&request, Failure::of(&attempt, self.now())).await?;
                continue;
            }
            if !matches!(attempt.status, 200 | 206) || looks_like_html(&attempt) {
                let Attempt { status, headers, body, .. } = attempt;
                return Ok(RangeAnswer::Other(Response { status, headers, body }));
            }
            let end = match got.take(wanted, start, &attempt) {
                Ok(end) => end,
                Err(Wrong::Contradiction(error)) if !contradicted => {
                    contradicted = true;
                    tries.pause(&request, Failure::Network(error.to_string())).await?;
                    continue;
                }
                Err(Wrong::Contradiction(error) | Wrong::Replaced(error)) => return Err(error),
            };
            match &attempt.cut {
                None if wanted.range.start + got.bytes.len() as u64 == end => return Ok(got.answer()),
                None => {
                    let what = format!("{} sent fewer bytes than it announced", wanted.url);
                    tries.pause(&request, Failure::Network(what)).await?;
                }
                Some(_) => tries.pause(&request, Failure::of(&attempt, self.now())).await?,
            }
        }
    }
}

fn looks_like_html(attempt: &Attempt) -> bool {
    let kind = attempt.headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok());
    kind.is_some_and(|kind| kind.trim_start().to_lowercase().starts_with("text/html"))
}

impl RangeRequest {
    /// The request for what is still missing, from `start` on.
    fn request(&self, start: u64, etag: Option<&str>) -> Request {
        let mut request = Request::get(Purpose::Data, self.url.clone());
        request.body_limit = (self.range.end - self.range.start).max(WHOLE_OBJECT_LIMIT);
        request.headers = self.headers.clone();
        let last = self.range.end.saturating_sub(1).max(start);
        request = request.header(header::RANGE, &format!("bytes={start}-{last}"));
        match self.etag.as_deref().or(etag) {
            // A weak tag never matches in If-Match (RFC 9110 §13.1.1); it is compared on arrival instead.
            Some(tag) if !tag.starts_with("W/") => request.header(header::IF_MATCH, tag),
            _ => request,
        }
    }
}

/// Why the bytes of an answer cannot be taken.
enum Wrong {
    /// It is not what was asked for, or not what it says it is.
    Contradiction(Error),
    /// It is of another version of the object.
    Replaced(Error),
}

/// What has arrived so far, over all tries.
#[derive(Default)]
struct Got {
    bytes: BytesMut,
    size: u64,
    etag: Option<String>,
}

impl Got {
    fn answer(self) -> RangeAnswer {
        RangeAnswer::Bytes { bytes: self.bytes.freeze(), size: self.size, etag: self.etag }
    }

    /// Checks an answer and adds its bytes. Returns where the whole range ends.
    fn take(&mut self, wanted: &RangeRequest, start: u64, attempt: &Attempt) -> Result<u64, Wrong> {
        let integrity = |what: &str| Error::new(ErrorKind::Integrity, format!("{} {what}", wanted.url));
        let wrong = |what: String| Wrong::Contradiction(integrity(&what));
        // An encoded body's bytes are not the object's, whatever its lengths say; none was asked for.
        if attempt.headers.get(header::CONTENT_ENCODING).is_some_and(|encoding| encoding != "identity") {
            return Err(wrong("sent an encoded body that was not asked for".to_owned()));
        }
        let (offset, size) = match attempt.status {
            206 => content_range(&attempt.headers)
                .filter(|(first, last, size)| *first == start && last < size)
                .filter(|(_, last, size)| *last == wanted.range.end.min(*size) - 1)
                .map(|(_, _, size)| (0, size))
                .ok_or_else(|| {
                    wrong(format!("answered another range than bytes {start}-{}", wanted.range.end - 1))
                })?,
            _ => (start, whole_size(attempt).ok_or_else(|| wrong("ignores range requests".to_owned()))?),
        };
        let etag = attempt.headers.get(header::ETAG).and_then(|v| v.to_str().ok()).map(str::to_owned);
        let known = wanted.etag.as_ref().or(self.etag.as_ref());
        let replaced = known.is_some_and(|known| etag.as_ref().is_some_and(|etag| etag != known))
            || wanted.size.or((self.size > 0).then_some(self.size)).is_some_and(|known| known != size);
        if replaced {
            let replaced = integrity("was replaced while it was read");
            return Err(Wrong::Replaced(replaced.with_hint("run the command again")));
        }
        let end = wanted.range.end.min(size);
        let missing = end.saturating_sub(start) as usize;
        let body = attempt.body.get(offset as usize..).unwrap_or_default();
        if attempt.status == 206 && body.len() > missing {
            return Err(wrong(format!("sent {} bytes where {missing} were asked for", body.len())));
        }
        self.bytes.extend_from_slice(&body[..body.len().min(missing)]);
        self.size = size;
        self.etag = etag.or(self.etag.take());
        Ok(end)
    }
}

/// The size of an object that was sent whole although a range was asked for.
fn whole_size(attempt: &Attempt) -> Option<u64> {
    let announced = attempt.headers.get(header::CONTENT_LENGTH).and_then(|v| v.to_str().ok()?.parse().ok());
    announced.or((attempt.cut.is_none()).then_some(attempt.body.len() as u64)).filter(|size| *size > 0)
}

/// `Content-Range: bytes first-last/size` (RFC 9110 §14.4).
fn content_range(headers: &HeaderMap) -> Option<(u64, u64, u64)> {
    let text = headers.get(header::CONTENT_RANGE)?.to_str().ok()?;
    let (range, size) = text.strip_prefix("bytes ")?.split_once('/')?;
    let (first, last) = range.split_once('-')?;
    let (first, last, size) = (first.parse().ok()?, last.parse().ok()?, size.parse().ok()?);
    (first <= last).then_some((first, last, size))
}
