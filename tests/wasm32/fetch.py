"""Bring the locked 32-bit build of MicroPython to build/wasm32: `python -m tests.wasm32.fetch`, part of `make test`.

npm packs it from wherever npm is told to look; requirements/wasm32.txt names the version and the SHA-512 of what it has
to be, and nothing else is unpacked. Where it cannot be had the tests that need it are skipped, and fail when strict.
"""

from __future__ import annotations

import base64
import hashlib
import subprocess
import sys
import tarfile
import tempfile
from pathlib import Path

from tests.needs import ROOT, find_program, strict

LOCK = ROOT / "requirements" / "wasm32.txt"
FOLDER = ROOT / "build" / "wasm32"
READY = FOLDER / "ready"  # holds the lock's line that what lies here was checked against
FILES = ("micropython.mjs", "micropython.wasm", "micropython-settrace.wasm")
TIMEOUT_S = 120


class FetchError(Exception):
    """Args: one line that says why the build is not here."""


def locked() -> tuple[str, str]:
    """Return what npm is asked for, and the integrity it has to have."""
    rows = [line.split() for line in LOCK.read_text().splitlines() if line and not line.startswith("#")]
    ((package, integrity),) = rows
    return package, integrity


def is_here() -> bool:
    """Tell whether the locked build lies in FOLDER."""
    return READY.exists() and READY.read_text() == " ".join(locked())


def fetch() -> None:
    """Bring it. Raises: FetchError, and FOLDER is as before."""
    package, integrity = locked()
    npm = find_program("npm")
    if npm is None:
        raise FetchError("npm is not installed")
    with tempfile.TemporaryDirectory() as folder:
        packed = pack(npm, package, Path(folder))
        found = "sha512-" + base64.b64encode(hashlib.sha512(packed.read_bytes()).digest()).decode()
        if found != integrity:
            raise FetchError(f"{package} is not what {LOCK.name} names: {found}")
        unpack(packed)
    READY.write_text(f"{package} {integrity}")


def pack(npm: str, package: str, folder: Path) -> Path:
    """Return the one archive that npm made. Raises: FetchError."""
    command = [npm, "pack", package, "--pack-destination", str(folder), "--fetch-retries", "1", "--loglevel", "error"]
    try:
        done = subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=TIMEOUT_S, check=False)
    except subprocess.TimeoutExpired:
        raise FetchError(f"npm pack {package} took longer than {TIMEOUT_S} s") from None
    made = list(folder.glob("*.tgz"))
    if done.returncode or len(made) != 1:
        raise FetchError(f"npm pack {package} failed: " + " ".join(done.stderr.split())[:200])
    return made[0]


def unpack(archive: Path) -> None:
    """Put what is needed of an archive into FOLDER; what lies there is not ready meanwhile."""
    FOLDER.mkdir(parents=True, exist_ok=True)
    READY.unlink(missing_ok=True)
    with tarfile.open(archive) as held:
        for name in FILES:
            file = held.extractfile(f"package/{name}")
            assert file is not None
            (FOLDER / name).write_bytes(file.read())


def main() -> int:
    """Bring it unless it is here; 1 when it cannot be had and has to."""
    if is_here():
        return 0
    try:
        fetch()
    except FetchError as why:
        print(f"no 32-bit MicroPython: {why}", file=sys.stderr)
        return int(strict())
    return 0


if __name__ == "__main__":
    sys.exit(main())
