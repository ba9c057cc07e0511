"""Sessions: login, network and cache in one value, and the session that is used when none is named."""

from __future__ import annotations

import datetime
import os
import pathlib
import threading
import uuid
import weakref
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Literal, TypeAlias, TypeVar

from . import _swath
from ._progress import Wish, watching
from ._records import Downloads, Picture, Records, TimeSeries
from ._request import Area, Box, Source, Sources, address, addresses, four, options_of, wanted_of
from ._results import Results
from ._tree import DataTree
from .exceptions import LocalError, PartialError, SwathError, UsageError, needs, warned

if TYPE_CHECKING:
    from types import EllipsisType

    import xarray

Errors: TypeAlias = Literal["raise", "warn"]
Settled = TypeVar("Settled", Records, TimeSeries, Downloads)
Access: TypeAlias = Literal["auto", "s3", "https"]
Recipe: TypeAlias = "tuple[tuple[tuple[str, str], ...] | None, bool | str, str | None, Access | None, float | None]"

_known: weakref.WeakValueDictionary[str, Session] = weakref.WeakValueDictionary()
_arrived: dict[Recipe, Session] = {}
_lock = threading.Lock()
_default: Session | None = None

_SECRETS = ("EARTHDATA_TOKEN", "EARTHDATA_USERNAME", "EARTHDATA_PASSWORD")


class Session:
    """Login, network and cache in one value: where `search` and `open` begin.

    Two sessions know nothing of each other. A session can be pickled; the token does not travel with it, so the
    process that unpickles it finds its own (``EARTHDATA_TOKEN``, netrc).

    Parameters
    ----------
    token : str, optional
        Earthdata Login token; else ``EARTHDATA_TOKEN``, else the netrc file.
    environment : mapping, optional
        Variables in place of the process's environment.
    cache : bool or path, optional
        Where indexes of granules are kept: where the environment says, nowhere, or in this folder.
    ca_pem : str, optional
        Certificate authority to trust besides the usual ones, in PEM.
    username, password : str, optional
        User and password of Earthdata Login in place of a token, exchanged for one when it is first needed.
    access : str, optional
        Way to the archive: ``s3`` (inside AWS us-west-2), ``https``, or ``auto`` (the default), which finds out; see the
        property `access`.
    timeout : float, optional
        Seconds that one call may take, reading arrays included; no end unless told. What is done by then is kept.

    Raises
    ------
    UsageError
        When a variable, the token or an option cannot be used.
    """

    __slots__ = ("__weakref__", "_core", "_key", "_recipe")

    def __init__(
        self,
        token: str | None = None,
        *,
        environment: Mapping[str, str] | None = None,
        cache: bool | str | os.PathLike[str] = True,
        ca_pem: str | None = None,
        username: str | None = None,
        password: str | None = None,
        access: Access | None = None,
        timeout: float | None = None,
    ) -> None:
        variables = None if environment is None else dict(environment)
        kept = cache if isinstance(cache, bool) else os.fspath(cache)
        if (username is None) != (password is None):
            raise UsageError("username and password are given together")
        login = None if username is None or password is None else (username, password)
        self._core = _swath.Session(variables, token, kept, ca_pem, login, access, timeout)
        public = None
        if variables is not None:
            public = tuple(sorted(pair for pair in variables.items() if pair[0] not in _SECRETS))
        self._recipe: Recipe = (public, kept, ca_pem, access, timeout)
        self._key = uuid.uuid4().hex
        _known[self._key] = self

    def __repr__(self) -> str:
        requests, received = self._core.cost()
        return f"<swath.Session: {requests} requests, {received / 1e6:.3f} MB so far>"

    def __reduce__(self) -> tuple[Any, ...]:
        return _arriving, (self._key, self._recipe)

    @property
    def access(self) -> dict[str, str]:
        """How the archive is read: ``asked`` (``auto``, ``s3``, ``https``), ``way`` (``s3`` or ``https``), and ``reason``.

        With ``auto`` that is S3 inside AWS us-west-2 and https elsewhere. An ``s3://`` address is tried at S3 wherever this is; when
        S3 refuses, the session goes on over https, says so once (logger ``swath``), and tells it here.

        Examples
        --------
        >>> swath.Session(access="https").access
        {'asked': 'https', 'way': 'https', 'reason': 'as asked'}
        """
        asked, way, reason = self._core.access()
        return {"asked": asked, "way": way, "reason": reason}

    @property
    def cost(self) -> dict[str, int]:
        """What the network was asked for so far: ``requests``, and ``bytes`` received."""
        requests, received = self._core.cost()
        return {"requests": requests, "bytes": received}

    def search(
        self,
        *,
        bbox: Box | None = None,
        wkt: str | None = None,
        area: Area | None = None,
        start: str | datetime.date | None = None,
        end: str | datetime.date | None = None,
        product: str | Sequence[str] | EllipsisType | None = ...,
        dataset: str | Sequence[str] | EllipsisType | None = ...,
        direction: str | None = None,
        pipeline: str | Sequence[str] | EllipsisType | None = ...,
        track: Any = None,
        frame: Any = None,
        maturity: str | Sequence[str] | None = None,
        crid: str | Sequence[str] | None = None,
        limit: int | None = None,
        all_versions: bool = False,
        allow_partial: bool = False,
        **more: Any,
    ) -> Results:
        """Granules of the catalogue; the newest release of each product unless told otherwise.

        Needs no login, and sends none.

        Parameters
        ----------
        bbox : sequence of 4 floats
            West, south, east, north in degrees; west is greater than east across the antimeridian.
        wkt : str
            Area as well-known text, in place of `bbox` (asf_search: `intersects_with`).
        area : str, path, mapping, or object with ``__geo_interface__``
            Area in place of `bbox`: well-known text, GeoJSON, KML; a file of these (``.kmz`` too) or of shapes
            (``.shp``, or a ``.zip`` that holds one); a shapely geometry or geopandas table in longitude and latitude.
            What was done to it is told in `Results.notices`.
        start, end : str or datetime
            First and last moment of the acquisition, UTC; a date alone includes its day. Also in words: ``3 weeks ago``,
            ``yesterday``, ``January 5 2026``.
        product : str or sequence of str
            Kind of product: ``GCOV``, ``GSLC``, … (`processing_level`). Where no option names other data, ``GCOV`` of
            the dataset ``NISAR`` and the pipeline ``PR`` is meant; None for any.
        dataset : str or sequence of str
            Dataset of ASF: ``NISAR``, ``SENTINEL-1``, ``ALOS PALSAR``, ….
        direction : str
            ``ascending`` or ``descending`` (`flight_direction`).
        pipeline : str or sequence of str
            ``PR``, ``UR`` or ``OD`` (`production_configuration`).
        track, frame : int, (first, last), or list of both
            Track (`relative_orbit`) and frame.
        maturity : str or sequence of str
            ``beta``, ``provisional`` or ``validated`` (`data_maturity`); ``any`` lets them be mixed. Without it the
            highest one found is used.
        crid : str or sequence of str
            Only these releases: ``P05023``.
        limit : int
            At most so many granules (`max_results`).
        all_versions : bool
            Superseded releases, other maturities and what lies outside of the area too.
        allow_partial : bool
            Take an incomplete answer of the catalogue.
        **more
            The other parameters below. Each option may also be named as asf_search does (`relativeOrbit`).

        Other Parameters
        ----------------
        absolute_orbit : int, (first, last), or list of both
            Orbits counted since launch.
        circle : longitude, latitude, radius in metres
            Area around a point.
        linestring : longitudes and latitudes of points
            Area along a line.
        point : longitude, latitude
            Area at a point.
        mixed_maturity : bool
            Whether granules of several maturities may be used together.
        asf_frame : int, (first, last), or list of both
            Frames as ASF numbers them; for NISAR the same as frame.
        beam_mode : str or sequence of str
            Beam modes: IW, EW, FBS, STD, ….
        beam_swath : str or sequence of str
            Types of beam modes.
        campaign : str or sequence of str
            Campaigns of UAVSAR and AIRSAR.
        site_description : str or sequence of str
            Sites of UAVSAR.
        max_doppler : float
            The largest Doppler centroid, in Hz.
        min_doppler : float
            The smallest Doppler centroid, in Hz.
        max_baseline_perp : float
            The largest perpendicular baseline, in metres.
        min_baseline_perp : float
            The smallest perpendicular baseline, in metres.
        max_insar_stack_size : int
            The most scenes in the interferometric stack.
        min_insar_stack_size : int
            The fewest scenes in the interferometric stack.
        max_faraday_rotation : float
            The largest Faraday rotation, in degrees.
        min_faraday_rotation : float
            The smallest Faraday rotation, in degrees.
        flight_line : str or sequence of str
            Flight lines of UAVSAR and AIRSAR.
        granule_list : str or sequence of str
            Granule names; * and ? stand for any letters and any letter.
        product_list : str or sequence of str
            Names in the catalogue (GranuleUR).
        look_direction : str or sequence of str
            Side to which the radar looks: LEFT or RIGHT.
        off_nadir_angle : float, (first, last), or list of both
            Off-nadir angles of ALOS PALSAR, in degrees.
        platform : str or sequence of str
            Platforms: NISAR, SENTINEL-1A, S1, ALOS, …, in any case.
        polarization : str or sequence of str
            Polarizations of other missions: VV, VV+VH, ….
        processing_date : str or datetime
            Changed in the catalogue at or after this time.
        season : int, (first, last), or list of both
            First and last day of each year, from 1 to 366; may go over the new year.
        group_id : str or sequence of str
            Groups of granules that belong together.
        insar_stack_id : int, (first, last), or list of both
            Interferometric stacks.
        instrument : str or sequence of str
            Instruments: L-SAR, C-SAR, PALSAR, ….
        collections : str or sequence of str
            Concept ids of collections (C3622214170-ASF).
        short_name : str or sequence of str
            Short names of collections; they add to those of dataset.
        cmr_keywords : pair of str, or list of them
            Pairs for the catalogue as they are: KEY=VALUE.
        aria_version : str or sequence of str
            Versions of ARIA's products.
        tile_id : str or sequence of str
            Tiles of OPERA's products (MGRS).
        temporal_baseline_days : int, (first, last), or list of both
            Days between the two acquisitions of a pair.
        opera_burst_id : str or sequence of str
            Bursts of OPERA's products.
        absolute_burst_id : int, (first, last), or list of both
            Bursts of Sentinel-1, counted since launch.
        relative_burst_id : int, (first, last), or list of both
            Bursts of Sentinel-1, counted in the cycle.
        full_burst_id : str or sequence of str
            Bursts of Sentinel-1 with track and beam.
        frame_coverage : str or sequence of str
            FULL or PARTIAL frames.
        joint_observation : bool
            Whether both radars of NISAR observed together.
        main_band_polarization : str or sequence of str
            Polarizations of frequency A: HH, HH+HV, ….
        side_band_polarization : str or sequence of str
            Polarizations of frequency B.
        range_bandwidth : str or sequence of str
            Range bandwidths of NISAR in MHz: 20+5, 40+5, 77, ….
        provider : str
            The provider in the catalogue.
        collection_alias : bool
            Whether platforms and kinds of products stand for collections (they do).

        Returns
        -------
        Results

        Raises
        ------
        UsageError
            When an option makes no sense; it is named.
        ServiceError
            When the catalogue does not answer, or not wholly.

        Examples
        --------
        >>> with swath.sandbox() as session:
        ...     found = session.search(bbox=(40.9, 12.4, 41.9, 13.2), start="2025-11-22", end="2026-03-05")
        >>> len(found)
        5
        """
        words = {
            "product": product,
            "dataset": dataset,
            "direction": direction,
            "pipeline": pipeline,
            "track": track,
            "maturity": maturity,
            "limit": limit,
        }
        area_and_time = {"bbox": bbox, "wkt": wkt, "area": area, "start": start, "end": end, "frame": frame, "crid": crid}
        given, unless = options_of(words | area_and_time | {"allow_partial": allow_partial or None} | more)
        found = Results(self._core.search(given, unless))
        return found if all_versions else found.latest()

    def search_count(self, **options: Any) -> int:
        """How many granules the catalogue has, superseded releases too; nothing is fetched.

        Parameters
        ----------
        **options
            As for `search`; a limit plays no part. A granule that matches several values of a list is counted once
            per value.

        Returns
        -------
        int

        Examples
        --------
        >>> with swath.sandbox() as session:
        ...     session.search_count(start="2025-11-22", end="2026-03-05")
        7
        """
        count, _ = self._core.search_count(*options_of(options))
        return count

    def search_pages(self, **options: Any) -> Iterator[Results]:
        """Granules of the catalogue page by page, superseded releases too: for more than memory should hold.

        Parameters
        ----------
        **options
            As for `search`.

        Yields
        ------
        Results
            Up to 2,000 granules; one that several pages name is in the first only.

        Examples
        --------
        >>> with swath.sandbox() as session:
        ...     sum(len(page) for page in session.search_pages(start="2025-11-22", end="2026-03-05"))
        7
        """
        pages = self._core.search_pages(*options_of(options))
        while (page := pages.next()) is not None:
            yield Results(page)

    def orbit_ephemerides(self, **options: Any) -> Results:
        """The newest orbit ephemerides of NISAR: precise, medium-fidelity, near-real-time and forecast, in this order.

        Parameters
        ----------
        **options
            As for `search`, such as `start` and `end`; what they say of collections and products plays no part.

        Returns
        -------
        Results
            One granule of each kind; its ``product`` is ``POE``, ``MOE``, ``NOE`` or ``FOE``. Kinds that the catalogue does not
            have are told in ``notices``.

        Examples
        --------
        >>> with swath.sandbox() as session:
        ...     session.orbit_ephemerides().notices[0]
        'the catalogue has no orbit ephemeris of the kind POE'
        """
        given, _ = options_of(options)
        assumed = ("dataset", "processing_level", "production_configuration")
        return Results(self._core.orbit_ephemerides({k: v for k, v in given.items() if k not in assumed}))

    def searchable_attributes(self, **options: Any) -> list[dict[str, Any]]:
        """What the granules of collections can be searched by (`cmr_keywords`), as the catalogue describes it.

        Parameters
        ----------
        **options
            Those of `search` that say which collections: `product`, `dataset`, `platform`, `short_name`, `collections`.

        Returns
        -------
        list of dict
            ``name``, ``data_type``, ``description`` and ``collections``, sorted by name.

        Examples
        --------
        >>> with swath.sandbox() as session:
        ...     attributes = session.searchable_attributes(product="GCOV")
        >>> [one["data_type"] for one in attributes if one["name"] == "TRACK_NUMBER"]
        ['INT']
        """
        found = self._core.searchable_attributes(*options_of(options))
        names = ("name", "data_type", "description", "collections")
        return [dict(zip(names, one, strict=True)) for one in found]

    @property
    def login_status(self) -> dict[str, Any]:
        """Who is logged in: ``source`` of the token, ``user``, ``expires`` (ISO 8601, UTC), ``file`` that keeps a token.

        No service is asked, unless user and password have to be exchanged for a token first.

        Raises
        ------
        AuthenticationError
            When there is no token, or Earthdata Login refuses the password.
        """
        source, user, expires, file = self._core.login_status()
        return {"source": source, "user": user, "expires": expires, "file": file}

    def get(
        self,
        sources: Sources,
        folder: str | os.PathLike[str] = ".",
        *,
        files: str | Sequence[str] | None = None,
        overwrite: bool = False,
        access: Access | None = None,
        direct_access: bool = False,
        max_bytes: int | None = None,
        at_once: int = 4,
        errors: Errors = "raise",
        progress: Callable[[str, str, int, int], object] | None = None,
    ) -> Downloads:
        """Downloads whole files: in parallel, resumed where they stopped, checked before they get their names.

        Parameters
        ----------
        sources : Results, or one or several str or Granule
            https or s3 URLs, names of granules or of their files, or granules that were found.
        folder : path
            Where the files go.
        files : str or sequence of str, optional
            Files of each granule: ``data``, ``qa``, ``browse``, ``metadata``, ``all``.
        overwrite : bool
            Replace other files of the same name; a file that is the same is never fetched again.
        access : str, optional
            Way to the archive in place of the session's: ``auto``, ``s3``, ``https``.
        direct_access : bool
            The same as ``access="s3"``.
        max_bytes : int, optional
            Begin nothing when the files have more bytes together.
        at_once : int
            Files at the same time.
        errors : {"raise", "warn"}
            When some of the files fail: raise a PartialError, which has those that are whole; or return these, with a warning for
            each that failed, and the reasons in ``failures`` of what is returned. One that fails does not stop the others.
        progress : callable, optional
            Called with ``("begun", name, size, bytes there)``, ``("received", name, bytes, 0)``, ``("ended", name, 0, 0)``, from
            other threads.

        Returns
        -------
        Downloads
            The paths, and what is known of each file in ``files``.

        Raises
        ------
        LimitExceeded
            When the files have more bytes than `max_bytes`.
        PartialError
            When some files failed and others did not. When all failed, the error of the first.

        Examples
        --------
        >>> import tempfile
        >>> with swath.sandbox() as session, tempfile.TemporaryDirectory() as folder:
        ...     paths = session.get(session.search(limit=1), folder)
        ...     paths[0].suffix
        '.h5'
        """
        if direct_access and access not in (None, "s3"):
            raise UsageError(f"direct_access is access='s3', and {access!r} was given too")
        words = [files] if isinstance(files, str) else files
        if words is not None:
            words = [word for one in words for word in one.split(",")]
        wanted = {
            "folder": os.fspath(folder),
            "files": words,
            "overwrite": overwrite,
            "access": "s3" if direct_access else access,
            "max_bytes": max_bytes,
            "at_once": at_once,
        }
        listed = addresses(sources)
        _check_errors(errors)
        done, failed = self._core.download(listed, wanted, progress)
        often = Counter(source for source, *_ in failed)
        failures = {where if where and often[source] > 1 else source: why for source, where, why in failed}
        return _settled(Downloads(done), failures, errors)

    def open(
        self, source: Source, group: str = "/", *, max_bytes: int | None = None
    ) -> DataTree:
        """Opens a granule, or one group of it; reads metadata only.

        Parameters
        ----------
        source : str, path or Granule
            https or s3 URL, name of a granule, local file, or a granule that was found.
        group : str
            Only this group and what is below it; reading one group costs less.
        max_bytes : int, optional
            Bytes that one later read may fetch (8 GiB unless told otherwise).

        Returns
        -------
        DataTree

        Raises
        ------
        AuthenticationError, NotFoundError, ServiceError, IntegrityError, UnsupportedError
            Each names the source.
        """
        return DataTree(self._core.open(address(source), group, max_bytes), self)

    def open_stack(
        self,
        sources: Sources,
        layer: str | Sequence[str] = "HHHH",
        frequency: str = "A",
        *,
        bbox: Box | None = None,
        window: Sequence[int] | None = None,
        max_bytes: int | None = None,
        progress: Wish = None,
    ) -> xarray.Dataset:
        """One layer (or several) of the granules of a frame along time, lazily, on one grid.

        Parameters
        ----------
        sources : Results, or sequence of str, path or Granule
            Granules of one track, frame and mode, one of each time.
        layer : str or sequence of str
            ``HHHH``, ``HVHV``, ``mask``, …
        frequency : str
            ``A`` or ``B``.
        bbox : sequence of 4 floats, optional
            West, south, east, north in degrees: the pixels that the box touches.
        window : sequence of 4 ints, optional
            First row, first column, height, width, in place of `bbox`.
        max_bytes : int, optional
            Bytes that one read of one granule may fetch.
        progress : bool or callable, optional
            Who is shown how far it is: a callable is called about ten times a second with a :class:`Progress`; True shows a bar;
            by default notebooks show one for what takes longer than a second, and nothing else does.

        Returns
        -------
        xarray.Dataset
            Dimensions ``time``, ``y``, ``x``; coordinates ``granule`` and ``spatial_ref``, as rioxarray wants it. Power
            is linear. Needs xarray.

        Raises
        ------
        UsageError
            When the granules do not belong together or do not cover the same pixels.
        """
        needs("a stack", "xarray", "xarray")
        from ._stack import stacked

        layers = [layer] if isinstance(layer, str) else list(layer)
        wanted = [wanted_of(name, frequency, bbox, window, max_bytes) for name in layers]
        return stacked(self, addresses(sources), wanted, progress)

    def stats(
        self,
        sources: Sources,
        layer: str = "HHHH",
        frequency: str = "A",
        *,
        bbox: Box | None = None,
        window: Sequence[int] | None = None,
        max_bytes: int | None = None,
        errors: Errors = "raise",
        progress: Wish = None,
    ) -> Records:
        """Count, mean, standard deviation, minimum and maximum of a layer, source by source.

        A source that fails does not stop the others.

        Parameters
        ----------
        sources : Results, or one or several str, path or Granule
        layer, frequency, bbox, window, max_bytes, progress
            As for :meth:`open_stack`.
        errors : {"raise", "warn"}
            When some of the sources fail: raise a PartialError, which has the results of the others; or return those, with a
            warning for each that failed, and the reasons in ``failures`` of what is returned.

        Returns
        -------
        Records
            One dict per source, as ``swath stats --json`` prints them: ``granule``, ``source``, ``layer``, ``epsg``,
            ``window``, ``n_total``, ``n_valid``, ``mean``, ``std``, ``min``, ``max`` (linear; None without a valid pixel),
            ``requests``, ``bytes``, ``waves``, ``seconds``.

        Raises
        ------
        PartialError
            When some sources failed and others did not. When all failed, the error of the first.
        """
        wanted, listed = wanted_of(layer, frequency, bbox, window, max_bytes), addresses(sources)
        _check_errors(errors)
        with watching("statistics", progress) as told:
            records, failed = self._core.stats(listed, wanted, told)
        return _settled(Records.from_json(records), {listed[number]: why for number, why in failed}, errors)

    def timeseries(
        self,
        sources: Sources,
        layer: str = "HHHH",
        frequency: str = "A",
        *,
        bbox: Box | None = None,
        window: Sequence[int] | None = None,
        max_bytes: int | None = None,
        errors: Errors = "raise",
        progress: Wish = None,
    ) -> TimeSeries:
        """Statistics of the same pixels through several granules of a frame, in the order of time.

        Parameters
        ----------
        sources, layer, frequency, bbox, window, max_bytes, progress
            As for :meth:`open_stack`.
        errors
            As for :meth:`stats`.

        Returns
        -------
        TimeSeries
            One dict per granule: ``time`` (ISO 8601, UTC), ``granule``, ``layer``, ``n_total``, ``n_valid``, ``mean``, ``std``,
            ``min``, ``max`` (linear) and ``mean_db``.

        Raises
        ------
        PartialError
            When some sources failed and others did not. When all failed, the error of the first.
        UsageError
            When the granules do not belong together.
        """
        wanted, listed = wanted_of(layer, frequency, bbox, window, max_bytes), addresses(sources)
        _check_errors(errors)
        with watching("statistics", progress) as told:
            series, failed = self._core.timeseries(listed, wanted, told)
        return _settled(TimeSeries(series), {listed[number]: why for number, why in failed}, errors)

    def quicklook(
        self,
        source: Source,
        layer: str = "HHHH",
        frequency: str = "A",
        *,
        bbox: Box | None = None,
        window: Sequence[int] | None = None,
        outline: Box | None = None,
        path: str | os.PathLike[str] | None = None,
        max_bytes: int | None = None,
        progress: Wish = None,
    ) -> Picture:
        """A picture (PNG) of a layer; backscatter in dB.

        Parameters
        ----------
        source : str, path or Granule
        layer, frequency, bbox, window, max_bytes, progress
            As for :meth:`open_stack`.
        outline : sequence of 4 floats, optional
            A box to mark, in degrees.
        path : path, optional
            Also write it there.

        Returns
        -------
        Picture
            The bytes of the PNG; notebooks show it.
        """
        wanted = wanted_of(layer, frequency, bbox, window, max_bytes)
        marked = None if outline is None else four(outline, "outline")
        if path is not None and not (folder := pathlib.Path(path).parent).is_dir():
            raise LocalError(f"there is no folder {folder} for the picture")
        with watching("picture", progress) as told:
            picture = Picture(self._core.quicklook(address(source), wanted, marked, told))
        if path is not None:
            picture.save(path)
        return picture


def default_session() -> Session:
    """The session used when none is named: as the environment says, made when it is first needed."""
    global _default
    with _lock:
        if _default is None:
            _default = Session()
        return _default


def set_default_session(session: Session | None) -> None:
    """Uses this session from now on when none is named; `None` goes back to the environment's."""
    global _default
    with _lock:
        _default = session


def _check_errors(errors: str) -> None:
    if errors not in ("raise", "warn"):
        raise UsageError(f"errors may be 'raise' or 'warn', not {errors!r}")


def _settled(results: Settled, failures: dict[str, SwathError], errors: Errors) -> Settled:
    """The results, if enough of the sources gave one."""
    if not failures:
        return results
    if not results:
        raise next(iter(failures.values()))
    if errors == "raise":
        raise PartialError(results, failures)
    for source, why in failures.items():
        warned(f"{source} is left out: {why}")
    results.failures = failures
    return results


def _arriving(key: str, recipe: Recipe) -> Session:
    """A session that was pickled: itself in the process it comes from, else one made as it was, once per process."""
    here = _known.get(key)
    if here is not None:
        return here
    variables, cache, ca_pem, access, timeout = recipe
    if recipe == (None, True, None, None, None):
        return default_session()
    with _lock:
        session = _arrived.get(recipe)
        if session is None:
            found = None if variables is None else dict(variables)
            if found is not None:
                # Secrets stay where they are: this process has its own.
                found |= {name: os.environ[name] for name in _SECRETS if name in os.environ}
            session = _arrived[recipe] = Session(
                environment=found, cache=cache, ca_pem=ca_pem, access=access, timeout=timeout
            )
        return session
