//! The sandbox from a client's point of view: over sockets, with TLS, as swath uses it.

// What the tests share fails as they do; clippy's leave for tests covers only functions marked so.
#![allow(clippy::unwrap_used)]

mod catalogue;
mod client;
mod gateway;
mod login;
mod misbehaviour;
mod network;
mod s3;
mod sandbox;
