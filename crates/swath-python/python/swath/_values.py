"""Types and values of HDF5 as numpy has them; attributes as netCDF readers give them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from ._swath import Tree, _AttributeParts, _DescriptionParts

# What a netCDF reader keeps to itself: how dimensions are wired up in the file.
HIDDEN = frozenset(
    {
        "CLASS",
        "DIMENSION_LIST",
        "NAME",
        "REFERENCE_LIST",
        "_NCProperties",
        "_Netcdf4Coordinates",
        "_Netcdf4Dimid",
        "_nc3_strict",
    }
)
NOT_A_VARIABLE = "This is a netCDF dimension but not a netCDF variable"


@dataclass(frozen=True, slots=True)
class Description:
    """One array of a file, without its values."""

    path: str
    dims: tuple[str, ...]
    shape: tuple[int, ...]
    max_shape: tuple[int | None, ...] | None
    chunks: tuple[int, ...] | None
    dtype: np.dtype[Any] | None
    type_name: str
    is_text: bool
    filters: tuple[tuple[int, int | None], ...]
    is_scale: bool
    is_ascii: bool
    attrs: dict[str, Any] = field(hash=False)

    @property
    def name(self) -> str:
        return self.path.rsplit("/", 1)[-1]


@dataclass(frozen=True, slots=True)
class GroupDescription:
    """One group of a file: attributes and arrays, and the names of the groups below."""

    path: str
    attrs: dict[str, Any]
    arrays: dict[str, Description]
    groups: list[str]


def described(tree: Tree) -> dict[str, GroupDescription]:
    """Every group by its path, a group before those below it, all in the order of the file."""
    found: dict[str, GroupDescription] = {}
    for path, is_group, attributes, description in tree.objects():
        parent, _, name = path.rpartition("/")
        above = found.get(parent or "/")
        if is_group:
            found[path] = GroupDescription(path, values_of(attributes), {}, [])
            if above is not None and name:
                above.groups.append(name)
        elif above is not None and description is not None:
            above.arrays[name] = array_of(path, attributes, description)
    return found


def array_of(path: str, attributes: list[_AttributeParts], parts: _DescriptionParts) -> Description:
    dims, (shape, max_shape, chunks), dtype, type_name, filters, is_scale, is_ascii = parts
    is_text = dtype == "O"
    return Description(
        path,
        tuple(dims),
        tuple(shape),
        None if max_shape is None else tuple(max_shape),
        None if chunks is None else tuple(chunks),
        None if dtype is None else np.dtype(dtype),
        type_name,
        is_text,
        tuple(filters),
        is_scale,
        is_ascii,
        values_of(attributes, hidden=False),
    )


def values_of(attributes: list[_AttributeParts], hidden: bool = True) -> dict[str, Any]:
    """Attributes in the order of their names, as h5py lists them; the wiring of dimensions left out (`hidden=False` keeps
    the names of scales)."""
    left_out = HIDDEN if hidden else HIDDEN - {"NAME"}
    told = (one for one in sorted(attributes, key=by_name) if one[0] not in left_out and not is_foreign(*one[1:]))
    return {name: value(*rest) for name, *rest in told}


def is_foreign(dtype: Any, shape: Sequence[int], stored: Any) -> bool:
    """Whether an attribute is stored in a way that numpy has no type for; its bytes would mean nothing to anybody."""
    return dtype is None and stored is not None and not isinstance(stored, list)


def by_name(attribute: _AttributeParts) -> str:
    return attribute[0]


def value(dtype: Any, shape: Sequence[int], stored: Any) -> Any:
    """An attribute as netCDF readers give it: text as `str`, one value as a scalar, texts as a list."""
    if stored is None:
        return b"" if dtype == "|S1" else np.array([], dtype=None if dtype in (None, "O") else dtype)
    if isinstance(stored, list):
        return texts(dtype, shape, stored)
    array = typed(stored, np.dtype(dtype), tuple(shape)) if dtype is not None else stored
    if array.ndim == 0:
        return array[()]
    return array[0] if len(array) == 1 else array


def texts(dtype: Any, shape: Sequence[int], stored: list[Any]) -> Any:
    # What is no UTF-8 keeps its bytes, as in h5py.
    stored = [text.decode("utf-8", "surrogateescape") if isinstance(text, bytes) else text for text in stored]
    # Single characters stay bytes: arrays of them are texts to be joined by whoever reads.
    listed: list[Any] = [text.encode("utf-8", "surrogateescape") for text in stored] if dtype == "|S1" else stored
    if not shape:
        one = listed[0]
        return one.decode() if isinstance(one, bytes) else one
    if dtype in ("O", "|S1"):
        listed = np.array(listed, dtype=object).reshape(shape).tolist()
    if len(listed) != 1:
        return listed
    return listed[0].decode() if isinstance(listed[0], bytes) else listed[0]


def typed(stored: Any, dtype: np.dtype[Any], shape: tuple[int, ...]) -> Any:
    """Little-endian bytes as an array of `dtype`; copied only when the byte order is the other one."""
    base, inner = dtype, tuple[int, ...]()
    while base.subdtype is not None:
        base, within = base.subdtype
        inner += within
    array = stored.view(base.newbyteorder("<")).reshape(shape + inner)
    return array if array.dtype == base else array.astype(base)
