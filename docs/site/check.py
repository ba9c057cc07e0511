"""Run the examples of the pages against a sandbox.

In a page, `python` blocks run one after the other in one interpreter and `sh` blocks in a shell, both in an empty
folder and with the environment that leads to the sandbox, so that they are run exactly as they are written. A `text`
block right after one of them is what it prints: it must be that. `bash` blocks are instructions that are not run. `check.py --write` fills in the `text` blocks.
"""

from __future__ import annotations

import contextlib
import io
import os
import pathlib
import re
import subprocess
import sys
import tempfile
import traceback
import warnings
from typing import Any

import swath

PAGES = pathlib.Path(__file__).resolve().parent / "pages"
ROOT = PAGES.parents[2]
BLOCK = re.compile(r"^```(python|sh)\n(.*?)^```\n(?:\n?(^```text\n)(.*?)(^```\n))?", re.DOTALL | re.MULTILINE)


class Failed(Exception):
    """An example that does not run."""


def run_python(source: str, names: dict[str, Any], where: str) -> str:
    printed = io.StringIO()
    try:
        with contextlib.redirect_stdout(printed), warnings.catch_warnings():
            warnings.simplefilter("ignore")
            exec(compile(source, where, "exec"), names)
    except Exception as why:
        raise Failed(f"{where}\n{source}\n{traceback.format_exc()}") from why
    return printed.getvalue()


def run_shell(source: str, where: str) -> str:
    done = subprocess.run(["bash", "-euo", "pipefail", "-c", source], capture_output=True, text=True, timeout=240)
    if done.returncode != 0:
        raise Failed(f"{where}: exit code {done.returncode}\n{source}\n{done.stderr}")
    return done.stdout


def checked(page: pathlib.Path) -> tuple[str, int, list[str]]:
    """The page with what its examples print, how many there are, and which print something else than the page says."""
    names: dict[str, Any] = {"__name__": "example"}
    differing: list[str] = []
    count = 0

    def one(found: re.Match[str]) -> str:
        nonlocal count
        count += 1
        language, source, opening, said, closing = found.groups()
        where = f"{page.relative_to(PAGES)}, example {count}"
        printed = run_python(source, names, where) if language == "python" else run_shell(source, where)
        if opening is None:
            return found[0]
        if printed != said:
            differing.append(f"{where} prints\n{printed}and not\n{said}")
        return found[0][: found.start(4) - found.start()] + printed + closing

    return BLOCK.sub(one, page.read_text(encoding="utf-8")), count, differing


def check(page: pathlib.Path, write: bool) -> tuple[int, bool]:
    """How many examples the page has, and whether all is well."""
    before = pathlib.Path.cwd()
    swath.set_default_session(None)
    with tempfile.TemporaryDirectory(prefix="swath-pages-") as folder:
        os.chdir(folder)
        os.environ["XDG_CACHE_HOME"] = folder + "/cache"
        try:
            text, count, differing = checked(page)
        except Failed as why:
            print(why)
            return 0, False
        finally:
            os.chdir(before)
    if write and differing:
        page.write_text(text, encoding="utf-8")
    elif differing:
        print(*differing, sep="\n")
    return count, write or not differing


def main() -> None:
    write = "--write" in sys.argv[1:]
    binary = pathlib.Path(os.environ.get("SWATH_BIN", ROOT / "target/debug/swath")).resolve()
    if not binary.is_file():
        sys.exit(f"{binary} is missing: cargo build -p swath-cli")
    os.environ["PATH"] = f"{binary.parent}{os.pathsep}{os.environ['PATH']}"
    total, well = 0, True
    with swath.sandbox() as session:
        os.environ.update(session.environment)
        # Workers of the cluster have nothing to say that a reader should see.
        os.environ["PYTHONWARNINGS"] = "ignore"
        for page in sorted(PAGES.rglob("*.md")):
            count, is_well = check(page, write)
            total, well = total + count, well and is_well
    print(f"{total} examples in {len(list(PAGES.rglob('*.md')))} pages: {'as they say' if well else 'NOT as they say'}")
    sys.exit(not well or total == 0)


if __name__ == "__main__":
    main()
