//! swath-hdf5
