"""Some sources fail and others do not: nothing that worked is lost, nothing that failed is hidden."""

from __future__ import annotations

import pathlib
import pickle
import traceback
import warnings
from collections.abc import Callable
from typing import Any

import pytest
from conftest import BOX

import swath


@pytest.fixture
def sources(granules: swath.Results, tmp_path: pathlib.Path) -> list[Any]:
    """Two that can be read; between them one that is not there, and after them one that is no HDF5."""
    (tmp_path / "text.h5").write_text("no HDF5 at all\n" * 100)
    return [granules[1], granules[0].url.replace("X05009", "X05008"), granules[0].url, tmp_path / "text.h5"]


def verbs(session: swath.Session) -> list[Callable[..., swath.Records]]:
    return [session.stats, session.timeseries]


@pytest.mark.parametrize("verb", [0, 1], ids=["stats", "timeseries"])
def test_what_worked_and_what_failed_are_both_told(
    sandbox: swath.SandboxSession, granules: swath.Results, sources: list[Any], verb: int
) -> None:
    measure = verbs(sandbox)[verb]
    alone = {row["granule"]: row["mean"] for row in measure([granules[0], granules[1]], bbox=BOX)}
    with pytest.raises(swath.PartialError) as caught:
        measure(sources, bbox=BOX)
    partial = caught.value
    assert {row["granule"]: row["mean"] for row in partial.results} == alone
    # In the order of the sources; of time.
    order = [granules[1].name, granules[0].name]
    assert [row["granule"] for row in partial.results] == (order if verb == 0 else order[::-1])
    assert list(partial.failures) == [sources[1], str(sources[3])]
    kinds = [type(why) for why in partial.failures.values()]
    assert kinds == [swath.NotFoundError, swath.IntegrityError]
    assert str(partial).startswith("2 of 4 sources failed\nhint: ") and not partial.results.failures
    assert type(partial.results) is (swath.TimeSeries if verb else swath.Records)


def test_it_is_a_group_of_exceptions(sandbox: swath.SandboxSession, sources: list[Any]) -> None:
    taken: list[Any] = []
    try:
        sandbox.stats(sources, bbox=BOX)
    except* swath.NotFoundError as absent:
        taken.append(absent)
    except* swath.SwathError as others:
        taken.append(others)
    assert [list(group.failures) for group in taken] == [[sources[1]], [str(sources[3])]]
    assert all(isinstance(group, swath.PartialError) and len(group.results) == 2 for group in taken)
    shown = "".join(traceback.format_exception(taken[1]))
    assert "IntegrityError" in shown and "text.h5" in shown


def test_it_can_be_pickled(sandbox: swath.SandboxSession, sources: list[Any]) -> None:
    with pytest.raises(swath.PartialError) as caught:
        sandbox.timeseries(sources, bbox=BOX)
    again = pickle.loads(pickle.dumps(caught.value))
    assert again.results == caught.value.results and list(again.failures) == list(caught.value.failures)
    assert str(again) == str(caught.value) and len(again.exceptions) == 2


@pytest.mark.parametrize("verb", [0, 1], ids=["stats", "timeseries"])
def test_one_may_go_on_without_them(sandbox: swath.SandboxSession, sources: list[Any], verb: int) -> None:
    with pytest.warns(swath.SwathWarning) as heard:
        found = verbs(sandbox)[verb](sources, bbox=BOX, errors="warn")
    assert len(found) == 2 and list(found.failures) == [sources[1], str(sources[3])]
    said = [str(warning.message) for warning in heard]
    assert len(said) == 2 and sources[1] in said[0] and "text.h5 is left out" in said[1]
    # The line that is to blame is the caller's.
    assert all(warning.filename == __file__ for warning in heard)
    assert list(pickle.loads(pickle.dumps(found)).failures) == list(found.failures)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        fine = verbs(sandbox)[verb](sources[::2], bbox=BOX, errors="warn")
    assert [row["mean"] for row in fine] == [row["mean"] for row in found] and not fine.failures


@pytest.mark.parametrize("errors", ["raise", "warn"])
def test_when_all_fail_the_first_is_raised(sandbox: swath.SandboxSession, sources: list[Any], errors: Any) -> None:
    for verb in verbs(sandbox):
        with pytest.raises(swath.NotFoundError):
            verb(sources[1::2], bbox=BOX, errors=errors)
        with pytest.raises(swath.UsageError, match="grid"):
            verb(sources[::2], bbox=(0, 0, 1, 1), errors=errors)


def test_a_read_that_fails_is_one_failure(
    sandbox: swath.SandboxSession, folder: pathlib.Path, tmp_path: pathlib.Path
) -> None:
    names = sorted(folder.glob("NISAR_*_X05009_*.h5"))[:2]
    for name in names:
        (tmp_path / name.name).write_bytes(name.read_bytes())
    damaged = tmp_path / names[0].name
    content = bytearray(damaged.read_bytes())
    chunk = chunk_under_the_box(damaged)
    content[chunk] = bytes(chunk.stop - chunk.start)
    damaged.write_bytes(content)
    for verb in verbs(sandbox):
        with pytest.raises(swath.PartialError) as caught:
            verb([tmp_path / name.name for name in names], bbox=BOX)
        assert list(caught.value.failures) == [str(damaged)]
        assert [row["granule"] for row in caught.value.results] == [names[1].stem]


def chunk_under_the_box(path: pathlib.Path) -> slice:
    """The bytes of the chunk that holds the box's first pixel."""
    import h5py

    with h5py.File(path) as file:
        layer = file["science/LSAR/GCOV/grids/frequencyA/HHHH"]
        chunk = layer.id.get_chunk_info_by_coord((565 // 512 * 512, 621 // 512 * 512))
    return slice(chunk.byte_offset, chunk.byte_offset + chunk.size)


def test_granules_that_do_not_belong_together_make_no_part_of_a_series(sandbox: swath.SandboxSession) -> None:
    with pytest.raises(swath.UsageError, match="same time"):
        sandbox.timeseries(sandbox.search(all_versions=True), bbox=BOX, errors="warn")


def test_another_wish_is_refused(sandbox: swath.SandboxSession, sources: list[Any]) -> None:
    for verb in verbs(sandbox):
        with pytest.raises(swath.UsageError, match="errors"):
            verb(sources, bbox=BOX, errors="ignore")
