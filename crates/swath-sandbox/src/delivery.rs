//! The last step of every answer: bytes are counted, cut, held back or flipped on their way out.

use std::io;
use std::sync::Arc;
use std::time::Duration;

use bytes::{Bytes, BytesMut};
use futures::StreamExt;
use http::header::{CONTENT_LENGTH, CONTENT_RANGE, HeaderValue};
use http::{Method, StatusCode};
use http_body::{Body as _, Frame};
use http_body_util::{BodyExt, BodyStream, StreamBody};

use crate::log::{Open, Underway};
use crate::misbehave::Fault;
use crate::reply::{Body, Reply, header};

/// The connection has this long to send what precedes a cut; an error drops what it still holds.
const FLUSH: Duration = Duration::from_millis(60);

/// What is to happen to a body, in offsets of the body.
#[derive(Debug, Default, Clone, Copy)]
struct Course {
    end: Option<u64>,
    cut: Option<u64>,
    stall: Option<(u64, Duration)>,
    trickle: Option<(u64, Duration)>,
    flip: Option<u64>,
}

/// Gives an answer its length, applies the faults that touch headers and body, and counts the
/// bytes in the log.
pub(crate) fn dispatch(
    mut reply: Reply,
    method: &Method,
    faults: &[Fault],
    entry: Arc<Open>,
    underway: Underway,
) -> Reply {
    declare_length(&mut reply);
    let mut course = Course::default();
    for fault in faults {
        apply(fault, &mut reply, &mut course);
    }
    // The answer to HEAD has no body to count, whatever length it declares.
    if *method == Method::HEAD {
        return reply;
    }
    let length = length_of(&reply).unwrap_or(0);
    let underway = (length > 0).then_some(underway);
    let (parts, body) = reply.into_parts();
    Reply::from_parts(parts, under_way(body, course, entry, length, underway))
}

fn length_of(reply: &Reply) -> Option<u64> {
    header(reply.headers(), "content-length")?.parse().ok()
}

fn declare_length(reply: &mut Reply) {
    let bodiless = matches!(reply.status(), StatusCode::NO_CONTENT | StatusCode::NOT_MODIFIED);
    if bodiless || reply.headers().contains_key(CONTENT_LENGTH) {
        return;
    }
    if let Some(length) = reply.body().size_hint().exact() {
        reply.headers_mut().insert(CONTENT_LENGTH, HeaderValue::from(length));
    }
}

fn apply(fault: &Fault, reply: &mut Reply, course: &mut Course) {
    let data = matches!(reply.status(), StatusCode::OK | StatusCode::PARTIAL_CONTENT);
    match fault {
        Fault::CutBody { after } => course.cut = Some(*after),
        Fault::Stall { after, pause } => course.stall = Some((*after, *pause)),
        Fault::Trickle { after, pause } => course.trickle = Some((*after, *pause)),
        Fault::WrongContentRange if data => shift_range(reply),
        Fault::ShortBody { missing } if data => {
            shorten(reply, course, |length| length.saturating_sub(*missing));
        }
        Fault::EndBody { after } if data => shorten(reply, course, |length| length.min(*after)),
        Fault::FlipBit { offset } if data => {
            let start = content_range(reply).map_or(0, |(first, _, _)| first);
            course.flip = offset.checked_sub(start);
        }
        _ => {}
    }
}

/// Leaves so many bytes of the body's length, and says so.
fn shorten(reply: &mut Reply, course: &mut Course, rest: impl Fn(u64) -> u64) {
    if let Some(rest) = length_of(reply).map(rest) {
        reply.headers_mut().insert(CONTENT_LENGTH, HeaderValue::from(rest));
        course.end = Some(rest);
    }
}

/// First byte, last byte and length of a `Content-Range`.
fn content_range(reply: &Reply) -> Option<(u64, u64, u64)> {
    let text = header(reply.headers(), "content-range")?.strip_prefix("bytes ")?;
    let (range, length) = text.split_once('/')?;
    let (first, last) = range.split_once('-')?;
    Some((first.parse().ok()?, last.parse().ok()?, length.parse().ok()?))
}

fn shift_range(reply: &mut Reply) {
    let Some((first, last, length)) = content_range(reply) else { return };
    let text = format!("bytes {}-{}/{}", first + 1, last + 1, length + 1);
    if let Ok(value) = HeaderValue::from_str(&text) {
        reply.headers_mut().insert(CONTENT_RANGE, value);
    }
}

/// A body in the course of being sent.
struct Transit {
    body: BodyStream<Body>,
    held: Bytes,
    position: u64,
    course: Course,
    entry: Arc<Open>,
    length: u64,
    /// Gone before the last byte leaves: whoever has that byte finds the request no longer in progress.
    underway: Option<Underway>,
}

fn under_way(body: Body, course: Course, entry: Arc<Open>, length: u64, underway: Option<Underway>) -> Body {
    let body = BodyStream::new(body);
    let transit = Transit { body, held: Bytes::new(), position: 0, course, entry, length, underway };
    StreamBody::new(futures::stream::try_unfold(transit, step)).boxed_unsync()
}

async fn step(mut transit: Transit) -> io::Result<Option<(Frame<Bytes>, Transit)>> {
    if transit.course.cut.is_some_and(|cut| transit.position >= cut) {
        tokio::time::sleep(FLUSH).await;
        return Err(io::Error::other("the body is cut on purpose"));
    }
    if let Some((_, pause)) = transit.course.stall.filter(|stall| transit.position >= stall.0) {
        transit.course.stall = None;
        tokio::time::sleep(pause).await;
    }
    if let Some(pause) = transit.trickling() {
        tokio::time::sleep(pause).await;
    }
    if transit.course.end.is_some_and(|end| transit.position >= end) || !transit.refill().await? {
        return Ok(None);
    }
    let block = transit.next_block();
    transit.entry.count(block.len());
    if transit.position >= transit.length {
        transit.underway = None;
    }
    Ok(Some((Frame::data(block), transit)))
}

impl Transit {
    /// The pause before the next byte, where bytes come one at a time.
    fn trickling(&self) -> Option<Duration> {
        self.course.trickle.filter(|(after, _)| self.position >= *after).map(|(_, pause)| pause)
    }

    /// Makes sure that bytes are held; false at the end of the body.
    async fn refill(&mut self) -> io::Result<bool> {
        while self.held.is_empty() {
            match self.body.next().await {
                None => return Ok(false),
                // Trailers are of no use to the clients of these services, and are dropped.
                Some(frame) => self.held = frame?.into_data().unwrap_or_default(),
            }
        }
        Ok(true)
    }

    /// The next bytes, up to the next place where something is to happen.
    fn next_block(&mut self) -> Bytes {
        let course = &self.course;
        let stops = [
            course.end,
            course.cut,
            course.stall.map(|stall| stall.0),
            course.trickle.map(|trickle| trickle.0),
        ];
        let ahead = stops.into_iter().flatten().filter_map(|stop| stop.checked_sub(self.position));
        let room = ahead.filter(|distance| *distance > 0).min().unwrap_or(u64::MAX);
        let room = if self.trickling().is_some() { 1 } else { room };
        let size = (self.held.len() as u64).min(room) as usize;
        let mut block = self.held.split_to(size);
        if let Some(at) = self.course.flip.and_then(|flip| flip.checked_sub(self.position))
            && at < size as u64
        {
            let mut changed = BytesMut::from(&block[..]);
            changed[at as usize] ^= 1;
            block = changed.freeze();
        }
        self.position += size as u64;
        block
    }
}
