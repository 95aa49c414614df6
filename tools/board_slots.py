"""Where a build lies on a board: two slots of which one runs, so that a new one is whole before anything is switched.

A board whose firmware has a ROMFS partition executes the image in flash: each half of the partition is a slot. On any
other each is a folder of bytecode. What a cut left is gone on with; everything is verified by SHA-256 on the board.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from typing import Protocol

from tools.board_line import BoardLine, Faulty
from tools.errors import UsageError

CHUNK_BYTES = 1024
SYNC_BYTES = 4096
PAGE_BYTES = 256  # what an RP2 programs at once
NO_ROOM = "ENOSPC"

Progress = Callable[[int], None]


class Slot(Protocol):
    """One of the two places of an agent."""

    def holds(self) -> bool:
        """Tell whether all of the build is there already."""

    def fill(self, progress: Progress) -> None:
        """Write what is missing and verify the whole. Raises: UsageError, Lost, Faulty."""


def sha(content: bytes) -> str:
    """Return the SHA-256 in hex."""
    return hashlib.sha256(content).hexdigest()


class FolderSlot:
    """A folder of the board's file system."""

    def __init__(self, line: BoardLine, name: str, files: dict[str, bytes]) -> None:
        self._line = line
        self._folder = name
        self._files = files

    def holds(self) -> bool:
        """Tell whether all files are there, and no other."""
        return self._there() == {name: sha(content) for name, content in self._files.items()}

    def _there(self) -> dict[str, str]:
        where = f'F+"/{self._folder}"'
        names = self._line.ask(f"sorted(os.listdir({where})) if S({where})>=0 else []")
        return {name: hash_of(self._line, f"{self._folder}/{name}", len(self._files.get(name, b""))) for name in names}

    def fill(self, progress: Progress) -> None:
        """Write each file that is not there."""
        self._line.run(f'M(F+"/{self._folder}")')
        there = self._there()
        done = 0
        for name, content in self._files.items():
            if there.get(name) != sha(content):
                begun = done
                put_file(self._line, f"{self._folder}/{name}", content, lambda sent: progress(begun + sent))  # noqa: B023
            done += len(content)
            progress(done)
        names = self._line.ask(f'os.listdir(F+"/{self._folder}")')
        for name in sorted(set(names) - set(self._files)):
            self._line.run(f'os.remove(F+"/{self._folder}/{name}")')
        if not self.holds():
            raise UsageError("the board does not hold what was written: its flash may be worn out")


class RomSlot:
    """One half of the firmware's ROMFS partition."""

    def __init__(self, line: BoardLine, name: str, image: bytes) -> None:
        self._line = line
        self._second = name == "b"
        self._image = image
        self._block_bytes = int(line.ask("R()[2]"))

    def _mapped(self) -> str:
        return f"P,N,_=R();A=N if {self._second} else 0;V=memoryview(P)[A:A+{len(self._image)}]"

    def holds(self) -> bool:
        """Tell whether the image is there."""
        self._line.run(f"W();{self._mapped()};h=hashlib.sha256();h.update(V);W()")
        return bool(self._line.ask("binascii.hexlify(h.digest()).decode()") == sha(self._image))

    def fill(self, progress: Progress) -> None:
        """Erase and write each block that differs."""
        size, blocks = self._block_bytes, self._blocks()
        self._line.run(f"{self._mapped()};B=[]")
        self._line.run(
            f"for i in range(0,{len(self._image)},{size}):\n"
            f" W();h=hashlib.sha256();h.update(V[i:min(i+{size},{len(self._image)})])\n"
            " B.append(binascii.hexlify(h.digest()).decode())"
        )
        there = self._line.ask("B")
        for at, block in enumerate(blocks):
            if there[at] != sha(block):
                self._write(at, block)
            progress(min((at + 1) * size, len(self._image)))
        if not self.holds():
            raise UsageError("the board does not hold what was written: its flash may be worn out")

    def _blocks(self) -> list[bytes]:
        size = self._block_bytes
        return [self._image[at : at + size] for at in range(0, len(self._image), size)]

    def _write(self, at: int, block: bytes) -> None:
        self._line.run(f"W();b={at}+A//{self._block_bytes};P.ioctl(6,b)")
        padded = block + b"\xff" * (-len(block) % PAGE_BYTES)
        for offset in range(0, len(padded), CHUNK_BYTES):
            self._line.run(f"o={offset};w=lambda c:P.writeblocks(b,c,o)")
            self._line.send("w", padded[offset : offset + CHUNK_BYTES])


def hash_of(line: BoardLine, path: str, size_bytes: int) -> str:
    """Return the SHA-256 of a file on the board, "" when there is none or it is of another size. Raises: Lost."""
    where = f'F+"/{path}"'
    return str(line.ask(f'H({where},{size_bytes}) if S({where})=={size_bytes} else ""'))


def put_file(line: BoardLine, path: str, content: bytes, progress: Progress = lambda _sent: None) -> None:
    """Write a file beside its name, verify it on the board, give it the name. A cut part is gone on with.

    Raises: UsageError, Lost, Faulty.
    """
    part = f'F+"/{path}.part"'
    for at, letter in enumerate(path):
        if letter == "/":
            line.run(f'M(F+"/{path[:at]}")')
    begun = max(0, int(line.ask(f"S({part})")))
    if begun > len(content) or line.ask(f"H({part},{begun}) if {begun} else ''") != (
        sha(content[:begun]) if begun else ""
    ):
        begun = 0
    try:
        line.run(f'f=open({part},"{"ab" if begun else "wb"}");w=f.write')
        for at in range(begun, len(content), CHUNK_BYTES):
            line.send("w", content[at : at + CHUNK_BYTES])
            if (at - begun) % SYNC_BYTES == SYNC_BYTES - CHUNK_BYTES:
                line.run("f.flush()")
            progress(min(at + CHUNK_BYTES, len(content)))
        line.run("f.close()")
    except Faulty as fault:
        if NO_ROOM in str(fault) or "28" in str(fault):
            raise UsageError(
                f"the board's file system is full: {path} is not written; what runs there is as before"
            ) from fault
        raise
    if hash_of(line, f"{path}.part", len(content)) != sha(content):
        raise UsageError(f"the board does not hold what was written to {path}: its flash may be worn out")
    line.run(f'os.rename({part},F+"/{path}")')
