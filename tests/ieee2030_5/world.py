"""A site in virtual time with a utility: the real core, desk and client, and the utility's server asked in process.

A battery of 5 kW stands for the DER; it feeds in or draws as much as it may, as its owner's default says.
"""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

from agent import record
from agent.kept import dump, load
from agent.limits import EXPORT, IMPORT, tightest
from agent.sources.desk import authority_of
from agent.sources.peer_desk import PeerDesk
from agent.state import State
from agent.unit import Unit
from boards.cpython.ieee2030_5.identity import identity_in
from boards.cpython.ieee2030_5.kept import Kept
from boards.cpython.ieee2030_5.link import Answer, LinkError
from boards.cpython.ieee2030_5.source import Source
from hal import quantities as q
from hal.memory import ManualClock
from tests.ieee2030_5.server import Utility
from tests.shared.house import BATTERY, METER, SWITCH, row
from tests.shared.plant import Load, Plant
from tools.certs import Authority

MAX_W = 5000
CIVIL_S = 1_800_000_000
OPTIONS: dict[str, Any] = {
    "host": "utility", "ca": "ca.crt", "cert": "der.crt", "cert_key": "der.key", "device": "battery", "type": 80,
    "max_w": MAX_W, "max_charge_w": MAX_W, "max_discharge_w": MAX_W, "energy_wh": 10000, "pin": 111115,
}  # fmt: skip


class Site(Plant):
    """The plant and, where a loop would be, just enough to give desks their turn."""

    def __init__(self, default_w: int) -> None:
        wide = {"import_limit_w": 20000, "export_limit_w": 20000, "fuse_ma": 63000, "meter_stale_ms": 10000}
        units = [
            Unit(0, row("grid"), METER),
            Unit(1, row("battery", power_max_w=MAX_W, default=default_w), BATTERY),
            Unit(2, row("isolator", default=1, on_s=0, off_s=0), SWITCH),
        ]
        super().__init__(units, [Load(), Load()], wide)
        self.clock = ManualClock()
        self.authorities: list[Any] = []
        self.inbox: list[Any] = []
        self.desks: list[PeerDesk] = []

    def enter(self, message: Any) -> bool:
        """Take a desk's set, as a loop does."""
        self.inbox.append(message)
        return True

    def image(self) -> Any:
        """Return what is known."""
        made = self.measure()
        if made.samples[0] is not None:
            made.samples[0].values[q.VOLTAGE_L1_MV] = 230_400
        if made.samples[2] is not None:
            made.samples[2].values[q.ON] = int(self.state.units[2].setpoint != 0)
        return made

    def pass_s(self, seconds: int) -> None:
        """Let one tick come after so long, for everybody but the client."""
        self.clock.advance(seconds * 1000)
        self.now_ms += (seconds - 1) * 1000  # the tick is the last of them
        self.civil_ms = self.clock.civil_ms() - 1000
        for desk in self.desks:
            desk.follow(self.now_ms)
        inbox, self.inbox = self.inbox, []
        for fact in self.tick(inbox):
            self.facts.append(fact)
            for desk in self.desks:
                desk.tell(fact)


class World:
    """Makes the certificate, the utility and the client; time passes in `run`."""

    def __init__(self, folder: Path, role: str = "utility", default_w: int = -MAX_W, **options: Any) -> None:
        self.folder, self.role, self.default_w = folder, role, default_w
        self.options = OPTIONS | options
        self.cert = Authority(folder).client("der").cert
        self.identity = identity_in(self.cert)
        self.utility = Utility(self.identity.lfdi, self.identity.sfdi, lambda: self.now_s + self.server_ahead_s)
        self.server_ahead_s = 0
        self.now_s = CIVIL_S
        self.synchronised = True
        self.seen_w: list[int] = []
        self.boot()

    def boot(self, kept: bytes = b"") -> None:
        """Start an agent on what an earlier one kept."""
        self.site = Site(self.default_w)
        quality = q.CLOCK_SYNCHRONISED if self.synchronised else q.CLOCK_UNKNOWN
        self.site.clock.set_civil(self.now_s * 1000, quality, 10)
        load(self.site.state, kept, self.now_s * 1000 if self.synchronised else 0)
        self.desk = PeerDesk(self.site, authority_of("utility", self.role, 100000))  # type: ignore[arg-type]  # what a desk uses of a loop
        self.site.desks.append(self.desk)
        self.source = Source(self.desk, self.options)
        self.source.join(self.ask, self.identity, Kept(self.folder / "utility.json"))

    def warm(self) -> None:
        """Let the site run before anybody asks a utility."""
        for _ in range(20):
            self.now_s += 1
            self.site.pass_s(1)

    def power_cut(self, off_s: int = 30) -> None:
        """Take the power away and give it back."""
        kept = dump(self.state)
        self.now_s += off_s
        self.boot(kept)

    async def ask(self, method: str, path: str, body: bytes) -> Answer:
        """Ask the utility in this process."""
        if not self.utility.reachable:
            raise LinkError(f"{method} {path}: unreachable")
        status, location, made = self.utility.answer(method, path, body.decode())
        spoiled = self.utility.spoil(path.split("?")[0], made)
        if spoiled is None:
            raise LinkError(f"{method} {path}: hung up")
        return Answer(status, location, spoiled)

    def run(self, seconds: int, stride_s: int = 1) -> None:
        """Let time pass, with a turn of everybody every `stride_s`."""
        asyncio.run(self._run(seconds, stride_s))

    async def _run(self, seconds: int, stride_s: int) -> None:
        for _ in range(0, seconds, stride_s):
            await self.step(stride_s)

    async def step(self, seconds: int) -> None:
        """Let one turn of client and core come after so long."""
        self.now_s += seconds
        self.site.pass_s(seconds)
        await self.source.turn()
        self.seen_w.append(self.site.grid_w())

    @property
    def state(self) -> State:
        """The core's."""
        return self.site.state

    def limit_w(self, direction: int, scope: int = -1) -> int | None:
        """Return the limit in force, None without one."""
        found = tightest(self.state.limits, scope, direction)
        return None if found is None else found.value

    @property
    def import_w(self) -> int | None:
        """What the connection may draw by the utility's word."""
        return self.limit_w(IMPORT)

    @property
    def export_w(self) -> int | None:
        """What the connection may feed in by the utility's word."""
        return self.limit_w(EXPORT)

    def told(self, mrid: str) -> list[int]:
        """Return what the utility was told of a control, in order."""
        return [status for _, status, subject in self.utility.responses if subject == mrid.zfill(32)]

    def sets(self) -> int:
        """Return how many sets were entered."""
        return len([fact for fact in self.site.facts if fact[0] == record.DECISION])
