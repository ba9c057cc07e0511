"""What a newcomer types, mistakes included: each mistake is told, with what to do about it; none is taken for something else."""

from __future__ import annotations

import io
import pathlib
import pickle
import re
import subprocess
import sys
from collections.abc import Callable
from typing import Any

import pytest
import xarray as xr
from conftest import BOX, GROUP, ROOT

import swath


def verbs_that_need_more(session: swath.Session, folder: pathlib.Path) -> dict[str, tuple[str, Callable[[], Any]]]:
    """By package: the extra that brings it, and a call that cannot do without."""
    granules = session.search()
    tree = session.open(granules[0], GROUP)
    return {
        "xarray": ("xarray", lambda: session.open_stack(granules, bbox=BOX)),
        "pandas": ("xarray", lambda: session.stats(granules[0], bbox=BOX).to_dataframe()),
        "geopandas": ("geo", granules.to_geodataframe),
        "pyarrow": ("geo", lambda: granules.to_geoparquet(folder / "a.parquet")),
        "icechunk": ("virtual", lambda: tree.to_icechunk(folder / "icechunk")),
        "zarr": ("virtual", lambda: tree.to_icechunk(folder / "icechunk")),
        "kerchunk": ("virtual", lambda: tree.to_kerchunk(folder / "references", "parquet")),
        "fastparquet": ("virtual", lambda: tree.to_kerchunk(folder / "references", "parquet")),
        "fsspec": ("virtual", lambda: tree.to_kerchunk(folder / "references", "parquet")),
    }


def test_what_is_not_installed_is_named_with_its_extra(
    sandbox: swath.SandboxSession, tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    extras = re.findall(r"^(\w+) = \[(.*)\]$", (ROOT / "crates/swath-python/pyproject.toml").read_text(), re.MULTILINE)
    brings = {extra: [re.split(r"[>=\[]", name)[0] for name in re.findall(r'"([^"]+)"', text)] for extra, text in extras}
    # pandas comes with xarray.
    brings["xarray"].append("pandas")
    for package, (extra, call) in verbs_that_need_more(sandbox, tmp_path).items():
        with monkeypatch.context() as without:
            without.setitem(sys.modules, package, None)
            with pytest.raises(ModuleNotFoundError) as caught:
                call()
        assert isinstance(caught.value, swath.MissingExtraError), package
        assert package in caught.value.what and caught.value.hint == f'install it with: pip install "swath[{extra}]"'
        assert package in brings[extra]
        assert str(pickle.loads(pickle.dumps(caught.value))) == str(caught.value)
    with monkeypatch.context() as without:
        without.setitem(sys.modules, "xarray", None)
        with pytest.raises(swath.MissingExtraError, match="xarray"):
            sandbox.open(sandbox.search()[0], GROUP).to_xarray()
    assert list(tmp_path.iterdir()) == []


ALONE = """
import sys

class Nothing:
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] in {"xarray", "pandas", "dask", "geopandas", "zarr", "icechunk", "fsspec", "IPython"}:
            raise ModuleNotFoundError(f"No module named {name!r}", name=name)

sys.meta_path.insert(0, Nothing())
import swath
with swath.sandbox() as session:
    granules = session.search()
    tree = session.open(granules[0])
    assert tree.layer("HHHH")[600:602, 650].shape == (2,)
    series = session.timeseries(granules, bbox=(40.8463, 13.2553, 40.8574, 13.2684))
    assert len(series) == 5 and series.plot()[1:4] == b"PNG" and session.quicklook(granules[0], window=(600, 600, 64, 64))
    assert len(session.stats(granules[:2])) == 2 and repr(granules) and granules._repr_html_() and tree._repr_html_()
print("numpy is enough")
"""


def test_numpy_alone_is_enough() -> None:
    run = subprocess.run([sys.executable, "-c", ALONE], capture_output=True, text=True, timeout=120)
    assert run.stdout == "numpy is enough\n", run.stderr


def test_names_that_are_not_there(sandbox: swath.SandboxSession, granules: swath.Results) -> None:
    tree = sandbox.open(granules[0])
    for wrong, what, hint in [
        (f"{GROUP}/HHH", f"{GROUP} has no HHH", "did you mean HHHH"),
        ("science/LSAR/GCOV/grids/frequencyX/HHHH", "grids has no frequencyX", "did you mean frequencyA or frequencyB?"),
        ("/science/lsar", "/science has no lsar", "did you mean LSAR?"),
        ("nothing/at/all", "/ has no nothing", "it has science"),
    ]:
        with pytest.raises(KeyError) as caught:
            tree[wrong]
        assert isinstance(caught.value, swath.UnknownNameError) and what in str(caught.value), str(caught.value)
        assert caught.value.hint is not None and hint in caught.value.hint
    with pytest.raises(swath.UnknownNameError, match="HHHH is an array, not a group"):
        tree[f"{GROUP}/HHHH/x"]
    with pytest.raises(swath.UnknownNameError, match="not int"):
        tree[0]  # type: ignore[index]
    with pytest.raises(swath.UnknownNameError, match="outside of"):
        sandbox.open(granules[0], GROUP)["/science/LSAR/identification"]
    with pytest.raises(swath.UnknownNameError, match=f"{GROUP} has no HHH"):
        sandbox.open(granules[0], GROUP)["HHH"]
    looked_for: Any = 3
    assert looked_for not in tree
    assert "science" in tree and "nothing" not in tree and tree.get("nothing") is None
    for open_one in (xr.open_dataset, xr.open_datatree):
        with pytest.raises(swath.UsageError, match="grids holds frequencyA, frequencyB"):
            open_one(granules[0].url, engine="swath", session=sandbox, group="/science/LSAR/GCOV/grids/frequencyX")


@pytest.mark.parametrize("key", ["x", 1.5, None, [[1]], [0.5], True, [True], (..., ...), ([True, False], 0)], ids=repr)
def test_keys_that_are_no_indices(folder: pathlib.Path, key: Any) -> None:
    layer = swath.Session(cache=False).open(sorted(folder.glob("NISAR_*.h5"))[0], GROUP)["HHHH"]
    with pytest.raises(IndexError):
        layer[key]


def test_arguments_of_another_kind(
    sandbox: swath.SandboxSession, granules: swath.Results, tmp_path: pathlib.Path
) -> None:
    url = granules[0].url
    wrong: list[tuple[str, Callable[[], Any]]] = [
        ("empty text", lambda: sandbox.open("")),
        ("open_stack", lambda: sandbox.open(granules)),  # type: ignore[arg-type]
        ("NoneType", lambda: sandbox.open(None)),  # type: ignore[arg-type]
        ("'40,13,41,14'", lambda: sandbox.stats(url, bbox="40,13,41,14")),  # type: ignore[arg-type]
        ("four numbers", lambda: sandbox.search(bbox=("a", 1, 2, 3))),  # type: ignore[arg-type]
        ("given 2", lambda: sandbox.search(bbox=(1, 2))),
        ("four numbers", lambda: sandbox.stats(url, window="abcd")),  # type: ignore[arg-type]
        ("whole numbers", lambda: sandbox.stats(url, window=(0.5, 0, 9, 9))),  # type: ignore[arg-type]
        ("whole numbers", lambda: sandbox.stats(url, window=(0, 0, 9, float("nan")))),  # type: ignore[arg-type]
        ("swath.Session", lambda: xr.open_dataset(url, engine="swath", session="me")),
        ("not an open file", lambda: xr.open_dataset(io.BytesIO(b"\x89HDF"), engine="swath")),
    ]
    for told, call in wrong:
        with pytest.raises(swath.UsageError) as caught:
            call()
        assert told in str(caught.value)
    sandbox.clear_log()
    with pytest.raises(swath.LocalError, match="no folder"):
        sandbox.quicklook(granules[0], path=tmp_path / "nowhere" / "picture.png")
    assert sandbox.log() == []


def test_several_granules_are_opened_by_xarray_as_files_are(
    sandbox: swath.SandboxSession, granules: swath.Results, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(swath._session, "_default", sandbox)
    truth = [row["mean"] for row in sandbox.stats(granules, bbox=BOX)]

    def layer_of(one: xr.Dataset) -> xr.Dataset:
        return one[["HHHH"]]

    sources: Any
    for sources in ([granule.url for granule in granules], list(granules)):
        # An engine need not be named: the granules are known by their names.
        found = xr.open_mfdataset(
            sources, group=GROUP, combine="nested", concat_dim="time", preprocess=layer_of, chunks={}
        )
        box = found.HHHH[:, 565:639, 621:683].astype("f8")
        assert box.mean(("xCoordinates", "yCoordinates")).values.tolist() == pytest.approx(truth, rel=1e-12)
