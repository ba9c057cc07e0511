//! swath-sandbox
