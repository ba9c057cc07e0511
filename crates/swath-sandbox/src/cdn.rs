//! The content delivery network: objects behind signed URLs.

use bytes::Bytes;
use futures::TryStreamExt;
use http::header::{CONTENT_LENGTH, HeaderValue};
use http::{HeaderMap, Method, Request, Response, StatusCode};
use http_body::Frame;
use http_body_util::{BodyExt, StreamBody};

use crate::archive::Object;
use crate::misbehave::Orders;
use crate::range::{Selected, select};
use crate::reply::{Reply, add_header, body, decode_path, header, xml};
use crate::signed::{REGION, Refusal, check};
use crate::state::State;

/// Answers one request to the network.
pub(crate) fn answer(state: &State, request: &Request<Bytes>, orders: Orders) -> Reply {
    if !matches!(*request.method(), Method::GET | Method::HEAD) {
        return xml(StatusCode::METHOD_NOT_ALLOWED, "MethodNotAllowed", "Only GET and HEAD are allowed");
    }
    let path = decode_path(request.uri().path()).unwrap_or_default();
    let verdict = check(state, &path, request.method().as_str(), request.uri().query());
    if verdict == Err(Refusal::Missing) {
        return xml(
            StatusCode::FORBIDDEN,
            "MissingKey",
            "Missing Key-Pair-Id query parameter or cookie value",
        );
    }
    if request.headers().contains_key("authorization") {
        // It reaches the bucket behind the network, which refuses two ways of proving oneself.
        return xml(StatusCode::BAD_REQUEST, "InvalidArgument", "Only one auth mechanism allowed");
    }
    if verdict.is_err() {
        return xml(StatusCode::FORBIDDEN, "AccessDenied", "Access denied");
    }
    match find(state, &path) {
        Some(object) if orders.replaced => deliver(&object.replaced(), request, orders),
        Some(object) => deliver(&object, request, orders),
        None => xml(StatusCode::NOT_FOUND, "NoSuchKey", "The specified key does not exist."),
    }
}

/// The object of `/s3-<hash>/<bucket>.s3.us-west-2.amazonaws.com/<key>`.
fn find(state: &State, path: &str) -> Option<Object> {
    let (_, rest) = path.strip_prefix("/s3-")?.split_once('/')?;
    let (host, key) = rest.split_once('/')?;
    state.archive.object(host.strip_suffix(&format!(".s3.{REGION}.amazonaws.com"))?, key)
}

/// What the conditions in the headers make of the request (RFC 9110, section 13.2.2).
#[derive(Debug, PartialEq, Eq)]
enum Condition {
    Proceed,
    Whole,
    NotModified,
    Failed,
}

fn condition(headers: &HeaderMap, etag: &str) -> Condition {
    let names =
        |list: &str| list.split(',').map(str::trim).any(|item| item == "*" || item.trim_matches('"') == etag);
    if header(headers, "if-match").is_some_and(|list| !names(list)) {
        return Condition::Failed;
    }
    if header(headers, "if-none-match").is_some_and(names) {
        return Condition::NotModified;
    }
    match header(headers, "if-range") {
        Some(tag) if tag.trim_matches('"') != etag => Condition::Whole,
        _ => Condition::Proceed,
    }
}

fn deliver(object: &Object, request: &Request<Bytes>, orders: Orders) -> Reply {
    let etag = object.etag();
    let condition = condition(request.headers(), &etag);
    if condition == Condition::Failed {
        let text = "At least one of the pre-conditions you specified did not hold";
        return xml(StatusCode::PRECONDITION_FAILED, "PreconditionFailed", text);
    }
    let range = header(request.headers(), "range");
    let range = range.filter(|_| condition == Condition::Proceed && !orders.whole);
    let length = object.length();
    let (status, range) = match select(range, length) {
        _ if condition == Condition::NotModified => (StatusCode::NOT_MODIFIED, 0..0),
        Selected::Whole => (StatusCode::OK, 0..length),
        Selected::Part(range) => (StatusCode::PARTIAL_CONTENT, range),
        Selected::Unsatisfiable => {
            let text = "The requested range is not satisfiable";
            let mut reply = xml(StatusCode::RANGE_NOT_SATISFIABLE, "InvalidRange", text);
            add_header(&mut reply, "content-range", &format!("bytes */{length}"));
            return reply;
        }
    };
    let mut reply = Response::new(body(Bytes::new()));
    *reply.status_mut() = status;
    describe(&mut reply, object, &etag);
    if status == StatusCode::PARTIAL_CONTENT {
        let text = format!("bytes {}-{}/{length}", range.start, range.end - 1);
        add_header(&mut reply, "content-range", &text);
    }
    if status != StatusCode::NOT_MODIFIED {
        reply.headers_mut().insert(CONTENT_LENGTH, HeaderValue::from(range.end - range.start));
        if request.method() == Method::GET {
            *reply.body_mut() = StreamBody::new(object.stream(range).map_ok(Frame::data)).boxed_unsync();
        }
    }
    reply
}

/// The headers that tell what the object is.
fn describe(reply: &mut Reply, object: &Object, etag: &str) {
    add_header(reply, "content-type", "binary/octet-stream");
    add_header(reply, "accept-ranges", "bytes");
    add_header(reply, "etag", &format!("\"{etag}\""));
    if let Ok(time) = jiff::Timestamp::try_from(object.modified()) {
        add_header(reply, "last-modified", &time.strftime("%a, %d %b %Y %H:%M:%S GMT").to_string());
    }
    add_header(reply, "via", "1.1 sandbox (CloudFront)");
    add_header(reply, "x-cache", "Miss from cloudfront");
}
