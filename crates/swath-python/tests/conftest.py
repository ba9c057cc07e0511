"""What the tests share: granules on disk, a sandbox that serves them, the figures that h5py and rioxarray gave."""

from __future__ import annotations

import gzip
import json
import pathlib
from collections.abc import Iterator
from typing import Any

import pytest

import swath

ROOT = pathlib.Path(__file__).resolve().parents[3]
BOX = (40.8463, 13.2553, 40.8574, 13.2684)
GROUP = "/science/LSAR/GCOV/grids/frequencyA"


def pytest_configure(config: pytest.Config) -> None:
    if not (ROOT / "target/fixtures").is_dir():
        raise pytest.UsageError("target/fixtures is missing: run `./test.sh variants`")


@pytest.fixture(scope="session")
def expected() -> dict[str, dict[str, Any]]:
    """By granule, what h5py, numpy and rioxarray read (fixtures/expected)."""
    files = (ROOT / "fixtures/expected").glob("NISAR_*.json")
    return {file.stem: json.loads(file.read_text()) for file in files}


@pytest.fixture(scope="session")
def folder(tmp_path_factory: pytest.TempPathFactory) -> pathlib.Path:
    """The seven demo granules as files."""
    into = tmp_path_factory.mktemp("granules")
    for packed in sorted((ROOT / "fixtures/granules").glob("*_001.h5.gz")):
        (into / packed.stem).write_bytes(gzip.decompress(packed.read_bytes()))
    return into


@pytest.fixture(scope="session")
def sandbox() -> Iterator[swath.SandboxSession]:
    with swath.sandbox() as session:
        yield session


@pytest.fixture
def granules(sandbox: swath.SandboxSession) -> swath.Results:
    """The newest releases of the demo granules, oldest first."""
    found = sandbox.search()
    return found[::-1]
