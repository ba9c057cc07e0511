//! swath-sandbox

mod archive;
mod cdn;
mod cmr;
mod credentials;
mod delivery;
mod error;
mod gateway;
mod granule;
mod log;
mod login;
mod misbehave;
mod options;
mod range;
mod reply;
mod s3;
mod sandbox;
mod secret;
mod serve;
mod signed;
mod state;
mod tls;
mod token;

pub use error::{Error, Result};
pub use log::LogEntry;
pub use misbehave::{Fault, Misbehaviour};
pub use options::{Redirect, SandboxOptions};
pub use sandbox::{Sandbox, Service};
