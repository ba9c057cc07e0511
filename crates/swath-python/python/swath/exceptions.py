"""What can go wrong, as one tree of exceptions.

Every class is also the builtin that a program would expect: code that catches `FileNotFoundError` or
`PermissionError` needs to know nothing of swath. `str()` of each says what failed, why, and what to do.
"""

from __future__ import annotations

import importlib.util
import sys
import warnings
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, Self

if TYPE_CHECKING:
    from ._records import Downloads, Records

__all__ = [
    "AuthenticationError",
    "ClosedError",
    "DeadlineExceeded",
    "IntegrityError",
    "LimitExceeded",
    "LocalError",
    "MissingExtraError",
    "NotFoundError",
    "PartialError",
    "ServiceError",
    "SwathError",
    "SwathWarning",
    "UnknownNameError",
    "UnsupportedError",
    "UsageError",
]


class SwathError(Exception):
    """Anything that fails in swath; raised itself only for defects of swath.

    Attributes
    ----------
    what : str
        What failed.
    reasons : tuple of str
        Why, outermost first.
    hint : str or None
        What to do about it.
    """

    what: str
    reasons: tuple[str, ...]
    hint: str | None

    def __init__(self, what: str, reasons: Sequence[str] = (), hint: str | None = None) -> None:
        # `OSError.__init__` would take three arguments for errno and file names.
        super().__init__(what)
        self.what, self.reasons, self.hint = what, tuple(reasons), hint

    def __str__(self) -> str:
        text = ": ".join((self.what, *self.reasons))
        return f"{text}\nhint: {self.hint}" if self.hint else text

    def __reduce__(self) -> tuple[Any, ...]:
        return type(self), (self.what, self.reasons, self.hint)


class UsageError(SwathError, ValueError):
    """What was asked makes no sense: a bad option, a box outside of the grid, an unknown layer."""


class UnknownNameError(UsageError, KeyError):
    """A group or an array that is not there, asked for by its name."""


class MissingExtraError(SwathError, ModuleNotFoundError):
    """A package that this call needs is not installed; the hint names the extra that brings it."""


class AuthenticationError(SwathError, PermissionError):
    """The service wants a login: no token, one refused or expired, a licence not accepted."""


class NotFoundError(SwathError, FileNotFoundError):
    """The granule or object is not there."""


class ServiceError(SwathError, ConnectionError):
    """The network or the service failed, and went on failing through every retry."""


class DeadlineExceeded(SwathError, TimeoutError):
    """The time that the session allows a call is over. Files are whole or absent; a begun download can be gone on with."""


class IntegrityError(SwathError, OSError):
    """Bytes that cannot be trusted: a malformed file, or one that was replaced while it was read."""


class UnsupportedError(SwathError, NotImplementedError):
    """The file is sound, but uses something that swath does not read."""


class LimitExceeded(SwathError, OverflowError):
    """The read would cost more bytes or memory than is allowed. Nothing was fetched."""


class ClosedError(SwathError, ValueError):
    """A granule was closed and then read."""


class LocalError(SwathError, OSError):
    """The disk or the ports of this machine failed."""


class PartialError(SwathError, ExceptionGroup[SwathError]):
    """Some sources failed, others did not.

    It is a group of exceptions too: ``except* swath.NotFoundError`` takes those of one kind, and a traceback shows all.

    Attributes
    ----------
    results : Records, TimeSeries or Downloads
        What the other sources gave.
    failures : dict of str to SwathError
        Why each of the others failed, by source as it was given (of a granule: its address); of files by their addresses,
        where several of one source failed.
    """

    # One class for all verbs: which of them it is depends on who raised it.
    results: Any
    failures: dict[str, SwathError]

    def __new__(cls, results: Records | Downloads, failures: Mapping[str, SwathError]) -> Self:
        return super().__new__(cls, _of_sources(results, failures), list(failures.values()))

    def __init__(self, results: Records | Downloads, failures: Mapping[str, SwathError]) -> None:
        hint = 'the results of the others are in .results, the reasons in .failures; errors="warn" goes on without them'
        super().__init__(_of_sources(results, failures), (), hint)
        self.results, self.failures = results, dict(failures)

    def derive(self, excs: Sequence[Any]) -> PartialError:  # type: ignore[override]
        """A group of some of the failures, for ``except*``."""
        return PartialError(self.results, {source: why for source, why in self.failures.items() if why in excs})

    def __reduce__(self) -> tuple[Any, ...]:
        return type(self), (self.results, self.failures)


def _of_sources(results: Records | Downloads, failures: Mapping[str, SwathError]) -> str:
    return f"{len(failures)} of {len(results) + len(failures)} {results._counted} failed"


class SwathWarning(UserWarning):
    """Something that can be gone on with, but should be known."""


def needs(what: str, extra: str, *packages: str) -> None:
    """Raises when packages are absent that something needs and an extra brings."""
    absent = [name for name in packages if importlib.util.find_spec(name) is None]
    if absent:
        text = f"{what} needs {' and '.join(absent)}, which {'is' if len(absent) == 1 else 'are'} not installed"
        raise MissingExtraError(text, (), f'install it with: pip install "swath[{extra}]"')


def warned(text: str) -> None:
    """Warns, and blames the line that called the package: directly, or as an engine of xarray."""
    level, frame = 1, sys._getframe(0)
    while frame.f_back is not None and frame.f_globals.get("__name__", "").partition(".")[0] in ("swath", "xarray"):
        level, frame = level + 1, frame.f_back
    warnings.warn(text, SwathWarning, stacklevel=level)
