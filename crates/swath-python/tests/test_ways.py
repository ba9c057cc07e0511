"""The way to the archive, the time that calls may take, and what is said while something is waited for."""

from __future__ import annotations

import logging
import pathlib
import pickle
import time
from collections.abc import Callable
from typing import Any

import pytest

import swath
from conftest import BOX


def session_of(sandbox: swath.SandboxSession, **options: Any) -> swath.Session:
    """Another session that leads to the sandbox."""
    environment = sandbox.environment | options.pop("variables", {})
    return swath.Session(environment=environment, cache=False, ca_pem=sandbox._sandbox.ca_pem(), **options)


def services(sandbox: swath.SandboxSession) -> set[str]:
    return {entry["service"] for entry in sandbox.log()}


@pytest.mark.parametrize(
    ("region", "way", "asked", "spared"),
    [("us-west-2", "s3", "s3", "cdn"), ("eu-central-1", "https", "cdn", "s3")],
)
def test_the_way_follows_the_region(
    sandbox: swath.SandboxSession, granules: swath.Results, region: str, way: str, asked: str, spared: str
) -> None:
    inside = {"AWS_EXECUTION_ENV": "AWS_ECS_FARGATE", "AWS_REGION": region}
    session = session_of(sandbox, variables=inside)
    sandbox.clear_log()
    assert session.stats(granules[0], bbox=BOX)[0]["n_valid"] == 4588
    assert asked in services(sandbox) and spared not in services(sandbox)
    assert session.access["asked"] == "auto" and session.access["way"] == way
    assert region in session.access["reason"]


def test_the_way_can_be_named(
    sandbox: swath.SandboxSession, granules: swath.Results, tmp_path: pathlib.Path
) -> None:
    session = session_of(sandbox, access="s3")
    assert session.access == {"asked": "s3", "way": "s3", "reason": "as asked"}
    assert pickle.loads(pickle.dumps(session)) is session
    assert session.get(granules[:1], tmp_path / "s3").files[0]["access"] == "s3"
    assert session.get(granules[:1], tmp_path / "https", access="https").files[0]["access"] == "https"
    assert sandbox.get(granules[:1], tmp_path / "old", direct_access=True).files[0]["access"] == "s3"
    with pytest.raises(swath.UsageError, match="direct_access"):
        sandbox.get(granules[:1], tmp_path, direct_access=True, access="https")
    with pytest.raises(swath.UsageError, match="auto, s3 or https"):
        session_of(sandbox, access="ftp")


def test_too_much_is_not_begun(
    sandbox: swath.SandboxSession, granules: swath.Results, tmp_path: pathlib.Path
) -> None:
    with pytest.raises(swath.LimitExceeded, match="1.0 MB are allowed"):
        sandbox.get(granules[:2], tmp_path, max_bytes=1_000_000)
    assert not list(tmp_path.iterdir())


def test_a_call_ends_in_its_time(
    sandbox: swath.SandboxSession, granules: swath.Results, tmp_path: pathlib.Path
) -> None:
    session = session_of(sandbox, timeout=0.5)
    array = session.open(granules[0]).layer("HHHH")
    sandbox.stall(60)
    begun = time.monotonic()
    calls: list[Callable[[], object]] = [
        lambda: session.open(granules[1]),
        lambda: session.stats(granules[1], bbox=BOX),
        lambda: session.timeseries(granules, bbox=BOX),
        lambda: session.quicklook(granules[1], bbox=BOX),
        lambda: session.get(granules[:1], tmp_path),
        lambda: array[0:10, 0:10],
    ]
    try:
        for call in calls:
            with pytest.raises(swath.DeadlineExceeded, match="0.5 s that were allowed") as late:
                call()
            assert isinstance(late.value, TimeoutError)
    finally:
        sandbox.behave()
    # Six half seconds; a busy machine is given more, but nothing near one of the pauses.
    assert time.monotonic() - begun < 50
    assert not [path for path in tmp_path.iterdir() if not path.name.startswith(".")]
    for wrong in (0, -1, float("nan")):
        with pytest.raises(swath.UsageError, match="positive"):
            session_of(sandbox, timeout=wrong)


def test_a_long_wait_is_logged(
    sandbox: swath.SandboxSession, granules: swath.Results, caplog: pytest.LogCaptureFixture
) -> None:
    sandbox.fail(429, wait=3)
    try:
        with caplog.at_level(logging.WARNING, logger="swath"):
            assert session_of(sandbox).stats(granules[0], bbox=BOX)[0]["n_valid"] == 4588
    finally:
        sandbox.behave()
    said = [record.getMessage() for record in caplog.records if record.name == "swath"]
    assert any("asks to wait 3 s" in text and "try 2 of 5" in text for text in said), said
