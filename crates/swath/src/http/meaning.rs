//! What a refused answer means: the one place where an HTTP status becomes an error.

use super::{Response, SafeUrl};
use crate::error::{Error, ErrorKind};

/// The error that a final answer stands for, when it is not the one that was wanted.
pub(crate) fn meaning(response: &Response, url: &SafeUrl) -> Error {
    let status = response.status;
    let says = excerpt(&response.body);
    let what = |text: &str| format!("{text} {url} (HTTP {status}{says})");
    match status {
        200..=299 if response.is_html() => login_page(url),
        400 if s3_code(&response.body).as_deref() == Some("ExpiredToken") => {
            Error::new(ErrorKind::Authentication, what("the temporary S3 credentials have expired for"))
        }
        401 => Error::new(ErrorKind::Authentication, what("the token was refused by")).with_hint(
            "get a new token at https://urs.earthdata.nasa.gov (Generate Token) and set EARTHDATA_TOKEN",
        ),
        403 => forbidden(response, url),
        404 | 410 => Error::new(ErrorKind::NotFound, what("there is nothing at"))
            .with_hint("check the name; urgent-response (UR) products are deleted after 30 days"),
        412 => Error::new(ErrorKind::Integrity, what("the object was replaced while it was read:"))
            .with_hint("run the command again"),
        416 => Error::new(ErrorKind::Integrity, what("the object is shorter than expected:"))
            .with_hint("the file is truncated or was replaced; run the command again with --no-cache"),
        300..=399 => Error::new(ErrorKind::Service, what("an unexpected redirect came from")),
        500..=599 => Error::new(ErrorKind::Service, what("the service failed:")),
        _ => Error::new(ErrorKind::Service, what("the request was refused by")),
    }
}

/// Sent to log in: the answer to data asked for without a good token.
pub(crate) fn login_page(url: &SafeUrl) -> Error {
    Error::new(ErrorKind::Authentication, format!("{url} answered with a login page instead of data"))
        .with_hint("set EARTHDATA_TOKEN to an Earthdata Login token (https://urs.earthdata.nasa.gov, Generate Token)")
}

fn forbidden(response: &Response, url: &SafeUrl) -> Error {
    if let Some(link) = eula_link(&response.body) {
        let what = format!("your Earthdata account has not accepted the licence that {url} wants (HTTP 403)");
        return Error::new(ErrorKind::Authentication, what)
            .with_hint(format!("open {link} and accept it, then run the same command again"));
    }
    let what = format!("access was refused by {url} (HTTP 403{})", excerpt(&response.body));
    let hint = if s3_code(&response.body).is_some() {
        "NASA's buckets answer only inside AWS us-west-2; elsewhere read over https, by the access auto or https"
    } else {
        "your Earthdata account may not read this product"
    };
    Error::new(ErrorKind::Authentication, what).with_hint(hint)
}

/// The link that the gateway gives to a user who has not accepted the licence, if it leads to NASA.
fn eula_link(body: &[u8]) -> Option<String> {
    let json: serde_json::Value = serde_json::from_slice(body).ok()?;
    if !json.get("error_description")?.as_str()?.contains("EULA") {
        return None;
    }
    let link = url::Url::parse(json.get("resolution_url")?.as_str()?).ok()?;
    let host = link.host_str()?;
    let trusted = host == "urs.earthdata.nasa.gov"
        || host.ends_with(".earthdata.nasa.gov")
        || super::is_loopback(&link);
    if trusted { Some(link.to_string()) } else { Some("https://urs.earthdata.nasa.gov/users/new".to_owned()) }
}

/// The `<Code>` of an S3 error document.
pub(crate) fn s3_code(body: &[u8]) -> Option<String> {
    let text = std::str::from_utf8(body.get(..body.len().min(4096))?).ok()?;
    let (_, rest) = text.split_once("<Code>")?;
    let (code, _) = rest.split_once("</Code>")?;
    let plain = !code.is_empty() && code.len() <= 64 && code.bytes().all(|b| b.is_ascii_alphanumeric());
    plain.then(|| code.to_owned())
}

/// The start of a short textual answer, for an error message: `": …"`, or nothing.
pub(super) fn excerpt(body: &[u8]) -> String {
    if let Some(code) = s3_code(body) {
        return format!(": {code}");
    }
    let Ok(json) = serde_json::from_slice::<serde_json::Value>(body) else { return String::new() };
    let first = ["error_description", "errors", "error", "message"].iter().find_map(|key| json.get(key));
    let text = match first {
        Some(serde_json::Value::String(text)) => text.clone(),
        Some(serde_json::Value::Array(list)) => {
            list.iter().filter_map(|item| item.as_str()).collect::<Vec<_>>().join("; ")
        }
        _ => return String::new(),
    };
    let clean: String = text.chars().filter(|c| !c.is_control()).take(200).collect();
    if clean.is_empty() { clean } else { format!(": {clean}") }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn answer(status: u16, kind: &str, body: &str) -> Error {
        let mut headers = http::HeaderMap::new();
        headers.insert("content-type", kind.parse().unwrap());
        let response = Response { status, headers, body: bytes::Bytes::copy_from_slice(body.as_bytes()) };
        meaning(&response, &SafeUrl::parse("https://h.example/a?sig=secret").unwrap())
    }

    #[test]
    fn each_status_has_a_kind_and_no_secret() {
        let cases = [
            (401, "", ErrorKind::Authentication),
            (403, "<Error><Code>AccessDenied</Code></Error>", ErrorKind::Authentication),
            (404, "", ErrorKind::NotFound),
            (412, "", ErrorKind::Integrity),
            (416, "", ErrorKind::Integrity),
            (400, "<Error><Code>ExpiredToken</Code></Error>", ErrorKind::Authentication),
            (500, "", ErrorKind::Service),
        ];
        for (status, body, kind) in cases {
            let error = answer(status, "text/plain", body);
            assert_eq!(error.kind(), kind, "{status}");
            assert!(!format!("{error:?}").contains("secret"), "{error:?}");
        }
        assert!(answer(200, "text/html; charset=utf-8", "<html>").is_authentication());
    }

    #[test]
    fn the_licence_link_is_shown_only_when_it_leads_to_nasa() {
        let good = r#"{"error_description":"EULA Acceptance Failure","resolution_url":"https://urs.earthdata.nasa.gov/approve_app?client_id=x"}"#;
        assert!(answer(403, "application/json", good).hint().unwrap().contains("approve_app?client_id=x"));
        let evil = good.replace("urs.earthdata.nasa.gov", "evil.example");
        assert!(!answer(403, "application/json", &evil).hint().unwrap().contains("evil"));
    }
}
