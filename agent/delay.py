"""A random delay before a charge point does what it is asked to: so that a street does not start at one second.

Great Britain's rule: at each relevant time (charging would start, or its rate would rise or fall) a charge point waits
for up to 600 s, drawn to the second, unless its owner overrides it, unless as much chance was applied already, and
unless it provides response services; the maximum can be set remotely, 0 to 1800 s. It is drawn once for what is
asked. A car that is plugged in, and a target that follows a meter, are chance enough and wait for nothing. Limits never
wait. After a start of the agent charging waits, too: power comes back to a whole street at once.

Source: The Electric Vehicles (Smart Charge Points) Regulations 2021 (SI 2021/1467), regulation 11, as a secondary page
reproduces it; the design notes name it.
"""

from __future__ import annotations

import hashlib

from agent import schedule
from agent.orders import OWNER_PRIMACY
from hal.compat import const

TYPE_CHECKING = False
if TYPE_CHECKING:
    from agent.state import State
    from agent.unit import Unit

RANDOM = "protection random"
_RELEVANT_TIME = const(2)  # beside a control's start and end: schedule.AT_START, AT_END


class RandomDelay:
    """What one charge point waits for. `free` are authorities whose word does not wait."""

    def __init__(self, max_s: int, free: list[str]) -> None:
        self.max_s = max_s  # unless it was set remotely: the state's `delays_s`
        self.free = free
        self.begun = False
        self.passed: int | None = None  # what was let through last
        self.waits: int | None = None  # what waits, while `until_ms` is not 0
        self.until_ms = 0

    def hold(self, state: State, unit: Unit, now_ms: int) -> None:
        """Leave a unit at what it was let have until its draw is over; called once its wish is known."""
        wish = unit.wanted
        if not self.begun:
            self.begun, self.passed = True, unit.lowest()
        if wish == self.passed or self._is_free(state, unit):
            self._pass(wish)
            return
        if not self.until_ms or wish != self.waits:
            self.waits, self.until_ms = wish, now_ms + 1000 * self._drawn_s(state, unit, now_ms)
        if now_ms >= self.until_ms:
            self._pass(wish)
            return
        unit.decide(self.passed, RANDOM)
        unit.guard.put_off(RANDOM, self.until_ms)

    def _pass(self, wish: int | None) -> None:
        self.passed, self.until_ms = wish, 0

    def _is_free(self, state: State, unit: Unit) -> bool:
        """Tell whether what is wanted now does not wait."""
        if unit.steered:
            return True
        for claim in state.claims:
            own = claim.scope == unit.index or unit.index in claim.takes
            if own and claim.due and claim.name == unit.wanted_source:
                return claim.drawn or claim.primacy == OWNER_PRIMACY or claim.source in self.free
        return False

    def _drawn_s(self, state: State, unit: Unit, now_ms: int) -> int:
        """Return the draw for this cause and this second."""
        relevant_s = (now_ms + state.ahead_ms()) // 1000
        cause = hashlib.sha256(("%s %s %d" % (unit.id, unit.wanted_source, relevant_s)).encode()).digest()
        return schedule.drawn_s(state.delays_s.get(unit.id, self.max_s), cause, state.agent_id, _RELEVANT_TIME)
