"""What statistics come back as: records that are dicts, pictures that are bytes."""

from __future__ import annotations

import csv
import json
import os
import pathlib
from collections.abc import Iterable, Mapping
from html import escape
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, SupportsIndex

from . import _swath
from .exceptions import SwathError, needs

if TYPE_CHECKING:
    import pandas


class Downloads(list[pathlib.Path]):
    """Paths of the files that are whole on the disk.

    Attributes
    ----------
    files : list of dict
        ``path``, ``bytes``, ``outcome`` (``fetched``, ``resumed``, ``unchanged``), ``checked`` (the checksum's algorithm, or None), ``url``,
        ``access`` (the way it came: ``s3``, ``https``, or None when nothing had to be fetched).
    failures : dict of str to SwathError
        What could not be downloaded, and why: by source as it was given (of a granule: its address), or by the address of
        each file where several of one source failed. Empty unless ``errors="warn"`` was asked for.
    """

    failures: Mapping[str, SwathError] = MappingProxyType({})

    #: What is counted when some of them fail.
    _counted = "files"

    def __init__(self, done: Iterable[tuple[pathlib.Path, int, str, str | None, str, str | None]]) -> None:
        names = ("path", "bytes", "outcome", "checked", "url", "access")
        self.files: list[dict[str, Any]] = [dict(zip(names, one, strict=True)) for one in done]
        super().__init__(file["path"] for file in self.files)


class Records(list[dict[str, Any]]):
    """A list of dicts with the same keys, one per granule.

    Attributes
    ----------
    failures : dict of str to SwathError
        Sources that are not among the records, and why; empty unless ``errors="warn"`` was asked for.
    """

    failures: Mapping[str, SwathError] = MappingProxyType({})
    #: What is counted when some of them fail.
    _counted = "sources"

    @classmethod
    def from_json(cls, lines: Iterable[str]) -> Records:
        return cls(json.loads(line) for line in lines)

    def to_dataframe(self) -> pandas.DataFrame:
        """The records as a table. Needs pandas."""
        needs("a table", "xarray", "pandas")
        import pandas

        return pandas.DataFrame([_flat(record) for record in self])

    def to_csv(self, path: str | os.PathLike[str]) -> None:
        """Writes the records as a table of comma-separated values; what does not exist is empty."""
        rows = [_flat(record) for record in self]
        with open(path, "w", encoding="utf-8", newline="") as file:
            table = csv.DictWriter(file, list(rows[0]) if rows else [])
            table.writeheader()
            table.writerows(rows)

    def _repr_html_(self) -> str:
        rows = [_flat(record) for record in self]
        columns = list(rows[0]) if rows else []
        head = "".join(f"<th>{escape(column)}</th>" for column in columns)
        body = "".join(
            "<tr>" + "".join(f"<td>{escape(_text(row[column]))}</td>" for column in columns) + "</tr>" for row in rows
        )
        return f"<table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>"


class TimeSeries(Records):
    """Statistics of the same pixels through several granules, in the order of time: one dict per granule."""

    def __init__(self, core: _swath.Series) -> None:
        super().__init__(json.loads(core.json()))
        self._table = core.csv()
        self._core = core

    def __reduce_ex__(self, protocol: SupportsIndex) -> tuple[Any, ...]:
        left_out = {"failures": self.failures} if self.failures else None
        return Records, (list(self),), left_out

    def to_csv(self, path: str | os.PathLike[str]) -> None:
        """Writes the table that ``swath timeseries -o`` writes: besides the records, the fields of the names."""
        with open(path, "w", encoding="utf-8", newline="") as file:
            file.write(self._table)

    def to_dataframe(self) -> pandas.DataFrame:
        """The records as a table with the times as its index. Needs pandas."""
        table = super().to_dataframe()
        import pandas

        table["time"] = pandas.to_datetime(table["time"])
        return table.set_index("time")

    def plot(self) -> Picture:
        """A picture of the means along time."""
        return Picture(self._core.png())


class Picture(bytes):
    """The bytes of a PNG; notebooks show it."""

    def save(self, path: str | os.PathLike[str]) -> None:
        """Writes the PNG to a file."""
        with open(path, "wb") as file:
            file.write(self)

    def _repr_png_(self) -> bytes:
        return bytes(self)

    def __repr__(self) -> str:
        return f"<swath.Picture: PNG of {len(self)} bytes>"


def _flat(record: dict[str, Any]) -> dict[str, Any]:
    """A record without dicts in it: the parts of a window become columns."""
    flat: dict[str, Any] = {}
    for name, value in record.items():
        if isinstance(value, dict):
            flat |= value
        else:
            flat[name] = value
    return flat


def _text(value: Any) -> str:
    if value is None:
        return "–"
    return f"{value:.6g}" if isinstance(value, float) else str(value)
