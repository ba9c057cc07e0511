"""Who asks is told how far a call is; notebooks show it by themselves, programs never do."""

from __future__ import annotations

import io
import sys
import threading
import types
from typing import Any

import pytest
from conftest import BOX, GROUP

import swath
from swath import _progress
from swath._progress import watching


@pytest.mark.parametrize("verb", ["stats", "timeseries", "open_stack"])
def test_a_callable_is_told(sandbox: swath.SandboxSession, granules: swath.Results, verb: str) -> None:
    told: list[swath.Progress] = []
    spent = sandbox.cost["bytes"]
    sandbox.stall(0.3)
    try:
        getattr(sandbox, verb)(granules, bbox=BOX, progress=told.append)
    finally:
        sandbox.behave()
    # The answers pause for longer than a tenth of a second, so it is told while it waits, and at the end.
    assert len(told) > 1 and told[0].done < 5
    assert (told[-1].done, told[-1].total) == (5, 5)
    # A stack reads its coordinates after it was opened.
    assert 0 < told[-1].bytes <= sandbox.cost["bytes"] - spent
    assert verb == "open_stack" or told[-1].bytes == sandbox.cost["bytes"] - spent
    for name in ("done", "bytes", "seconds"):
        course = [getattr(one, name) for one in told]
        assert course == sorted(course)
    assert str(told[-1]).startswith(f"{told[-1].what} 5 of 5 · ")


def test_sources_that_fail_are_done_too(sandbox: swath.SandboxSession, granules: swath.Results) -> None:
    for verb in (sandbox.stats, sandbox.timeseries):
        told: list[swath.Progress] = []
        missing = granules[0].url.replace("X05009", "X05008")
        with pytest.raises(swath.PartialError):
            verb([granules[0], missing], bbox=BOX, progress=told.append)
        assert (told[-1].done, told[-1].total) == (2, 2)


def test_a_picture_too(sandbox: swath.SandboxSession, granules: swath.Results) -> None:
    told: list[swath.Progress] = []
    sandbox.quicklook(granules[0], bbox=BOX, progress=told.append)
    assert told[-1].what == "picture" and told[-1].done == told[-1].total == 1


def test_it_is_told_by_the_thread_that_waits(sandbox: swath.SandboxSession, granules: swath.Results) -> None:
    threads = set()
    sandbox.stats(granules, bbox=BOX, progress=lambda _: threads.add(threading.current_thread()))
    assert threads == {threading.current_thread()}


def test_what_a_callable_raises_ends_the_call(sandbox: swath.SandboxSession, granules: swath.Results) -> None:
    def enough(progress: swath.Progress) -> None:
        raise StopIteration("enough")

    sandbox.stall(30)
    try:
        with pytest.raises(StopIteration, match="enough"):
            sandbox.stats(granules, bbox=BOX, progress=enough)
    finally:
        sandbox.behave()
    assert len(sandbox.stats(granules, bbox=BOX)) == 5


def test_programs_say_nothing(
    sandbox: swath.SandboxSession, granules: swath.Results, capsys: pytest.CaptureFixture[str]
) -> None:
    with watching("reading") as told:
        assert told is None
    sandbox.stall(0.3)
    try:
        sandbox.stats(granules, bbox=BOX)
    finally:
        sandbox.behave()
    assert capsys.readouterr() == ("", "")


def test_a_bar_that_is_asked_for(
    sandbox: swath.SandboxSession, granules: swath.Results, monkeypatch: pytest.MonkeyPatch
) -> None:
    stream = io.StringIO()
    monkeypatch.setattr(sys, "stderr", stream)
    sandbox.stats(granules, bbox=BOX, progress=True)
    assert stream.getvalue().startswith("statistics 5 of 5 · ") and stream.getvalue().count("\n") == 1
    stream.seek(stream.truncate(0))
    monkeypatch.setattr(stream, "isatty", lambda: True)
    sandbox.stats(granules, bbox=BOX, progress=True)
    assert "statistics 5 of 5" in stream.getvalue() and stream.getvalue().endswith("\r\x1b[K")


class Shown:
    """What a notebook would show: every state of every display."""

    def __init__(self) -> None:
        self.states: list[list[str]] = []

    def display(self, bundle: dict[str, str], *, raw: bool, display_id: bool) -> Any:
        assert raw and display_id
        states = [bundle["text/html"]]
        self.states.append(states)
        return types.SimpleNamespace(update=lambda new, raw: states.append(new["text/html"]))


@pytest.fixture
def notebook(monkeypatch: pytest.MonkeyPatch) -> Shown:
    """A kernel, as far as swath looks at it (docs/notebooks/check.py has a real one), and no patience."""
    shown = Shown()
    kernel = types.ModuleType("IPython")
    kernel.get_ipython = lambda: types.SimpleNamespace(kernel=object())  # type: ignore[attr-defined]
    display = types.ModuleType("IPython.display")
    display.display = shown.display  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "IPython", kernel)
    monkeypatch.setitem(sys.modules, "IPython.display", display)
    monkeypatch.setattr(_progress, "_PATIENCE", 0.0)
    monkeypatch.delenv("SWATH_PROGRESS", raising=False)
    return shown


def test_notebooks_show_a_bar_and_take_it_away(
    sandbox: swath.SandboxSession, granules: swath.Results, notebook: Shown
) -> None:
    sandbox.stats(granules, bbox=BOX)
    assert len(notebook.states) == 1 and notebook.states[0][-1] == ""
    assert '<progress value="5" max="5">' in notebook.states[0][-2]
    layer = sandbox.open(granules[0], GROUP)["HHHH"]
    layer[600:700]
    layer[[3, 900], :10]
    assert ["reading" in states[0] for states in notebook.states] == [False, True, True]
    with pytest.raises(swath.NotFoundError):
        sandbox.stats(granules[0].url.replace("X05009", "X05008"), bbox=BOX, progress=True)
    assert all(states[-1] == "" for states in notebook.states)


def test_what_is_quick_shows_nothing(
    sandbox: swath.SandboxSession, granules: swath.Results, notebook: Shown, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(_progress, "_PATIENCE", 1e9)
    sandbox.stats(granules, bbox=BOX)
    assert notebook.states == []


def test_a_bar_may_be_refused(
    sandbox: swath.SandboxSession, granules: swath.Results, notebook: Shown, monkeypatch: pytest.MonkeyPatch
) -> None:
    sandbox.stats(granules, bbox=BOX, progress=False)
    thread = threading.Thread(target=lambda: sandbox.stats(granules, bbox=BOX))
    thread.start()
    thread.join()
    monkeypatch.setenv("SWATH_PROGRESS", "0")
    sandbox.stats(granules, bbox=BOX)
    assert notebook.states == []


def test_another_wish_is_refused(sandbox: swath.SandboxSession, granules: swath.Results) -> None:
    with pytest.raises(swath.UsageError, match="progress"):
        sandbox.stats(granules, bbox=BOX, progress="yes")  # type: ignore[arg-type]
