//! Files to test with: committed granules, variants made before the tests, a reader of local files.

use std::fs::File;
use std::io::{Read, Seek, SeekFrom};
use std::ops::Range;
use std::path::{Path, PathBuf};
use std::sync::Mutex;

use bytes::Bytes;
use futures::FutureExt;
use futures::future::BoxFuture;
use swath_hdf5::{Fetched, ReadError, ReadRanges};

/// The root of the workspace.
pub(crate) fn workspace() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

/// The demo granules that are in the repository, by name, unpacked.
pub(crate) fn granules() -> Vec<(String, Vec<u8>)> {
    committed(|name| !name.contains("_QA_"))
}

/// A small file without pages: the quality statistics beside the first granule.
pub(crate) fn small_file() -> Option<Vec<u8>> {
    committed(|name| name.contains("_QA_")).into_iter().next().map(|(_, bytes)| bytes)
}

fn committed(wanted: impl Fn(&str) -> bool) -> Vec<(String, Vec<u8>)> {
    let mut granules = Vec::new();
    for path in files(&workspace().join("fixtures/granules"), "h5.gz") {
        let name = file_name(&path).trim_end_matches(".h5.gz").to_owned();
        if wanted(&name) {
            granules.push((name, unpack(&std::fs::read(&path).expect("fixture is readable"))));
        }
    }
    if granules.is_empty() {
        println!("skipped: no fixtures/granules");
    }
    granules
}

/// Files of a folder whose names end in `.extension`, by name; none if there is no such folder.
pub(crate) fn files(folder: &Path, extension: &str) -> Vec<PathBuf> {
    let Ok(entries) = std::fs::read_dir(folder) else { return Vec::new() };
    let mut files: Vec<PathBuf> = entries.flatten().map(|entry| entry.path()).collect();
    files.retain(|path| file_name(path).ends_with(&format!(".{extension}")));
    files.sort();
    files
}

/// All files below a folder.
pub(crate) fn all_files(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    let mut folders = vec![folder.to_owned()];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).into_iter().flatten().flatten() {
            let path = entry.path();
            if path.is_dir() { folders.push(path) } else { found.push(path) }
        }
    }
    found.sort();
    found
}

pub(crate) fn file_name(path: &Path) -> String {
    path.file_name().unwrap_or_default().to_string_lossy().into_owned()
}

/// Unpacks one gzip member; its last four bytes state the length.
fn unpack(packed: &[u8]) -> Vec<u8> {
    let length =
        packed[packed.len() - 4..].iter().rev().fold(0usize, |value, byte| value << 8 | usize::from(*byte));
    let mut bytes = vec![0; length];
    libdeflater::Decompressor::new().gzip_decompress(packed, &mut bytes).expect("fixture is sound gzip");
    bytes
}

/// A reader of a local file, for granules too large for memory.
pub(crate) struct FileReader {
    file: Mutex<File>,
    size: u64,
}

impl FileReader {
    pub(crate) fn open(path: &Path) -> std::io::Result<Self> {
        let file = File::open(path)?;
        let size = file.metadata()?.len();
        Ok(FileReader { file: Mutex::new(file), size })
    }

    fn read(&self, range: &Range<u64>) -> std::io::Result<Bytes> {
        let start = range.start.min(self.size);
        let end = range.end.clamp(start, self.size);
        let mut bytes = vec![0; (end - start) as usize];
        let mut file = self.file.lock().expect("no test panics while it reads");
        file.seek(SeekFrom::Start(start))?;
        file.read_exact(&mut bytes)?;
        Ok(bytes.into())
    }
}

impl ReadRanges for FileReader {
    fn read_ranges<'a>(&'a self, ranges: &'a [Range<u64>]) -> BoxFuture<'a, Result<Fetched, ReadError>> {
        let parts: std::io::Result<Vec<Bytes>> = ranges.iter().map(|range| self.read(range)).collect();
        let fetched = parts.map(|parts| Fetched { parts, size: self.size });
        async move { Ok(fetched?) }.boxed()
    }
}
