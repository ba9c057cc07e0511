//! What can go wrong while the sandbox is set up; once it runs, it answers with statuses instead.

use std::io;
use std::path::PathBuf;

/// Why the sandbox could not start, or the demo granules could not be unpacked.
///
/// The text says what failed and what to do; the operating system's reason is the source.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The data folder is missing or cannot be read.
    #[error("cannot read the data folder {}; give a folder of NISAR granules", path.display())]
    Data {
        /// The folder that was asked for.
        path: PathBuf,
        /// What the operating system says.
        source: io::Error,
    },
    /// A port of the loopback address cannot be bound.
    #[error("cannot listen on 127.0.0.1:{port}; give another base port, or none for free ports")]
    Port {
        /// The port asked for; 0 is "any free port".
        port: u16,
        /// What the operating system says.
        source: io::Error,
    },
    /// A base port so high that five ports do not fit above it.
    #[error("base port {port} leaves no room for five services; give one of at most 65531")]
    PortRange {
        /// The base port asked for.
        port: u16,
    },
    /// The certificates of the sandbox could not be made.
    #[error("cannot make the sandbox's certificates")]
    Certificate(#[source] Box<dyn std::error::Error + Send + Sync>),
    /// The S3 service refused its own settings.
    #[error("cannot set up the S3 service")]
    S3(#[source] Box<dyn std::error::Error + Send + Sync>),
    /// A file could not be written.
    #[error("cannot write {}; check that the folder exists and has room", path.display())]
    Write {
        /// The file or folder.
        path: PathBuf,
        /// What the operating system says.
        source: io::Error,
    },
    /// An embedded demo granule does not unpack to the size it declares: the build is damaged.
    #[error("the embedded granule {granule} is damaged; build swath again from clean sources")]
    DemoDamaged {
        /// The granule's name.
        granule: &'static str,
    },
}

/// The crate's result.
pub type Result<T> = std::result::Result<T, Error>;
