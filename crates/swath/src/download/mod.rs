//! Whole files on the disk: in parallel, resumed where they stopped, checked before they get their names.
//!
//! A file is fetched in pieces of one version of the object (size and entity tag) into a hidden part beside its final
//! place. After each piece a journal says how much is safely on the disk, so that a download that was killed goes on from there.
//! Only when length, first bytes and, where the catalogue tells one, the checksum are right does the part get its name.
//!
//! ```no_run
//! # async fn example(session: swath::Session) -> swath::Result<()> {
//! use swath::download::{DownloadOptions, FileSet};
//! let name = "NISAR_L2_PR_GCOV_005_172_A_008_2005_DHDH_A_20251122T024618_20251122T024652_X05009_N_F_J_001";
//! let options = DownloadOptions::new("granules").files(vec![FileSet::Data, FileSet::Qa]);
//! let report = session.download(&[name.to_owned()], &options).await?;
//! for file in &report.done {
//!     println!("{} {} bytes", file.path.display(), file.bytes);
//! }
//! # Ok(())
//! # }
//! ```

mod file;
mod part;
mod wanted;

use std::fmt;
use std::path::PathBuf;
use std::str::FromStr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use futures::stream::{self, StreamExt};

use crate::error::{Error, ErrorKind, Result};
use crate::export::Existing;
use crate::granule::{FileKind, shown};
use crate::session::{Deadline, Session};
use crate::store::{Access, Door};

/// A group of a granule's files.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum FileSet {
    /// The product itself.
    Data,
    /// Quality statistics, report and summary.
    Qa,
    /// Browse picture and thumbnail.
    Browse,
    /// ISO metadata, run configuration, outline, checksum.
    Metadata,
    /// All that is public.
    All,
}

impl FileSet {
    const WORDS: &'static [(&'static str, Self)] = &[
        ("data", Self::Data),
        ("qa", Self::Qa),
        ("browse", Self::Browse),
        ("metadata", Self::Metadata),
        ("all", Self::All),
    ];

    /// Whether a file of this kind belongs to it. The producer's own files, which are not public, belong to none.
    pub fn holds(self, kind: FileKind) -> bool {
        match kind {
            FileKind::Private => false,
            _ if self == Self::All => true,
            FileKind::Data => self == Self::Data,
            FileKind::QaStatistics | FileKind::QaReport | FileKind::QaSummary => self == Self::Qa,
            FileKind::Browse | FileKind::Thumbnail => self == Self::Browse,
            _ => self == Self::Metadata,
        }
    }
}

impl FromStr for FileSet {
    type Err = Error;

    /// A usage error that lists the words, for any other.
    fn from_str(text: &str) -> Result<Self> {
        let found = Self::WORDS.iter().find(|(word, _)| word.eq_ignore_ascii_case(text.trim()));
        found.map(|(_, set)| *set).ok_or_else(|| {
            Error::usage(format!("there are no files of the kind {:?}", shown(text)))
                .with_hint("it may be data, qa, browse, metadata, all, or several of them with commas")
        })
    }
}

/// What happens to a file, as it happens.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Progress<'a> {
    /// A file of `size` bytes is begun, of which `have` are there from an earlier time.
    Begun {
        /// Name of the file.
        name: &'a str,
        /// Bytes it has.
        size: u64,
        /// Bytes that need not be fetched.
        have: u64,
    },
    /// More bytes are on the disk.
    Received {
        /// Name of the file.
        name: &'a str,
        /// How many.
        bytes: u64,
    },
    /// The file is done, or has failed.
    Ended {
        /// Name of the file.
        name: &'a str,
    },
}

/// Is told what happens.
pub type Observer = Arc<dyn Fn(Progress<'_>) + Send + Sync>;

/// How to download.
#[derive(Clone)]
pub struct DownloadOptions {
    pub(super) folder: PathBuf,
    pub(super) files: Option<Vec<FileSet>>,
    pub(super) existing: Existing,
    pub(super) access: Option<Access>,
    pub(super) max_bytes: u64,
    pub(super) deadline: Option<Deadline>,
    pub(super) at_once: usize,
    pub(super) piece_bytes: u64,
    pub(super) observer: Option<Observer>,
}

impl fmt::Debug for DownloadOptions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("DownloadOptions").field("folder", &self.folder).finish_non_exhaustive()
    }
}

impl DownloadOptions {
    /// The products themselves into `folder`, by the session's access, four at a time; files that are there already stay.
    pub fn new(folder: impl Into<PathBuf>) -> Self {
        Self {
            folder: folder.into(),
            files: None,
            existing: Existing::Refuse,
            access: None,
            max_bytes: u64::MAX,
            deadline: None,
            at_once: 4,
            piece_bytes: 8 << 20,
            observer: None,
        }
    }

    /// Which files of each granule. Without it a name stands for the product itself, and a URL for itself alone; with it
    /// both stand for their granule.
    #[must_use]
    pub fn files(mut self, files: Vec<FileSet>) -> Self {
        self.files = Some(files);
        self
    }

    /// What to do with a file of the same name that is another one. One that is the same is never fetched again.
    #[must_use]
    pub fn existing(mut self, existing: Existing) -> Self {
        self.existing = existing;
        self
    }

    /// By which door the archive is read, in place of the session's own choice.
    #[must_use]
    pub fn access(mut self, access: Access) -> Self {
        self.access = Some(access);
        self
    }

    /// Refuse to begin when the files are longer than this together. The catalogue tells the lengths; a file that it knows nothing of
    /// is refused when its own length is known and would go beyond.
    #[must_use]
    pub fn max_bytes(mut self, bytes: u64) -> Self {
        self.max_bytes = bytes;
        self
    }

    /// Files that are not whole by then fail with a timeout error, and are gone on with by the next download.
    #[must_use]
    pub fn deadline(mut self, deadline: Deadline) -> Self {
        self.deadline = Some(deadline);
        self
    }

    /// Files fetched at the same time; each has up to four pieces on their way.
    #[must_use]
    pub fn at_once(mut self, files: usize) -> Self {
        self.at_once = files.clamp(1, 64);
        self
    }

    /// Bytes of a piece: what a killed download may lose, and a quarter of what each file holds in memory.
    #[must_use]
    pub fn piece_bytes(mut self, bytes: u64) -> Self {
        self.piece_bytes = bytes.clamp(1 << 10, 1 << 30);
        self
    }

    /// Told of every step.
    #[must_use]
    pub fn observer(mut self, observer: impl Fn(Progress<'_>) + Send + Sync + 'static) -> Self {
        self.observer = Some(Arc::new(observer));
        self
    }

    fn tell(&self, step: Progress<'_>) {
        if let Some(observer) = &self.observer {
            observer(step);
        }
    }
}

/// How a file came to be there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Outcome {
    /// It was fetched from its first byte to its last.
    Fetched,
    /// It was begun earlier; what was missing from this byte on was fetched.
    Resumed {
        /// Bytes that were there.
        from: u64,
    },
    /// It was there, whole.
    Unchanged,
}

impl Outcome {
    /// One word: `fetched`, `resumed`, `unchanged`.
    pub fn word(self) -> &'static str {
        match self {
            Self::Fetched => "fetched",
            Self::Resumed { .. } => "resumed",
            Self::Unchanged => "unchanged",
        }
    }
}

/// A file that is whole on the disk.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Downloaded {
    /// Where it is.
    pub path: PathBuf,
    /// Its size.
    pub bytes: u64,
    /// How it came there.
    pub outcome: Outcome,
    /// The checksum algorithm it was checked with, where the catalogue tells a sum.
    pub checked: Option<String>,
    /// What was asked for it, without secrets.
    pub address: String,
    /// The door by which the archive gave it; `None` when nothing had to be fetched, or from elsewhere.
    pub door: Option<Door>,
}

/// What could not be downloaded.
#[derive(Debug)]
#[non_exhaustive]
pub struct FailedDownload {
    /// What was asked for: an address, a name.
    pub source: String,
    /// Which of its files, if the source could be told to mean any.
    pub address: Option<String>,
    /// Why not.
    pub error: Error,
}

/// What came of a download.
#[derive(Debug, Default)]
#[non_exhaustive]
pub struct DownloadReport {
    /// Files that are whole, in the order of the sources.
    pub done: Vec<Downloaded>,
    /// What failed, in the order of the sources.
    pub failed: Vec<FailedDownload>,
}

/// What may be downloaded, of which the files of known length take their part.
struct Budget {
    max_bytes: u64,
    taken: AtomicU64,
}

impl Budget {
    fn of(max_bytes: u64, known: u64) -> Result<Self> {
        match known > max_bytes {
            true => Err(too_much("the files are", known, max_bytes)),
            false => Ok(Self { max_bytes, taken: AtomicU64::new(known) }),
        }
    }

    /// A file whose length was not known before.
    fn take(&self, length: u64) -> Result<()> {
        let all = self.taken.fetch_add(length, Ordering::Relaxed).saturating_add(length);
        if all > self.max_bytes { Err(too_much("with this file it is", all, self.max_bytes)) } else { Ok(()) }
    }
}

fn too_much(what: &str, asked: u64, allowed: u64) -> Error {
    let (asked, allowed) = (asked as f64 / 1e6, allowed as f64 / 1e6);
    Error::new(ErrorKind::Limit, format!("{what} {asked:.1} MB, {allowed:.1} MB are allowed"))
        .with_hint("download fewer files, or read just the pixels (swath stats, swath quicklook)")
}

impl Session {
    /// Downloads files by URL (`https://`, `s3://`) or by name of a granule or of one of its files. One that fails does not
    /// stop the others. What stopped half way is kept as a hidden part, and the next call goes on from there.
    ///
    /// # Errors
    /// A local error when the folder cannot be made, a usage error when there is nothing to download, a limit error when it is more than
    /// was allowed. What goes wrong with
    /// a file is in the report: whatever login, service and network may fail with; an integrity error when size,
    /// first bytes or checksum are not as they should be; a local error when the disk fails.
    pub async fn download(&self, sources: &[String], options: &DownloadOptions) -> Result<DownloadReport> {
        if sources.is_empty() {
            return Err(Error::usage("nothing to download was given: a URL, or the name of a granule"));
        }
        std::fs::create_dir_all(&options.folder).map_err(|reason| {
            let what = format!("the folder {} cannot be made", options.folder.display());
            Error::new(ErrorKind::Local, what).because(reason)
        })?;
        let wanted = wanted::wanted(self, sources, options).await;
        // What is there already is not fetched again.
        let is_there = |file: &wanted::Wanted| {
            let there = std::fs::symlink_metadata(options.folder.join(&file.name));
            there.is_ok_and(|there| Some(there.len()) == file.size)
        };
        let absent = wanted.iter().flatten().filter(|file| !is_there(file));
        let known = absent.filter_map(|file| file.size);
        let budget = &Budget::of(options.max_bytes, known.fold(0, u64::saturating_add))?;
        // A list, not an iterator: that would keep the future from being spawned (the compiler cannot see it is Send).
        let files: Vec<_> = wanted
            .into_iter()
            .enumerate()
            .map(|(place, one)| async move { (place, file::fetch(self, one, options, budget).await) })
            .collect();
        // Whoever ends first makes room for the next: a slow file holds up no other.
        let mut ended: Vec<_> = stream::iter(files).buffer_unordered(options.at_once).collect().await;
        ended.sort_by_key(|(place, _)| *place);
        let mut report = DownloadReport::default();
        for (_, outcome) in ended {
            match outcome {
                Ok(done) => report.done.push(done),
                Err(failed) => report.failed.push(failed),
            }
        }
        Ok(report)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn kinds_of_files_are_words_and_the_producers_own_are_none() {
        assert_eq!("QA".parse::<FileSet>().unwrap(), FileSet::Qa);
        assert!("pictures".parse::<FileSet>().is_err());
        for (_, set) in FileSet::WORDS {
            assert!(!set.holds(FileKind::Private));
        }
        assert!(FileSet::Data.holds(FileKind::Data) && !FileSet::Data.holds(FileKind::QaStatistics));
        assert!(FileSet::Metadata.holds(FileKind::Outline) && FileSet::All.holds(FileKind::Thumbnail));
    }
}
