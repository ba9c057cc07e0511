"""asf_search's words on swath's engine: for programs that were written for asf_search.

>>> import swath
>>> from swath import asf
>>> with swath.sandbox() as session:
...     opts = asf.ASFSearchOptions(dataset="NISAR", processingLevel="GCOV", session=session)
...     results = asf.search(opts=opts, maxResults=250)
>>> len(results), len(results.find_urls(extension=".h5", pattern=r"^(?!.*QA_STATS).*"))
(7, 7)

As in asf_search, a search returns every release; :meth:`ASFSearchResults.latest` keeps those to be used. What differs is listed in
the manual ("Coming from asf_search"): no error is reported to anybody, an incomplete answer is an error, options that exclude each
other find nothing instead of everything, downloads are whole or not there.
"""

from __future__ import annotations

import datetime
import json
import os
import re
from collections import UserList
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from enum import Enum
from typing import Any, TypeAlias

from . import _session
from ._results import Granule, Results
from .exceptions import AuthenticationError, NotFoundError, PartialError, ServiceError, SwathError, UsageError

__all__ = [
    "ASFAuthenticationError",
    "ASFError",
    "ASFProduct",
    "ASFSearchError",
    "ASFSearchOptions",
    "ASFSearchResults",
    "ASFSession",
    "AdditionalAttribute",
    "DATASET",
    "FRAMECOVERAGE",
    "FileDownloadType",
    "PLATFORM",
    "PRODUCT_TYPE",
    "download_url",
    "download_urls",
    "geo_search",
    "get_nisar_orbit_ephemeras",
    "get_searchable_attributes",
    "granule_search",
    "product_search",
    "search",
    "search_count",
    "search_generator",
]

#: Anything that fails.
ASFError = SwathError
#: The catalogue fails, or answers with less than it has.
ASFSearchError = ServiceError
#: The login is refused.
ASFAuthenticationError = AuthenticationError

Number: TypeAlias = "int | float | str"


class DATASET:
    """Datasets of ASF."""

    NISAR = "NISAR"
    NISAR_SCIENCE_PRODUCTS = "NISAR-SCIENCE-PRODUCTS"


class PLATFORM:
    """Platforms."""

    NISAR = "NISAR"


class PRODUCT_TYPE:  # noqa: N801
    """Product types of NISAR."""

    RRSD = "RRSD"
    RSLC = "RSLC"
    RIFG = "RIFG"
    RUNW = "RUNW"
    ROFF = "ROFF"
    GSLC = "GSLC"
    GCOV = "GCOV"
    GUNW = "GUNW"
    GOFF = "GOFF"
    SME2 = "SME2"


class FRAMECOVERAGE:
    """How much of a frame is covered."""

    FULL = "F"
    PARTIAL = "P"


class FileDownloadType(Enum):
    """Which files of a product are downloaded."""

    DEFAULT_FILE = 1
    ADDITIONAL_FILES = 2
    ALL_FILES = 3


def _text(value: Any) -> str:
    return str(value)


def _texts(value: Any) -> list[str]:
    return [value] if isinstance(value, str) else [str(one) for one in value]


def _number(value: Any) -> int:
    try:
        return int(value)
    except (TypeError, ValueError):
        raise ValueError(f"Invalid int: {value!r}") from None


def _real(value: Any) -> float:
    try:
        number = float(value)
    except (TypeError, ValueError):
        raise ValueError(f"Invalid float: {value!r}") from None
    if number != number or number in (float("inf"), float("-inf")):
        raise ValueError(f"Float values must be finite: got {value!r}")
    return number


def _ranges(value: Any) -> list[int | tuple[int, int]]:
    """A number, a range ``(first, last)``, or a list of both; a lone tuple of two is a range, as documented."""
    if isinstance(value, tuple) and len(value) == 2:
        return [(_number(value[0]), _number(value[1]))]
    if isinstance(value, range):
        return [(value[0], value[-1])] if value.step == 1 and len(value) else list(value)
    if isinstance(value, str) or not isinstance(value, Iterable):
        return [_number(value)]
    parts = [_ranges(one) for one in value]
    return [number for part in parts for number in part]


def _moment(value: Any) -> str:
    """A moment as asf_search shows it: ISO 8601 with ``Z``. What is no plain date is left to the library."""
    if isinstance(value, datetime.datetime):
        aware = value if value.tzinfo else value.replace(tzinfo=datetime.UTC)
        return aware.astimezone(datetime.UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    if isinstance(value, datetime.date):
        return f"{value.isoformat()}T00:00:00Z"
    text = str(value).strip()
    return f"{text}T00:00:00Z" if re.fullmatch(r"\d{4}-\d\d-\d\d", text) else text


def _flag(value: Any) -> bool:
    if isinstance(value, str):
        words = {"true": True, "false": False, "1": True, "0": False}
        if value.strip().lower() not in words:
            raise ValueError(f"Invalid bool: {value!r}")
        return words[value.strip().lower()]
    return bool(value)


def _floats(count: int | None, what: str) -> Any:
    def parsed(value: Any) -> list[float]:
        numbers = [_real(one) for one in value]
        if count is None and len(numbers) % 2 or count in (2, 4) and len(numbers) % 2:
            raise ValueError(f"Invalid coordinate list: {len(numbers)} numbers are no pairs")
        if count is not None and len(numbers) != count:
            raise ValueError(f"Invalid {what}: {count} numbers are wanted, {len(numbers)} were given")
        return numbers

    return parsed


def _as_it_is(value: Any) -> Any:
    return value


#: Every option and how it is read. What swath cannot search by is refused when the search begins, by name.
_OPTIONS: dict[str, Any] = {
    "maxResults": _number,
    "absoluteOrbit": _ranges,
    "asfFrame": _ranges,
    "beamMode": _texts,
    "beamSwath": _texts,
    "campaign": _text,
    "maxDoppler": _real,
    "minDoppler": _real,
    "maxFaradayRotation": _real,
    "minFaradayRotation": _real,
    "flightDirection": _text,
    "flightLine": _text,
    "frame": _ranges,
    "granule_list": _texts,
    "product_list": _texts,
    "intersectsWith": _text,
    "lookDirection": _text,
    "offNadirAngle": _as_it_is,
    "platform": _texts,
    "polarization": _texts,
    "processingLevel": _texts,
    "relativeOrbit": _ranges,
    "processingDate": _moment,
    "start": _moment,
    "end": _moment,
    "season": _as_it_is,
    "groupID": _texts,
    "insarStackId": _text,
    "instrument": _texts,
    "collections": _texts,
    "shortName": _texts,
    "temporalBaselineDays": _texts,
    "operaBurstID": _texts,
    "absoluteBurstID": _ranges,
    "relativeBurstID": _ranges,
    "fullBurstID": _texts,
    "dataset": _texts,
    "cmr_keywords": _as_it_is,
    "bbox": _floats(4, "bbox"),
    "point": _floats(2, "point"),
    "circle": _floats(3, "circle"),
    "linestring": _floats(None, "linestring"),
    "minBaselinePerp": _real,
    "maxBaselinePerp": _real,
    "minInsarStackSize": _number,
    "maxInsarStackSize": _number,
    "frameCoverage": _text,
    "jointObservation": _flag,
    "mainBandPolarization": _texts,
    "sideBandPolarization": _texts,
    "rangeBandwidth": _texts,
    "productionConfiguration": _texts,
    "dataMaturity": _texts,
    "siteDescription": _text,
    "ariaVersion": _text,
    "tileID": _texts,
}

#: Options that are not searched by, and what they are unless told.
_SETTINGS: dict[str, Any] = {
    "provider": "ASF",
    "host": "cmr.earthdata.nasa.gov",
    "session": None,
    "collectionAlias": True,
}


class ASFSession:
    """A login. It wraps a :class:`swath.Session`; the methods are asf_search's."""

    def __init__(self, session: _session.Session | None = None) -> None:
        self._session = session

    def auth_with_token(self, token: str) -> ASFSession:
        """Uses this Earthdata Login token."""
        self._session = _session.Session(token)
        self._session._core.login()
        return self

    def auth_with_creds(self, username: str, password: str) -> ASFSession:
        """Exchanges user and password for a token. The password goes to Earthdata Login and nowhere else."""
        self._session = _session.Session(username=username, password=password)
        self._session._core.login()
        return self


def _session_of(given: Any) -> _session.Session:
    if isinstance(given, ASFSession):
        given = given._session
    return given if isinstance(given, _session.Session) else _session.default_session()


class ASFSearchOptions:
    """The options of a search, as attributes; `None` is "not given".

    Raises
    ------
    KeyError
        For an option that there is not.
    ValueError
        For a value that cannot be read.
    """

    def __init__(self, **options: Any) -> None:
        object.__setattr__(self, "_given", dict(_SETTINGS))
        for name, value in options.items():
            setattr(self, name, value)

    def __setattr__(self, name: str, value: Any) -> None:
        if name in _SETTINGS:
            self._given[name] = _SETTINGS[name] if value is None else value
        elif name not in _OPTIONS:
            near = next((known for known in _OPTIONS if known.lower() == name.lower()), None)
            maybe = f" Did you mean '{near}'?" if near else ""
            raise KeyError(f"key '{name}' is not a valid search option (setattr).{maybe}")
        elif value is None:
            self._given.pop(name, None)
        else:
            self._given[name] = _OPTIONS[name](value)

    def __getattr__(self, name: str) -> Any:
        if name in _OPTIONS or name in _SETTINGS:
            return self._given.get(name)
        raise AttributeError(f"there is no search option {name}")

    def __delattr__(self, name: str) -> None:
        setattr(self, name, None)

    def __iter__(self) -> Iterator[tuple[str, Any]]:
        """Pairs of what was given and is not as it is anyway."""
        for name, value in self._given.items():
            if name not in _SETTINGS or value != _SETTINGS[name]:
                yield name, value

    def __str__(self) -> str:
        return json.dumps(dict(self), default=str)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, ASFSearchOptions) and self._given == other._given

    __hash__ = None  # type: ignore[assignment]

    def pop(self, name: str, default: Any = None) -> Any:
        """Takes an option away and gives its value."""
        value = self._given.get(name)
        if value is None:
            return default
        setattr(self, name, None)
        return value

    def merge_args(self, **options: Any) -> None:
        """Sets several options."""
        for name, value in options.items():
            setattr(self, name, value)

    def reset_search(self) -> None:
        """Forgets what is searched by; host, provider and session stay."""
        for name in [name for name in self._given if name not in _SETTINGS]:
            del self._given[name]

    def _words(self) -> dict[str, Any]:
        """The options by swath's names."""
        words = {name: value for name, value in self._given.items() if name in _OPTIONS}
        if "point" in words:
            longitude, latitude = words.pop("point")
            words["intersectsWith"] = f"POINT({longitude} {latitude})"
        if "linestring" in words:
            numbers = words.pop("linestring")
            pairs = ",".join(f"{x} {y}" for x, y in zip(numbers[::2], numbers[1::2], strict=True))
            words["intersectsWith"] = f"LINESTRING({pairs})"
        for moment in ("start", "end"):
            # A date alone includes its day.
            if moment in words and words[moment].endswith("T00:00:00Z"):
                words[moment] = words[moment].removesuffix("T00:00:00Z")
        return {_snake(name): value for name, value in words.items()}


def _snake(name: str) -> str:
    return re.sub(r"(?<=[a-z])([A-Z]+)", lambda match: "_" + match[1].lower(), name)


class ASFProduct:
    """One product that was found."""

    def __init__(self, results: Results, granule: Granule) -> None:
        self._results = results
        self._granule = granule

    @property
    def properties(self) -> dict[str, Any]:
        """asf_search's properties."""
        return self._granule.feature["properties"]  # type: ignore[no-any-return]

    @property
    def geometry(self) -> dict[str, Any] | None:
        """The outline as GeoJSON."""
        return self._granule.feature["geometry"]  # type: ignore[no-any-return]

    @property
    def meta(self) -> dict[str, Any]:
        """The catalogue's own data about the record."""
        return self._record()["meta"]  # type: ignore[no-any-return]

    @property
    def umm(self) -> dict[str, Any]:
        """The whole UMM-G record."""
        return self._record()["umm"]  # type: ignore[no-any-return]

    def _record(self) -> dict[str, Any]:
        return json.loads(self._results._core.umm_json())["items"][0]  # type: ignore[no-any-return]

    def geojson(self) -> dict[str, Any]:
        """The product as a GeoJSON feature."""
        return self._granule.feature

    def centroid(self) -> tuple[float, float]:
        """Longitude and latitude of the middle of the outline's box."""
        if self.geometry is None:
            raise ValueError("the product has no outline")
        rings = [self.geometry["coordinates"]] if self.geometry["type"] == "Polygon" else self.geometry["coordinates"]
        points = [point for part in rings for point in part[0]]
        xs, ys = [point[0] for point in points], [point[1] for point in points]
        return (min(xs) + max(xs)) / 2, (min(ys) + max(ys)) / 2

    def find_urls(
        self, extension: str | None = None, pattern: str = r".*", directAccess: bool = False  # noqa: N803
    ) -> list[str]:
        """Addresses of its files, sorted; see :meth:`ASFSearchResults.find_urls`."""
        return self._results.find_urls(extension, pattern, directAccess)

    def get_urls(self, fileType: FileDownloadType = FileDownloadType.DEFAULT_FILE) -> list[str]:  # noqa: N803
        """Addresses of its data, of its other files, or of all."""
        data, other = [self.properties["url"]], list(self.properties["additionalUrls"])
        if fileType is FileDownloadType.DEFAULT_FILE:
            return data
        return other if fileType is FileDownloadType.ADDITIONAL_FILES else data + other

    def download(
        self,
        path: str | os.PathLike[str],
        filename: str | None = None,
        session: Any = None,
        fileType: FileDownloadType = FileDownloadType.DEFAULT_FILE,  # noqa: N803
    ) -> None:
        """Downloads its files into a folder; each keeps its own name unless the one wanted has a `filename`."""
        paths = _session_of(session).get(self.get_urls(fileType), path)
        if filename is not None and len(paths) == 1:
            paths[0].rename(paths[0].with_name(os.path.basename(filename)))

    def __str__(self) -> str:
        return json.dumps(self.geojson(), indent=2, sort_keys=True)

    def __repr__(self) -> str:
        return f"<swath.asf.ASFProduct {self.properties['fileID']}>"


class ASFSearchResults(UserList[ASFProduct]):
    """What a search found: a list of products."""

    def __init__(self, products: Iterable[ASFProduct] = (), opts: ASFSearchOptions | None = None) -> None:
        super().__init__(products)
        self.searchOptions = opts
        #: An incomplete answer is an error, so that this is always true.
        self.searchComplete = True
        self.notices: list[str] = []

    @classmethod
    def _of(cls, results: Results, opts: ASFSearchOptions | None) -> ASFSearchResults:
        products = [ASFProduct(results[place : place + 1], granule) for place, granule in enumerate(results)]
        found = cls(products, opts)
        found.notices = results.notices
        return found

    def _joined(self) -> Results:
        """The products as swath's results, in their order."""
        from . import _swath

        items = [product._record() for product in self.data]
        text = json.dumps({"hits": len(items), "items": items})
        core = _swath.Found.from_umm_json(text)
        # Reading sorts; a list that was made or filtered by hand may have another order.
        names = [granule.name for granule in Results(core)]
        return Results(core.subset([names.index(item["umm"]["GranuleUR"]) for item in items]))

    def latest(self) -> ASFSearchResults:
        """Those to be used: the newest release of each, of one maturity. asf_search has no such thing."""
        return self._of(self._joined().latest(), self.searchOptions)

    def find_urls(
        self, extension: str | None = None, pattern: str = r".*", directAccess: bool = False  # noqa: N803
    ) -> list[str]:
        """Addresses of all files, https or (`directAccess`) s3, sorted, each once.

        `extension` is what follows the last dot, with the dot; `pattern` a regular expression looked for in the whole address.
        """
        found = {url for product in self.data for url in product.find_urls(extension, pattern, directAccess)}
        return sorted(found)

    def geojson(self) -> dict[str, Any]:
        """A GeoJSON feature collection."""
        return {"type": "FeatureCollection", "features": [product.geojson() for product in self.data]}

    def csv(self) -> Iterator[str]:
        """asf_search's table, line by line."""
        return self._lines("asf-csv")

    def json(self) -> Iterator[str]:
        """asf_search's oldest JSON, line by line."""
        return self._lines("asf-json")

    def kml(self) -> Iterator[str]:
        """Placemarks, line by line."""
        return self._lines("kml")

    def metalink(self) -> Iterator[str]:
        """A list for download programs, line by line."""
        return self._lines("metalink")

    def jsonlite(self) -> Iterator[str]:
        """asf_search's `jsonlite`, line by line."""
        return self._lines("jsonlite")

    def jsonlite2(self) -> Iterator[str]:
        """asf_search's `jsonlite2`, line by line."""
        return self._lines("jsonlite2")

    def _lines(self, format: str) -> Iterator[str]:  # noqa: A002
        yield from self._joined().to_string(format).splitlines(keepends=True)

    def download(
        self,
        path: str | os.PathLike[str],
        session: Any = None,
        processes: int = 1,
        fileType: FileDownloadType = FileDownloadType.DEFAULT_FILE,  # noqa: N803
    ) -> None:
        """Downloads the products' files into a folder, `processes` at a time. Raises when any fails, after the others."""
        urls = [url for product in self.data for url in product.get_urls(fileType)]
        if not urls:
            return
        _downloaded(urls, path, session, processes)

    def raise_if_incomplete(self) -> None:
        """Does nothing: an incomplete answer has been an error already."""

    def __str__(self) -> str:
        return json.dumps(self.geojson(), indent=2, sort_keys=True)


def search(*, opts: ASFSearchOptions | None = None, session: Any = None, **options: Any) -> ASFSearchResults:
    """Searches; keywords and `opts` as in asf_search. Every release is returned; see :meth:`ASFSearchResults.latest`."""
    merged = _merged(opts, session, options)
    core = _session_of(merged.session)._core
    return ASFSearchResults._of(Results(core.search(merged._words())), merged)


def _merged(opts: ASFSearchOptions | None, session: Any, options: dict[str, Any]) -> ASFSearchOptions:
    """The options of a search: those given by name before those of `opts`."""
    merged = ASFSearchOptions(**(dict(opts) if opts is not None else {}))
    merged.merge_args(**{name: value for name, value in options.items() if value is not None})
    if session is not None:
        merged.session = session
    if merged.maxResults is not None and merged.maxResults < 1:
        raise ValueError("maxResults must be 1 or more")
    return merged


def geo_search(**options: Any) -> ASFSearchResults:
    """Searches; the same as :func:`search`."""
    return search(**options)


def search_generator(
    *, opts: ASFSearchOptions | None = None, session: Any = None, **options: Any
) -> Iterator[ASFSearchResults]:
    """Searches, and yields what was found page by page as it arrives: up to 2,000 products, the newest of each request first."""
    merged = _merged(opts, session, options)
    pages = _session_of(merged.session)._core.search_pages(merged._words())
    while (page := pages.next()) is not None:
        yield ASFSearchResults._of(Results(page), merged)


def granule_search(granule_list: Sequence[str], **options: Any) -> ASFSearchResults:
    """Searches by names of granules; ``*`` and ``?`` stand for any letters."""
    return search(granule_list=granule_list, **options)


def product_search(product_list: Sequence[str], **options: Any) -> ASFSearchResults:
    """Searches by exact names in the catalogue."""
    return search(product_list=product_list, **options)


def search_count(*, opts: ASFSearchOptions | None = None, session: Any = None, **options: Any) -> int:
    """How many products the catalogue has for the options."""
    merged = ASFSearchOptions(**(dict(opts) if opts is not None else {}))
    merged.merge_args(**options)
    words = merged._words() | {"max_results": 1}
    return _session_of(session if session is not None else merged.session)._core.search(words).hits


@dataclass(frozen=True)
class AdditionalAttribute:
    """What products of a collection can be searched by, as the catalogue describes it."""

    name: str
    data_type: str
    description: str


def get_searchable_attributes(
    shortName: str | None = None,  # noqa: N803
    conceptID: str | None = None,  # noqa: N803
    processingLevel: str | None = None,  # noqa: N803
    session: Any = None,
) -> dict[str, AdditionalAttribute]:
    """The additional attributes of a collection, or of all that may hold a kind of product, by name.

    Raises
    ------
    ValueError
        When none of the three is given, or there is no such collection.
    """
    given = {"short_name": shortName, "collections": conceptID, "processing_level": processingLevel}
    asked = next(((name, value) for name, value in given.items() if value is not None), None)
    if asked is None:
        raise ValueError("get_searchable_attributes() wants shortName, conceptID or processingLevel")
    try:
        found = _session_of(session)._core.searchable_attributes(dict([asked]))
    except (NotFoundError, UsageError) as why:
        raise ValueError(str(why)) from why
    return {name: AdditionalAttribute(name, kind, text) for name, kind, text, _ in found}


def get_nisar_orbit_ephemeras(opts: ASFSearchOptions | None = None) -> dict[str, ASFProduct]:
    """The newest orbit ephemeris of each kind: ``POE``, ``MOE``, ``NOE``, ``FOE``. A kind that there is not is left out."""
    merged = _merged(opts, None, {})
    words = merged._words()
    results = Results(_session_of(merged.session)._core.orbit_ephemerides(words))
    return {product.properties["processingLevel"]: product for product in ASFSearchResults._of(results, merged)}


def download_url(url: str, path: str | os.PathLike[str], filename: str | None = None, session: Any = None) -> None:
    """Downloads one address into a folder."""
    paths = _session_of(session).get(url, path)
    if filename is not None:
        paths[0].rename(paths[0].with_name(os.path.basename(filename)))


def download_urls(
    urls: Sequence[str], path: str | os.PathLike[str], session: Any = None, processes: int = 1
) -> None:
    """Downloads addresses into a folder, `processes` at a time. Raises when any fails, after the others."""
    _downloaded(list(urls), path, session, processes)


def _downloaded(urls: list[str], path: str | os.PathLike[str], session: Any, processes: int) -> None:
    try:
        _session_of(session).get(urls, path, at_once=max(processes, 1))
    except PartialError as partial:
        raise next(iter(partial.failures.values())) from partial
