"""Virtual stores read by zarr and xarray: the same values as h5py, the same trees as h5netcdf, on every fixture.

Without zarr, fsspec, fastparquet or icechunk the tests of what needs them are skipped, and say so.
"""

from __future__ import annotations

import json
import os
import pathlib
from collections.abc import Callable
from typing import Any

import h5py
import numpy as np
import pytest
import xarray as xr
from conftest import GROUP, ROOT

import swath

zarr = pytest.importorskip("zarr", minversion="3.1", reason="zarr is not installed: nothing to read references with")
fsspec = pytest.importorskip("fsspec", reason="fsspec is not installed: nothing to read references with")

pytestmark = [
    # Of the readers, not of this package.
    pytest.mark.filterwarnings("ignore:The 'fastparquet' engine is deprecated"),
    pytest.mark.filterwarnings("ignore:Numcodecs codecs are not in the Zarr version 3"),
]
VARIANTS = sorted(path.stem for path in (ROOT / "target/fixtures").glob("*.h5"))
NAME = "NISAR_L2_PR_GCOV_005_172_A_008_2005_DHDH_A_20251122T024618_20251122T024652_X05009_N_F_J_001"

#: A store made of a granule, opened: a zarr store, and what xarray has to be told to read it.
Opened = tuple[Any, dict[str, Any]]


def reference_store(references: Any) -> Any:
    from zarr.storage import FsspecStore

    files = fsspec.filesystem(
        "reference", fo=references, remote_protocol="file", asynchronous=True, remote_options={"asynchronous": True}
    )
    return FsspecStore(files, read_only=True)


def as_json(file: pathlib.Path, folder: pathlib.Path) -> Opened:
    path = folder / "references.json"
    assert swath.open(file).to_kerchunk(path) == {}
    return reference_store(json.loads(path.read_text())), {"consolidated": True, "zarr_format": 2}


def as_parquet(file: pathlib.Path, folder: pathlib.Path) -> Opened:
    for needed in ("kerchunk", "fastparquet"):
        pytest.importorskip(needed, reason=f"{needed} is not installed: no references in Parquet")
    path = folder / "references"
    assert swath.open(file).to_kerchunk(path, "parquet") == {}
    return reference_store(str(path)), {"consolidated": True, "zarr_format": 2}


def as_icechunk(file: pathlib.Path, folder: pathlib.Path) -> Opened:
    assert swath.open(file).to_icechunk(folder / "store") == {}
    return repository(file, folder / "store"), {"consolidated": False, "zarr_format": 3}


def repository(file: pathlib.Path, folder: pathlib.Path) -> Any:
    icechunk = pytest.importorskip("icechunk", reason="icechunk is not installed: no virtual repository")
    # Icechunk 2 wants access to local files said in so many words; 1 has no word for it.
    allowed = getattr(icechunk.credentials, "LocalFileSystemAccess", None)
    access = icechunk.containers_credentials({f"{file.parent.as_uri()}/": allowed})
    opened = icechunk.Repository.open(
        icechunk.local_filesystem_storage(str(folder)), authorize_virtual_chunk_access=access
    )
    return opened.readonly_session("main").store


needs_icechunk = pytest.mark.skipif(
    not __import__("importlib.util").util.find_spec("icechunk"), reason="icechunk is not installed"
)
#: Fixtures whose storage is unlike the others'; fsspec takes seconds to write Parquet, Icechunk to commit.
UNLIKE = ["big_endian", "contiguous", "covariance", "holes"]
FORMATS = pytest.mark.parametrize(
    "store", [as_json, pytest.param(as_icechunk, marks=needs_icechunk)], ids=["json", "icechunk"]
)


def values(array: Any) -> Any:
    """As numpy has them: bytes in native order, texts of variable length as objects."""
    array = np.asarray(array)
    if array.dtype.kind == "T":
        return array.astype(object)
    return array.astype(array.dtype.newbyteorder("="))


def same(ours: Any, theirs: Any) -> bool:
    ours, theirs = values(ours), values(theirs)
    nan = theirs.dtype.kind in "fc"
    return bool(ours.dtype == theirs.dtype and np.array_equal(ours, theirs, equal_nan=nan))


def datasets(file: pathlib.Path) -> dict[str, Any]:
    found: dict[str, Any] = {}
    with h5py.File(file) as opened:
        opened.visititems(
            lambda path, item: found.update({path: item[()]}) if isinstance(item, h5py.Dataset) else None
        )
    return found


@pytest.mark.parametrize(
    ("variant", "store"),
    [
        *((variant, as_json) for variant in VARIANTS),
        *((variant, as_parquet) for variant in UNLIKE),
        *(pytest.param(variant, as_icechunk, marks=needs_icechunk) for variant in UNLIKE),
    ],
)
def test_every_array_equals_h5py_s(
    variant: str, store: Callable[[pathlib.Path, pathlib.Path], Opened], tmp_path: pathlib.Path
) -> None:
    file = ROOT / f"target/fixtures/{variant}.h5"
    opened, _ = store(file, tmp_path)
    root = zarr.open_group(opened, mode="r")
    wanted = datasets(file)
    assert len(wanted) > 100
    assert [path for path, array in wanted.items() if not same(root[path][...], array)] == []


@FORMATS
@pytest.mark.parametrize("variant", UNLIKE)
def test_trees_equal_h5netcdf_s(
    variant: str, store: Callable[[pathlib.Path, pathlib.Path], Opened], tmp_path: pathlib.Path
) -> None:
    file = ROOT / f"target/fixtures/{variant}.h5"
    opened, options = store(file, tmp_path)
    ours = xr.open_datatree(opened, engine="zarr", **options)
    theirs = xr.open_datatree(file, engine="h5netcdf", phony_dims="access")
    assert {node.path for node in ours.subtree} == {node.path for node in theirs.subtree}
    for node in theirs.subtree:
        own = ours[node.path]
        assert isinstance(own, xr.DataTree)
        assert set(own.attrs) == set(node.attrs), node.path
        mine, wanted = own.to_dataset(inherit=False), node.to_dataset(inherit=False)
        assert set(mine.variables) == set(wanted.variables), node.path
        for name, variable in wanted.variables.items():
            assert mine[name].dims == variable.dims, (node.path, name)
            assert same(mine[name].values, variable.values), (node.path, name)
            assert set(mine[name].attrs) == set(variable.attrs), (node.path, name)
            for key, value in variable.attrs.items():
                np.testing.assert_array_equal(mine[name].attrs[key], value, err_msg=f"{node.path}/{name}@{key}")


def test_a_group_can_be_the_root(folder: pathlib.Path, tmp_path: pathlib.Path) -> None:
    tree = swath.open(folder / f"{NAME}.h5")
    tree[GROUP].to_kerchunk(tmp_path / "a.json")
    grid = xr.open_dataset(
        "reference://",
        engine="zarr",
        backend_kwargs={"storage_options": {"fo": str(tmp_path / "a.json")}, "zarr_format": 2},
    )
    wanted = xr.open_dataset(folder / f"{NAME}.h5", engine="h5netcdf", group=GROUP, phony_dims="access")
    xr.testing.assert_equal(grid[["HHHH", "HVHV", "mask"]], wanted[["HHHH", "HVHV", "mask"]])


def test_the_archive_s_granule_is_read_through_the_network(
    sandbox: swath.SandboxSession, tmp_path: pathlib.Path
) -> None:
    tree = sandbox.open(sandbox.url_of(NAME))
    waves = tree.cost["waves"]
    tree.to_kerchunk(tmp_path / "a.json")
    assert tree.cost["waves"] - waves <= 1
    document = json.loads((tmp_path / "a.json").read_text())
    assert document["templates"] == {"u": sandbox.url_of(NAME)} and document["skipped"] == {}
    # The bytes of one reference, fetched by this package's own session, are those of the chunk.
    reference = document["refs"][f"{GROUP[1:]}/HHHH/1.1"]
    assert reference[0] == "{{u}}" and reference[2] > 1000
    text = (tmp_path / "a.json").read_text()
    assert "Bearer" not in text and "X-Amz" not in text


def test_what_cannot_be_held_is_named(tmp_path: pathlib.Path) -> None:
    odd = np.dtype({"names": ["a", "b"], "formats": ["<i2", "<i4"], "offsets": [0, 4], "itemsize": 8})
    with h5py.File(tmp_path / "odd.h5", "w") as file:
        file["gaps"] = np.zeros(3, odd)
        file["tight"] = np.array([(1, 2.0)], [("a", "<i2"), ("b", "<f4")])
        file["lists"] = np.array([np.arange(2), np.arange(3)], dtype=object).astype(h5py.vlen_dtype("<i4"))
        file["texts"] = np.array(["ä", "", "long " * 9], dtype=object)
        file["halves"] = np.array([(1, 2)], [("r", "<f2"), ("i", "<f2")])
        file["truth"] = np.array([True, False])
        file.create_dataset("packed", data=np.arange(1000.0), chunks=(100,), compression="lzf")
    tree = swath.open(tmp_path / "odd.h5")
    skipped = tree.to_kerchunk(tmp_path / "odd.json")
    assert set(skipped) == {"/gaps", "/lists"} and "gaps" in skipped["/gaps"]
    root = zarr.open_group(reference_store(json.loads((tmp_path / "odd.json").read_text())), mode="r")
    assert root["texts"][...].tolist() == ["ä", "", "long " * 9]
    assert root["tight"][...].tolist() == [(1, 2.0)] and root["halves"][...].tolist() == [(1.0, 2.0)]
    assert root["truth"][...].tolist() == [True, False]
    # zarr knows no LZF: the values themselves are in the references.
    assert root["packed"][...].tolist() == list(range(1000))


def test_what_would_be_lost_is_refused(folder: pathlib.Path, tmp_path: pathlib.Path) -> None:
    tree = swath.open(folder / f"{NAME}.h5")
    (tmp_path / "kept").mkdir()
    with pytest.raises(swath.UsageError, match="exists already"):
        tree.to_kerchunk(tmp_path / "kept", "parquet")
    with pytest.raises(swath.UsageError, match="no format"):
        tree.to_kerchunk(tmp_path / "a", "yaml")  # type: ignore[arg-type]
    with pytest.raises(swath.UsageError):
        tree.to_kerchunk(tmp_path / "a", url="{{u}}")
    assert os.listdir(tmp_path) == ["kept"]
    tree.close()
    with pytest.raises(swath.ClosedError):
        tree.to_kerchunk(tmp_path / "a")


@needs_icechunk
def test_a_replaced_file_is_an_error_to_readers_of_the_repository(tmp_path: pathlib.Path) -> None:
    from icechunk import IcechunkError

    file = tmp_path / "a.h5"
    with h5py.File(file, "w") as made:
        made["x"] = np.arange(10_000.0)
    os.utime(file, (1_700_000_000, 1_700_000_000))
    assert swath.open(file).to_icechunk(tmp_path / "store") == {}
    x = zarr.open_group(repository(file, tmp_path / "store"), mode="r")["x"]
    np.testing.assert_array_equal(x[...], np.arange(10_000.0))
    os.utime(file, (1_700_000_100, 1_700_000_100))
    again = zarr.open_group(repository(file, tmp_path / "store"), mode="r")["x"]
    with pytest.raises(IcechunkError):
        again[...]


@needs_icechunk
def test_icechunk_reads_the_archive_s_bucket(
    sandbox: swath.SandboxSession, tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import icechunk

    tree = sandbox.open(sandbox.url_of(NAME))[GROUP]
    assert tree.to_icechunk(tmp_path / "store") == {}
    # A reader who has S3 credentials, and trusts the sandbox's certificate.
    environment = sandbox.environment
    monkeypatch.setenv("SSL_CERT_FILE", environment["SSL_CERT_FILE"])
    prefix = "s3://sds-n-cumulus-prod-nisar-products/"
    bucket = icechunk.s3_store(
        region="us-west-2", endpoint_url=environment["SWATH_S3_ENDPOINT_URL"], s3_compatible=True, force_path_style=True
    )
    config = icechunk.RepositoryConfig.default()
    config.set_virtual_chunk_container(icechunk.VirtualChunkContainer(prefix, bucket))
    opened = icechunk.Repository.open(
        icechunk.local_filesystem_storage(str(tmp_path / "store")),
        config=config,
        authorize_virtual_chunk_access=icechunk.containers_credentials({prefix: credentials(environment)}),
    )
    layer = zarr.open_group(opened.readonly_session("main").store, mode="r")["HHHH"]
    assert same(layer[500:700, 400:900], tree["HHHH"][500:700, 400:900])


def credentials(environment: dict[str, str]) -> Any:
    """S3 credentials, from where the archive gives them for a token."""
    import ssl
    import urllib.request

    import icechunk

    request = urllib.request.Request(
        environment["SWATH_S3CREDENTIALS_URL"], headers={"Authorization": f"Bearer {environment['EARTHDATA_TOKEN']}"}
    )
    trust = ssl.create_default_context(cafile=environment["SSL_CERT_FILE"])
    with urllib.request.urlopen(request, context=trust) as answer:
        given = json.load(answer)
    return icechunk.s3_static_credentials(
        access_key_id=given["accessKeyId"],
        secret_access_key=given["secretAccessKey"],
        session_token=given["sessionToken"],
    )
