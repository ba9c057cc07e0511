//! Bytes that are already here: a file of this machine, or memory.

use std::fs::File;
use std::io::{Read, Seek, SeekFrom};
use std::ops::Range;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::UNIX_EPOCH;

use bytes::Bytes;
use futures::FutureExt;
use futures::future::BoxFuture;

use super::{Part, Source, Version};
use crate::error::{Error, ErrorKind, Result};

/// Bytes in memory.
#[derive(Debug)]
pub(super) struct Memory(pub(super) Bytes);

impl Source for Memory {
    fn read<'a>(&'a self, range: Range<u64>, _: Option<&'a Version>) -> BoxFuture<'a, Result<Part>> {
        let size = self.0.len() as u64;
        let bytes = self.0.slice(range.start.min(size) as usize..range.end.min(size) as usize);
        async move { Ok(Part { bytes, version: Version { size, tag: None } }) }.boxed()
    }
}

/// A file of this machine.
#[derive(Debug)]
pub(super) struct LocalFile {
    path: PathBuf,
    file: Arc<Mutex<File>>,
}

impl LocalFile {
    pub(super) fn open(path: &Path) -> Result<Self> {
        let file = File::open(path).map_err(|error| match error.kind() {
            std::io::ErrorKind::NotFound => Error::usage(format!("there is no file {}", path.display()))
                .with_hint("give the path of a file, an https:// or s3:// URL, or a granule name"),
            _ => unreadable(path).because(error),
        })?;
        if file.metadata().is_ok_and(|metadata| metadata.is_dir()) {
            return Err(Error::usage(format!("{} is a folder, not a file", path.display())));
        }
        Ok(Self { path: path.to_owned(), file: Arc::new(Mutex::new(file)) })
    }
}

fn unreadable(path: &Path) -> Error {
    Error::new(ErrorKind::Local, format!("could not read {}", path.display()))
}

impl Source for LocalFile {
    fn read<'a>(&'a self, range: Range<u64>, _: Option<&'a Version>) -> BoxFuture<'a, Result<Part>> {
        let file = self.file.clone();
        async move {
            // Reading a disk blocks, so it is done where blocking is allowed.
            let done = tokio::task::spawn_blocking(move || read_range(&file, &range)).await;
            done.map_err(|error| unreadable(&self.path).because(error))?
                .map_err(|error| unreadable(&self.path).because(error))
        }
        .boxed()
    }
}

fn read_range(file: &Mutex<File>, range: &Range<u64>) -> std::io::Result<Part> {
    let mut file = file.lock().unwrap_or_else(PoisonError::into_inner);
    let metadata = file.metadata()?;
    let changed = metadata.modified().ok().and_then(|time| time.duration_since(UNIX_EPOCH).ok());
    let version = Version { size: metadata.len(), tag: changed.map(|time| time.as_nanos().to_string()) };
    let (start, end) = (range.start.min(version.size), range.end.min(version.size));
    let mut bytes = vec![0; (end - start) as usize];
    file.seek(SeekFrom::Start(start))?;
    file.read_exact(&mut bytes)?;
    Ok(Part { bytes: bytes.into(), version })
}
