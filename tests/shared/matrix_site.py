"""The site of the failsafe matrix: a device of every kind, two of them in a metered garage; and how its inputs fail."""

from __future__ import annotations

from agent import record
from agent.claims import SETPOINT, TARGET, Claim
from agent.command import Authority, Message
from agent.image import Image, Sample
from agent.unit import Contract
from hal import capabilities as c
from hal import quantities as q
from tests.shared.house import AGENT_ID, BATTERY, CHARGER, DSO, HEAT_PUMP, SWITCH, TABLE
from tests.shared.matrix import CHARGE, KINDS, TARGET_W
from tests.shared.plant import Load
from tests.shared.wiring import Branch, Wiring

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any, TypeAlias

    from tests.shared.matrix import Cell
    from tests.shared.wiring import Part

    Values: TypeAlias = "dict[int, int]"
    Bend: TypeAlias = "Callable[[Values], Values | None] | None"

SG_READY = Contract(c.SG_READY, q.MODE, (1, 4, 1), None, False, 10000)
THERMOSTAT = Contract(c.THERMOSTAT, q.TEMP_TARGET_MC, (5000, 30000, 500), None, False, 10000)
CIVIL_MS = 1700000000000
LIMIT_W = 4200
LIMIT_S = 500
BATTERY_INDEX, GARAGE_METER = 2, 7
HELPER = Authority("agg", b"\x04" + b"a" * 64, "aggregator", 20000)


def parts() -> list[Part]:
    """Return one device of every kind and what stands behind it."""
    return [
        (
            "charger",
            CHARGER,
            {"power_max_w": 22080, "default": 10000, "priority": 20, "fallback": 6000, "circuit": "garage"},
            Load(6900),
        ),
        ("battery", BATTERY, {"power_max_w": 5000, "priority": 30, "circuit": "garage"}, Load(0)),
        ("heatpump", HEAT_PUMP, {"power_max_w": 5000, "default": 6000, "priority": 10, "fallback": 1000}, Load(2500)),
        (
            "rod",
            SWITCH,
            {"power_max_w": 1000, "default": 1, "priority": 40, "phases": 2, "on_s": 0, "off_s": 0, "fallback": 1},
            Load(1000, 0, (1,)),
        ),
        ("sgready", SG_READY, {"power_max_w": 1500, "default": 2, "priority": 5}, Load(1500)),
        ("thermostat", THERMOSTAT, {"default": 20000}, Load(0)),
    ]


class Faulty(Wiring):
    """A site whose samples pass through `fault` and whose clock through `clock_fault`, while they are set."""

    def __init__(self) -> None:
        super().__init__(parts(), [Branch("garage", metered=True, fuse_ma=25000)], **TABLE)
        self.base_w = [200, 200, 200]
        self.fault: tuple[int, Callable[[Values], Values | None]] | None = None
        self.clock_fault: Callable[[int], int] | None = None
        self.civil_ms = CIVIL_MS
        self.state.reading_s = self.state.next_reading_s = 10

    def measure(self) -> Image:
        """Let every device answer, and the fault bend one answer."""
        before = list(self.samples)
        super().measure()
        civil_ms = self.civil_ms
        if self.fault is not None:
            index, bend = self.fault
            answer = self.samples[index]
            assert answer is not None
            bent = bend(dict(answer.values))
            self.samples[index] = before[index] if bent is None else Sample(self.now_ms, bent)
        if self.clock_fault is not None:
            civil_ms = self.clock_fault(civil_ms)
        quality = q.CLOCK_SYNCHRONISED if civil_ms else q.CLOCK_UNKNOWN
        return Image(list(self.samples), civil_ms, quality, 0)

    def setpoints(self) -> list[int | None]:
        """Return what the devices were told."""
        return [unit.setpoint for unit in self.state.units[1:GARAGE_METER]]

    def claim_battery(self, setpoint_w: int) -> None:
        """Let the owner want something of the battery."""
        self.state.created += 1
        wish = Claim(BATTERY_INDEX, setpoint_w, 0, self.state.created, "owner", 1 << 30, b"b" * 32, SETPOINT)
        wish.started = True
        self.state.claims.append(wish)

    def shine(self, shines: bool, behind: str) -> None:
        """Let the sun shine on the house or on the garage, or set again."""
        even_w = [-4300, -4300, -4300] if shines else [200, 200, 200]
        if behind == "circuit meter":
            self.branches[0].base_w = [part_w - 200 for part_w in even_w]
        else:
            self.base_w = even_w


def limit_message() -> Message:
    """Return the grid operator's limit on the site."""
    return Message(b"l" * 32, record.ACCEPTED, DSO, [3, 1, AGENT_ID, 7, 1, 1000, 1, ["", 0, LIMIT_W, LIMIT_S]])


def target_message() -> Message:
    """Return an aggregator's target for the site."""
    body = ["", TARGET_W, 3600, 5, {5: TARGET}]
    return Message(b"t" * 32, record.ACCEPTED, HELPER, [3, 1, AGENT_ID, 7, 1, 1000, 2, body])


def index_of(what: str) -> int:
    """Return the device that an input of the core comes from."""
    if what in KINDS:
        return KINDS.index(what) + 1
    return {"circuit meter": GARAGE_METER, CHARGE: BATTERY_INDEX}.get(what, 0)


def without(quantities: tuple[int, ...]) -> Bend:
    """Return a fault that leaves these quantities out."""

    def bend(values: Values) -> Values:
        return {quantity: values[quantity] for quantity in values if quantity not in quantities}

    return bend


def saying(quantity: int, number: int) -> Bend:
    """Return a fault that puts `number` in a quantity's place."""

    def bend(values: Values) -> Values:
        values[quantity] = number
        return values

    return bend


def silence(values: Values) -> None:
    """Answer nothing."""


CURRENTS = (q.CURRENT_L1_MA, q.CURRENT_L2_MA, q.CURRENT_L3_MA)
GONE: dict[str, Any] = {
    "meter currents": without(CURRENTS),
    "one phase's current": without(CURRENTS[1:2]),
    CHARGE: without((q.SOC_PM,)),
    "clock": lambda civil_ms: 0,
}
ABSURD: dict[str, list[Any]] = {
    "meter power": [saying(q.POWER_W, 900000), saying(q.POWER_W, -900000)],
    "circuit meter": [saying(q.POWER_W, 900000), saying(CURRENTS[0], -900000)],
    "meter currents": [saying(CURRENTS[1], 900000), saying(CURRENTS[2], -900000)],
    "one phase's current": [saying(CURRENTS[0], 900000)],
    "clock": [lambda civil_ms: 4102444800000],
    CHARGE: [saying(q.SOC_PM, 5000), saying(q.SOC_PM, 1001)],
    "thermostat": [saying(q.TEMP_TARGET_MC, 999000), saying(q.TEMP_ROOM_MC, -999000)],
}
NEGATIVE: dict[str, list[Any]] = {
    "meter power": [None],  # the sun shines: true, and no fault
    "circuit meter": [None],
    "meter currents": [saying(CURRENTS[1], -9000)],
    "one phase's current": [saying(CURRENTS[0], -9000)],
    "clock": [lambda civil_ms: civil_ms - 3600000],
    CHARGE: [saying(q.SOC_PM, -1), saying(q.SOC_PM, -500)],
    "thermostat": [saying(q.TEMP_ROOM_MC, -20000)],
}
MEGAWATT = [saying(q.POWER_W, 1000000), saying(q.POWER_W, -1000000), saying(CURRENTS[0], 900000)]


def faults(cell: Cell) -> list[Bend]:
    """Return the variants of a cell's fault."""
    if cell.condition == "absurd":
        return ABSURD.get(cell.input, MEGAWATT)
    if cell.condition == "negative":
        return NEGATIVE.get(cell.input, [saying(q.POWER_W, -1500)])
    return [GONE.get(cell.input, silence)]
