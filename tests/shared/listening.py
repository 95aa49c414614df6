"""A desk that only listens, over a small house: what a source says at each look, without a core."""

from __future__ import annotations

from agent.image import Image, Sample
from agent.orders import made
from agent.sources.desk import authority_of
from hal import quantities as q
from tests.shared.house import House

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any


class Listener:
    """Stands where a source's desk and loop stand; grid meter, charger, heat pump and battery are devices 0 to 3."""

    def __init__(self, role: str = "aggregator", power_max_w: int = 20000) -> None:
        self.house = House()
        self.state = self.house.state
        self.loop = self
        self.authority = authority_of("source", role, power_max_w)
        self.controls: list[Any] = []
        self.origin = b""
        self.changes = 0
        self.now_ms = 0
        self.civil_ms = 0
        self.source: Any = None

    def using(self, kind: Any, **options: Any) -> Listener:
        """Make a source of this kind. Raises: ValueError."""
        self.source = kind(self, options)
        return self

    def replace(self, controls: list[Any], origin: bytes) -> None:
        """Hear what is said; the core would take it."""
        for control in controls:
            made(self.state, self.authority, control[0], control[1], b"")
        if controls != self.controls:
            self.changes += 1
        self.controls, self.origin = controls, origin

    def skip(self, seconds: int) -> Listener:
        """Let seconds pass in which nobody looks."""
        self.now_ms += seconds * 1000
        self.civil_ms += seconds * 1000
        return self

    def look(self, samples: list[dict[int, int] | None], seconds: int = 1) -> list[Any]:
        """Let seconds pass with these answers of the devices; return the bodies that were said."""
        for _ in range(seconds):
            self.now_ms += 1000
            self.civil_ms += 1000 if self.civil_ms else 0
            told = [None if values is None else Sample(self.now_ms, values) for values in samples]
            quality = q.CLOCK_SYNCHRONISED if self.civil_ms else q.CLOCK_UNKNOWN
            self.source.look(self.now_ms, Image(told + [None] * (4 - len(told)), self.civil_ms, quality, 0))
        return [control[1] for control in self.controls]


def refused(kind: Any, **options: Any) -> object:
    """Return the key of the option that a source refuses, None when it takes them all."""
    try:
        Listener().using(kind, **options)
    except ValueError as fault:
        return fault.args[0]
    return None
