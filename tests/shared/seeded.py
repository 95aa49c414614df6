"""A small generator of numbers that is the same on both runtimes, and what strangers and owners may send."""

from __future__ import annotations

from agent import record
from agent.command import Authority, Message
from tests.shared.desk import MODE, ON_EXPIRY, PHASES, QUANTITY, RAMP_S, RANDOM_END_S, RANDOM_START_S, START_S
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
        fields = [3, 1, AGENT_ID, self.epoch, self.counter, now_s + 30] + list(self._body(now_s))
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

    def _body(self, now_s: int) -> tuple[int, list[Any]]:
        kind = self.lcg.pick([1, 1, 1, 2, 2, 2, 3, 4])
        if kind == 3:
            body: list[Any] = [self.lcg.pick(self.accepted) if self.accepted else b""]
            if self.lcg.chance(2):
                body.append({RANDOM_END_S: self.lcg.below(100)})
        elif kind == 4:
            body = [[self._element(now_s) for _ in range(self.lcg.below(7))]]
        else:
            body = self._control(kind, now_s)
        if self.lcg.chance(12):
            body[self.lcg.below(len(body))] = self._garbage()
        return kind, body

    def _element(self, now_s: int) -> list[Any]:
        kind = 1 + self.lcg.below(2)
        return [kind, self._control(kind, now_s)]

    def _control(self, kind: int, now_s: int) -> list[Any]:
        """Return the body of a limit or a claim, with some of its options."""
        lcg = self.lcg
        scope = lcg.pick(["", "", "charger", "heatpump", "battery", "rod", "sgready", "grid", "nobody"])
        duration_s = 0 if lcg.chance(10) else 1 + lcg.below(200)
        options: dict[int, Any] = {}
        for key in (START_S, RANDOM_START_S, RANDOM_END_S):
            if lcg.chance(4):
                options[key] = max(0, now_s - 20 + lcg.below(120)) if key == START_S else lcg.below(120) - 60
        if kind == 1:
            body = [scope, lcg.pick([0, 0, 0, 1]), lcg.pick([0, 3000, 4200, 6000, 9000, 99000]), duration_s]
            if lcg.chance(6):
                options[ON_EXPIRY] = lcg.below(2)
            if lcg.chance(4):
                body[2], options[QUANTITY] = lcg.pick([6000, 10000, 16000, 32000]), 1
                options[PHASES] = 1 + lcg.below(7)
        else:
            asked = lcg.pick([0, 1, 2, 500, 6000, 8000, 16000, 32000, 1000, -1000, -5000, 5000, 777])
            body = [scope, asked, duration_s, lcg.below(10)]
            if not scope or lcg.chance(8):
                options[MODE] = lcg.below(4)
            if lcg.chance(6):
                options[RAMP_S] = lcg.below(60)
        if lcg.chance(30):
            options[lcg.below(10)] = self._garbage()
        return body + [options] if options or lcg.chance(4) else body

    def _garbage(self) -> Any:
        lcg = self.lcg
        return lcg.pick(
            [None, True, False, -1, 0, 1 << 60, -(1 << 60), "", "x" * 40, b"", bytes(32), [], [[]], {}, {1: 2}]
        )


def anything(lcg: Lcg, depth: int = 3) -> Any:
    """Return a random item of the kinds that the wire knows."""
    kind = lcg.below(9 if depth else 7)
    if kind < 2:
        return lcg.below(1 << 20) - (lcg.below(2) << 19)
    if kind == 2:
        return lcg.pick([0, -1, (1 << 64) - 1, -(1 << 64), 1 << 53])
    if kind == 3:
        return bytes(lcg.below(40))
    if kind == 4:
        return "device"[: lcg.below(7)]
    if kind < 7:
        return lcg.pick([None, True, False])
    if kind == 7:
        return [anything(lcg, depth - 1) for _ in range(lcg.below(10))]
    return {key: anything(lcg, depth - 1) for key in range(lcg.below(4))}
