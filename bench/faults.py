#!/usr/bin/env python3
"""The same faults put to swath and to other tools, through the sandbox: what does each make of them?

    cargo build -p swath-cli
    python3 bench/faults.py                     all tools; writes docs/faults-matrix.json and the tables of docs/faults.md
    python3 bench/faults.py --tools swath       one column anew, the others as they are in the data
    python3 bench/faults.py --check ...         writes nothing; fails when an outcome is not the one in the data
    python3 bench/faults.py --only 'cut|stall'  rows that match
    python3 bench/faults.py --render            the tables of docs/faults.md from the data, without a run
    python3 bench/faults.py --show GDAL --only 'body cut'   a run told in full: output, errors, requests

Each cell is a fresh process of the tool beside a fresh sandbox that misbehaves as told (faults/cases.py), with a home and a
cache of its own and 60 s of time: some tools give a request 30 s and then do well. It is asked for one thing that is known:
the mean of a window (h5py's figure in fixtures/expected), the SHA-256 of a file, the number of granules found. What the
other tools run is in faults/tools, their versions in faults/requirements.txt; they are installed into .tools/faults-venv.
"""
import argparse
import collections
import concurrent.futures
import hashlib
import json
import os
import pathlib
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time

HERE = pathlib.Path(__file__).resolve().parent
sys.dont_write_bytecode = True
sys.path.insert(0, str(HERE / "faults"))
import cases  # noqa: E402
import stand  # noqa: E402

LIMIT = 60
DATA, PAGE = HERE.parent / "docs/faults-matrix.json", HERE.parent / "docs/faults.md"
BEGIN, END = "<!-- begin: bench/faults.py -->", "<!-- end: bench/faults.py -->"

# What can come of it. Those in SEVERE are what must never be.
RIGHT, CLEAR, UNCLEAR, PART = "right", "clear error", "unclear error", "error, part kept"
WRONG, HANG, CRASH, LEAK = "wrong data", "hang", "crash", "token leaked"
NOT_APPLICABLE = "–"
SEVERE = {WRONG, HANG, CRASH, LEAK}


def run(words: list[str], environment: dict[str, str], folder: pathlib.Path):
    """Runs a tool in a process group of its own, which ends with the time; its status is None when it was killed."""
    output, errors = folder / "stdout", folder / "stderr"
    with output.open("wb") as out, errors.open("wb") as err:
        process = subprocess.Popen(
            words, env=environment, cwd=folder, stdin=subprocess.DEVNULL, stdout=out, stderr=err, start_new_session=True
        )
        begun = time.monotonic()
        try:
            status = process.wait(LIMIT)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()
            status = None
    seconds = time.monotonic() - begun
    return status, seconds, output.read_text(errors="replace"), errors.read_text(errors="replace")


def answered(tool: str, work: str, output: str, folder: pathlib.Path, witness) -> bool | None:
    """Whether the answer is the right one; None if there is none."""
    if work == "download":
        file = folder / f"{stand.GRANULE}.h5"
        if not file.exists():
            return None
        data = file.read_bytes()
        # One that was replaced has every bit of every byte the other way; whole, it is right too.
        either = (data, data.translate(bytes(range(255, -1, -1))))
        return witness.sha256 in [hashlib.sha256(bytes).hexdigest() for bytes in either]
    lines = [line for line in output.splitlines() if line.startswith("{")]
    if not lines:
        return None
    if work == "search" and tool == "swath":
        return len(lines) == stand.SEARCH["found"]
    value = json.loads(lines[-1])["mean" if tool == "swath" else "value"]
    if work == "search":
        return value == stand.SEARCH["found"]
    return value is not None and abs(value - witness.mean) <= 1e-12 * abs(witness.mean)


def said(tool: str, errors: str) -> list[str]:
    """The errors that a tool ends with: of a Python program its exceptions, the last first; of others all they say."""
    if errors.startswith('{"error"'):
        error = json.loads(errors.splitlines()[0])["error"]
        return [" / ".join([error["what"], *error["why"], error["fix"] or ""])]
    lines = [line.rstrip() for line in errors.splitlines() if line.strip()]
    if tool in ("swath", "curl"):
        return [" / ".join(line.strip() for line in lines)]
    begins = [at for at, line in enumerate(lines) if EXCEPTION.match(line)]
    ends = [next((end for end in range(at + 1, len(lines)) if not_told(lines[end])), len(lines)) for at in begins]
    told = [" / ".join(line.strip() for line in lines[at:end]) for at, end in zip(begins, ends)]
    return told[::-1] or lines[-1:]


# Of an exception; of GDAL in rasterio's log; of libhdf5 on standard error.
EXCEPTION = re.compile(r"[\w.]+(Error|Exception|Failure|Timeout|NotAccepted)(: |:?$)|CPLE_\w+ in |GDAL signalled|  #\d+: ")


def not_told(line: str) -> bool:
    """Whether a line is no longer of an exception's own message."""
    return line.startswith(("Traceback", "The above exception", "During handling")) or bool(EXCEPTION.match(line))


def printable(text: str, place: stand.Place, folder: pathlib.Path) -> str:
    """Without what differs from run to run, and without secrets."""
    text = text.replace(stand.GRANULE, "GRANULE").replace(str(folder), "FOLDER")
    text = text.replace(place.environment["EARTHDATA_TOKEN"], "TOKEN")
    for pattern, plain in (
        (r"eyJ[\w.-]+", "TOKEN"),
        (r"(127\.0\.0\.1|localhost):\d+", r"\1"),
        (r"((?:127\.0\.0\.1|localhost)', (?:port=)?)\d+", r"\1…"),
        (r"\?[\w-]+=[^\s'\"]+", "?…"),
        (r"0x[0-9a-f]+", "0x…"),
        (r"\d+([.,]\d+)? ?(s|ms|seconds)\b", r"… \2"),
        (r"\bport \d+", "port …"),
        (r"GRANULE/GRANULE", "GRANULE"),
    ):
        text = re.sub(pattern, plain, text)
    return text


def outcome(status, answer: bool | None, error: str, case: cases.Case, leaked: bool) -> str:
    if leaked:
        return LEAK
    if status is None:
        return HANG
    if status < 0:
        return CRASH
    if status == 0:
        # No file and no error is as wrong as a wrong file: the caller goes on.
        return RIGHT if answer else WRONG
    if answer is False:
        return PART
    return CLEAR if re.search(case.shows, error, re.IGNORECASE) else UNCLEAR


def cell(tool: str, work: str, case: cases.Case, programs: dict) -> dict:
    if tool in case.not_for:
        return {"outcome": NOT_APPLICABLE, "why": case.not_for[tool]}
    if tool == "curl" and not programs["curl"]:
        return {"outcome": NOT_APPLICABLE, "why": "there is no curl on this machine"}
    # What `swath get NAME` asks for comes from the catalogue, whose addresses are numbers.
    hosts = ("127.0.0.1", "localhost") if (tool, work) == ("swath", "download") else ("localhost", "127.0.0.1")
    same, other = (f"https://{host}:{{cdn}}/elsewhere.h5" for host in hosts)
    byte = programs["witness"].middle_of_chunk
    fill = {"{same}": same, "{other}": other, "{flip}": str(byte), "{here}": f"byte={byte}" + " ranged" * (work == "read")}
    data = programs["data"][case.data]
    orders = [re.sub(r"\{(same|other|flip|here)\}", lambda found: fill[found[0]], order) for order in case.orders]
    with tempfile.TemporaryDirectory(prefix="swath-faults-") as scratch:
        folder, home = pathlib.Path(scratch) / "out", pathlib.Path(scratch) / "home"
        folder.mkdir(), home.mkdir()
        with stand.sandbox(programs["swath"], data, orders, case.lifetime, programs["ports"]) as place:
            stand.login(place, case.user)
            words = stand.command(tool, work, place, case, folder, programs)
            begun = len(place.log)
            status, seconds, output, errors = run(words, stand.environment(place, home), home)
        answer = answered(tool, work, output, folder, programs["witness"])
        told = [printable(error, place, home) for error in said(tool, errors)]
        leaked = any(entry["service"] == "cdn" and entry["had_authorization"] for entry in place.log[begun:])
        result = {"outcome": outcome(status, answer, " ".join(told), case, leaked)}
        # Coarse, and nothing below 12 s, so that a busy machine says the same.
        about = 15 if seconds < 19 else round(seconds / 10) * 10
        if seconds > 12 and result["outcome"] != HANG:
            result["about_seconds"] = about
        result["requests"] = dict(sorted(collections.Counter(entry["service"] for entry in place.log).items()))
        if status and told:
            # The one that says it, if one of them does.
            first = next((text for text in told if re.search(case.shows, text, re.IGNORECASE)), told[0])
            result["said"] = first if len(first) <= 400 else first[:400].rsplit(" ", 1)[0] + " …"
        if programs["show"]:
            full = {"words": words[1:], "status": status, "seconds": seconds, "output": output[-2000:], "errors": errors[-6000:]}
            asked = [f"{entry['service']} {entry['method']} {entry['status']} {entry['range']} {entry['bytes_sent']}" for entry in place.log]
            print(json.dumps({"fault": case.fault} | result | full | {"asked": asked}, indent=1).replace("\\n", "\n"))
    return result


# ---------------------------------------------------------------------------- data and page


def text_of(found: dict) -> str:
    """A cell of the table; crates/swath/tests/it/acceptance.rs reads it the same way."""
    text = f"**{found['outcome']}**" if found["outcome"] in SEVERE else found["outcome"]
    return f"{text}, {found['about_seconds']} s" if "about_seconds" in found else text


def tables(data: dict) -> str:
    parts = []
    for table in data["tables"]:
        parts += [f"**{table['name']}**", ""]
        parts.append(f"| fault | {' | '.join(table['columns'])} |")
        parts.append("|---" * (len(table["columns"]) + 1) + "|")
        for row in table["rows"]:
            cells = " | ".join(text_of(row["cells"][column]) for column in table["columns"])
            parts.append(f"| {row['fault']} | {cells} |")
        parts.append("")
    versions = ", ".join(f"{name} {version}" for name, version in data["versions"].items())
    parts.append(f"Versions: {versions}.")
    return "\n".join(parts)


def render(data: dict, page: str) -> str:
    before, rest = page.split(BEGIN)
    return f"{before}{BEGIN}\n{tables(data)}\n{END}{rest.split(END)[1]}"


def versions(programs: dict) -> dict[str, str]:
    wanted = dict(line.split("==") for line in (HERE / "faults/requirements.txt").read_text().split() if "==" in line)
    said = {name: wanted[name] for name in ("fsspec", "s3fs", "h5py", "rasterio", "obstore", "asf_search", "earthaccess")}
    ask = "import rasterio, h5py; print(rasterio.__gdal_version__, h5py.version.hdf5_version)"
    gdal, hdf5 = subprocess.run([programs["python"], "-c", ask], capture_output=True, text=True, check=True).stdout.split()
    said |= {"GDAL (in rasterio)": gdal, "HDF5 (in h5py)": hdf5}
    if not programs["curl"]:
        return said
    first = subprocess.run([programs["curl"], "--version"], capture_output=True, text=True, check=True).stdout.split()
    return said | {"curl": first[1]}


def chosen(options) -> list[tuple]:
    """Table, case and tool of each cell that is to be run."""
    wanted = options.tools.split(",") if options.tools else None
    known = {tool for _, _, columns, _ in cases.TABLES for tool in columns}
    if wanted and not set(wanted) <= known:
        sys.exit(f"no such tool: {', '.join(set(wanted) - known)}; there are {', '.join(sorted(known))}")
    return [
        (name, work, tool, case)
        for name, work, columns, rows in cases.TABLES
        for case in rows
        for tool in columns
        if (not wanted or tool in wanted)
        and re.search(options.only, case.fault)
        and not (options.table and not re.search(options.table, name, re.IGNORECASE))
    ]


def measure(options, programs: dict) -> dict:
    """The cells that were asked for, several at a time: most of their time is waiting."""
    results = {}
    with concurrent.futures.ThreadPoolExecutor(options.jobs) as pool:
        jobs = {
            pool.submit(cell, tool, work, case, programs): (name, tool, case.fault)
            for name, work, tool, case in chosen(options)
        }
        for job in concurrent.futures.as_completed(jobs):
            results[jobs[job]] = found = job.result()
            name, tool, fault = jobs[job]
            print(f"{name:20}{fault:48}{tool:16}{text_of(found):24}{found.get('said', '')[:90]}", file=sys.stderr, flush=True)
    return results


def merged(results: dict, old: dict, told: dict) -> dict:
    """New cells over old ones, in the order of the cases."""
    before = {
        (table["name"], tool, row["fault"]): found
        for table in old.get("tables", [])
        for row in table["rows"]
        for tool, found in row["cells"].items()
    }
    known = before | results
    data = {"limit_seconds": LIMIT, "versions": told or old.get("versions", {}), "tables": []}
    for name, _, columns, rows in cases.TABLES:
        full = []
        for case in rows:
            cells = {tool: known[name, tool, case.fault] for tool in columns if (name, tool, case.fault) in known}
            full.append({"fault": case.fault, "orders": list(case.orders), "cells": cells})
        data["tables"].append({"name": name, "columns": columns, "rows": full})
    return data


def compare(results: dict, data: dict) -> int:
    """How many cells did not come to what the data says; each is printed. How long one took is not compared."""
    rows = {(table["name"], row["fault"]): row["cells"] for table in data["tables"] for row in table["rows"]}
    wrong = 0
    for (name, tool, fault), found in results.items():
        known = rows[name, fault][tool]
        if known["outcome"] != found["outcome"]:
            wrong += 1
            print(f"{name}, {fault}, {tool}: {text_of(found)}, not {text_of(known)}: {found.get('said', '')}")
    return wrong


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--tools", help="columns to run, with commas between")
    parser.add_argument("--only", default="", help="rows to run: a regular expression")
    parser.add_argument("--table", default="", help="tables to run: a regular expression")
    parser.add_argument("--jobs", type=int, default=4)
    parser.add_argument("--swath", default=str(HERE.parent / "target/debug/swath"))
    parser.add_argument("--check", action="store_true")
    parser.add_argument("--render", action="store_true")
    parser.add_argument("--show", metavar="TOOL")
    options = parser.parse_args()
    data = json.loads(DATA.read_text()) if DATA.exists() else {"tables": []}
    if not options.render:
        options.tools = options.show or options.tools
        peers = options.tools != "swath"
        programs = {
            "swath": str(pathlib.Path(options.swath).resolve()),
            "curl": shutil.which("curl"),
            "python": stand.installed(HERE.parent / ".tools") if peers else None,
            "witness": stand.Witness(),
            "ports": stand.Ports(),
            "show": bool(options.show),
        }
        with tempfile.TemporaryDirectory(prefix="swath-faults-") as folder:
            programs["data"] = stand.granules(pathlib.Path(folder))
            results = measure(options, programs)
        if options.show:
            return 0
        if options.check:
            return 1 if compare(results, data) else 0
        data = merged(results, data, versions(programs) if peers else {})
        DATA.write_text(json.dumps(data, indent=1, ensure_ascii=False) + "\n")
    PAGE.write_text(render(data, PAGE.read_text()))
    return 0


if __name__ == "__main__":
    sys.exit(main())
