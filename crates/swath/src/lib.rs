//! swath: search the Alaska Satellite Facility (ASF) archive for NISAR products and stream just the pixels you need.

pub mod array;
mod auth;
pub mod error;
pub mod export;
pub mod geo;
pub mod http;
pub mod plot;
pub mod reduce;

pub use auth::{Password, Token};
pub use error::{Error, ErrorKind, Result};
