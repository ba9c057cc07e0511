//! Reading the index of a file in waves.

use std::ops::Range;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::blocks::{Around, Blocks};
use crate::error::{Error, Result};
use crate::hints::{heap_collections, listed_groups, listed_headers};
use crate::index::Index;
use crate::parser::{AdaptedFile, MetadataFile};
use crate::reader::ReadRanges;
use crate::walk::{Walked, scout, walk};

/// How an index is read, and how much a file may ask for.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct OpenOptions {
    /// Bytes of a block of the cache. Blocks are aligned to it, so a power of two keeps them inside of pages.
    pub block_size: u64,
    /// Bytes of the first read, from the beginning of the file.
    pub first_read: u64,
    /// Most bytes of metadata that are fetched, and most bytes of attribute values in the heap.
    pub max_metadata_bytes: u64,
    /// Most groups, datasets and named types.
    pub max_objects: u64,
    /// Deepest nesting of groups.
    pub max_depth: usize,
    /// Most rounds of requests.
    pub max_waves: u32,
    /// Names of datasets whose first and last elements are fetched along with the metadata; see [`Index::at_hand`].
    pub ends_of: Vec<String>,
    /// Where metadata was in another file of the same layout; see [`Index::hints`].
    pub hints: OpenHints,
    /// Datasets of more chunks than these get their chunk table only if all of it comes along with other metadata;
    /// else they are [`Layout::Unread`](crate::Layout::Unread).
    pub most_chunks: u64,
}

/// Where the metadata of a file lies, as a hint for files of the same layout: other granules of a product, say.
///
/// What a hint names is fetched in the second wave, with what the first walk missed. A wrong hint costs its bytes
/// and nothing else: only the walk decides what is in a file. They can be kept, as any value that serde knows.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct OpenHints {
    /// Size of the file that they were learned from.
    pub(crate) size: u64,
    /// What was fetched to open it.
    pub(crate) ranges: Vec<Range<u64>>,
}

impl OpenHints {
    /// The places in a file of that size: counted from the beginning, or from the end if they were in the second
    /// half. A writer adds its last metadata behind data whose length differs.
    fn places(&self, size: u64) -> impl Iterator<Item = Range<u64>> + '_ {
        let moved = move |at: u64| size.saturating_add(at).saturating_sub(self.size);
        self.ranges.iter().take(MAX_HINTS).map(move |range| {
            if range.start > self.size / 2 { moved(range.start)..moved(range.end) } else { range.clone() }
        })
    }
}

/// Most places that a hint may name.
const MAX_HINTS: usize = 64;
/// Most bytes that are fetched because of hints.
const MAX_HINTED: u64 = 4 << 20;

impl Default for OpenOptions {
    /// 128 KiB blocks, 384 KiB first, at most 256 MiB, 200,000 objects, 64 levels, 64 waves; every chunk table.
    fn default() -> Self {
        OpenOptions {
            block_size: 128 << 10,
            first_read: 384 << 10,
            max_metadata_bytes: 256 << 20,
            max_objects: 200_000,
            max_depth: 64,
            max_waves: 64,
            ends_of: Vec::new(),
            hints: OpenHints::default(),
            most_chunks: u64::MAX,
        }
    }
}

impl OpenOptions {
    /// Sets [`OpenOptions::block_size`].
    #[must_use]
    pub fn with_block_size(mut self, bytes: u64) -> Self {
        self.block_size = bytes;
        self
    }

    /// Sets [`OpenOptions::first_read`].
    #[must_use]
    pub fn with_first_read(mut self, bytes: u64) -> Self {
        self.first_read = bytes;
        self
    }

    /// Sets [`OpenOptions::max_metadata_bytes`].
    #[must_use]
    pub fn with_max_metadata_bytes(mut self, bytes: u64) -> Self {
        self.max_metadata_bytes = bytes;
        self
    }

    /// Sets [`OpenOptions::ends_of`].
    #[must_use]
    pub fn with_ends_of(mut self, names: &[&str]) -> Self {
        self.ends_of = names.iter().map(|name| (*name).to_owned()).collect();
        self
    }

    /// Sets [`OpenOptions::hints`].
    #[must_use]
    pub fn with_hints(mut self, hints: OpenHints) -> Self {
        self.hints = hints;
        self
    }

    /// Sets [`OpenOptions::most_chunks`].
    #[must_use]
    pub fn with_most_chunks(mut self, chunks: u64) -> Self {
        self.most_chunks = chunks;
        self
    }

    /// Sets [`OpenOptions::max_objects`].
    #[must_use]
    pub fn with_max_objects(mut self, objects: u64) -> Self {
        self.max_objects = objects;
        self
    }
}

/// Signature of a superblock (HDF5 specification II.A).
const SIGNATURE: &[u8; 8] = b"\x89HDF\r\n\x1a\n";
/// Signatures are looked for at 0, 512, 1024, 2048, … this often.
const SIGNATURE_TRIES: u32 = 8;

/// Reads everything about a file, or about one group of it, but the values (save those that
/// [`OpenOptions::ends_of`] names).
///
/// The first wave fetches the beginning of the file; the second also what [`OpenOptions::hints`] name. Then the whole tree below `group` is walked as far as
/// the bytes at hand allow, all blocks that were missed are fetched in one wave, and the tree is walked again
/// until nothing is missed. No byte is fetched twice. Walking takes milliseconds of CPU on the thread that
/// polls.
///
/// `group` is an absolute path, `/` for the whole file; soft links on the way are followed. References to
/// objects outside of the group stay unresolved.
///
/// # Errors
/// [`Error::Read`] from the reader; [`Error::NotHdf5`] and [`Error::Truncated`] for what is no sound file;
/// [`Error::NotFound`] or [`Error::Misuse`] if `group` is not there or no group; [`Error::Limit`] as
/// `options` say; [`Error::Malformed`] or [`Error::Unsupported`] if not even the group can be listed. A child
/// that cannot be read is no error: it is listed in [`Index::unreadable`].
pub async fn read_index(reader: &dyn ReadRanges, group: &str, options: &OpenOptions) -> Result<Index> {
    let root = normalised(group);
    let blocks = Arc::new(Blocks::new(options.block_size, options.max_metadata_bytes));
    blocks.fetch_first(reader, options.first_read).await?;
    find_signature(reader, &blocks).await?;
    loop {
        let walked = walk_at_hand(&blocks, &root, options);
        if !blocks.has_missed() || blocks.too_much().is_some() {
            return walked.map(|walked| index(walked, root, &blocks));
        }
        let (asked, allowed) = (u64::from(blocks.waves()) + 1, u64::from(options.max_waves));
        if asked > allowed {
            return Err(Error::Limit { what: "rounds of requests for metadata".to_owned(), asked, allowed });
        }
        if blocks.waves() == 1 {
            guess(&blocks, &root, options);
            take_hints(&blocks, &options.hints);
        }
        blocks.fetch_missed(reader).await?;
    }
}

/// Adds to what was missed what the hints name.
fn take_hints(blocks: &Blocks, hints: &OpenHints) {
    let mut bytes = 0u64;
    for place in hints.places(blocks.size()) {
        bytes = bytes.saturating_add(place.end.saturating_sub(place.start));
        if bytes > MAX_HINTED {
            return;
        }
        blocks.want(&place);
    }
}

fn index(walked: Walked, root: String, blocks: &Blocks) -> Index {
    Index {
        size: blocks.size(),
        root,
        page_size: walked.page_size,
        objects: walked.objects,
        waves: blocks.waves(),
        unreadable: walked.unreadable,
        links: walked.links,
        addresses: walked.addresses,
        encoding: walked.encoding,
        ends: walked.ends,
        fetched: blocks.fetched(),
    }
}

/// The path with one slash before each name and none after the last.
fn normalised(path: &str) -> String {
    let names: Vec<&str> = path.split('/').filter(|name| !name.is_empty()).collect();
    format!("/{}", names.join("/"))
}

/// Makes sure that there is a signature where the format allows one, before anything is parsed.
async fn find_signature(reader: &dyn ReadRanges, blocks: &Blocks) -> Result<()> {
    loop {
        for attempt in 0..SIGNATURE_TRIES {
            let offset = if attempt == 0 { 0 } else { 256 << attempt };
            if let Ok(bytes) = blocks.read(offset, SIGNATURE.len())
                && bytes[..] == SIGNATURE[..]
            {
                return Ok(());
            }
        }
        if !blocks.has_missed() {
            return Err(Error::NotHdf5 { size: blocks.size() });
        }
        blocks.fetch_missed(reader).await?;
    }
}

/// Adds to what was missed in the first walk what the first bytes point to.
fn guess(blocks: &Arc<Blocks>, root: &str, options: &OpenOptions) {
    let (bytes, size) = (blocks.beginning(), blocks.size());
    let _ = catch_unwind(AssertUnwindSafe(|| guess_group(blocks, &bytes, root, options)));
    for address in heap_collections(&bytes, size) {
        blocks.suggest(address, Around::Cell);
    }
    if root == "/" {
        for address in listed_headers(&bytes, size) {
            blocks.suggest(address, Around::Block);
        }
    }
}

/// Where the root group cannot be read yet, its children may be at hand all the same: every group that symbol nodes list is
/// tried in place of the first name of the path.
fn guess_group(blocks: &Arc<Blocks>, bytes: &[u8], root: &str, options: &OpenOptions) {
    let Some((_, rest)) = root.trim_start_matches('/').split_once('/') else { return };
    let Ok(file) = AdaptedFile::open(blocks.clone()) else { return };
    for address in listed_groups(bytes) {
        let candidate = file.rooted_at(blocks, address);
        if blocks.tentatively(|| scout(&candidate, &format!("/{rest}"), options)) {
            return;
        }
    }
}

/// One walk over what is at hand.
fn walk_at_hand(blocks: &Arc<Blocks>, root: &str, options: &OpenOptions) -> Result<Walked> {
    // The parser is not ours. Its authors test it against damaged files, as we do; should one of them make
    // it panic all the same, that is a malformed file and not the end of the caller.
    blocks.start_walk();
    let walked = catch_unwind(AssertUnwindSafe(|| {
        let file = AdaptedFile::open(blocks.clone()).map_err(|fault| fault.at(crate::ROOT))?;
        // One group is in two rounds anyway, and would pay for bytes that it does not need.
        if root == crate::ROOT
            && let Ok(Some(page)) = file.page_size()
        {
            blocks.set_page(page);
        }
        let (size, expected) = (blocks.size(), file.end());
        if expected != u64::MAX && expected > size {
            return Err(Error::Truncated { size, expected });
        }
        walk(&file, root, options)
    }));
    if let Some(error) = blocks.too_much() {
        return Err(error);
    }
    walked.unwrap_or_else(|_| Err(Error::malformed(root, "the metadata parser gave up on it")))
}
