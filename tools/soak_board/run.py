"""One run: lay out, start, ask and look for as long as wanted, judge."""

from __future__ import annotations

import asyncio
import contextlib
import json
import sys
import time
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tools.board_check import TWIN, site_of, twin_image
from tools.board_process import STAGED
from tools.demo import processes
from tools.demo.layout import Layout, lay_out
from tools.demo.processes import Program
from tools.headend import HeadEnd
from tools.soak.chain import HARMLESS
from tools.soak.checks import Check
from tools.soak.processes import open_handles, resident_kb
from tools.soak.tasks import Tasks
from tools.soak.truth import Truth
from tools.soak_board import limit, vitals
from tools.soak_board.site import STEERED, furnish
from tools.soak_board.traffic import Traffic
from tools.stage import compile_text, leaned
from tools.verifier import Verifier

START_S = 60.0
CATCH_UP_S = 30.0
SAY_S = 600.0
GROWTH_S = 75.0  # the first mark is at a minute
PAGES_PER_MINUTE_MIN = 4  # they close every 10 s, sooner for an answer
WATCH = Path(__file__).with_name("watch.py")


@dataclass
class Report:
    """What a run found."""

    seed: int
    seconds: float
    heap: str
    ready: dict[str, Any] = field(default_factory=dict)  # what the agent said when it was
    marks: list[vitals.Mark] = field(default_factory=list)
    looks: list[vitals.Look] = field(default_factory=list)
    checks: list[Check] = field(default_factory=list)

    @property
    def good(self) -> bool:
        """Tell whether everything held."""
        return all(check.held for check in self.checks)


class Run:
    """Everything of one run."""

    def __init__(self, folder: Path, seed: int, seconds: float, heap: str) -> None:
        self.report = Report(seed, seconds, heap)
        self._folder = folder
        self._began = time.monotonic()
        self._ready_s = 0.0
        self._board: Program | None = None

    def now_s(self) -> float:
        """Seconds since the beginning."""
        return time.monotonic() - self._began

    async def whole(self) -> Report:
        """Do all of it; return what was found. Raises: BrokerError, UsageError."""
        layout = lay_out(self._folder / "site")
        furnish(layout)
        home = processes.simulator(layout, lambda _name, _said: None)
        truth = Truth(layout.home_folder / "sim.sock", self.now_s, STEERED)
        async with contextlib.AsyncExitStack() as stack:
            await stack.enter_async_context(layout.broker)
            stack.push_async_callback(home.stop)
            await home.start()
            head_end = await stack.enter_async_context(HeadEnd(layout.settings))
            await head_end.connected()
            board = self._board = self._program(layout)
            stack.push_async_callback(board.ended)
            stack.callback(board.kill)
            await board.start()
            self._ready_s = self.now_s()
            self.report.ready = await board.ready
            await head_end.announced(layout.board_id, START_S)
            traffic = Traffic(layout.board_id, head_end, truth, self.report.seed)
            await self._let_pass(board, truth, traffic)
            self._judge(layout, head_end, traffic, truth, await self._caught_up(head_end, layout))
            return self.report

    def _program(self, layout: Layout) -> Program:
        watch = STAGED.parent / "soak" / "watch.mpy"
        compile_text(leaned(WATCH, WATCH.name, {}), watch, "watch")
        site = json.loads((layout.board_folder / "site.json").read_text(encoding="utf-8"))
        made = twin_image(site_of(TWIN, site), layout.folder)
        command = [sys.executable, "-m", "tools.board_process", str(layout.board_folder), "--heap", self.report.heap]
        log = layout.folder / "board.log"
        return Program("board", [*command, "--first", str(watch), "--image", str(made)], log, self._hear)

    def _hear(self, _name: str, said: dict[str, Any]) -> None:
        pid = self._board.pid if self._board is not None else None
        if said.get("fact") != "look" or pid is None:
            return
        held = {name: said[name] for name in ("heap_bytes", "peak_bytes", "free_bytes", "largest_bytes", "tasks")}
        self.report.looks.append(
            vitals.Look(self.now_s() - self._ready_s, **held, handles=open_handles(pid), resident_kb=resident_kb(pid))
        )

    async def _let_pass(self, board: Program, truth: Truth, traffic: Traffic) -> None:
        async with Tasks() as tasks:
            tasks.start(truth.run())
            tasks.start(traffic.run())
            until_s, say_s = self.now_s() + self.report.seconds, self.now_s()
            while (left_s := until_s - self.now_s()) > 0 and board.pid is not None:
                await asyncio.sleep(min(left_s, 1.0))
                tasks.check()
                if self.now_s() >= say_s and self.report.looks:
                    say_s += SAY_S
                    look = self.report.looks[-1]
                    print(f"{look.at_s:.0f} s: {look.heap_bytes} bytes in use, {look.largest_bytes} in one piece",
                          file=sys.stderr, flush=True)  # fmt: skip

    async def _caught_up(self, head_end: HeadEnd, layout: Layout) -> bool:
        with contextlib.suppress(TimeoutError):
            await head_end.until(lambda: _is_whole(_status(head_end, layout)), CATCH_UP_S)
            return True
        return False

    def _judge(self, layout: Layout, head_end: HeadEnd, traffic: Traffic, truth: Truth, whole: bool) -> None:
        report = self.report
        report.marks = vitals.marks(report.looks)
        alive = self._board is not None and self._board.pid is not None
        report.checks.append(Check("the agent ran to the end", alive, f"see {layout.folder / 'board.log'}"))
        if report.seconds >= GROWTH_S:
            report.checks += vitals.judge(report.marks)
        else:
            report.checks += [vitals.judge_pieces(mark) for mark in report.marks]
        report.checks.append(limit.judge(truth.samples, traffic.levels))
        refused = ", ".join(traffic.refused[:5])
        report.checks.append(
            Check("every order was accepted", not traffic.refused, f"{traffic.sent} limits and claims; {refused}")
        )
        report.checks += self._judge_pages(layout, head_end, whole)

    def _judge_pages(self, layout: Layout, head_end: HeadEnd, whole: bool) -> list[Check]:
        status = _status(head_end, layout)
        verifier = Verifier([layout.public_keys["board"]])
        for number, raw in enumerate(head_end.pages(layout.board_id)):
            verifier.add(raw, f"page {number + 1}")
        faults = [fault.line() for fault in verifier.report().faults]
        refused = Counter({name: count for name, count in status["refusals"].items() if name not in HARMLESS})
        pages, wanted = status["pages"], int(self.report.seconds / 60 * PAGES_PER_MINUTE_MIN)
        return [
            Check(f"pages were signed and confirmed all the time, {wanted} at least", whole and pages >= wanted,
                  f"{pages} pages, {status['records']} records, released up to {status['released_seq']}"),
            Check("they are one verified chain", not faults and not refused and not status["faults"],
                  "; ".join(faults[:5]) or f"{status['faults'] or 'no fault'}, refused {dict(refused) or 'nothing'}"),
        ]  # fmt: skip


def _status(head_end: HeadEnd, layout: Layout) -> dict[str, Any]:
    found: dict[str, Any] = next(row for row in head_end.status()["agents"] if row["agent"] == layout.board_id)
    return found


def _is_whole(status: dict[str, Any]) -> bool:
    return bool(status["records"] and status["records"] == status["whole_to"])
