//! A file in the making: a hidden part beside its final place, and a journal of how far it is.

use std::fs::{File, OpenOptions, TryLockError};
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};
use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::error::{Error, ErrorKind, Result};
use crate::export::{Existing, sync_folder, write_whole};
use crate::store::Version;

/// Tries to hold a part, a tenth of a second apart.
const PATIENCE: usize = 30;

/// A part, held by this process alone.
#[derive(Debug)]
pub(super) struct Part {
    file: File,
    path: PathBuf,
    hidden: PathBuf,
    /// Bytes that are safely there.
    pub(super) length: u64,
}

/// What the part is a part of, and how much of it is on the disk for good.
#[derive(Debug, Serialize, Deserialize)]
struct Journal {
    address: String,
    size: u64,
    tag: Option<String>,
    whole: u64,
}

impl Part {
    /// The part of the file at `path`: what an earlier download left, or an empty one.
    pub(super) fn open(path: &Path) -> Result<Self> {
        let hidden = beside(path, "part");
        let failed = |reason: io::Error| unwritten(path, reason);
        let file = OpenOptions::new()
            .read(true)
            .write(true)
            .create(true)
            .truncate(false)
            .open(&hidden)
            .map_err(failed)?;
        if !is_ours(&file) {
            let what = format!("{} is being downloaded by someone else", path.display());
            return Err(Error::new(ErrorKind::Local, what).with_hint("wait until that download has ended"));
        }
        Ok(Self { file, path: path.to_owned(), hidden, length: 0 })
    }

    /// The version of `address` that the part is of, when enough is known to go on and its size is the one expected; the
    /// part is cut to what is safe.
    pub(super) fn resume(&mut self, address: &str, size: Option<u64>) -> Result<Option<Version>> {
        let journal = std::fs::read(self.journal()).ok();
        let journal = journal.and_then(|bytes| serde_json::from_slice::<Journal>(&bytes).ok());
        let there = self.file.metadata().map_err(|reason| unwritten(&self.path, reason))?.len();
        match journal {
            // Without a tag nothing would tell that the object is another one by now.
            Some(known)
                if known.address == address
                    && size.is_none_or(|size| size == known.size)
                    && known.tag.as_ref().is_some_and(|tag| !tag.starts_with("W/"))
                    && known.whole <= there.min(known.size)
                    && known.whole > 0 =>
            {
                self.cut(known.whole)?;
                Ok(Some(Version { size: known.size, tag: known.tag }))
            }
            _ => {
                self.cut(0)?;
                Ok(None)
            }
        }
    }

    /// Leaves only the first bytes.
    pub(super) fn cut(&mut self, length: u64) -> Result<()> {
        self.length = length;
        let end = self.file.set_len(length).and_then(|()| self.file.seek(SeekFrom::Start(length)));
        end.map(drop).map_err(|reason| unwritten(&self.path, reason))
    }

    /// Adds bytes at the end, and says in the journal that they are safe.
    pub(super) fn append(&mut self, bytes: &[u8], address: &str, version: &Version) -> Result<()> {
        let written = self.file.write_all(bytes).and_then(|()| self.file.sync_data());
        written.map_err(|reason| unwritten(&self.path, reason))?;
        self.length += bytes.len() as u64;
        let journal = Journal {
            address: address.to_owned(),
            size: version.size,
            tag: version.tag.clone(),
            whole: self.length,
        };
        let text = serde_json::to_vec(&journal)
            .map_err(|why| Error::new(ErrorKind::Internal, "the journal cannot be written").because(why))?;
        write_whole(&self.journal(), Existing::Replace, |file| Ok(file.write_all(&text)?))
    }

    /// Reads the part from its beginning, block by block.
    pub(super) fn each_block(&mut self, mut take: impl FnMut(&[u8])) -> Result<()> {
        let mut block = vec![0; 1 << 20];
        let failed = |reason: io::Error| unwritten(&self.path, reason);
        self.file.seek(SeekFrom::Start(0)).map_err(failed)?;
        loop {
            let read = self.file.read(&mut block).map_err(failed)?;
            if read == 0 {
                return Ok(());
            }
            take(&block[..read]);
        }
    }

    /// Gives the file its name.
    pub(super) fn finish(self, existing: Existing) -> Result<()> {
        let failed = |reason: io::Error| unwritten(&self.path, reason);
        self.file.sync_all().map_err(failed)?;
        if existing == Existing::Refuse && self.path.symlink_metadata().is_ok() {
            let what = format!("{} appeared while it was downloaded", self.path.display());
            return Err(Error::usage(what).with_hint("choose another folder, or allow files to be replaced"));
        }
        std::fs::rename(&self.hidden, &self.path).map_err(failed)?;
        let _ = std::fs::remove_file(self.journal());
        sync_folder(&self.path);
        Ok(())
    }

    /// Removes what cannot be used.
    pub(super) fn discard(self) {
        let _ = std::fs::remove_file(self.journal());
        let _ = std::fs::remove_file(&self.hidden);
    }

    fn journal(&self) -> PathBuf {
        beside(&self.path, "part.json")
    }
}

impl Drop for Part {
    /// What holds nothing is nothing to go on from.
    fn drop(&mut self) {
        if self.length == 0 {
            let _ = std::fs::remove_file(self.journal());
            let _ = std::fs::remove_file(&self.hidden);
        }
    }
}

/// Whether nobody else writes the part. A download of this process that was just given up may still be at its last piece,
/// so that a moment of patience is due.
fn is_ours(file: &File) -> bool {
    for _ in 0..PATIENCE {
        match file.try_lock() {
            Ok(()) => return true,
            Err(TryLockError::WouldBlock) => std::thread::sleep(Duration::from_millis(100)),
            // Some network file systems know no locks; then two processes are the user's business.
            Err(TryLockError::Error(_)) => return true,
        }
    }
    false
}

/// `.NAME.ENDING` in the folder of `path`.
fn beside(path: &Path, ending: &str) -> PathBuf {
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    path.with_file_name(format!(".{name}.{ending}"))
}

fn unwritten(path: &Path, reason: io::Error) -> Error {
    let hint = match reason.kind() {
        io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => {
            "make room on the disk, then run the same command again: it goes on where it stopped"
        }
        io::ErrorKind::PermissionDenied | io::ErrorKind::ReadOnlyFilesystem => {
            "choose a folder that can be written"
        }
        _ => "check the disk, then run the same command again",
    };
    let what = format!("{} could not be written", path.display());
    Error::new(ErrorKind::Local, what).because(reason).with_hint(hint)
}
