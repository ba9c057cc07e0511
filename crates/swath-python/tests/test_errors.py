"""Every failure is one tree of exceptions, and the builtin that a program expects; it says what, why and what to do."""

from __future__ import annotations

import os
import pathlib
import pickle

import pytest
import xarray as xr
from conftest import BOX, GROUP

import swath

BUILTINS = {
    swath.UsageError: ValueError,
    swath.AuthenticationError: PermissionError,
    swath.NotFoundError: FileNotFoundError,
    swath.ServiceError: ConnectionError,
    swath.IntegrityError: OSError,
    swath.UnsupportedError: NotImplementedError,
    swath.DeadlineExceeded: TimeoutError,
    swath.LimitExceeded: OverflowError,
    swath.ClosedError: ValueError,
    swath.LocalError: OSError,
}


def other_session(sandbox: swath.SandboxSession, token: str | None) -> swath.Session:
    environment = {name: text for name, text in sandbox.environment.items() if name != "EARTHDATA_TOKEN"}
    environment["NETRC"] = "/nowhere"
    return swath.Session(token, environment=environment, cache=False, ca_pem=sandbox._sandbox.ca_pem())


@pytest.mark.parametrize("kind", BUILTINS, ids=lambda kind: kind.__name__)
def test_each_class_is_a_builtin_too(kind: type[swath.SwathError]) -> None:
    error = kind("it failed", ["of this", "of that"], "do something")
    assert isinstance(error, swath.SwathError) and isinstance(error, BUILTINS[kind])
    assert str(error) == "it failed: of this: of that\nhint: do something"
    again = pickle.loads(pickle.dumps(error))
    assert type(again) is kind and (again.what, again.reasons, again.hint) == (
        "it failed",
        ("of this", "of that"),
        "do something",
    )
    assert str(kind("alone")) == "alone"


def test_a_missing_login_says_what_to_do(sandbox: swath.SandboxSession, granules: swath.Results) -> None:
    with pytest.raises(PermissionError) as caught:
        other_session(sandbox, None).open(granules[0])
    assert isinstance(caught.value, swath.AuthenticationError)
    assert caught.value.hint is not None and "EARTHDATA_TOKEN" in caught.value.hint
    assert granules[0].name in caught.value.what and caught.value.reasons


def test_a_licence_not_accepted_is_told(sandbox: swath.SandboxSession, granules: swath.Results) -> None:
    token = sandbox.token("noeula")
    with pytest.raises(swath.AuthenticationError) as caught:
        xr.open_datatree(granules[0].url, engine="swath", session=other_session(sandbox, token))
    assert "licence" in str(caught.value) or "EULA" in str(caught.value)
    assert token not in str(caught.value) + repr(caught.value)


def test_what_is_not_there(sandbox: swath.SandboxSession, granules: swath.Results, tmp_path: pathlib.Path) -> None:
    missing = granules[0].url.replace("X05009", "X05008")
    with pytest.raises(FileNotFoundError):
        sandbox.open(missing)
    with pytest.raises(swath.SwathError):
        sandbox.open(tmp_path / "nothing.h5")
    with pytest.raises(swath.UsageError, match="HHHH"):
        sandbox.open(granules[0]).layer("VVVV")
    with pytest.raises(swath.UsageError):
        xr.open_dataset(granules[0].url, engine="swath", session=sandbox, group="/science/nothing")


def test_what_is_no_hdf5(sandbox: swath.SandboxSession, tmp_path: pathlib.Path) -> None:
    (tmp_path / "text.h5").write_text("no HDF5 at all\n" * 100)
    with pytest.raises(swath.IntegrityError):
        sandbox.open(tmp_path / "text.h5")
    (tmp_path / "noise.h5").write_bytes(b"\x89HDF\r\n\x1a\n" + os.urandom(5000))
    with pytest.raises(swath.SwathError):
        xr.open_datatree(tmp_path / "noise.h5", engine="swath", session=sandbox)


def test_a_busy_service(sandbox: swath.SandboxSession, granules: swath.Results) -> None:
    sandbox.fail(400)
    try:
        with pytest.raises(ConnectionError):
            sandbox.open(granules[0])
    finally:
        sandbox.behave()


def test_limits_are_checked_before_anything_is_fetched(
    sandbox: swath.SandboxSession, granules: swath.Results
) -> None:
    tree = sandbox.open(granules[0], GROUP, max_bytes=1000)
    spent = tree.cost
    with pytest.raises(OverflowError) as caught:
        tree["HHHH"][...]
    assert isinstance(caught.value, swath.LimitExceeded) and tree.cost == spent
    with pytest.raises(swath.LimitExceeded):
        sandbox.stats(granules[0], bbox=BOX, max_bytes=1000)


def test_a_closed_granule_says_so(sandbox: swath.SandboxSession, granules: swath.Results) -> None:
    with sandbox.open(granules[0], GROUP) as tree:
        layer = tree["HHHH"]
        assert layer[0, 0].shape == ()
    with pytest.raises(ValueError, match="closed") as caught:
        layer[0, 0]
    assert isinstance(caught.value, swath.ClosedError)


def test_options_that_make_no_sense(sandbox: swath.SandboxSession, granules: swath.Results) -> None:
    for wrong in (
        lambda: sandbox.search(colour="red"),
        lambda: sandbox.search(track="fast"),
        lambda: sandbox.search(bbox=(0, 1, 2)),
        lambda: sandbox.search(bbox=BOX, wkt="POINT(0 0)"),
        lambda: sandbox.search(start="once upon a time"),
        lambda: sandbox.stats(granules[0], bbox=BOX, window=(0, 0, 1, 1)),
        lambda: sandbox.stats(granules[0], window=(0, 0, 99999, 1)),
        lambda: sandbox.stats(granules[0], window=(-1, 0, 1, 1)),
        lambda: sandbox.stats(granules[0], bbox=(0, 0, 1, 1)),
        lambda: sandbox.stats([]),
        lambda: sandbox.open(3),  # type: ignore[arg-type]
        lambda: swath.Session("two words"),
        lambda: xr.open_datatree(granules[0].url, engine="swath", phony_dims="sort"),
    ):
        with pytest.raises(swath.UsageError):
            wrong()


def test_a_token_is_never_shown(sandbox: swath.SandboxSession) -> None:
    token = sandbox.environment["EARTHDATA_TOKEN"]
    session = swath.Session("canary-token-canary")
    shown = repr(session) + repr(session._core) + repr(sandbox) + str(vars(type(session)))
    assert "canary" not in shown and token not in shown
    assert b"canary" not in pickle.dumps(session) and token.encode() not in pickle.dumps(sandbox)
    tree = pickle.dumps(sandbox.open(sandbox.search()[0]))
    assert token.encode() not in tree and b"EARTHDATA_TOKEN" not in tree
