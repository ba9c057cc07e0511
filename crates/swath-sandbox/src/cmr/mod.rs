//! The catalogue: granule search as the Common Metadata Repository answers it.
//!
//! The rules are those of CMR's search API documentation, in the part that the clients of ASF
//! use. Shapes are compared on the plane of longitude and latitude, where the real service works
//! on the sphere; over a frame of 240 km the difference is less than a pixel of a browse picture.

mod attribute;
mod collections;
mod condition;
mod parameters;
mod record;
mod spatial;
mod temporal;

#[cfg(test)]
mod tests;

use std::cmp::Ordering;
use std::time::Instant;

use bytes::Bytes;
use http::{Method, Request, StatusCode};
use serde_json::{Value, json};

use crate::misbehave::Orders;
use crate::reply::{Reply, add_header, form_pairs, header, json as json_reply, reply};
use crate::state::State;
use crate::token::{Verdict, verdict};

use parameters::{Parameters, SortKey};
use record::Record;

/// Why a search is refused: a status, and the messages of the body.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Refused {
    status: StatusCode,
    errors: Vec<String>,
}

impl Refused {
    fn new(error: impl Into<String>) -> Self {
        Self { status: StatusCode::BAD_REQUEST, errors: vec![error.into()] }
    }
}

type Answer<T> = Result<T, Refused>;

/// Answers one request to the catalogue.
pub(crate) fn answer(state: &State, request: &Request<Bytes>, orders: Orders) -> Reply {
    let path = request.uri().path();
    let result = if path == "/search/health" {
        Ok(json_reply(StatusCode::OK, &json!({"echo": {"ok?": true}})))
    } else if path.starts_with("/search/granules.umm_json") {
        check_token(state, request).and_then(|()| granules(state, request, orders))
    } else if path.starts_with("/search/collections.umm_json") {
        check_token(state, request).and_then(|()| collections::answer(&pairs(request)?))
    } else {
        let errors = vec![format!("The sandbox's catalogue has no [{path}]; ask /search/granules.umm_json")];
        Err(Refused { status: StatusCode::NOT_FOUND, errors })
    };
    result.unwrap_or_else(|refused| json_reply(refused.status, &json!({"errors": refused.errors})))
}

/// Nobody needs a token to search, but a bad one is refused.
fn check_token(state: &State, request: &Request<Bytes>) -> Answer<()> {
    let headers = request.headers();
    let Some(text) = header(headers, "authorization").or_else(|| header(headers, "echo-token")) else {
        return Ok(());
    };
    let token = text.split_once(' ').map_or(text, |(_, token)| token).trim();
    if verdict(state, token) == Verdict::Invalid {
        let errors = vec!["Token does not exist".to_owned()];
        return Err(Refused { status: StatusCode::UNAUTHORIZED, errors });
    }
    Ok(())
}

/// The parameters of the query string and of the form, in that order.
fn pairs(request: &Request<Bytes>) -> Answer<Vec<(String, String)>> {
    let mut pairs = form_pairs(request.uri().query().unwrap_or_default());
    match *request.method() {
        Method::GET | Method::HEAD => {}
        Method::POST => {
            let kind = header(request.headers(), "content-type").unwrap_or_default();
            if !kind.contains("x-www-form-urlencoded") {
                let error = format!(
                    "The mime types specified in the content-type header [{kind}] are not supported."
                );
                return Err(Refused { status: StatusCode::UNSUPPORTED_MEDIA_TYPE, errors: vec![error] });
            }
            pairs.extend(form_pairs(&String::from_utf8_lossy(request.body())));
        }
        _ => {
            let errors = vec!["Method not allowed; use GET or POST".to_owned()];
            return Err(Refused { status: StatusCode::METHOD_NOT_ALLOWED, errors });
        }
    }
    Ok(pairs)
}

fn granules(state: &State, request: &Request<Bytes>, orders: Orders) -> Answer<Reply> {
    let started = Instant::now();
    let parameters = Parameters::parse(&pairs(request)?)?;
    let after = after(request, &parameters)?;
    parameters.check_limits(after.is_some())?;
    let tests = condition::tests(&parameters)?;
    let mut rows: Vec<Record> = state.archive.granules().into_iter().map(Record::new).collect();
    rows.extend(state.archive.records().into_iter().filter_map(Record::from_umm));
    rows.retain(|record| tests.iter().all(|test| test(record)));
    let keys = &parameters.sort_keys;
    rows.sort_by(|a, b| compare(keys, &place(keys, a), &place(keys, b)));
    let start = match &after {
        Some(after) => rows.partition_point(|row| compare(keys, &place(keys, row), after).is_le()),
        None => parameters.offset(),
    };
    let page = rows.get(start..).unwrap_or_default();
    let page = &page[..page.len().min(parameters.page_size)];
    // The place to go on from is that of the whole page, so rows left out on purpose are lost.
    let next = page.last().map(|row| Value::Array(place(keys, row)).to_string());
    let shown = &page[..page.len().saturating_sub(orders.missing_rows)];
    let items: Vec<Value> = shown.iter().map(|row| row.item(state)).collect();
    let took = started.elapsed().as_millis().max(1);
    let body = json!({"hits": rows.len(), "took": took as u64, "items": items}).to_string();
    let kind = "application/vnd.nasa.cmr.umm_results+json;version=1.6.6; charset=utf-8";
    let mut reply = reply(StatusCode::OK, kind, body);
    add_header(&mut reply, "cmr-hits", &rows.len().to_string());
    add_header(&mut reply, "cmr-took", &took.to_string());
    if orders.timed_out {
        add_header(&mut reply, "cmr-timed-out", "true");
    }
    if let Some(next) = next {
        add_header(&mut reply, "cmr-search-after", &next);
    }
    Ok(reply)
}

/// The place of a row in the order asked for: its sort values, then its concept identifier.
fn place(keys: &[SortKey], row: &Record) -> Vec<Value> {
    keys.iter().map(|key| key.value(row)).chain([json!(row.concept)]).collect()
}

fn compare(keys: &[SortKey], a: &[Value], b: &[Value]) -> Ordering {
    let directions = keys.iter().map(|key| key.descending).chain([false]);
    for ((a, b), descending) in a.iter().zip(b).zip(directions) {
        let order = match (a.as_i64(), b.as_i64()) {
            (Some(a), Some(b)) => a.cmp(&b),
            _ => a.as_str().cmp(&b.as_str()),
        };
        if order.is_ne() {
            return if descending { order.reverse() } else { order };
        }
    }
    Ordering::Equal
}

/// The place to go on from, as the client echoes it.
fn after(request: &Request<Bytes>, parameters: &Parameters) -> Answer<Option<Vec<Value>>> {
    let Some(text) = header(request.headers(), "cmr-search-after") else {
        return Ok(None);
    };
    let place: Vec<Value> = serde_json::from_str(text).unwrap_or_default();
    if place.len() != parameters.sort_keys.len() + 1 {
        return Err(Refused::new(
            "search-after header value is invalid, must be in the form of a JSON array.",
        ));
    }
    for name in ["page_num", "offset"] {
        if parameters.has(name) {
            return Err(Refused::new(format!("{name} is not allowed with search-after")));
        }
    }
    Ok(Some(place))
}
