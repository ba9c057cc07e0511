"""An answer of the catalogue made into granules: swath beside asf_search, in one run.

    cargo build --release -p swath --example search_speed
    python bench/search.py ANSWER.umm_json --rust target/release/examples/search_speed [--granules 2000] [--runs 9]

ANSWER is any answer of `granules.umm_json` with NISAR granules. A page of `--granules` items is made of them, each with a name
and ids of its own, as compact as the catalogue sends it. Both sides start from the bytes of that page and end with a list
of granules; they take turns, so that a busy machine is as busy for both; medians are printed and, since only swath uses several cores and so suffers most from a busy
machine, the best of each. asf_search's side is its own
`query_cmr` with the network taken out, and what that is made of. Needs asf_search (measured: 14.1.0). On Linux the memory
of a whole search through a server on the loopback is printed as well.
"""

from __future__ import annotations

import argparse
import gc
import http.server
import importlib
import json
import pathlib
import statistics
import subprocess
import tempfile
import threading
import time
from collections.abc import Callable

import asf_search
import requests

# asf_search has a function of the same name where the module would be.
search_generator = importlib.import_module("asf_search.search.search_generator")


def page_of(answer: dict, granules: int) -> bytes:
    """A page of so many items, no two with the same name or id."""
    texts = [(item["umm"]["GranuleUR"], json.dumps(item, separators=(",", ":"))) for item in answer["items"]]
    items = []
    for number in range(granules):
        name, text = texts[number % len(texts)]
        # The last field of a NISAR name is its counter, of three digits.
        again = f"{name[:-3]}{number // len(texts) % 999 + 1:03}"
        item = json.loads(text.replace(name, again))
        item["meta"]["concept-id"] = f"G{5_000_000_000 + number}-ASF"
        items.append(item)
    page = {"hits": granules, "took": 1, "items": items}
    return json.dumps(page, separators=(",", ":")).encode()


def answered(page: bytes) -> requests.Response:
    response = requests.Response()
    response.status_code, response._content, response.encoding = 200, page, "utf-8"
    return response


def timed(work: Callable[[], object]) -> float:
    begun = time.perf_counter()
    work()
    return time.perf_counter() - begun


class Rust:
    """A process that parses the page anew for each line that it is sent, and answers with its seconds."""

    def __init__(self, program: str, page: pathlib.Path, granules: int) -> None:
        self._granules = granules
        self._process = subprocess.Popen(
            [program, str(page)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )

    def timed(self) -> float:
        assert self._process.stdin is not None and self._process.stdout is not None
        self._process.stdin.write("again\n")
        self._process.stdin.flush()
        seconds, found = self._process.stdout.readline().split()
        assert int(found) == self._granules, found
        return float(seconds)

    def stop(self) -> None:
        self._process.communicate()


def memory(program: str, page: bytes, granules: int) -> str:
    """What a whole search holds, through a server that has one page."""

    class Catalogue(http.server.BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            self.rfile.read(int(self.headers["content-length"]))
            self.send_response(200)
            self.send_header("content-type", "application/vnd.nasa.cmr.umm_results+json")
            self.send_header("cmr-hits", str(granules))
            self.send_header("content-length", str(len(page)))
            self.end_headers()
            self.wfile.write(page)

        def log_message(self, *_: object) -> None:
            pass

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Catalogue) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        address = f"http://127.0.0.1:{server.server_address[1]}"
        said = subprocess.run([program, address], capture_output=True, text=True, check=True).stdout.split()
        server.shutdown()
    assert int(said[0]) == granules, said
    return f"{int(said[1]) / 1000:.0f} MB at most, {int(said[2]) / 1000:.0f} MB while the results are held"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("answer", type=pathlib.Path)
    parser.add_argument("--rust", required=True)
    parser.add_argument("--granules", type=int, default=2000)
    parser.add_argument("--runs", type=int, default=9)
    asked = parser.parse_args()
    page = page_of(json.loads(asked.answer.read_text()), asked.granules)
    session, response = asf_search.ASFSession(), answered(page)
    search_generator.get_page = lambda **_: response
    items = response.json()["items"]
    theirs = {
        "asf_search, query_cmr": lambda: search_generator.query_cmr(session, "", {}, 0),
        "  of it, one json()": response.json,
        "  of it, as_ASFProduct": lambda: [search_generator.as_ASFProduct(item, session) for item in items],
    }
    # Or the collector would walk over these items again and again while asf_search is timed.
    gc.collect()
    gc.freeze()
    with tempfile.TemporaryDirectory() as folder:
        file = pathlib.Path(folder) / "page.umm_json"
        file.write_bytes(page)
        rust = Rust(asked.rust, file, asked.granules)
        times: dict[str, list[float]] = {name: [] for name in ["swath", *theirs]}
        for _ in range(asked.runs):
            times["swath"] += [rust.timed() for _ in range(5)]
            for name, work in theirs.items():
                times[name].append(timed(work))
        rust.stop()
    print(f"asf_search {asf_search.__version__}; {asked.granules} granules of {len(page) / asked.granules:.0f} bytes")
    for name, all_of_it in times.items():
        told = []
        for what, of in (("median", statistics.median), ("best", min)):
            seconds, ours = of(all_of_it), of(times["swath"])
            told.append(f"{what} {seconds / asked.granules * 1e6:8.2f} µs a granule {seconds / ours:6.1f} x")
        print(f"{name:24} {'   '.join(told)}")
    print(memory(asked.rust, page, asked.granules))


if __name__ == "__main__":
    main()
