"""Secrets are looked for in all that any public call of the package gives, says, raises, warns of, pickles or writes.

Every call is made with a token that is good, with one that is refused, and while the service fails. That no public name is
missing from the list of calls is itself tested.
"""

from __future__ import annotations

import enum
import inspect
import json
import logging
import pathlib
import pickle
import traceback
import warnings
from collections.abc import Callable, Iterator, Mapping
from typing import Any

import pytest
import xarray as xr
from conftest import BOX, GROUP

import swath
import swath.asf
from swath.xarray_backend import SwathBackendEntrypoint

CANARY = "canary-5f1d0c"
#: What only a signed URL or a header holds.
TRACES = ["X-Amz-Signature", "X-Amz-Security-Token", "Key-Pair-Id=", "A-userid", "Bearer ", "secretAccessKey"]
#: Names that hand out a secret because they are there for it: a sandbox's own, and what its servers were asked.
GIVEN_ON_PURPOSE = {"SandboxSession.environment", "SandboxSession.token", "SandboxSession.log"}
#: Names that say or do nothing by themselves.
SILENT = {"exceptions", "__version__"}


class Ear:
    """Remembers everything that was given, said, raised or written, and by which call."""

    def __init__(self) -> None:
        self.heard: list[tuple[str, bytes]] = []
        self.called: set[str] = set()
        self.outcomes: dict[str, set[str]] = {}

    def hear(self, name: str, value: Any, depth: int = 0) -> None:
        if isinstance(value, Iterator):
            value = list(value)
        texts: list[Any] = [repr(value), str(value)]
        texts += [getattr(value, method)() for method in ("_repr_html_", "_repr_png_") if hasattr(value, method)]
        if isinstance(value, BaseException):
            texts += [*traceback.format_exception(value), value.args, getattr(value, "__notes__", "")]
        texts += of_xarray_s_own(value)
        try:
            texts.append(pickle.dumps(value, protocol=0))
        except (TypeError, AttributeError, pickle.PicklingError):
            texts.append(repr(getattr(value, "__dict__", "")))
        self.heard += [(name, text if isinstance(text, bytes) else str(text).encode()) for text in texts]
        kind = type(value)
        if depth < 2 and kind.__module__.split(".")[0] == "swath" and not isinstance(value, BaseException):
            # All that can be looked at without a call.
            for attribute in of_class(kind):
                full = f"{owner(kind, attribute)}.{attribute}"
                if full not in GIVEN_ON_PURPOSE and not callable(getattr(kind, attribute)):
                    self.call(full, getattr, value, attribute, depth=depth + 1)

    def call(self, name: str, something: Callable[..., Any], *arguments: Any, depth: int = 0, **options: Any) -> Any:
        self.called.add(name)
        with warnings.catch_warnings(record=True) as said:
            warnings.simplefilter("always")
            try:
                result = something(*arguments, **options)
                self.hear(name, result, depth)
            except Exception as error:
                result = error
                self.hear(name, error)
                partly = [error.results, *error.failures.values()] if isinstance(error, swath.PartialError) else []
                for part in partly:
                    self.hear(name, part, 2)
        for warning in said:
            self.hear(f"{name} (warning)", warning.message)
        self.outcomes.setdefault(name, set()).add(type(result).__name__)
        return result

    def secrets_heard(self, secrets: list[str]) -> list[str]:
        forms = {form for secret in secrets for form in (secret, secret.encode().hex())}
        return sorted({f"{name}: …{form[-12:]}" for name, text in self.heard for form in forms if form.encode() in text})


def of_xarray_s_own(value: Any) -> list[Any]:
    """Attributes and encodings, which xarray shows nowhere."""
    if isinstance(value, xr.DataArray):
        return [value.attrs, value.encoding]
    nodes = [node.to_dataset() for node in value.subtree] if isinstance(value, xr.DataTree) else [value]
    nodes += value.values() if isinstance(value, dict) else []
    groups = [node for node in nodes if isinstance(node, xr.Dataset)]
    each: list[Any] = [one for group in groups for one in (group, *group.variables.values())]
    return [part for one in each for part in (one.attrs, one.encoding)] + [getattr(value, "encoding", "")]


def owner(kind: type, attribute: str) -> str:
    return next(base.__name__ for base in kind.__mro__ if attribute in vars(base))


def of_class(kind: type) -> list[str]:
    """Public names of a class, those of its bases in the package too."""
    bases = [base for base in kind.__mro__ if base.__module__.split(".")[0] == "swath" and not issubclass(base, BaseException)]
    return sorted({name for base in bases for name in vars(base) if not name.startswith("_")})


def public_calls() -> set[str]:
    """What can be called or looked at: functions, classes and what belongs to them, but for exceptions and constants."""
    names = set()
    for module, prefix in ((swath, ""), (swath.asf, "asf.")):
        for name in module.__all__:
            thing = getattr(module, name)
            if name in SILENT or (inspect.isclass(thing) and issubclass(thing, (BaseException, enum.Enum))):
                continue
            constants = inspect.isclass(thing) and all(isinstance(getattr(thing, one), str) for one in of_class(thing))
            if inspect.isclass(thing) and not (prefix and constants):
                names |= {f"{owner(thing, one)}.{one}" for one in of_class(thing)}
            elif not inspect.isclass(thing):
                names.add(f"{prefix}{name}")
    names |= {f"SwathBackendEntrypoint.{one}" for one in ("guess_can_open", "open_dataset", "open_datatree", "open_groups_as_dict")}
    return names - GIVEN_ON_PURPOSE


def of_objects(ear: Ear, session: Any, names: list[str], folder: pathlib.Path) -> None:
    """Everything that a session and what it gives can do."""
    url, absent = names[0], names[0].replace("X05009", "X05999")
    secret = f"{url.replace('://', f'://me:{CANARY}@')}?X-Amz-Signature={CANARY}"
    found = ear.call("Session.search", session.search)
    ear.call("Session.search", lambda: session.search(bbox=(1, 2)))
    ear.call("Session.search_count", lambda: session.search_count(track=172))
    ear.call("Session.orbit_ephemerides", session.orbit_ephemerides)
    ear.call("Session.searchable_attributes", session.searchable_attributes, product="GCOV")
    ear.call("Session.search_pages", lambda: session.search_pages(track=172))
    ear.call("Session.get", lambda: session.get([url, absent], folder, errors="warn"))
    ear.call("Session.get", lambda: session.get([url, absent], folder))
    for source in (url, names[1], absent, secret, secret.replace("https://", "s3://")):
        ear.call("Session.open", session.open, source, GROUP)
    ear.call("Session.open_stack", lambda: session.open_stack(names[2:], bbox=BOX))
    records = ear.call("Session.stats", lambda: session.stats([url, names[1]], bbox=BOX))
    ear.call("Session.stats", lambda: session.stats([url, absent, secret], bbox=BOX))
    ear.call("Session.stats", lambda: session.stats([url, absent], bbox=BOX, errors="warn"))
    series = ear.call("Session.timeseries", lambda: session.timeseries(names[2:], bbox=BOX))
    picture = ear.call("Session.quicklook", lambda: session.quicklook(url, window=(600, 600, 32, 32)))
    of_results(ear, found, folder)
    if isinstance(records, swath.Records):
        ear.call("Records.to_dataframe", records.to_dataframe)
        ear.call("Records.to_csv", lambda: records.to_csv(folder / "records.csv"))
        ear.call("Records.from_json", lambda: type(records).from_json(json.dumps(row) for row in records))
    if isinstance(series, swath.TimeSeries):
        ear.call("TimeSeries.to_dataframe", series.to_dataframe)
        ear.call("TimeSeries.to_csv", lambda: series.to_csv(folder / "series.csv"))
        ear.call("TimeSeries.plot", series.plot)
    if isinstance(picture, swath.Picture):
        ear.call("Picture.save", lambda: picture.save(folder / "picture.png"))
    of_xarray(ear, session, [url, names[1], absent, secret])
    of_trees(ear, session, names[0], folder)
    of_module(ear, session, names, folder)
    of_asf(ear, session, names, folder)


def of_results(ear: Ear, found: Any, folder: pathlib.Path) -> None:
    if not isinstance(found, swath.Results):
        return
    ear.hear("Granule", found[0])
    ear.call("Results.latest", found.latest)
    ear.call("Results.find_urls", lambda: found.find_urls(None, direct_access=True))
    ear.call("Results.to_geodataframe", found.to_geodataframe)
    for format in ("json", "stac", "asf-csv", "kml", "metalink", "jsonlite", "none"):  # noqa: A001
        ear.call("Results.to_string", found.to_string, format)
    ear.call("Results.to_geoparquet", lambda: found.to_geoparquet(folder / "found.parquet"))
    ear.call("Results.to_csv", lambda: found.to_csv(folder / "found.csv"))


def of_xarray(ear: Ear, session: Any, sources: list[str]) -> None:
    engine = SwathBackendEntrypoint()
    for source in sources:
        ear.call("SwathBackendEntrypoint.guess_can_open", engine.guess_can_open, source)
        options: dict[str, Any] = {"engine": "swath", "session": session, "group": GROUP}
        one = ear.call("SwathBackendEntrypoint.open_dataset", xr.open_dataset, source, **options)
        if isinstance(one, xr.Dataset):
            ear.call("SwathBackendEntrypoint.open_dataset", one.HHHH[600:602, 650].load)
        ear.call("SwathBackendEntrypoint.open_datatree", xr.open_datatree, source, **options)
        ear.call("SwathBackendEntrypoint.open_groups_as_dict", xr.open_groups, source, **options)


def of_trees(ear: Ear, session: Any, url: str, folder: pathlib.Path) -> None:
    tree = ear.call("Session.open", lambda: session.open(url, GROUP))
    if not isinstance(tree, swath.DataTree):
        return
    layer = ear.call("DataTree.layer", tree.layer)
    ear.call("DataTree.layer", lambda: tree.layer("VVVV"))
    ear.call("DataTree.to_xarray", tree.to_xarray)
    ear.call("DataTree.get", lambda: tree["nothing"])
    ear.call("DataArray.read", lambda: layer[600:602, 650])
    ear.call("DataArray.read", lambda: layer[5000])
    ear.call("Virtual.to_kerchunk", lambda: tree.to_kerchunk(folder / "references.json"))
    ear.call("Virtual.to_kerchunk", lambda: tree.to_kerchunk(folder / "references", "parquet"))
    ear.call("Virtual.to_icechunk", lambda: tree.to_icechunk(folder / "icechunk"))
    ear.call("DataTree.close", tree.close)
    ear.call("DataArray.read", lambda: layer[600:602, 650])


def of_module(ear: Ear, session: Any, names: list[str], folder: pathlib.Path) -> None:
    """The functions that use the default session."""
    ear.call("set_default_session", lambda: swath.set_default_session(session))
    ear.call("default_session", swath.default_session)
    ear.call("search", swath.search)
    ear.call("search_count", lambda: swath.search_count(track=172))
    ear.call("orbit_ephemerides", swath.orbit_ephemerides)
    ear.call("searchable_attributes", swath.searchable_attributes, product="GCOV")
    ear.call("search_pages", lambda: swath.search_pages(track=172))
    ear.call("get", lambda: swath.get(names[0], folder))
    ear.call("open", lambda: swath.open(names[0], GROUP))
    ear.call("open_stack", lambda: swath.open_stack(names[2:], bbox=BOX))
    ear.call("stats", lambda: swath.stats(names[0], bbox=BOX))
    ear.call("timeseries", lambda: swath.timeseries(names[2:], bbox=BOX))
    ear.call("quicklook", lambda: swath.quicklook(names[0], window=(600, 600, 32, 32)))
    swath.set_default_session(None)


def of_asf(ear: Ear, session: Any, names: list[str], folder: pathlib.Path) -> None:
    asf, name = swath.asf, names[0].rsplit("/", 1)[-1].removesuffix(".h5")
    user = ear.call("asf.ASFSession", lambda: asf.ASFSession(session))
    options = asf.ASFSearchOptions(session=user, dataset="NISAR", frame=8)
    ear.hear("asf.ASFSearchOptions", options)
    ear.call("ASFSearchOptions.merge_args", lambda: options.merge_args(relativeOrbit=172))
    found = ear.call("asf.search", lambda: asf.search(opts=options))
    ear.call("asf.search_count", lambda: asf.search_count(opts=options))
    ear.call("asf.get_nisar_orbit_ephemeras", asf.get_nisar_orbit_ephemeras, asf.ASFSearchOptions(session=user))
    ear.call("asf.get_searchable_attributes", asf.get_searchable_attributes, processingLevel="GCOV", session=user)
    ear.call("asf.geo_search", lambda: asf.geo_search(dataset="NISAR", intersectsWith="POINT(41 13)", session=user))
    ear.call("asf.search_generator", lambda: asf.search_generator(dataset="NISAR", frame=8, session=user))
    ear.call("asf.granule_search", lambda: asf.granule_search([name], session=user))
    ear.call("asf.product_search", lambda: asf.product_search([name], session=user))
    ear.call("asf.download_url", lambda: asf.download_url(names[0], folder, session=user))
    ear.call("asf.download_urls", lambda: asf.download_urls([names[0], f"{names[0]}x"], folder, session=user))
    ear.call("ASFSearchOptions.pop", lambda: options.pop("frame"))
    ear.call("ASFSearchOptions.reset_search", options.reset_search)
    if not isinstance(found, asf.ASFSearchResults) or not len(found):
        return
    for method in of_class(asf.ASFSearchResults):
        wants: tuple[Any, ...] = (folder, user) if method == "download" else ()
        few = found if method != "download" else asf.ASFSearchResults(found.data[:1])
        ear.call(f"ASFSearchResults.{method}", getattr(few, method), *wants)
    ear.hear("asf.ASFProduct", found[0])
    for method in ("geojson", "centroid", "find_urls", "get_urls"):
        ear.call(f"ASFProduct.{method}", getattr(found[0], method))
    ear.call("ASFProduct.download", lambda: found[0].download(folder, session=user))


def of_logins(ear: Ear, good: str, config: pathlib.Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Everything that takes a secret."""
    for wrong in (f"two {CANARY}", f"{CANARY}\n", f"é{CANARY}\0"):
        ear.call("Session", swath.Session, wrong)
        ear.call("Session", swath.Session, environment={"EARTHDATA_TOKEN": wrong})
        ear.call("login", swath.login, wrong)
    ear.call("Session", lambda: swath.Session(CANARY.encode()))  # type: ignore[arg-type]
    ear.call("Session", lambda: swath.Session(username=CANARY))
    ear.call("Session", lambda: swath.Session(username="labuser", password=CANARY, cache=False))
    ear.call("login", lambda: swath.login(username="labuser", password=CANARY, check=True))
    ear.call("login", lambda: swath.login(CANARY, check=True))
    ear.call("login", lambda: swath.login(good, check=True, keep=True))
    kept = config / "swath/token"
    assert kept.read_text().strip() == good
    ear.call("Session.login_status", lambda: swath.Session().login_status)
    ear.call("logout", swath.logout)
    assert not kept.exists()
    user = swath.asf.ASFSession()
    ear.call("ASFSession.auth_with_token", lambda: user.auth_with_token(CANARY))
    ear.call("ASFSession.auth_with_creds", lambda: user.auth_with_creds("labuser", CANARY))
    monkeypatch.setattr("getpass.getpass", lambda prompt: CANARY)
    monkeypatch.setattr("sys.stdin", type("Terminal", (), {"isatty": lambda self: True})())
    monkeypatch.setenv("NETRC", "/nowhere")
    ear.call("login", lambda: swath.login(check=True))


def surroundings(
    sandbox: swath.SandboxSession, folder: pathlib.Path, monkeypatch: pytest.MonkeyPatch
) -> tuple[Mapping[str, str], str]:
    """The sandbox's variables without its token, in this process too; and the token."""
    (folder / "ca.pem").write_text(sandbox._sandbox.ca_pem())
    variables = {**sandbox.environment, "SSL_CERT_FILE": str(folder / "ca.pem"), "XDG_CONFIG_HOME": str(folder / "config")}
    variables |= {"NETRC": "/nowhere", "XDG_CACHE_HOME": str(folder / "cache"), "HOME": str(folder)}
    token = variables.pop("EARTHDATA_TOKEN")
    for name, text in variables.items():
        monkeypatch.setenv(name, text)
    monkeypatch.delenv("EARTHDATA_TOKEN", raising=False)
    return variables, token


def test_no_call_tells_or_keeps_a_secret(
    sandbox: swath.SandboxSession,
    tmp_path: pathlib.Path,
    monkeypatch: pytest.MonkeyPatch,
    capfd: pytest.CaptureFixture[str],
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level(logging.DEBUG)
    granules = sandbox.search()
    names = [granules[0].url, str(granules[0].s3_url), *(granule.url for granule in granules[:2])]
    variables, good = surroundings(sandbox, tmp_path, monkeypatch)
    ear = Ear()
    # The refused first: what was downloaded or is in the cache would hide its refusal.
    for way, token in (("refused", CANARY), ("failing", good), ("good", good)):
        (tmp_path / way).mkdir()
        session = swath.Session(token, environment=variables, cache=tmp_path / "cache")
        ear.hear("Session", session)
        if way == "failing":
            sandbox.fail(400)
        try:
            of_objects(ear, session, names, tmp_path / way)
        finally:
            sandbox.behave()
    of_sandbox(ear, sandbox)
    of_logins(ear, good, tmp_path / "config", monkeypatch)
    said = capfd.readouterr()
    ear.heard += [("printed", (said.out + said.err).encode()), ("logged", caplog.text.encode())]
    ear.heard += [(f"file {path.name}", path.read_bytes()) for path in tmp_path.rglob("*") if path.is_file()]
    assert sorted(public_calls() - ear.called) == []
    # Each kind of outcome was met: a refusal, a failure, a result.
    assert {"AuthenticationError", "ServiceError", "DataTree"} <= ear.outcomes["Session.open"]
    assert len(ear.heard) > 500
    heard = ear.secrets_heard([CANARY, good, good.rsplit(".", 1)[-1], *TRACES])
    assert heard == [], "\n".join(heard)


def of_sandbox(ear: Ear, sandbox: swath.SandboxSession) -> None:
    ear.call("sandbox", lambda: repr(swath.sandbox()))
    ear.hear("SandboxSession", sandbox)
    for method in ("clear_log", "behave"):
        ear.call(f"SandboxSession.{method}", getattr(sandbox, method))
    ear.call("SandboxSession.url_of", lambda: sandbox.url_of("x"))
    ear.call("SandboxSession.s3_url_of", lambda: sandbox.s3_url_of("x"))
    ear.call("SandboxSession.stall", lambda: sandbox.stall(0))
    ear.call("SandboxSession.fail", lambda: sandbox.fail(400))
    sandbox.behave()
    ear.hear("Progress", swath.Progress("reading", 1, 2, 3, 0.1))


def test_a_secret_that_is_told_is_heard() -> None:
    ear = Ear()
    ear.call("a", lambda: {"x": [CANARY]})
    ear.call("b", lambda: (_ for _ in ()).throw(ValueError(CANARY)))
    ear.call("c", lambda: warnings.warn(CANARY, stacklevel=1))
    ear.call("d", lambda: swath.UsageError("what", [], f"hint {CANARY}"))
    assert {line.split(":")[0] for line in ear.secrets_heard([CANARY])} == {"a", "b", "c (warning)", "d"}
