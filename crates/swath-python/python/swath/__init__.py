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
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

from . import exceptions
from ._records import Picture, Records, TimeSeries
from ._results import Granule, Results
from ._sandbox import SandboxSession, sandbox
from ._session import Box, Session, Source, Sources, default_session, set_default_session
from ._swath import __version__
from ._tree import DataArray, DataTree
from .exceptions import (
    AuthenticationError,
    ClosedError,
    IntegrityError,
    LimitExceeded,
    LocalError,
    NotFoundError,
    ServiceError,
    SwathError,
    SwathWarning,
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
    "Granule",
    "IntegrityError",
    "LimitExceeded",
    "LocalError",
    "NotFoundError",
    "Picture",
    "Records",
    "Results",
    "SandboxSession",
    "ServiceError",
    "Session",
    "SwathError",
    "SwathWarning",
    "TimeSeries",
    "UnsupportedError",
    "UsageError",
    "__version__",
    "default_session",
    "exceptions",
    "login",
    "open",
    "open_stack",
    "quicklook",
    "sandbox",
    "search",
    "search_count",
    "search_pages",
    "set_default_session",
    "stats",
    "timeseries",
]


def login(token: str | None = None) -> Session:
    """A session with a token, which from now on is the default session.

    The token is the one given, else ``EARTHDATA_TOKEN``, else what user and password of the netrc file give, else it is
    asked for, without echo, when there is somebody to ask.

    Parameters
    ----------
    token : str, optional
        Earthdata Login token, from https://urs.earthdata.nasa.gov (Generate Token).

    Returns
    -------
    Session

    Raises
    ------
    AuthenticationError
        When there is no token, or it has expired.
    """
    session = Session(token)
    try:
        session._core.login()
    except AuthenticationError as none:
        asked = _asked() if token is None and none.what.startswith("no ") else None
        if not asked:
            raise
        session = Session(asked)
        session._core.login()
    set_default_session(session)
    return session


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


def search_pages(**options: Any) -> Iterator[Results]:
    """Granules page by page, in the default session; see :meth:`Session.search_pages`."""
    return default_session().search_pages(**options)


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
) -> xarray.Dataset:
    """Layers of the granules of a frame along time, in the default session; see :meth:`Session.open_stack`."""
    return default_session().open_stack(
        sources, layer, frequency, bbox=bbox, window=window, max_bytes=max_bytes
    )


def stats(
    sources: Sources,
    layer: str = "HHHH",
    frequency: str = "A",
    *,
    bbox: Box | None = None,
    window: Sequence[int] | None = None,
    max_bytes: int | None = None,
) -> Records:
    """Statistics of a layer, source by source, in the default session; see :meth:`Session.stats`."""
    return default_session().stats(sources, layer, frequency, bbox=bbox, window=window, max_bytes=max_bytes)


def timeseries(
    sources: Sources,
    layer: str = "HHHH",
    frequency: str = "A",
    *,
    bbox: Box | None = None,
    window: Sequence[int] | None = None,
    max_bytes: int | None = None,
) -> TimeSeries:
    """Statistics of the same pixels along time, in the default session; see :meth:`Session.timeseries`."""
    return default_session().timeseries(
        sources, layer, frequency, bbox=bbox, window=window, max_bytes=max_bytes
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
) -> Picture:
    """A picture (PNG) of a layer, in the default session; see :meth:`Session.quicklook`."""
    return default_session().quicklook(
        source, layer, frequency, bbox=bbox, window=window, outline=outline, path=path, max_bytes=max_bytes
    )
