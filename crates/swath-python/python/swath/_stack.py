"""Layers of a frame along time, as xarray has them."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

import numpy as np
import xarray
from xarray.backends import BackendArray
from xarray.conventions import decode_cf_variable
from xarray.core import indexing

from ._progress import Wish, watching
from ._reading import along, blocks, fill, read
from ._tree import Opened, reopen
from ._values import Description, described

if TYPE_CHECKING:
    from ._session import Session

_DIMS = ("time", "y", "x")


class StackArray(BackendArray):
    """Windows of equal size from several granules, one behind the other; all that a key needs is read at once."""

    __slots__ = ("_parts", "_window", "dtype", "shape")

    def __init__(self, parts: list[tuple[Opened, Description]], windows: list[list[int]]) -> None:
        self._parts = parts
        self._window = windows
        self.dtype = parts[0][1].dtype
        self.shape = (len(parts), *windows[0][2:])

    def __getitem__(self, key: indexing.ExplicitIndexer) -> Any:
        return indexing.explicit_indexing_adapter(
            key, self.shape, indexing.IndexingSupport.OUTER, self._read
        )

    async def async_getitem(self, key: indexing.ExplicitIndexer) -> Any:
        return await indexing.async_explicit_indexing_adapter(
            key, self.shape, indexing.IndexingSupport.OUTER, self._read_async
        )

    async def _read_async(self, key: tuple[Any, ...]) -> Any:
        return await asyncio.to_thread(self._read, key)

    def _read(self, key: tuple[Any, ...]) -> Any:
        times, *plane = key
        numbers = np.arange(self.shape[0])[times]
        chunks = self._parts[0][1].chunks or (1, 1)
        wanted = [along(k, n, c) for k, n, c in zip(plane, self.shape[1:], chunks, strict=True)]
        listed = [int(number) for number in np.atleast_1d(numbers)]
        output = np.empty([len(listed), *(axis.count for axis in wanted)], dtype=self.dtype)
        parts = []
        for place, number in enumerate(listed):
            row, column = self._window[number][:2]
            for block in blocks(wanted, number, (place,)):
                shifted = [
                    (start + off, count, step)
                    for (start, count, step), off in zip(block.axes, (row, column), strict=True)
                ]
                block.axes[:] = shifted
                parts.append(block)
        fill(output, parts, [opened.core for opened, _ in self._parts], [array for _, array in self._parts])
        dropped = [np.ndim(numbers) == 0, *(axis.dropped for axis in wanted)]
        return output[tuple(0 if gone else slice(None) for gone in dropped)]

    def __reduce__(self) -> tuple[Any, ...]:
        saved = [(*opened.of(array.path), array) for opened, array in self._parts]
        return _restored, (saved, self._window)

    def __dask_tokenize__(self) -> tuple[Any, ...]:
        parts = [(opened.core.address, opened.core.version, array.path) for opened, array in self._parts]
        return "swath", parts, self._window


def _restored(saved: list[tuple[Any, ...]], windows: list[list[int]]) -> StackArray:
    parts = [(reopen(session, index, limit), array) for session, index, limit, array in saved]
    return StackArray(parts, windows)


def stacked(
    session: Session, sources: list[str], wanted: list[dict[str, Any]], progress: Wish
) -> xarray.Dataset:
    """The layers that are wanted as one dataset over ``time``, ``y`` and ``x``."""
    variables: dict[str, xarray.Variable] = {}
    coordinates: dict[str, Any] = {}
    for one in wanted:
        with watching("opening", progress) as told:
            layers, epsg, transform = session._core.stack(sources, one, told)
        opened = [(Opened(tree, session), path, window, name) for tree, path, window, name in layers]
        groups = [described(tree.core) for tree, *_ in opened]
        parts = []
        for (tree, path, _, _), found in zip(opened, groups, strict=True):
            group, _, layer = path.rpartition("/")
            parts.append((tree, found[group].arrays[layer]))
        variables[one["layer"]] = _variable(parts, [window for _, _, window, _ in opened])
        if not coordinates:
            coordinates = _coordinates(parts[0], groups[0], opened, epsg, transform)
    return xarray.Dataset(variables, coordinates)


def _variable(parts: list[tuple[Opened, Description]], windows: list[list[int]]) -> xarray.Variable:
    first = parts[0][1]
    attrs = {name: value for name, value in first.attrs.items() if name not in ("NAME", "grid_mapping")}
    encoding: dict[str, Any] = {"dtype": first.dtype}
    if first.chunks is not None:
        encoding["preferred_chunks"] = dict(zip(_DIMS, (1, *first.chunks), strict=True))
    data = indexing.LazilyIndexedArray(StackArray(parts, windows))
    variable = decode_cf_variable(first.name, xarray.Variable(_DIMS, data, attrs, encoding))
    variable.encoding["grid_mapping"] = "spatial_ref"
    return variable


def _coordinates(
    first: tuple[Opened, Description],
    groups: dict[str, Any],
    opened: list[tuple[Opened, str, list[int], str]],
    epsg: int,
    transform: list[float],
) -> dict[str, Any]:
    tree, layer = first
    group = groups[layer.path.rpartition("/")[0]]
    row, column, height, width = opened[0][2]
    coordinates: dict[str, Any] = {}
    for name, dim, start, count in zip(("y", "x"), layer.dims[-2:], (row, column), (height, width), strict=True):
        scale = group.arrays[dim]
        values = read(tree.core, scale, (slice(start, start + count),))
        attrs = {
            key: value for key, value in scale.attrs.items() if key not in ("NAME", "_FillValue", "grid_mapping")
        }
        coordinates[name] = (name, values, attrs)
    starts = [str(one.core.start).rstrip("Z") for one, *_ in opened]
    coordinates["time"] = ("time", np.array(starts, dtype="datetime64[ns]"), {"standard_name": "time"})
    coordinates["granule"] = ("time", np.array([name for *_, name in opened], dtype=object))
    projection = group.arrays.get("projection")
    attrs = dict(projection.attrs) if projection is not None else {}
    attrs["GeoTransform"] = " ".join(repr(number) for number in transform)
    if "spatial_ref" in attrs:
        attrs["crs_wkt"] = attrs["spatial_ref"]
    coordinates["spatial_ref"] = ((), np.int64(epsg), attrs)
    return coordinates
