#!/usr/bin/env bash
# Every test, on a machine with only Rust and Python 3.11 or newer with pip:
#   ./test.sh            all jobs of the continuous integration
#   ./test.sh clippy     one of them (see `justfile`)
# The tools go into .tools, pinned; nothing outside the repository is touched but the caches of pip and cargo.
set -euo pipefail
cd "$(dirname "$0")"

deny_version=0.20.2
tools=$PWD/.tools

step() {
    local name=$1 begin=$SECONDS
    shift
    echo "== $name"
    "$@" || { echo "FAILED: $name" >&2; exit 1; }
    echo "== $name $((SECONDS - begin)) s"
}

python_tools() {
    local python
    for python in python3.11 python3 python; do
        if "$python" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then
            "$python" -m venv --clear "$tools/venv" &&
                "$tools/venv/bin/python" -m pip install --quiet --disable-pip-version-check -r fixtures/requirements.txt &&
                cp fixtures/requirements.txt "$tools/venv/installed.txt"
            return
        fi
    done
    echo "no Python 3.11 or newer found: install one, with pip and venv" >&2
    return 1
}

cargo_deny() {
    cargo install --quiet --no-default-features cargo-deny --version "$deny_version" --locked --debug --root "$tools"
}

if ! cmp -s fixtures/requirements.txt "$tools/venv/installed.txt"; then
    step "python tools" python_tools
fi
if [ "$("$tools/bin/cargo-deny" --version 2>/dev/null || true)" != "cargo-deny $deny_version" ]; then
    case " ${*:-ci} " in *" ci "* | *" deny "*) step "cargo-deny $deny_version" cargo_deny ;; esac
fi
exec "$tools/venv/bin/just" "${@:-ci}"
