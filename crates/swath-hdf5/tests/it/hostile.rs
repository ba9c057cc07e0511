//! Files that mean harm: each limit is met by a file made for it, and so are the shapes of known weaknesses of other
//! readers (cycles, overlaps, lying sizes, bombs, chunks of another rank than their dataset).

use swath_hdf5::{
    Error, Index, MemoryReader, Object, OpenOptions, Result, Selection, Values, read_index, read_values,
};

use crate::made_file::{Chunks, MadeFile, attribute, contiguous, dataspace, float32, pipeline};
use crate::ready::block_on;

fn open(file: &MadeFile, root: u64) -> Result<Index> {
    block_on(read_index(&MemoryReader::new(file.finish(root)), "/", &OpenOptions::default()))
}

/// Opens a file whose root holds `/it`.
fn open_with(file: &mut MadeFile, it: u64) -> Index {
    let root = file.group(&[("it", it)]);
    open(file, root).unwrap()
}

/// Why `/it` cannot be opened.
fn refusal(file: &mut MadeFile, it: u64) -> String {
    let index = open_with(file, it);
    let (path, why) = index.unreadable.first().expect("it is refused").clone();
    assert!(path.starts_with("/it"), "{path}: {why}");
    why
}

/// The whole of `/it`.
fn read(file: &mut MadeFile, it: u64) -> Result<Values> {
    let root = file.group(&[("it", it)]);
    let reader = MemoryReader::new(file.finish(root));
    let index = block_on(read_index(&reader, "/", &OpenOptions::default()))?;
    let selection = Selection::all(&index.dataset("/it")?.shape);
    block_on(read_values(&reader, &index, "/it", &selection))
}

#[test]
fn the_signature_is_looked_for_at_eight_places() {
    let mut file = MadeFile::new();
    let root = file.group(&[]);
    let file = file.finish(root);
    for (block, found) in [(0, true), (512, true), (32 << 10, true), (64 << 10, false), (700, false)] {
        let moved = [vec![0x20; block], file.clone()].concat();
        let opened = block_on(read_index(&MemoryReader::new(moved), "/", &OpenOptions::default()));
        assert_eq!(opened.is_ok(), found, "user block of {block} bytes");
    }
}

#[test]
fn headers_are_bounded() {
    let mut file = MadeFile::new();
    let long = file.header(1, 2 << 20, &vec![0; 2 << 20]);
    assert!(refusal(&mut file, long).contains("allowed"), "2 MiB of header");
    let mut file = MadeFile::new();
    let nil: Vec<(u16, Vec<u8>)> = vec![(0, Vec::new()); 10_001];
    let many = file.object(&nil);
    assert!(refusal(&mut file, many).contains("10001"), "10,001 messages");
}

#[test]
fn links_of_a_group_are_bounded() {
    let mut file = MadeFile::new();
    let leaf = file.group(&[]);
    let many: Vec<(&str, u64)> = vec![("a", leaf); 100_001];
    let many = file.group(&many);
    assert!(refusal(&mut file, many).contains("100001"));
}

#[test]
fn depth_and_number_of_objects_are_bounded() {
    let mut file = MadeFile::new();
    let mut group = file.group(&[]);
    for _ in 0..70 {
        group = file.group(&[("g", group)]);
    }
    let error = open(&file, group).unwrap_err();
    assert!(matches!(error, Error::Limit { asked: 65, allowed: 64, .. }), "{error}");

    // Twenty levels of ten links each: 10^20 paths in 20 KB.
    let mut file = MadeFile::new();
    let mut group = file.group(&[]);
    let names = ["a", "b", "c", "d", "e", "f", "g", "h", "i", "j"];
    for _ in 0..20 {
        group = file.group(&names.map(|name| (name, group)));
    }
    let options = OpenOptions::default().with_max_objects(5_000);
    let error = block_on(read_index(&MemoryReader::new(file.finish(group)), "/", &options)).unwrap_err();
    assert!(matches!(error, Error::Limit { asked: 5_001, .. }), "{error}");
}

#[test]
fn links_that_lead_round_are_seen() {
    let mut file = MadeFile::new();
    let soft = file.soft_links(&[("a", "/b"), ("b", "/a"), ("c", "/c/c/c"), ("d", "/nothing")]);
    let index = open(&file, soft).unwrap();
    assert_eq!((index.objects.len(), index.unreadable.len()), (1, 4), "{:?}", index.unreadable);

    // Soft links of which each names the one before twice: 2^40 steps on the way of the last.
    let mut file = MadeFile::new();
    let names: Vec<String> = (0..41).map(|number| format!("s{number:02}")).collect();
    let ways: Vec<String> = names.iter().map(|name| format!("{name}/{name}")).collect();
    let mut links = vec![(names[0].as_str(), ".")];
    links.extend(names[1..].iter().zip(&ways).map(|(name, way)| (name.as_str(), way.as_str())));
    let soft = file.soft_links(&links);
    let index = open(&file, soft).unwrap();
    assert!(!index.unreadable.is_empty());

    // A node of the group's own tree that is its own child.
    let mut file = MadeFile::new();
    let tree = file.allocate(24 + 3 * 8);
    file.put(tree, b"TREE\0\x01\x01\0");
    file.put_words(tree + 8, &[u64::MAX, u64::MAX, 0, tree, 0]);
    let group = file.group_of(tree, &["x"]);
    assert!(
        open(&file, group).unwrap().unreadable[0].1.contains("cycl")
            || !open(&file, group).unwrap().unreadable.is_empty()
    );
}

#[test]
fn trees_of_chunks_are_bounded() {
    let mut file = MadeFile::new();
    let tree = file.tree(1, 4);
    let own_child = Chunks { tree, shape: &[16], chunk: &[4], ..Chunks::default() };
    let it = file.chunked(&own_child);
    let why = refusal(&mut file, it);
    assert!(why.contains("two parents") || why.contains("no node"), "{why}");

    let mut file = MadeFile::new();
    let tree = file.tree(17, 4);
    let it = file.chunked(&Chunks { tree, shape: &[16], chunk: &[4], ..Chunks::default() });
    assert!(refusal(&mut file, it).contains("17 levels"));
}

#[test]
fn keys_of_trees_are_in_order() {
    // Whoever looks for the second chunk by halving would not find it, and whoever reads all would.
    let mut file = MadeFile::new();
    let it = file.chunks_at(&[8], &[2], &[(4, 800, 8), (2, 900, 8)]);
    assert!(refusal(&mut file, it).contains("keys out of order"));
    // A leaf that holds what its parent says is elsewhere.
    let mut file = MadeFile::new();
    let low = file.leaf(1, &[(0, 800, 8), (6, 800, 8)]);
    let high = file.leaf(1, &[(4, 900, 8)]);
    let tree = file.leaf(1, &[(0, low, 8), (4, high, 8)]);
    file.put(tree + 5, &[1]);
    let it = file.chunked(&Chunks { tree, shape: &[8], chunk: &[2], ..Chunks::default() });
    assert!(refusal(&mut file, it).contains("keys out of order"));
}

#[test]
fn an_attribute_is_bounded() {
    // 300 texts of 60,000 bytes, all of them the same object of the heap: 18 MB in 65 KB of file.
    let mut file = MadeFile::new();
    let text = vec![b'x'; 60_000];
    let heap = file.heap_collection(&text);
    let reference = [&60_000u32.to_le_bytes()[..], &heap.to_le_bytes(), &1u32.to_le_bytes()].concat();
    let variable = [&[0x19, 1, 0, 0, 16, 0, 0, 0][..], &[0x13, 0, 0, 0, 1, 0, 0, 0]].concat();
    let mut outcome = |count: usize| {
        let attribute = attribute("name", &variable, &dataspace(&[count as u64]), &reference.repeat(count));
        let it =
            file.object(&[(1, dataspace(&[4])), (3, float32()), (8, contiguous(800, 16)), (0xc, attribute)]);
        let root = file.group(&[("it", it)]);
        open(&file, root).unwrap()
    };
    let within = outcome(200);
    assert!(within.unreadable.is_empty(), "{:?}", within.unreadable);
    assert_eq!(within.dataset("/it").unwrap().attributes[0].shape, [200]);
    let beyond = outcome(300);
    assert_eq!(beyond.unreadable[0].0, "/it@name");
    let why = &beyond.unreadable[0].1;
    assert!(why.contains("bytes of an attribute in the heap") && why.contains("16777216 allowed"), "{why}");
    assert!(beyond.dataset("/it").is_ok(), "the rest is read");
}

#[test]
fn the_work_of_a_walk_is_bounded() {
    // A node of 2 MB that is read for nothing, by each of 2,500 names of one dataset: 5 GB of parsing in a small file.
    let mut file = MadeFile::new();
    let node = file.leaf(1, &vec![(1, 800, 8); 65_535]);
    let it = file.chunked(&Chunks { tree: node, shape: &[8], chunk: &[2], ..Chunks::default() });
    let names: Vec<String> = (0..2_500).map(|number| format!("n{number:04}")).collect();
    let links: Vec<(&str, u64)> = names.iter().map(|name| (name.as_str(), it)).collect();
    let some = file.group(&links[..100]);
    assert_eq!(open(&file, some).unwrap().unreadable.len(), 100);
    let all = file.group(&links);
    let error = open(&file, all).unwrap_err();
    let said = error.to_string();
    assert!(matches!(error, Error::Limit { allowed: 4_294_967_296, .. }), "{said}");
    assert!(said.contains("bytes of metadata parsed in one walk"), "{said}");
}

#[test]
fn rounds_of_requests_are_bounded() {
    // Twenty groups, each in the one before and 64 KiB away from it.
    let mut file = MadeFile::new();
    let mut group = file.group(&[]);
    for _ in 0..20 {
        file.allocate(64 << 10);
        group = file.group(&[("g", group)]);
    }
    let reader = MemoryReader::new(file.finish(group));
    let mut options = OpenOptions::default().with_block_size(1024).with_first_read(1024);
    let opened = block_on(read_index(&reader, "/", &options)).unwrap();
    assert_eq!((opened.objects.len(), opened.waves > 16), (21, true), "{} rounds", opened.waves);
    options.max_waves = 8;
    let error = block_on(read_index(&reader, "/", &options)).unwrap_err();
    let said = error.to_string();
    assert!(matches!(error, Error::Limit { asked: 9, allowed: 8, .. }), "{said}");
    assert!(said.contains("rounds of requests for metadata"), "{said}");
}

#[test]
fn one_read_is_bounded() {
    // Nothing was ever written, so not a byte is fetched; the output alone is too much.
    let mut file = MadeFile::new();
    let it = file.contiguous(&[(1 << 30) + 1], u64::MAX, 0);
    let error = read(&mut file, it).unwrap_err();
    let said = error.to_string();
    assert!(matches!(error, Error::Limit { asked: 4_294_967_300, allowed: 4_294_967_296, .. }), "{said}");
    assert!(said.contains("bytes of /it read at once (take its pieces one by one)"), "{said}");
}

#[test]
fn ranks_and_shapes_are_checked() {
    // The number of axes.
    let mut file = MadeFile::new();
    let it = file.object(&[(1, dataspace(&[1; 33])), (3, float32()), (8, vec![3, 0, 4, 0, 0, 0, 0, 0])]);
    assert!(!refusal(&mut file, it).is_empty());
    // Chunks of another rank than the dataset (a division by zero in libhdf5), of no extent, of too many.
    for (shape, chunk) in [(&[8, 8][..], &[4][..]), (&[8], &[4, 4]), (&[8], &[0]), (&[u64::MAX], &[1])] {
        let mut file = MadeFile::new();
        let it = file.chunked(&Chunks { shape, chunk, ..Chunks::default() });
        let why = refusal(&mut file, it);
        assert!(why.contains("chunks"), "{shape:?} in chunks of {chunk:?}: {why}");
    }
    // More elements than there are numbers.
    let mut file = MadeFile::new();
    let it = file.contiguous(&[1 << 33, 1 << 33], 800, 1 << 40);
    let error = read(&mut file, it).unwrap_err();
    assert!(matches!(error, Error::Limit { .. } | Error::Malformed { .. }), "{error}");
    // A shape that the stored bytes do not fill, and bytes that the file does not have.
    for (shape, size) in [(1000, 16), (1000, 4000), (1 << 40, 1 << 42)] {
        let mut file = MadeFile::new();
        let it = file.contiguous(&[shape], 800, size);
        let error = read(&mut file, it).unwrap_err();
        assert!(matches!(error, Error::Malformed { .. } | Error::Limit { .. }), "{shape} in {size}: {error}");
    }
}

#[test]
fn types_of_more_parts_than_there_are_numbers_are_refused() {
    // A compound of 8 bytes that says of its only member to be 2^96 integers of 7 bits.
    let integer = [0x10, 0, 0, 0, 4, 0, 0, 0, 0, 0, 7, 0];
    let extent = u32::MAX.to_le_bytes();
    let array = [&[0x3a, 0, 0, 0, 8, 0, 0, 0, 3][..], &extent, &extent, &extent, &integer].concat();
    let compound = [&[0x36, 1, 0, 0, 8, 0, 0, 0][..], b"a\0", &[0], &array].concat();
    let layout = [vec![3, 1], [800, 8].iter().flat_map(|word: &u64| word.to_le_bytes()).collect()].concat();
    let mut file = MadeFile::new();
    let it = file.object(&[(1, dataspace(&[1])), (3, compound), (8, layout)]);
    assert!(!refusal(&mut file, it).is_empty());
}

#[test]
fn one_corner_of_a_huge_shape_can_be_planned() {
    let mut file = MadeFile::new();
    let it = file.contiguous(&[1 << 60], 800, 1 << 62);
    let index = open_with(&mut file, it);
    let dataset = index.dataset("/it").unwrap();
    let corner = dataset.plan("/it", &Selection::window(&[0..4; 1])).unwrap();
    assert_eq!(corner.bytes(), 16);
    // All of it would be 2^40 pieces, which are counted and not made.
    let error = dataset.plan("/it", &Selection::all(&dataset.shape)).unwrap_err();
    assert!(matches!(error, Error::Limit { .. }), "{error}");
}

#[test]
fn chunks_are_bounded_before_they_are_inflated() {
    let deflate = [(1, &[6][..])];
    // Declares more than any chunk may have.
    let mut file = MadeFile::new();
    let it = file.chunked(&Chunks {
        shape: &[1 << 27],
        chunk: &[1 << 27],
        filters: &deflate,
        ..Chunks::default()
    });
    let error = read(&mut file, it).unwrap_err();
    assert!(matches!(error, Error::Limit { allowed: 268_435_456, .. }), "{error}");
    // Declares 256 MiB that ten bytes cannot hold: refused by their number.
    let mut file = MadeFile::new();
    let stored = vec![0x78, 0x9c, 3, 0, 0, 0, 0, 1, 0, 0];
    let (shape, chunk) = (&[1 << 26], &[1 << 26]);
    let it =
        file.chunked(&Chunks { shape, chunk, filters: &deflate, stored: Some(stored), ..Chunks::default() });
    let error = read(&mut file, it).unwrap_err();
    assert!(error.to_string().contains("cannot give"), "{error}");
    // Gives a thousand times of what it declares.
    let mut compressor = libdeflater::Compressor::new(libdeflater::CompressionLvl::best());
    let mut bomb = vec![0; 100_000];
    let length = compressor.zlib_compress(&vec![0; 4_000_000], &mut bomb).unwrap();
    bomb.truncate(length);
    let mut file = MadeFile::new();
    let it = file.chunked(&Chunks {
        shape: &[1000],
        chunk: &[1000],
        filters: &deflate,
        stored: Some(bomb),
        ..Chunks::default()
    });
    let error = read(&mut file, it).unwrap_err();
    assert!(error.to_string().contains("more than the declared"), "{error}");
}

#[test]
fn pipelines_are_bounded() {
    let filters = [(2, &[4][..]); 9];
    let mut file = MadeFile::new();
    let it = file.chunked(&Chunks {
        shape: &[4],
        chunk: &[4],
        filters: &filters,
        stored: Some(vec![0; 16]),
        ..Chunks::default()
    });
    let error = read(&mut file, it).unwrap_err();
    assert!(matches!(error, Error::Limit { asked: 9, allowed: 8, .. }), "{error}");
}

#[test]
fn chunks_that_overlap_or_lie_outside_are_values_or_errors() {
    // Two chunks in the same bytes are strange but sound.
    let mut file = MadeFile::new();
    let stored: Vec<u8> = [1f32, 2.0].iter().flat_map(|value| value.to_le_bytes()).collect();
    let at = file.append(&stored);
    let it = file.chunks_at(&[4], &[2], &[(0, at, 8), (2, at, 8)]);
    assert_eq!(read(&mut file, it).unwrap(), Values::F32(vec![1.0, 2.0, 1.0, 2.0]));
    // Two at one place are not.
    let mut file = MadeFile::new();
    let it = file.chunks_at(&[4], &[2], &[(0, 800, 8), (0, 900, 8)]);
    assert!(refusal(&mut file, it).contains("two chunks"));
    for (offset, size) in [(u64::MAX - 4, 8), (1 << 40, 8), (800, u32::MAX)] {
        let mut file = MadeFile::new();
        let it = file.chunks_at(&[2], &[2], &[(0, offset, size)]);
        let root = file.group(&[("it", it)]);
        let reader = MemoryReader::new(file.finish(root));
        let index = block_on(read_index(&reader, "/", &OpenOptions::default())).unwrap();
        let read = block_on(read_values(&reader, &index, "/it", &Selection::window(&[0..2; 1])));
        assert!(read.is_err(), "chunk of {size} bytes at {offset}: {read:?}");
    }
    // Off the grid.
    let mut file = MadeFile::new();
    let it = file.chunks_at(&[4], &[2], &[(1, 800, 8)]);
    assert!(refusal(&mut file, it).contains("off the grid"));
}

#[test]
fn other_files_are_never_opened() {
    let mut file = MadeFile::new();
    let external = [
        vec![1, 0, 0, 0, 1, 0, 1, 0],
        [u64::MAX, 0, 0, 16].iter().flat_map(|word| word.to_le_bytes()).collect(),
    ];
    let layout =
        [vec![3, 1], [u64::MAX, 16].iter().flat_map(|word: &u64| word.to_le_bytes()).collect()].concat();
    let it = file.object(&[(1, dataspace(&[4])), (3, float32()), (7, external.concat()), (8, layout)]);
    let outcome = read(&mut file, it);
    assert!(matches!(outcome, Err(Error::Unsupported { .. } | Error::NotFound { .. })), "{outcome:?}");
}

#[test]
fn names_and_texts_may_be_anything() {
    let mut file = MadeFile::new();
    let leaf = file.group(&[]);
    let root = file.group(&[("..", leaf), ("a/b", leaf), ("", leaf)]);
    let index = open(&file, root).unwrap();
    assert!(index.objects.values().all(|object| matches!(object, Object::Group(_))));
    // A name that begins outside of its heap.
    let mut file = MadeFile::new();
    let leaf = file.group(&[]);
    let root = file.group_with_name_at(leaf, 1 << 40);
    let index = open(&file, root).unwrap();
    assert_eq!((index.objects.len(), index.unreadable.len()), (1, 1), "{:?}", index.unreadable);
    // Bytes that are no UTF-8 stay bytes.
    let mut file = MadeFile::new();
    let text = vec![0x13, 0x00, 0, 0, 4, 0, 0, 0];
    let at = file.append(&[b'a', 0xff, 0xfe, b'b']);
    let layout = [vec![3, 1], [at, 4].iter().flat_map(|word: &u64| word.to_le_bytes()).collect()].concat();
    let it = file.object(&[(1, dataspace(&[1])), (3, text), (8, layout)]);
    assert_eq!(read(&mut file, it).unwrap(), Values::ByteStrings(vec![b"a\xff\xfeb".to_vec()]));
}

#[test]
fn masks_and_pipelines_of_nothing_are_harmless() {
    for filters in [&[(2, &[0][..])][..], &[(2, &[u32::MAX])], &[(3, &[])], &[(2, &[4]), (1, &[])]] {
        let mut file = MadeFile::new();
        let stored = Some(vec![7; 16]);
        let it = file.chunked(&Chunks { shape: &[4], chunk: &[4], filters, stored, ..Chunks::default() });
        let _ = read(&mut file, it);
    }
    assert!(pipeline(&[]).len() >= 8);
}
