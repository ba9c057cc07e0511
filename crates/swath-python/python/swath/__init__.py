"""Search the ASF archive for NISAR granules, and stream just the pixels that are needed.

>>> import swath
>>> with swath.sandbox() as session:              # or: session = swath.login()
...     granules = session.search(bbox=(40.9, 12.4, 41.9, 13.2), start="2025-11-22", end="2026-03-05")
...     series = session.timeseries(granules, bbox=(40.8463, 13.2553, 40.8574, 13.2684))
>>> [row["time"][:10] for row in series]
['2025-11-22', '2025-12-04', '2025-12-16', '2025-12-28', '2026-01-09']

The verbs of this module use the default session: the one `login` made, else one made from the environment
(``EARTHDATA_TOKEN``, netrc, …) when it is first needed. The verbs of a :class:`Session` use that one.

With xarray: ``xarray.open_datatree(url, engine="swath")``. Everything stays lazy, can be used outside of a ``with`` block,
pickled and sent to Dask's workers.
"""

from __future__ import annotations

import os
import pathlib
from collections.abc import Callable, Iterator, Sequence
from typing import TYPE_CHECKING, Any

from . import exceptions
from ._progress import Progress, Wish
from ._records import Downloads, Picture, Records, TimeSeries
from ._results import Granule, Results
from ._sandbox import SandboxSession, sandbox
from ._request import Box, Source, Sources
from ._session import Access, Errors, Session, default_session, set_default_session
from ._swath import __version__
from ._tree import DataArray, DataTree
from .exceptions import (
    AuthenticationError,
    ClosedError,
    DeadlineExceeded,
    IntegrityError,
    LimitExceeded,
    LocalError,
    MissingExtraError,
    NotFoundError,
    PartialError,
    ServiceError,
    SwathError,
    SwathWarning,
    UnknownNameError,
    UnsupportedError,
    UsageError,
)

if TYPE_CHECKING:
    import xarray

__all__ = [
    "AuthenticationError",
    "ClosedError",
    "DataArray",
    "DataTree",
    "DeadlineExceeded",
    "Downloads",
    "Granule",
    "IntegrityError",
    "LimitExceeded",
    "LocalError",
    "MissingExtraError",
    "NotFoundError",
    "PartialError",
    "Picture",
    "Progress",
    "Records",
    "Results",
    "SandboxSession",
    "ServiceError",
    "Session",
    "SwathError",
    "SwathWarning",
    "TimeSeries",
    "UnknownNameError",
    "UnsupportedError",
    "UsageError",
    "__version__",
    "default_session",
    "exceptions",
    "get",
    "login",
    "logout",
    "open",
    "open_stack",
    "orbit_ephemerides",
    "quicklook",
    "sandbox",
    "search",
    "search_count",
    "search_pages",
    "searchable_attributes",
    "set_default_session",
    "stats",
    "timeseries",
]


def login(
    token: str | None = None,
    *,
    username: str | None = None,
    password: str | None = None,
    keep: bool = False,
    check: bool = False,
    access: Access | None = None,
    timeout: float | None = None,
) -> Session:
    """A session with a token, which from now on is the default session.

    The token is the one given, or of the user and password given, else ``EARTHDATA_TOKEN``, else what ``EARTHDATA_USERNAME`` and
    ``EARTHDATA_PASSWORD`` give, else the one that was kept, else what user and password of the netrc file give, else it is
    asked for, without echo, when there is somebody to ask.

    Parameters
    ----------
    token : str, optional
        Earthdata Login token, from https://urs.earthdata.nasa.gov (Generate Token).
    username, password : str, optional
        User and password of Earthdata Login, exchanged for a token: an existing one of the account, else a new one.
    keep : bool
        Keep the token for later sessions, in a file that only its owner can read, as ``swath login`` does.
    check : bool
        Ask ASF whether the token opens the archive; where the licence has not been accepted, the error has the link.
    access, timeout
        As for `Session`.

    Returns
    -------
    Session
        Its `login_status` says whose the token is and when it expires.

    Raises
    ------
    AuthenticationError
        When there is no token, it has expired, or Earthdata Login or ASF refuse.
    """
    session = Session(token, username=username, password=password, access=access, timeout=timeout)
    try:
        session._core.login()
    except AuthenticationError as none:
        asked = _asked() if token is None and username is None and none.what.startswith("no ") else None
        if not asked:
            raise
        session = Session(asked, access=access, timeout=timeout)
        session._core.login()
    if check:
        session._core.check_login()
    if keep:
        session._core.keep_login()
    set_default_session(session)
    return session


def logout() -> pathlib.Path | None:
    """Removes the token that was kept, by `login` or the command; the file that it was in, if there was one."""
    removed = Session()._core.logout()
    set_default_session(None)
    return removed


def _asked() -> str | None:
    """A token from whoever sits in front, if anybody does: a terminal or a notebook."""
    import getpass
    import sys

    in_notebook = "ipykernel" in sys.modules
    if not in_notebook and not (sys.stdin is not None and sys.stdin.isatty()):
        return None
    return getpass.getpass("Earthdata Login token: ") or None


def search(**options: Any) -> Results:
    """Granules of the catalogue, in the default session; see :meth:`Session.search`."""
    return default_session().search(**options)


def search_count(**options: Any) -> int:
    """How many granules the catalogue has, in the default session; see :meth:`Session.search_count`."""
    return default_session().search_count(**options)


def searchable_attributes(**options: Any) -> list[dict[str, Any]]:
    """What granules can be searched by, in the default session; see :meth:`Session.searchable_attributes`."""
    return default_session().searchable_attributes(**options)


def orbit_ephemerides(**options: Any) -> Results:
    """The newest orbit ephemerides of NISAR, in the default session; see :meth:`Session.orbit_ephemerides`."""
    return default_session().orbit_ephemerides(**options)


def search_pages(**options: Any) -> Iterator[Results]:
    """Granules page by page, in the default session; see :meth:`Session.search_pages`."""
    return default_session().search_pages(**options)


def get(
    sources: Sources,
    folder: str | os.PathLike[str] = ".",
    *,
    files: str | Sequence[str] | None = None,
    overwrite: bool = False,
    access: Access | None = None,
    direct_access: bool = False,
    max_bytes: int | None = None,
    at_once: int = 4,
    errors: Errors = "raise",
    progress: Callable[[str, str, int, int], object] | None = None,
) -> Downloads:
    """Downloads whole files, in the default session; see :meth:`Session.get`."""
    return default_session().get(
        sources,
        folder,
        files=files,
        overwrite=overwrite,
        access=access,
        direct_access=direct_access,
        max_bytes=max_bytes,
        at_once=at_once,
        errors=errors,
        progress=progress,
    )


def open(source: Source, group: str = "/", *, max_bytes: int | None = None) -> DataTree:  # noqa: A001
    """Opens a granule, or one group of it, in the default session; see :meth:`Session.open`."""
    return default_session().open(source, group, max_bytes=max_bytes)


def open_stack(
    sources: Sources,
    layer: str | Sequence[str] = "HHHH",
    frequency: str = "A",
    *,
    bbox: Box | None = None,
    window: Sequence[int] | None = None,
    max_bytes: int | None = None,
    progress: Wish = None,
) -> xarray.Dataset:
    """Layers of the granules of a frame along time, in the default session; see :meth:`Session.open_stack`."""
    return default_session().open_stack(
        sources, layer, frequency, bbox=bbox, window=window, max_bytes=max_bytes, progress=progress
    )


def stats(
    sources: Sources,
    layer: str = "HHHH",
    frequency: str = "A",
    *,
    bbox: Box | None = None,
    window: Sequence[int] | None = None,
    max_bytes: int | None = None,
    errors: Errors = "raise",
    progress: Wish = None,
) -> Records:
    """Statistics of a layer, source by source, in the default session; see :meth:`Session.stats`."""
    return default_session().stats(
        sources,
        layer,
        frequency,
        bbox=bbox,
        window=window,
        max_bytes=max_bytes,
        errors=errors,
        progress=progress,
    )


def timeseries(
    sources: Sources,
    layer: str = "HHHH",
    frequency: str = "A",
    *,
    bbox: Box | None = None,
    window: Sequence[int] | None = None,
    max_bytes: int | None = None,
    errors: Errors = "raise",
    progress: Wish = None,
) -> TimeSeries:
    """Statistics of the same pixels along time, in the default session; see :meth:`Session.timeseries`."""
    return default_session().timeseries(
        sources,
        layer,
        frequency,
        bbox=bbox,
        window=window,
        max_bytes=max_bytes,
        errors=errors,
        progress=progress,
    )


def quicklook(
    source: Source,
    layer: str = "HHHH",
    frequency: str = "A",
    *,
    bbox: Box | None = None,
    window: Sequence[int] | None = None,
    outline: Box | None = None,
    path: str | os.PathLike[str] | None = None,
    max_bytes: int | None = None,
    progress: Wish = None,
) -> Picture:
    """A picture (PNG) of a layer, in the default session; see :meth:`Session.quicklook`."""
    return default_session().quicklook(
        source,
        layer,
        frequency,
        bbox=bbox,
        window=window,
        outline=outline,
        path=path,
        max_bytes=max_bytes,
        progress=progress,
    )
