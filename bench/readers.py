#!/usr/bin/env python3
"""Readers of HDF5 over HTTP beside each other: requests, bytes and seconds for the same task on the same file.

    pip install async-hdf5==0.1.0 obstore h5py==3.16.0 fsspec aiohttp numpy
    cargo build --release -p swath-hdf5 --example http
    readers.py FILE.h5 DATASET [RUNS]

The task: every group, dataset and attribute of the file, then the first 4 x 4 elements of DATASET (chunked, with
filters). Each run is a process of its own; the readers take turns. The server is on this machine, answers ranges over
kept connections, and lets each answer wait for 40 ms; what is counted is what it sent.
"""
import asyncio
import http.server
import pathlib
import statistics
import subprocess
import sys
import threading
import time

DELAY = 0.04
EXAMPLE = pathlib.Path(__file__).resolve().parents[1] / "target/release/examples/http"


class Ranges(http.server.BaseHTTPRequestHandler):
    """One file, by ranges."""

    protocol_version = "HTTP/1.1"

    def do_HEAD(self):
        self.answer(b"", self.server.size, 200)

    def do_GET(self):
        first, _, last = self.headers.get("Range", "bytes=0-").removeprefix("bytes=").partition("-")
        size = self.server.size
        start = int(first) if first else size - int(last)
        end = min(int(last) + 1 if first and last else size, size)
        with open(self.server.path, "rb") as file:
            file.seek(start)
            body = file.read(end - start)
        self.answer(body, len(body), 206, f"bytes {start}-{end - 1}/{size}")

    def answer(self, body, length, status, content_range=None):
        time.sleep(DELAY)
        with self.server.lock:
            self.server.requests += 1
            self.server.sent += len(body)
        self.send_response(status)
        self.send_header("Content-Length", str(length))
        self.send_header("Accept-Ranges", "bytes")
        self.send_header("ETag", '"1"')
        self.send_header("Last-Modified", "Sat, 01 Nov 2025 00:00:00 GMT")
        if content_range:
            self.send_header("Content-Range", content_range)
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        pass


def unshuffled(stored, size):
    """The bytes behind deflate and shuffle."""
    import zlib

    import numpy as np

    return np.frombuffer(zlib.decompress(stored), "u1").reshape(size, -1).T.tobytes()


def read_h5py(url, dataset, **cache):
    import fsspec
    import h5py

    counts = [0, 0]
    with fsspec.open(url, "rb", **cache) as opened, h5py.File(opened) as file:

        def visit(_, node):
            counts[0] += 1
            for name in node.attrs:
                node.attrs[name]
                counts[1] += 1

        visit("/", file)
        file.visititems(visit)
        return counts, float(file[dataset][:4, :4].sum())


async def read_async(url, dataset):
    import async_hdf5
    import numpy as np
    from obstore.store import HTTPStore

    base, _, name = url.rpartition("/")
    file = await async_hdf5.HDF5File.open(name, store=HTTPStore.from_url(base, client_options={"allow_http": True}))
    counts = [0, 0]

    async def visit(group):
        counts[0] += 1
        counts[1] += len(await group.attributes())
        names = await asyncio.gather(group.group_names(), group.dataset_names())
        await asyncio.gather(*(child(group.group(name), visit) for name in names[0]), *(child(group.dataset(name), leaf) for name in names[1]))

    async def leaf(found):
        counts[0] += 1
        counts[1] += len(await found.attributes())

    async def child(opening, then):
        try:
            await then(await opening)
        except Exception as why:  # what it cannot read is said and left out
            print(f"not read: {why}", file=sys.stderr)

    root = await file.root_group()
    await visit(root)
    group, _, name = dataset.strip("/").rpartition("/")
    layer = await (await root.navigate(group)).dataset(name)
    [stored] = await layer.batch_get_chunks([[0, 0]])
    values = np.frombuffer(unshuffled(stored, layer.element_size), layer.numpy_dtype).reshape(layer.chunk_shape)
    return counts, float(values[:4, :4].sum())


BLOCKS = {"cache_type": "blockcache", "block_size": 4 << 20}
READERS = {
    "swath-hdf5": None,
    "async-hdf5": lambda url, dataset: asyncio.run(read_async(url, dataset)),
    "h5py, fsspec blockcache 4 MiB": lambda url, dataset: read_h5py(url, dataset, **BLOCKS),
    "h5py, fsspec default": read_h5py,
}


def command(name, url, dataset):
    """The process that does the task."""
    if READERS[name] is None:
        return [str(EXAMPLE), url, dataset]
    return [sys.executable, __file__, "--read", name, url, dataset]


def main(path, dataset, runs=5):
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Ranges)
    server.path, server.size, server.lock = path, pathlib.Path(path).stat().st_size, threading.Lock()
    server.daemon_threads = True
    threading.Thread(target=server.serve_forever, daemon=True).start()
    url = f"http://127.0.0.1:{server.server_port}/{pathlib.Path(path).name}"
    found = {name: [] for name in READERS}
    for _ in range(int(runs)):
        for name, results in found.items():
            server.requests = server.sent = 0
            begun = time.monotonic()
            done = subprocess.run(command(name, url, dataset), capture_output=True, text=True, check=True)
            results.append((time.monotonic() - begun, server.requests, server.sent, done.stdout.strip().splitlines()))
    least = statistics.median(seconds for seconds, *_ in found["swath-hdf5"])
    for name, results in found.items():
        seconds = statistics.median(seconds for seconds, *_ in results)
        _, requests, sent, said = results[-1]
        print(f"{name}: {requests} requests, {sent / 1e6:.2f} MB, {seconds:.2f} s ({seconds / least:.1f}), {' '.join(said)[-100:]}")


if __name__ == "__main__":
    if sys.argv[1] == "--read":
        print(*READERS[sys.argv[2]](*sys.argv[3:5]))
    else:
        main(*sys.argv[1:])
