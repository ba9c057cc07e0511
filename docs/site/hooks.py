"""Pages that are made of other things in the repository when the site is built, so that they cannot fall behind them.

`cli.md` is what `swath --help` prints (the binary is `SWATH_BIN`, else `target/debug/swath`); `notebooks/*.md` are the
committed notebooks with their outputs; the comparison quotes `docs/benchmarks.md`.
"""

from __future__ import annotations

import base64
import json
import os
import pathlib
import posixpath
import re
import subprocess
from typing import Any

from mkdocs.exceptions import PluginError
from mkdocs.structure.files import File, Files

ROOT = pathlib.Path(__file__).resolve().parents[2]
NOTEBOOKS = ROOT / "docs/notebooks"
BENCHMARKS = ROOT / "docs/benchmarks.md"
MARK = "<!-- benchmarks -->"


def on_files(files: Files, *, config: Any) -> Files:
    files.append(File.generated(config, "cli.md", content=commands()))
    for path in sorted(NOTEBOOKS.glob("*.ipynb")):
        text, pictures = notebook(path)
        files.append(File.generated(config, f"notebooks/{path.stem}.md", content=text))
        for name, png in pictures.items():
            files.append(File.generated(config, f"notebooks/{name}", content=png))
    return files


def on_page_markdown(markdown: str, *, page: Any, **_: Any) -> str:
    return markdown.replace(MARK, benchmarks()) if MARK in markdown else markdown


def on_page_content(html: str, **_: Any) -> str:
    """Docstrings name each other as help() and notebooks show it; here such a name is a link."""
    role = r":(?:meth|class|func|attr):<code>([\w.]+)</code>"
    return re.sub(role, r'<autoref optional identifier="swath.\1"><code>\1</code></autoref>', html)


def commands() -> str:
    """The help of the command and of each of its verbs."""
    whole = helped()
    listed = re.search(r"^Commands:\n(.*?)\n\n", whole, re.DOTALL | re.MULTILINE)
    if listed is None:
        raise PluginError("the help of swath lists no commands, so the page of the command line cannot be made")
    verbs = [verb for verb in re.findall(r"^  (\w+)", listed[1], re.MULTILINE) if verb != "help"]
    parts = [
        "# The command\n\nWhat `swath --help` prints, and the help of each verb. "
        "Results go to standard output, everything else to standard error.\n",
        fenced(whole, "text"),
    ]
    parts += [f"## swath {verb}\n\n{fenced(helped(verb), 'text')}" for verb in verbs]
    return "\n".join(parts)


def helped(*verb: str) -> str:
    binary = os.environ.get("SWATH_BIN", str(ROOT / "target/debug/swath"))
    try:
        done = subprocess.run([binary, *verb, "--help"], capture_output=True, text=True, check=True, timeout=30)
    except (OSError, subprocess.SubprocessError) as why:
        raise PluginError(f"could not ask {binary} for its help (build it: cargo build -p swath-cli): {why}") from why
    return done.stdout


def notebook(path: pathlib.Path) -> tuple[str, dict[str, bytes]]:
    """A notebook as a page, and the pictures on it by name."""
    book = json.loads(path.read_text(encoding="utf-8"))
    parts: list[str] = []
    pictures: dict[str, bytes] = {}
    for cell in book["cells"]:
        source = "".join(cell["source"])
        parts.append(source if cell["cell_type"] == "markdown" else fenced(source, "python"))
        for output in cell.get("outputs", []):
            data = output.get("data", {})
            if "image/png" in data:
                name = f"{path.stem}-{len(pictures) + 1}.png"
                pictures[name] = base64.b64decode("".join(data["image/png"]))
                parts.append(f"![What the cell above shows]({name})")
            elif "text/html" in data:
                parts.append(f'<div class="md-typeset__scrollwrap">{"".join(data["text/html"])}</div>')
            else:
                parts.append(fenced("".join(output.get("text") or data.get("text/plain", "")), "text"))
    link = f"[docs/notebooks/{path.name}]({in_repository(f'notebooks/{path.name}')})"
    where = f"*The notebook is {link}; it is executed by every run of the tests.*"
    return "\n\n".join([*parts, where]) + "\n", pictures


def benchmarks() -> str:
    """The measurements, with headings one level lower to fit under the page's own."""
    if not BENCHMARKS.is_file():
        return "No measurements are published with this version."
    text = BENCHMARKS.read_text(encoding="utf-8")
    text = re.sub(r"\A# .*\n", "", text)
    text = re.sub(r"^(#+ )", r"#\1", text, flags=re.MULTILINE)
    # Links of that file lead to files of the repository, which are not on the site.
    return re.sub(r"\]\((?!https?://|#)([^)]*)\)", lambda found: f"]({in_repository(found[1])})", text)


def in_repository(path: str) -> str:
    return f"https://github.com/swath-rs/swath/blob/main/{posixpath.normpath(f'docs/{path}')}"


def fenced(text: str, language: str) -> str:
    return f"```{language}\n{text.rstrip()}\n```\n"
