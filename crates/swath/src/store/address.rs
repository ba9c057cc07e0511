//! What an object is called, and how the archive's two doors (https and S3) map onto each other.

use std::fmt;
use std::path::PathBuf;

use url::Url;

use crate::error::{Error, Result};
use crate::http::SafeUrl;

/// Where an object is. Prints without secrets.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Address {
    /// Behind the gateway (or any https server).
    Https(SafeUrl),
    /// In a bucket.
    S3 {
        /// Name of the bucket.
        bucket: String,
        /// Key of the object.
        key: String,
    },
    /// A file of this machine.
    Local(PathBuf),
    /// Bytes handed over by the caller, under this name.
    Memory(String),
}

impl Address {
    /// Reads an address as a user writes it: a URL (`https://`, `s3://`, `file://`) or the path of a file.
    ///
    /// # Errors
    /// A usage error when it is a URL of another kind, or an S3 URL without bucket or key.
    pub fn parse(text: &str) -> Result<Self> {
        let Some((scheme, rest)) = text.split_once("://") else {
            return Ok(Self::Local(PathBuf::from(text)));
        };
        match scheme {
            "https" | "http" => Ok(Self::Https(SafeUrl::parse(text)?)),
            "s3" => s3_address(rest),
            "file" => Url::parse(text)
                .ok()
                .and_then(|url| url.to_file_path().ok())
                .map(Self::Local)
                .ok_or_else(|| Error::usage(format!("{text} names no file of this machine"))),
            _ => Err(Error::usage(format!("cannot read {scheme}:// addresses"))
                .with_hint("give an https:// or s3:// URL, a granule name, or the path of a file")),
        }
    }

    /// Where the same object is in S3, for an https address of ASF's NISAR gateway (`/NISAR/…` and its siblings); an S3
    /// address is its own. `None` for anything else.
    pub fn direct_access(&self) -> Option<Self> {
        match self {
            Self::Https(url) => s3_of_https(url),
            Self::S3 { .. } => Some(self.clone()),
            Self::Local(_) | Self::Memory(_) => None,
        }
    }

    /// Where the same object is behind the gateway at `origin`, for an S3 address of ASF's NISAR archive; an https address is
    /// its own. `None` for anything else.
    pub(crate) fn behind(&self, origin: &SafeUrl) -> Option<Self> {
        match self {
            Self::Https(_) => Some(self.clone()),
            Self::S3 { bucket, key } => {
                let archive = ARCHIVES.iter().find(|archive| archive.bucket == bucket)?;
                let mut url = origin.secret().clone();
                url.set_query(None);
                url.path_segments_mut().ok()?.clear().push(archive.folder).extend(key.split('/'));
                Some(Self::Https(url.into()))
            }
            Self::Local(_) | Self::Memory(_) => None,
        }
    }

    pub(crate) fn memory(name: &str) -> Self {
        Self::Memory(name.to_owned())
    }

    /// The last part: the name of the file.
    pub fn file_name(&self) -> String {
        let text = self.to_string();
        let last = text.trim_end_matches('/').rsplit(['/', '\\']).next().unwrap_or_default();
        last.to_owned()
    }
}

impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Https(url) => write!(f, "{url}"),
            Self::S3 { bucket, key } => write!(f, "s3://{bucket}/{key}"),
            Self::Local(path) => write!(f, "{}", path.display()),
            Self::Memory(name) => write!(f, "{name}"),
        }
    }
}

/// The address after `s3://`. One with a user, a password or a query is refused and not repeated: they would be secrets, and
/// part of a name that is printed everywhere.
fn s3_address(rest: &str) -> Result<Address> {
    let is_name = |letter: char| letter.is_ascii_alphanumeric() || ['.', '-', '_'].contains(&letter);
    match rest.split_once('/') {
        Some((bucket, key))
            if !bucket.is_empty() && bucket.chars().all(is_name) && !key.is_empty() && !key.contains('?') =>
        {
            Ok(Address::S3 { bucket: bucket.to_owned(), key: key.to_owned() })
        }
        _ => Err(Error::usage("an s3 address is s3://BUCKET/KEY, without a user, a password or a query")),
    }
}

/// A folder of the gateway and the bucket behind it.
struct Archive {
    /// First part of the path behind the gateway.
    folder: &'static str,
    /// The bucket that holds the same keys.
    bucket: &'static str,
}

/// ASF's NISAR archive (facts of the gateway's bucket map, as seen in the catalogue's URLs).
const ARCHIVES: &[Archive] = &[
    Archive { folder: "NISAR", bucket: "sds-n-cumulus-prod-nisar-products" },
    Archive { folder: "NISAR-UR", bucket: "sds-n-cumulus-prod-nisar-ur-products" },
    Archive { folder: "NISAR-SAMPLE-DATA", bucket: "sds-n-cumulus-prod-nisar-sample-data" },
    Archive { folder: "BROWSE", bucket: "sds-n-cumulus-prod-nisar-browse" },
];

/// The S3 address of an object behind the gateway; `None` when it is in none of the known folders.
fn s3_of_https(url: &SafeUrl) -> Option<Address> {
    let path = url.secret().path().trim_start_matches('/');
    let (folder, key) = path.split_once('/')?;
    let archive = ARCHIVES.iter().find(|archive| archive.folder == folder)?;
    (!key.is_empty()).then(|| Address::S3 { bucket: archive.bucket.to_owned(), key: key.to_owned() })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_told_apart() {
        assert!(matches!(Address::parse("https://h.example/a.h5").unwrap(), Address::Https(_)));
        let s3 = Address::parse("s3://bucket/a/b.h5").unwrap();
        assert_eq!(s3, Address::S3 { bucket: "bucket".into(), key: "a/b.h5".into() });
        assert_eq!(s3.file_name(), "b.h5");
        assert_eq!(Address::parse("dir/a.h5").unwrap(), Address::Local("dir/a.h5".into()));
        let canaries =
            ["s3://me:canary@bucket/key", "s3://bucket/key?X-Amz-Signature=canary", "s3://canary@bucket"];
        for odd in ["s3://bucket", "s3:///key", "ftp://h/a"].iter().chain(&canaries) {
            let error = Address::parse(odd).unwrap_err();
            assert!(!error.to_string().contains("canary"), "{odd}");
        }
    }

    #[test]
    fn the_gateway_s_folders_map_to_buckets() {
        let https = Address::parse("https://nisar.asf.earthdatacloud.nasa.gov/NISAR/C/g/g.h5").unwrap();
        let s3 = https.direct_access().unwrap();
        assert_eq!(s3.to_string(), "s3://sds-n-cumulus-prod-nisar-products/C/g/g.h5");
        assert_eq!(s3.direct_access(), Some(s3.clone()));
        let gateway = SafeUrl::parse("https://nisar.asf.earthdatacloud.nasa.gov/s3credentials?x=y").unwrap();
        assert_eq!(s3.behind(&gateway), Some(https.clone()));
        assert_eq!(https.behind(&gateway), Some(https));
        assert!(Address::parse("s3://other/C/g.h5").unwrap().behind(&gateway).is_none());
        assert!(Address::parse("https://h.example/OTHER/x").unwrap().direct_access().is_none());
    }
}
