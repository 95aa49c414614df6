"""Output for people: aligned tables, a line of progress, colour only where a terminal shows it."""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Sequence
from typing import TextIO

BAR_COLUMNS, REDRAW_S = 24, 0.1
RED, GREEN, DIM, BOLD = "31", "32", "2", "1"


def coloured(text: str, colour: str, stream: TextIO | None = None) -> str:
    """Return `text` in a colour when the stream is a terminal and NO_COLOR is unset."""
    stream = stream or sys.stdout
    if stream.isatty() and "NO_COLOR" not in os.environ:
        return f"\x1b[{colour}m{text}\x1b[0m"
    return text


def printable(text: str) -> str:
    """Return `text` with anything that could steer a terminal replaced."""
    return "".join(letter if letter.isprintable() else "\N{REPLACEMENT CHARACTER}" for letter in text)


def table(heads: Sequence[str], rows: Sequence[Sequence[object]]) -> str:
    """Return rows under heads, columns aligned; numbers to the right. Plain tabs when stdout is no terminal."""
    cells = [[_cell(field) for field in row] for row in rows]
    if not sys.stdout.isatty():
        return "\n".join("\t".join(row) for row in [list(heads), *cells])
    widths = [max(len(row[column]) for row in [list(heads), *cells]) for column in range(len(heads))]
    right = [bool(rows) and all(type(row[column]) is int for row in rows) for column in range(len(heads))]
    columns = list(zip(widths, right, strict=True))
    lines = [[_pad(text, *column) for text, column in zip(row, columns, strict=True)] for row in [heads, *cells]]
    top, *body = ["  ".join(line).rstrip() for line in lines]
    return "\n".join([coloured(top, BOLD), *body])


class Progress:
    """One line on stderr that is rewritten; nothing at all when stderr is no terminal."""

    def __init__(self, every: int) -> None:
        self._every = every
        self._steps = 0
        self._shown = False

    def step(self, text: str) -> None:
        """Count one step; show `text` at every so many."""
        self._steps += 1
        if self._steps % self._every == 0 and sys.stderr.isatty():
            self._shown = True
            print(f"\r{text}\x1b[K", end="", file=sys.stderr, flush=True)

    def close(self) -> None:
        """Leave a clean line."""
        if self._shown:
            print("\r\x1b[K", end="", file=sys.stderr, flush=True)


class ByteProgress:
    """A bar on stderr that is rewritten, of `whole` bytes if that is known; nothing when stderr is no terminal."""

    def __init__(self, whole: int | None) -> None:
        self._whole = whole
        self._shown_s = 0.0
        self._shown = False
        self._terminal = sys.stderr.isatty()

    def step(self, done: int, text: str = "") -> None:
        """Show how many bytes are done, at most ten times a second."""
        if not self._terminal or time.monotonic() - self._shown_s < REDRAW_S:
            return
        self._shown, self._shown_s = True, time.monotonic()
        print(f"\r{self._line(done)}  {text}\x1b[K", end="", file=sys.stderr, flush=True)

    def _line(self, done: int) -> str:
        if not self._whole:
            return f"{size(done)}"
        filled = min(BAR_COLUMNS, BAR_COLUMNS * done // self._whole)
        return f"[{'#' * filled}{'.' * (BAR_COLUMNS - filled)}] {size(done)} of {size(self._whole)}"

    def close(self) -> None:
        """Leave a clean line."""
        if self._shown:
            print("\r\x1b[K", end="", file=sys.stderr, flush=True)


def size(size_bytes: int) -> str:
    """Return a number of bytes for a person."""
    for unit, each in (("GB", 10**9), ("MB", 10**6), ("KB", 10**3)):
        if size_bytes >= each:
            return f"{size_bytes / each:.1f} {unit}"
    return f"{size_bytes} bytes"


def _cell(field: object) -> str:
    return "" if field is None else printable(str(field))


def _pad(text: str, width: int, right: bool) -> str:
    return text.rjust(width) if right else text.ljust(width)
