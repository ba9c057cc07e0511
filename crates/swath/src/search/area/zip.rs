//! What of the ZIP format areas come in: a shapefile's parts, or the document of a KMZ (PKWARE's APPNOTE 6.3).
//!
//! Nothing is unpacked to disk: names choose an entry and are never paths. Sizes are checked against the directory and
//! against [`LARGEST`] before memory is asked for, so that no archive grows beyond it.

use libdeflater::{Decompressor, crc32};

use super::unusable;
use crate::error::{Error, Result};
use crate::granule::shown;

/// What an archive begins with.
pub(super) const MAGIC: &[u8] = b"PK\x03\x04";

/// The largest entry that is read.
const LARGEST: usize = 64 << 20;
const MOST_ENTRIES: usize = 10_000;

/// An archive's directory.
pub(super) struct Archive<'a> {
    bytes: &'a [u8],
    entries: Vec<Entry>,
}

struct Entry {
    name: String,
    is_encrypted: bool,
    method: u16,
    checksum: u32,
    packed: usize,
    size: usize,
    offset: usize,
}

fn damaged(why: &str) -> Error {
    unusable(format!("the ZIP archive cannot be read: {why}"))
}

fn short(bytes: &[u8], at: usize) -> Option<usize> {
    bytes.get(at..at + 2)?.try_into().ok().map(|two| usize::from(u16::from_le_bytes(two)))
}

fn long(bytes: &[u8], at: usize) -> Option<u32> {
    bytes.get(at..at + 4)?.try_into().ok().map(u32::from_le_bytes)
}

fn length(bytes: &[u8], at: usize) -> Option<usize> {
    long(bytes, at).and_then(|number| usize::try_from(number).ok())
}

impl<'a> Archive<'a> {
    /// Reads the directory at the end of an archive.
    pub(super) fn open(bytes: &'a [u8]) -> Result<Self> {
        // The end record is 22 bytes and a comment of at most 65,535.
        let tail = bytes.len().saturating_sub(22 + 0xffff);
        let end = bytes.get(tail..).and_then(|tail| tail.windows(4).rposition(|four| four == b"PK\x05\x06"));
        let end = end.and_then(|at| bytes.get(tail + at..)).ok_or_else(|| damaged("it has no directory"))?;
        let (count, start) = (short(end, 10), length(end, 16));
        let (Some(count), Some(start)) = (count, start) else { return Err(damaged("its end is cut off")) };
        if count > MOST_ENTRIES {
            return Err(damaged(&format!("it has more than {MOST_ENTRIES} entries")));
        }
        let mut rest = bytes.get(start..).ok_or_else(|| damaged("its directory is elsewhere"))?;
        let mut entries = Vec::new();
        for _ in 0..count {
            let (entry, after) = Entry::read(rest).ok_or_else(|| damaged("its directory is damaged"))?;
            entries.push(entry);
            rest = after;
        }
        Ok(Self { bytes, entries })
    }

    /// Names of files that end in `extension`, in any case; macOS's shadows of them left out.
    pub(super) fn named(&self, extension: &str) -> Vec<&str> {
        let ends = |name: &str| name.to_ascii_lowercase().ends_with(extension);
        let names = self.entries.iter().map(|entry| entry.name.as_str());
        names.filter(|name| ends(name) && !name.contains("__MACOSX/")).collect()
    }

    /// The content of an entry, its length and checksum verified; `None` when there is no such entry.
    pub(super) fn content(&self, name: &str) -> Result<Option<Vec<u8>>> {
        match self.entries.iter().find(|entry| entry.name.eq_ignore_ascii_case(name)) {
            Some(entry) => entry.unpacked(self.bytes).map(Some),
            None => Ok(None),
        }
    }
}

impl Entry {
    /// The entry at the beginning of the directory's rest, and what follows.
    fn read(bytes: &[u8]) -> Option<(Self, &[u8])> {
        if bytes.get(..4)? != b"PK\x01\x02" {
            return None;
        }
        let (name, extra, comment) = (short(bytes, 28)?, short(bytes, 30)?, short(bytes, 32)?);
        let entry = Self {
            name: String::from_utf8_lossy(bytes.get(46..46 + name)?).into_owned(),
            is_encrypted: short(bytes, 8)? & 1 == 1,
            method: u16::try_from(short(bytes, 10)?).ok()?,
            checksum: long(bytes, 16)?,
            packed: length(bytes, 20)?,
            size: length(bytes, 24)?,
            offset: length(bytes, 42)?,
        };
        Some((entry, bytes.get(46 + name + extra + comment..)?))
    }

    fn unpacked(&self, archive: &[u8]) -> Result<Vec<u8>> {
        let wrong = |why: &str| damaged(&format!("{:?} {why}", shown(&self.name)));
        if self.is_encrypted {
            return Err(wrong("is encrypted"));
        }
        if self.size > LARGEST {
            return Err(wrong(&format!("is larger than {} MB", LARGEST / 1_000_000)));
        }
        let packed = self.packed(archive).ok_or_else(|| wrong("is cut off"))?;
        let content = match self.method {
            0 => packed.to_vec(),
            8 => {
                let mut content = vec![0; self.size];
                let written = Decompressor::new().deflate_decompress(packed, &mut content);
                if written != Ok(self.size) {
                    return Err(wrong("is damaged, or not as long as the directory says"));
                }
                content
            }
            other => return Err(wrong(&format!("is compressed by method {other}, which is not understood"))),
        };
        if content.len() != self.size || crc32(&content) != self.checksum {
            return Err(wrong("is damaged: its checksum is wrong"));
        }
        Ok(content)
    }

    /// The bytes behind the entry's own header.
    fn packed<'a>(&self, archive: &'a [u8]) -> Option<&'a [u8]> {
        let header = archive.get(self.offset..)?;
        if header.get(..4)? != MAGIC {
            return None;
        }
        let start = 30 + short(header, 26)? + short(header, 28)?;
        header.get(start..start.checked_add(self.packed)?)
    }
}
