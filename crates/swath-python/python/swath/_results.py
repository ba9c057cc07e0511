"""What a search found: list-like, shown as a table in notebooks."""

from __future__ import annotations

import functools
import json
from collections.abc import Iterator, Sequence
from html import escape
from typing import TYPE_CHECKING, Any, overload

from . import _swath
from .exceptions import UsageError, needs

if TYPE_CHECKING:
    import os

    import geopandas

_COLUMNS = ("start", "track", "frame", "direction", "polarization", "crid", "maturity", "area_percent", "size", "state", "granule")


class Granule:
    """One granule of the catalogue.

    Attributes
    ----------
    record : dict
        ``granule``, ``start``, ``end``, ``track``, ``frame``, ``direction``, ``polarization``, ``crid``, ``maturity``, ``coverage``,
        ``area_percent`` (of the area searched), ``size`` (bytes), ``state``, ``url``, ``s3_url``, ``superseded_by``, ``part`` (``[1, 2]`` for the first of two parts of a frame), ``collection``, ``concept_id``; what the catalogue does
        not say is None.
    feature : dict
        The granule as a GeoJSON feature, with asf_search's properties.
    """

    __slots__ = ("feature", "record")

    def __init__(self, record: dict[str, Any], feature: dict[str, Any]) -> None:
        self.record = record
        self.feature = feature

    @property
    def name(self) -> str:
        """Its name in the catalogue."""
        return str(self.record["granule"])

    @property
    def url(self) -> str:
        """The https address of the product itself.

        Raises
        ------
        UsageError
            When the catalogue gives none.
        """
        return self._address("url")

    @property
    def s3_url(self) -> str:
        """The s3 address of the product itself; readable inside AWS us-west-2. Raises as :attr:`url`."""
        return self._address("s3_url")

    def _address(self, kind: str) -> str:
        if self.record[kind] is None:
            raise UsageError(f"the catalogue gives no {kind} for {self.name}")
        return str(self.record[kind])

    @property
    def properties(self) -> dict[str, Any]:
        """asf_search's properties."""
        return dict(self.feature["properties"])

    @property
    def __geo_interface__(self) -> dict[str, Any]:
        return self.feature

    def __getitem__(self, key: str) -> Any:
        return self.record[key]

    def __repr__(self) -> str:
        return f"<swath.Granule {self.name}>"

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Granule):
            return NotImplemented
        return self.record == other.record

    def __hash__(self) -> int:
        return hash((self.name, self.record["concept_id"]))


class Results(Sequence[Granule]):
    """Granules that a search found, those that end last first.

    List-like: length, index, slice, iteration. Shows itself as a table in notebooks.
    """

    __slots__ = ("__dict__", "_core", "left_out")

    def __init__(self, core: _swath.Found, left_out: Sequence[str] = ()) -> None:
        self._core = core
        #: Names of superseded releases that :meth:`latest` left out.
        self.left_out: tuple[str, ...] = tuple(left_out)

    @functools.cached_property
    def _granules(self) -> list[Granule]:
        records = json.loads(self._core.json())["granules"]
        features = json.loads(self._core.geojson())["features"]
        return [Granule(record, feature) for record, feature in zip(records, features, strict=True)]

    def __len__(self) -> int:
        return len(self._core)

    def __iter__(self) -> Iterator[Granule]:
        return iter(self._granules)

    @overload
    def __getitem__(self, key: int) -> Granule: ...
    @overload
    def __getitem__(self, key: slice) -> Results: ...
    def __getitem__(self, key: int | slice) -> Granule | Results:
        if isinstance(key, slice):
            return Results(self._core.subset(list(range(len(self))[key])))
        return self._granules[key]

    def __reduce__(self) -> tuple[Any, ...]:
        order = [(granule.name, granule["concept_id"]) for granule in self]
        return _restored, (self._core.umm_json(), order, self.left_out)

    @property
    def hits(self) -> int:
        """How many granules the catalogue has for the query, those beyond `limit` too."""
        return self._core.hits

    @property
    def notices(self) -> list[str]:
        """What should be known: what was changed in the query, what is missing from the answer."""
        # What was left out has been told already; what is left is told once.
        notices = list(dict.fromkeys([*self._core.notices, *self._core.notes]))
        if self.left_out:
            notices.append(
                f"{len(self.left_out)} superseded releases are not shown (all_versions=True shows them)"
            )
        return notices

    def latest(self) -> Results:
        """Those to be used: the newest release of each product, of one maturity, within the area searched.

        The names of superseded releases are in `left_out`; what else was left out is told in `notices`.
        """
        core, left_out = self._core.latest()
        return Results(core, (*self.left_out, *left_out))

    def find_urls(
        self, extension: str | None = ".h5", pattern: str | None = None, direct_access: bool = False
    ) -> list[str]:
        """Addresses of the granules' files, sorted, each once.

        Parameters
        ----------
        extension : str or None
            What the file name ends in, with the dot; None for all files.
        pattern : str, optional
            Regular expression looked for anywhere in the address; look-around is allowed.
        direct_access : bool
            S3 instead of https.

        Returns
        -------
        list of str
        """
        return self._core.find_urls(extension, pattern, direct_access)

    @property
    def __geo_interface__(self) -> dict[str, Any]:
        return {"type": "FeatureCollection", "features": [granule.feature for granule in self]}

    def to_geodataframe(self) -> geopandas.GeoDataFrame:
        """The granules as a table with their outlines (EPSG:4326). Needs geopandas."""
        needs("a table of outlines", "geo", "geopandas")
        import geopandas

        shapes = geopandas.GeoDataFrame.from_features(
            [{**granule.feature, "properties": {}} for granule in self], crs="EPSG:4326", columns=["geometry"]
        )
        for name in reversed(list(self[0].record) if len(self) else []):
            shapes.insert(0, name, [granule.record[name] for granule in self])
        return shapes

    def to_string(self, format: str) -> str:  # noqa: A002
        """The results in a format: ``json``, ``jsonl``, ``csv``, ``geojson``, ``stac`` (STAC 1.1 items), and asf_search's ``asf-csv``, ``asf-json``,
        ``kml``, ``metalink``, ``jsonlite``, ``jsonlite2``."""
        return self._core.write(format)

    def to_geoparquet(self, path: str | os.PathLike[str]) -> None:
        """Writes the granules with their outlines as GeoParquet. Needs geopandas and pyarrow."""
        needs("GeoParquet", "geo", "geopandas", "pyarrow")
        self.to_geodataframe().to_parquet(path)

    def to_csv(self, path: str | os.PathLike[str]) -> None:
        """Writes the granules as a table, as ``swath search --csv`` does."""
        with open(path, "w", encoding="utf-8", newline="") as file:
            file.write(self._core.csv())

    def __repr__(self) -> str:
        lines = [f"<swath.Results: {len(self)} granules>"]
        lines += [f"  {granule.name}  {granule['state']}" for granule in self._granules[:20]]
        if len(self) > 20:
            lines.append(f"  … and {len(self) - 20} more")
        return "\n".join(lines + [f"note: {notice}" for notice in self.notices])

    def _repr_html_(self) -> str:
        head = "".join(f"<th>{column}</th>" for column in _COLUMNS)
        rows = "".join(
            "<tr>" + "".join(f"<td>{_cell(granule, column)}</td>" for column in _COLUMNS) + "</tr>"
            for granule in self._granules[:50]
        )
        more = f"<p>… and {len(self) - 50} more</p>" if len(self) > 50 else ""
        notes = "".join(f"<p>{escape(notice)}</p>" for notice in self.notices)
        return (
            f"<p><b>{len(self)} granules</b></p><table><thead><tr>{head}</tr></thead>"
            f"<tbody>{rows}</tbody></table>{more}{notes}"
        )


def _cell(granule: Granule, column: str) -> str:
    value = granule[column]
    if value is None:
        return "–"
    return f"{value / 1e6:.0f} MB" if column == "size" else escape(str(value))


def _restored(umm_json: str, order: list[tuple[str, str | None]], left_out: Sequence[str]) -> Results:
    results = Results(_swath.Found.from_umm_json(umm_json), left_out)
    # Reading sorts; what was pickled may have been in another order.
    places = {(granule.name, granule["concept_id"]): place for place, granule in enumerate(results)}
    return Results(results._core.subset([places[key] for key in order]), left_out)
