"""Virtual stores: a granule as zarr, whose chunks are byte ranges of the file.

The references come from the index; of the values only small ones are read. Kerchunk references are of zarr version 2, an
Icechunk store of version 3. Limits:

- What zarr cannot hold is skipped, and returned with the reason: variable-length sequences, HDF5 references, compounds with
  gaps, filters other than shuffle, deflate and fletcher32.
- The address is written down as it is. Whoever reads needs access to it: fsspec reads ``https://`` addresses of the archive
  with a token in ``remote_options``; Icechunk knows no such login and wants ``s3://`` (inside AWS us-west-2).
- Fixed-length texts and structures have no settled form in zarr version 3 yet; zarr-python writes and reads them and warns.
"""

from __future__ import annotations

import base64
import contextlib
import json
import math
import os
import struct
import tempfile
import warnings
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from . import _swath
from .exceptions import UsageError, needs

if TYPE_CHECKING:
    import icechunk

    from ._tree import Opened

#: Most references in one Parquet file. fsspec writes each file so long, however few there are.
_RECORD_SIZE = 10_000
#: References handed to Icechunk at a time.
_AT_ONCE = 50_000


class Virtual:
    """The part of a tree that writes it down as a virtual store."""

    __slots__ = ()

    if TYPE_CHECKING:
        _opened: Opened
        path: str

    def to_kerchunk(
        self,
        path: str | os.PathLike[str],
        format: Literal["json", "parquet"] = "json",  # noqa: A002
        *,
        url: str | None = None,
        inline_limit: int = 4096,
        embed_limit: int = 4 << 20,
    ) -> dict[str, str]:
        """Writes kerchunk references of the group and everything below it.

        zarr, xarray and dask read them through fsspec, without this package::

            xr.open_dataset("reference://", engine="zarr", group="science/LSAR/GCOV/grids/frequencyA",
                            backend_kwargs={"storage_options": {"fo": path}})

        Parameters
        ----------
        path : path
            File (``"json"``), which is replaced, or folder (``"parquet"``), which must not exist.
        format : {"json", "parquet"}
            One JSON document, or a folder of Parquet files, which readers load as they need them. The latter needs
            fsspec, kerchunk and fastparquet to be written, fsspec and fastparquet to be read.
        url : str, optional
            Where readers will find the file; by default where it was opened from.
        inline_limit : int
            Arrays of at most so many bytes are put into the references.
        embed_limit : int
            What cannot be referenced is put into the references up to so many bytes per array, else skipped.

        Returns
        -------
        dict of str to str
            What is not in the references: path in the file, and why.

        Raises
        ------
        UsageError
            When the address cannot be written down (a signed URL), or the folder exists.
        """
        document, skipped = self._references(url, inline_limit, embed_limit)
        if format == "json":
            _replace(Path(path), document)
        elif format == "parquet":
            needs("Parquet", "virtual", "fsspec", "kerchunk", "fastparquet")
            _write_parquet(Path(path), _expanded(document))
        else:
            raise UsageError(f"there is no format {format!r}: it is 'json' or 'parquet'")
        return skipped

    def to_icechunk(
        self,
        storage: str | os.PathLike[str] | icechunk.Storage,
        *,
        url: str | None = None,
        inline_limit: int = 4096,
        embed_limit: int = 4 << 20,
        message: str | None = None,
    ) -> dict[str, str]:
        """Writes an Icechunk repository with virtual references to the group and everything below it.

        Each reference carries the entity tag (or the time of the last change of a local file), so that a file that was
        replaced is an error for every reader. Readers authorize the access to the file themselves (to a local one with
        ``icechunk.credentials.LocalFileSystemAccess``, in Icechunk 1 with None)::

            repository = icechunk.Repository.open(storage, authorize_virtual_chunk_access={prefix: credentials})
            xr.open_dataset(repository.readonly_session("main").store, engine="zarr", group=…, consolidated=False)

        Needs icechunk and zarr.

        Parameters
        ----------
        storage : path or icechunk.Storage
            Where the new repository is made: a folder, or any storage of Icechunk.
        url : str, optional
            Where readers will find the file; by default where it was opened from, for an address of the archive the same
            file in S3.
        inline_limit, embed_limit : int
            As in :meth:`to_kerchunk`.
        message : str, optional
            Message of the commit.

        Returns
        -------
        dict of str to str
            What is not in the repository: path in the file, and why.

        Raises
        ------
        UsageError
            When the address is of a kind that Icechunk cannot read, or cannot be written down.
        """
        needs("an Icechunk store", "virtual", "icechunk", "zarr")
        address = self._opened.core.address
        chosen = url or _swath.direct_access(address)
        document, skipped = self._references(chosen, inline_limit, embed_limit)
        references = _expanded(document)
        container = _container(references.url)
        session = _repository(storage, container).writable_session("main")
        with warnings.catch_warnings():
            # Said once in the documentation of this module.
            warnings.filterwarnings("ignore", message=".*does not have a Zarr V3 specification.*")
            warnings.filterwarnings("ignore", message=".*not in the Zarr version 3 specification.*")
            checksum = _checksum(address, self._opened.core.version[1])
            skipped |= _fill_icechunk(session.store, references, checksum)
        session.commit(message or f"references to {self._opened.core.name}")
        return skipped

    def _references(self, url: str | None, inline_limit: int, embed_limit: int) -> tuple[bytes, dict[str, str]]:
        core = self._opened.core
        document, skipped = _swath.kerchunk(core, self.path, url, inline_limit, embed_limit)
        return document, dict(skipped)


@dataclass(frozen=True, slots=True)
class References:
    """Kerchunk references with their template filled in."""

    url: str
    refs: dict[str, Any]

    def arrays(self) -> Iterator[tuple[str, dict[str, Any], dict[str, Any]]]:
        """Path, metadata and attributes of every array."""
        for key, text in self.refs.items():
            if key.endswith("/.zarray"):
                path = key.removesuffix("/.zarray")
                yield path, json.loads(text), json.loads(self.refs.get(f"{path}/.zattrs", "{}"))

    def groups(self) -> Iterator[tuple[str, dict[str, Any]]]:
        """Path and attributes of every group but the root."""
        for key in self.refs:
            if key.endswith("/.zgroup"):
                path = key.removesuffix("/.zgroup")
                yield path, json.loads(self.refs.get(f"{path}/.zattrs", "{}"))


def _expanded(document: bytes) -> References:
    content = json.loads(document)
    url = content["templates"]["u"]
    refs = content["refs"]
    for key, value in refs.items():
        if isinstance(value, list):
            refs[key] = [url, *value[1:]]
    return References(url, refs)


def _replace(path: Path, content: bytes) -> None:
    """Writes a file that appears under its name only when it is whole."""
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.", suffix=".part")
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(content)
        # mkstemp's files are private; what a user writes follows the umask.
        mask = os.umask(0)
        os.umask(mask)
        os.chmod(name, 0o666 & ~mask)
        os.replace(name, path)
    except BaseException:
        with contextlib.suppress(OSError):
            os.unlink(name)
        raise


def _write_parquet(path: Path, references: References) -> None:
    """A folder of `.zmetadata` and Parquet files, as fsspec's reference file system reads it."""
    from fsspec.implementations.local import LocalFileSystem
    from fsspec.implementations.reference import LazyReferenceMapper

    # fsspec empties a folder that is there.
    if path.exists():
        raise UsageError(f"{path} exists already: choose another name, or remove it")
    longest = max((len(chunks) for chunks in _chunks(references).values()), default=1)
    size = min(longest, _RECORD_SIZE)
    mapper = LazyReferenceMapper.create(os.fspath(path.absolute()), fs=LocalFileSystem(), record_size=size)
    with warnings.catch_warnings():
        # pandas wants pyarrow; fsspec's readers take fastparquet.
        warnings.filterwarnings("ignore", message="The 'fastparquet' engine is deprecated")
        for key, document in json.loads(references.refs[".zmetadata"])["metadata"].items():
            mapper[key] = json.dumps(document).encode()
        for key, value in references.refs.items():
            if isinstance(value, list):
                mapper[key] = value
            elif value.startswith("base64:"):
                mapper[key] = base64.b64decode(value[7:])
        mapper.flush()


def _container(url: str) -> tuple[str, Any]:
    """Prefix and kind of the store that holds the file."""
    import icechunk

    if url.startswith("s3://"):
        bucket = url.removeprefix("s3://").split("/", 1)[0]
        return f"s3://{bucket}/", icechunk.s3_store(region="us-west-2")
    if url.startswith(("http://", "https://")):
        return f"{url.rsplit('/', 1)[0]}/", icechunk.http_store()
    if os.path.isabs(url):
        folder = Path(url).parent
        return f"{folder.as_uri()}/", icechunk.local_filesystem_store(os.fspath(folder))
    raise UsageError(f"Icechunk cannot read {url}: give the s3://, https:// or absolute local address of the file")


def _repository(storage: str | os.PathLike[str] | icechunk.Storage, container: tuple[str, Any]) -> icechunk.Repository:
    import icechunk

    if isinstance(storage, (str, os.PathLike)):
        storage = icechunk.local_filesystem_storage(os.fspath(storage))
    config = icechunk.RepositoryConfig.default()
    config.set_virtual_chunk_container(icechunk.VirtualChunkContainer(*container))
    return icechunk.Repository.create(storage, config)


def _checksum(address: str, tag: str | None) -> dict[str, Any]:
    """What tells that the file was replaced, in the words of Icechunk."""
    import datetime

    if "://" not in address:
        # Whole seconds, as HTTP has them; a file changed within the same second passes.
        changed = math.ceil(os.stat(address).st_mtime)
        return {"last_updated_at_checksum": datetime.datetime.fromtimestamp(changed, datetime.UTC)}
    if tag is None or tag.startswith("W/"):
        return {}
    return {"etag_checksum": tag}


def _fill_icechunk(store: Any, references: References, checksum: dict[str, Any]) -> dict[str, str]:
    """Groups, arrays, values and references. What zarr version 3 cannot hold is returned, with the reason."""
    import zarr
    from icechunk import VirtualChunkSpec

    attributes = json.loads(references.refs.get(".zattrs", "{}"))
    root = zarr.create_group(store, attributes=attributes, zarr_format=3)
    for path, attributes in references.groups():
        root.create_group(path, attributes=attributes)
    chunks = _chunks(references)
    location = references.url if "://" in references.url else Path(references.url).as_uri()
    skipped = {}
    for path, metadata, attributes in references.arrays():
        if _has_big_endian_field(metadata["dtype"]):
            skipped[path] = "zarr version 3 has no structure of big-endian numbers"
            continue
        zarr.create_array(store, name=path, **_of_version_3(metadata, attributes))
        virtual = []
        for index, value in chunks.get(path, []):
            if isinstance(value, list):
                _, offset, length = value
                virtual.append(VirtualChunkSpec(index, location, offset, length, **checksum))
            else:
                _set(store, "/".join([path, "c", *map(str, index)]), base64.b64decode(value[7:]))
        for first in range(0, len(virtual), _AT_ONCE):
            failed = store.set_virtual_refs(f"/{path}", virtual[first : first + _AT_ONCE], validate_containers=True)
            if failed:
                raise UsageError(f"Icechunk does not take references to {location}")
    return skipped


def _has_big_endian_field(name: Any) -> bool:
    return isinstance(name, list) and any(field[1].startswith(">") for field in name)


def _chunks(references: References) -> dict[str, list[tuple[list[int], Any]]]:
    """Index and reference (or value) of every chunk, by array."""
    arrays = {path: len(metadata["shape"]) for path, metadata, _ in references.arrays()}
    found: dict[str, list[tuple[list[int], Any]]] = {}
    for key, value in references.refs.items():
        path, _, name = key.rpartition("/")
        if path in arrays and not name.startswith(".z"):
            index = [int(number) for number in name.split(".")] if arrays[path] else []
            found.setdefault(path, []).append((index, value))
    return found


def _set(store: Any, key: str, value: bytes) -> None:
    from zarr.core.buffer import default_buffer_prototype
    from zarr.core.sync import sync

    sync(store.set(key, default_buffer_prototype().buffer.from_bytes(value)))


def _of_version_3(metadata: dict[str, Any], attributes: dict[str, Any]) -> dict[str, Any]:
    """What ``zarr.create_array`` needs to make the array of version 3 that has the same chunks as one of version 2."""
    from zarr.codecs import BytesCodec, VLenUTF8Codec

    name = metadata["dtype"]
    options: dict[str, Any] = {
        "shape": metadata["shape"],
        "chunks": metadata["chunks"],
        "dimension_names": attributes.pop("_ARRAY_DIMENSIONS"),
        "attributes": attributes,
        "filters": None,
    }
    if name == "|O":
        return options | {"dtype": "string", "serializer": VLenUTF8Codec(), "compressors": None}
    dtype = _dtype(name)
    codecs = [*(metadata["filters"] or []), *([metadata["compressor"]] if metadata["compressor"] else [])]
    fill = metadata["fill_value"]
    # xarray decodes it by the array's type, so one that is no value of the type cannot stay.
    attributes.pop("_FillValue", None)
    if fill is not None:
        value = _number(fill, dtype)
        attributes["_FillValue"] = _encoded(value)
        options["fill_value"] = value
    return options | {
        "dtype": dtype.newbyteorder("="),
        "serializer": BytesCodec(endian="big" if dtype.byteorder == ">" else "little"),
        "compressors": [_codec(codec) for codec in codecs] or None,
    }


def _dtype(name: Any) -> np.dtype[Any]:
    return np.dtype(name if isinstance(name, str) else [tuple(field) for field in name])


def _codec(configuration: dict[str, Any]) -> Any:
    """numcodecs' codec in the clothes of version 3."""
    from zarr.codecs import numcodecs

    kinds = {"shuffle": numcodecs.Shuffle, "zlib": numcodecs.Zlib, "fletcher32": numcodecs.Fletcher32}
    return kinds[configuration["id"]](**{name: value for name, value in configuration.items() if name != "id"})


def _number(fill: Any, dtype: np.dtype[Any]) -> Any:
    """A fill value of version 2: the words of JSON as numbers."""
    if isinstance(fill, list):
        return dtype.type(complex(*(float(part) for part in fill)))
    return dtype.type(float(fill) if isinstance(fill, str) else fill)


def _encoded(value: Any) -> Any:
    """``_FillValue`` as xarray keeps it in the attributes of arrays of version 3."""
    if isinstance(value, np.complexfloating):
        return [_encoded(np.float64(value.real)), _encoded(np.float64(value.imag))]
    if isinstance(value, np.floating):
        return base64.standard_b64encode(struct.pack("<d", float(value))).decode()
    return value.item()
