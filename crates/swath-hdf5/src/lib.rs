//! swath-hdf5
#![forbid(unsafe_code)]

mod blocks;
mod chunk_table;
mod datatype;
mod decode;
mod error;
mod filter;
mod hints;
mod index;
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
pub use datatype::{ByteOrder, Charset, DataType, FloatFormat, Integer, Member, Padding, ReferenceKind};
pub use decode::DecodedPiece;
pub use error::{Error, Result};
pub use filter::Filter;
pub use index::{Dataset, Group, Index, Layout, Object};
pub use open::{OpenOptions, read_index};
pub use plan::{Piece, Plan};
pub use reader::{CountingReader, Fetched, MemoryReader, ReadCounts, ReadError, ReadRanges};
pub use selection::{Axis, Selection};
pub use small::{read_bytes, read_values};
pub use values::{Attribute, Values, values};
