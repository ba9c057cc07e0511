//! The one integration test binary of the crate; a module per verb.

mod search;
