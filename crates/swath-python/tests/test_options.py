"""The options of a search are the same set in every face."""

from __future__ import annotations

import datetime
import inspect
import re
from typing import Any

import pytest

import swath
from swath import _swath
from swath._request import WORDS, options_of


def test_the_document_names_every_option() -> None:
    known = {name for name, _, _ in _swath.search_options()}
    assert len(known) >= 50
    document = inspect.getdoc(swath.Session.search)
    assert document
    named = set(re.findall(r"^(\w+)(?:, \w+)* : ", document, re.MULTILINE))
    named |= set(re.findall(r"`(\w+)`", document)) | {"end", "frame"}
    assert known - named == set()
    others = document.split("Other Parameters")[1].split("Returns")[0]
    assert set(re.findall(r"^(\w+) : ", others, re.MULTILINE)) <= known
    assert set(WORDS.values()) <= known


def test_options_go_by_either_name(sandbox: swath.SandboxSession) -> None:
    found = {g.name for g in sandbox.search(track=172, frame=8)}
    assert found
    cases: tuple[dict[str, Any], ...] = (
        {"relativeOrbit": 172, "frame": 8},
        {"relative_orbit": (172, 173), "frame": range(8, 9)},
        {"track": [172, (1, 3)], "frame": "8"},
        {"track": 172, "frame": 8, "start": datetime.date(2025, 1, 1), "end": datetime.datetime(2026, 6, 1)},
        {"track": 172, "frame": 8, "frameCoverage": ["full", "partial"]},
        {"track": 172, "frame": 8, "cmr_keywords": ("attribute[]", "int,TRACK_NUMBER,172")},
    )
    for same in cases:
        assert {g.name for g in sandbox.search(**same)} == found, same


def test_counts_and_pages_are_those_of_the_search(sandbox: swath.SandboxSession) -> None:
    everything = sandbox.search(all_versions=True)
    assert sandbox.search_count() == everything.hits == len(everything)
    pages = list(sandbox.search_pages())
    assert sorted(g.name for page in pages for g in page) == sorted(g.name for g in everything)
    assert sum(len(page) for page in sandbox.search_pages(limit=2)) == 2
    assert sandbox.search_count(platform="ALOS") == 0


def test_an_unknown_option_is_refused_with_the_likely_one(sandbox: swath.SandboxSession) -> None:
    with pytest.raises(swath.UsageError, match="relativeorbits") as caught:
        sandbox.search(relativeorbits=1)
    assert "relative_orbit" in str(caught.value.hint)
    with pytest.raises(swath.UsageError, match="season"):
        sandbox.search(season=object())


def test_none_leaves_an_option_without_its_usual_value() -> None:
    given, unless = options_of({"product": None, "dataset": ..., "limit": 3})
    assert (given, unless) == ({"max_results": 3}, ["processing_level"])
