//! From an address to bytes: `https://`, `s3://`, a local file or memory, all behind [`Object`].
//!
//! An [`Object`] reads ranges of one version of one object. Near ranges are merged into one request, long ones split,
//! and all of a wave run together. How the bytes are reached (a redirect followed once, a signed URL reused until it
//! expires, credentials renewed) is the business of the sources below; whoever reads never sees it.

mod access;
mod address;
mod coalesce;
mod local;
mod remote;
mod signed;

use std::ops::Range;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use bytes::{Bytes, BytesMut};
use futures::future::BoxFuture;
use futures::stream::{self, BoxStream, StreamExt, TryStreamExt};
use swath_hdf5::{Fetched, ReadError, ReadRanges};

use crate::auth::{CredentialSource, Login};
use crate::error::{Error, ErrorKind, Result};
use crate::http::{Http, Ledger, same_origin};
use remote::Routes;

pub(crate) use access::Doors;
pub use access::{Access, AccessChoice, Door};
pub use address::Address;
pub(crate) use coalesce::Coalescing;
pub(crate) use signed::S3Endpoint;

/// Which version of an object is being read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Version {
    /// Size in bytes.
    pub size: u64,
    /// Entity tag as the server gives it, or the time of the last change of a local file.
    pub tag: Option<String>,
}

impl Version {
    /// Whether both may be the same version: an answer without bytes names no tag.
    fn agrees(&self, other: &Self) -> bool {
        self.size == other.size && (self.tag == other.tag || self.tag.is_none() || other.tag.is_none())
    }
}

/// One part of an object, with the version it came from.
#[derive(Debug)]
pub(crate) struct Part {
    pub(crate) bytes: Bytes,
    pub(crate) version: Version,
}

/// Where one object's bytes come from: one range, one answer. Everything else is the same for all and lives in
/// [`Object`].
pub(crate) trait Source: Send + Sync + std::fmt::Debug {
    /// Reads a range of `known` (any version when `None`), cut at the end of the object.
    fn read<'a>(&'a self, range: Range<u64>, known: Option<&'a Version>) -> BoxFuture<'a, Result<Part>>;

    /// The door of the archive by which the last bytes came.
    fn door(&self) -> Option<Door> {
        None
    }
}

/// One object of the archive, opened for reading ranges.
#[derive(Debug)]
pub struct Object {
    address: Address,
    source: Box<dyn Source>,
    coalescing: Coalescing,
    version: Mutex<Option<Version>>,
    ledger: Ledger,
    waves: AtomicU64,
}

/// Ranges of one wave that are on their way together.
const IN_FLIGHT: usize = 16;

impl Object {
    fn new(address: Address, source: Box<dyn Source>, coalescing: Coalescing, ledger: Ledger) -> Self {
        Self { address, source, coalescing, version: Mutex::default(), ledger, waves: AtomicU64::new(0) }
    }

    /// An object whose bytes are all in memory.
    pub fn in_memory(name: &str, bytes: Bytes) -> Self {
        let (source, address) = (Box::new(local::Memory(bytes)), Address::memory(name));
        Self::new(address, source, Coalescing::LOCAL, Ledger::default())
    }

    /// What the object is called: an address without secrets.
    pub fn address(&self) -> &Address {
        &self.address
    }

    /// The door of the archive by which it is read; known after the first read, and of the archive alone.
    pub fn door(&self) -> Option<Door> {
        self.source.door()
    }

    /// The version being read; known after the first read.
    pub fn version(&self) -> Option<Version> {
        self.version.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// The account of this object's requests.
    pub fn ledger(&self) -> &Ledger {
        &self.ledger
    }

    /// Rounds of requests so far: how many times a read had to wait for the network.
    pub fn waves(&self) -> u64 {
        self.waves.load(Ordering::Relaxed)
    }

    /// Remembers the version that an index was made from, so that the first read checks it.
    pub(crate) fn expect_version(&self, version: Version) {
        *self.version.lock().unwrap_or_else(PoisonError::into_inner) = Some(version);
    }

    /// Reads one range as one request.
    pub(crate) async fn read(&self, range: Range<u64>) -> Result<Bytes> {
        let known = self.version();
        let part = self.source.read(range, known.as_ref()).await?;
        let mut version = self.version.lock().unwrap_or_else(PoisonError::into_inner);
        match version.as_ref() {
            Some(seen) if !seen.agrees(&part.version) => Err(Error::new(
                ErrorKind::Integrity,
                format!("{} was replaced while it was read", self.address),
            )
            .with_hint("run the command again")),
            Some(Version { tag: Some(_), .. }) => Ok(part.bytes),
            _ => {
                *version = Some(part.version);
                Ok(part.bytes)
            }
        }
    }

    /// Reads ranges as one wave and yields each as it arrives, with its place in `ranges`.
    pub(crate) fn read_each<'a>(&'a self, ranges: &[Range<u64>]) -> BoxStream<'a, Result<(usize, Bytes)>> {
        if ranges.is_empty() {
            return stream::empty().boxed();
        }
        self.waves.fetch_add(1, Ordering::Relaxed);
        let requests = self.coalescing.requests(ranges);
        let alone = requests.len() == 1;
        stream::iter(requests)
            .map(move |request| async move {
                let bytes = self.read_parallel(request.range.clone(), alone).await?;
                let cut = |member: &(usize, Range<u64>)| {
                    let place = |at: u64| (at.saturating_sub(request.range.start) as usize).min(bytes.len());
                    (member.0, bytes.slice(place(member.1.start)..place(member.1.end)))
                };
                Ok::<_, Error>(request.members.iter().map(cut).collect::<Vec<_>>())
            })
            .buffer_unordered(IN_FLIGHT)
            .map_ok(|parts| stream::iter(parts.into_iter().map(Ok)))
            .try_flatten()
            .boxed()
    }

    /// One request, or several when the range is so long that one stream would be slower.
    async fn read_parallel(&self, range: Range<u64>, alone: bool) -> Result<Bytes> {
        let pieces = self.coalescing.split(&range, alone);
        if pieces.len() == 1 {
            return self.read(range).await;
        }
        let parts: Vec<Bytes> =
            stream::iter(pieces).map(|piece| self.read(piece)).buffered(IN_FLIGHT).try_collect().await?;
        let mut whole = BytesMut::with_capacity(parts.iter().map(Bytes::len).sum());
        parts.iter().for_each(|part| whole.extend_from_slice(part));
        Ok(whole.freeze())
    }
}

impl ReadRanges for Object {
    fn read_ranges<'a>(&'a self, ranges: &'a [Range<u64>]) -> BoxFuture<'a, Result<Fetched, ReadError>> {
        Box::pin(async move {
            let mut parts = vec![Bytes::new(); ranges.len()];
            let mut arriving = self.read_each(ranges);
            while let Some((place, bytes)) = arriving.try_next().await? {
                parts[place] = bytes;
            }
            let size = self.version().map_or(0, |version| version.size);
            Ok(Fetched { parts, size })
        })
    }
}

/// Opens objects by address.
#[derive(Debug, Clone)]
pub(crate) struct Store {
    pub(crate) http: Http,
    pub(crate) login: Arc<Login>,
    pub(crate) credentials: Arc<CredentialSource>,
    pub(crate) s3_endpoint: Option<S3Endpoint>,
    pub(crate) doors: Arc<Doors>,
}

impl Store {
    /// Opens an object; nothing is read yet.
    ///
    /// # Errors
    /// A usage error when the address is of no kind that can be read, names a local file that does not exist, or has no such
    /// door as the session is to use.
    pub(crate) fn open(&self, address: &Address) -> Result<Object> {
        self.open_by(address, self.doors.asked())
    }

    /// As [`Store::open`], by the door that `access` names.
    ///
    /// # Errors
    /// As [`Store::open`].
    pub(crate) fn open_by(&self, address: &Address, access: Access) -> Result<Object> {
        let ledger = self.http.ledger().child();
        let http = self.http.with_ledger(ledger.clone());
        let (source, coalescing): (Box<dyn Source>, _) = match address {
            Address::Local(path) => (Box::new(local::LocalFile::open(path)?), Coalescing::LOCAL),
            Address::Https(_) | Address::S3 { .. } => {
                (Box::new(remote::Remote::new(http, self.routes(address, access)?)), Coalescing::REMOTE)
            }
            Address::Memory(name) => {
                return Err(Error::usage(format!("{name} is in memory, not in an archive")));
            }
        };
        Ok(Object::new(address.clone(), source, coalescing, ledger))
    }

    /// The ways to an object that may be tried.
    fn routes(&self, address: &Address, access: Access) -> Result<Routes> {
        let given = if matches!(address, Address::S3 { .. }) { Door::S3 } else { Door::Https };
        let mut routes = Routes { given, doors: self.doors.clone(), gateway: None, s3: None };
        let https = address.behind(self.credentials.address());
        let no_door = |what: &str, hint: &str| Err(Error::usage(format!("{address} {what}")).with_hint(hint));
        match (access, given, &https) {
            (Access::S3, ..) | (_, Door::S3, None) => {}
            (.., Some(Address::Https(url))) => {
                routes.gateway = Some(remote::Gateway { login: self.login.clone(), url: url.clone() });
            }
            _ => {}
        }
        // Another server's address is its own, whatever it looks like.
        let s3 = if self.is_archive(address) { address.direct_access() } else { None };
        if let (Access::Auto | Access::S3, Some(Address::S3 { bucket, key })) = (access, &s3) {
            let location = signed::S3Location::new(self.s3_endpoint.as_ref(), bucket, key)?;
            let url = location.plain_url()?;
            routes.s3 = Some(remote::Direct { credentials: self.credentials.clone(), location, url });
        }
        match access {
            Access::S3 if routes.s3.is_none() => {
                no_door("is not known to be in S3", "read it with the access auto or https")
            }
            Access::Https if routes.gateway.is_none() => {
                no_door("is not known to be behind the gateway", "read it with the access auto or s3")
            }
            _ => Ok(routes),
        }
    }

    /// Whether an address leads to the archive that the credentials are for.
    fn is_archive(&self, address: &Address) -> bool {
        match address {
            Address::Https(url) => same_origin(url.secret(), self.credentials.address().secret()),
            Address::S3 { .. } => true,
            Address::Local(_) | Address::Memory(_) => false,
        }
    }
}

#[cfg(test)]
mod tests;
