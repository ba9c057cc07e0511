//! The format as this crate reads it: what lies where, byte by byte, and what is checked.
//!
//! Numbers in brackets are sections of the *HDF5 File Format Specification* 3.0. All numbers in a file are
//! little-endian, but for elements, whose type tells their order. *O* is the width of an address and *L* that of a
//! length, both from the superblock and mostly 8. An address of all ones is *undefined*: nothing was written there.
//! Addresses count from the base address, which is the length of the user block.
//!
//! ## From the beginning of a file to an object
//! | what | where | begins with |
//! |---|---|---|
//! | superblock (II.A) | at 0, 512, 1024, … 2ⁿ; eight places are tried | `89 48 44 46 0d 0a 1a 0a` |
//! | superblock extension (II.A, version 2 on) | an object header of its own | |
//! | object header, first generation (IV.A.1.a) | where a link leads | version `01` |
//! | object header, second generation (IV.A.1.b) | the same | `OHDR`, version `02`, checksum at the end |
//! | its continuations | where message 0x10 leads | nothing, or `OCHK` and a checksum |
//!
//! A superblock of version 0 or 1 ends with the entry of the root group; versions 2 and 3 state the address of its
//! header and have a checksum. The extension may hold the *File Space Info* message (0x17), with the size of the
//! pages that a writer fills: [`Index::page_size`](crate::Index::page_size).
//!
//! A header is a list of messages: number, length, flags, data. In the first generation numbers and lengths have two
//! bytes and data fill multiples of eight; in the second, a number has one byte, and two more follow if the order of
//! creation is tracked. Flag 0x02 says that the data only tell where the message is: in the header of a named type, or
//! in the file's table of shared messages. Flag 0x80 says that who does not know the message must not go on.
//!
//! ## Messages
//! | number | message | section | read as |
//! |---|---|---|---|
//! | 0x01 | dataspace | IV.A.2.b | shape and how far it may grow; versions 1 and 2; null |
//! | 0x02 | link info | IV.A.2.c | where links are, if they are many |
//! | 0x03 | datatype | IV.A.2.d | [`DataType`](crate::DataType); versions 1 to 5, eleven classes and the complex one of HDF5 2.0 |
//! | 0x04, 0x05 | fill value | IV.A.2.e, f | one element for what was never written; old, and versions 1 to 3 |
//! | 0x06 | link | IV.A.2.g | hard, soft, external, user-defined |
//! | 0x07 | external data files | IV.A.2.h | their names, for the error; they are not opened |
//! | 0x08 | data layout | IV.A.2.i | [`Layout`](crate::Layout); versions 1 to 5 |
//! | 0x0b | filter pipeline | IV.A.2.l | [`Filter`](crate::Filter)s in the order in which they were applied |
//! | 0x0c | attribute | IV.A.2.m | [`Attribute`](crate::Attribute); versions 1 to 3 |
//! | 0x0f | shared message table | IV.A.2.p | where messages with flag 0x02 are kept |
//! | 0x10 | continuation | IV.A.2.q | address and length of more messages |
//! | 0x11 | symbol table | IV.A.2.r | tree and heap of a group of the first generation |
//! | 0x15 | attribute info | IV.A.2.v | where attributes are, if they are many |
//! | 0x17 | file space info | IV.A.2.x | size of pages |
//! | 0x18 | cache image | – | the file is refused: its metadata is elsewhere |
//!
//! Every field is taken with a check of the bytes that are left, so a message that ends early is an error that says
//! which, and concerns its object alone.
//!
//! ## Links and attributes
//! A group of the first generation is a B-tree of type 0 (III.A.1) whose leaves are nodes of symbols (`SNOD`, III.B):
//! per child the place of its name in a local heap (`HEAP`, III.D), and the address of its header or, for soft links,
//! the place of a path. A group of the second generation has its links as messages or, from some number on, in a
//! fractal heap (`FRHP`, III.G) with a B-tree of the second generation (`BTHD`) over hashes of the names. Attributes
//! are kept in the same two ways.
//!
//! What has no fixed length lies in the global heap (`GCOL`, III.E): collections of 4 KiB or more, each a list of
//! numbered objects. An element refers to one by length, address of the collection, and number.
//!
//! ## Where chunks are
//! Layout message 3 has one index for all; 4 and 5 name one of five. All six are read whole, or as far as a
//! [`LazyTable`](crate::LazyTable) is asked.
//!
//! | index | for | number of structures on the way to a chunk |
//! |---|---|---|
//! | B-tree, first generation (III.A.1, type 1) | layouts 1 to 3 | one a level: 64 children a node unless the superblock says otherwise |
//! | single chunk (VII.A) | one chunk is all | none: the message has its address, filtered also size and mask |
//! | implicit (VII.B) | allocated at once, no filters | none: address + number × bytes |
//! | fixed array (VII.C) | no endless axis | `FAHD`, then `FADB` or one page of it |
//! | extensible array (VII.D) | one endless axis | `EAHD`, `EAIB`, then `EADB`, or `EASB` and `EADB` or one page of it |
//! | B-tree, second generation (VII.E, types 10 and 11) | several endless axes | `BTHD`, then one node a level: `BTIN`, `BTLF` |
//!
//! **A node of the first generation**: `TREE`, type 1, level, number of entries (2 bytes), two siblings (*O* each); then
//! by turns keys and children, one key more than children. A key has the stored size of the chunk (4), its filter mask
//! (4), and its first element along each axis and along the bytes of an element (8 each). The chunks of a child are not
//! before the key to its left and come before the key to its right. The last key of a node is not relied on, for writers
//! differ in it: the next key of its parent does as well.
//!
//! **A node of the second generation**: signature, version 0, type; records; in `BTIN` one child more than records
//! (address, number of its records, and above the first level the number of all below it, each in as few bytes as the
//! largest takes); a checksum. A record has the chunk's address (*O*), with filters its stored size (1 to 8) and mask
//! (4), and its coordinates in the grid (8 each). Children lie between records.
//!
//! **A fixed array**: `FAHD`, version, client (1: filtered), bytes of an element, bits of a page, number of elements
//! (*L*), address of the block (*O*), checksum. `FADB`, version, client, address of the header; with more elements than
//! a page has, a bit for each page that was written, most significant first; checksum; then the pages, each with a
//! checksum of its own. An element is the chunk's address, with filters its size and mask. Elements are numbered in C
//! order of the *largest* shape.
//!
//! **An extensible array** is the same, in blocks: some elements in `EAIB` itself, then blocks whose number and length
//! double by turns. With *m* elements in the shortest, group *n* has 2^⌊n/2⌋ blocks of *m* 2^⌈n/2⌉ elements and begins
//! at element *m* (2ⁿ − 1) behind those in `EAIB`; the first groups' blocks are listed there, each later group has an
//! `EASB` with the addresses of its blocks and a bit for each page of them. The endless axis counts first.
//!
//! ## Chunks
//! A chunk has the whole chunk's shape, also where it reaches beyond the dataset. Filters are undone from the last to the
//! first, but for those whose bit is set in its mask; all of them are left out of edges if the layout says so
//! (version 4, flag 1). A chunk that the index does not have is the fill value.
//!
//! | filter | number | what is stored |
//! |---|---|---|
//! | deflate | 1 | a zlib stream (RFC 1950) |
//! | shuffle | 2 | first bytes of all elements, then all second ones, …; a rest that fills no element follows as it is |
//! | Fletcher-32 | 3 | the data, then four bytes of checksum |
//! | szip | 4 | length (4), then blocks of Rice codes (CCSDS 121.0) |
//! | n-bit | 5 | the bits that count of each number, without gaps |
//! | scale-offset | 6 | least value and width, then the differences in so many bits |
//! | LZF | 32000 | literals and copies within 8 KiB |
//! | Blosc, Blosc2 | 32001, 32026 | a frame of blocks, split by significance, each compressed |
//! | LZ4 | 32004 | length and block size, big-endian, then blocks |
//! | bitshuffle | 32008 | bits by significance, with LZ4 or Zstandard behind |
//! | Zstandard | 32015 | a frame (RFC 8878) |
//!
//! A filter may not give more than the chunk's declared size, which may not be more than 256 MiB.
//!
//! ## Try it
//! A chunk table is looked at like any value. Here is one of two chunks, which a node of the first generation holds:
//! ```
//! use futures::FutureExt;
//! use swath_hdf5::{Layout, MemoryReader, OpenOptions, Selection, read_index, read_values};
//!
//! let word = |value: u64| value.to_le_bytes();
//! let mut file = vec![0u8; 1024];
//! let mut put = |at: usize, parts: &[&[u8]]| {
//!     let bytes = parts.concat();
//!     file[at..at + bytes.len()].copy_from_slice(&bytes);
//! };
//! // A superblock of version 0, whose root is the header at 96.
//! put(0, &[b"\x89HDF\r\n\x1a\n\0\0\0\0\0\x08\x08\0\x04\0\x10\0\0\0\0\0"]);
//! put(24, &[&word(0), &word(u64::MAX), &word(1024), &word(u64::MAX), &word(0), &word(96)]);
//! // A group of one name: header, tree, local heap, node of symbols.
//! put(96, &[&[1, 0, 1, 0, 1, 0, 0, 0, 24], &[0; 7], &[0x11, 0, 16, 0, 0, 0, 0, 0], &word(160), &word(240)]);
//! put(160, &[b"TREE\0\0\x01\0", &word(u64::MAX), &word(u64::MAX), &word(0), &word(320), &word(8)]);
//! put(240, &[b"HEAP\0\0\0\0", &word(24), &word(1), &word(280), &word(0), &word(0), b"steps"]);
//! put(320, &[b"SNOD\x01\0\x01\0", &word(8), &word(400)]);
//! // A dataset of six bytes in chunks of four: dataspace, datatype, layout of version 3.
//! put(400, &[&[1, 0, 3, 0, 1, 0, 0, 0, 96], &[0; 7]]);
//! put(416, &[&[1, 0, 16, 0, 0, 0, 0, 0, 1, 1, 0, 0, 0, 0, 0, 0], &word(6)]);
//! put(440, &[&[3, 0, 16, 0, 0, 0, 0, 0, 0x10, 0, 0, 0, 1, 0, 0, 0, 0, 0, 8, 0, 0, 0, 0, 0]]);
//! put(464, &[&[8, 0, 24, 0, 0, 0, 0, 0, 3, 2, 2], &word(600), &[4, 0, 0, 0, 1, 0, 0, 0]]);
//! // Its index: one node with two keys and chunks, each of 4 bytes, and the key behind them.
//! put(600, &[b"TREE\x01\0\x02\0", &word(u64::MAX), &word(u64::MAX)]);
//! for (number, address) in [(0, 800), (1, 900)] {
//!     put(624 + 32 * number as usize, &[&[4, 0, 0, 0, 0, 0, 0, 0], &word(4 * number), &word(0), &word(address)]);
//! }
//! put(800, &[&[1, 2, 3, 4]]);
//! put(900, &[&[5, 6, 0, 0]]);
//!
//! let reader = MemoryReader::new(file);
//! let index = read_index(&reader, "/", &OpenOptions::default()).now_or_never().unwrap()?;
//! let Layout::Chunked(table) = &index.dataset("/steps")?.layout else { panic!("not chunked") };
//! assert_eq!((table.grid(), table.len()), (&[2][..], 2));
//! assert_eq!(table.get(&[1]).map(|chunk| (chunk.offset, chunk.size)), Some((900, 4)));
//!
//! let all = Selection::all(&[6]);
//! let values = read_values(&reader, &index, "/steps", &all).now_or_never().unwrap()?;
//! assert_eq!(values.to_f64(), Some(vec![1.0, 2.0, 3.0, 4.0, 5.0, 6.0]));
//! # Ok::<(), swath_hdf5::Error>(())
//! ```
