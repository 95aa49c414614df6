"""What can be wrong with a device, on request and at run time.

| kind      | the device then … | options |
|-----------|-------------------|---------|
| silence   | does not answer | seconds |
| slow      | answers late | seconds, delay_s |
| exception | answers every request with a Modbus exception | seconds, code |
| crc       | answers with a wrong checksum (RTU only) | seconds |
| garbage   | answers with as many meaningless bytes | seconds |
| zeros     | answers every register as 0 | seconds |
| stuck     | keeps answering what was true when it began | seconds |
| refuse    | refuses writes (or with access = "read", "any") that touch a register | seconds, address, code, access |
| lying     | acknowledges writes and ignores them | seconds |
| foreign   | is written to by another controller, once or every every_s | seconds, address, words, unit, every_s |
| restart   | loses what is volatile and is silent for `seconds` (5) | seconds |
| watchdog  | its own watchdog trips, once | |

Without `seconds` a fault lasts until it is cleared. Seconds are real ones, whatever the speed of the house.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from math import inf

LASTING = ("silence", "slow", "exception", "crc", "garbage", "zeros", "stuck", "refuse", "lying", "foreign")
ONCE = ("restart", "watchdog")
KINDS = LASTING + ONCE


@dataclass
class Fault:
    """One fault; which options count depends on the kind, see the table above."""

    kind: str
    seconds: float = inf
    delay_s: float = 2.0
    code: int = 4
    address: int = -1
    access: str = "write"
    words: list[int] = field(default_factory=list)
    unit: int = 0  # 0: the product's first
    every_s: float = 0.0

    def __post_init__(self) -> None:
        if self.kind not in KINDS:
            raise ValueError(f"fault {self.kind!r} is none of {', '.join(KINDS)}")
        if self.kind in ("refuse", "foreign") and self.address < 0:
            raise ValueError(f"fault {self.kind!r} needs an address")
        if self.kind == "foreign" and not self.words:
            raise ValueError("fault 'foreign' needs words")
        if self.access not in ("read", "write", "any"):
            raise ValueError(f"access {self.access!r} is none of read, write, any")

    def refuses(self, access: str, address: int, count: int) -> bool:
        """Tell whether an access touches the refused register."""
        return self.access in (access, "any") and address <= self.address < address + count


class FaultBox:
    """The faults that a device has now, at most one of a kind."""

    def __init__(self, on_end: Callable[[str], None]) -> None:
        self._active: dict[str, Fault] = {}
        self.any = False  # whether one is active: asked far more often than it changes
        self._foreign_due_s = 0.0
        self._on_end = on_end

    def begin(self, fault: Fault) -> None:
        """Start a fault, in place of one of the same kind."""
        self._active[fault.kind] = fault
        self.any = True
        if fault.kind == "foreign":
            self._foreign_due_s = 0.0

    def clear(self, kind: str = "") -> None:
        """End one kind, or all."""
        for name in [kind] if kind else list(self._active):
            if self._active.pop(name, None):
                self.any = bool(self._active)
                self._on_end(name)

    def get(self, kind: str) -> Fault | None:
        """Return the fault of this kind that is active."""
        return self._active.get(kind)

    def names(self) -> list[str]:
        """Return the kinds that are active."""
        return sorted(self._active)

    def step(self, dt_s: float) -> None:
        """Let real time pass."""
        for fault in list(self._active.values()):
            fault.seconds -= dt_s
            if fault.seconds <= 0:
                self.clear(fault.kind)

    def foreign_write_due(self, dt_s: float) -> Fault | None:
        """Return the fault when the other controller writes in this step."""
        fault = self._active.get("foreign")
        if fault is None:
            return None
        self._foreign_due_s -= dt_s
        if self._foreign_due_s > 0:
            return None
        self._foreign_due_s = fault.every_s if fault.every_s > 0 else inf
        return fault
