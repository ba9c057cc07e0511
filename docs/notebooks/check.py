"""Execute the notebooks against a sandbox: what they print is what is committed, what they compute is what the witnesses say.

`check.py` checks; `check.py --write` also puts the outputs into the notebooks. Needs swath, nbclient and ipykernel in the
interpreter that runs it.
"""

from __future__ import annotations

import json
import math
import os
import pathlib
import sys
import time
from typing import Any

import nbformat
from nbclient import NotebookClient

HERE = pathlib.Path(__file__).resolve().parent
EXPECTED = HERE.parents[1] / "fixtures/expected"
LAYER = "/science/LSAR/GCOV/grids/frequencyA/HHHH"
COOKBOOK_LINES = 30

#: Names in each notebook that hold means of the box: `True` for all five dates, `False` for the first; and how near they must
#: be. The cookbook's own mean is summed in single precision, so it is compared as such.
FIGURES = {
    "cookbook": {
        "mean_https": (False, 1e-12),
        "mean_s3": (False, 1e-12),
        "means": (True, 1e-12),
        "stack_means": (True, 1e-12),
        "[row['mean'] for row in series]": (True, 1e-12),
    },
    "xarray": {
        "subset_hhhh_mean_s3": (False, 1e-5),
        "means": (True, 1e-5),
        "series_means": (True, 1e-12),
    },
}


def witnessed() -> list[float]:
    """Mean HHHH in the box of each date's newest release, as numpy took it (fixtures/witness.py)."""
    means = []
    for file in sorted(EXPECTED.glob("NISAR_*_X05009_*.json")):
        windows = json.loads(file.read_text())["windows"]
        means += [w["mean"] for w in windows if w["path"] == LAYER and w["box"] == "seed"]
    if len(means) != 5:
        raise SystemExit(f"{EXPECTED} should hold five means of the box, it holds {len(means)}")
    return means


def executed(path: pathlib.Path) -> tuple[Any, dict[str, Any]]:
    """The notebook with fresh outputs, and the figures that it ended with."""
    book = nbformat.read(path, as_version=4)
    names = FIGURES[path.stem]
    pairs = ", ".join(f"{json.dumps(name)}: {name}" for name in names)
    # Asked for in a cell of its own, which is taken away again.
    book.cells.append(nbformat.v4.new_code_cell(f"import json; print(json.dumps({{{pairs}}}))"))
    NotebookClient(book, timeout=240, kernel_name="python3", resources={"metadata": {"path": str(HERE)}}).execute()
    asked = book.cells.pop()
    for cell in book.cells:
        cell.metadata.pop("execution", None)
        if "outputs" in cell:
            cell.outputs = joined(cell.outputs)
    return book, json.loads("".join(output.text for output in asked.outputs))


def joined(outputs: list[Any]) -> list[Any]:
    """Outputs with what was printed in one piece: how a kernel cuts it depends on the moment."""
    whole: list[Any] = []
    for output in outputs:
        before = whole[-1] if whole else None
        if before and output.output_type == before.output_type == "stream" and output.name == before.name:
            before.text += output.text
        else:
            whole.append(output)
    return whole


def shown(book: Any) -> list[Any]:
    """What each code cell prints; of pictures only that there is one."""
    cells = []
    for cell in book.cells:
        for output in cell.get("outputs", []):
            data = output.get("data", {})
            text = output.get("text") or ("picture" if "image/png" in data else data.get("text/plain"))
            cells.append([cell.id, output.output_type, text])
    return cells


def wrong(path: pathlib.Path, book: Any, figures: dict[str, Any], truth: list[float]) -> list[str]:
    """What is not as it should be, in sentences."""
    found = []
    for name, (is_series, near) in FIGURES[path.stem].items():
        values, wanted = (figures[name], truth) if is_series else ([figures[name]], truth[:1])
        if len(values) != len(wanted) or not all(
            math.isclose(a, b, rel_tol=near) for a, b in zip(values, wanted, strict=True)
        ):
            found.append(f"{name} is {values}, the witnesses say {wanted}")
    lines = [line for cell in book.cells if cell.cell_type == "code" for line in cell.source.splitlines() if line]
    if path.stem == "cookbook" and len(lines) > COOKBOOK_LINES:
        found.append(f"it has {len(lines)} lines of code, {COOKBOOK_LINES} are allowed")
    text = nbformat.writes(book)
    found += [f"it shows {word!r}, which differs from run to run" for word in ("127.0.0.1", str(HERE)) if word in text]
    return found


#: A call that takes longer than a second; how many displays it leaves behind is what is asked.
SLOW = """
import swath
with swath.sandbox() as session:
    granules = session.search()
    session.stall(1.6)
    session.stats(granules, window=(0, 0, 9, 9), progress={wish})
"""


def bars(wish: str) -> list[str]:
    """What a real kernel shows of the progress of a slow call, in the end."""
    book = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(SLOW.format(wish=wish))])
    NotebookClient(book, timeout=240, kernel_name="python3").execute()
    return [output.data.get("text/plain", "") for output in book.cells[0].outputs if output.output_type == "display_data"]


def main() -> None:
    write = "--write" in sys.argv[1:]
    os.environ["PYTHONWARNINGS"] = "ignore"
    os.environ.pop("SWATH_PROGRESS", None)
    # One bar, which has gone again; none when it is refused.
    by_itself, refused = bars("None"), bars("False")
    if by_itself != [""] or refused:
        sys.exit(f"a slow call leaves {by_itself} of its progress, and {refused} when a bar is refused")
    # On a slow machine a bar would appear in the notebooks, too.
    os.environ["SWATH_PROGRESS"] = "0"
    truth, failed = witnessed(), False
    for name in FIGURES:
        path, begin = HERE / f"{name}.ipynb", time.monotonic()
        committed = nbformat.read(path, as_version=4)
        book, figures = executed(path)
        problems = wrong(path, book, figures, truth)
        if write and not problems:
            nbformat.write(book, path)
        elif shown(book) != shown(committed):
            pairs = zip(shown(book), shown(committed), strict=False)
            first = next((pair for pair in pairs if pair[0] != pair[1]), "their number")
            problems.append(f"what it prints is not what is committed: {first}")
        print(f"{path.name}: {len(figures)} figures, {time.monotonic() - begin:.0f} s", *problems, sep="\n  ")
        failed |= bool(problems)
    sys.exit(failed)


if __name__ == "__main__":
    main()
