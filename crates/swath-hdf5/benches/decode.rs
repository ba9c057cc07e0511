//! How fast chunks are decoded, and how fast an index is made, kept and opened again.
fn main() {}
