//! Indexes kept between processes: the second opening of a granule costs no metadata request.
//!
//! One file per object and opened group, in a [`CacheFolder`]. It holds the address, the version (size and entity
//! tag) that the index was made from, what was read besides, and the index itself, which carries its own version.
//! A file that cannot be used for any reason is treated as absent; it is rewritten by the next opening.
//! The first read of pixels sends the remembered entity tag as `If-Match`, so a replaced object is an error, never a
//! wrong number.
//!
//! Beside them lie answers of the catalogue, one file per query, compressed (which carries a checksum): what a search
//! without network is answered with.

mod folder;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use swath_hdf5::{Index, OpenHints};

use crate::error::{Error, ErrorKind, Result};
use crate::http::{pack, unpack};
use crate::store::Version;

use folder::CacheFolder;

/// A folder of saved indexes.
#[derive(Debug, Clone)]
pub(crate) struct IndexCache {
    folder: CacheFolder,
}

/// What is saved about one object.
#[derive(Debug, Clone)]
pub(crate) struct Saved {
    pub(crate) version: Version,
    /// The ends of coordinate axes by group path; see `tree::grids`.
    pub(crate) axes: BTreeMap<String, crate::tree::GridAxes>,
    pub(crate) index: Index,
}

/// The first line of a cache file; the index follows it.
#[derive(Serialize, Deserialize)]
struct Header {
    address: String,
    group: String,
    size: u64,
    tag: Option<String>,
    axes: BTreeMap<String, crate::tree::GridAxes>,
}

/// Which object and which group of it something saved is about.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Named {
    pub(crate) address: String,
    pub(crate) group: String,
}

impl Saved {
    /// One line of JSON that names the object, then the index.
    pub(crate) fn to_bytes(&self, address: &str, group: &str) -> Result<Vec<u8>> {
        let header = Header {
            address: address.to_owned(),
            group: group.to_owned(),
            size: self.version.size,
            tag: self.version.tag.clone(),
            axes: self.axes.clone(),
        };
        let mut bytes = serde_json::to_vec(&header).map_err(|why| {
            Error::new(ErrorKind::Internal, format!("the index of {address} cannot be kept")).because(why)
        })?;
        bytes.push(b'\n');
        bytes.extend_from_slice(&self.index.to_bytes()?);
        Ok(bytes)
    }

    /// What [`Saved::to_bytes`] made; `None` for anything else.
    pub(crate) fn from_bytes(bytes: &[u8]) -> Option<(Named, Self)> {
        let end = bytes.iter().position(|byte| *byte == b'\n')?;
        let header: Header = serde_json::from_slice(&bytes[..end]).ok()?;
        let index = Index::from_bytes(&bytes[end + 1..]).ok()?;
        let version = Version { size: header.size, tag: header.tag };
        let named = Named { address: header.address, group: header.group };
        Some((named, Self { version, axes: header.axes, index }))
    }
}

impl IndexCache {
    /// A cache in `folder` of at most so many bytes.
    pub(crate) fn new(folder: PathBuf, max_bytes: u64) -> Self {
        Self { folder: CacheFolder::new(folder, max_bytes) }
    }

    pub(crate) fn folder(&self) -> &Path {
        self.folder.path()
    }

    pub(crate) fn max_bytes(&self) -> u64 {
        self.folder.max_bytes()
    }

    /// Whether what is kept can be had back: there is a folder, it may be written, and there is space.
    pub(crate) fn can_keep(&self) -> bool {
        let (key, content) = (["trial", &std::process::id().to_string()], [0x5a; 4096]);
        self.folder.save(&key, &content);
        let kept = self.folder.load(&key).as_deref() == Some(&content);
        self.folder.forget(&key);
        kept
    }

    /// `$XDG_CACHE_HOME/swath/index`, or the platform's own place for caches.
    pub(crate) fn default_folder(xdg_cache_home: Option<&str>) -> Option<PathBuf> {
        use etcetera::BaseStrategy as _;
        let base = match xdg_cache_home.map(PathBuf::from).filter(|path| path.is_absolute()) {
            Some(base) => base,
            None => etcetera::choose_base_strategy().ok()?.cache_dir(),
        };
        Some(base.join("swath").join("index"))
    }

    /// The saved index of `group` in the object at `address`, if there is a usable one.
    pub(crate) fn load(&self, address: &str, group: &str) -> Option<Saved> {
        let (named, saved) = Saved::from_bytes(&self.folder.load(&[address, group])?)?;
        (named.address == address && named.group == group).then_some(saved)
    }

    /// Saves an index. A cache that cannot be written is no reason to fail: the next opening reads cold again.
    pub(crate) fn save(&self, address: &str, group: &str, saved: &Saved) {
        if let Ok(bytes) = saved.to_bytes(address, group) {
            self.folder.save(&[address, group], &bytes);
        }
    }

    /// Forgets what is saved about an object that has turned out to be another one.
    pub(crate) fn forget(&self, address: &str, group: &str) {
        self.folder.forget(&[address, group]);
    }

    /// Where the metadata of a granule was that shares this key with others.
    pub(crate) fn load_hints(&self, key: &str) -> Option<OpenHints> {
        serde_json::from_slice(&self.folder.load(&[HINTS, key])?).ok()
    }

    /// Saves where metadata was; as with indexes, if it cannot be saved nothing is lost.
    pub(crate) fn save_hints(&self, key: &str, hints: &OpenHints) {
        if let Ok(bytes) = serde_json::to_vec(hints) {
            self.folder.save(&[HINTS, key], &bytes);
        }
    }

    /// The catalogue's last answer to a query, and when it was given.
    pub(crate) fn load_answer(&self, address: &str, query: &str) -> Option<(Timestamp, Vec<u8>)> {
        let mut bytes = unpack(&self.folder.load(&[ANSWER, address, query])?, MAX_ANSWER_BYTES).ok()?;
        let end = bytes.iter().position(|byte| *byte == b'\n')?;
        let header: AnswerHeader = serde_json::from_slice(&bytes[..end]).ok()?;
        let is_it = header.address == address && header.query == query;
        bytes.drain(..=end);
        is_it.then_some((header.given, bytes))
    }

    /// Saves an answer. As with indexes, one that cannot be saved is no reason to fail.
    pub(crate) fn save_answer(&self, address: &str, query: &str, answer: &[u8], given: Timestamp) {
        let header = AnswerHeader { address: address.to_owned(), query: query.to_owned(), given };
        let Ok(mut bytes) = serde_json::to_vec(&header) else { return };
        bytes.push(b'\n');
        bytes.extend_from_slice(answer);
        if bytes.len() as u64 > MAX_ANSWER_BYTES {
            return;
        }
        if let Ok(packed) = pack(&bytes) {
            self.folder.save(&[ANSWER, address, query], &packed);
        }
    }
}

/// What hints are filed under.
const HINTS: &str = "places of metadata";

/// What answers are filed under.
const ANSWER: &str = "answer of the catalogue";

/// The first line of a saved answer; the answer follows it.
#[derive(Serialize, Deserialize)]
struct AnswerHeader {
    address: String,
    query: String,
    given: Timestamp,
}

/// A longer answer (some 15,000 granules) is not kept.
const MAX_ANSWER_BYTES: u64 = 256 << 20;
