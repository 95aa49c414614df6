"""Devices behind circuits below the connection, for tests of the core: each with a base load, some with a meter."""

from __future__ import annotations

from agent.circuits import Circuit
from agent.claims import Claim
from agent.image import Image, Sample
from agent.limits import IMPORT, SITE, Limit
from agent.state import State
from agent.unit import Contract, Unit
from hal import quantities as q
from tests.shared.house import AGENT_ID, BATTERY, CHARGER, HEAT_PUMP, METER, row
from tests.shared.plant import VOLT, Load, Plant
from tests.shared.protected import SG_READY

TYPE_CHECKING = False
if TYPE_CHECKING:
    Part = tuple[str, Contract, dict[str, object], Load]

WIDE = {"import_limit_w": 100000, "export_limit_w": 100000, "fuse_ma": 200000, "meter_stale_ms": 10000}


class Branch:
    """A circuit and what hangs on it besides devices."""

    def __init__(self, name: str, parent: str = "", metered: bool = False, **keys: int) -> None:
        self.name = name
        self.parent = parent
        self.metered = metered
        self.keys = keys
        self.base_w = [0, 0, 0]
        self.says_w: int | None = None  # in place of the truth
        self.phase_currents = True
        self.place = 0  # among the state's circuits
        self.meter = 0  # its meter's index


class Wiring(Plant):
    """The grid meter is unit 0, then come the devices, then the meters of circuits."""

    def __init__(self, parts: list[Part], branches: list[Branch], **site: int) -> None:
        self.branches = branches
        places = {"": 0}
        for at, branch in enumerate(branches):
            places[branch.name] = branch.place = at + 1
        units = [Unit(0, row("grid"), METER)]
        for name, contract, keys, _ in parts:
            hung = dict(keys)
            hung["circuit"] = places[str(keys.get("circuit", ""))]
            units.append(Unit(len(units), row(name, **hung), contract))
        for branch in branches:
            if branch.metered:
                branch.meter = len(units)
                units.append(Unit(branch.meter, row("m-" + branch.name), METER))
        table = dict(WIDE)
        table.update(site)
        super().__init__([], [part[3] for part in parts], table)
        self.samples = [None] * len(units)
        below = []
        for branch in branches:
            under: dict[str, object] = dict(WIDE)
            under.update(branch.keys)
            under.update({"id": branch.name, "parent": places[branch.parent]})
            below.append(Circuit(under, branch.meter or None, SITE - branch.place))
        self.state = State(Circuit(table, 0), units, AGENT_ID, 7, 60, 10000, below)

    def __getitem__(self, name: str) -> Unit:
        unit = self.state.unit_named(name)
        assert unit is not None
        return unit

    def carries_w(self, place: int, phase: int) -> int:
        """Return what one phase of a circuit carries."""
        circuit = self.state.circuits[place]
        total_w = self.base_w[phase] if place == 0 else 0
        for branch in self.branches:
            here = self.state.circuits[branch.place]
            while here is not circuit and here is not self.state.site:
                here = self.state.circuits[here.parent]
            if here is circuit:
                total_w += branch.base_w[phase]
        for at, load in enumerate(self.loads):
            if phase in load.phases and circuit in self.state.units[at + 1].chain:
                total_w += load.power_w // len(load.phases)
        return total_w

    def phase_w(self, phase: int) -> int:
        """Return what one phase of the connection carries."""
        return self.carries_w(0, phase)

    def circuit(self, name: str) -> Circuit:
        """Return a circuit by its id, "" for the connection."""
        scope = self.state.scope_named(name)
        assert scope is not None
        return self.state.circuit_of(scope)

    def circuit_w(self, name: str) -> int:
        """Return what a circuit carries."""
        place = SITE - self.circuit(name).scope
        return sum([self.carries_w(place, phase) for phase in (0, 1, 2)])

    def measure(self) -> Image:
        """Let every device that is not silent answer, the meters of circuits too."""
        image = super().measure()
        for branch in self.branches:
            if branch.metered and branch.meter not in self.silent:
                powers = [self.carries_w(branch.place, phase) for phase in (0, 1, 2)]
                reading = {q.POWER_W: sum(powers) if branch.says_w is None else branch.says_w}
                if branch.phase_currents:
                    for phase in (0, 1, 2):
                        reading[q.CURRENT_L1_MA + phase] = abs(powers[phase]) * 1000 // VOLT
                        reading[q.POWER_L1_W + phase] = powers[phase]
                self.samples[branch.meter] = Sample(self.now_ms, reading)
        return Image(list(self.samples), image.civil_ms, image.civil_quality, 0)

    def begin(self, seconds: int = 60) -> None:
        """Let everything stand still until it was told what to do, then let it begin."""
        wanted = [load.wants_w for load in self.loads]
        for load in self.loads:
            load.wants_w = 0
        self.run(2)
        for at, load in enumerate(self.loads):
            load.wants_w = wanted[at]
        self.run(seconds)
        del self.seen_w[:]
        del self.facts[:]

    def limit(self, value: int, name: str = "", direction: int = IMPORT, **keys: int) -> Limit:
        """Put a grid operator's limit on a circuit or device in force."""
        scope = self.state.scope_named(name)
        assert scope is not None
        limit = Limit(scope, direction, value, "dso", 0, b"l" * 32, **keys)
        self.state.limits.append(limit)
        return limit

    def claim(self, name: str, value: int) -> None:
        """Want something of a device from now on."""
        self.state.claims[:] = [claim for claim in self.state.claims if claim.scope != self[name].index]
        self.state.created += 1
        self.state.claims.append(Claim(self[name].index, value, 5, self.state.created, "agg", 0, b"c" * 32))

    def told(self, *names: str) -> list[int | None]:
        """Return the set-points of some devices."""
        return [self[name].setpoint for name in names]


def ev(name: str, circuit: str = "", wants_w: int = 22080, phases: int = 7, **keys: object) -> Part:
    """Return a car at a charger that may have all it wants."""
    table: dict[str, object] = {"power_max_w": 22080, "default": 32000, "priority": 20}
    table.update(keys)
    table.update({"circuit": circuit, "phases": phases})
    return name, CHARGER, table, Load(wants_w, 0, tuple([phase for phase in (0, 1, 2) if phases >> phase & 1]))


def battery(name: str, circuit: str = "", **keys: object) -> Part:
    """Return a battery that regulates itself."""
    table: dict[str, object] = {"power_max_w": 5000, "priority": 30}
    table.update(keys)
    table["circuit"] = circuit
    return name, BATTERY, table, Load(0)


def heat_pump(name: str, circuit: str = "", wants_w: int = 4000, **keys: object) -> Part:
    """Return a heat pump of high priority."""
    table: dict[str, object] = {"power_max_w": 6000, "default": 6000, "priority": 10}
    table.update(keys)
    table["circuit"] = circuit
    return name, HEAT_PUMP, table, Load(wants_w)


def sg_ready(name: str, circuit: str = "") -> Part:
    """Return a heat pump of four modes that draws 11040 W unless it is locked."""
    table: dict[str, object] = {"power_max_w": 11040, "default": q.SG_NORMAL, "priority": 10, "circuit": circuit}
    return name, SG_READY, table, Load(11040)
