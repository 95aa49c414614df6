"""What a site's schedule survives a power cut with, while the server cannot be reached.

Programs with their defaults, controls with what became of them, responses that wait, and how far the server's clock
is ahead of the civil one. A file that cannot be read is told of and left behind: what the agent itself kept, the
defaults among it, stays in force then.
"""

from __future__ import annotations

import json
import os
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

from boards.cpython.ieee2030_5.events import Entry
from boards.cpython.ieee2030_5.resources import Control, Default, Program
from boards.cpython.ieee2030_5.responses import Response

VERSION = 1
FILE_BYTES_MAX = 4194304
MRID_DIGITS = 32
NUMBERS = (
    "primacy", "created_s", "start_s", "duration_s", "status", "random_start_s", "random_duration_s", "required",
    "read_s",
)  # fmt: skip


class Kept:
    """One file, which is replaced whole."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._written = b""

    def load(self) -> tuple[list[Program], list[Entry], list[Response], int | None]:
        """Return what was kept; the last is how far the server is ahead of the civil clock, in ms.

        Raises: OSError, ValueError for a file that is none of ours.
        """
        raw = self.read()
        if raw is None:
            return [], [], [], None
        try:
            held = json.loads(raw)
            if held["version"] != VERSION:
                raise ValueError(f"version {held['version']}")
            programs = [_program(each) for each in held["programs"]]
            entries = [_entry(each) for each in held["entries"]]
            waiting = [_response(each) for each in held["responses"]]
            _check(held["ahead_ms"] is None or type(held["ahead_ms"]) is int)
            return programs, entries, waiting, held["ahead_ms"]
        except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
            raise ValueError(f"{self.path}: not what this version has written: {error}") from error

    def read(self) -> bytes | None:
        """Return what the file holds, None where there is none. Raises: OSError."""
        if not self.path.exists():
            return None
        with self.path.open("rb") as file:
            return file.read(FILE_BYTES_MAX)

    def packed(
        self, programs: list[Program], entries: list[Entry], waiting: list[Response], ahead_ms: int | None
    ) -> bytes | None:
        """Return what the file should hold, None when it does."""
        held: dict[str, Any] = {
            "version": VERSION,
            "programs": [asdict(each) for each in programs],
            "entries": [_bare(each) for each in entries],
            "responses": [list(each) for each in waiting],
            "ahead_ms": ahead_ms,
        }
        raw = json.dumps(held, sort_keys=True).encode()
        return None if raw == self._written else raw

    def write(self, raw: bytes) -> None:
        """Put this in the place of what the file holds. Raises: OSError; the file is then what it was."""
        beside = self.path.with_suffix(".new")
        with beside.open("wb") as file:
            file.write(raw)
            file.flush()
            os.fsync(file.fileno())
        beside.replace(self.path)
        self._written = raw


def _bare(entry: Entry) -> dict[str, Any]:
    """Return an entry without when it was last read: that alone is nothing new."""
    return asdict(replace(entry, control=replace(entry.control, read_s=0)))


def _program(held: dict[str, Any]) -> Program:
    made = Program(**held)
    _check(type(made.primacy) is int and _are(str, made.href, made.mrid, made.controls_href, made.default_href))
    if made.default is not None:
        said = made.default = Default(**{**held["default"], "unknown": tuple(held["default"]["unknown"])})
        _check(type(said.mrid) is str and (said.grad_w is None or type(said.grad_w) is int))
        _check_modes(said.modes)
    return made


def _entry(held: dict[str, Any]) -> Entry:
    control = Control(**{**held["control"], "unknown": tuple(held["control"]["unknown"])})
    bytes.fromhex(control.mrid.zfill(MRID_DIGITS))
    _check(len(control.mrid) <= MRID_DIGITS and _are(str, control.mrid, control.reply_to, control.program))
    _check(_are(int, *[getattr(control, name) for name in NUMBERS]) and control.duration_s > 0)
    _check(control.ramp_cs is None or type(control.ramp_cs) is int)
    _check_modes(control.modes)
    entry = Entry(control, held["seen_s"], held["cut_s"], held["lost_s"], held["told"])
    _check(type(entry.seen_s) is int and (entry.cut_s is None or type(entry.cut_s) is int) and _are(int, *entry.told))
    _check_modes(entry.lost_s)
    return entry


def _response(held: list[Any]) -> Response:
    made = Response(*held)
    _check(_are(str, made.mrid, made.reply_to) and _are(int, made.status, made.at_s))
    return made


def _are(kind: type, *held: object) -> bool:
    return all(type(each) is kind for each in held)


def _check_modes(modes: dict[str, int]) -> None:
    _check(_are(str, *modes) and _are(int, *modes.values()))


def _check(right: bool) -> None:
    if not right:
        raise ValueError("a field of another kind")
