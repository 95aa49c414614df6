"""What is seen while the demonstration runs: the true powers, and what the agents say binds each device."""

from __future__ import annotations

import asyncio
import contextlib
import time
from dataclasses import dataclass, field
from typing import Any

from tools.demo.processes import HomeControl
from tools.errors import UsageError

LOOK_S = 0.5
DEVICES = ("charger", "heat-pump", "inverter", "boiler", "base")
OF_AGENT = {"battery": "inverter"}  # the agents' name -> the circuit it is seen on


@dataclass
class Sample:
    """The truth of one moment, seconds after the beginning, in watts."""

    at_s: float
    grid_w: float
    drawn_w: dict[str, float]


@dataclass
class Watch:
    """Everything seen so far."""

    began: float = field(default_factory=time.monotonic)
    samples: list[Sample] = field(default_factory=list)
    binding: dict[str, tuple[Any, str]] = field(default_factory=dict)
    heap_bytes: int = 0
    events: list[tuple[float, str]] = field(default_factory=list)
    limit_w: int | None = None

    def now_s(self) -> float:
        """Seconds since the beginning."""
        return time.monotonic() - self.began

    def note(self, text: str) -> None:
        """Remember something that happened."""
        self.events.append((self.now_s(), text))

    def hear(self, _program: str, said: dict[str, Any]) -> None:
        """Take one line of a program."""
        if said.get("fact") in ("binding", "write"):
            device = OF_AGENT.get(said["device"], said["device"])
            granted = said["granted"] if said["fact"] == "binding" else said["setpoint"]
            self.binding[device] = (granted, said["source"])

    async def follow(self, control: HomeControl) -> None:
        """Look at the simulated home for ever; a home that is away is looked at again."""
        while True:
            with contextlib.suppress(OSError, UsageError, ValueError):
                circuits = (await control.ask(cmd="state"))["state"]["circuits"]
                drawn = {name: float(circuits[name]["power_w"]) for name in DEVICES}
                self.samples.append(Sample(self.now_s(), float(circuits["grid"]["power_w"]), drawn))
            await asyncio.sleep(LOOK_S)

    def mean_w(self, name: str, from_s: float, to_s: float) -> float | None:
        """Return the mean power of "grid" or a device between two moments."""
        seen = self._seen(name, from_s, to_s)
        return sum(seen) / len(seen) if seen else None

    def peak_w(self, name: str, from_s: float, to_s: float) -> float | None:
        """Return the highest power of "grid" or a device between two moments."""
        return max(self._seen(name, from_s, to_s), default=None)

    def _seen(self, name: str, from_s: float, to_s: float) -> list[float]:
        return [s.grid_w if name == "grid" else s.drawn_w[name] for s in self.samples if from_s <= s.at_s <= to_s]

    async def until(self, holds: Any, within_s: float) -> bool:
        """Wait until `holds(sample)` for the newest sample; False when it did not in time."""
        end_s = self.now_s() + within_s
        while self.now_s() < end_s:
            if self.samples and holds(self.samples[-1]):
                return True
            await asyncio.sleep(0.1)
        return False
