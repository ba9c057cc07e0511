//! Answers: small bodies, headers, and the encodings of URLs that all five services share.

use std::io;

use bytes::Bytes;
use http::header::{CONTENT_TYPE, HeaderName, HeaderValue, LOCATION};
use http::{HeaderMap, Response, StatusCode};
use http_body_util::combinators::UnsyncBoxBody;
use http_body_util::{BodyExt, Full};

/// A body on its way out.
pub(crate) type Body = UnsyncBoxBody<Bytes, io::Error>;
/// An answer of one of the services.
pub(crate) type Reply = Response<Body>;

/// A short body held in memory.
pub(crate) fn body(text: impl Into<Bytes>) -> Body {
    Full::new(text.into()).map_err(|never| match never {}).boxed_unsync()
}

/// An answer with a content type and a short body.
pub(crate) fn reply(status: StatusCode, content_type: &'static str, text: impl Into<Bytes>) -> Reply {
    let mut reply = Response::new(body(text));
    *reply.status_mut() = status;
    reply.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static(content_type));
    reply
}

/// A JSON answer.
pub(crate) fn json(status: StatusCode, value: &serde_json::Value) -> Reply {
    reply(status, "application/json; charset=utf-8", value.to_string())
}

/// A small HTML page, as the gateway shows for what it cannot serve.
pub(crate) fn page(status: StatusCode, title: &str, text: &str) -> Reply {
    let (title, text) = (escape_markup(title), escape_markup(text));
    let html = format!(
        "<!DOCTYPE html>\n<html><head><title>{title}</title></head>\
         <body><h1>{title}</h1><p>{text}</p></body></html>\n"
    );
    reply(status, "text/html; charset=utf-8", html)
}

/// An error in the XML of S3 and the content delivery network.
pub(crate) fn xml(status: StatusCode, code: &str, message: &str) -> Reply {
    let (code, message) = (escape_markup(code), escape_markup(message));
    let text = format!(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n\
         <Error><Code>{code}</Code><Message>{message}</Message><RequestId>SANDBOX</RequestId></Error>"
    );
    reply(status, "application/xml", text)
}

/// The page that Earthdata Login shows to people; machines that followed a redirect get it too.
pub(crate) fn login_page() -> Reply {
    reply(
        StatusCode::OK,
        "text/html; charset=utf-8",
        "<!DOCTYPE html>\n<html lang=\"en\"><head><title>Earthdata Login</title></head><body>\
         <h1>Earthdata Login</h1><form action=\"/login\" method=\"post\"><input name=\"username\">\
         <input name=\"password\" type=\"password\"></form><p>Sandbox: not a NASA service.</p></body></html>\n",
    )
}

/// A redirect. A location that cannot stand in a header is refused with 400.
pub(crate) fn redirect(status: StatusCode, location: &str) -> Reply {
    let Ok(location) = HeaderValue::from_str(location) else {
        return page(StatusCode::BAD_REQUEST, "Bad Request", "The address to redirect to is not valid");
    };
    let mut reply = Response::new(body(Bytes::new()));
    *reply.status_mut() = status;
    reply.headers_mut().insert(LOCATION, location);
    reply
}

/// Adds a header; a value that is not fit for one is left out.
pub(crate) fn add_header(reply: &mut Reply, name: &'static str, value: &str) {
    if let Ok(value) = HeaderValue::from_str(value) {
        reply.headers_mut().append(HeaderName::from_static(name), value);
    }
}

/// A request header as text, if it is there and is text.
pub(crate) fn header<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    headers.get(name)?.to_str().ok()
}

/// One value of a query string, decoded; the first of that name.
pub(crate) fn query_value(query: Option<&str>, name: &str) -> Option<String> {
    form_pairs(query.unwrap_or_default()).into_iter().find(|(key, _)| key == name).map(|(_, value)| value)
}

/// The pairs of a form or query string, in order, decoded.
pub(crate) fn form_pairs(text: &str) -> Vec<(String, String)> {
    url::form_urlencoded::parse(text.as_bytes()).map(|(k, v)| (k.into_owned(), v.into_owned())).collect()
}

/// A path with its percent escapes resolved, or `None` if they are malformed or not UTF-8.
pub(crate) fn decode_path(path: &str) -> Option<String> {
    let mut out = Vec::with_capacity(path.len());
    let mut rest = path.as_bytes();
    while let [first, tail @ ..] = rest {
        rest = tail;
        if *first != b'%' {
            out.push(*first);
            continue;
        }
        let [high, low, after @ ..] = tail else { return None };
        let (high, low) = (char::from(*high).to_digit(16)?, char::from(*low).to_digit(16)?);
        out.push((high * 16 + low) as u8);
        rest = after;
    }
    String::from_utf8(out).ok()
}

/// Percent-encodes all but the unreserved characters of RFC 3986 and those in `keep`, as SigV4 wants it.
pub(crate) fn encode(text: &str, keep: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for byte in text.bytes() {
        let plain =
            byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) || keep.as_bytes().contains(&byte);
        if plain {
            out.push(char::from(byte));
        } else {
            out.push_str(&format!("%{byte:02X}"));
        }
    }
    out
}

fn escape_markup(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_decode_or_are_refused() {
        assert_eq!(decode_path("/a%20b/%C3%A9").as_deref(), Some("/a b/é"));
        for bad in ["/%", "/%4", "/%zz", "/%ff"] {
            assert_eq!(decode_path(bad), None, "{bad}");
        }
    }

    #[test]
    fn encoding_is_the_inverse_of_decoding() {
        let text = "A/b c+é=&~._-";
        assert_eq!(encode(text, "/"), "A/b%20c%2B%C3%A9%3D%26~._-");
        assert_eq!(decode_path(&encode(text, "")).as_deref(), Some(text));
    }

    #[test]
    fn a_location_with_a_line_break_is_refused() {
        let reply = redirect(StatusCode::FOUND, "https://example.org/\r\nSet-Cookie: a=b");
        assert_eq!(reply.status(), StatusCode::BAD_REQUEST);
    }
}
