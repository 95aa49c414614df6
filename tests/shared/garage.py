"""A charger whose phases can be switched, behind a meter, under real actuators; products and physics of its own.

The car draws what it may on the phases that the contactor really gives it. Who moves the contactor while it draws is
counted.
"""

from __future__ import annotations

from agent import record, snapshot
from agent.actuator import Actuator
from agent.circuits import Circuit
from agent.claims import Claim
from agent.image import Image, Sample
from agent.limits import IMPORT, Limit, settle
from agent.state import State
from agent.step import step
from agent.unit import Unit, contract_of
from hal import quantities as q
from hal.capabilities import VOLATILE
from hal.capabilities.charger import Charger
from hal.capabilities.phase_switch import PhaseSwitch
from hal.errors import LineTimeout, NotObeyed
from tests.shared.house import AGENT_ID, METER, TABLE, row

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

    from agent.step import Item

VOLT = 230
LAG_S = 4  # until the car follows
LEASE_MS = 10000


class Point(Charger):
    """A charging point with a car that takes all it may, after a while."""

    step = 100
    write_cost = VOLATILE

    def __init__(self) -> None:
        self.limit_ma = 0
        self.car_ma = 16000
        self.deaf = False  # acknowledges and goes on
        self.line_down = False
        self.asked = [0] * LAG_S

    def pass_s(self) -> None:
        """Let the car follow for a second."""
        if not self.deaf:
            self.asked.append(self.limit_ma)
            self.asked.pop(0)

    def drawn_ma(self) -> int:
        """Return the current in each phase that is used; it stops at once and starts later."""
        return min(self.car_ma, self.asked[0], self.limit_ma if not self.deaf else 32000)

    async def set_limit_ma(self, limit_ma: int) -> int:
        """Take the limit."""
        if self.line_down:
            raise LineTimeout("point", 500)
        self.limit_ma = limit_ma
        return limit_ma

    async def kept(self) -> int:
        """Return the limit."""
        return self.limit_ma

    async def default_mode(self) -> int:
        """Fall to 6 A."""
        return await self.set_limit_ma(6000)


class Contactor(PhaseSwitch):
    """Moves at once when it is told, loaded or not."""

    write_cost = VOLATILE

    def __init__(self, point: Point) -> None:
        self.point = point
        self.phases = 3
        self.stuck = False  # acknowledges and stays
        self.welded = False  # says what it was told, and has all contacts closed
        self.line_down = False
        self.moves: list[int] = []
        self.under_load = 0

    def move(self, phases: int) -> None:
        """Move, whoever wants it."""
        if phases != self.phases:
            self.under_load += self.point.drawn_ma() > 0
            self.phases = phases
            self.moves.append(phases)

    def closed(self) -> int:
        """Return how many phases the car really has."""
        return 3 if self.welded else self.phases

    async def set_phases(self, phases: int) -> int:
        """Move, and look."""
        if self.line_down:
            raise LineTimeout("contactor", 500)
        if self.stuck and phases != self.phases:
            raise NotObeyed(1215, (phases,), (self.phases,))
        self.move(phases)
        return phases

    async def kept(self) -> int:
        """Return where it stands."""
        if self.line_down:
            raise LineTimeout("contactor", 500)
        return self.phases

    async def default_mode(self) -> int:
        """Stay."""
        return await self.kept()


class Garage:
    """Meter, charger, phase switch: devices 0, 1, 2. The base load is by phase and may change."""

    def __init__(self, charger: dict[str, object] | None = None, switch: dict[str, object] | None = None) -> None:
        self.charger_keys: dict[str, object] = {"default": 32000, "power_max_w": 22080}
        self.charger_keys.update(charger or {})
        self.switch_keys: dict[str, object] = {"switches": "charger"}
        self.switch_keys.update(switch or {})
        self.point = Point()
        self.contactor = Contactor(self.point)
        self.base_w = [200, 200, 200]
        self.meter_silent = self.point_silent = self.contactor_silent = False
        self.contactor_says: int | None = None
        self.wired = 0  # the phase of the connection that the charger's own L1 is on, when it uses one alone
        self.boot()

    def boot(self) -> None:
        """Begin an epoch: time and all that the agent knew start anew, the products stand where they are."""
        units = [
            Unit(0, row("grid"), METER),
            Unit(1, row("charger", **self.charger_keys), contract_of(self.point)),
            Unit(2, row("phases", **self.switch_keys), contract_of(self.contactor)),
        ]
        self.state = State(Circuit(TABLE, 0), units, AGENT_ID, 7, 60, LEASE_MS)
        self.inbox: list[Item] = []
        self.hands = [Actuator(1, self.point, self.inbox.append), Actuator(2, self.contactor, self.inbox.append)]
        self.samples: list[Sample | None] = [None, None, None]
        self.now_ms = 0
        self.facts: list[list[object]] = []
        self.grid_w = self.peak_w = 0  # what the connection carries, and the most since a test set that to 0

    @property
    def charger(self) -> Unit:
        """The charger as the core sees it."""
        return self.state.units[1]

    @property
    def switch(self) -> Unit:
        """The phase switch as the core sees it."""
        return self.state.units[2]

    def phase_w(self, phase: int) -> int:
        """Return what a phase of the connection carries."""
        used = phase == self.wired or self.contactor.closed() == 3
        return self.base_w[phase] + (self.point.drawn_ma() * VOLT // 1000 if used else 0)

    def charging_w(self) -> int:
        """Return what the car draws."""
        return self.point.drawn_ma() * VOLT * self.contactor.closed() // 1000

    def limit(self, power_w: int) -> Limit:
        """Put a grid operator's limit on the connection."""
        limit = Limit(-1, IMPORT, power_w, "dso", 0)
        self.state.limits.append(limit)
        settle(self.state.limits)
        return limit

    def lift(self) -> None:
        """Take all limits away."""
        self.state.limits.clear()

    def claim(self, scope: int, value: int, mode: int = 0) -> None:
        """Want something, for ever, in place of what was wanted before."""
        self.state.claims.clear()
        self.state.claims.append(Claim(scope, value, 1, 1, "agg", 0, b"c", mode))

    def measure(self) -> Image:
        """Let everybody answer who is not silent."""
        meter = {q.POWER_W: sum([self.phase_w(phase) for phase in (0, 1, 2)])}
        point = {q.POWER_W: self.charging_w(), q.EV_STATE: q.EV_C}
        for phase in (0, 1, 2):
            meter[q.CURRENT_L1_MA + phase] = abs(self.phase_w(phase)) * 1000 // VOLT
            meter[q.POWER_L1_W + phase] = self.phase_w(phase)
            point[q.CURRENT_L1_MA + phase] = self.point.drawn_ma() if phase < self.contactor.closed() else 0
        said = {q.PHASES: self.contactor.phases if self.contactor_says is None else self.contactor_says}
        silent = (self.meter_silent, self.point_silent, self.contactor_silent)
        for at, values in enumerate((meter, point, said)):
            if not silent[at]:
                self.samples[at] = Sample(self.now_ms, values)
        return Image(list(self.samples), 0, q.CLOCK_UNKNOWN, 0)

    async def tick(self) -> None:
        """Let a second pass."""
        self.now_ms += 1000
        self.point.pass_s()
        told = list(self.inbox)
        self.inbox.clear()
        grants, facts = step(self.state, self.now_ms, self.measure(), told)
        self.facts += [fact for fact in facts if fact[0] != record.READING]
        self.grid_w = sum([self.phase_w(phase) for phase in (0, 1, 2)])
        self.peak_w = max(self.peak_w, self.grid_w)
        for at, hand in enumerate(self.hands):
            hand.grant(grants[at], self.now_ms + LEASE_MS)
            await hand.act(self.now_ms)
            await hand.look(self.now_ms)

    async def run(self, seconds: int) -> None:
        """Let so many seconds pass."""
        for _ in range(seconds):
            await self.tick()

    async def until(self, reached: Callable[[], bool], seconds: int) -> int:
        """Let time pass until `reached()`; return how many seconds. Fails after `seconds`."""
        for second in range(seconds):
            if reached():
                return second
            await self.tick()
        raise AssertionError("not within %d s" % seconds)

    def said(self, kind: int) -> list[list[object]]:
        """Return the records of a kind since the last boot."""
        return [fact for fact in self.facts if fact[0] == kind]

    def copy(self) -> None:
        """Go on with a copy of the state, as a recording would."""
        packed = snapshot.pack(self.state)
        self.state = snapshot.unpack(packed)
        assert snapshot.pack(self.state) == packed
