"""The HDF5 files of others (of the HDF5 library, netCDF-C, jHDF), read by `engine="swath"` and by `engine="h5netcdf"`.

Everything that xarray can open with h5netcdf is compared wholly: groups, variables, attributes, types, encodings, values.
`DIFFERENCES` is all that may differ. An entry that nothing needs any more fails the test, too.

The files are not in the repository: the test runs where a folder `../shared/corpus` lies beside it, or `SWATH_CORPUS` names
one.
"""

from __future__ import annotations

import hashlib
import os
import pathlib
import re
import warnings
from collections.abc import Iterator
from typing import Any

import h5py
import numpy as np
import pytest
import xarray as xr
from conftest import ROOT
from test_h5netcdf import same_value

import swath

CORPUS = pathlib.Path(os.environ.get("SWATH_CORPUS", ROOT.parent / "shared/corpus"))

#: What may differ, by feature: a pattern of the line that says so, and the reason.
DIFFERENCES: dict[str, tuple[str, str]] = {
    "names of other filters": (
        r"encoding (compression|compression_opts|complevel|blosc) is ",
        "h5netcdf takes the numbers of lz4 for blosc, and calls what it does not know 'unknown'; swath names what it is",
    ),
    "no type of numpy": (
        r"absent: numpy has no type for ",
        "lists, references and structures with text would be h5py's own objects, which cannot outlive the open file",
    ),
    "virtual datasets": (
        r"^/(vds_dset|VDS-\S+): \{'phony_dim_0': \d+, ",
        "their pixels, and how many there are, are in other files; swath tells the extent that this file states",
    ),
    "images of a cache": (
        r"cannot be opened: .* image of the writer's cache is not supported",
        "metadata that a writer left as an image of its cache, which is refused by name",
    ),
    "links to other files": (
        r"(absent: a link to another file .* is not supported|^/[^:]*ext_link[^:]*: no such group)",
        "other files are never opened unasked",
    ),
    "attributes of foreign types": (
        r"(h5netcdf alone has the attributes|attribute .* and <HDF5 object reference>)",
        "lists, and structures with text, are left out; references are given as paths",
    ),
    "order of attributes": (
        r"attributes in another order",
        "by name, as h5py lists them; netCDF-4 files may keep the order in which they were made",
    ),
    "empty text": (r"attribute .* is b'' and ''", "h5py tells empty UTF-8 from empty ASCII of one character"),
    "scalar text": (
        r": values are object and <U\d+$",
        "the same text; of h5py's scalar numpy makes an array as long as this one text, and xarray had promised objects",
    ),
    "opaque with a meaning": (
        r"\|V\d+ and .* (\|S\d+|datetime64\[s\])$",
        "h5py gives tagged opaque bytes another type; swath leaves them as they are stored",
    ),
}
#: Values of larger arrays are not read: some pretend to be exabytes.
LARGEST = 1 << 18
#: Files with more objects are left out: xarray needs seconds for each hundred.
MOST_OBJECTS = 60


def files() -> Iterator[pathlib.Path]:
    """Every HDF5 file once."""
    seen = set()
    for path in sorted(CORPUS.glob("*/**/*")):
        if path.is_file() and h5py.is_hdf5(path):
            digest = hashlib.sha256(path.read_bytes()).digest()
            if digest not in seen:
                seen.add(digest)
                yield path


def is_endless(path: pathlib.Path) -> bool:
    """Whether a group is in itself: h5netcdf would walk it for ever. Or as good as that."""
    count = 0

    def within(group: h5py.Group, above: frozenset[Any]) -> bool:
        nonlocal count
        count += len(group)
        info = h5py.h5o.get_info(group.id)
        place = (info.fileno, info.addr)
        if place in above or count > MOST_OBJECTS:
            return True
        children = (group.get(name) for name in group if group.get(name, getclass=True) is h5py.Group)
        return any(within(child, above | {place}) for child in children)

    with h5py.File(path) as file:
        return within(file, frozenset())


def opened_by_h5netcdf(path: pathlib.Path) -> xr.DataTree | None:
    try:
        if is_endless(path):
            return None
        return xr.open_datatree(path, engine="h5netcdf", phony_dims="access", decode_timedelta=False)
    except Exception:
        return None


def values(variable: xr.Variable) -> Any:
    """The values, or why they cannot be had."""
    try:
        return variable.values
    except Exception as why:
        return why


def of_attributes(path: str, ours: dict[Any, Any], theirs: dict[Any, Any]) -> Iterator[str]:
    lost = [name for name in theirs if name not in ours]
    if lost:
        yield f"{path}: h5netcdf alone has the attributes {lost}"
    if set(ours) - set(theirs):
        yield f"{path}: swath alone has the attributes {sorted(set(ours) - set(theirs))}"
    if not lost and set(ours) == set(theirs) and list(ours) != list(theirs):
        yield f"{path}: attributes in another order"
    for name in set(ours) & set(theirs):
        if not same_value(ours[name], theirs[name]):
            yield f"{path}: attribute {name} is {ours[name]!r} and {theirs[name]!r}"


def of_variables(path: str, ours: xr.Variable, theirs: xr.Variable) -> Iterator[str]:
    yield from of_attributes(path, ours.attrs, theirs.attrs)
    if (ours.dims, ours.shape, ours.dtype) != (theirs.dims, theirs.shape, theirs.dtype):
        yield f"{path}: {dict(ours.sizes)} {ours.dtype} and {dict(theirs.sizes)} {theirs.dtype}"
        return
    for name in sorted((set(ours.encoding) | set(theirs.encoding)) - {"source"}):
        mine, wanted = ours.encoding.get(name, "absent"), theirs.encoding.get(name, "absent")
        if not same_value(mine, wanted):
            yield f"{path}: encoding {name} is {mine!r} and {wanted!r}"
    if theirs.nbytes > LARGEST:
        return
    b = values(theirs)
    # What libhdf5 or xarray itself cannot read is no witness.
    if isinstance(b, Exception):
        return
    a = values(ours)
    if isinstance(a, Exception):
        yield f"{path}: values cannot be read: {a}"
    elif a.dtype != b.dtype and a.shape == b.shape and a.tolist() == b.tolist():
        yield f"{path}: values are {a.dtype} and {b.dtype}"
    elif a.dtype != b.dtype or not (
        np.array_equal(a, b, equal_nan=b.dtype.kind in "fc") or a.tobytes() == b.tobytes()
    ):
        yield f"{path}: values"


def differences(ours: xr.DataTree, theirs: xr.DataTree, said: dict[str, str]) -> Iterator[str]:
    own = {node.path: node for node in ours.subtree}
    for node in theirs.subtree:
        if node.path not in own:
            yield f"{node.path}: no such group"
            continue
        mine, wanted = own[node.path].to_dataset(inherit=False), node.to_dataset(inherit=False)
        yield from of_attributes(node.path, mine.attrs, wanted.attrs)
        if mine.encoding.get("unlimited_dims") != wanted.encoding.get("unlimited_dims"):
            yield f"{node.path}: unlimited dimensions"
        if set(mine.xindexes) != set(wanted.xindexes):
            yield f"{node.path}: indexes"
        for name in wanted.variables:
            path = f"{node.path.rstrip('/')}/{name}"
            if name in mine.variables:
                yield from of_variables(path, mine.variables[name], wanted.variables[name])
            else:
                yield f"{path}: absent: {said.get(path, 'for no reason')}"
        for name in set(mine.variables) - set(wanted.variables):
            yield f"{node.path}/{name}: h5netcdf has no such variable"
    for path in set(own) - {node.path for node in theirs.subtree}:
        yield f"{path}: h5netcdf has no such group"


def compared(path: pathlib.Path, theirs: xr.DataTree) -> list[str]:
    with warnings.catch_warnings(record=True) as heard:
        warnings.simplefilter("always")
        try:
            ours = xr.open_datatree(path, engine="swath", decode_timedelta=False)
        except swath.SwathError as why:
            return [f"/: cannot be opened: {why}"]
    parts = [str(warning.message).partition(" is left out: ") for warning in heard]
    return list(differences(ours, theirs, {where: why for where, _, why in parts}))


@pytest.mark.skipif(not CORPUS.is_dir(), reason=f"there is no folder {CORPUS}")
@pytest.mark.filterwarnings("ignore")
def test_files_of_others_read_as_h5netcdf_reads_them() -> None:
    found: dict[str, list[str]] = {feature: [] for feature in DIFFERENCES}
    unknown, same = [], 0
    for path in files():
        theirs = opened_by_h5netcdf(path)
        if theirs is None:
            continue
        lines = compared(path, theirs)
        theirs.close()
        same += not lines
        for line in lines:
            known = [feature for feature, (pattern, _) in DIFFERENCES.items() if re.search(pattern, line, re.DOTALL)]
            for feature in known:
                found[feature].append(f"{path.relative_to(CORPUS)} {line}")
            if not known:
                unknown.append(f"{path.relative_to(CORPUS)} {line}")
    print(f"{same} files are read alike; features that differ:", {feature: len(all_) for feature, all_ in found.items()})
    assert unknown == []
    assert [feature for feature, lines in found.items() if not lines] == []
    assert same > 200
