//! What must hold for any bytes: an answer or an error, in bounded time and memory. Each function is the body of
//! the fuzz target of its name; the ordinary tests run them over sound, damaged and random input as well.

pub(crate) mod decode;
pub(crate) mod filters;
pub(crate) mod index;
pub(crate) mod made;
pub(crate) mod plan;
pub(crate) mod tree;
