//! Results as files: tables of a time series, and the way every file is written.
//!
//! A writer gets a [`std::io::Write`] and knows nothing of files. [`write_whole`] puts what it writes on the disk so that
//! a file is either whole or not there.
//!
//! ```
//! use swath::export::{Existing, write_series_csv, write_whole};
//! use swath::{GranuleName, Sample, Statistics};
//!
//! let name = "NISAR_L2_PR_GCOV_005_172_A_008_2005_DHDH_A_20251122T024618_20251122T024652_X05009_N_F_J_001";
//! let granule: GranuleName = name.parse()?;
//! let sample =
//!     Sample { time: granule.start, granule, layer: "HHHH".to_owned(), statistics: Statistics::default() };
//! let folder = std::env::temp_dir().join(format!("swath-doc-{}", std::process::id()));
//! std::fs::create_dir_all(&folder)?;
//! write_whole(&folder.join("series.csv"), Existing::Replace, |writer| write_series_csv(writer, &[sample]))?;
//! # std::fs::remove_dir_all(&folder)?;
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod csv;
mod kerchunk;
mod write;

pub use self::csv::{SERIES_COLUMNS, write_series_csv};
pub use self::kerchunk::{KerchunkOptions, KerchunkReferences};
pub(crate) use self::write::sync_folder;
pub use self::write::{Existing, write_whole};
