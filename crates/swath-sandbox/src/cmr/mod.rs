//! The catalogue (CMR).
use bytes::Bytes;
use http::Request;
use crate::misbehave::Orders;
use crate::reply::{Reply, json};
use crate::state::State;

pub(crate) fn answer(_state: &State, _request: &Request<Bytes>, _orders: Orders) -> Reply {
    json(http::StatusCode::OK, &serde_json::json!({}))
}
