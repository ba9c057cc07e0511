//! One file from its first byte to its name.

use std::ops::Range;
use std::path::{Path, PathBuf};

use bytes::Bytes;
use futures::stream::{self, StreamExt};
use md5::Md5;
use sha2_sums::digest::{Digest, DynDigest};
use sha2_sums::{Sha256, Sha512};

use super::part::Part;
use super::wanted::Wanted;
use super::{Budget, DownloadOptions, Downloaded, FailedDownload, Outcome, Progress};
use crate::error::{Error, ErrorKind, Result};
use crate::export::Existing;
use crate::granule::FileKind;
use crate::session::Session;
use crate::store::{Object, Version};

/// Pieces of one file that are on their way together.
const IN_FLIGHT: usize = 4;

/// Downloads a file, or says why not.
pub(super) async fn fetch(
    session: &Session,
    wanted: Result<Wanted, FailedDownload>,
    options: &DownloadOptions,
    budget: &Budget,
) -> Result<Downloaded, FailedDownload> {
    let wanted = wanted?;
    let work = whole(session, &wanted, options, budget);
    let done = match &options.deadline {
        Some(deadline) => deadline.limit(work).await,
        None => session.limited(work).await,
    };
    options.tell(Progress::Ended { name: &wanted.name });
    done.map_err(|error| {
        let error = error.in_context(format!("could not download {}", wanted.address));
        FailedDownload { source: wanted.source.clone(), address: Some(wanted.address.to_string()), error }
    })
}

async fn whole(
    session: &Session,
    wanted: &Wanted,
    options: &DownloadOptions,
    budget: &Budget,
) -> Result<Downloaded> {
    let path = options.folder.join(&wanted.name);
    let address = wanted.address.to_string();
    let object = opened_object(session, wanted, options)?;
    let done = |bytes, outcome, checked, door| Downloaded {
        path: path.clone(),
        bytes,
        outcome,
        checked,
        address: address.clone(),
        door,
    };
    if let Some((bytes, checked)) = there_already(&object, wanted, &path, options).await? {
        options.tell(Progress::Begun { name: &wanted.name, size: bytes, have: bytes });
        return Ok(done(bytes, Outcome::Unchanged, checked, None));
    }
    let (part, known) = opened(&path, &address, wanted.size).await?;
    let begun = Transfer { wanted, options, address: &address, budget };
    let from = part.length;
    let (part, outcome) = match known {
        Some(version) => {
            object.expect_version(version);
            match begun.run(&object, part).await {
                Ok(part) => (part, Outcome::Resumed { from }),
                // What was begun is of an object that has been replaced since: begin anew, once.
                Err(error) if error.is_integrity() => {
                    let (part, _) = opened(&path, &address, wanted.size).await?;
                    (begun.run(&opened_object(session, wanted, options)?, part).await?, Outcome::Fetched)
                }
                Err(error) => return Err(error),
            }
        }
        None => (begun.run(&object, part).await?, Outcome::Fetched),
    };
    let bytes = part.length;
    let (part, checked) = verified(part, wanted).await?;
    let existing = options.existing;
    blocking(move || part.finish(existing)).await?;
    Ok(done(bytes, outcome, checked, object.door()))
}

/// The object, by the door that these options or else the session name.
fn opened_object(session: &Session, wanted: &Wanted, options: &DownloadOptions) -> Result<Object> {
    let access = options.access.unwrap_or(session.store().doors.asked());
    session.store().open_by(&wanted.address, access)
}

/// The part of a file, and the version it is of where enough is there to go on.
async fn opened(path: &Path, address: &str, size: Option<u64>) -> Result<(Part, Option<Version>)> {
    let (path, address) = (path.to_owned(), address.to_owned());
    blocking(move || {
        let mut part = Part::open(&path)?;
        let known = part.resume(&address, size)?;
        Ok((part, known))
    })
    .await
}

/// Size and checksum of the file that has the name already, if it is the one wanted.
async fn there_already(
    object: &Object,
    wanted: &Wanted,
    path: &Path,
    options: &DownloadOptions,
) -> Result<Option<(u64, Option<String>)>> {
    let Ok(there) = std::fs::symlink_metadata(path) else { return Ok(None) };
    if !there.is_file() {
        return Err(Error::usage(format!("{} is there and is no file", path.display())));
    }
    let size = match wanted.size {
        Some(size) => size,
        // The first bytes tell the size of the whole.
        None => {
            object.read(0..16).await?;
            object.version().map_or(0, |version| version.size)
        }
    };
    if there.len() == size {
        let (path, checksum) = (path.to_owned(), wanted.checksum.clone());
        let sum = blocking(move || match checksum {
            Some((algorithm, value)) => {
                sum_of_file(&path, &algorithm).map(|sum| Some((algorithm, value, sum)))
            }
            None => Ok(None),
        })
        .await?;
        match sum {
            Some((algorithm, value, Some(sum))) if sum.eq_ignore_ascii_case(value.trim()) => {
                return Ok(Some((size, Some(algorithm))));
            }
            Some((_, _, Some(_))) => {}
            _ => return Ok(Some((size, None))),
        }
    }
    match options.existing {
        Existing::Replace => Ok(None),
        Existing::Refuse => {
            let what = format!("{} exists already and is another file", path.display());
            let why = format!("it has {} bytes; in the archive it has {size}", there.len());
            Err(Error::usage(what)
                .because(why)
                .with_hint("choose another folder, or allow files to be replaced"))
        }
    }
}

/// The transfer of one file.
struct Transfer<'a> {
    wanted: &'a Wanted,
    options: &'a DownloadOptions,
    address: &'a str,
    budget: &'a Budget,
}

impl Transfer<'_> {
    /// Fetches what the part lacks. A part that is found to be wrong is removed; any other stays for the next time.
    async fn run(&self, object: &Object, part: Part) -> Result<Part> {
        let (part, ended) = self.fill(object, part).await;
        match (part, ended) {
            (Some(part), Ok(())) => Ok(part),
            (Some(part), Err(error)) => {
                if error.is_integrity() || part.length == 0 {
                    part.discard();
                }
                Err(error)
            }
            (None, ended) => {
                let lost = || Error::new(ErrorKind::Internal, "the part was lost");
                Err(ended.err().unwrap_or_else(lost))
            }
        }
    }

    async fn fill(&self, object: &Object, part: Part) -> (Option<Part>, Result<()>) {
        let have = part.length;
        let size = match object.version() {
            Some(version) => version.size,
            None => match self.first(object).await {
                Ok(first) => return self.fill_after(object, part, first).await,
                Err(error) => return (Some(part), Err(error)),
            },
        };
        if let Err(error) = self.check_length(size) {
            return (Some(part), Err(error));
        }
        self.options.tell(Progress::Begun { name: &self.wanted.name, size, have });
        self.rest(object, part, size).await
    }

    /// What the catalogue says has been counted before.
    fn check_length(&self, size: u64) -> Result<()> {
        if self.wanted.size.is_none() { self.budget.take(size) } else { Ok(()) }
    }

    /// The first piece, which tells what the object is.
    async fn first(&self, object: &Object) -> Result<Bytes> {
        let first = object.read(0..self.options.piece_bytes).await?;
        let size = object.version().map_or(0, |version| version.size);
        if let Some(expected) = self.wanted.size.filter(|expected| *expected != size) {
            let why = format!("it has {size} bytes; the catalogue says {expected}");
            return Err(Error::new(ErrorKind::Integrity, "the file has a wrong size").because(why));
        }
        check_magic(&first, self.wanted.kind)?;
        self.check_length(size)?;
        Ok(first)
    }

    async fn fill_after(&self, object: &Object, part: Part, first: Bytes) -> (Option<Part>, Result<()>) {
        let size = object.version().map_or(first.len() as u64, |version| version.size);
        self.options.tell(Progress::Begun { name: &self.wanted.name, size, have: 0 });
        match self.append(object, part, first).await {
            (Some(part), Ok(())) => self.rest(object, part, size).await,
            failed => failed,
        }
    }

    /// Everything after what the part has, in order, several pieces on their way together.
    async fn rest(&self, object: &Object, part: Part, size: u64) -> (Option<Part>, Result<()>) {
        let pieces: Vec<Range<u64>> = (part.length..size)
            .step_by(self.options.piece_bytes as usize)
            .map(|from| from..(from + self.options.piece_bytes).min(size))
            .collect();
        let reads: Vec<_> = pieces.into_iter().map(|piece| object.read(piece)).collect();
        let mut arriving = stream::iter(reads).buffered(IN_FLIGHT);
        let mut part = part;
        while let Some(bytes) = arriving.next().await {
            let appended = match bytes {
                Ok(bytes) => self.append(object, part, bytes).await,
                Err(error) => return (Some(part), Err(error)),
            };
            match appended {
                (Some(longer), Ok(())) => part = longer,
                failed => return failed,
            }
        }
        if part.length == size {
            return (Some(part), Ok(()));
        }
        let what = format!("{} bytes came where {size} were announced", part.length);
        (Some(part), Err(Error::new(ErrorKind::Integrity, what)))
    }

    async fn append(&self, object: &Object, mut part: Part, bytes: Bytes) -> (Option<Part>, Result<()>) {
        let (address, count) = (self.address.to_owned(), bytes.len() as u64);
        let version = object.version().unwrap_or(Version { size: count, tag: None });
        let written = tokio::task::spawn_blocking(move || {
            let appended = part.append(&bytes, &address, &version);
            (part, appended)
        });
        match written.await {
            Ok((part, appended)) => {
                self.options.tell(Progress::Received { name: &self.wanted.name, bytes: count });
                (Some(part), appended)
            }
            Err(error) => (None, Err(Error::new(ErrorKind::Internal, "writing ended early").because(error))),
        }
    }
}

/// Refuses what is not what its name says: above all a web page in place of data.
fn check_magic(first: &[u8], kind: Option<FileKind>) -> Result<()> {
    let magic: &[u8] = match kind {
        Some(FileKind::Data | FileKind::QaStatistics) => b"\x89HDF\r\n\x1a\n",
        Some(FileKind::Browse | FileKind::Thumbnail) => b"\x89PNG",
        Some(FileKind::QaReport) => b"%PDF",
        _ => b"",
    };
    let text: String = first.iter().take(512).map(|byte| char::from(byte.to_ascii_lowercase())).collect();
    let text = text.trim_start();
    if text.starts_with("<!doctype html") || text.starts_with("<html") {
        return Err(Error::new(ErrorKind::Authentication, "a web page came in place of the file")
            .with_hint("log in again (swath login); a proxy or a login page may be in the way"));
    }
    if first.starts_with(magic) {
        return Ok(());
    }
    let what = format!(
        "the file is no {}: its first bytes are others",
        kind.map_or("file".to_owned(), |kind| kind.to_string())
    );
    Err(Error::new(ErrorKind::Integrity, what).with_hint("run the command again; tell ASF if it stays so"))
}

/// The part, and the algorithm it was checked with; a part with a wrong checksum is removed.
async fn verified(mut part: Part, wanted: &Wanted) -> Result<(Part, Option<String>)> {
    let Some((algorithm, value)) = wanted.checksum.clone() else { return Ok((part, None)) };
    blocking(move || {
        let Some(mut hasher) = hasher(&algorithm) else { return Ok((part, None)) };
        part.each_block(|block| hasher.update(block))?;
        let sum = hexadecimal(&hasher.finalize());
        if sum.eq_ignore_ascii_case(value.trim()) {
            return Ok((part, Some(algorithm)));
        }
        part.discard();
        let why = format!("its {algorithm} is {sum}; the catalogue says {}", value.trim());
        Err(Error::new(ErrorKind::Integrity, "the file has a wrong checksum")
            .because(why)
            .with_hint("run the command again: the file is fetched anew"))
    })
    .await
}

/// The checksum of a file, in an algorithm that is known.
fn sum_of_file(path: &PathBuf, algorithm: &str) -> Result<Option<String>> {
    let Some(mut hasher) = hasher(algorithm) else { return Ok(None) };
    let mut file = std::fs::File::open(path)?;
    let mut block = vec![0; 1 << 20];
    loop {
        match std::io::Read::read(&mut file, &mut block)? {
            0 => return Ok(Some(hexadecimal(&hasher.finalize()))),
            read => hasher.update(&block[..read]),
        }
    }
}

/// Algorithms as UMM-G spells them.
fn hasher(algorithm: &str) -> Option<Box<dyn DynDigest + Send>> {
    match algorithm.to_ascii_uppercase().replace('-', "").as_str() {
        "MD5" => Some(Box::new(Md5::new())),
        "SHA256" => Some(Box::new(Sha256::new())),
        "SHA512" => Some(Box::new(Sha512::new())),
        _ => None,
    }
}

fn hexadecimal(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// Work on the disk, off the threads that wait for the network.
async fn blocking<T: Send + 'static>(work: impl FnOnce() -> Result<T> + Send + 'static) -> Result<T> {
    tokio::task::spawn_blocking(work).await.unwrap_or_else(|error| {
        Err(Error::new(ErrorKind::Internal, "work on the disk ended early").because(error))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sums_are_those_that_everybody_knows() {
        let sum = |algorithm: &str| {
            let mut hasher = hasher(algorithm).unwrap();
            hasher.update(b"abc");
            hexadecimal(&hasher.finalize())
        };
        assert_eq!(sum("MD5"), "900150983cd24fb0d6963f7d28e17f72");
        assert_eq!(sum("SHA-256"), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
        assert!(sum("SHA512").starts_with("ddaf35a193617abacc417349ae204131"));
        assert!(hasher("CRC32").is_none());
    }

    #[test]
    fn a_web_page_is_no_granule() {
        let page = check_magic(b"\n <!DOCTYPE html><html>", Some(FileKind::Data)).unwrap_err();
        assert!(page.is_authentication());
        assert!(check_magic(b"\x89HDF\r\n\x1a\nrest", Some(FileKind::Data)).is_ok());
        assert!(check_magic(b"PK\x03\x04", Some(FileKind::Data)).unwrap_err().is_integrity());
        assert!(check_magic(b"a,b,c", Some(FileKind::QaSummary)).is_ok());
        assert!(check_magic(b"anything", None).is_ok());
    }
}
