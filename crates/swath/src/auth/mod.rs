//! Earthdata Login: where the token comes from, and what it is exchanged for.
//!
//! A [`Token`] is looked for in this order: the one given, `EARTHDATA_TOKEN`, `EARTHDATA_USERNAME` with `EARTHDATA_PASSWORD`, the
//! file that `swath login` keeps, the `netrc` file (user and password are exchanged for a token at Earthdata Login), and last a
//! prompt, when the face in front offers one. Only the `https`
//! and `s3` stores ask for it; a search needs none.

mod earthdata;
mod netrc;
mod s3_credentials;
mod token;
mod token_file;

pub use earthdata::TokenSource;
pub(crate) use earthdata::{Login, LoginOptions, Prompt};
pub(crate) use netrc::Netrc;
pub(crate) use s3_credentials::{CredentialSource, S3Credentials};
pub use token::{Password, Token};
pub(crate) use token_file::TokenFile;
