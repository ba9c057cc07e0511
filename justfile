# One recipe per job of the continuous integration. `./test.sh` sets up the tools and runs `just ci`;
# `./test.sh test` runs one recipe. Without just: every recipe is a few plain commands.

set shell := ["bash", "-euo", "pipefail", "-c"]

export PATH := justfile_directory() / ".tools/venv/bin:" + justfile_directory() / ".tools/bin:" + env("PATH")
export PYTHONDONTWRITEBYTECODE := "1"

# the recipes, with what they do
help:
    @just --list --unsorted

# every job, in order; stops at the first that fails and names it
ci:
    @python .ci/steps.py fmt clippy test faults doc deny typos witness structure python notebooks docs

# formatting of the Rust code
fmt:
    cargo fmt --all --check

# lints, warnings are errors
clippy:
    cargo clippy --locked --workspace --all-targets -- -D warnings

# all tests; the unusual granules they read are made first
test: variants
    cargo test --locked --workspace

# swath's column of the matrix of faults again, but for the rows that depend on time (all rows: bench/faults.py)
faults:
    cargo build --quiet --locked --package swath-cli
    python bench/faults.py --tools swath --swath "${CARGO_TARGET_DIR:-target}/debug/swath" --check --only '^(?!.*(stalls|trickles|no answer|429|expire))'

# the manual builds without a warning
doc:
    RUSTDOCFLAGS="-D warnings" cargo doc --locked --workspace --no-deps --lib

# what may be in the dependency tree: bans, licences, sources (deny.toml)
deny:
    cargo deny --locked --workspace check bans licenses sources

# spelling
typos:
    typos

# the committed granules still hold what h5py, rioxarray and pyproj said they hold
witness:
    python fixtures/witness.py check

# the HDF5 crate knows no runtime and no network
structure:
    #!/usr/bin/env bash
    set -euo pipefail
    tree=$(cargo tree --locked --edges normal --prefix none --package swath-hdf5)
    if found=$(grep -E '^(tokio|reqwest|hyper|rustls|mio|socket2|ring)[a-z0-9-]* v' <<<"$tree"); then
        printf 'swath-hdf5 must not depend on:\n%s\n' "$found" >&2
        exit 1
    fi

# the Python package: wheel, types, stubs, tests against a sandbox, h5netcdf and a Dask cluster
python: variants
    #!/usr/bin/env bash
    set -euo pipefail
    venv=$PWD/.tools/python-venv
    if ! cmp -s crates/swath-python/requirements.txt "$venv/installed.txt"; then
        python -m venv --clear "$venv"
        "$venv/bin/python" -m pip install --quiet --disable-pip-version-check -r crates/swath-python/requirements.txt
        cp crates/swath-python/requirements.txt "$venv/installed.txt"
    fi
    rm -rf .tools/wheels
    "$venv/bin/maturin" build --quiet --locked --manifest-path crates/swath-python/Cargo.toml --out .tools/wheels
    "$venv/bin/python" -m pip install --quiet --disable-pip-version-check --force-reinstall --no-deps .tools/wheels/*.whl
    cd crates/swath-python
    "$venv/bin/mypy" --strict --cache-dir ../../.tools/mypy python/swath tests
    "$venv/bin/python" -m mypy.stubtest swath._swath
    "$venv/bin/python" -m pytest --quiet -p no:cacheprovider

# the tools of the two recipes below, and the Python package, in a venv of their own
[private]
docs-venv:
    #!/usr/bin/env bash
    set -euo pipefail
    venv=$PWD/.tools/docs-venv
    if ! cmp -s docs/site/requirements.txt "$venv/installed.txt"; then
        python -m venv --clear "$venv"
        "$venv/bin/python" -m pip install --quiet --disable-pip-version-check -r docs/site/requirements.txt
        cp docs/site/requirements.txt "$venv/installed.txt"
    fi
    cargo build --quiet --locked --package swath-cli
    rm -rf .tools/docs-wheels
    "$venv/bin/maturin" build --quiet --locked --manifest-path crates/swath-python/Cargo.toml --out .tools/docs-wheels
    "$venv/bin/python" -m pip install --quiet --disable-pip-version-check --force-reinstall --no-deps .tools/docs-wheels/*.whl

# the notebooks and the examples of the pages, run against a sandbox: figures as the witnesses say, output as committed
notebooks: docs-venv
    .tools/docs-venv/bin/python docs/notebooks/check.py
    SWATH_BIN="${CARGO_TARGET_DIR:-target}/debug/swath" .tools/docs-venv/bin/python docs/site/check.py

# (never with --quiet: it lets warnings pass, broken links too)
# the pages of the manual, in target/site; a broken link is an error
docs: docs-venv
    SWATH_BIN="$(realpath "${CARGO_TARGET_DIR:-target}/debug/swath")" NO_MKDOCS_2_WARNING=1 .tools/docs-venv/bin/mkdocs build --strict --config-file docs/site/mkdocs.yml

# granules of unusual layout with their expected values, in target/fixtures; made anew when the scripts change
variants:
    #!/usr/bin/env bash
    set -euo pipefail
    recipe=$(cat fixtures/*.py fixtures/requirements.txt | python -c 'import hashlib, sys; print(hashlib.sha256(sys.stdin.buffer.read()).hexdigest())')
    if [ "$(cat target/fixtures/recipe 2>/dev/null || true)" != "$recipe" ]; then
        rm -rf target/fixtures
        python fixtures/make_granules.py --variants target/fixtures
        python fixtures/witness.py variants target/fixtures
        python fixtures/formats.py target/fixtures/formats
        echo "$recipe" > target/fixtures/recipe
    fi

# write the demo granules and their expected values again (only when their recipe changes)
granules:
    python fixtures/make_granules.py --demo fixtures/granules
    python fixtures/witness.py write
