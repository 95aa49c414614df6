"""Gives the agent the next part of what is planned, and anew only when that says something new.

A set is a command, and a command is kept, signed and sent: one that only lost what is over is not said again. The
agent has few places for everybody: it holds the defaults and the next TIMED_MAX controls, more when half are over.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from agent import record
from boards.cpython.ieee2030_5.plan import MARGIN_S, Body, Plan, Timed
from boards.cpython.ieee2030_5.site import LIMIT, Matter

if TYPE_CHECKING:
    from collections.abc import Callable

    from agent.sources.peer_desk import PeerDesk

TIMED_MAX = 16
PLACE_OF_POWER = 2  # in a limit_body


class Holder:
    """Knows what the desk has; `refused` is what the core would not take, which is left out."""

    def __init__(self, desk: PeerDesk, note: Callable[[str], None]) -> None:
        self.refused: frozenset[Matter] = frozenset()
        self._desk, self._note = desk, note
        self._timed_max = TIMED_MAX
        self._lasting: list[tuple[Body, Matter]] | None = None
        self._timed: list[Timed] = []

    def hold(self, plan: Plan, now_s: int) -> None:
        """Say what holds now, unless the desk has that already."""
        if self._desk.reason == record.QUEUE_FULL and self._timed_max > 1:
            self._timed_max //= 2
        elif not self.is_refused() and plan.lasting == self._lasting and self._goes_on(plan.timed, now_s):
            return
        self._lasting, self._timed = plan.lasting, plan.timed[: self._timed_max]
        bodies = [(self._bounded(body), matter) for body, matter in plan.lasting]
        bodies += [(self._bounded(timed.body), timed.matter) for timed in self._timed]
        refused = {matter: reason for body, matter in bodies if (reason := self._desk.reason_against(body))}
        for matter, reason in refused.items():
            self._note(f"the agent does not take {matter}: reason {reason}")
        self.refused = frozenset(refused)
        taken = [body for body, matter in bodies if not self._desk.reason_against(body)]
        self._desk.replace(taken, json.dumps(taken).encode())

    def is_refused(self) -> bool:
        """Tell whether the core did not take the last set, perhaps for one control that was over when it came."""
        return self._desk.reason not in (None, record.ACCEPTED)

    def next_s(self, now_s: int) -> int | None:
        """Return when the next of what the desk has is over, None when all is."""
        return min([each.until_s for each in self._timed if each.until_s > now_s], default=None)

    def _goes_on(self, timed: list[Timed], now_s: int) -> bool:
        left = [each for each in self._timed if each.until_s > now_s + MARGIN_S]
        enough = len(left) > self._timed_max // 2 or len(left) == len(timed)
        return enough and left == timed[: len(left)]

    def _bounded(self, body: Body) -> Body:
        """Return a limit under the ceiling of this source: a stricter one is taken where a loose one is refused."""
        kind, fields = body
        most_w = self._desk.authority.power_max_w
        if kind != LIMIT or fields[PLACE_OF_POWER] <= most_w:
            return body
        return [kind, [*fields[:PLACE_OF_POWER], most_w, *fields[PLACE_OF_POWER + 1 :]]]
