"""asf_search's own tests of its options, run against `swath.asf`.

Its source package is fetched once into ``.tools/asf_search``; where it cannot be had, these tests say that they were skipped. Of
its tests only those of options apply: the others need its classes, the network, or InSAR stacks.
"""

from __future__ import annotations

import pathlib
import subprocess
import sys
import tarfile
from collections.abc import Callable
from typing import Any

import pytest

from swath import asf

ROOT = pathlib.Path(__file__).resolve().parents[3]
VERSION = "14.1.0"

#: Its functions that read values, and an option of ours that reads them alike.
READERS = {
    "parse_float": "maxDoppler",
    "parse_string": "campaign",
    "parse_string_list": "beamMode",
    "parse_bbox_list": "bbox",
}


def sources() -> pathlib.Path:
    folder = ROOT / ".tools/asf_search"
    home = folder / f"asf_search-{VERSION}"
    if not home.is_dir():
        folder.mkdir(parents=True, exist_ok=True)
        command = [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", "--no-binary", ":all:"]
        command += ["--disable-pip-version-check", "--dest", str(folder), f"asf_search=={VERSION}"]
        if subprocess.run(command, capture_output=True, check=False).returncode:
            pytest.skip("asf_search's source package cannot be had here")
        with tarfile.open(folder / f"asf_search-{VERSION}.tar.gz") as package:
            package.extractall(folder, filter="data")
    return home


def cases() -> list[tuple[str, dict[str, Any]]]:
    yaml = pytest.importorskip("yaml")
    text = (sources() / "tests/yml_tests/test_ASFSearchOptions.yml").read_text()
    return [next(iter(case.items())) for case in yaml.safe_load(text)["tests"]]


def options_object(case: dict[str, Any]) -> None:
    """As `run_test_ASFSearchOptions` of asf_search does."""
    case = dict(case)
    expected, error = case.pop("expect_output", {}), case.pop("exception")
    try:
        opts = asf.ASFSearchOptions(**case)
    except (KeyError, ValueError) as raised:
        assert type(raised).__name__ == error
        return
    assert error is None
    for name, value in expected.items():
        assert getattr(opts, name) == value, name
    opts.reset_search()
    settings = {"host": "cmr.earthdata.nasa.gov", "provider": "ASF"}
    assert [name for name, _ in opts if name not in settings] == []
    for name, usual in settings.items():
        assert getattr(opts, name) == (case.get(name) or usual)


def reader(case: dict[str, Any]) -> None:
    option = READERS[case["validator"]]
    if case["error"] is None:
        assert getattr(asf.ASFSearchOptions(**{option: case["input"]}), option) == case["output"]
        return
    with pytest.raises(ValueError, match=case["error"]):
        asf.ASFSearchOptions(**{option: case["input"]})


def one_value(case: dict[str, Any]) -> None:
    opts = asf.ASFSearchOptions(**{case["key"]: case["value"]})
    assert getattr(opts, case["key"]) == case["output"]


def test_options_behave_as_asf_search_s_own_tests_want() -> None:
    applied, passed, failed = 0, 0, []
    for title, case in cases():
        check: Callable[[dict[str, Any]], None]
        if "test-validator-map-validate" in title:
            check = one_value
        elif "test-ASFSearchOptions" in title:
            check = options_object
        elif case.get("validator") in READERS:
            check = reader
        else:
            continue
        applied += 1
        try:
            check(case)
            passed += 1
        except (AssertionError, KeyError, ValueError, pytest.fail.Exception) as why:
            failed.append(f"{title}: {why}")
    print(f"{passed} of {applied} that apply pass")
    assert applied >= 15, applied
    assert not failed, "\n".join(failed)
