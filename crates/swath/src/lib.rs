//! swath: search the Alaska Satellite Facility (ASF) archive for NISAR products and stream just the pixels you need.

mod auth;
pub mod error;
pub mod granule;
pub mod http;
pub mod search;

pub use auth::{Password, Token};
pub use error::{Error, ErrorKind, Result};
