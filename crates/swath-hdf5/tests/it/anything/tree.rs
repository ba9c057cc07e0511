//! Any bytes as an HDF5 file.

use bytes::Bytes;
use swath_hdf5::{
    CountingReader, Index, Layout, LazyTable, MemoryReader, OpenOptions, Selection, read_index, read_values,
};

use crate::ready::block_on;

/// Most bytes of a dataset that is read.
const MAX_OUTPUT: usize = 1 << 20;
/// Most pieces of a dataset that is read; a plan may have a million, which take a tenth of a second.
const MAX_PIECES: usize = 1 << 14;

/// Reads the index of any bytes, keeps it and takes it back, and reads every dataset of at most 1 MiB;
/// returns how many datasets gave values.
pub(crate) fn read_anything(bytes: &[u8]) -> usize {
    let reader = CountingReader::new(MemoryReader::new(Bytes::copy_from_slice(bytes)));
    let options = OpenOptions::default().with_max_metadata_bytes(64 << 20).with_max_objects(10_000);
    let opened = block_on(read_index(&reader, "/", &options));
    let counts = reader.counts();
    assert!(
        counts.waves <= u64::from(options.max_waves) && counts.bytes <= options.max_metadata_bytes,
        "{counts:?}"
    );
    assert_eq!(counts.bytes_again, 0, "nothing is fetched twice");
    let Ok(index) = opened else { return 0 };
    let kept = index.to_bytes().expect("an index of a small file is small");
    let kept = Index::from_bytes(&kept).expect("what was kept can be taken back");
    assert_eq!(kept.objects.len(), index.objects.len());
    plan_lazily(bytes, &kept, &options);
    let mut read = 0;
    for (path, dataset) in kept.datasets() {
        let everything = Selection::all(&dataset.shape);
        let Ok(plan) = dataset.plan(path, &everything) else { continue };
        if plan.output_bytes() <= MAX_OUTPUT && plan.pieces().len() <= MAX_PIECES {
            read += usize::from(block_on(read_values(&reader, &kept, path, &everything)).is_ok());
        }
    }
    read
}

/// Plans a part of every dataset through a table that is read as far as needed. Where whole and part can be read, the
/// plans are the same; of a damaged index the one may fail without the other.
fn plan_lazily(bytes: &[u8], whole: &Index, options: &OpenOptions) {
    let reader = MemoryReader::new(Bytes::copy_from_slice(bytes));
    let options = options.clone().with_most_chunks(0).with_block_size(1024).with_first_read(1024);
    let Ok(lazy) = block_on(read_index(&reader, "/", &options)) else { return };
    for (path, dataset) in lazy.datasets() {
        if !matches!(dataset.layout, Layout::Unread(_)) {
            continue;
        }
        let middle = |extent: &u64| extent / 3..(extent / 3 + 1).max(extent / 2);
        let part = Selection::window(&dataset.shape.iter().map(middle).collect::<Vec<_>>());
        let Ok(table) = LazyTable::new(&lazy, path) else { continue };
        let (Ok(planned), Ok(expected)) = (
            block_on(table.plan(&reader, &part)),
            whole.dataset(path).and_then(|dataset| dataset.plan(path, &part)),
        ) else {
            continue;
        };
        assert_eq!(planned.pieces(), expected.pieces(), "{path}");
    }
}
