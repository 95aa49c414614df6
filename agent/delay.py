"""A random delay before a charge point does what it is asked to: so that a street does not start at one second.

Great Britain's rule: at each relevant time (charging would start, or its rate would rise or fall) a charge point
waits for up to 600 s, drawn to the second, unless its owner overrides it, unless as much chance was applied already,
and unless it provides response services; the maximum can be set remotely, 0 to 1800 s. It is drawn once: who wants
something else meanwhile neither begins the wait anew nor ends it, and of a street that was asked at once those who
still wait stay spread over what is left. A ramp begins once its wait is over. A car that is plugged in, and a target
that follows a meter, are chance enough and wait for nothing. Limits never wait, but the rise at the end of one does.
After a start of the agent charging waits, too: power comes back to a whole street at once.

Source: The Electric Vehicles (Smart Charge Points) Regulations 2021 (SI 2021/1467), regulation 11, as a secondary page
reproduces it; the design notes name it.
"""

from __future__ import annotations

import hashlib

from agent import schedule
from agent.claims import CEILING, SETPOINT, winner
from agent.orders import OWNER_PRIMACY
from hal.compat import const

TYPE_CHECKING = False
if TYPE_CHECKING:
    from agent.claims import Claim
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
        self.until_ms = 0  # when what waits is let through; 0: nothing waits
        self.ramp_ms: int | None = None  # when the ramp began that is let through

    def hold(self, state: State, unit: Unit, now_ms: int) -> None:
        """Leave a unit at what it was let have until its draw is over; called with its wish, before protection."""
        if not self.begun:
            self.begun, self.passed = True, unit.lowest()
        if _is_released(state, unit):
            self.passed = unit.setpoint
        claim = _decides(state, unit)
        if unit.wanted == self.passed or self._is_free(unit, claim):
            self.passed, self.until_ms = unit.wanted, 0
            return
        if not self.until_ms:
            self.until_ms = now_ms + 1000 * self._drawn_s(state, unit, now_ms)
        if now_ms >= self.until_ms:
            self.until_ms = 0
            if claim is None or not claim.ramp_ms:
                self.passed = unit.wanted
                return
            claim.started_ms = self.ramp_ms = now_ms
            claim.origin = self.passed
        unit.decide(self.passed, RANDOM if self.until_ms else unit.wanted_source)

    def tell(self, unit: Unit) -> None:
        """Say until when it waits, where protection lets it have what it was let have."""
        if self.until_ms:
            unit.guard.put_off(RANDOM, self.until_ms)

    def _is_free(self, unit: Unit, claim: Claim | None) -> bool:
        """Tell whether what is wanted now does not wait."""
        if unit.steered or claim is None:
            return unit.steered
        ramps = claim.started_ms == self.ramp_ms  # on from where it was let through
        return ramps or claim.drawn or claim.primacy == OWNER_PRIMACY or claim.source in self.free

    def _drawn_s(self, state: State, unit: Unit, now_ms: int) -> int:
        """Return the draw for this cause and this second."""
        relevant_s = (now_ms + state.ahead_ms()) // 1000
        cause = hashlib.sha256(("%s %s %d" % (unit.id, unit.wanted_source, relevant_s)).encode()).digest()
        return schedule.drawn_s(state.delays_s.get(unit.id, self.max_s), cause, state.agent_id, _RELEVANT_TIME)


def _decides(state: State, unit: Unit) -> Claim | None:
    """Return the claim that what is wanted comes from, None where it comes from none."""
    for mode in (SETPOINT, CEILING):
        claim = winner(state.claims, unit.index, mode)
        if claim is not None and claim.name == unit.wanted_source:
            return claim
    return None


def _is_released(state: State, unit: Unit) -> bool:
    """Tell whether the commanded limit that held the unit down in the last tick is in force no more."""
    if not unit.held or not unit.source.startswith("limit "):
        return False
    return not any(limit.live and limit.name == unit.source for limit in state.limits)
