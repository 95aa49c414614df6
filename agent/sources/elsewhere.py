"""What of a site's draw does not go by the hour of the day, for whoever forecasts it: batteries, and planned chargers.

A battery does what the meter asks of it. A charger that somebody told when to charge does so at another hour each day;
its claims say at which, as far as they are entered.

Source: docs/sources.md, "battery-plan" and "heat-plan".
"""

from __future__ import annotations

from agent.claims import OWN, SETPOINT
from hal import capabilities

TYPE_CHECKING = False
if TYPE_CHECKING:
    from agent.circuits import Circuit
    from agent.claims import Claim
    from agent.state import State
    from agent.unit import Unit


class Elsewhere:
    """The devices behind one meter that are forecast by themselves, but for the one that is planned here."""

    def __init__(self, state: State, circuit: Circuit, device: str) -> None:
        units = [unit for unit in state.powered if unit.id != device and circuit in unit.chain]
        self._state = state
        self._batteries = [unit for unit in units if unit.contract.kind == capabilities.BATTERY]
        self._chargers = [unit for unit in units if unit.contract.kind == capabilities.CHARGER]
        self._runs: list[list[tuple[int, int, int]]] = []  # of each charger, the strongest first: from, until, W

    def drawn_w(self) -> int | None:
        """Return what they draw now; None where one does not say so that may draw."""
        told = [unit for unit in self._chargers if any(_is_of(claim, unit) for claim in self._state.claims)]
        drawn_w = 0
        for unit in self._batteries + told:
            if not unit.drawn_known and (unit in self._batteries or unit.power_of(unit.setpoint)):
                return None
            drawn_w += unit.drawn_w
        return drawn_w

    def look(self) -> None:
        """Take what is claimed of chargers now and later."""
        self._runs = []
        for unit in self._chargers:
            claims = [claim for claim in self._state.claims if _is_of(claim, unit)]
            claims.sort(key=lambda claim: (claim.until_ms == 0, claim.primacy, -claim.created))  # as Claim.beats
            self._runs.append([(claim.from_ms, claim.until_ms, unit.power_of(claim.value)) for claim in claims])

    def planned_w(self, at_ms: int) -> int:
        """Return what chargers were told to draw at a moment, W."""
        planned_w = 0
        for runs in self._runs:
            for from_ms, until_ms, power_w in runs:
                if from_ms <= at_ms and (not until_ms or at_ms < until_ms):
                    planned_w += power_w
                    break
        return planned_w


def _is_of(claim: Claim, unit: Unit) -> bool:
    return claim.scope == unit.index and (claim.mode == SETPOINT or claim.mode == OWN)
