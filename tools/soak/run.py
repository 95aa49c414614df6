"""One soak from its seed: lay out, start, let things die, let them recover, freeze, judge."""

from __future__ import annotations

import asyncio
import contextlib
import sys
import time
from pathlib import Path

from tools.board_process import image
from tools.demo import processes
from tools.demo.layout import Layout, lay_out
from tools.errors import UsageError
from tools.headend import HeadEnd
from tools.soak import chain, durable, limits, vitals
from tools.soak.checks import Check
from tools.soak.havoc import plan, strike
from tools.soak.keeper import BrokerKeeper, Keeper, Kept, Life
from tools.soak.report import Report
from tools.soak.tasks import Tasks
from tools.soak.traffic import Traffic
from tools.soak.truth import Truth

START_S = 60.0
CATCH_UP_S = 90.0
QUIET_S = 8.0  # after the last blow: what was granted last must show
CHANGES = (  # of the demonstration's home, so that a soak needs no recordings and devices follow within seconds
    ("column = 7\nscale = 0.6\n", "constant_w = 700\n"),
    ("kwp = 4.0\n", "constant_w = 0\n"),
    ('control = "sim.sock"\n', 'control = "sim.sock"\nregisters = "registers.json"\nstep_s = 0.25\n'),
    ("[heat_pump]\n", "[heat_pump]\nlag_s = 1.0\non_s_min = 2.0\noff_s_min = 2.0\n"),
    ("[tank]\n", "[tank]\nwater_c = 30.0\n"),
)  # fmt: skip


class Run:
    """Everything of one soak."""

    def __init__(self, folder: Path, seed: int, seconds: float) -> None:
        self.folder = folder
        self.seed = seed
        self.blows = plan(seed, seconds)
        self.seconds = seconds
        self._began = time.monotonic()
        self.storm_s = 0.0

    def now_s(self) -> float:
        """Seconds since the beginning."""
        return time.monotonic() - self._began

    def say(self, text: str) -> None:
        """Tell whoever watches."""
        print(text, file=sys.stderr, flush=True)

    async def whole(self) -> Report:
        """Do all of it; return what was found. Raises: BrokerError, StageError, UsageError."""
        layout = lay_out(self.folder / "site")
        await asyncio.to_thread(image)  # linking it takes memory that is none of the board's
        change_home(layout.home)
        links = [layout.home_folder / name for name in ("rs485", "charger-meter")]
        kept: dict[str, Kept] = {
            "broker": BrokerKeeper(layout.broker, self.now_s),
            "home": Keeper("home", lambda hear: processes.simulator(layout, hear), self.now_s, links),
            "gateway": Keeper("gateway", lambda hear: processes.gateway(layout, hear), self.now_s),
            "board": Keeper("board", lambda hear: processes.board(layout, hear), self.now_s),
        }
        self.keepers = {name: keeper for name, keeper in kept.items() if isinstance(keeper, Keeper)}
        self.truth = Truth(layout.home_folder / "sim.sock", self.now_s)
        async with contextlib.AsyncExitStack() as stack:
            below = await stack.enter_async_context(Tasks())
            for name in ("broker", "home"):
                below.start(kept[name].run())
            await self._until_up(below, [kept["broker"], kept["home"]])
            head_end = await stack.enter_async_context(HeadEnd(layout.settings))
            await head_end.connected()
            running = await stack.enter_async_context(Tasks())
            for name in ("gateway", "board"):
                running.start(kept[name].run())
            running.start(self.truth.run())
            running.start(vitals.follow(list(self.keepers.values()), self.now_s))
            heads = chain.Heads()
            running.start(_look(heads, head_end))
            await self._until_up(running, [kept["gateway"], kept["board"]])
            for agent in (layout.gateway_id, layout.board_id):
                await head_end.announced(agent, START_S)
            traffic = Traffic(layout, head_end, self.truth, self.seed)
            await traffic.limits_in_force(START_S)
            await self._storm(kept, traffic)
            caught_up = await self._catch_up(head_end, layout)
            await running.end()  # the agents die here as they died before
            return self._judge(layout, head_end, traffic, heads, caught_up)

    async def _storm(self, kept: dict[str, Kept], traffic: Traffic) -> None:
        self.storm_s = self.now_s()
        self.say(f"both limits are in force; {len(self.blows)} blows in {self.seconds:.0f} s")
        async with Tasks() as tasks:
            tasks.start(traffic.run())
            await strike(self.blows, kept, lambda: self.now_s() - self.storm_s, self.say)
            await asyncio.sleep(max(0.0, self.seconds - (self.now_s() - self.storm_s)))
            self.say("no more blows")
            await asyncio.sleep(QUIET_S)

    async def _catch_up(self, head_end: HeadEnd, layout: Layout) -> Check:
        """Wait until everything from before now is upstream."""
        began_s = self.now_s()
        deadline_s = began_s + CATCH_UP_S
        waiting = {"gateway": layout.gateway_id, "board": layout.board_id}
        while waiting and self.now_s() < deadline_s:
            await asyncio.sleep(1)
            for name, agent in list(waiting.items()):
                if self._is_upstream(head_end, name, agent, began_s):
                    del waiting[name]
        found = (
            f"{self.now_s() - began_s:.0f} s" if not waiting else f"not within {CATCH_UP_S:.0f} s: {', '.join(waiting)}"
        )
        return Check("everything is upstream after the last blow", not waiting, found)

    def _is_upstream(self, head_end: HeadEnd, name: str, agent: str, until_s: float) -> bool:
        life = self.keepers[name].lives[-1]
        if life.ready_s is None:
            return False
        status = next(row for row in head_end.status()["agents"] if row["agent"] == agent)
        newest = list(head_end.store.records(agent))[-1:]
        in_order = status["records"] == status["whole_to"]
        return in_order and any(
            row["epoch"] == life.ready["epoch"] and row["at_ms"] >= (until_s - life.ready_s) * 1000 for row in newest
        )

    def _judge(
        self, layout: Layout, head_end: HeadEnd, traffic: Traffic, heads: chain.Heads, caught_up: Check
    ) -> Report:
        self.say("judging")
        report = Report(self.seed, self.now_s(), len(self.blows))
        for name, keeper in self.keepers.items():
            own = [life for life in keeper.lives if life.ended_s is not None and not life.killed]
            peak_kb = max((kb for life in keeper.lives for _, kb in life.resident_kb), default=0)
            killed = sum(life.killed for life in keeper.lives)
            report.lives.append((name, len(keeper.lives), killed, len(own), peak_kb >> 10))
        keys = {layout.gateway_id: layout.public_keys["gateway"], layout.board_id: layout.public_keys["board"]}
        claimed = chain.claimed_pages(layout.settings.database, keys)
        report.checks += [caught_up, *chain.judge(head_end, keys, heads), *chain.judge_answers(head_end, traffic.told)]
        for name, agent, folder in (
            ("gateway", layout.gateway_id, layout.gateway_site.parent / "journal"),
            ("board", layout.board_id, layout.board_folder / "journal"),
        ):
            lives = self.keepers[name].lives
            report.checks += durable.judge(name, agent, list(head_end.pages(agent)), folder, lives, claimed[agent])
        samples = [sample for sample in self.truth.samples if sample.at_s >= self.storm_s]
        for circuit in limits.CIRCUITS:
            lives = self.keepers[circuit.name].lives
            report.checks += limits.judge(circuit, lives, self.keepers["home"].lives, samples)
        for name in ("gateway", "board"):
            report.checks += vitals.judge(name, self.keepers[name].lives)
        report.checks.append(self._judge_ends())
        return report

    def _judge_ends(self) -> Check:
        """Only a gateway whose serial port is away may end by itself: its service manager starts it again."""
        homes = self.keepers["home"].lives
        ends = [
            f"{name} with exit code {life.exit_code} at {life.ended_s:.1f} s"
            for name, keeper in self.keepers.items()
            for life in keeper.lives
            if life.ended_s is not None and not life.killed and not (name == "gateway" and _port_was_away(life, homes))
        ]
        return Check(
            "nothing ended by itself",
            not ends,
            "; ".join(ends[:5]) or "every end was ours, or a serial port that was away",
        )

    async def _until_up(self, tasks: Tasks, kept: list[Kept]) -> None:
        """Wait for the first life of each. Raises: UsageError, what broke a task."""
        deadline_s = self.now_s() + START_S
        while not all(each.lives and each.lives[-1].ready_s is not None for each in kept):
            tasks.check()
            if self.now_s() > deadline_s:
                raise UsageError(
                    f"one of {', '.join(each.name for each in kept)} did not start; see the logs in {self.folder}"
                )
            await asyncio.sleep(0.1)


async def _look(heads: chain.Heads, head_end: HeadEnd) -> None:
    while True:
        await asyncio.sleep(3)
        heads.look(head_end)


def _port_was_away(life: Life, homes: list[Life]) -> bool:
    ended_s = life.ended_s or 0.0
    return life.exit_code == 2 and not any(home.at(life.began_s) and home.at(ended_s) for home in homes)


def change_home(home: Path) -> None:
    """Have its devices follow within seconds, without recordings. Raises: UsageError."""
    text = home.read_text(encoding="utf-8")
    for old, new in CHANGES:
        if text.count(old) != 1:
            raise UsageError(f"{home} has changed: the soak expects {old.splitlines()[0]!r} in it once")
        text = text.replace(old, new)
    home.write_text(text, encoding="utf-8")
