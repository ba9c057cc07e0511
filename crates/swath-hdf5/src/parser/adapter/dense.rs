//! Links and attributes that are too many for a header: records in a B-tree, what they tell in a fractal heap (HDF5
//! specification III.A.2 and III.G).

use super::{AdaptedFile, Answer, upstream};
use upstream::btree_v2::{BTreeV2Header, BTreeV2Record, collect_btree_v2_records_storage};
use upstream::fractal_heap::{FractalHeap, FractalHeapDirectBlockCache};

/// The records of one object, and the heap that they point into.
pub(super) struct Dense {
    pub(super) records: Vec<BTreeV2Record>,
    heap: FractalHeap,
    cache: FractalHeapDirectBlockCache,
}

impl AdaptedFile {
    /// The records behind two addresses; `None` where nothing is stored.
    pub(super) fn dense(&self, heap: u64, tree: u64) -> Answer<Option<Dense>> {
        if self.offset(heap)?.is_none() {
            return Ok(None);
        }
        let (storage, (offset_size, length_size)) = (self.file.storage(), self.widths());
        // Both are tried before the first failure counts, so that all that is missing is noted.
        let heap = FractalHeap::parse_at_storage(storage, heap, offset_size, length_size);
        let tree = BTreeV2Header::parse_at_storage(storage, tree, offset_size, length_size);
        let (heap, tree) = (heap?, tree?);
        let records =
            collect_btree_v2_records_storage(storage, &tree, offset_size, length_size, None, &[], None)?;
        Ok(Some(Dense { records, heap, cache: FractalHeapDirectBlockCache::default() }))
    }

    /// The bytes of an object in the heap of these records.
    pub(super) fn in_dense(&self, dense: &mut Dense, heap_id: &[u8]) -> Answer<Vec<u8>> {
        let (storage, (offset_size, length_size)) = (self.file.storage(), self.widths());
        let Dense { heap, cache, .. } = dense;
        Ok(heap.get_object_storage_cached(heap_id, storage, offset_size, length_size, cache)?)
    }
}
