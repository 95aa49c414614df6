"""Measures how long an event loop is held in one go, and by what. The same file on CPython and on MicroPython.

A slice is what one task does from being resumed to waiting again. Nothing of this is in the product: the bench loads it
beside the agent, puts a stop-watch around some of the agent's methods and has the longest slice of each second
printed with the parts that took some of its time; parts may contain one another. On MicroPython each second also tells
how long one collection of the heap takes, for the collector runs within whatever slice asks for memory.
"""

from __future__ import annotations

import json

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

WINDOW_US = 1000000
PART_US_MIN = 100  # shorter parts are not told
CALLS = (
    ("Loop", "turn"),
    ("Ledger", "sync"),
    ("Ledger", "read_page"),
    ("Ledger", "close_page"),
    ("Ledger", "release"),
)
STEPS = (("Session", "turn"), ("Worker", "round"), ("Worker", "look"))


class Slices:
    """The stop-watch: `begin` and `end` stand around a slice, `note` behind a part of it."""

    def __init__(self, ticks_us: Callable[[], int], since: Callable[[int, int], int], tell: Callable[[str], None]):
        self.ticks_us = ticks_us
        self._since = since
        self._tell = tell
        self._began = self._window = ticks_us()
        self._parts: list[list[object]] = []
        self._inside = False  # of a slice: before the loop runs nothing is kept
        self._longest_us = 0
        self._of: list[list[object]] = []
        self._count = self._busy_us = 0
        self.collect: Callable[[], object] | None = None  # timed once a second, outside every slice

    def begin(self) -> None:
        """A task is resumed."""
        self._parts, self._inside = [], True
        self._began = self.ticks_us()

    def end(self) -> None:
        """It waits again."""
        now = self.ticks_us()
        took_us = self._since(now, self._began)
        self._inside = False
        self._count += 1
        self._busy_us += took_us
        if took_us > self._longest_us:
            self._longest_us, self._of = took_us, self._parts
        if self._since(now, self._window) >= WINDOW_US:
            self._tell(json.dumps(self._window_told()))
            self._longest_us, self._of, self._count, self._busy_us = 0, [], 0, 0
            self._window = self.ticks_us()

    def _window_told(self) -> dict[str, object]:
        told: dict[str, object] = {
            "slice_us": self._longest_us,
            "parts": self._of,
            "slices": self._count,
            "busy_us": self._busy_us,
        }
        if self.collect is not None:
            began = self.ticks_us()
            self.collect()
            told["collect_us"] = self._since(self.ticks_us(), began)
        return told

    def note(self, name: str, began: int) -> None:
        """Remember a part of the present slice."""
        took_us = self._since(self.ticks_us(), began)
        if self._inside and took_us >= PART_US_MIN:
            self._parts.append([name, took_us])


def watch(slices: Slices, classes: Any, signer: str, awaitable: Callable[[Any], Any]) -> None:
    """Time methods of the agent's classes; `awaitable` makes of a generator function what `await` takes."""
    for owner, method in CALLS:
        kind = getattr(classes, owner)
        setattr(kind, method, _timed_call(slices, owner + "." + method, getattr(kind, method)))
    for owner, method in STEPS + ((signer, "sign"), (signer, "verify")):  # noqa: RUF005 - MicroPython has no [*a]
        kind = getattr(classes, owner)
        setattr(kind, method, awaitable(timed_steps(slices, owner + "." + method, getattr(kind, method))))


def _timed_call(slices: Slices, name: str, act: Any) -> Any:
    def call(*given: Any) -> Any:
        began = slices.ticks_us()
        try:
            return act(*given)
        finally:
            slices.note(name, began)

    return call


def timed_steps(slices: Slices, name: str, act: Any) -> Any:
    """Return a generator function that does what coroutine function `act` does, each step under the stop-watch."""

    def steps(*given: Any) -> Any:
        job, thrown = act(*given), None
        while True:
            began = slices.ticks_us()
            try:
                waits_for = job.send(None) if thrown is None else job.throw(thrown)
            except StopIteration as end:
                return end.value
            finally:
                slices.note(name, began)
            thrown = None
            try:
                yield waits_for
            except BaseException as fault:  # noqa: BLE001 - goes on to whom it is for
                thrown = fault

    return steps
