"""A house whose devices two aggregators and a utility sell, and a desk where each of them may ask.

The charger hangs on the garage, which hangs on the annex as the heat pump does; the battery hangs on the connection.
"""

from __future__ import annotations

from agent import record
from agent.circuits import Circuit
from agent.command import Authority
from agent.kept import dump, load
from agent.limits import SITE
from agent.reserve import Reserving
from agent.state import State
from agent.unit import Unit
from tests.shared.desk import Desk
from tests.shared.house import AGENT_ID, AGGREGATOR, BATTERY, CHARGER, HEAT_PUMP, METER, TABLE, row

RESERVE = 6
AGG = AGGREGATOR
VPP = Authority("vpp", b"\x04" + b"v" * 64, "aggregator", 20000)
UTILITY = Authority("util", b"siteward source:util", "utility", 20000)
IMPORT, EXPORT = 0, 1
STARTED, COMPLETED, CANCELLED, SUPERSEDED = record.STARTED, record.COMPLETED, record.CANCELLED, record.SUPERSEDED
LAPSED, RESERVED = record.LAPSED, record.RESERVED


def market_state(epoch: int = 7) -> State:
    """Return the state of a new epoch of this house."""
    annex = Circuit(dict(TABLE, id="annex"), None, SITE - 1)
    garage = Circuit(dict(TABLE, id="garage", parent=1), None, SITE - 2)
    units = [
        Unit(0, row("grid"), METER),
        Unit(1, row("charger", power_max_w=22080, default=32000, priority=20, circuit=2), CHARGER),
        Unit(2, row("heatpump", power_max_w=5000, default=6000, priority=10, circuit=1), HEAT_PUMP),
        Unit(3, row("battery", power_max_w=5000, priority=30), BATTERY),
    ]
    state = State(Circuit(TABLE, 0), units, AGENT_ID, epoch, 60, 10000, [annex, garage])
    state.reserving = Reserving({"agg": 3, "vpp": 3, "util": 0})
    return state


class Market(Desk):
    """Reserves, asks, and lets time pass."""

    def __init__(self, civil_ms: int = 0) -> None:
        super().__init__(civil_ms)
        self.house.state = market_state()
        self.pass_s(1)

    @property
    def reserving(self) -> Reserving:
        """What holds the windows."""
        assert self.state.reserving is not None
        return self.state.reserving

    def reserve(self, authority: Authority, scope: str, duration_s: int, start_s: int = 0) -> int:
        """Reserve 3 kW that are not drawn; return the number of the command."""
        return self.want(authority, RESERVE, [scope, EXPORT, 3000, duration_s, {3: start_s}])

    def reboot(self, civil_ms: int = 0, blob: bytes | None = None) -> None:
        """Cut the power and begin an epoch on what was kept, at a moment of the civil clock or without one."""
        kept = dump(self.state) if blob is None else blob
        self.house.state = market_state(self.state.epoch + 1)
        self.house.now_ms, self.house.civil_ms = 0, civil_ms
        self.house.samples = [None] * 4
        load(self.state, kept, civil_ms)

    def windows(self) -> list[tuple[int, int, bool]]:
        """Return (from, until, begun) of each window, s."""
        return [(each.from_ms // 1000, each.until_ms // 1000, each.began) for each in self.reserving.windows]

    def told(self, kind: int) -> list[list[object]]:
        """Return the last tick's facts of a kind, without their kind and time."""
        return [fact[2:] for fact in self.facts if fact[0] == kind]

    def source(self, device: str) -> str:
        """Return whose wish for a device counts."""
        unit = self.state.unit_named(device)
        assert unit is not None
        return unit.wanted_source
