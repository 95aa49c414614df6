"""A site of eight devices at rest, and what one control tick of it claims from MicroPython's heap.

Every device says the same as the tick before, nothing is asked for and nothing is due. No collection runs meanwhile,
so that every claim counts, also what is garbage at once. tests/test_budgets.py holds the figures.
"""

from __future__ import annotations

import gc
import json

from agent import allocate
from agent.circuits import Circuit
from agent.command import Authority
from agent.image import Sample
from agent.journal import Journal
from agent.ledger import Ledger
from agent.loop import Loop
from agent.session import Session
from agent.state import State
from agent.step import step
from agent.unit import Unit, contract_of
from agent.worker import Post, Worker
from boards.micropython.signer import SoftSigner
from hal import quantities as q
from hal.capabilities import VOLATILE, Meter
from hal.capabilities.battery import Battery
from hal.capabilities.charger import Charger
from hal.capabilities.heat_pump import HeatPump
from hal.capabilities.sg_ready import SgReady
from hal.capabilities.switch import Switch
from hal.memory import CountingWatchdog, LoopUplink, ManualClock, MemoryStore
from tests.shared.house import TABLE, row

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

CIVIL_MS = 1700000000000
TICK_MS = 1000
WARM_TICKS = 400  # longer than anything that was held down waits to rise


METERED = {
    q.POWER_W: 6210,
    q.POWER_L1_W: 2070,
    q.POWER_L2_W: 2070,
    q.POWER_L3_W: 2070,
    q.CURRENT_L1_MA: 9000,
    q.CURRENT_L2_MA: 9000,
    q.CURRENT_L3_MA: 9000,
    q.ENERGY_IMPORT_WH: 123456,
    q.ENERGY_EXPORT_WH: 0,
}
CHARGING = {
    q.POWER_W: 1380,
    q.CURRENT_L1_MA: 6000,
    q.CURRENT_L2_MA: 0,
    q.CURRENT_L3_MA: 0,
    q.LIMIT_MA: 6000,
    q.EV_STATE: q.EV_C,
}


class Resting:
    """What every device here does: it keeps what it is told and answers the same for ever."""

    refresh_ms = 0
    write_cost = VOLATILE

    def __init__(self, answer: dict[int, int]) -> None:
        self.answer = answer

    async def read(self) -> dict[int, int]:
        """Return the one answer."""
        return self.answer

    async def set_point(self, setpoint: int) -> int:
        """Take it."""
        return setpoint

    async def default_mode(self) -> None:
        """Nothing to bring back."""


class RestingMeter(Resting, Meter):
    """A meter of three phases."""


class RestingCharger(Resting, Charger):
    """A car that charges with less than it may."""


class RestingBattery(Resting, Battery):
    """Regulates itself and has nothing to do."""

    minimum = -5000
    maximum = 5000
    step = 50


class RestingHeatPump(Resting, HeatPump):
    """Runs below its limit."""

    minimum = 500
    maximum = 6000
    step = 100


class RestingSgReady(Resting, SgReady):
    """In normal mode."""


class RestingSwitch(Resting, Switch):
    """Closed."""


def devices() -> list[Any]:
    """Return the eight, the grid's meter first."""
    return [
        RestingMeter(METERED),
        RestingCharger(CHARGING),
        RestingCharger(CHARGING),
        RestingBattery({q.POWER_W: 0, q.SOC_PM: 500}),
        RestingHeatPump({q.POWER_W: 1500, q.LIMIT_W: 6000}),
        RestingSgReady({q.MODE: q.SG_NORMAL, q.POWER_W: 800}),
        RestingSwitch({q.ON: 1, q.POWER_W: 500}),
        RestingMeter(METERED),
    ]


ROWS = (
    row("grid"),
    row("charger-1", power_max_w=11040, default=6000, priority=20),
    row("charger-2", power_max_w=11040, default=6000, priority=21),
    row("battery", power_max_w=5000, priority=40),
    row("heat-pump", power_max_w=6000, default=6000, priority=10),
    row("sg-ready", power_max_w=2000, default=q.SG_NORMAL, priority=11),
    row("boiler", power_max_w=2000, default=1, priority=30),
    row("submeter"),
)


class EightDevices:
    """A whole agent with one bus, nobody upstream, and a journal in memory."""

    def __init__(self) -> None:
        self.clock = ManualClock()
        self.clock.set_civil(CIVIL_MS, q.CLOCK_SYNCHRONISED, 10)
        drivers = devices()
        units = [Unit(at, ROWS[at], contract_of(drivers[at])) for at in range(len(drivers))]
        signer = SoftSigner(b"\x07" * 32)
        ledger = Ledger(Journal(MemoryStore(1 << 16), 8192), signer.key_id, self.clock, 2048, 3600, b"secret")
        ledger.begin_epoch()
        state = State(Circuit(TABLE, 0), units, signer.key_id, ledger.epoch, 3600, 10000)
        uplink = LoopUplink()
        session = Session(ledger, signer, uplink, self.clock, state)
        authorities: list[Authority] = []
        watchdog = CountingWatchdog()
        self.loop = Loop(
            state, ledger, session, [], authorities, self.clock, signer, uplink, watchdog, TICK_MS, TICK_MS
        )
        self.worker = Worker([Post(at, drivers[at], self.loop.report) for at in range(len(drivers))], self.clock)
        self.loop.add_worker(self.worker)

    async def settle(self) -> None:
        """Run until nothing changes any more."""
        for _ in range(WARM_TICKS):
            self.clock.advance(TICK_MS)
            await self.worker.round()
            self.loop.turn()

    def answer_again(self) -> None:
        """Let a second pass and every device say the same once more."""
        self.clock.advance(TICK_MS)
        for post in self.worker.posts:
            assert post.sample is not None
            post.sample = Sample(self.clock.now_ms(), post.sample.values)


def claimed_bytes(act: Callable[[], object]) -> int:
    """Return what `act` claims from the heap; MicroPython only."""
    gc.collect()
    gc.disable()
    before = gc.mem_alloc()
    act()
    after: int = gc.mem_alloc()
    gc.enable()
    return after - before


async def measure() -> None:
    """Print what a tick claims, and its parts, as one line of JSON."""
    site = EightDevices()
    await site.settle()
    loop, state = site.loop, site.loop.state
    assert [unit.setpoint for unit in state.units] == [None, 6000, 6000, None, 6000, q.SG_NORMAL, 1, None]
    seq = loop.ledger.next_seq
    site.clock.advance(TICK_MS)
    tick_bytes = claimed_bytes(loop.turn)
    site.answer_again()
    answered_bytes = claimed_bytes(loop.turn)
    image = loop.image()
    now_ms = site.clock.now_ms()
    found = {
        "tick": tick_bytes,
        "tick with new answers": answered_bytes,
        "step": claimed_bytes(lambda: step(state, now_ms, image, [])),
        "allocate.decide": claimed_bytes(lambda: allocate.decide(state, image, now_ms)),
        "loop.image": claimed_bytes(loop.image),
        "nothing": claimed_bytes(lambda: None),
    }
    assert loop.ledger.next_seq == seq, "nothing was to be recorded"
    print(json.dumps(found))
