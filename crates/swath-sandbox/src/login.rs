//! Earthdata Login: passwords become tokens, and browsers become codes.

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use bytes::Bytes;
use http::{Method, Request, StatusCode};
use serde_json::{Value, json};

use crate::log::lock;
use crate::reply::{
    Reply, add_header, form_pairs, header, json, login_page, page, query_value, redirect, reply,
};
use crate::state::{State, now};
use crate::token::{CLIENT_ID, Purpose, Verdict, bearer, password_is_right, sign, verdict};

/// A user may hold this many tokens at a time.
const TOKEN_LIMIT: usize = 2;

/// Answers one request to Earthdata Login.
pub(crate) fn answer(state: &State, request: &Request<Bytes>) -> Reply {
    match (request.method(), request.uri().path()) {
        (&Method::POST, "/api/users/find_or_create_token") => create(state, request, true),
        (&Method::POST, "/api/users/token") => create(state, request, false),
        (&Method::GET, "/api/users/tokens") => tokens(state, request),
        (&Method::POST, "/api/users/revoke_token") => revoke(state, request),
        (&Method::POST, "/oauth/tokens/user") => {
            let token = parameter(request, "token").unwrap_or_default();
            let (status, body) = opinion(state, &token);
            let short = json!({"uid": body["uid"]});
            json(status, if status == StatusCode::OK { &short } else { &body })
        }
        (&Method::GET | &Method::HEAD, "/oauth/authorize") => authorize(state, request),
        (&Method::GET, "/profile" | "/") => page(StatusCode::OK, "Earthdata Login", "Sandbox"),
        (&Method::GET, path) if path.starts_with("/api/users/") => profile(state, request),
        _ => page(StatusCode::NOT_FOUND, "Not Found", "Earthdata Login has no such page"),
    }
}

/// Who a Basic header names.
#[derive(Debug, PartialEq, Eq)]
enum Basic {
    Absent,
    Wrong,
    User(String),
}

fn basic(request: &Request<Bytes>) -> Basic {
    let Some((scheme, text)) =
        header(request.headers(), "authorization").and_then(|text| text.split_once(' '))
    else {
        return Basic::Absent;
    };
    if !scheme.eq_ignore_ascii_case("basic") {
        return Basic::Absent;
    }
    let decoded = BASE64_STANDARD.decode(text.trim()).ok().and_then(|bytes| String::from_utf8(bytes).ok());
    match decoded.as_deref().and_then(|text| text.split_once(':')) {
        Some((user, password)) if password_is_right(user, password) => Basic::User(user.to_owned()),
        _ => Basic::Wrong,
    }
}

/// The user of a right password, or the refusal.
fn user(request: &Request<Bytes>) -> Result<String, Box<Reply>> {
    match basic(request) {
        Basic::User(user) => Ok(user),
        _ => Err(Box::new(json(
            StatusCode::UNAUTHORIZED,
            &json!({"error": "invalid_credentials", "error_description": "Invalid user credentials"}),
        ))),
    }
}

/// A parameter of the query or of the form.
fn parameter(request: &Request<Bytes>, name: &str) -> Option<String> {
    let form = || {
        let text = std::str::from_utf8(request.body()).unwrap_or_default();
        form_pairs(text).into_iter().find(|(key, _)| key == name).map(|(_, value)| value)
    };
    query_value(request.uri().query(), name).or_else(form)
}

/// `05/31/2026`: the day of expiry, American order, as Earthdata Login writes it.
fn day(seconds: i64) -> String {
    let time = jiff::Timestamp::from_second(seconds).unwrap_or(jiff::Timestamp::MAX);
    time.strftime("%m/%d/%Y").to_string()
}

fn create(state: &State, request: &Request<Bytes>, find: bool) -> Reply {
    let user = match user(request) {
        Ok(user) => user,
        Err(refusal) => return *refusal,
    };
    let revoked = lock(&state.revoked).clone();
    let mut issued = lock(&state.issued);
    let mine = issued.entry(user.clone()).or_default();
    mine.retain(|(token, expires)| *expires > now() && !revoked.contains(token));
    if mine.is_empty() || !find {
        if mine.len() >= TOKEN_LIMIT {
            let text = "Max number of tokens already reached";
            let body = json!({"error": "max_token_limit", "error_description": text});
            return json(StatusCode::FORBIDDEN, &body);
        }
        let seconds = i64::try_from(state.options.token_lifetime().as_secs()).unwrap_or(i64::MAX);
        mine.push((bearer(&state.secret, &user, seconds), now().saturating_add(seconds)));
    }
    let Some((token, expires)) = mine.last() else {
        return page(StatusCode::INTERNAL_SERVER_ERROR, "Error", "No token");
    };
    let body = json!({"access_token": token, "token_type": "Bearer", "expiration_date": day(*expires)});
    json(StatusCode::OK, &body)
}

fn tokens(state: &State, request: &Request<Bytes>) -> Reply {
    let user = match user(request) {
        Ok(user) => user,
        Err(refusal) => return *refusal,
    };
    let revoked = lock(&state.revoked).clone();
    let issued = lock(&state.issued);
    let mine = issued.get(&user).into_iter().flatten();
    let alive = mine.filter(|(token, expires)| *expires > now() && !revoked.contains(token));
    let list: Vec<Value> = alive
        .map(|(token, expires)| json!({"access_token": token, "expiration_date": day(*expires)}))
        .collect();
    json(StatusCode::OK, &Value::Array(list))
}

fn revoke(state: &State, request: &Request<Bytes>) -> Reply {
    if let Err(refusal) = user(request) {
        return *refusal;
    }
    let token = parameter(request, "token").unwrap_or_default();
    // Only tokens that would be believed are worth remembering, which bounds the memory.
    if verdict(state, &token) != Verdict::Invalid {
        lock(&state.revoked).insert(token);
    }
    reply(StatusCode::OK, "text/plain", "")
}

/// What Earthdata Login answers about a bearer token; the gateway passes refusals on.
pub(crate) fn opinion(state: &State, token: &str) -> (StatusCode, Value) {
    match verdict(state, token) {
        Verdict::Invalid => {
            let text = "The token is either invalid or expired.";
            (StatusCode::UNAUTHORIZED, json!({"error": "invalid_token", "error_description": text}))
        }
        Verdict::NoAgreement => {
            let url = format!("{}/approve_app?client_id={CLIENT_ID}", state.origins.login);
            let text = "EULA Acceptance Failure";
            let body = json!({"status_code": 403, "error_description": text, "resolution_url": url});
            (StatusCode::FORBIDDEN, body)
        }
        Verdict::User(user) => (
            StatusCode::OK,
            json!({
                "uid": user, "first_name": "Sandbox", "last_name": "User", "email_address": "sandbox@example.org",
                "country": "United States", "affiliation": "Education", "user_groups": [],
            }),
        ),
    }
}

fn profile(state: &State, request: &Request<Bytes>) -> Reply {
    let bearer = header(request.headers(), "authorization").and_then(|text| text.split_once(' '));
    let token =
        bearer.filter(|(scheme, _)| scheme.eq_ignore_ascii_case("bearer")).map(|(_, token)| token.trim());
    let (status, body) = opinion(state, token.unwrap_or_default());
    let asked = request.uri().path().trim_start_matches("/api/users/");
    if status == StatusCode::OK && body["uid"].as_str() != Some(asked) {
        let text = "You do not have permission to read this profile";
        return json(StatusCode::FORBIDDEN, &json!({"error": "forbidden", "error_description": text}));
    }
    json(status, &body)
}

fn authorize(state: &State, request: &Request<Bytes>) -> Reply {
    let value = |name| query_value(request.uri().query(), name).filter(|text| !text.is_empty());
    let (Some(_), Some(target)) = (value("client_id"), value("redirect_uri")) else {
        let text = "client_id and redirect_uri are needed";
        let body = json!({"error": "invalid_request", "error_description": text});
        return json(StatusCode::BAD_REQUEST, &body);
    };
    let user = match basic(request) {
        Basic::User(user) => user,
        Basic::Absent if value("app_type").as_deref() != Some("401") => return login_page(),
        _ => {
            let mut refusal = reply(StatusCode::UNAUTHORIZED, "text/plain", "HTTP Basic: Access denied.\n");
            let challenge = "Basic realm=\"Please enter your Earthdata Login credentials.\"";
            add_header(&mut refusal, "www-authenticate", challenge);
            return refusal;
        }
    };
    let code = sign(&state.secret, Purpose::Code, &json!({"uid": user, "exp": now() + 60}));
    let separator = if target.contains('?') { '&' } else { '?' };
    let mut location = format!("{target}{separator}code={code}");
    if let Some(text) = value("state") {
        location.push_str(&format!("&state={}", crate::reply::encode(&text, "")));
    }
    let mut reply = redirect(StatusCode::FOUND, &location);
    add_header(&mut reply, "set-cookie", "urs_user_already_logged=yes; Path=/");
    reply
}
