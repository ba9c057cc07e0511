//! The folder of granules, seen as buckets and keys; and the bytes of its files.

use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom};
use std::ops::Range;
use std::path::{Path, PathBuf};
use std::time::{SystemTime, UNIX_EPOCH};

use bytes::Bytes;
use futures::Stream;
use sha2::{Digest, Sha256};

use crate::error::{Error, Result};
use crate::granule::Granule;
use crate::secret::hexadecimal;

/// The bucket of the science products.
pub(crate) const PRODUCTS: &str = "sds-n-cumulus-prod-nisar-products";
/// Bytes read from disk at a time, and so held per answer in flight.
const BLOCK: u64 = 256 << 10;
/// Folders deeper than this are not looked into: a loop of links must end.
const DEPTH: usize = 8;

/// A folder of granules.
#[derive(Debug)]
pub(crate) struct Archive {
    root: PathBuf,
}

/// One object: a file, and what was true of it when it was found.
#[derive(Debug, Clone)]
pub(crate) struct Object {
    path: PathBuf,
    length: u64,
    modified: SystemTime,
    identity: String,
    mask: u8,
}

/// A granule that has its main file in the folder.
#[derive(Debug, Clone)]
pub(crate) struct Stored {
    /// The granule, by its name.
    pub(crate) granule: Granule,
    /// The folder of the main file; side files lie beside it.
    pub(crate) folder: PathBuf,
    /// The short name of the collection: the folder's name, or a guess from the CRID.
    pub(crate) collection: String,
}

impl Archive {
    /// Opens a folder, which must be readable now; what it holds is read at each request.
    pub(crate) fn open(root: &Path) -> Result<Self> {
        let fault = |source| Error::Data { path: root.to_owned(), source };
        let root_found = root.canonicalize().map_err(fault)?;
        std::fs::read_dir(&root_found).map_err(fault)?;
        Ok(Self { root: root_found })
    }

    /// Whether there is such a bucket. The products' bucket always exists: a flat folder is one.
    pub(crate) fn has_bucket(&self, bucket: &str) -> bool {
        bucket == PRODUCTS || (is_plain(bucket) && self.root.join(bucket).is_dir())
    }

    /// The object of a key, if there is one. No key leads out of the folder.
    pub(crate) fn object(&self, bucket: &str, key: &str) -> Option<Object> {
        if !is_plain(bucket) || !key.split('/').all(is_plain) {
            return None;
        }
        let identity = format!("{bucket}/{key}");
        Object::of(self.root.join(bucket).join(key), &identity)
            .or_else(|| Object::of(self.flat_path(bucket, key)?, &identity))
    }

    /// Where a flat folder keeps the file that the key names, if its folders are as they would be.
    fn flat_path(&self, bucket: &str, key: &str) -> Option<PathBuf> {
        let mut parts = key.split('/');
        let (collection, name, file) = (parts.next()?, parts.next()?, parts.next()?);
        let granule = Granule::parse(name)?;
        let fits = bucket == PRODUCTS && parts.next().is_none() && file.starts_with(name);
        (fits && collection == granule.collection()).then(|| self.root.join(file))
    }

    /// All granules of the folder, in either layout, ordered by name; of equal names the first.
    pub(crate) fn granules(&self) -> Vec<Stored> {
        let mut found = Vec::new();
        for file in files(&self.root, 1) {
            let stored = granule_of(&file).map(|granule| Stored {
                collection: granule.collection(),
                folder: self.root.clone(),
                granule,
            });
            found.extend(stored);
        }
        for file in files(&self.root.join(PRODUCTS), DEPTH) {
            found.extend(self.stored(&file));
        }
        found.sort_by(|a, b| a.granule.name().cmp(b.granule.name()));
        found.dedup_by(|b, a| a.granule.name() == b.granule.name());
        found
    }

    /// Records of granules whose files are not here: each a file `….umm.json` of the folder itself, of at most a megabyte.
    pub(crate) fn records(&self) -> Vec<serde_json::Value> {
        let mut names = files(&self.root, 1);
        names.retain(|file| file.to_str().is_some_and(|name| name.ends_with(".umm.json")));
        names.sort();
        let read = |file: &PathBuf| {
            let length = std::fs::metadata(file).ok()?.len();
            let text = (length <= 1 << 20).then(|| std::fs::read(file).ok())??;
            serde_json::from_slice(&text).ok()
        };
        names.iter().filter_map(read).collect()
    }

    /// A file `<collection>/<granule>/<granule>.h5` of the products' bucket.
    fn stored(&self, file: &Path) -> Option<Stored> {
        let granule = granule_of(file)?;
        let folder = file.parent()?;
        let collection = folder.parent()?;
        let in_bucket = collection.parent()? == self.root.join(PRODUCTS);
        let named = folder.file_name()?.to_str()? == granule.name();
        let collection = collection.file_name()?.to_str()?.to_owned();
        (in_bucket && named).then(|| Stored { granule, folder: folder.to_owned(), collection })
    }

    /// The granule of this name, if its main file is here.
    pub(crate) fn granule(&self, name: &str) -> Option<Stored> {
        self.granules().into_iter().find(|stored| stored.granule.name() == name)
    }

    /// All keys of a bucket in order, in the layout of the real buckets.
    pub(crate) fn keys(&self, bucket: &str) -> Vec<String> {
        if !is_plain(bucket) {
            return Vec::new();
        }
        let base = self.root.join(bucket);
        let key = |file: &PathBuf| Some(file.strip_prefix(&base).ok()?.to_str()?.replace('\\', "/"));
        let mut keys: Vec<String> = files(&base, DEPTH).iter().filter_map(key).collect();
        if bucket == PRODUCTS {
            keys.extend(files(&self.root, 1).iter().filter_map(|file| {
                let granule = granule_of(file)?;
                Some(granule.key(&granule.collection(), ".h5"))
            }));
        }
        keys.sort();
        keys.dedup();
        keys
    }
}

impl Stored {
    /// The size of a file of this granule, if it is on disk.
    pub(crate) fn size(&self, suffix: &str) -> Option<u64> {
        let path = self.folder.join(format!("{}{suffix}", self.granule.name()));
        std::fs::metadata(path).ok().filter(std::fs::Metadata::is_file).map(|data| data.len())
    }

    /// The text of a small side file, if there is one.
    pub(crate) fn side_file(&self, suffix: &str) -> Option<String> {
        if self.size(suffix)? > 1 << 20 {
            return None;
        }
        std::fs::read_to_string(self.folder.join(format!("{}{suffix}", self.granule.name()))).ok()
    }
}

impl Object {
    fn of(path: PathBuf, identity: &str) -> Option<Self> {
        let data = std::fs::metadata(&path).ok().filter(std::fs::Metadata::is_file)?;
        let modified = data.modified().unwrap_or(UNIX_EPOCH);
        Some(Self { path, length: data.len(), modified, identity: identity.to_owned(), mask: 0 })
    }

    /// The object as if it had been replaced by another of the same length: all bytes differ,
    /// and so does the ETag.
    pub(crate) fn replaced(mut self) -> Self {
        self.mask = 0xff;
        self
    }

    /// Its length in bytes.
    pub(crate) fn length(&self) -> u64 {
        self.length
    }

    /// When it was last written.
    pub(crate) fn modified(&self) -> SystemTime {
        self.modified
    }

    /// Its ETag without quotes, in the form that S3 gives to uploads in parts: opaque, and stable
    /// as long as the file stays as it is.
    pub(crate) fn etag(&self) -> String {
        let nanoseconds = self.modified.duration_since(UNIX_EPOCH).unwrap_or_default().as_nanos();
        let text = format!("{}:{}:{nanoseconds}:{}", self.identity, self.length, self.mask);
        let parts = self.length.div_ceil(8 << 20).max(1);
        format!("{}-{parts}", hexadecimal(&Sha256::digest(text)[..16]))
    }

    /// Reads a range of bytes block by block, without holding more than one block.
    ///
    /// A file that has become shorter ends the stream with an error, as S3 would cut it.
    pub(crate) fn stream(
        &self,
        range: Range<u64>,
    ) -> impl Stream<Item = io::Result<Bytes>> + Send + Sync + use<> {
        let reading = Reading { path: self.path.clone(), file: None, range, mask: self.mask };
        futures::stream::try_unfold(reading, |reading| async move {
            if reading.range.is_empty() {
                return Ok(None);
            }
            let read = tokio::task::spawn_blocking(move || reading.block()).await;
            read.map_err(io::Error::other)?.map(Some)
        })
    }
}

/// A read in progress.
struct Reading {
    path: PathBuf,
    file: Option<File>,
    range: Range<u64>,
    mask: u8,
}

impl Reading {
    fn block(mut self) -> io::Result<(Bytes, Self)> {
        let mut file = match self.file.take() {
            Some(file) => file,
            None => {
                let mut file = File::open(&self.path)?;
                file.seek(SeekFrom::Start(self.range.start))?;
                file
            }
        };
        let size = BLOCK.min(self.range.end - self.range.start);
        let mut block = vec![0; size as usize];
        file.read_exact(&mut block)?;
        if self.mask != 0 {
            block.iter_mut().for_each(|byte| *byte ^= self.mask);
        }
        self.range.start += size;
        self.file = Some(file);
        Ok((Bytes::from(block), self))
    }
}

/// A path segment that names a file and nothing else.
fn is_plain(segment: &str) -> bool {
    !segment.is_empty() && segment != "." && segment != ".." && !segment.contains(['/', '\\', '\0', ':'])
}

/// The granule whose main file this is; side files are not.
fn granule_of(file: &Path) -> Option<Granule> {
    Granule::parse(file.file_name()?.to_str()?.strip_suffix(".h5")?)
}

/// Files under a folder, at most `depth` levels down (1: the folder itself). Unreadable folders
/// are empty.
fn files(folder: &Path, depth: usize) -> Vec<PathBuf> {
    let mut found = Vec::new();
    let Ok(entries) = std::fs::read_dir(folder) else { return found };
    for path in entries.flatten().map(|entry| entry.path()) {
        if path.is_file() {
            found.push(path);
        } else if depth > 1 && path.is_dir() {
            found.extend(files(&path, depth - 1));
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;
    use futures::TryStreamExt;

    const NAME: &str =
        "NISAR_L2_PR_GCOV_005_172_A_008_2005_DHDH_A_20251122T024618_20251122T024652_X05009_N_F_J_001";

    fn flat() -> (tempfile::TempDir, Archive) {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join(format!("{NAME}.h5")), vec![7; 700_000]).unwrap();
        std::fs::write(folder.path().join(format!("{NAME}_QA_STATS.h5")), b"qa").unwrap();
        std::fs::write(folder.path().join("notes.txt"), b"mine").unwrap();
        let archive = Archive::open(folder.path()).unwrap();
        (folder, archive)
    }

    #[test]
    fn a_flat_folder_answers_to_the_keys_of_the_bucket() {
        let (_folder, archive) = flat();
        let key = format!("NISAR_L2_GCOV_BETA_V1/{NAME}/{NAME}.h5");
        assert_eq!(archive.object(PRODUCTS, &key).unwrap().length(), 700_000);
        assert!(archive.object(PRODUCTS, &key.replace(".h5", "_QA_STATS.h5")).is_some());
        assert_eq!(archive.keys(PRODUCTS), [key]);
        assert_eq!(archive.granules().len(), 1);
    }

    #[test]
    fn no_key_leads_out() {
        // Both the folder and its bucket exist, so that only the check of the key stands between.
        let parent = tempfile::tempdir().unwrap();
        let root = parent.path().join("data");
        std::fs::create_dir_all(root.join(PRODUCTS).join("a")).unwrap();
        let outside = parent.path().join("secret.txt");
        for file in [&outside, &root.join("notes.txt")] {
            std::fs::write(file, b"not to be served").unwrap();
        }
        assert!(root.join(PRODUCTS).join("../../secret.txt").exists());
        let archive = Archive::open(&root).unwrap();
        for (bucket, key) in [
            ("..", "secret.txt"),
            ("../data", "notes.txt"),
            (PRODUCTS, "../notes.txt"),
            (PRODUCTS, "../../secret.txt"),
            (PRODUCTS, "a/../../notes.txt"),
            (PRODUCTS, "/etc/passwd"),
            (PRODUCTS, outside.to_str().unwrap()),
            ("", "notes.txt"),
            (".", "notes.txt"),
            (PRODUCTS, "./../notes.txt"),
        ] {
            assert!(archive.object(bucket, key).is_none(), "{bucket} {key}");
        }
    }

    #[tokio::test]
    async fn ranges_are_read_to_the_byte_and_replacement_changes_everything() {
        let (_folder, archive) = flat();
        let object = archive.object(PRODUCTS, &format!("NISAR_L2_GCOV_BETA_V1/{NAME}/{NAME}.h5")).unwrap();
        let read = |object: Object, range| async move {
            object.stream(range).try_fold(0, |n, block| async move { Ok(n + block.len()) }).await
        };
        assert_eq!(read(object.clone(), 3..600_000).await.unwrap(), 599_997);
        assert_eq!(read(object.clone(), 5..5).await.unwrap(), 0);
        assert!(read(object.clone(), 0..700_001).await.is_err());
        let replaced = object.clone().replaced();
        assert_ne!(replaced.etag(), object.etag());
        let bytes: Vec<Bytes> = replaced.stream(0..4).try_collect().await.unwrap();
        assert_eq!(bytes, [Bytes::from_static(&[7 ^ 0xff; 4])]);
    }
}
