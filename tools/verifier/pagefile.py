"""Find the pages and disclosures in a file or stream: one after another, as a head-end exports them.

It is read in pieces of READ_BYTES; whatever it holds, little more than that is in memory.
After damaged bytes the search goes on at the next place that begins like a page or disclosure, so that
one fault does not hide what lies behind it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

from tools.errors import UsageError
from tools.strict import Incomplete, NotStrict, item_size
from tools.verifier.disclosure import DISCLOSURE_HEAD
from tools.verifier.page import PAGE_HEAD, page_size
from tools.wire import COSE_SIGN1, DISCLOSURE_BYTES_MAX, ENVELOPE_START, PAGE_BYTES_MAX

READ_BYTES = 1 << 18
BEGINS = re.compile(rb"[\x82\x83]" + re.escape(ENVELOPE_START))  # a disclosure or a page, with its envelope
HEADS = (bytes((DISCLOSURE_HEAD,)) + ENVELOPE_START[:2], bytes((PAGE_HEAD,)) + ENVELOPE_START[:2])
BEGIN_BYTES = 1 + len(ENVELOPE_START)
LOOK_BYTES = DISCLOSURE_BYTES_MAX + BEGIN_BYTES  # one item, and whether another begins at its end
DIGITS = re.compile(r"(\d+)")

Piece = tuple[int, bytes | NotStrict]  # offset in the file; a page's bytes, or what is there instead


def pieces(file: BinaryIO) -> Iterator[Piece]:
    """Yield what the file holds, from its beginning to its end."""
    window = _Window(file)
    while window.fill():
        offset = window.offset
        size_bytes = page_size(window.held, window.at)
        if size_bytes and not _swallows(window.held, window.at, size_bytes):
            yield offset, window.take(size_bytes)
            continue
        try:
            size_bytes = _item_size(window.rest())
        except NotStrict as wrong:
            skipped = window.skip_damage()
            yield offset, _damage(wrong, skipped, at_end=not window.rest())
        else:
            yield offset, window.take(size_bytes)


def _item_size(rest: bytes) -> int:
    if not any(head.startswith(rest[: len(head)]) for head in HEADS):
        raise NotStrict("garbage", "neither a page nor a disclosure begins here")
    size_max = PAGE_BYTES_MAX if rest[0] == PAGE_HEAD else DISCLOSURE_BYTES_MAX
    size_bytes = item_size(rest, size_max, COSE_SIGN1, tag_at=1)
    if _swallows(rest, 0, size_bytes):
        raise NotStrict("malformed", "a page claims another page as its own content")
    return size_bytes


def _swallows(held: bytes, at: int, size_bytes: int) -> bool:
    """Tell whether another page begins inside an item, be it with its first byte alone: then this one was cut."""
    end = at + size_bytes + BEGIN_BYTES - 1
    # `find` is ten times as quick, and nearly always finds nothing.
    return held.find(ENVELOPE_START, at + 2, end) >= 0 and BEGINS.search(held, at + 1, end) is not None


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
        return NotStrict("truncated", f"the last {skipped} bytes are the beginning of a page or disclosure")
    return NotStrict("malformed", f"a page claims more than there is; {skipped} bytes passed over")


class _Window:
    """The part of the file that is in memory; what lies before `at` is done with."""

    def __init__(self, file: BinaryIO) -> None:
        self._file = file
        self._ended = False
        self.held = b""
        self.at = 0
        self.offset = 0  # in the file, of what begins at `at`

    def fill(self) -> bool:
        """Hold a whole item if there is one; False at the end of the file."""
        while len(self.held) - self.at < LOOK_BYTES and not self._ended:
            more = self._file.read(READ_BYTES)
            self._ended = not more
            self.held, self.at = self.held[self.at :] + more, 0
        return self.at < len(self.held)

    def rest(self) -> bytes:
        """Return as much as one item may have, and what shows where the next begins."""
        return self.held[self.at : self.at + LOOK_BYTES]

    def take(self, size_bytes: int) -> bytes:
        """Remove and return the first bytes."""
        taken = self.held[self.at : self.at + size_bytes]
        self.at += size_bytes
        self.offset += size_bytes
        return taken

    def skip_damage(self) -> int:
        """Go to the next beginning of a page or disclosure, or to the end; return how many bytes that was."""
        began = self.offset
        self.take(1)
        while self.fill():
            found = BEGINS.search(self.held, self.at)
            if found is not None:
                self.take(found.start() - self.at)
                break
            # The last bytes may be the first half of a beginning.
            keep = 0 if self._ended else BEGIN_BYTES - 1
            self.take(max(1, len(self.held) - self.at - keep))
        return self.offset - began
