"""One register map: which addresses exist, what they say now, what may be written and what that does.

Nothing is copied per step: a word is worked out when it is read.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass

ILLEGAL_FUNCTION, ILLEGAL_ADDRESS, ILLEGAL_VALUE, DEVICE_FAILURE = 1, 2, 3, 4  # Modbus exception codes


class Refused(Exception):
    """The product answers with a Modbus exception; carries its code."""

    def __init__(self, code: int) -> None:
        super().__init__(f"Modbus exception {code}")
        self.code = code


class Silent(Exception):
    """Nothing answers this request."""


@dataclass(frozen=True)
class Cell:
    """Consecutive words that belong together. `told` is what they read as on the wire, or how to find it; `accept`
    takes what was written (None: read-only), `allow` tells beforehand whether it may be.
    """

    address: int
    size: int
    told: bytes | Callable[[], bytes]
    accept: Callable[[list[int]], None] | None = None
    allow: Callable[[list[int]], bool] | None = None

    def registers(self) -> bytes:
        """Return what it reads as now, two bytes a word."""
        return self.told if isinstance(self.told, bytes) else self.told()


class Bank:
    """A map. `gaps` are ranges that read as zero though nothing is documented there."""

    def __init__(self, cells: Iterable[Cell], words_max: int = 125, gaps: Iterable[range] = (), even: bool = False):
        self.words_max, self._even = words_max, even
        self._cells: dict[int, tuple[Cell, int]] = {}
        self._gaps = tuple(gaps)
        self._frozen: dict[int, bytes] | None = None
        self._spans: dict[tuple[int, int], list[bytes | Callable[[], bytes]]] = {}  # of sound reads, worked out once
        for cell in cells:
            for i in range(cell.size):
                if cell.address + i in self._cells:
                    raise ValueError(f"register {cell.address + i} is described twice")
                self._cells[cell.address + i] = (cell, i)

    def read(self, address: int, count: int) -> bytes:
        """Return `count` words, two bytes each. Raises: Refused."""
        if self._frozen is not None:
            self._check(address, count)
            return b"".join([self._from_frozen(at) for at in range(address, address + count)])
        parts = self._spans.get((address, count))
        if parts is None:
            self._check(address, count)
            parts = self._spans[address, count] = self._parts(address, address + count)
        found = b"".join([part if isinstance(part, bytes) else part() for part in parts])
        assert len(found) == 2 * count, (address, count)
        return found

    def _check(self, address: int, count: int) -> None:
        if count > self.words_max or (self._even and (address % 2 or count % 2)):
            raise Refused(ILLEGAL_ADDRESS)

    def _parts(self, at: int, end: int) -> list[bytes | Callable[[], bytes]]:
        """Return what tells the words of a span, piece by piece. Raises: Refused."""
        parts: list[bytes | Callable[[], bytes]] = []
        while at < end:
            if at in self._cells:
                cell, skip = self._cells[at]
                last = min(cell.size, skip + end - at)
                parts.append(_piece(cell, skip, last))
                at += last - skip
            elif any(at in gap for gap in self._gaps):
                parts.append(bytes(2))
                at += 1
            else:
                raise Refused(ILLEGAL_ADDRESS)
        return _joined(parts)

    def _from_frozen(self, at: int) -> bytes:
        assert self._frozen is not None
        if at in self._frozen:
            return self._frozen[at]
        self._parts(at, at + 1)  # a gap, or nothing
        return bytes(2)

    def freeze(self, frozen: bool) -> None:
        """Keep answering what is true now, or be live again."""
        self._frozen = {at: _word(cell.registers(), i) for at, (cell, i) in self._cells.items()} if frozen else None

    def check(self, address: int, words: list[int]) -> list[tuple[Cell, list[int]]]:
        """Return what a write would do, cell by cell; only whole cells are taken. Raises: Refused."""
        todo: list[tuple[Cell, list[int]]] = []
        at, end = address, address + len(words)
        while at < end:
            cell, skip = self._cells.get(at, (None, 0))
            if cell is None or cell.accept is None or skip or at + cell.size > end:
                raise Refused(ILLEGAL_ADDRESS)
            part = words[at - address : at - address + cell.size]
            if cell.allow is not None and not cell.allow(part):
                raise Refused(ILLEGAL_VALUE)
            todo.append((cell, part))
            at += cell.size
        return todo

    def write(self, address: int, words: list[int]) -> None:
        """Write whole cells, all of them or none. Raises: Refused."""
        for cell, part in self.check(address, words):
            assert cell.accept is not None
            cell.accept(part)


def _word(registers: bytes, index: int) -> bytes:
    return registers[2 * index : 2 * index + 2]


def _piece(cell: Cell, first: int, last: int) -> bytes | Callable[[], bytes]:
    """Return what tells some words of a cell."""
    if isinstance(cell.told, bytes):
        return cell.told[2 * first : 2 * last]
    if last - first == cell.size:
        return cell.told
    return lambda: cell.registers()[2 * first : 2 * last]


def _joined(parts: list[bytes | Callable[[], bytes]]) -> list[bytes | Callable[[], bytes]]:
    """Put what never changes and lies side by side together."""
    found: list[bytes | Callable[[], bytes]] = []
    for part in parts:
        if found and isinstance(part, bytes) and isinstance(found[-1], bytes):
            found[-1] += part
        else:
            found.append(part)
    return found
