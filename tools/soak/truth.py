"""The true powers of the simulated home, looked at four times a second by a door that no agent uses."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tools.demo.processes import HomeControl
from tools.errors import UsageError

LOOK_S = 0.25
ASK_S = 2.0
STEERED = ("heat-pump", "boiler", "inverter")  # circuits that the gateway's agent can move


@dataclass(frozen=True)
class Sample:
    """One look, in W; `others_w` is what the house draws and the agent under test cannot move."""

    at_s: float
    grid_w: float
    charger_w: float
    others_w: float


class Truth:
    """Looks, and changes the world; while the home is away there is nothing to see."""

    def __init__(self, path: Path, now_s: Callable[[], float], steered: tuple[str, ...] = STEERED) -> None:
        """`steered` are the circuits that the agent under test can move."""
        self.samples: list[Sample] = []
        self._path = path
        self.now_s = now_s
        self._steered = steered

    async def run(self) -> None:
        """Look until cancelled."""
        while True:
            control = HomeControl(self._path)
            try:
                while True:
                    async with asyncio.timeout(ASK_S):
                        state = (await control.ask(cmd="state"))["state"]
                    self._keep(state["circuits"])
                    await asyncio.sleep(LOOK_S)
            except (OSError, ValueError, UsageError):  # the home was killed; a time-out is an OSError
                await asyncio.sleep(LOOK_S)
            finally:
                await control.close()

    async def change(self, **wanted: Any) -> bool:
        """Change the world; False when there is none at the moment."""
        control = HomeControl(self._path)
        try:
            async with asyncio.timeout(ASK_S):
                await control.ask(cmd="set", **wanted)
        except (OSError, ValueError, UsageError):
            return False
        finally:
            await control.close()
        return True

    def _keep(self, circuits: dict[str, Any]) -> None:
        power_w = {name: float(circuit["power_w"]) for name, circuit in circuits.items()}
        others_w = power_w["grid"] - sum(power_w[name] for name in self._steered)
        self.samples.append(Sample(self.now_s(), power_w["grid"], power_w["charger"], others_w))
