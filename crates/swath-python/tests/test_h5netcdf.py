"""The same tree as `engine="h5netcdf"`: names, dimensions, attributes, types, encodings, values, on every fixture.

| difference | why |
|---|---|
| `encoding["source"]` of a remote granule is its address | h5netcdf is given an open file, which has none |
| objects that numpy has no type for are left out, with a warning | h5netcdf makes arrays of h5py's own objects, which cannot outlive the open file |

Nothing else may differ.
"""

from __future__ import annotations

import pathlib
import warnings
from typing import Any

import numpy as np
import pytest
import xarray as xr
from conftest import GROUP, ROOT

VARIANTS = sorted(path.stem for path in (ROOT / "target/fixtures").glob("*.h5"))


def same_value(ours: Any, theirs: Any) -> bool:
    """Equal in type and value; NaN equals NaN."""
    if type(ours) is not type(theirs):
        return False
    if isinstance(theirs, np.ndarray | np.generic):
        alike = ours.dtype == theirs.dtype and ours.shape == theirs.shape
        return bool(alike and np.array_equal(ours, theirs, equal_nan=theirs.dtype.kind in "fc"))
    return bool(ours == theirs)


def differences(ours: xr.DataTree, theirs: xr.DataTree) -> list[str]:
    found = []
    if [node.path for node in ours.subtree] != [node.path for node in theirs.subtree]:
        found.append(f"groups: {[n.path for n in ours.subtree]} and {[n.path for n in theirs.subtree]}")
    for node in theirs.subtree:
        if node.path not in [other.path for other in ours.subtree]:
            continue
        own = ours[node.path]
        assert isinstance(own, xr.DataTree)
        mine = own.to_dataset(inherit=False)
        wanted = node.to_dataset(inherit=False)
        found += of_attributes(node.path, mine.attrs, wanted.attrs)
        if list(mine.variables) != list(wanted.variables):
            found.append(f"{node.path}: variables {list(mine.variables)} and {list(wanted.variables)}")
        if set(mine.coords) != set(wanted.coords) or set(mine.xindexes) != set(wanted.xindexes):
            found.append(f"{node.path}: coordinates {set(mine.coords)} and {set(wanted.coords)}")
        if mine.encoding.get("unlimited_dims") != wanted.encoding.get("unlimited_dims"):
            found.append(f"{node.path}: unlimited dimensions")
        for name in set(mine.variables) & set(wanted.variables):
            found += of_variables(f"{node.path}/{name}", mine.variables[name], wanted.variables[name])
    return found


def of_variables(path: str, ours: xr.Variable, theirs: xr.Variable) -> list[str]:
    found = of_attributes(path, ours.attrs, theirs.attrs)
    if ours.dims != theirs.dims or ours.shape != theirs.shape:
        found.append(f"{path}: {dict(ours.sizes)} and {dict(theirs.sizes)}")
        return found
    if ours.dtype != theirs.dtype:
        found.append(f"{path}: dtype {ours.dtype} and {theirs.dtype}")
    skipped = {"source"}
    for name in (set(ours.encoding) | set(theirs.encoding)) - skipped:
        mine, wanted = ours.encoding.get(name, "absent"), theirs.encoding.get(name, "absent")
        if not same_value(mine, wanted):
            found.append(f"{path}: encoding {name} is {mine!r} and {wanted!r}")
    a, b = ours.values, theirs.values
    if a.dtype != b.dtype or not np.array_equal(a, b, equal_nan=b.dtype.kind in "fc"):
        found.append(f"{path}: values")
    return found


def of_attributes(path: str, ours: dict[Any, Any], theirs: dict[Any, Any]) -> list[str]:
    found = []
    if list(ours) != list(theirs):
        found.append(f"{path}: attributes {list(ours)} and {list(theirs)}")
    for name in set(ours) & set(theirs):
        if not same_value(ours[name], theirs[name]):
            found.append(f"{path}: attribute {name} is {ours[name]!r} and {theirs[name]!r}")
    return found


def both(path: pathlib.Path, **options: Any) -> tuple[xr.DataTree, xr.DataTree]:
    with warnings.catch_warnings():
        warnings.simplefilter("error", category=DeprecationWarning)
        ours = xr.open_datatree(path, engine="swath", **options)
        theirs = xr.open_datatree(path, engine="h5netcdf", phony_dims="access", **options)
    return ours, theirs


@pytest.mark.parametrize("variant", VARIANTS)
def test_variants_read_as_h5netcdf_reads_them(variant: str) -> None:
    ours, theirs = both(ROOT / f"target/fixtures/{variant}.h5", decode_timedelta=False)
    assert differences(ours, theirs) == []
    theirs.close()


@pytest.mark.parametrize("variant", ["big_endian", "covariance", "holes", "specification_160"])
def test_what_is_not_decoded_is_the_same_too(variant: str) -> None:
    ours, theirs = both(ROOT / f"target/fixtures/{variant}.h5", decode_cf=False)
    assert differences(ours, theirs) == []
    theirs.close()


def test_demo_granules_read_as_h5netcdf_reads_them(folder: pathlib.Path) -> None:
    paths = sorted(folder.glob("NISAR_*.h5"))
    assert len(paths) == 7
    for path in paths:
        ours, theirs = both(path, decode_timedelta=False)
        assert differences(ours, theirs) == [], path.name
        assert sum(len(node.variables) for node in ours.subtree) > 140
        theirs.close()


def test_one_group_reads_as_h5netcdf_reads_it(folder: pathlib.Path) -> None:
    path = sorted(folder.glob("NISAR_*.h5"))[0]
    ours, theirs = both(path, group=GROUP, decode_timedelta=False)
    assert differences(ours, theirs) == []
    assert ours.sizes["phony_dim_0"] == 2
    with (
        xr.open_dataset(path, engine="swath", group=GROUP) as one,
        xr.open_dataset(path, engine="h5netcdf", group=GROUP, phony_dims="access") as other,
    ):
        xr.testing.assert_identical(one, other)
    theirs.close()


@pytest.mark.parametrize("options", [
    {"mask_and_scale": False},
    {"decode_times": False},
    {"decode_coords": "all"},
    {"drop_variables": ["HHHH", "projection"]},
    {"decode_timedelta": True},
    {"chunks": {}},
], ids=str)  # fmt: skip
def test_options_do_what_they_do_in_h5netcdf(folder: pathlib.Path, options: dict[str, Any]) -> None:
    path = sorted(folder.glob("NISAR_*.h5"))[1]
    ours, theirs = both(path, **options)
    assert differences(ours, theirs) == []
    if "chunks" in options:
        one, other = ours[GROUP]["HHHH"], theirs[GROUP]["HHHH"]
        assert one.chunks == other.chunks == ((512, 512, 216), (512, 512, 296))
    theirs.close()


def test_the_comparison_finds_what_differs(folder: pathlib.Path) -> None:
    paths = sorted(folder.glob("NISAR_*.h5"))
    ours = xr.open_datatree(paths[0], engine="swath", group=GROUP)
    theirs = xr.open_datatree(paths[2], engine="h5netcdf", phony_dims="access", group=GROUP)
    assert any("values" in line for line in differences(ours, theirs))
    theirs.close()
