#!/usr/bin/env bash
# Seeds for every target, in fuzz/corpus: the committed granules' quality statistics, the unusual granules of
# `just variants`, and small files of the folders given (say, the HDF5 library's own test files).
set -euo pipefail
cd "$(dirname "$0")/.."
{
    find fixtures/granules target/fixtures "$@" -type f -size -2048k \
        \( -name '*.h5' -o -name '*.hdf5' -o -name '*.nc' -o -name '*.nc4' -o -name '*.he5' -o -name '*_STATS.h5.gz' \) 2>/dev/null || true
} | sort | xargs cargo run --quiet --locked --package swath-hdf5 --example seeds -- fuzz/corpus
