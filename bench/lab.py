#!/usr/bin/env python3
"""Measure `swath stats` in a laboratory of NASA's services, beside the cookbook and the floor.

    lab.py run [--profile inregion,home] [--runs 5] [--only REGEX] [--swath PATH] [--out FILE]
    lab.py table [--out FILE]            Markdown tables of what FILE holds
    lab.py trace CASE [--profile P]      one run, with every request as the servers saw it

The laboratory is a folder named by LAB_HOME; README.md beside this script says what it must offer. Every run is
a fresh process. Seconds are taken by a launcher of a few lines around it; requests and bytes come from the
servers' own log, so that nothing here trusts the account that swath gives of itself. A mean that differs from the
truth (h5py's, written when the granule was made) by more than 1e-12 relative stops everything.
"""
import argparse
import importlib.util
import json
import os
import pathlib
import re
import shutil
import statistics
import subprocess
import sys
import tempfile
import time

HERE = pathlib.Path(__file__).resolve().parent
BOXES = {"window": (40.8463, 13.2553, 40.8574, 13.2684), "BIG": (40.66, 13.08, 41.04, 13.45)}
TOLERANCE = 1e-12
# Runs a command and appends its wall time and peak memory as JSON to the file named first. It is kept so small
# that the peak it may leak into the child's (about 9 MB) is below any that is measured.
LAUNCHER = """
import os, sys, time
begun = time.time()
pid = os.posix_spawn(sys.argv[2], sys.argv[2:], os.environ)
_, status, usage = os.wait4(pid, 0)
ended = time.time()
text = '{"begun": %.6f, "ended": %.6f, "status": %d, "rss_kib": %d, "cpu_s": %.3f}' % (
    begun, ended, os.waitstatus_to_exitcode(status), usage.ru_maxrss, usage.ru_utime + usage.ru_stime)
with open(sys.argv[1], "w") as out: out.write(text)
"""


class Laboratory:
    """The services: `lab.sh` and its log, found through the environment."""

    def __init__(self):
        home = os.environ.get("LAB_HOME", "")
        if not (pathlib.Path(home) / "lab.sh").is_file():
            sys.exit("LAB_HOME names no laboratory (a folder with lab.sh in it): see bench/README.md")
        self.home = pathlib.Path(home)
        base = os.environ.get("XDG_CACHE_HOME") or os.path.expanduser("~/.cache")
        self.cache = pathlib.Path(os.environ.get("LAB_CACHE") or os.path.join(base, "nisar-lab"))
        self.run = pathlib.Path(os.environ.get("LAB_RUN") or self.cache / "run")
        self.python = os.environ.get("LAB_PY") or str(self.cache / "venv/bin/python")
        self.log = self._module("stats")
        sources = self._module("baseline_common")
        self.sources = {"https": sources.HTTPS, "s3": sources.S3}
        self.truth = self._truth()
        self.environment = {}
        self.tokens = 0

    def _module(self, name):
        sys.dont_write_bytecode = True
        spec = importlib.util.spec_from_file_location(name, self.home / f"{name}.py")
        module = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(module)
        return module

    def _truth(self):
        """Mean of each box as h5py and numpy have it."""
        truth = json.loads((self.cache / "granule/truth.json").read_text())
        return {
            "window": truth["truth"]["frequencyA/HHHH"]["bbox"]["mean_f64"],
            "BIG": json.loads((self.cache / "big.json").read_text())["mean"],
        }

    def script(self, *words):
        return subprocess.run([self.home / "lab.sh", *words], check=True, capture_output=True, text=True).stdout

    def up(self, profile):
        nice = {"LAB_NICE": "-10"} if os.geteuid() == 0 else {}
        subprocess.run([self.home / "lab.sh", "up", profile], check=True, env=os.environ | nice)
        self.environment = dict(word.split("=", 1) for word in self.script("env").split())
        self.namespace = [] if profile == "plain" else ["ip", "netns", "exec", "lab-cli"]

    def down(self):
        self.script("down")

    def token(self):
        """A token that the gateway has not seen: it asks Earthdata Login about each once a minute (150 ms), and a user
        who comes now and then pays for that every time."""
        self.tokens += 1
        return self.script("token", "labuser", str(1_000_000 + self.tokens)).strip()

    def launch(self, command, environment):
        """Runs a command where the services are; its output, what it cost, and what the servers saw."""
        nice = ["nice", "-n", "-10"] if os.geteuid() == 0 else []
        with tempfile.TemporaryDirectory() as folder:
            cost = pathlib.Path(folder) / "cost.json"
            words = [*self.namespace, *nice, sys.executable, "-I", "-S", "-c", LAUNCHER, str(cost), *map(str, command)]
            mark = self.run / "mark"
            token = {"EARTHDATA_TOKEN": self.token()}
            mark.write_text(f"{time.time():.6f}")
            own = {key: os.environ[key] for key in ("PATH", "HOME", "LANG") if key in os.environ}
            environment = own | self.environment | {"LAB_MARK": str(mark)} | token | environment
            done = subprocess.run(words, env=environment, capture_output=True, text=True)
            time.sleep(0.15)  # the servers write their log after they have answered
            if not cost.exists():
                sys.exit(f"could not start {command[0]}: {done.stderr.strip()}")
            usage = json.loads(cost.read_text())
        if usage["status"] != 0:
            sys.exit(f"{' '.join(map(str, command))} failed ({usage['status']}): {done.stderr.strip()[-2000:]}")
        since = float(mark.read_text())
        return done.stdout, usage, self.log.rows(str(self.run), since), self.log.collect(str(self.run), since)


# ---------------------------------------------------------------------------- cases


def cases(profile):
    """What is measured: name, and the function's arguments."""
    doors = ("s3", "https") if profile != "home" else ("https",)  # NASA's buckets refuse whoever is elsewhere
    for box in BOXES:
        for door in doors:
            for count in (1, 5) if box == "window" else (1,):
                for index in ("cold", "index"):
                    yield f"swath {index} {door} {count} {box}", ("swath", door, count, index, box)
                    yield f"floor {index} {door} {count} {box}", ("floor", door, count, index, box)
    if profile == "home":
        yield "cookbook https 1 window", ("cookbook", "https1", "https", 1, "window")
        yield "cookbook https 5 window", ("cookbook", "open5h", "https", 5, "window")
    else:
        yield "cookbook https 1 window", ("cookbook", "https1", "https", 1, "window")
        yield "cookbook s3 1 window", ("cookbook", "s31", "s3", 1, "window")
        yield "cookbook s3 5 window", ("cookbook", "open5", "s3", 5, "window")
        yield "cookbook s3 1 BIG", ("cookbook", "s31", "s3", 1, "BIG")


def check(lab, box, means, what):
    truth = lab.truth[box]
    for mean in means:
        if not abs(mean - truth) <= TOLERANCE * abs(truth):
            sys.exit(f"{what}: mean {mean!r} is not {truth!r}")


def swath(lab, options, door, count, index, box):
    """One run of `swath stats`. For `index`, a run before it (not measured) leaves the saved index."""
    sources = lab.sources[door][:count]
    command = [options.swath, "stats", *sources, "--bbox", ",".join(map(str, BOXES[box])), "--json", "--access", door]
    cache = pathlib.Path(options.scratch) / f"{door}-{count}-{box}"
    if index == "cold":
        shutil.rmtree(cache, ignore_errors=True)
        command.append("--no-cache")
    elif not cache.exists():
        lab.launch(command, {"XDG_CACHE_HOME": str(cache)})
    out, usage, requests, seen = lab.launch(command, {"XDG_CACHE_HOME": str(cache)})
    answers = [json.loads(line) for line in out.splitlines()]
    assert len(answers) == count, out
    check(lab, box, [answer["mean"] for answer in answers], " ".join(command))
    result = measured(usage, requests, seen)
    result |= {
        "seconds": round(usage["ended"] - result.pop("clock"), 4),
        "said_seconds": max(answer["seconds"] for answer in answers),
        "said_requests": sum(answer["requests"] for answer in answers),
        "said_bytes": sum(answer["bytes"] for answer in answers),
        "waves": max(answer["waves"] for answer in answers),
    }
    return result, requests


def floor(lab, _, door, count, index, box):
    """Plain sockets and perfect knowledge of the offsets."""
    plan = lab.cache / ("seed.json" if box == "window" else "big.json")
    command = [lab.python, lab.home / "limit.py", "run", plan, door, count, "--mode", index]
    return other(lab, command, {}, box, 1e-6)


def cookbook(lab, _, cell, _door, _count, box):
    """The notebook's own cells; xarray's mean of a float32 window is rounded to float32."""
    environment = {"BOX": ",".join(map(str, BOXES["BIG"]))} if box == "BIG" else {}
    return other(lab, [lab.python, lab.home / "baseline_seed.py", cell], environment, box, 1e-5)


def other(lab, command, environment, box, tolerance):
    out, usage, requests, seen = lab.launch(command, environment)
    said = json.loads(next(line for line in reversed(out.splitlines()) if line.startswith("{")))
    truth = lab.truth[box]
    assert all(abs(mean - truth) <= tolerance * truth for mean in said["values"]), (said["values"], truth)
    result = measured(usage, requests, seen)
    result.pop("clock")
    return result | {"seconds": said["seconds"]}, requests


def measured(usage, requests, seen):
    """What a run cost. `clock` is when the reading began: at the start of the process or, where temporary
    credentials were asked for, when they had been sent: the notebook and the floor do not count those either."""
    credentials = [row["t1"] for row in requests if row["p"].endswith("/s3credentials")]
    gateway = [row for row in requests if row["svc"] == "tea" and not row["p"].endswith("/s3credentials")]
    return {
        "clock": max([usage["begun"], *credentials]),
        "process": round(usage["ended"] - usage["begun"], 4),
        "requests": seen["requests"] - len(credentials),
        "gateway": len(gateway),
        "bytes": sum(row["b"] for row in requests if row["svc"] in ("s3", "cdn")),
        "connections": sum(service["connections"] for service in seen["services"].values()),
        "rss_mib": round(usage["rss_kib"] / 1024, 1),
        "cpu_s": usage["cpu_s"],
    }


KINDS = {"swath": swath, "floor": floor, "cookbook": cookbook}


def run(lab, options):
    out = pathlib.Path(options.out)
    for profile in options.profile.split(","):
        chosen = [(name, case) for name, case in cases(profile) if re.search(options.only, name)]
        lab.up(profile)
        try:
            for repetition in range(options.runs):
                for name, (kind, *arguments) in chosen:
                    if kind == "cookbook" and repetition >= options.cookbook_runs:
                        continue
                    load = os.getloadavg()[0]
                    result, _ = KINDS[kind](lab, options, *arguments)
                    result |= {"profile": profile, "case": name, "load": round(load, 2)}
                    with out.open("a") as lines:
                        lines.write(json.dumps(result) + "\n")
                    print(f"{profile:9s}{name:28s}{result['seconds']:8.3f} s  {result['requests']:4d} requests", flush=True)
        finally:
            lab.down()


def trace(lab, options):
    lab.up(options.profile)
    try:
        kind, *arguments = dict(cases(options.profile))[options.case]
        result, requests = KINDS[kind](lab, options, *arguments)
    finally:
        lab.down()
    base = min(row["t0"] for row in requests)
    for row in requests:
        where = f"{row['svc']:4s} c{row['conn']:<4}"
        print(f"{row['t0'] - base:8.3f} +{row['ms']:7.1f} ms {where} {row['s']} {row['b']:>10} {row['r']:32s} {row['p'][-70:]}")
    print(json.dumps(result))


def table(options):
    rows = {}
    for line in pathlib.Path(options.out).read_text().splitlines():
        row = json.loads(line)
        rows.setdefault(row["profile"], {}).setdefault(row["case"], []).append(row)
    for profile, found in rows.items():
        print(f"\n**{profile}**\n")
        print("| case | read, s: median (min–max) | process, s | requests | of these gateway | MB | connections | waves | peak MiB | CPU s | runs |")
        print("|---|---|---|---|---|---|---|---|---|---|---|")
        for name, runs in found.items():
            print(table_row(name, runs))


def table_row(name, runs):
    def middle(key):
        return statistics.median(run[key] for run in runs)

    seconds = [run["seconds"] for run in runs]
    spread = f"**{statistics.median(seconds):.3f}** ({min(seconds):.3f}–{max(seconds):.3f})"
    counts = {run["requests"] for run in runs}
    requests = f"{middle('requests'):.0f}" if len(counts) == 1 else f"{min(counts)}–{max(counts)}"
    waves = f"{middle('waves'):.0f}" if all("waves" in run for run in runs) else ""
    return (
        f"| {name} | {spread} | {middle('process'):.2f} | {requests} | {middle('gateway'):.0f} | {middle('bytes') / 1e6:.2f} "
        f"| {middle('connections'):.0f} | {waves} | {middle('rss_mib'):.0f} | {middle('cpu_s'):.2f} | {len(runs)} |"
    )


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("what", choices=["run", "table", "trace"])
    parser.add_argument("case", nargs="?", help="for trace: a case, e.g. 'swath cold s3 1 window'")
    parser.add_argument("--profile", default="inregion,home")
    parser.add_argument("--runs", type=int, default=5)
    parser.add_argument("--cookbook-runs", type=int, default=1, help="the cookbook is slow: this many runs of it")
    parser.add_argument("--only", default=".")
    parser.add_argument("--swath", default=str(HERE.parent / "target/release/swath"))
    parser.add_argument("--out", default="lab.jsonl")
    options = parser.parse_args()
    if options.what == "table":
        return table(options)
    with tempfile.TemporaryDirectory() as scratch:
        options.scratch = scratch
        options.swath = str(pathlib.Path(options.swath).resolve())
        lab = Laboratory()
        if options.what == "trace":
            options.profile = options.profile.split(",")[0]
        return {"run": run, "trace": trace}[options.what](lab, options)


if __name__ == "__main__":
    main()
