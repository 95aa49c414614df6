"""What events a VTN has, as far as it can be believed.

There is no verb for a cancellation: an event that is gone from the VTN's list is cancelled (OpenADR 3.1.0 User Guide
7.9). A VTN that forgets its events for a moment must not lift limits, so an event is given up only when it is missing
from several lists one after the other, or from one after its deletion was notified. For the same reason an answer that
is older than what is known, or that is nonsense where sense was known, has to be said again before it counts, and
nonsense never takes the place of sense.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass

from boards.cpython.openadr.events import Event, event_of
from boards.cpython.strict_json import Malformed, as_id, as_object

EVENTS_MAX = 256
MISSES = 3  # lists in a row
STALE_TWICE = 2


@dataclass
class Known:
    """One event, when it was first seen, and what speaks against it."""

    event: Event
    seen_ms: int
    misses: int = 0
    stale: int = 0  # older answers in a row


class Events:
    """The events of one VTN; `refusals` says why what is refused is."""

    def __init__(self, check: Callable[[Event], None]) -> None:
        """`check` raises Malformed for an event whose times or values make no sense."""
        self._check = check
        self.known: dict[str, Known] = {}
        self.refusals: dict[str, str] = {}
        self._deleted: set[str] = set()

    def deleted(self, event_id: str) -> None:
        """Take a notification that an event was deleted: it is gone with the next list that lacks it."""
        if event_id in self.known:
            self._deleted.add(event_id)

    def take(self, listed: list[object], now_ms: int) -> bool:
        """Take a complete list of events; return whether anything changed."""
        before = {event_id: known.event for event_id, known in self.known.items()}
        self.refusals = {}
        names = [each.get("id") for each in listed if isinstance(each, dict)]
        here = Counter(name for name in names if type(name) is str)
        for at, given in enumerate(listed):
            self._take_one(given, at, here, now_ms)
        self._miss(here)
        return before != {event_id: known.event for event_id, known in self.known.items()}

    def _take_one(self, given: object, at: int, here: Counter[str], now_ms: int) -> None:
        name = f"event {at + 1} of the list"
        try:
            event_id = as_id(f"{name}: id", as_object(name, given).get("id"))
            name = event_id
            if here[event_id] > 1:
                raise Malformed(f"event {event_id}: it stands twice in the list, and not alike")
            event = event_of(given)
            self._check(event)
            self._renew(event, now_ms)
        except Malformed as refusal:
            self.refusals[name] = refusal.args[0]

    def _renew(self, event: Event, now_ms: int) -> None:
        known = self.known.get(event.id)
        if known is None:
            if len(self.known) >= EVENTS_MAX:
                raise Malformed(f"event {event.id}: {EVENTS_MAX} events are held already")
            self.known[event.id] = Known(event, now_ms)
            return
        if _is_older(event, known.event):
            known.stale += 1
            if known.stale < STALE_TWICE:
                raise Malformed(f"event {event.id}: older than what is known of it")
        known.event, known.stale = event, 0

    def _miss(self, here: Counter[str]) -> None:
        for event_id, known in list(self.known.items()):
            known.misses = 0 if event_id in here else known.misses + 1
            if known.misses >= MISSES or (known.misses and event_id in self._deleted):
                del self.known[event_id]
        self._deleted.clear()


def merged(lists: list[list[object]]) -> list[object]:
    """Join the answers to one question asked for each target: an event may be in several, with other targets told.

    A VTN tells only those targets of an event that were asked for (OpenADR 3.1.0 Definition, target hiding).
    """
    found: dict[str, dict[str, object]] = {}
    others: list[object] = []
    for each in [each for listed in lists for each in listed]:
        event_id = each.get("id") if isinstance(each, dict) else None
        if not isinstance(each, dict) or type(event_id) is not str:
            others.append(each)
        elif event_id not in found:
            found[event_id] = dict(each)
        elif _without_targets(each) != _without_targets(found[event_id]):
            others.append(each)
        else:
            found[event_id]["targets"] = _all_targets(found[event_id], each)
    return [*found.values(), *others]


def _without_targets(event: dict[str, object]) -> dict[str, object]:
    return {key: event[key] for key in event if key != "targets"}


def _all_targets(one: dict[str, object], other: dict[str, object]) -> object:
    told = [each.get("targets") for each in (one, other)]
    if not all(each is None or type(each) is list for each in told):
        return told
    joined: list[object] = []
    for targets in told:
        joined += [each for each in targets or [] if each not in joined]  # type: ignore[attr-defined] # lists by now
    return joined or None


def _is_older(event: Event, known: Event) -> bool:
    return event.changed_ms is not None and known.changed_ms is not None and event.changed_ms < known.changed_ms
