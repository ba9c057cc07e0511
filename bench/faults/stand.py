"""What stands behind every case: granules on disk, a sandbox in a process of its own, the commands of each tool."""
import base64
import contextlib
import dataclasses
import gzip
import hashlib
import json
import os
import pathlib
import shutil
import signal
import ssl
import subprocess
import tempfile
import threading
import urllib.parse
import urllib.request

HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parents[1]
GRANULE = "NISAR_L2_PR_GCOV_005_172_A_008_2005_DHDH_A_20251122T024618_20251122T024652_X05009_N_F_J_001"
COLLECTION, BUCKET = "NISAR_L2_GCOV_BETA_V1", "sds-n-cumulus-prod-nisar-products"
KEY = f"{COLLECTION}/{GRANULE}/{GRANULE}.h5"
LAYER = "/science/LSAR/GCOV/grids/frequencyA/HHHH"
SEARCH = {
    "area": "POLYGON((40.9131 12.3904,41.8891 12.3904,41.8891 13.2454,40.9131 13.2454,40.9131 12.3904))",
    "box": [40.9131, 12.3904, 41.8891, 13.2454],
    "start": "2025-11-22",
    "end": "2026-03-05",
    "found": 7,
}
PROGRAMS = {
    "fsspec + h5py": "fsspec_h5py.py",
    "GDAL": "gdal.py",
    "obstore + h5py": "obstore_h5py.py",
    "asf_search": "asf_search_.py",
    "earthaccess": "earthaccess_.py",
}


class Witness:
    """What h5py, numpy and rioxarray found in the granule when it was made (fixtures/expected)."""

    def __init__(self):
        known = json.loads((ROOT / f"fixtures/expected/{GRANULE}.json").read_text())
        seen = next(item for item in known["windows"] if item["path"] == LAYER and item["box"] == "seed")
        self.window = [seen[name] for name in ("row_off", "col_off", "height", "width")]
        self.mean, self.sha256 = seen["mean"], known["sha256"]
        layer = known["storage"][LAYER]
        rows, columns = layer["chunk_shape"]
        first = [self.window[0] // rows * rows, self.window[1] // columns * columns]
        chunk = next(chunk for chunk in layer["chunks"] if chunk[:2] == first)
        self.middle_of_chunk = chunk[2] + chunk[3] // 2


def granules(folder: pathlib.Path) -> dict[str, pathlib.Path]:
    """The seven demo granules with their checksums, and one of them cut in half."""
    whole, truncated = folder / "whole", folder / "truncated"
    for place in (whole, truncated):
        place.mkdir(parents=True)
    for packed in sorted((ROOT / "fixtures/granules").glob("*_001.h5.gz")):
        data = gzip.decompress(packed.read_bytes())
        (whole / packed.stem).write_bytes(data)
        # Where a granule's checksum lies in the archive, and so where the sandbox looks for it.
        (whole / f"{packed.stem}.md5").write_text(hashlib.md5(data).hexdigest())
        if packed.stem == f"{GRANULE}.h5":
            (truncated / packed.stem).write_bytes(data[: len(data) // 2])
    return {"whole": whole, "truncated": truncated}


@dataclasses.dataclass
class Place:
    """Where the services of one case are, and as whom they are asked."""

    environment: dict[str, str]
    base: int
    log: list[dict] = dataclasses.field(default_factory=list)

    def origin(self, service: str, host: str = "127.0.0.1") -> str:
        return f"https://{host}:{self.base + ['cmr', 'login', 'gateway', 'cdn', 's3'].index(service)}"


class Ports:
    """Five free ports in a row, for one sandbox after the other."""

    def __init__(self):
        # Below the ports that systems give out, and not where another run of this has just begun.
        self._next, self._lock = 20000 + os.getpid() % 1000 * 10, threading.Lock()

    def take(self) -> int:
        with self._lock:
            self._next += 10
            return self._next


@contextlib.contextmanager
def sandbox(program: str, data: pathlib.Path, orders: list[str], lifetime: int, ports: Ports):
    """Starts `swath sandbox`, told to misbehave; when the block ends its log is in `Place.log`."""
    with tempfile.TemporaryDirectory(prefix="swath-faults-") as folder:
        log = pathlib.Path(folder) / "log.jsonl"
        for _ in range(20):
            base = ports.take()
            told = [word.replace("{cdn}", str(base + 3)) for order in orders for word in ("--misbehave", order)]
            words = [program, "sandbox", "--json", "--data", data, "--port", str(base), "--log", log, "--lifetime", str(lifetime)]
            process = subprocess.Popen(words + told, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
            line = process.stdout.readline()
            if line:
                break
            trouble = process.communicate()[1]
            if "cannot listen" not in trouble:
                raise SystemExit(f"the sandbox does not start: {trouble}")
        place = Place(json.loads(line), base)
        try:
            yield place
        finally:
            process.send_signal(signal.SIGINT)
            try:
                process.communicate(timeout=10)
            except subprocess.TimeoutExpired:
                process.kill()
                process.communicate()
        place.log = [json.loads(line) for line in log.read_text().splitlines()]


def login(place: Place, user: str) -> None:
    """Makes the token that of another user, or one that Earthdata Login no longer believes."""
    if user == "labuser":
        return
    name = "labuser" if user == "revoked" else user
    token = json.loads(_ask(place, name, "/api/users/find_or_create_token"))["access_token"]
    if user == "revoked":
        _ask(place, name, f"/api/users/revoke_token?token={urllib.parse.quote(token)}")
    place.environment["EARTHDATA_TOKEN"] = token


def _ask(place: Place, user: str, path: str) -> bytes:
    authority = ssl.create_default_context(cafile=place.environment["SSL_CERT_FILE"])
    basic = base64.b64encode(f"{user}:labpass".encode()).decode()
    request = urllib.request.Request(f"{place.origin('login')}{path}", method="POST", data=b"")
    request.add_header("Authorization", f"Basic {basic}")
    opener = urllib.request.build_opener(
        urllib.request.HTTPSHandler(context=authority), urllib.request.ProxyHandler({})
    )
    with opener.open(request, timeout=10) as reply:
        return reply.read()


def environment(place: Place, home: pathlib.Path) -> dict[str, str]:
    """Nothing of the user's own: the sandbox, its authority in every dialect, an empty home."""
    authority = place.environment["SSL_CERT_FILE"]
    gateway = place.origin("gateway", "localhost").removeprefix("https://")
    said = dict(place.environment)
    said["SWATH_TOKEN_HOSTS"] += f",{gateway}"
    authorities = {name: authority for name in ("REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE", "AWS_CA_BUNDLE")}
    own = {"PATH": os.environ["PATH"], "HOME": str(home), "LANG": "C.UTF-8", "PYTHONDONTWRITEBYTECODE": "1"}
    return own | said | authorities


def address(place: Place, case) -> str:
    if case.address == "s3":
        return f"s3://{BUCKET}/{KEY}"
    # The gateway's host is not the one it redirects to, as in the archive itself.
    origin = place.origin("gateway", "localhost")
    if case.address == "closed":
        origin = f"https://localhost:{place.base + 7}"
    return f"{origin}/NISAR/{KEY}"


def command(tool: str, work: str, place: Place, case, folder: pathlib.Path, programs: dict) -> list[str]:
    """What is run: the tool as its documentation tells."""
    url, witness = address(place, case), programs["witness"]
    if tool == "swath":
        row, column, height, width = map(str, witness.window)
        return [programs["swath"]] + {
            "read": ["stats", url, "--window", row, column, height, width, "--json", "--no-cache"],
            # By its name, so that the catalogue's size and checksum are known.
            "download": ["get", url if case.address else GRANULE, "--output", str(folder), "--quiet"],
            "search": ["search", "--area", SEARCH["area"], "--start", SEARCH["start"], "--end", SEARCH["end"],
                       "--all-versions", "--jsonl", "--no-cache"],
        }[work]
    if tool == "curl":
        bearer = f"Authorization: Bearer {place.environment['EARTHDATA_TOKEN']}"
        return [programs["curl"], "--fail", "--location", "--silent", "--show-error", "--retry", "3", "--retry-all-errors",
                "--continue-at", "-", "--header", bearer, "--output", str(folder / f"{GRANULE}.h5"), url]
    job = {
        "work": work, "url": url, "layer": LAYER.lstrip("/"), "window": witness.window, "folder": str(folder),
        "ca": place.environment["SSL_CERT_FILE"], "cmr": place.origin("cmr"), "edl": place.origin("login"),
        "s3": place.origin("s3"), "credentials_url": f"{place.origin('gateway', 'localhost')}/s3credentials", **SEARCH,
    }
    return [programs["python"], str(HERE / "tools" / PROGRAMS[tool]), json.dumps(job)]


def installed(tools: pathlib.Path) -> str:
    """The Python with the peers in it, made when the pinned list changes."""
    venv, wanted = tools / "faults-venv", HERE / "requirements.txt"
    python = venv / "bin/python"
    known = venv / "installed.txt"
    if not known.exists() or known.read_text() != wanted.read_text():
        shutil.rmtree(venv, ignore_errors=True)
        subprocess.run([os.sys.executable, "-m", "venv", venv], check=True)
        quiet = ["--quiet", "--disable-pip-version-check"]
        subprocess.run([python, "-m", "pip", "install", *quiet, "-r", wanted], check=True)
        shutil.copy(wanted, known)
    return str(python)
