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


@dataclass(frozen=True)
class Cell:
    """Consecutive words that belong together. `accept` takes what was written (None: read-only), `allow`
    tells beforehand whether it may be.
    """

    address: int
    size: int
    words: Callable[[], list[int]]
    accept: Callable[[list[int]], None] | None = None
    allow: Callable[[list[int]], bool] | None = None


class Bank:
    """A map. `gaps` are ranges that read as zero though nothing is documented there."""

    def __init__(self, cells: Iterable[Cell], words_max: int = 125, gaps: Iterable[range] = (), even: bool = False):
        self.words_max, self._even = words_max, even
        self._cells: dict[int, tuple[Cell, int]] = {}
        self._gaps = tuple(gaps)
        self._frozen: dict[int, int] | None = None
        self._spans: dict[tuple[int, int], list[tuple[Cell | None, int, int]]] = {}  # worked out once each
        for cell in cells:
            for i in range(cell.size):
                if cell.address + i in self._cells:
                    raise ValueError(f"register {cell.address + i} is described twice")
                self._cells[cell.address + i] = (cell, i)

    def read(self, address: int, count: int) -> list[int]:
        """Return `count` words. Raises: Refused."""
        if count > self.words_max or (self._even and (address % 2 or count % 2)):
            raise Refused(ILLEGAL_ADDRESS)
        if self._frozen is not None:
            return [self._from_frozen(at) for at in range(address, address + count)]
        return self._walk(address, address + count)

    def _walk(self, at: int, end: int) -> list[int]:
        span = at, end
        if span not in self._spans:
            self._spans[span] = self._parts(at, end)
        found: list[int] = []
        for cell, first, last in self._spans[span]:
            if cell is None:
                found += [0] * last
                continue
            words = cell.words()
            assert len(words) == cell.size, cell
            found += words[first:last]
        return found

    def _parts(self, at: int, end: int) -> list[tuple[Cell | None, int, int]]:
        """Return which words of which cells make a span; None stands for a gap of so many words. Raises: Refused."""
        parts: list[tuple[Cell | None, int, int]] = []
        while at < end:
            if at in self._cells:
                cell, skip = self._cells[at]
                last = min(cell.size, skip + end - at)
                parts.append((cell, skip, last))
                at += last - skip
            elif any(at in gap for gap in self._gaps):
                parts.append((None, 0, 1))
                at += 1
            else:
                raise Refused(ILLEGAL_ADDRESS)
        return parts

    def _from_frozen(self, at: int) -> int:
        assert self._frozen is not None
        if at in self._frozen:
            return self._frozen[at]
        return self._walk(at, at + 1)[0]

    def freeze(self, frozen: bool) -> None:
        """Keep answering what is true now, or be live again."""
        self._frozen = {at: cell.words()[i] for at, (cell, i) in self._cells.items()} if frozen else None

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
