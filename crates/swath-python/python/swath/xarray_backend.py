"""The xarray backend ``engine="swath"``.

``xarray.open_datatree(url, engine="swath")`` opens a granule lazily, in a few rounds of requests. Names, dimensions,
attributes, types and encodings are those of ``engine="h5netcdf"``, so that code written for it goes on working. Nothing
is held open: arrays can be read outside of a ``with`` block, from several threads without a lock, and in other processes,
where a pickled array is read without asking for metadata again.
"""

from __future__ import annotations

import asyncio
import os
import re
from collections.abc import Iterable, Mapping
from typing import Any, ClassVar, NamedTuple

import xarray
from xarray.backends import AbstractDataStore, BackendArray, BackendEntrypoint
from xarray.backends.store import StoreBackendEntrypoint
from xarray.coding.strings import create_vlen_dtype
from xarray.core import indexing

from ._reading import along, read
from ._results import Granule
from ._request import address
from ._session import Session, default_session
from ._tree import DataTree, Opened, reopen
from ._values import NOT_A_VARIABLE, Description, GroupDescription, typed
from .exceptions import UsageError, warned

__all__ = ["SwathBackendEntrypoint"]

_GRANULE = re.compile(r"NISAR_L\d_[A-Z]{2}_[A-Z0-9]{4}_\w+\.h5")
_ARCHIVE = re.compile(
    r"(https://nisar\.asf\.earthdatacloud\.nasa\.gov/|s3://sds-n-cumulus-prod-nisar-)[^?#]*\.h5([?#].*)?"
)
#: Numbers of HDF5's registered filters and the names that netCDF gives them.
_FILTERS = {1: "zlib", 4: "szip", 307: "bzip2", 32001: "blosc", 32015: "zstd"}
_SHUFFLE, _FLETCHER32 = 2, 3


class SwathArray(BackendArray):
    """An array of a granule as xarray wants it: indexed by integers, slices and arrays, one per axis."""

    __slots__ = ("_array", "_ends", "_opened", "dtype", "shape")

    def __init__(self, opened: Opened, array: Description, ends: tuple[Any, Any] | None = None) -> None:
        self._opened = opened
        self._array = array
        #: First and last element, if they are at hand: xarray looks at those of all times when it decodes them.
        self._ends = ends
        self.shape = array.shape
        self.dtype = array.dtype
        if array.is_text:
            self.dtype = create_vlen_dtype(bytes if array.is_ascii else str)  # type: ignore[no-untyped-call]

    def __getitem__(self, key: indexing.ExplicitIndexer) -> Any:
        return indexing.explicit_indexing_adapter(
            key, self.shape, indexing.IndexingSupport.OUTER, self._read
        )

    async def async_getitem(self, key: indexing.ExplicitIndexer) -> Any:
        return await indexing.async_explicit_indexing_adapter(
            key, self.shape, indexing.IndexingSupport.OUTER, self._read_async
        )

    def _read(self, key: tuple[Any, ...]) -> Any:
        end = self._end(key)
        return read(self._opened.core, self._array, key) if end is None else end

    def _end(self, key: tuple[Any, ...]) -> Any:
        """The first or the last element, if nothing else is asked for and it is at hand."""
        if self._ends is None or self.dtype is None or self._opened.core.closed:
            return None
        axes = [along(one, extent, 1) for one, extent in zip(key, self.shape, strict=True)]
        if any(axis.count != 1 or len(axis.runs) != 1 for axis in axes):
            return None
        at = [axis.runs[0].axis[0] for axis in axes]
        for end, place in zip(self._ends, ([0] * len(at), [extent - 1 for extent in self.shape]), strict=True):
            if at == place:
                element = typed(end, self.dtype, (1,) * len(at)).copy()
                return element[(*(0 if axis.dropped else slice(None) for axis in axes), ...)]
        return None

    async def _read_async(self, key: tuple[Any, ...]) -> Any:
        # The call waits with the interpreter released, so a thread is all that it takes, whatever loop is running.
        return await asyncio.to_thread(self._read, key)

    def __reduce__(self) -> tuple[Any, ...]:
        return _restored, (*self._opened.of(self._array.path), self._array)

    def __dask_tokenize__(self) -> tuple[Any, ...]:
        core = self._opened.core
        return "swath", core.address, core.version, self._array.path


def _restored(session: Session, saved: bytes, max_bytes: int, array: Description) -> SwathArray:
    return SwathArray(reopen(session, saved, max_bytes), array)


class Scales(NamedTuple):
    """Bytes of the coordinates and of few other times, by path; of the first and the last of many times."""

    values: Mapping[str, Any]
    ends: Mapping[str, tuple[Any, Any]]


class _GroupStore(AbstractDataStore):
    """One group of a granule as variables that are not decoded yet."""

    __slots__ = ("_group", "_opened", "_scales")

    def __init__(self, opened: Opened, group: GroupDescription, scales: Scales) -> None:
        self._opened = opened
        self._group = group
        self._scales = scales

    def get_variables(self) -> dict[str, xarray.Variable]:
        variables = {}
        for name, array in self._group.arrays.items():
            if str(array.attrs.get("NAME", "")).startswith(NOT_A_VARIABLE):
                continue
            if array.dtype is None:
                warned(f"{array.path} is left out: numpy has no type for {array.type_name}")
                continue
            # netCDF's name of a variable that is called like a dimension and is none.
            variables[name.removeprefix("_nc4_non_coord_")] = self._variable(array)
        return variables

    def _variable(self, array: Description) -> xarray.Variable:
        attrs = {name: value for name, value in array.attrs.items() if name != "NAME"}
        data: Any
        if array.path in self._scales.values:
            assert array.dtype is not None
            data = typed(self._scales.values[array.path], array.dtype, array.shape)
        else:
            ends = self._scales.ends.get(array.path)
            data = indexing.LazilyIndexedArray(SwathArray(self._opened, array, ends))
        return xarray.Variable(array.dims, data, attrs, self._encoding(array))

    def _encoding(self, array: Description) -> dict[str, Any]:
        # The dtype of ASCII text is `object`, as h5netcdf has it.
        encoding: dict[str, Any] = {"dtype": str if array.is_text and not array.is_ascii else array.dtype}
        encoding["contiguous"] = array.chunks is None
        encoding["chunksizes"] = array.chunks
        if array.chunks is not None:
            encoding["preferred_chunks"] = dict(zip(array.dims, array.chunks, strict=True))
        encoding |= dict.fromkeys(("zlib", "szip", "bzip2", "blosc", "zstd"), False)
        applied = dict(array.filters)
        encoding["shuffle"] = _SHUFFLE in applied
        encoding["fletcher32"] = _FLETCHER32 in applied
        for number, level in applied.items():
            if number in _FILTERS:
                encoding[_FILTERS[number]] = True
                if level is not None:
                    encoding["complevel"] = level
        encoding["source"] = self._opened.core.address
        encoding["original_shape"] = array.shape
        return encoding

    def get_attrs(self) -> dict[str, Any]:
        return self._group.attrs

    def get_dimensions(self) -> dict[str, int]:
        arrays = self._group.arrays.values()
        return {name: extent for array in arrays for name, extent in zip(array.dims, array.shape, strict=True)}

    def get_encoding(self) -> dict[str, Any]:
        arrays = self._group.arrays.values()
        endless = {
            array.name for array in arrays if array.is_scale and array.max_shape and array.max_shape[0] is None
        }
        return {"unlimited_dims": endless}


class SwathBackendEntrypoint(BackendEntrypoint):
    """NISAR granules over https, from S3, and from local files.

    Takes the options that ``engine="h5netcdf"`` takes for reading, and besides:

    session : swath.Session, optional
        The session to read with; else the default one.
    max_bytes : int, optional
        Bytes that one read may fetch.
    """

    description = "NISAR granules over https, from S3 and from local files, a few requests each"
    url = "https://github.com/swath-rs/swath"
    supports_groups = True
    open_dataset_parameters: ClassVar[tuple[str, ...]] = (
        "drop_variables",
        "mask_and_scale",
        "decode_times",
        "decode_timedelta",
        "use_cftime",
        "concat_characters",
        "decode_coords",
        "group",
        "phony_dims",
        "session",
        "max_bytes",
    )

    def guess_can_open(self, filename_or_obj: Any) -> bool:
        """Only what is named as a NISAR granule, or lies in ASF's archive of them."""
        if isinstance(filename_or_obj, DataTree | Granule):
            return True
        if not isinstance(filename_or_obj, str | os.PathLike):
            return False
        text = os.fspath(filename_or_obj)
        if not isinstance(text, str):
            return False
        name = re.split(r"[?#]", text)[0] if "://" in text else text
        is_granule = _GRANULE.fullmatch(re.split(r"[/\\]", name)[-1]) is not None
        return is_granule or _ARCHIVE.fullmatch(text) is not None

    def open_dataset(
        self,
        filename_or_obj: Any,
        *,
        drop_variables: str | Iterable[str] | None = None,
        mask_and_scale: bool = True,
        decode_times: bool = True,
        concat_characters: bool = True,
        decode_coords: bool | str = True,
        use_cftime: bool | None = None,
        decode_timedelta: Any = None,
        group: str | None = None,
        phony_dims: str | None = None,
        session: Session | None = None,
        max_bytes: int | None = None,
    ) -> xarray.Dataset:
        """One group of a granule (the root unless told otherwise) as a dataset."""
        decoding = _decoding(locals())
        tree = _opened(filename_or_obj, group, phony_dims, session, max_bytes)
        return _datasets(tree, [tree.path], decoding)[tree.path]

    def open_groups_as_dict(
        self,
        filename_or_obj: Any,
        *,
        drop_variables: str | Iterable[str] | None = None,
        mask_and_scale: bool = True,
        decode_times: bool = True,
        concat_characters: bool = True,
        decode_coords: bool | str = True,
        use_cftime: bool | None = None,
        decode_timedelta: Any = None,
        group: str | None = None,
        phony_dims: str | None = None,
        session: Session | None = None,
        max_bytes: int | None = None,
    ) -> dict[str, xarray.Dataset]:
        """Every group of a granule (or below `group`) as a dataset, by path."""
        decoding = _decoding(locals())
        tree = _opened(filename_or_obj, group, phony_dims, session, max_bytes)
        root = tree.path.rstrip("/")
        inside = [path for path in tree._groups if path == tree.path or path.startswith(f"{root}/")]
        return {path[len(root) :] or "/": found for path, found in _datasets(tree, inside, decoding).items()}

    def open_datatree(self, filename_or_obj: Any, **options: Any) -> xarray.DataTree:
        """A granule (or what is below `group`) as a tree of datasets."""
        return xarray.DataTree.from_dict(self.open_groups_as_dict(filename_or_obj, **options))


_DECODING = (
    "drop_variables",
    "mask_and_scale",
    "decode_times",
    "concat_characters",
    "decode_coords",
    "use_cftime",
    "decode_timedelta",
)


def _decoding(options: Mapping[str, Any]) -> dict[str, Any]:
    return {name: options[name] for name in _DECODING}


def _opened(
    source: Any,
    group: str | None,
    phony_dims: str | None,
    session: Session | None,
    max_bytes: int | None,
) -> DataTree:
    if phony_dims not in (None, "access"):
        raise UsageError(f"phony_dims may be 'access' (names by the order of the file), not {phony_dims!r}")
    if isinstance(source, DataTree):
        if group is None:
            return source
        found = source[group]
        if not isinstance(found, DataTree):
            raise UsageError(f"{found.path} is an array, not a group")
        return found
    if hasattr(source, "read"):
        raise UsageError("engine='swath' reads by address: pass the URL or the path, not an open file")
    if session is not None and not isinstance(session, Session):
        raise UsageError(f"session is a swath.Session, not {type(session).__name__}")
    path = group or "/"
    used = session if session is not None else default_session()
    core = used._core.open(address(source), path if path.startswith("/") else f"/{path}", max_bytes, scales=True)
    return DataTree(core, used)


def _datasets(tree: DataTree, paths: list[str], decoding: dict[str, Any]) -> dict[str, xarray.Dataset]:
    """Groups as datasets, by path."""
    for path, why in tree._opened.core.unreadable:
        warned(f"{path} is left out: {why}")
    # Coordinates and times are on their way: what has none of them is made meanwhile.
    labelled = {path for path in paths if _has_labels(tree._groups[path])}
    made = {path: _dataset(tree, path, Scales({}, {}), decoding) for path in paths if path not in labelled}
    if labelled:
        values, ends = tree._opened.core.scales()
        scales = Scales(dict(values), {path: (first, last) for path, first, last in ends})
        made |= {path: _dataset(tree, path, scales, decoding) for path in labelled}
    return {path: made[path] for path in paths}


def _has_labels(group: GroupDescription) -> bool:
    """Whether xarray will look at values of it at once: it makes indexes of coordinates, and decodes the ends of times."""
    return any(array.is_scale or " since " in str(array.attrs.get("units", "")) for array in group.arrays.values())


def _dataset(
    tree: DataTree, path: str, scales: Scales, decoding: dict[str, Any]
) -> xarray.Dataset:
    store = _GroupStore(tree._opened, tree._groups[path], scales)
    dataset = StoreBackendEntrypoint().open_dataset(store, **decoding)
    # There is nothing to close, and reading goes on working after it.
    dataset.set_close(None)
    source = tree.address
    if "://" in source:
        # Else xarray writes down what was typed, which may be a signed address.
        dataset.encoding["source"] = source
    return dataset
