"""`siteward verify FILE... --key KEY`: exit code 0 when all is proven, 1 with faults, 2 when misused, 130 at Ctrl-C."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import BinaryIO

from tools.console import ByteProgress, size
from tools.errors import UsageError
from tools.keys import load_public, load_trusted
from tools.strict import NotStrict
from tools.verifier.faults import Fault
from tools.verifier.pagefile import Piece, page_files, pieces
from tools.verifier.report import as_json, as_text
from tools.verifier.verifier import Verifier
from tools.wire import key_id

GOOD, FAULTY, INTERRUPTED = 0, 1, 130
STDIN = Path("-")
TOGETHER_MAX, TOGETHER_BYTES_MAX = 256, 1 << 20  # pages that are judged at a time


def run(arguments: argparse.Namespace) -> int:
    """Verify the files and print the report. Raises: UsageError."""
    keys = [key for named in arguments.key for key in load_trusted(named)]
    begun = [_begun(named, {key_id(key).hex() for key in keys}) for named in arguments.begun]
    revoked = dict(revoked_key(named) for named in arguments.revoked)
    verifier = Verifier(keys, _hashes(arguments.after), _hashes(arguments.last_page), revoked, begun)
    files = [file for named in arguments.files for file in ([named] if named == STDIN else page_files(named))]
    reading = Reading(files)
    try:
        reading.feed(verifier)
    except KeyboardInterrupt:
        print(f"siteward: stopped after {reading.done()}; nothing is proven", file=sys.stderr)
        return INTERRUPTED
    report = verifier.report()
    if arguments.json:
        print(json.dumps(as_json(report, len(files)), indent=2))
    else:
        print(as_text(report, len(files)))
    return GOOD if report.ok else FAULTY


class Reading:
    """Feeds files, or standard input, to a verifier, and knows how far it came."""

    def __init__(self, files: Sequence[Path]) -> None:
        self._files = files
        self._whole: int | None = sum(map(_size_bytes, files))
        if not all(file != STDIN and file.is_file() for file in files):  # a stream ends when it ends
            self._whole = None
        self._before = 0  # bytes of files that are done with
        self._here = 0
        self.items = 0

    def done(self) -> str:
        """Return how far it came, for a person."""
        whole = "" if self._whole is None else f" of {size(self._whole)}"
        return f"{size(self._before + self._here)}{whole}, {self.items} pages"

    def feed(self, verifier: Verifier) -> None:
        """Give the verifier everything. Raises: UsageError when a file cannot be read."""
        progress = ByteProgress(self._whole)
        try:
            for path in self._files:
                self._here = 0
                self._feed_one(verifier, path, progress)
                self._before, self._here = self._before + max(self._here, _size_bytes(path)), 0
        finally:
            progress.close()

    def _feed_one(self, verifier: Verifier, path: Path, progress: ByteProgress) -> None:
        together: list[tuple[bytes, str]] = []
        for offset, piece in _pieces_of(path):
            place = f"{path} byte {offset}"
            if isinstance(piece, NotStrict):
                self._give(verifier, together)
                verifier.note(Fault(piece.fault, piece.detail, place=place))
                self._here = offset
                continue
            together.append((piece, place))
            if len(together) == TOGETHER_MAX or offset + len(piece) - self._here > TOGETHER_BYTES_MAX:
                self._give(verifier, together)
                self._here = offset + len(piece)
            progress.step(self._before + self._here, f"{self.items} pages")
        self._give(verifier, together)

    def _give(self, verifier: Verifier, together: list[tuple[bytes, str]]) -> None:
        verifier.add_all(together)
        self.items += len(together)
        together.clear()


def _pieces_of(path: Path) -> Iterator[Piece]:
    try:
        if path == STDIN:
            yield from pieces(sys.stdin.buffer)
            return
        with path.open("rb") as file:
            opened: BinaryIO = file
            yield from pieces(opened)
    except OSError as error:
        raise UsageError(f"cannot read {path}: {error.strerror}") from error


def _size_bytes(path: Path) -> int:
    try:
        return path.stat().st_size if path != STDIN else 0
    except OSError:
        return 0


def _hashes(given: list[str]) -> list[bytes]:
    return [_hex(text, 32, "page hash") for text in given]


def revoked_key(given: str) -> tuple[bytes, int]:
    """Return the key and the first record number that it may not sign, of KID or KID@SEQ. Raises: UsageError."""
    kid, at, seq = given.partition("@")
    if at and not (seq.isascii() and seq.isdigit()):
        raise UsageError(f"{given[:80]} revokes from no record number: expected KID or KID@SEQ")
    return _hex(kid, 8, "key id"), int(seq or 0)


def _begun(given: str, agents: set[str]) -> tuple[str, bytes]:
    agent, _, key = given.partition("=")
    if agent not in agents:
        raise UsageError(f"{given[:80]}: expected AGENT=KEY, the agent being one whose first key is given with --key")
    return agent, load_public(key)


def _hex(text: str, size_bytes: int, what: str) -> bytes:
    try:
        found = bytes.fromhex(text)
    except ValueError:
        found = b""
    if len(found) != size_bytes:
        raise UsageError(f"{text[:80]} is no {what}: expected {2 * size_bytes} hex digits")
    return found
