//! What can go wrong, told apart by what the caller can do about it.

use crate::reader::ReadError;

/// The result of everything in this crate that can fail.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// Why a file, a dataset or a selection could not be read.
///
/// The text says what failed, why, and what to do; it never repeats its source.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// None of the offsets where the format allows a signature holds one (specification II.A).
    #[error(
        "not an HDF5 file: no HDF5 signature in its {size} bytes; check that the address names a granule and not a web page or a listing"
    )]
    NotHdf5 {
        /// Size of the object in bytes.
        size: u64,
    },
    /// The superblock says that the file is longer than the object is.
    #[error(
        "truncated HDF5 file: it has {size} bytes and says that it had {expected}; fetch or upload it again"
    )]
    Truncated {
        /// Size of the object in bytes.
        size: u64,
        /// Size in bytes that the superblock states.
        expected: u64,
    },
    /// The bytes break the format: damaged in transfer, or written wrongly.
    #[error("malformed HDF5 at {path}{}: {what}; the file may be damaged, compare it with another copy", at_byte(.offset))]
    Malformed {
        /// Path of the object in the file.
        path: String,
        /// Byte offset in the file, where it is known.
        offset: Option<u64>,
        /// What was found.
        what: String,
    },
    /// The file is sound but uses something that this crate cannot read.
    #[error("cannot read {path}: {feature} is not supported; read this object with another program")]
    Unsupported {
        /// Path of the object in the file.
        path: String,
        /// The feature, named as in the HDF5 specification.
        feature: String,
    },
    /// The file holds no object of that path.
    #[error("no {path} in the file: {what}")]
    NotFound {
        /// The path that was asked for.
        path: String,
        /// How far the path leads, and what is there.
        what: String,
    },
    /// The call cannot be meant: a selection outside the shape, a buffer of another size.
    #[error("{what}")]
    Misuse {
        /// What was asked and what is allowed.
        what: String,
    },
    /// The file asks for more than a limit allows; nothing was allocated.
    #[error("{what}: {asked} asked, {allowed} allowed; raise the limit if you trust the file")]
    Limit {
        /// The limit that was met.
        what: String,
        /// The amount asked for.
        asked: u64,
        /// The amount allowed.
        allowed: u64,
    },
    /// The bytes could not be had; the source says why.
    #[error("bytes of the file could not be read")]
    Read(#[source] ReadError),
}

impl Error {
    /// A [`Error::Malformed`] of the object at `path`, at no known offset.
    pub(crate) fn malformed(path: &str, what: impl Into<String>) -> Self {
        Error::Malformed { path: path.to_owned(), offset: None, what: what.into() }
    }

    /// A [`Error::Unsupported`] of the object at `path`.
    pub(crate) fn unsupported(path: &str, feature: impl Into<String>) -> Self {
        Error::Unsupported { path: path.to_owned(), feature: feature.into() }
    }

    /// A [`Error::Misuse`].
    pub(crate) fn misuse(what: impl Into<String>) -> Self {
        Error::Misuse { what: what.into() }
    }
}

fn at_byte(offset: &Option<u64>) -> String {
    offset.map(|offset| format!(" (byte {offset})")).unwrap_or_default()
}
