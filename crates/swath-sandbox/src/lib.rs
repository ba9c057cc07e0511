//! NASA's Earthdata services on loopback, over a folder of granules.
//!
//! The sandbox stands in for the services that a reader of NISAR products meets on its way from
//! a search to pixels, so that demonstrations, tests and documentation run the whole way without
//! an account, without the internet and without touching NASA's servers. Nothing in it is mocked
//! from the client's point of view: real sockets and TLS, real redirects between origins, real
//! signatures (AWS Signature Version 4, checked by the [`s3s`] crate), real bytes of files.
//!
//! | [`Service`] | stands in for | answers |
//! |---|---|---|
//! | [`Cmr`](Service::Cmr) | `cmr.earthdata.nasa.gov` | `GET`/`POST /search/granules.umm_json`: UMM-G made from the files on disk, `CMR-Hits`, `CMR-Search-After` |
//! | [`EarthdataLogin`](Service::EarthdataLogin) | `urs.earthdata.nasa.gov` | `/api/users/find_or_create_token`, `token`, `tokens`, `revoke_token`, `/api/users/<user>`, `/oauth/authorize`, `/oauth/tokens/user` |
//! | [`Gateway`](Service::Gateway) | `nisar.asf.earthdatacloud.nasa.gov` | `/NISAR/<key>`: 303 to a signed URL; `/s3credentials`, `/login`, `/locate` |
//! | [`Cdn`](Service::Cdn) | `….cloudfront.net` | signed URLs, good for one method and one hour; ranges, `If-Match`, `ETag` |
//! | [`S3`](Service::S3) | `s3.us-west-2.amazonaws.com` | `GetObject`, `HeadObject`, lists; temporary credentials with session token, expiry and prefixes |
//!
//! All listen on 127.0.0.1, each on its own port and so each an origin of its own: a client that
//! carries a token across the gateway's redirect is found out. They speak HTTP/1.1 over TLS, with
//! certificates of an authority made at each start ([`Sandbox::ca_pem`]).
//!
//! # The gateway's answers
//!
//! | request | answer |
//! |---|---|
//! | no `Authorization`, no cookie; or Basic; or a bearer token that is no JWT | 302 to Earthdata Login (with `app_type=401` unless a browser asks) |
//! | malformed `Authorization` | 400 |
//! | bearer token that Earthdata Login refuses | 401 `{"error": "invalid_token"}` |
//! | user `noeula`, who has not accepted the licence agreement | 403 with `resolution_url` |
//! | data of the project alone (`/NISAR-JPL-PRIVATE-DATA/`) | 403 |
//! | no such key | 404 |
//! | a range that begins behind the end | 416 |
//! | otherwise | 303, with the cookie `asf-urs`; `HEAD` asks for no login |
//!
//! # The folder
//!
//! `<bucket>/<collection>/<granule>/<granule>.h5`, as in the real buckets; or simply files
//! `NISAR_*.h5` in the folder itself, whose collection is guessed from the release (`X…` BETA,
//! `P…` PROVISIONAL). A side file `<granule>.footprint.json` beside the granule, a GeoJSON
//! polygon, gives its footprint; `<granule>.h5.md5` gives the checksum that the catalogue tells.
//! Without a footprint only granules of the demo's frame (track 172,
//! ascending, frame 8) have a footprint, and searches by shape do not find the others.
//! [`unpack_demo`] makes a folder to start with.
//!
//! # Users
//!
//! `labuser` and `noeula`, both with the password `labpass`. Tokens come from Earthdata Login or
//! from [`Sandbox::token`].
//!
//! # Example
//!
//! ```
//! use swath_sandbox::{Sandbox, SandboxOptions, Service, unpack_demo};
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let folder = tempfile::tempdir()?;
//! let sandbox = Sandbox::start(SandboxOptions::new(unpack_demo(folder.path())?)).await?;
//!
//! let roots = rustls_roots(sandbox.ca_pem());
//! let client = reqwest::Client::builder().no_proxy().tls_backend_preconfigured(roots).build()?;
//! let search = format!("{}/search/granules.umm_json", sandbox.origin(Service::Cmr));
//! let answer = client
//!     .post(search)
//!     .header("Content-Type", "application/x-www-form-urlencoded")
//!     .body("provider=ASF&attribute[]=string,PRODUCT_TYPE,GCOV")
//!     .send()
//!     .await?;
//! assert_eq!(answer.headers()["cmr-hits"], "7");
//! assert_eq!(sandbox.log()[0].path, "/search/granules.umm_json");
//! sandbox.stop().await;
//! # Ok(())
//! # }
//! # fn rustls_roots(pem: &str) -> rustls::ClientConfig {
//! #     use rustls::pki_types::{CertificateDer, pem::PemObject};
//! #     let mut roots = rustls::RootCertStore::empty();
//! #     roots.add(CertificateDer::from_pem_slice(pem.as_bytes()).unwrap()).unwrap();
//! #     let provider = std::sync::Arc::new(rustls::crypto::ring::default_provider());
//! #     rustls::ClientConfig::builder_with_provider(provider)
//! #         .with_safe_default_protocol_versions().unwrap()
//! #         .with_root_certificates(roots)
//! #         .with_no_client_auth()
//! # }
//! ```
//!
//! # Misbehaviour
//!
//! Real services are slow, busy, cut off and at times wrong. [`Sandbox::misbehave`] makes any of
//! them so, for the next requests or for good: see [`Fault`], and [`BadOrder`] for how another
//! process says it (`swath sandbox --misbehave "cdn cut=1000 after=2"`). [`Sandbox::log`] tells what was
//! asked, so that a test can count requests and see where a token went; it holds no secrets.
//!
//! # What it is not
//!
//! - Not for the network: it listens on loopback only, and its users' passwords are public.
//! - Not a catalogue: it knows the parameters that the clients of ASF send, and refuses those it
//!   does not answer. Shapes are compared on the plane, not on the sphere. Dates of production,
//!   orbit numbers and concept identifiers of granules are made up.
//! - Not a store: S3 is read-only, in one region.
//! - No think times: it answers as fast as it can.
//! - The gateway asks Earthdata Login about a token at each request; the real one remembers the
//!   answer for a minute.

mod archive;
mod cdn;
mod cmr;
mod credentials;
mod delivery;
mod demo;
mod error;
mod gateway;
mod granule;
mod log;
mod login;
mod misbehave;
mod options;
mod order;
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

pub use demo::{unpack_demo, unpack_demo_while};
pub use error::{Error, Result};
pub use log::LogEntry;
pub use misbehave::{Fault, Misbehaviour};
pub use options::{Redirect, SandboxOptions};
pub use order::BadOrder;
pub use sandbox::{Sandbox, Service};
