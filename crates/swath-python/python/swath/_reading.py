"""Reading elements of arrays: from an indexing key to blocks, from blocks to a numpy array."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import product
from typing import Any

import numpy as np

from . import _swath
from ._progress import watching
from ._values import Description, typed

Axis = tuple[int, int, int]


@dataclass(frozen=True, slots=True)
class Run:
    """A part of an axis that is read as one: what to read, what to keep of it, and where that goes."""

    axis: Axis
    keep: slice | np.ndarray[Any, Any]
    place: slice | np.ndarray[Any, Any]


@dataclass(frozen=True, slots=True)
class Wanted:
    """What a key asks for along one axis."""

    runs: list[Run]
    count: int
    dropped: bool


def along(key: Any, extent: int, chunk: int) -> Wanted:
    """What `key` (integer, slice, or one-dimensional integer array) asks for along an axis."""
    if isinstance(key, slice):
        return sliced(key, extent)
    places = np.asarray(key)
    kinds = "iu" if places.ndim == 0 else "iub"
    if places.ndim > 1 or (places.size and places.dtype.kind not in kinds):
        raise IndexError(f"an index is an integer, a slice or a list of integers, not {key!r}")
    if places.ndim == 0:
        at = int(key)
        if not -extent <= at < extent:
            raise IndexError(f"index {at} is out of bounds for an axis of {extent}")
        return Wanted([Run((at % extent, 1, 1), slice(None), slice(None))], 1, True)
    if places.dtype == bool:
        if len(places) != extent:
            raise IndexError(f"a mask of {len(places)} for an axis of {extent}")
        places = np.flatnonzero(places)
    places = np.where(places < 0, places + extent, places)
    if places.size and not (0 <= places.min() and places.max() < extent):
        raise IndexError(f"an index is out of bounds for an axis of {extent}")
    return gathered(places.astype(np.int64), chunk)


def sliced(key: slice, extent: int) -> Wanted:
    span = range(*key.indices(extent))
    if not span:
        return Wanted([], 0, False)
    if span.step > 0:
        return Wanted([Run((span.start, len(span), span.step), slice(None), slice(None))], len(span), False)
    run = Run((span[-1], len(span), -span.step), slice(None, None, -1), slice(None))
    return Wanted([run], len(span), False)


def gathered(places: np.ndarray[Any, Any], chunk: int) -> Wanted:
    """Places in any order: near ones are read together, those a chunk or more apart are not."""
    if not places.size:
        return Wanted([], 0, False)
    order = np.argsort(places, kind="stable")
    ordered = places[order]
    cuts = np.flatnonzero(np.diff(ordered) >= max(chunk, 1)) + 1
    runs = []
    for part, goes in zip(np.split(ordered, cuts), np.split(order, cuts), strict=True):
        first, count = int(part[0]), int(part[-1] - part[0]) + 1
        runs.append(Run((first, count, 1), part - first, goes))
    return Wanted(runs, int(places.size), False)


@dataclass(frozen=True, slots=True)
class Block:
    """One read: of which array, which elements, and where they go in the output."""

    source: int
    axes: list[Axis]
    keep: tuple[Any, ...]
    place: tuple[Any, ...]


def blocks(wanted: list[Wanted], source: int = 0, front: tuple[Any, ...] = ()) -> Iterator[Block]:
    for runs in product(*(axis.runs for axis in wanted)):
        yield Block(
            source,
            [run.axis for run in runs],
            tuple(run.keep for run in runs),
            front + tuple(run.place for run in runs),
        )


def elements(stored: Any, array: Description, axes: list[Axis]) -> Any:
    """What the core read, as an array of the type the file states."""
    shape = tuple(count for _, count, _ in axes)
    if isinstance(stored, list):
        texts = np.empty(len(stored), dtype=object)
        texts[:] = stored
        return texts.reshape(shape)
    if array.dtype is None:
        raise TypeError(f"{array.path} holds {array.type_name}, which numpy has no type for")
    return typed(stored, array.dtype, shape)


def read(tree: _swath.Tree, array: Description, key: tuple[Any, ...]) -> Any:
    """Reads what an outer key asks for: one integer, slice or one-dimensional array per axis."""
    chunks = array.chunks or (1,) * len(array.shape)
    wanted = [along(k, n, c) for k, n, c in zip(key, array.shape, chunks, strict=True)]
    parts = list(blocks(wanted))
    if len(parts) == 1 and all(isinstance(keep, slice) for keep in parts[0].keep):
        # The usual case, without a copy.
        with watching("reading") as told:
            stored = tree.read(array.path, parts[0].axes, told)
        output = elements(stored, array, parts[0].axes)[(*parts[0].keep, ...)]
    else:
        output = np.empty([axis.count for axis in wanted], dtype=array.dtype)
        fill(output, parts, [tree], [array])
    # The dots keep a scalar an array.
    return output[(*(0 if axis.dropped else slice(None) for axis in wanted), ...)]


def fill(
    output: np.ndarray[Any, Any], parts: list[Block], trees: list[_swath.Tree], arrays: list[Description]
) -> None:
    """Reads all blocks at the same time and puts each in its place."""
    if not parts:
        return
    reads = [(trees[part.source], arrays[part.source].path, part.axes) for part in parts]
    with watching("reading") as told:
        found = _swath.read_several(reads, told)
    for part, stored in zip(parts, found, strict=True):
        block = elements(stored, arrays[part.source], part.axes)
        fixed = tuple(place for place in part.place if isinstance(place, int))
        target = output[fixed] if fixed else output
        places = part.place[len(fixed) :]
        target[mesh(places, target.shape)] = block[mesh(part.keep, block.shape)]


def mesh(keys: tuple[Any, ...], shape: tuple[int, ...]) -> Any:
    """Slices and arrays as one orthogonal index."""
    if all(isinstance(key, slice) for key in keys):
        return keys
    listed = [np.arange(n)[key] if isinstance(key, slice) else key for key, n in zip(keys, shape, strict=True)]
    return np.ix_(*listed)
