//! A folder of derived bytes: each file whole or absent, proved by a digest, the least recently used removed first.
//!
//! Any number of processes share it without a lock: a file appears under its name by a rename, is never changed
//! afterwards, and one that is removed under a reader stays readable to it. What cannot be read, written or believed is
//! as good as absent, so a folder that is full, read-only or damaged costs time and never an answer.

use std::fs::{self, File};
use std::io::Read;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, SystemTime};

use sha2_sums::{Digest, Sha256};

use crate::export::{Existing, write_whole};

/// A bounded folder of files, each named by the digest of what it is about.
#[derive(Debug, Clone)]
pub(crate) struct CacheFolder {
    folder: PathBuf,
    max_bytes: u64,
    /// Bytes saved by this process since it last looked at the whole folder; everything before it has.
    saved: Arc<AtomicU64>,
}

/// The part of the bound that a process may save before it looks at the whole folder again, so that a folder of ten thousand files is
/// not listed at every save: a twentieth. The bound is kept to within as much.
const UNSEEN: u64 = 20;

/// What every file begins with; the digest of all that follows its line comes next.
const HEAD: &[u8] = b"swath-cache 1 ";
/// Length of a SHA-256 digest in hexadecimal.
const DIGEST: usize = 64;
/// How the files are called.
const EXTENSION: &str = "index";
/// No index of a product is near this size; what is larger was not written by us.
const MAX_FILE_BYTES: u64 = 64 << 20;
/// A temporary file of this age was left by a process that was killed.
const ABANDONED: Duration = Duration::from_secs(3600);

impl CacheFolder {
    /// The folder at this path, which need not be there yet, holding at most so many bytes.
    pub(crate) fn new(folder: PathBuf, max_bytes: u64) -> Self {
        Self { folder, max_bytes, saved: Arc::new(AtomicU64::new(u64::MAX)) }
    }

    pub(crate) fn path(&self) -> &Path {
        &self.folder
    }

    pub(crate) fn max_bytes(&self) -> u64 {
        self.max_bytes
    }

    /// What is kept about `key`, if all of it is there.
    pub(crate) fn load(&self, key: &[&str]) -> Option<Vec<u8>> {
        let path = self.file(key);
        let mut bytes = Vec::new();
        File::open(&path).ok()?.take(MAX_FILE_BYTES + 1).read_to_end(&mut bytes).ok()?;
        let content = proved(&bytes)?;
        let begin = bytes.len() - content.len();
        touch(&path);
        Some(bytes.split_off(begin))
    }

    /// Keeps `content` about `key` in place of anything older, and makes room for it.
    pub(crate) fn save(&self, key: &[&str], content: &[u8]) {
        let length = (HEAD.len() + DIGEST + 1 + content.len()) as u64;
        if length > self.max_bytes.min(MAX_FILE_BYTES) || fs::create_dir_all(&self.folder).is_err() {
            return;
        }
        let digest = hexadecimal(&Sha256::digest(content));
        // A disk that is full is no reason to fail: the next opening reads cold again.
        let _ = write_whole(&self.file(key), Existing::Replace, |file| {
            file.write_all(HEAD)?;
            file.write_all(digest.as_bytes())?;
            file.write_all(b"\n")?;
            Ok(file.write_all(content)?)
        });
        let saved = self.saved.load(Ordering::Relaxed).saturating_add(length);
        self.saved.store(saved, Ordering::Relaxed);
        if saved > self.max_bytes / UNSEEN {
            self.saved.store(0, Ordering::Relaxed);
            self.sweep(SystemTime::now());
        }
    }

    /// Forgets what is kept about `key`.
    pub(crate) fn forget(&self, key: &[&str]) {
        let _ = fs::remove_file(self.file(key));
    }

    /// Removes what was used longest ago until the rest fits, and what killed processes left. Files of others stay.
    fn sweep(&self, now: SystemTime) {
        let Ok(entries) = fs::read_dir(&self.folder) else { return };
        let mut kept = Vec::new();
        for entry in entries.flatten() {
            let (path, Ok(data)) = (entry.path(), entry.metadata()) else { continue };
            let used = data.modified().unwrap_or(SystemTime::UNIX_EPOCH);
            if is_entry(&path) {
                kept.push((used, data.len(), path));
            } else if is_part(&path) && now.duration_since(used).is_ok_and(|age| age > ABANDONED) {
                let _ = fs::remove_file(path);
            }
        }
        let mut bytes = kept.iter().map(|(_, length, _)| length).sum::<u64>();
        kept.sort();
        for (_, length, path) in kept {
            if bytes <= self.max_bytes {
                break;
            }
            // Another process may have removed it already; either way it is gone.
            let _ = fs::remove_file(path);
            bytes = bytes.saturating_sub(length);
        }
    }

    fn file(&self, key: &[&str]) -> PathBuf {
        let mut digest = Sha256::new();
        for part in key {
            // With its length, so that no two lists of parts are one text.
            digest.update((part.len() as u64).to_le_bytes());
            digest.update(part.as_bytes());
        }
        self.folder.join(format!("{}.{EXTENSION}", hexadecimal(&digest.finalize())))
    }
}

/// The content of a file's bytes, if they are those that were written.
fn proved(bytes: &[u8]) -> Option<&[u8]> {
    let (digest, rest) = bytes.strip_prefix(HEAD)?.split_at_checked(DIGEST)?;
    let content = rest.strip_prefix(b"\n")?;
    (hexadecimal(&Sha256::digest(content)).as_bytes() == digest).then_some(content)
}

fn hexadecimal(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// Says that a file was used now: its time of change is its time of use. A folder that may only be read forgets it.
fn touch(path: &Path) {
    let file = File::options().append(true).open(path);
    let _ = file.and_then(|file| file.set_modified(SystemTime::now()));
}

fn is_entry(path: &Path) -> bool {
    let stem = path.file_stem().and_then(|stem| stem.to_str()).unwrap_or_default();
    let is_digest = !stem.is_empty() && stem.bytes().all(|byte| byte.is_ascii_hexdigit());
    is_digest && path.extension().is_some_and(|extension| extension == EXTENSION)
}

/// Whether the file is one in the making; see [`write_whole`].
fn is_part(path: &Path) -> bool {
    let name = path.file_name().and_then(|name| name.to_str()).unwrap_or_default();
    name.starts_with('.') && name.ends_with(".part") && name.contains(&format!(".{EXTENSION}."))
}

#[cfg(test)]
mod tests;
