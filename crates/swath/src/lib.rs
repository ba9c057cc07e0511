//! swath: search the Alaska Satellite Facility (ASF) archive for NISAR products and stream just the pixels you need.

pub mod array;
mod auth;
mod cache;
pub mod error;
pub mod export;
pub mod geo;
pub mod granule;
pub mod http;
pub mod plot;
mod read;
pub mod reduce;
pub mod search;
mod session;
mod stack;
mod store;
mod tree;

pub use array::{Array, Window};
pub use auth::{Password, Token};
pub use error::{Error, ErrorKind, Result};
pub use geo::LonLatBox;
pub use granule::{Granule, GranuleName};
pub use http::{HttpOptions, Ledger, SafeUrl, Totals};
pub use read::ReadLimits;
pub use reduce::Statistics;
pub use session::{Session, SessionOptions};
pub use stack::{Sample, Stack};
pub use store::{Address, Object, Version};
pub use tree::{Cost, DataArray, DataTree, OpenOptions};
