"""Python beside the same work in Rust: the package's import, opening a whole granule, reading a window; and how long
xarray takes to make its tree when there is nothing to be read.

    python bench/python.py GRANULE.h5 --rust target/release/examples/compare [--runs 9]
    python bench/python.py URL --rust … --as-is       # of the services that the environment names, say, the laboratory's

The two take turns in one run, so that a busy machine is as busy for both; what counts is the ratio of the medians. The
Rust side is `cargo build --release -p swath-python --example compare`. A granule is read through a
sandbox, over real sockets. Needs swath, xarray and nothing else; the wheel must be a release build.
"""

from __future__ import annotations

import argparse
import json
import os
import pathlib
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable

import swath
import swath.xarray_backend

LAYER = "/science/LSAR/GCOV/grids/frequencyA"
#: First row, first column, height, width: 25 chunks and more of a full granule.
WINDOW = (4000, 4000, 4096, 4096)


def imports(runs: int) -> tuple[float, float]:
    """Median seconds of `import numpy` and of `import swath` after it, each in a fresh interpreter."""
    code = "import time; a = time.perf_counter(); import numpy; b = time.perf_counter(); import swath; "
    code += "print(b - a, time.perf_counter() - b)"
    lines = [subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True) for _ in range(runs)]
    times = [[float(word) for word in line.stdout.split()] for line in lines]
    return statistics.median(one[0] for one in times), statistics.median(one[1] for one in times)


def timed(work: Callable[[], object]) -> float:
    begun = time.perf_counter()
    work()
    return time.perf_counter() - begun


class Rust:
    """The other side: a process that does one piece of work for each line that it is sent, and answers with its seconds."""

    def __init__(self, program: str, url: str, environment: dict[str, str]) -> None:
        variables = {**os.environ, **environment}
        arguments = [program, url, LAYER, *map(str, WINDOW)]
        self._process = subprocess.Popen(
            arguments, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=variables
        )

    def timed(self, work: str) -> float:
        assert self._process.stdin is not None and self._process.stdout is not None
        self._process.stdin.write(f"{work}\n")
        self._process.stdin.flush()
        return float(self._process.stdout.readline())

    def close(self) -> None:
        assert self._process.stdin is not None
        self._process.stdin.close()
        self._process.wait(10)


def alone(session: swath.Session, url: str, runs: int) -> float:
    """Median seconds that xarray itself takes to make the same tree when every value is in memory: what no engine can save."""
    import numpy
    import xarray
    from xarray.backends import BackendArray, BackendEntrypoint
    from xarray.backends.memory import InMemoryDataStore
    from xarray.backends.store import StoreBackendEntrypoint
    from xarray.core.indexing import LazilyIndexedArray

    class Zeros(BackendArray):
        def __init__(self, shape: tuple[int, ...], dtype: numpy.dtype) -> None:
            self.shape, self.dtype = shape, dtype

        def __getitem__(self, key: object) -> numpy.ndarray:
            return numpy.broadcast_to(numpy.zeros((), self.dtype), self.shape)[key.tuple]

    opened = xarray.open_datatree(url, engine="swath", session=session, decode_cf=False)
    ready = {}
    for node in opened.subtree:
        group = node.to_dataset(inherit=False)
        variables = {}
        for name, one in group.variables.items():
            values = group[name].values if name in group.xindexes else LazilyIndexedArray(Zeros(one.shape, one.dtype))
            variables[name] = xarray.Variable(one.dims, values, one.attrs, one.encoding)
        ready[node.path] = variables, group.attrs

    class Ready(BackendEntrypoint):
        supports_groups = True
        open_dataset_parameters = swath.xarray_backend.SwathBackendEntrypoint.open_dataset_parameters

        def open_datatree(self, filename_or_obj: object, **options: object) -> xarray.DataTree:
            made = {
                path: StoreBackendEntrypoint().open_dataset(InMemoryDataStore(dict(variables), dict(attrs)), **options)
                for path, (variables, attrs) in ready.items()
            }
            return xarray.DataTree.from_dict(made)

    return statistics.median(timed(lambda: xarray.open_datatree("ready", engine=Ready)) for _ in range(runs + 1))


def side_by_side(session: swath.Session, url: str, rust: Rust, runs: int) -> dict[str, dict[str, float]]:
    import xarray

    row, column, height, width = WINDOW
    layer = session.open(url, LAYER)["HHHH"]
    rows, columns = slice(row, row + height), slice(column, column + width)
    work: dict[str, tuple[str, Callable[[], object]]] = {
        "open the tree": ("open", lambda: session.open(url)),
        "xarray.open_datatree": ("open", lambda: xarray.open_datatree(url, engine="swath", session=session)),
        "read a window": ("read", lambda: layer[rows, columns]),
    }
    found = {"xarray alone, all in memory": {"python": round(alone(session, url, runs), 4)}}
    for name, (asked, ours) in work.items():
        rust.timed(asked), ours()
        pairs = [(rust.timed(asked), timed(ours)) for _ in range(runs)]
        theirs, own = (statistics.median(side) for side in zip(*pairs, strict=True))
        ratio = statistics.median(b / a for a, b in pairs)
        found[name] = {"rust": round(theirs, 4), "python": round(own, 4), "ratio": round(ratio, 3)}
    return found


def of_sandbox(granule: pathlib.Path, program: str, runs: int) -> dict[str, dict[str, float]]:
    with tempfile.TemporaryDirectory() as folder:
        os.link(granule, pathlib.Path(folder) / granule.name)
        with swath.sandbox(folder) as session:
            url = session.url_of(granule.stem)
            rust = Rust(program, url, session.environment)
            found = side_by_side(session, url, rust, runs)
            rust.close()
            return found


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("granule", type=str)
    options.add_argument("--rust", required=True)
    options.add_argument("--runs", type=int, default=9)
    options.add_argument("--as-is", action="store_true")
    asked = options.parse_args()
    numpy, own = imports(asked.runs)
    found: dict[str, object] = {"import numpy, s": round(numpy, 3), "import swath after it, s": round(own, 3)}
    if asked.as_is:
        rust = Rust(asked.rust, asked.granule, {})
        found |= side_by_side(swath.Session(cache=False), asked.granule, rust, asked.runs)
        rust.close()
    else:
        found |= of_sandbox(pathlib.Path(asked.granule), asked.rust, asked.runs)
    print(json.dumps(found, indent=2))


if __name__ == "__main__":
    main()
