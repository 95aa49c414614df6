"""A whole agent for the failsafe matrix: loop, worker, actuators, uplink on a twin of every kind, in virtual time."""

from __future__ import annotations

import asyncio

from agent import cbor, cose, record
from agent.circuits import Circuit
from agent.claims import Claim
from agent.command import Authority
from agent.journal import Journal
from agent.ledger import Ledger
from agent.loop import Loop
from agent.session import Session
from agent.state import State
from agent.unit import Unit, contract_of
from agent.worker import Post, Worker
from boards.micropython.signer import SoftSigner
from hal import capabilities as c
from hal import quantities as q
from hal.capabilities import Controllable, Meter
from hal.errors import LineTimeout, NotObeyed
from hal.memory import CountingWatchdog, LoopUplink, ManualClock, MemoryStore
from tests.shared.house import TABLE, row

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

OUTCOMES = {record.APPLIED: "applied", record.REJECTED: "rejected", record.FAILED: "failed",
    record.DEFAULTED: "defaulted"}  # fmt: skip
SIGNED = 300  # turns of all tasks in which a signature is made or checked
TURNS = 12  # of all tasks in a second; a signature takes longer and is done in the next ones


class Grid(Meter):
    """Adds up what the devices draw."""

    model = "twin-grid"

    def __init__(self, devices: list[Twin]) -> None:
        self.devices = devices

    async def read(self) -> dict[int, int]:
        """Return power and currents of the connection; the switch is on L2 alone."""
        rod_w = self.devices[3].power_w()
        even_w = 600 + sum([device.power_w() for device in self.devices]) - rod_w
        values = {q.POWER_W: even_w + rod_w}
        for phase in (0, 1, 2):
            phase_w = even_w // 3 + (rod_w if phase == 1 else 0)
            values[q.CURRENT_L1_MA + phase] = abs(phase_w) * 1000 // 230
            values[q.POWER_L1_W + phase] = phase_w
        return values


class Twin(Controllable):
    """A device of any kind; `gone` makes its writes fail, `stubborn` is what it keeps instead.

    `mute` makes looks fail; `claims_to_hold` is what it says that it holds instead of the truth.
    """

    model = "twin"

    def __init__(self, kind: int, control: int, bounds: tuple[int, int, int], off: int | None, default: int | None,
            watt: tuple[int, int]) -> None:  # fmt: skip
        self.kind = kind
        self.control = control
        self.minimum, self.maximum, self.step = bounds
        self.off = off
        self.write_cost = c.PERSISTENT if kind == c.HEAT_PUMP else c.VOLATILE
        self.default = default
        self.watt = watt  # what it draws of its set-point (per mille), and at most
        self.held: int | None = default
        self.gone = False
        self.stubborn: int | None = None
        self.mute = False
        self.claims_to_hold: int | None = None
        self.writes: list[int | None] = []

    def power_w(self) -> int:
        """Return what it draws."""
        share_pm, most_w = self.watt
        stopped = self.kind == c.SG_READY and self.held == q.SG_LOCK
        return 0 if stopped or self.held is None else min(self.held * share_pm // 1000, most_w)

    async def read(self) -> dict[int, int]:
        """Return what it draws, and a battery's charge."""
        values = {q.POWER_W: self.power_w()}
        if self.kind == c.BATTERY:
            values[q.SOC_PM] = 500
        return values

    async def set_point(self, setpoint: int) -> int:
        """Keep the set-point, or fail."""
        return self._keep(setpoint) or 0

    async def default_mode(self) -> int | None:
        """Fall to what it does by itself."""
        return self._keep(self.default)

    async def kept(self) -> int | None:
        """Say what it holds, whoever wrote it."""
        if self.mute:
            raise LineTimeout("twin", 500)
        return self.held if self.claims_to_hold is None else self.claims_to_hold

    def _keep(self, setpoint: int | None) -> int | None:
        if self.gone:
            raise LineTimeout("twin", 500)
        if self.stubborn is not None:
            raise NotObeyed("set_point", setpoint, self.stubborn)
        self.writes.append(setpoint)
        self.held = setpoint
        return setpoint


def twins() -> list[Twin]:
    """Return one device of every kind, as in GRANTS."""
    return [
        Twin(c.CHARGER, q.LIMIT_MA, (6000, 32000, 100), 0, 6000, (690, 6900)),
        Twin(c.BATTERY, q.SETPOINT_W, (-5000, 5000, 50), None, None, (1000, 5000)),
        Twin(c.HEAT_PUMP, q.LIMIT_W, (500, 6000, 100), None, 2000, (1000, 2500)),
        Twin(c.SWITCH, q.ON, (0, 1, 1), None, 0, (1000000, 1000)),
        Twin(c.SG_READY, q.MODE, (1, 4, 1), None, 2, (1000000, 1500)),
        Twin(c.THERMOSTAT, q.TEMP_TARGET_MC, (5000, 30000, 500), None, 19000, (0, 0)),
    ]


ROWS = [
    row("grid"),
    row("charger", power_max_w=22080, default=10000, priority=20, fallback=6000),
    row("battery", power_max_w=5000, priority=30),
    row("heatpump", power_max_w=5000, default=6000, priority=10, fallback=1000),
    row("rod", power_max_w=1000, default=1, priority=40, phases=2, on_s=0, off_s=0, fallback=1),
    row("sgready", power_max_w=1500, default=2, priority=5),
    row("thermostat", default=20000),
]


class Agent:
    """One agent in one cell; what it says is in `said` with the second."""

    def __init__(self) -> None:
        self.clock = ManualClock()
        self.devices = twins()
        self.signer = SoftSigner(b"\x07" * 32)
        self.dso = SoftSigner(b"\x08" * 32)
        self.uplink = LoopUplink()
        self.counter = 0
        self.said: list[tuple[Any, ...]] = []
        self._heard: dict[int, object] = {}
        drivers = [Grid(self.devices)] + self.devices
        units = [Unit(at, ROWS[at], contract_of(drivers[at])) for at in range(len(drivers))]
        ledger = Ledger(Journal(MemoryStore(1 << 20), 8192), self.signer.key_id, self.clock, 2048, 120, b"secret")
        ledger.recover()
        ledger.begin_epoch()
        self.state = State(Circuit(TABLE, 0), units, self.signer.key_id, ledger.epoch, 60, 10000)
        session = Session(ledger, self.signer, self.uplink, self.clock, self.state)
        authorities = [Authority("dso", self.dso.public_key, "grid", 20000)]
        self.loop = Loop(self.state, ledger, session, [], authorities, self.clock, self.signer, self.uplink,
            CountingWatchdog(), 1000, 1000)  # fmt: skip
        self.loop.add_worker(
            Worker([Post(at, drivers[at], self.loop.report) for at in range(len(drivers))], self.clock)
        )
        ledger.add([record.BOOT, 0, "test", "twin", bytes(32), bytes(32), 25000, []])
        self.turn = self.loop.turn
        self.loop.tell = self._hear
        self.task: Any = None

    async def start(self) -> None:
        """Begin to run, with no second passed."""
        self.task = asyncio.create_task(self.loop.run())
        await self.settle(TURNS)

    async def stop(self) -> None:
        """Let the agent stand down."""
        self.loop.turn = self.turn  # type: ignore[method-assign]  # so that a fault can be put in
        for device in self.devices:
            device.gone, device.stubborn = False, None
        self.loop.stop()
        await self.task
        assert self.held() == tuple([device.default for device in self.devices])

    async def run(self, seconds: int) -> None:
        """Let seconds pass."""
        for _ in range(seconds):
            self.clock.advance(1000)
            await self.settle(TURNS)

    async def settle(self, turns: int) -> None:
        """Let every task run so many turns."""
        for _ in range(turns):
            await asyncio.sleep(0)

    def now_s(self) -> int:
        """Return the second of the agent's life."""
        return self.clock.now_ms() // 1000

    def held(self) -> tuple[int | None, ...]:
        """Return what the products hold."""
        return tuple([device.held for device in self.devices])

    def claim(self, setpoints: tuple[int, ...]) -> None:
        """Let the owner want something else of every device."""
        state = self.state
        del state.claims[:]
        for at, setpoint in enumerate(setpoints):
            state.claims.append(Claim(at + 1, setpoint, 0, at + 1, "owner", 10000000, b"c" * 32))

    async def limit(self, value_w: int, duration_s: int) -> bytes:
        """Return a signed limit on the site."""
        self.counter += 1
        now_s = self.now_s()
        body = [3, 1, self.state.agent_id, self.state.epoch, self.counter, now_s + 600, 1, ["", 0, value_w, duration_s]]
        return await cose.seal(self.dso, cbor.encode(body))

    async def deliver(self, raw: bytes) -> None:
        """Let a command arrive and its signature be checked."""
        self.uplink.deliver("command", raw)
        await self.settle(SIGNED)

    def _hear(self, fact: list[Any]) -> None:
        if id(fact) in self._heard:
            return  # a loop that does not turn tells its last facts again
        self._heard[id(fact)] = fact
        if fact[0] == record.WRITE:
            self.said.append((fact[2], OUTCOMES[fact[4]], fact[3], fact[6], self.now_s()))
        elif fact[0] == record.DECISION:
            self.said.append(("decision", fact[5], self.now_s()))
        elif fact[0] in (record.FAILSAFE, record.DEVICE_STATE, record.EVENT):
            self.said.append(("other", fact[0], fact[3], self.now_s(), fact[2]))

    def outcomes(self, device: int) -> list[str]:
        """Return what became of a device's writes, in order."""
        return [said[1] for said in self.said if said[0] == device + 1]
