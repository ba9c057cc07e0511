"""What a caller gives, as the core takes it: sources as texts, areas, the words of a search, which pixels."""

from __future__ import annotations

import json
import os
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Protocol, TypeAlias

from ._results import Granule, Results
from .exceptions import UsageError

Source: TypeAlias = "str | os.PathLike[str] | Granule"
Sources: TypeAlias = "Source | Iterable[Source] | Results"
Box: TypeAlias = "Sequence[float]"
Area: TypeAlias = "str | os.PathLike[str] | Mapping[str, Any] | SupportsGeoInterface"

#: The words of the command line for the options of a search.
WORDS = {
    "wkt": "intersects_with",
    "product": "processing_level",
    "direction": "flight_direction",
    "pipeline": "production_configuration",
    "track": "relative_orbit",
    "maturity": "data_maturity",
    "limit": "max_results",
}


class SupportsGeoInterface(Protocol):
    """Anything that gives itself as GeoJSON: shapely's geometries, geopandas' tables, fiona's features."""

    @property
    def __geo_interface__(self) -> Mapping[str, Any]: ...  # noqa: D105


def options_of(given: Mapping[str, Any]) -> tuple[dict[str, Any], list[str]]:
    """Options by the library's names, and those of them that were given as None: they have no usual value."""
    named: dict[str, Any] = {}
    for word, value in given.items():
        if value is ...:
            continue
        name = WORDS.get(word, word)
        if name == "bbox" and value is not None:
            value = four(value, "bbox")
        if name == "area" and value is not None:
            value = _area(value)
        if value is not None or name not in named:
            named[name] = value
    if sum(named.get(name) is not None for name in ("bbox", "intersects_with", "area")) > 1:
        raise UsageError("give the area as bbox, as wkt or as area, not as several of them")
    none = [name for name, value in named.items() if value is None]
    return {name: value for name, value in named.items() if value is not None}, none


def address(source: Source) -> str:
    """A source as text."""
    if isinstance(source, Granule):
        return source.url
    if isinstance(source, str | os.PathLike) and (text := os.fspath(source)):
        return text
    what = "an empty text" if source == "" else type(source).__name__
    hint = "open one of them, or all with open_stack" if isinstance(source, list | Sequence) and source else None
    raise UsageError(f"a source is a URL, a granule's name, a path or a Granule, not {what}", (), hint)


def addresses(sources: Sources) -> list[str]:
    """Sources as texts."""
    if isinstance(sources, str | os.PathLike | Granule):
        return [address(sources)]
    listed = [address(source) for source in sources]
    if not listed:
        raise UsageError("no source was given: a URL, a granule's name, or the path of a file")
    return listed


def wanted_of(
    layer: str,
    frequency: str,
    bbox: Box | None,
    window: Sequence[int] | None,
    max_bytes: int | None,
) -> dict[str, Any]:
    """The layer and the pixels that a reading verb wants."""
    if bbox is not None:
        bbox = four(bbox, "bbox")
    if window is not None:
        window = four(window, "window")
        if any(number < 0 or not float(number).is_integer() for number in window):
            raise UsageError("window wants four whole numbers that are not negative: row, column, height, width")
        window = [int(number) for number in window]
    return {
        "layer": layer,
        "frequency": frequency,
        "bbox": bbox,
        "window": window,
        "max_bytes": max_bytes,
    }


def _area(given: Area) -> str:
    """An area as the library reads it: the path of a file, or text."""
    if isinstance(given, str):
        return given
    if isinstance(given, os.PathLike):
        return os.fspath(given)
    system = getattr(given, "crs", None)
    if system is not None and not system.is_geographic:
        raise UsageError(f"the area is in {system.name}: give it as .to_crs(4326)")
    geojson = given if isinstance(given, Mapping) else getattr(given, "__geo_interface__", None)
    if geojson is None:
        raise UsageError(f"area cannot be given as {type(given).__name__}")
    return json.dumps(geojson, default=_plain)


def _plain(value: Any) -> Any:
    """What JSON has no word for, in the properties of a feature: left to its text."""
    return str(value)


def four(numbers: Sequence[Any], what: str) -> list[Any]:
    """The numbers, if there are four."""
    listed = [] if isinstance(numbers, str) else list(numbers)
    try:
        are_numbers = bool([float(number) for number in listed])
    except (TypeError, ValueError):
        are_numbers = False
    if not are_numbers:
        raise UsageError(f"{what} wants four numbers, it was given {numbers!r}")
    if len(listed) != 4:
        raise UsageError(f"{what} wants four numbers, it was given {len(listed)}")
    return listed
