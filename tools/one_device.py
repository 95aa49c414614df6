"""`siteward read` and `siteward set`: one device of a site, while no agent runs there.

Reading asks that one device. Setting puts the site's whole agent together, as it would run but for its uplink, its
sources of control and its journal, wants the set-point of an owner's right for a while, and stands everything down: so
every limit, protection and failsafe of the configuration holds, and the actuator alone writes.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import json
import os
import tempfile
from pathlib import Path

from agent import record
from agent.claims import Claim
from agent.config import Config
from agent.loop import Loop
from agent.orders import OWNER_PRIMACY
from agent.unit import Unit
from boards import telling
from boards.cpython import words
from boards.cpython.clock import SystemClock
from boards.cpython.signer import FileSigner
from boards.cpython.site_file import load_site
from boards.startup import Parts, StartError, assemble, driver_of
from hal import quantities as q
from hal.capabilities import Device
from hal.errors import DeviceError
from hal.memory import CountingWatchdog, MemoryStore
from hal.modbus.bus import Bus
from tools.console import printable
from tools.console_link import asking
from tools.console_words import said
from tools.errors import UsageError
from tools.keys import create_key
from tools.place import bus_of, number
from tools.product_facts import facts_about
from tools.sunspec_facts import Fact, lines_of
from tools.why import journal_of

TIMEOUT_MS = {"tcp": 1000, "serial": 500, "ascii": 500}
NAMES = {getattr(q, name): name.lower() for name in dir(q) if name.endswith(("_W", "_MA", "_MV", "_MHZ", "_WH", "_MC"))}
NAMES |= {q.SOC_PM: "soc_pm", q.EV_STATE: "ev_state", q.MODE: "mode", q.ON: "on", q.FAULT: "fault", q.PHASES: "phases",
    q.LIMIT_VALID_MS: "limit_valid_ms"}  # fmt: skip
LEASES = range(1, 901)
LOOK_S = 0.2
SETTLE_S = 3.0  # before an order: what the site's meter shows must be known


def run(asked: argparse.Namespace) -> int:
    """Read or set one device; return the exit code. Raises: UsageError."""
    try:
        config, _ = load_site(asked.site)
        _check_alone(asked.site)
        rows = {row["id"]: at for at, row in enumerate(config.devices)}
        if asked.device not in rows:
            raise UsageError(f"no device {asked.device!r}; there are: {', '.join(rows)}")
        if asked.act == "read":
            return asyncio.run(_read(config, rows[asked.device], as_json=asked.json))
        return asyncio.run(_Trial(config, rows[asked.device], asked).run())
    except StartError as error:
        raise UsageError(str(error)) from error


def _check_alone(site: Path) -> None:
    """Refuse while an agent runs: it alone may use the buses."""
    try:
        with asking(journal_of(site)):
            pass
    except UsageError:  # nobody is there
        return
    raise UsageError(f"the agent of {site} runs and has the buses: siteward console --site {site} read|test")


async def _read(config: Config, at: int, *, as_json: bool) -> int:
    row = config.devices[at]
    bus_row = next(each for each in config.buses if each["id"] == row["bus"])
    async with bus_of(bus_row, TIMEOUT_MS[bus_row["kind"]]) as bus:
        driver = driver_of(row, bus)
        try:
            await driver.open()
            values = await driver.read()
            facts = await facts_about(driver)
        except DeviceError as fault:
            raise UsageError(f"{row['id']}: {told_fault(fault)}") from fault
    _print_reading(row["id"], driver, values, facts, as_json=as_json)
    return 0


def told_fault(fault: DeviceError) -> str:
    """Return an error of a device as a sentence."""
    return f"{type(fault).__name__} {' '.join(str(part) for part in fault.args)}"


def _print_reading(device: str, driver: Device, values: dict[int, int], facts: list[Fact], *, as_json: bool) -> None:
    named = {NAMES[quantity]: values[quantity] for quantity in sorted(values)}
    if as_json:
        told = {"facts": [fact._asdict() for fact in facts]} if facts else {}
        print(json.dumps({"device": device, "driver": driver.model, "values": named, **told}))
        return
    lines = said("read", {"device": device, "quality": "good", "age_ms": 0, "values": named})
    print("\n".join(lines + [printable(line) for line in lines_of(facts)]))


class _Trial:
    """An agent of which one device shall do something for a while."""

    def __init__(self, config: Config, at: int, asked: argparse.Namespace) -> None:
        """Raises: UsageError."""
        minus, digits = asked.setpoint[:1] == "-", asked.setpoint.lstrip("-")
        self._setpoint = number(digits, range(1000001), "SETPOINT") * (-1 if minus else 1)
        self._lease_s = number(asked.lease, LEASES, "--lease")
        self._wait_s = number(asked.wait, LEASES, "--wait")
        self._at, self._as_json = at, asked.json
        self._config = config
        config.uplink, config.sources, config.agent["next_key"] = None, [], None

    async def run(self) -> int:
        """Let the agent run until the lease has ended. Raises: StartError."""
        with tempfile.TemporaryDirectory(prefix="siteward-set-") as folder:
            key = Path(folder) / "agent.key"
            create_key(key)
            async with contextlib.AsyncExitStack() as stack:
                loop = await self._assembled(FileSigner(key), stack)
                running = asyncio.create_task(loop.run())
                try:
                    return await self._watch(loop, running)
                finally:
                    loop.stop()
                    await running

    async def _assembled(self, signer: FileSigner, stack: contextlib.AsyncExitStack) -> Loop:
        buses: dict[str, Bus] = {}
        for row in self._config.buses:
            if row["kind"] == "pins":
                raise UsageError(f"[[bus]] {row['id']} kind = 'pins': a gateway has no pins for devices")
            buses[row["id"]] = await stack.enter_async_context(bus_of(row, TIMEOUT_MS[row["kind"]]))
        parts = Parts(
            "siteward set", bytes(32), SystemClock(), MemoryStore(1 << 26), signer, None, CountingWatchdog(),
            os.urandom(32), lambda row: buses[row["id"]],
        )  # fmt: skip
        loop = assemble(self._config, bytes(32), parts)
        loop.tell = lambda fact: self._tell(telling.line(fact, loop.state), loop)
        return loop

    def _tell(self, line: str | None, loop: Loop) -> None:
        if line is not None:
            unit = loop.state.units[self._at]
            print(
                line if self._as_json else words.sentence(json.loads(line), lambda _: unit.contract.control), flush=True
            )

    async def _watch(self, loop: Loop, running: asyncio.Task[None]) -> int:
        await asyncio.wait([running], timeout=SETTLE_S)
        unit = loop.state.units[self._at]
        if not unit.contract.control or not unit.allows(self._setpoint):
            low, high, step = unit.contract.minimum, unit.contract.maximum, unit.contract.step
            raise UsageError(f"{unit.id} = {self._setpoint}: expected {low}..{high} in steps of {step}")
        now_ms = loop.clock.now_ms()
        until_ms = now_ms + (self._wait_s + self._lease_s) * 1000
        claim = Claim(self._at, self._setpoint, OWNER_PRIMACY, now_ms, "set", until_ms, bytes(32))
        loop.state.claims.append(claim)
        done = await self._reached(loop, unit)
        if done:
            await asyncio.wait([running], timeout=self._lease_s)
        if not self._as_json:
            print(f"{unit.id}: {words.amount(unit.contract.control, unit.setpoint)}: {words.reason(unit.source)}")
        return 0 if done else 1

    async def _reached(self, loop: Loop, unit: Unit) -> bool:
        """Return whether the device does what is wanted before the patience is over."""
        until_ms = loop.clock.now_ms() + self._wait_s * 1000
        while loop.clock.now_ms() < until_ms and loop.failure is None:
            outcome = unit.written
            if outcome is not None and outcome.setpoint == unit.setpoint == self._setpoint:
                return outcome.outcome == record.APPLIED
            await asyncio.sleep(LOOK_S)
        return False
