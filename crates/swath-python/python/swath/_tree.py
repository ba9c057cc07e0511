"""A granule opened: groups and lazy arrays."""

from __future__ import annotations

import difflib
import functools
import hashlib
import weakref
from collections.abc import Iterator, Mapping
from html import escape
from itertools import accumulate
from typing import TYPE_CHECKING, Any, cast

import numpy as np

from . import _swath
from ._reading import read
from ._values import Description, GroupDescription, described
from ._virtual import Virtual
from .exceptions import UnknownNameError, UsageError, needs

if TYPE_CHECKING:
    import xarray

    from ._session import Session

_reopened: weakref.WeakValueDictionary[tuple[str, int, int], Opened] = weakref.WeakValueDictionary()


class Opened:
    """A granule opened in a session; what every array of it holds on to. Nothing in it needs to be closed."""

    __slots__ = ("__weakref__", "core", "session")

    def __init__(self, core: _swath.Tree, session: Session) -> None:
        self.core = core
        self.session = session

    def __reduce__(self) -> tuple[Any, ...]:
        return reopen, (self.session, self.core.to_bytes(), self.core.max_bytes)

    def of(self, path: str) -> tuple[Any, ...]:
        """What a pickle of one array needs: the session, the index of that array alone, and the limit."""
        return self.session, self.core.to_bytes(path), self.core.max_bytes


def reopen(session: Session, saved: bytes, max_bytes: int) -> Opened:
    """A granule from what was known of it elsewhere: no request; once in each process."""
    key = (hashlib.sha256(saved).hexdigest(), max_bytes, id(session))
    known = _reopened.get(key)
    if known is None:
        known = _reopened[key] = Opened(session._core.open_saved(saved, max_bytes), session)
    return known


class DataArray:
    """One array of a granule; its values are fetched when it is indexed.

    ``array[0:100, 5]`` reads a part (integers, slices and one-dimensional integer arrays, orthogonally), ``array[...]``
    all of it, as a numpy array. No value is masked or scaled: see :meth:`DataTree.to_xarray` for that.
    """

    __slots__ = ("_array", "_opened")

    def __init__(self, opened: Opened, array: Description) -> None:
        self._opened = opened
        self._array = array

    @property
    def name(self) -> str:
        """Last part of the path."""
        return self._array.name

    @property
    def path(self) -> str:
        """Path in the file."""
        return self._array.path

    @property
    def dims(self) -> tuple[str, ...]:
        """Names of the dimensions, slowest first."""
        return self._array.dims

    @property
    def shape(self) -> tuple[int, ...]:
        """Extent along each dimension."""
        return self._array.shape

    @property
    def ndim(self) -> int:
        """Number of dimensions."""
        return len(self._array.shape)

    @property
    def dtype(self) -> np.dtype[Any]:
        """Type of the values, with the byte order of the file."""
        if self._array.dtype is None:
            raise UsageError(f"{self.path} holds {self._array.type_name}, which numpy has no type for")
        return self._array.dtype

    @property
    def chunks(self) -> tuple[int, ...] | None:
        """Shape of a stored chunk, if the array is chunked."""
        return self._array.chunks

    @property
    def attrs(self) -> dict[str, Any]:
        """Attributes."""
        return {name: value for name, value in self._array.attrs.items() if name != "NAME"}

    def __getitem__(self, key: Any) -> Any:
        keys = key if isinstance(key, tuple) else (key,)
        at = next((place for place, one in enumerate(keys) if one is Ellipsis), None)
        if at is not None:
            keys = keys[:at] + (slice(None),) * (self.ndim - len(keys) + 1) + keys[at + 1 :]
        keys += (slice(None),) * (self.ndim - len(keys))
        if len(keys) > self.ndim:
            raise IndexError(f"{len(keys)} indices for an array of {self.ndim} dimensions")
        return read(self._opened.core, self._array, keys)

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> np.ndarray[Any, Any]:
        if copy is False:
            raise ValueError("the values are fetched, so they are always a copy")
        return np.asarray(self[...], dtype=dtype)

    def __len__(self) -> int:
        if not self.shape:
            raise TypeError("a scalar has no length")
        return self.shape[0]

    def __repr__(self) -> str:
        return f"<swath.DataArray {self.path} {_line(self._array)}>"

    def __reduce__(self) -> tuple[Any, ...]:
        return _restored_array, (*self._opened.of(self.path), self._array)


class DataTree(Virtual, Mapping[str, Any]):
    """A granule (or one group of it), opened lazily; a mapping of names to groups and arrays.

    Printing it, listing it and looking at attributes costs no request. ``tree["frequencyA/HHHH"]`` takes paths too.
    """

    __slots__ = ("__dict__", "_opened", "path")

    def __init__(self, core: _swath.Tree, session: Session, path: str | None = None) -> None:
        self._opened = Opened(core, session)
        #: Path of the group in the file.
        self.path: str = core.group if path is None else path

    @functools.cached_property
    def _groups(self) -> dict[str, GroupDescription]:
        return described(self._opened.core)

    def _below(self, path: str) -> DataTree:
        tree = DataTree(self._opened.core, self._opened.session, path)
        tree._opened = self._opened
        tree.__dict__["_groups"] = self._groups
        return tree

    @property
    def name(self) -> str:
        """Name of the granule, or of the file when it is no granule's."""
        return self._opened.core.name

    @property
    def address(self) -> str:
        """Where the granule is."""
        return self._opened.core.address

    @property
    def attrs(self) -> dict[str, Any]:
        """Attributes of the group."""
        return self._groups[self.path].attrs

    @property
    def groups(self) -> list[str]:
        """Names of the groups in this one."""
        return list(self._groups[self.path].groups)

    @property
    def arrays(self) -> list[str]:
        """Names of the arrays in this group."""
        return list(self._groups[self.path].arrays)

    @property
    def cost(self) -> dict[str, int]:
        """What the network was asked for so far: ``requests``, ``bytes`` and ``waves`` (rounds of requests)."""
        requests, received, waves = self._opened.core.cost()
        return {"requests": requests, "bytes": received, "waves": waves}

    def __getitem__(self, key: str) -> Any:
        if not isinstance(key, str):
            raise UnknownNameError(f"groups and arrays have names, not {type(key).__name__}")
        path = key if key.startswith("/") else f"{self.path.rstrip('/')}/{key}"
        path = path.rstrip("/") or "/"
        if path in self._groups:
            return self._below(path)
        parent, _, name = path.rpartition("/")
        above = self._groups.get(parent or "/")
        if above is None or name not in above.arrays:
            raise self._unknown(path)
        return DataArray(self._opened, above.arrays[name])

    def _unknown(self, path: str) -> UnknownNameError:
        """The error for a path that leads nowhere: it tells where the path ends, and what is like the name missing there."""
        reached = [group for group in ("/", *accumulate(path.split("/"), "{}/{}".format)) if group in self._groups]
        if not reached:
            return UnknownNameError(f"{path} is outside of {self._opened.core.group}, which is all that was opened")
        above = reached[-1]
        missing = path[len(above.rstrip("/")) + 1 :].split("/")[0]
        here = self._groups[above]
        if missing in here.arrays:
            return UnknownNameError(f"{above.rstrip('/')}/{missing} is an array, not a group")
        names = {name.lower(): name for name in (*here.groups, *here.arrays)}
        close = difflib.get_close_matches(missing.lower(), names)
        near = [name for lower, name in names.items() if lower in close]
        hint = f"did you mean {' or '.join(near)}?" if near else f"it has {', '.join(names.values()) or 'nothing'}"
        return UnknownNameError(f"{above} has no {missing}", (), hint)

    def __iter__(self) -> Iterator[str]:
        here = self._groups[self.path]
        yield from here.groups
        yield from here.arrays

    def __len__(self) -> int:
        here = self._groups[self.path]
        return len(here.groups) + len(here.arrays)

    def layer(self, layer: str = "HHHH", frequency: str = "A") -> DataArray:
        """The layer of a frequency, wherever the product keeps it.

        Raises
        ------
        UsageError
            When there is none; it names those that are there.
        """
        array: DataArray = self[self._opened.core.layer(frequency, layer)]
        return array

    def to_xarray(self, **options: Any) -> xarray.DataTree:
        """The tree as xarray has it, still lazy; `options` are those of ``xarray.open_datatree``. Needs xarray."""
        needs("a tree for xarray", "xarray", "xarray")
        import xarray

        # Anything may be passed that the engine knows.
        return xarray.open_datatree(cast("Any", self), engine="swath", **options)

    def close(self) -> None:
        """Ends the use of the granule for those who want to be sure: every later read fails with ClosedError.

        There is nothing that must be closed.
        """
        self._opened.core.close()

    def __enter__(self) -> DataTree:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def __repr__(self) -> str:
        if self.path == self._opened.core.group:
            return self._opened.core.text().rstrip()
        return f"<swath.DataTree {self.name} {self.path}: {', '.join(self)}>"

    def _repr_html_(self) -> str:
        head = f"<p><b>{escape(self.name)}</b><br>{escape(self.address)} · {self._opened.core.size / 1e6:.1f} MB</p>"
        return head + self._html(self.path, is_open=True)

    def _html(self, path: str, is_open: bool = False) -> str:
        here = self._groups[path]
        rows = "".join(
            f"<li><code>{escape(array.name)}</code> {escape(_line(array))} "
            f"<small>{escape(str(array.attrs.get('long_name', array.attrs.get('description', ''))))[:120]}</small></li>"
            for array in here.arrays.values()
        )
        inner = "".join(self._html(f"{path.rstrip('/')}/{group}") for group in here.groups)
        name = path.rsplit("/", 1)[-1] or "/"
        mark = " open" if is_open else ""
        return f"<details{mark}><summary>{escape(name)}</summary><ul>{rows}</ul>{inner}</details>"

    def __reduce__(self) -> tuple[Any, ...]:
        return _restored_tree, (self._opened, self.path)


def _line(array: Description) -> str:
    dims = ", ".join(f"{name}: {extent}" for name, extent in zip(array.dims, array.shape, strict=True))
    return f"({dims}) {array.type_name}"


def _restored_array(session: Session, saved: bytes, max_bytes: int, array: Description) -> DataArray:
    return DataArray(reopen(session, saved, max_bytes), array)


def _restored_tree(opened: Opened, path: str) -> DataTree:
    tree = DataTree(opened.core, opened.session, path)
    tree._opened = opened
    return tree
