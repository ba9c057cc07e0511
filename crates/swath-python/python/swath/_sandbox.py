"""NASA's services on loopback, for trying things out and for tests."""

from __future__ import annotations

import contextlib
import os
import tempfile
from collections.abc import Iterator
from typing import Any

from . import _swath
from ._session import Session


class SandboxSession(Session):
    """A session that leads to a sandbox, and the sandbox's own handles."""

    __slots__ = ("_sandbox",)

    def __init__(self, sandbox: _swath.Sandbox) -> None:
        super().__init__(environment=dict(sandbox.environment()), cache=False, ca_pem=sandbox.ca_pem())
        self._sandbox = sandbox

    @property
    def environment(self) -> dict[str, str]:
        """The variables that lead other processes to this sandbox, a token included."""
        return dict(self._sandbox.environment())

    def token(self, user: str = "labuser", seconds: int = 3600) -> str:
        """A token of a user; of ``noeula``, one who has not accepted the licence. Negative seconds: an expired one."""
        return self._sandbox.token(user, seconds)

    def url_of(self, granule: str) -> str:
        """The https address of a granule."""
        return self._sandbox.url_of(granule)

    def s3_url_of(self, granule: str) -> str:
        """The s3 address of a granule."""
        return self._sandbox.s3_url_of(granule)

    def log(self) -> list[dict[str, Any]]:
        """What was asked: ``service``, ``method``, ``path``, ``range``, ``status``, ``bytes_sent``, one dict per request."""
        return self._sandbox.log()

    def clear_log(self) -> None:
        """Forgets what was asked."""
        self._sandbox.clear_log()

    def stall(self, seconds: float) -> None:
        """From now on every answer with data pauses so long."""
        self._sandbox.stall(seconds)

    def fail(self, status: int, wait: int | None = None) -> None:
        """From now on every answer with data is this status; with `wait`, the next one, and it asks to wait so many seconds."""
        self._sandbox.fail(status, wait)

    def behave(self) -> None:
        """Ends what :meth:`stall` and :meth:`fail` began."""
        self._sandbox.behave()


@contextlib.contextmanager
def sandbox(data: str | os.PathLike[str] | None = None) -> Iterator[SandboxSession]:
    """NASA's services over a folder of granules, on loopback, for as long as the ``with`` block lasts.

    Sets nothing global: what it gives is a session that leads there.

    Parameters
    ----------
    data : path, optional
        Folder of granules; without one, seven small synthetic granules of one frame.

    Yields
    ------
    SandboxSession

    Examples
    --------
    >>> with swath.sandbox() as session:
    ...     series = session.timeseries(session.search(), bbox=(40.8463, 13.2553, 40.8574, 13.2684))
    >>> round(series[0]["mean"], 3)
    0.075
    """
    with tempfile.TemporaryDirectory(prefix="swath-sandbox-", ignore_cleanup_errors=True) as scratch:
        core = _swath.Sandbox(None if data is None else os.fspath(data), scratch)
        try:
            yield SandboxSession(core)
        finally:
            core.stop()
