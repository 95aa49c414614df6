"""Find the pages in a file: envelopes one after another, as a head-end exports them.

The file is read in pieces of at most READ_BYTES; whatever it holds, no more than two pages are in memory.
After damaged bytes the search goes on at the next place that begins like an envelope, so that
one fault does not hide the pages behind it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

from tools.errors import UsageError
from tools.strict import Incomplete, NotStrict, item_size
from tools.wire import COSE_SIGN1, ENVELOPE_START, PAGE_BYTES_MAX

READ_BYTES = PAGE_BYTES_MAX
ENVELOPE_HEAD = ENVELOPE_START[:2]  # tag 18, array of four
DIGITS = re.compile(r"(\d+)")

Piece = tuple[int, bytes | NotStrict]  # offset in the file; a page's bytes, or what is there instead


def pieces(file: BinaryIO) -> Iterator[Piece]:
    """Yield what the file holds, from its beginning to its end."""
    window = _Window(file)
    while window.fill():
        offset = window.offset
        try:
            if not ENVELOPE_HEAD.startswith(window.held[: len(ENVELOPE_HEAD)]):
                raise NotStrict("garbage", "no envelope begins here")
            size_bytes = item_size(window.held, PAGE_BYTES_MAX, COSE_SIGN1)
            if window.held.find(ENVELOPE_START, 1, size_bytes) >= 0:
                raise NotStrict("malformed", "a page claims another page as its own content")
        except NotStrict as wrong:
            skipped = window.skip_damage()
            yield offset, _damage(wrong, skipped, at_end=not window.held)
        else:
            yield offset, window.take(size_bytes)


def page_files(path: Path) -> list[Path]:
    """Return the file itself, or a folder's files in the order of the numbers in their names.

    Raises: UsageError.
    """
    if not path.exists():
        raise UsageError(f"there is no file or folder {path}")
    if not path.is_dir():
        return [path]
    return sorted((file for file in path.rglob("*") if file.is_file()), key=_natural)


def _natural(path: Path) -> list[tuple[bool, int, str]]:
    parts = DIGITS.split(str(path))
    return [(not part.isdigit(), int(part) if part.isdigit() else 0, part) for part in parts]


def _damage(wrong: NotStrict, skipped: int, *, at_end: bool) -> NotStrict:
    if not isinstance(wrong, Incomplete):
        return NotStrict(wrong.fault, f"{wrong.detail}; {skipped} bytes passed over")
    if at_end:
        return NotStrict("truncated", f"the last {skipped} bytes are the beginning of a page")
    return NotStrict("malformed", f"a page claims more than there is; {skipped} bytes passed over")


class _Window:
    """The part of the file that is in memory."""

    def __init__(self, file: BinaryIO) -> None:
        self._file = file
        self.held = bytearray()
        self.offset = 0  # of the first held byte, in the file

    def fill(self) -> bool:
        """Hold a whole page if there is one; False at the end of the file."""
        while len(self.held) < PAGE_BYTES_MAX:
            more = self._file.read(READ_BYTES)
            if not more:
                break
            self.held += more
        return bool(self.held)

    def take(self, size_bytes: int) -> bytes:
        """Remove and return the first bytes."""
        taken = bytes(self.held[:size_bytes])
        del self.held[:size_bytes]
        self.offset += size_bytes
        return taken

    def skip_damage(self) -> int:
        """Go to the next beginning of an envelope, or to the end; return how many bytes that was."""
        began = self.offset
        self.take(1)
        while self.fill():
            found = self.held.find(ENVELOPE_START)
            if found >= 0:
                self.take(found)
                break
            # The last bytes may be the first half of a beginning.
            keep = len(ENVELOPE_START) - 1 if len(self.held) >= PAGE_BYTES_MAX else 0
            self.take(len(self.held) - keep)
        return self.offset - began
