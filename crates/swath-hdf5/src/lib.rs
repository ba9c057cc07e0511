#![doc = include_str!("../README.md")]
//!
//! ## Example
//! A file in memory, which is ready at once; elsewhere `await`.
//! ```
//! use futures::FutureExt;
//! use swath_hdf5::{MemoryReader, OpenOptions, Selection, read_index, read_values};
//!
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! # let bytes = file_of_one_dataset();
//! let reader = MemoryReader::new(bytes);
//! let index = read_index(&reader, "/", &OpenOptions::default()).now_or_never().ok_or("waits")??;
//! let dataset = index.dataset("/height")?;
//! assert_eq!((dataset.datatype.name().as_str(), &dataset.shape[..]), ("float32", &[4][..]));
//!
//! let window = Selection::window(std::slice::from_ref(&(1..3)));
//! let plan = dataset.plan("/height", &window)?;
//! assert_eq!((plan.bytes(), plan.output_bytes()), (8, 8));
//!
//! let values = read_values(&reader, &index, "/height", &window).now_or_never().ok_or("waits")??;
//! assert_eq!(values.to_f64(), Some(vec![2.0, 3.0]));
//! # Ok(())
//! # }
//! # /// A file of superblock 0 with one contiguous float32 dataset of 4 values, byte by byte.
//! # fn file_of_one_dataset() -> Vec<u8> {
//! #     let mut file = vec![0u8; 1024];
//! #     let mut put = |at: usize, bytes: &[u8]| file[at..at + bytes.len()].copy_from_slice(bytes);
//! #     let u64s = |values: &[u64]| values.iter().flat_map(|value| value.to_le_bytes()).collect::<Vec<u8>>();
//! #     put(0, b"\x89HDF\r\n\x1a\n\0\0\0\0\0\x08\x08\0\x04\0\x10\0\0\0\0\0");
//! #     put(24, &u64s(&[0, u64::MAX, 1024, u64::MAX, 0, 96]));
//! #     put(96, b"\x01\0\x01\0\x01\0\0\0\x18\0\0\0\0\0\0\0\x11\0\x10\0\0\0\0\0");
//! #     put(120, &u64s(&[160, 240]));
//! #     put(160, b"TREE\0\0\x01\0"); put(168, &u64s(&[u64::MAX, u64::MAX, 0, 320, 8]));
//! #     put(240, b"HEAP\0\0\0\0"); put(248, &u64s(&[24, 1, 280])); put(288, b"height");
//! #     put(320, b"SNOD\x01\0\x01\0"); put(328, &u64s(&[8, 400]));
//! #     put(400, b"\x01\0\x03\0\x01\0\0\0\x60\0\0\0\0\0\0\0");
//! #     put(416, b"\x01\0\x18\0\0\0\0\0\x01\x01\0\0\0\0\0\0"); put(432, &u64s(&[4]));
//! #     put(448, b"\x03\0\x18\0\0\0\0\0\x11\x20\x1f\0\x04\0\0\0\0\0\x20\0\x17\x08\0\x17\x7f\0\0\0");
//! #     put(480, b"\x08\0\x18\0\0\0\0\0\x03\x01"); put(490, &u64s(&[800, 16]));
//! #     for (number, value) in [1f32, 2.0, 3.0, 4.0].iter().enumerate() { put(800 + 4 * number, &value.to_le_bytes()) }
//! #     file
//! # }
//! ```
//!
//! ## Where to look
//! - [`ReadRanges`]: the one trait to implement; [`MemoryReader`] and [`CountingReader`] are ready made.
//! - [`read_index`] → [`Index`] → [`Object`]: [`Group`] or [`Dataset`], with [`DataType`]s, [`Attribute`]s and a
//!   [`ChunkTable`].
//! - [`Selection`] for windows and steps, [`Picks`] for lists of indexes and points; [`read_into`] for buffers of numbers.
//! - [`LazyTable`] for windows of datasets whose chunk table is too long to be read whole.
//! - [`Dataset::plan`] → [`Plan`] → [`Piece`] → [`Plan::decode`] → [`DecodedPiece`].
//! - [`Error`]: what is told apart, and what each means.
//! - [`mod@format`]: what lies where in a file, byte by byte, with the sections of the specification.
//!
//! **Invariants.** No function here opens a socket or a file. No bytes make it panic, hang, or allocate more than
//! the limits say. A walk that missed a byte never becomes an answer. Planning reads nothing; decoding waits for
//! nothing.
#![forbid(unsafe_code)]

mod blocks;
mod buffers;
mod chunk_table;
mod datatype;
mod decode;
mod element;
mod error;
mod filter;
pub mod format;
mod gather;
mod hints;
mod index;
mod lazy_table;
mod open;
mod parser;
mod plan;
mod reader;
mod selection;
mod small;
mod values;
mod walk;

/// Path of the file itself, in errors that concern no object.
pub(crate) const ROOT: &str = "/";

pub use chunk_table::{ChunkTable, StoredChunk};
pub use datatype::{
    ByteOrder, Charset, DataType, FloatFormat, FloatLayout, Integer, Member, Padding, ReferenceKind,
};
pub use decode::DecodedPiece;
pub use element::{Element, read_into};
pub use error::{Error, Result};
pub use filter::Filter;
pub use gather::{PickPlan, Picks, read_picked_bytes, read_picks};
pub use index::{Dataset, Group, Index, Layout, Link, NamedType, Object};
pub use lazy_table::{LazyTable, read_tables};
pub use open::{OpenHints, OpenOptions, read_index};
pub use parser::ChunkIndex;
pub use plan::{Piece, Plan};
pub use reader::{CountingReader, Fetched, MemoryReader, ReadCounts, ReadError, ReadRanges};
pub use selection::{Axis, Selection};
pub use small::{read_bytes, read_planned, read_values};
pub use values::{Attribute, Values, values};
