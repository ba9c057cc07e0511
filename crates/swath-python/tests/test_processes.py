"""Threads, pickles, spawned and forked processes, Ctrl-C."""

from __future__ import annotations

import concurrent.futures
import multiprocessing
import os
import pickle
import signal
import subprocess
import sys
import textwrap
import threading
import time
from typing import Any

import numpy as np
import pytest
import xarray as xr
from conftest import BOX, GROUP

import swath


def mean_of(lazy: xr.DataArray) -> float:
    return float(lazy.astype("f8").mean())


def window(url: str, session: swath.Session) -> xr.DataArray:
    layer: xr.DataArray = xr.open_dataset(url, engine="swath", session=session, group=GROUP).HHHH
    return layer.isel(yCoordinates=slice(565, 639), xCoordinates=slice(621, 683))


def test_a_pickled_array_reads_without_metadata(sandbox: swath.SandboxSession, granules: swath.Results) -> None:
    lazy = window(granules[0].url, sandbox)
    truth = sandbox.stats(granules[0], bbox=BOX)[0]["mean"]
    packed = pickle.dumps(lazy)
    assert len(packed) < 100_000
    sandbox.clear_log()
    again = pickle.loads(packed)
    assert sandbox.log() == []
    assert mean_of(again) == pytest.approx(truth, rel=1e-12)
    ranges = [entry["range"] for entry in sandbox.log() if entry["service"] == "cdn"]
    # The chunks under the window, and nothing else.
    assert 1 <= len(ranges) <= 4
    tree = pickle.loads(pickle.dumps(sandbox.open(granules[0])))
    sandbox.clear_log()
    assert tree["science/LSAR/GCOV/grids/frequencyA"].attrs == {} and "HHHH" in str(tree)
    assert sandbox.log() == []
    layer = pickle.loads(pickle.dumps(tree.layer("HHHH")))
    assert np.array_equal(layer[600:602, 650:652], tree.layer("HHHH")[600:602, 650:652])


def test_a_damaged_pickle_is_refused(sandbox: swath.SandboxSession, granules: swath.Results) -> None:
    saved = sandbox.open(granules[0], GROUP)._opened.core.to_bytes()
    for damaged in (saved[:-1], saved[:50], b"", saved[:-20] + bytes(20)):
        with pytest.raises(swath.UsageError):
            sandbox._core.open_saved(damaged, None)


def test_a_replaced_object_is_an_error(folder: Any, tmp_path: Any, sandbox: swath.SandboxSession) -> None:
    name = sorted(folder.glob("NISAR_*.h5"))[0]
    path = tmp_path / name.name
    path.write_bytes(name.read_bytes())
    layer = sandbox.open(path, GROUP)["HHHH"]
    packed = pickle.dumps(layer)
    time.sleep(0.02)
    path.write_bytes(name.read_bytes() + b"longer")
    with pytest.raises(swath.IntegrityError):
        pickle.loads(packed)[600, 650]


def test_threads_share_one_array(sandbox: swath.SandboxSession, granules: swath.Results) -> None:
    layer = sandbox.open(granules[0], GROUP)["HHHH"]
    whole = layer[...]

    def part(seed: int) -> bool:
        rows = slice(seed * 37 % 1000, seed * 37 % 1000 + 120)
        return bool(np.array_equal(layer[rows, 600:700], whole[rows, 600:700], equal_nan=True))

    with concurrent.futures.ThreadPoolExecutor(16) as pool:
        assert all(pool.map(part, range(64)))


def test_waiting_releases_the_interpreter(sandbox: swath.SandboxSession, granules: swath.Results) -> None:
    ticks = 0
    done = threading.Event()

    def tick() -> None:
        nonlocal ticks
        while not done.wait(0.005):
            ticks += 1

    ticking = threading.Thread(target=tick)
    ticking.start()
    sandbox.stall(0.3)
    try:
        sandbox.open(granules[0], GROUP)
    finally:
        sandbox.behave()
        done.set()
        ticking.join()
    assert ticks > 10


def in_other_process(packed: bytes) -> tuple[float, int]:
    lazy = pickle.loads(packed)
    return mean_of(lazy), os.getpid()


@pytest.mark.parametrize("method", ["spawn", "fork"])
def test_other_processes_read_too(
    sandbox: swath.SandboxSession, granules: swath.Results, method: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    if method not in multiprocessing.get_all_start_methods():
        pytest.skip(f"no {method} on this platform")
    monkeypatch.setenv("EARTHDATA_TOKEN", sandbox.environment["EARTHDATA_TOKEN"])
    packed = [pickle.dumps(window(g.url, sandbox)) for g in granules]
    truth = [record["mean"] for record in sandbox.stats(granules, bbox=BOX)]
    sandbox.clear_log()
    with multiprocessing.get_context(method).Pool(2) as pool:
        found = pool.map_async(in_other_process, packed, chunksize=1).get(timeout=180)
    assert [mean for mean, _ in found] == pytest.approx(truth, rel=1e-12)
    assert os.getpid() not in {process for _, process in found}
    data = [entry for entry in sandbox.log() if entry["service"] == "cdn"]
    assert len(data) <= 4 * len(granules)


def in_forked_process(layer: swath.DataArray, answers: Any) -> None:
    answers.put(float(np.asarray(layer[565:639, 621:683], "f8").mean()))


def test_a_handle_works_in_a_forked_process(sandbox: swath.SandboxSession, granules: swath.Results) -> None:
    if "fork" not in multiprocessing.get_all_start_methods():
        pytest.skip("no fork on this platform")
    layer = sandbox.open(granules[0], GROUP)["HHHH"]
    here = float(np.asarray(layer[565:639, 621:683], "f8").mean())
    context = multiprocessing.get_context("fork")
    answers = context.Queue()
    child = context.Process(target=in_forked_process, args=(layer, answers))
    child.start()
    assert answers.get(timeout=120) == here
    child.join(10)
    assert child.exitcode == 0
    # The parent goes on as before.
    assert float(np.asarray(layer[565:639, 621:683], "f8").mean()) == here


INTERRUPTED = """
import os, signal, sys, threading, time
import swath
with swath.sandbox() as session:
    granule = session.search()[0]
    session.stall(30)
    threading.Timer(0.5, lambda: os.kill(os.getpid(), signal.SIGINT)).start()
    begun = time.monotonic()
    try:
        session.open(granule)
    except KeyboardInterrupt:
        took = time.monotonic() - begun
        assert took < 15, took  # a tenth of a second; a busy machine is given half of the stall
        session.behave()
        assert session.open(granule).layer("HHHH").shape == (1240, 1320)
        print("interrupted")
"""


def test_ctrl_c_ends_a_wait_long_before_the_answer() -> None:
    run = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(INTERRUPTED)], capture_output=True, text=True, timeout=60
    )
    assert run.stdout == "interrupted\n", run.stderr


def test_signals_of_others_are_heard(sandbox: swath.SandboxSession, granules: swath.Results) -> None:
    heard = []
    before = signal.signal(signal.SIGALRM, lambda *_: heard.append(time.monotonic()))
    sandbox.stall(0.6)
    try:
        signal.setitimer(signal.ITIMER_REAL, 0.1)
        sandbox.open(granules[0], GROUP)
        assert len(heard) == 1
    finally:
        sandbox.behave()
        signal.signal(signal.SIGALRM, before)


def test_importing_brings_nothing_heavy_along() -> None:
    lean = "import sys, swath; assert not {'xarray', 'dask', 'pandas', 'geopandas', 'matplotlib'} & set(sys.modules)"
    subprocess.run([sys.executable, "-c", lean], check=True)
