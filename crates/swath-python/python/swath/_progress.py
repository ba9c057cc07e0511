"""How far a long call is: what a callable is told, and the bar that notebooks show."""

from __future__ import annotations

import contextlib
import html
import os
import sys
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, TypeAlias

from .exceptions import UsageError

#: A bar by itself appears only for what takes longer, in seconds.
_PATIENCE = 1.0
#: ``0`` in this variable: no bar that was not asked for.
_SWITCH = "SWATH_PROGRESS"


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a call is.

    Attributes
    ----------
    what : str
        What is being done: ``statistics``, ``opening``, ``picture`` or ``reading``.
    done : int
        Granules (or pieces of a read) that are done, those that failed too.
    total : int or None
        How many there are; None where that says nothing.
    bytes : int
        Bytes that the session received since the call began.
    seconds : float
        Time since the call began.
    """

    what: str
    done: int
    total: int | None
    bytes: int
    seconds: float

    def __str__(self) -> str:
        parts = [self.what] if self.total is None else [f"{self.what} {self.done} of {self.total}"]
        return " · ".join((*parts, f"{self.bytes / 1e6:.1f} MB", f"{self.seconds:.0f} s"))


Wish: TypeAlias = "bool | Callable[[Progress], object] | None"
Told: TypeAlias = "Callable[[int, int | None, int], None]"


class NotebookBar:
    """A bar under the cell that is running; it goes away with the call."""

    def __init__(self, patience: float) -> None:
        self._patience = patience
        self._display: Any = None

    def __call__(self, progress: Progress) -> None:
        if self._display is None and progress.seconds < self._patience:
            return
        text = str(progress)
        extent = "" if progress.total is None else f' value="{progress.done}" max="{progress.total}"'
        self._show({"text/plain": text, "text/html": f"<progress{extent}></progress> <span>{html.escape(text)}</span>"})

    def _show(self, bundle: dict[str, str]) -> None:
        if self._display is None:
            from IPython.display import display

            self._display = display(bundle, raw=True, display_id=True)
        else:
            self._display.update(bundle, raw=True)

    def close(self) -> None:
        if self._display is not None:
            self._display.update({"text/plain": "", "text/html": ""}, raw=True)


class TerminalLine:
    """One line on standard error that is written anew; where that is no terminal, its last state alone."""

    def __init__(self) -> None:
        self._last: Progress | None = None

    def __call__(self, progress: Progress) -> None:
        self._last = progress
        if sys.stderr is not None and sys.stderr.isatty():
            print(f"\r\x1b[K{progress}", end="", file=sys.stderr, flush=True)

    def close(self) -> None:
        if self._last is None or sys.stderr is None:
            return
        if sys.stderr.isatty():
            print("\r\x1b[K", end="", file=sys.stderr, flush=True)
        else:
            print(self._last, file=sys.stderr)


@contextlib.contextmanager
def watching(what: str, wish: Wish = None) -> Iterator[Told | None]:
    """What the compiled part is to call while `what` goes on, from the thread that waits; nothing when nobody looks."""
    shown = _wanted(wish)
    if shown is None:
        yield None
        return
    begun = time.monotonic()

    def told(done: int, total: int | None, received: int) -> None:
        shown(Progress(what, done, total, received, time.monotonic() - begun))

    try:
        yield told
    finally:
        if isinstance(shown, NotebookBar | TerminalLine):
            shown.close()


def _wanted(wish: Wish) -> Callable[[Progress], object] | None:
    if wish is None:
        is_watched = in_notebook() and threading.current_thread() is threading.main_thread()
        return NotebookBar(_PATIENCE) if is_watched and os.environ.get(_SWITCH) != "0" else None
    if isinstance(wish, bool):
        return (NotebookBar(0) if in_notebook() else TerminalLine()) if wish else None
    if not callable(wish):
        raise UsageError(f"progress may be True, False, None or a callable, not {type(wish).__name__}")
    return wish


def in_notebook() -> bool:
    """Whether the code runs in a kernel of Jupyter."""
    interactive = sys.modules.get("IPython")
    shell = interactive.get_ipython() if interactive is not None else None
    return hasattr(shell, "kernel")
