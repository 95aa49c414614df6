"""A small generator of numbers that is the same on both runtimes, and what strangers and owners may send."""

from __future__ import annotations

from agent import record
from agent.command import Authority, Message
from tests.shared.house import AGENT_ID, AGGREGATOR, DSO, OWNER

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

STRANGER = Authority("stranger", b"\x04" + b"s" * 64, "receipt", 0)


class Lcg:
    """Numerical Recipes' generator; the upper bits are the good ones."""

    def __init__(self, seed: int) -> None:
        self._at = seed

    def below(self, bound: int) -> int:
        """Return a number from 0 to `bound` - 1."""
        self._at = (self._at * 1664525 + 1013904223) & 0xFFFFFFFF
        return (self._at >> 8) % bound

    def chance(self, one_in: int) -> bool:
        """Return True once in `one_in` calls."""
        return self.below(one_in) == 0

    def pick(self, choices: list[Any]) -> Any:
        """Return one of `choices`."""
        return choices[self.below(len(choices))]


class Senders:
    """Makes messages as the door hands them on; some are good."""

    def __init__(self, lcg: Lcg) -> None:
        self.lcg = lcg
        self.epoch = 0
        self.sent = 0
        self.counter = 0
        self.accepted: list[bytes] = []
        self._old: list[Message] = []

    def next_epoch(self, epoch: int) -> None:
        """The agent has booted: what was sent before is old."""
        self.epoch = epoch
        self.sent = 0

    def message(self, now_s: int) -> Message:
        """Return the next message."""
        self.sent += 1
        kind = self.lcg.below(10)
        if kind == 0 and self._old:
            return self.lcg.pick(self._old)
        if kind == 1:
            return Message(self._digest(), self.lcg.pick([record.MALFORMED, record.UNKNOWN_KEY, record.BAD_SIGNATURE]))
        authority = self.lcg.pick([DSO, AGGREGATOR, OWNER, STRANGER])
        self.counter += 1
        fields = [3, 1, AGENT_ID, self.epoch, self.counter, now_s + 30] + list(self._body())
        if kind == 2:
            fields[self.lcg.below(8)] = self._garbage()
        if kind == 3:
            fields[5] = now_s - self.lcg.below(100)
        made = Message(self._digest(), record.ACCEPTED, authority, fields)
        self._old.append(made)
        self.accepted.append(made.digest)
        del self._old[:-8]
        del self.accepted[:-8]
        return made

    def _digest(self) -> bytes:
        return bytes(20) + self.epoch.to_bytes(4, "big") + self.sent.to_bytes(8, "big")

    def _body(self) -> tuple[int, list[Any]]:
        lcg = self.lcg
        device = lcg.pick(["", "charger", "heatpump", "battery", "rod", "sgready", "grid", "nobody"])
        duration_s = 1 + lcg.below(200)
        kind = 1 + lcg.below(3)
        if kind == 1:
            body = [device, lcg.pick([0, 0, 0, 1]), lcg.pick([0, 3000, 4200, 6000, 9000, 99000]), duration_s]
        elif kind == 2:
            asked = lcg.pick([0, 1, 2, 500, 6000, 8000, 16000, 32000, 1000, -1000, -5000, 5000, 777])
            body = [device, asked, duration_s, lcg.below(10)]
        else:
            body = [lcg.pick(self.accepted) if self.accepted else b""]
        if lcg.chance(12):
            body[lcg.below(len(body))] = self._garbage()
        return kind, body

    def _garbage(self) -> Any:
        lcg = self.lcg
        return lcg.pick(
            [None, True, False, -1, 0, 1 << 60, -(1 << 60), "", "x" * 40, b"", bytes(32), [], [[]], {}, {1: 2}]
        )
