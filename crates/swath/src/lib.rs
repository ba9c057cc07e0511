//! Search the Alaska Satellite Facility (ASF) archive for NISAR radar products, and stream just the pixels you need.
//!
//! # The world in five sentences
//!
//! The catalogue knows [granules](Granule): one delivered file each, of one product, track, frame and time, in one or more
//! releases of which the newest is to be used. A [`Session`] carries login, network and cache; it [searches](Session::search)
//! and [opens](Session::open). An opened granule is a [`DataTree`] of lazy [`DataArray`]s: opening reads a few hundred
//! kilobytes of metadata of a two-gigabyte file, whatever its size. A lon/lat box becomes a window of the array's grid,
//! and reading the window fetches the chunks under it and nothing else. Several granules of a frame are a [`Stack`] along
//! time.
//!
//! # First example
//!
//! ```
//! use swath::search::Query;
//! use swath::{LonLatBox, ReadLimits, Session, Stack};
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! # let granules = swath_sandbox::unpack_demo(&std::env::temp_dir().join("swath-doc-granules"))?;
//! # let sandbox = swath_sandbox::Sandbox::start(swath_sandbox::SandboxOptions::new(granules)).await?;
//! # let environment = sandbox.environment();
//! # let lookup = |name: &str| environment.iter().find(|(known, _)| known == name).map(|(_, value)| value.clone());
//! # let mut options = swath::SessionOptions::from_variables(lookup)?.with_cache(None);
//! # options.http.extra_ca_pem = Some(sandbox.ca_pem().to_owned());
//! # options.http.no_proxy = true;
//! # let session = Session::new(options)?;
//! # #[cfg(any())]
//! let session = Session::from_environment()?; // EARTHDATA_TOKEN or ~/.netrc
//! let query = Query::new()
//!     .dataset("NISAR")
//!     .processing_level("GCOV")
//!     .intersects_with("POINT(41.4 12.8)")
//!     .start("2025-11-22")
//!     .end("2026-03-05");
//! let found = session.search(&query).await?.into_latest();
//! let urls: Vec<&str> = found.granules.iter().filter_map(|granule| granule.data_url()).collect();
//!
//! let layers = session.open_layers(&urls, "A", "HHHH", ReadLimits::default()).await;
//! let stack = Stack::new(layers.into_iter().collect::<swath::Result<_>>()?)?;
//! let field = LonLatBox::new(40.8463, 13.2553, 40.8574, 13.2684)?;
//! for sample in stack.clip_box(field).await?.statistics().await? {
//!     println!("{} {:?} of {} pixels", sample.time, sample.statistics.mean, sample.statistics.n_valid);
//! }
//! # assert_eq!(urls.len(), 5);
//! # sandbox.stop().await;
//! # Ok(())
//! # }
//! ```
//!
//! # Where to look
//!
//! | to | see |
//! |---|---|
//! | find granules, their newest releases, their URLs | [`search`], [`granule`] |
//! | open one, print its tree, read attributes | [`Session::open`], [`DataTree`] |
//! | clip, read, take statistics | [`DataArray`], [`LonLatBox`], [`Window`] |
//! | keep whole files | [`download`] |
//! | go along time | [`Stack`] |
//! | write tables and pictures | [`export`], [`plot`] |
//! | know what the network was asked for | [`Ledger`] |
//! | find out why it does not work on a machine | [`doctor`] |
//! | read HDF5 that is not NISAR's, or through your own store | the crate `swath-hdf5` |
//!
//! # Supported, and not
//!
//! Read: every product's tree and numeric arrays over https (ASF's gateway), from S3 (in AWS us-west-2), and from local
//! files; map grids in UTM, polar stereographic (EPSG 3031, 3413), EASE-2 (6933), Web Mercator and lon/lat. Not yet: windows
//! by lon/lat box in radar geometry (L1 products), polygons, masking by the product's `mask` layer, resampling, export
//! to GeoTIFF or Zarr. Never: writing HDF5.
//!
//! # What it promises
//!
//! A number that comes out is right, or an error comes out. Lengths, `Content-Range`, entity tags, checksums and chunk sizes
//! are checked; a piece that does not decode is fetched once more, then the read fails and says why. Statistics are of
//! linear power, in `f64`. Secrets have types that cannot be printed.

pub mod array;
mod auth;
mod cache;
pub mod doctor;
pub mod download;
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
pub use auth::{Password, Token, TokenSource};
pub use error::{Error, ErrorKind, Result};
pub use geo::LonLatBox;
pub use granule::{Granule, GranuleName};
pub use http::{HttpOptions, Ledger, SafeUrl, Totals};
pub use read::ReadLimits;
pub use reduce::Statistics;
pub use session::{Deadline, LoginStatus, Session, SessionOptions};
pub use stack::{Sample, Stack};
pub use store::{Access, AccessChoice, Address, Door, Object, Version};
pub use tree::{Cost, DataArray, DataTree, LayerOptions, Measurement, OpenOptions, Region, Scales};

/// The examples of the README compile.
#[cfg(doctest)]
#[doc = include_str!("../../../README.md")]
struct Readme;
