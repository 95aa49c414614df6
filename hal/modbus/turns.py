"""Who may use a bus next: one at a time, in order of arrival, set-points before readings.

asyncio.Lock has one queue only: on a bus with twenty units a grid limit would wait for twenty readings.
"""

from __future__ import annotations

import asyncio

from hal.compat import const
from hal.errors import LineDown

WAITING_MAX = const(64)


class Turns:
    """A lock with two queues, both bounded together by WAITING_MAX."""

    def __init__(self) -> None:
        self._busy = False
        self._urgent: list[asyncio.Event] = []
        self._others: list[asyncio.Event] = []

    def take_free(self) -> bool:
        """Take the turn when nobody has it; costs no task switch."""
        if self._busy:
            return False
        self._busy = True
        return True

    async def wait(self, urgent: bool) -> None:
        """Return when it is our turn. Raises: LineDown when too many wait already."""
        if len(self._urgent) + len(self._others) >= WAITING_MAX:
            raise LineDown("bus", "too many wait")
        queue = self._urgent if urgent else self._others
        turn = asyncio.Event()
        queue.append(turn)
        try:
            await turn.wait()
        except asyncio.CancelledError:
            if turn.is_set():  # it was given to us in the same moment
                self.give_back()
            else:
                queue.remove(turn)
            raise

    def give_back(self) -> None:
        """Hand the turn to who waits longest, the urgent first."""
        if self._urgent:
            self._urgent.pop(0).set()
        elif self._others:
            self._others.pop(0).set()
        else:
            self._busy = False
