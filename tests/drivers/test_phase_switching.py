"""The core, our drivers and workers on a simulated Alfen Eve and its meter: from three phases to one and back."""

from __future__ import annotations

from typing import Any

from agent.circuits import Circuit
from agent.image import Image
from agent.limits import IMPORT, Limit, settle
from agent.state import State
from agent.step import step
from agent.unit import Unit, contract_of
from agent.worker import Post, Worker
from drivers import catalogue
from hal import quantities as q
from hal.memory import ManualClock
from hal.modbus.bus import Bus
from hal.modbus.rtu import Rtu
from hal.modbus.tcp import Tcp
from sim_devices.config import load
from sim_devices.home import Home
from tests.drivers.virtual import LEASE_MS, FrameLine
from tests.shared.house import AGENT_ID, TABLE, row
from tests.sim_devices.homes import home_tree


class Site:
    """Meter, charger and phase switch, as start-up would put them together; an agent may be killed and begin anew."""

    def __init__(self) -> None:
        empty = {"soc": 0.05, "soc_min": 0.05}  # else it covers what exceeds the limit
        self.home = Home.furnished(load(home_tree(base_w=600.0, tank={"water_c": 60.0}, battery=empty)))
        self.home.advance(0.001)
        self.point: Any = self.home.house.charge_point
        self.moved_under_load = 0
        self.begin()

    def begin(self) -> None:
        """Start an agent."""
        self.clock = ManualClock()
        serial = Bus(FrameLine(self.home.frames("rs485")), Rtu(), self.clock)
        lan = Bus(FrameLine(self.home.frames("charger-lan")), Tcp(), self.clock)
        models = (("eastron-sdm630", serial), ("alfen-eve", lan), ("alfen-eve-phases", lan))
        drivers = [catalogue.load(model)(bus, 1, {}) for model, bus in models]
        rows = (
            row("grid"),
            row("charger", default=16000, power_max_w=11040),
            row("phases", switches="charger"),
        )
        units = [Unit(at, rows[at], contract_of(drivers[at])) for at in range(3)]
        self.state = State(Circuit(TABLE, 0), units, AGENT_ID, 7, 60, LEASE_MS)
        self.inbox: list[Any] = []
        self.posts = [Post(at, driver, self.inbox.append) for at, driver in enumerate(drivers)]
        self.workers = [Worker(self.posts[:1], self.clock), Worker(self.posts[1:], self.clock)]

    def limit(self, power_w: int) -> None:
        """Let a grid operator limit the connection; 0 lifts it."""
        self.state.limits[:] = [Limit(-1, IMPORT, power_w, "dso", 0)] if power_w else []
        settle(self.state.limits)

    async def run(self, seconds: int, alive: bool = True) -> None:
        """Let so much virtual time pass."""
        for _ in range(seconds):
            loaded, before = self.drawn_w() > 100, self.point.phases
            self.home.advance(1)
            self.moved_under_load += loaded and self.point.phases != before
            if not alive:
                continue
            self.clock.advance(1000)
            told, self.inbox[:] = list(self.inbox), []
            image = Image([post.sample for post in self.posts], 0, q.CLOCK_UNKNOWN, 0)
            for grant in step(self.state, self.clock.now_ms(), image, told)[0]:
                actuator = self.posts[grant[0]].actuator
                assert actuator is not None
                actuator.grant(grant, self.clock.now_ms() + LEASE_MS)
            for worker in self.workers:
                await worker.round()
                await worker.look()

    def drawn_w(self) -> float:
        """Return what the car draws."""
        return float(self.point.flow.total_w)

    def grid_w(self) -> float:
        """Return what the connection carries."""
        return float(self.home.house.circuits["grid"].flow.total_w)


async def test_a_simulated_charger_falls_to_one_phase_under_a_limit_and_comes_back():
    site = Site()
    await site.run(90)
    assert site.point.phases == 3 and site.drawn_w() > 9000
    site.limit(4000)
    await site.run(15)
    assert site.drawn_w() == 0
    await site.run(90)
    assert site.point.phases == 1 and site.point.flow.w[1] == 0 and site.drawn_w() > 1400 and site.grid_w() <= 4000
    await site.run(900)
    assert site.point.phases == 1
    site.limit(0)
    await site.run(590)
    assert site.point.phases == 1
    await site.run(120)
    assert site.point.phases == 3 and site.drawn_w() > 9000 and site.moved_under_load == 0


async def test_an_agent_that_dies_in_the_middle_leaves_the_phases_to_the_next_one():
    for seconds in (2, 5, 9, 14, 25, 40):
        site = Site()
        await site.run(90)
        site.limit(4000)
        await site.run(seconds)
        await site.run(120, alive=False)
        assert site.drawn_w() > 1000  # the safe current, on the phases where it stands
        site.begin()
        site.limit(4000)
        await site.run(150)
        assert site.point.phases == 1 and site.drawn_w() > 1400 and site.grid_w() <= 4000
        assert site.moved_under_load == 0


async def test_a_station_that_restarts_and_a_line_that_is_down_move_nothing():
    site = Site()
    await site.run(90)
    site.limit(4000)
    await site.run(120)
    for fault in ("restart", "silence"):
        site.home.fault("charger", fault, **({"seconds": 40} if fault == "silence" else {}))
        await site.run(150)
        assert site.point.phases == 1 and site.drawn_w() > 1400 and site.moved_under_load == 0, fault
