//! The sandbox from a client's point of view: over sockets, with TLS, as swath uses it.

mod catalogue;
mod client;
mod gateway;
mod login;
mod misbehaviour;
mod network;
mod s3;
mod sandbox;
