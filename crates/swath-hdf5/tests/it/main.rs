//! Integration tests of swath-hdf5: witnesses, budgets, conformance, damage.

mod budget;
mod canon;
mod conformance;
mod damage;
mod ready;
mod sha256;
mod support;
mod tree;
mod witness;
