"""How long a limit on the site takes from the publish to the products' registers, under full load, on both runtimes.

Eight devices are asked every second, a page is closed and signed every second, a backlog of old pages is signed and sent
all the while, and each limit is tighter than the one before, so that both chargers have to be moved. What counts
is the later of the two. In turn with each limit the bare program gets a write for a charger of its own, over the same
broker: its time is what this machine needs at that moment for the way alone.
"""

from __future__ import annotations

import queue
import random
import struct
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import paho.mqtt.client as mqtt

from tools import wire
from tools.bench.child import BenchError, Child
from tools.bench.latency import percentile, publisher
from tools.bench.limit_site import RUNTIMES, LimitSite, staged
from tools.bench.upstream import Upstream

CHARGERS = {"charger-1": 1, "charger-2": 2}  # id -> index of the device
STEP_W = 1000
LOWER_MA_MIN = 100  # a step of 1 kW takes 700 from each charger, less what other devices have changed meanwhile
PAUSE_S = (1.0, 2.0)  # drawn anew each time, so that limits meet every phase of the second
WARM_S = 20.0
ANSWER_S = 20.0
DURATION_S, EXPIRES_S = 3600, 86400
TICK_MS = 1000
IMPORT = 0
VOLT_AND_PHASES = 690  # W per A


@dataclass
class Way:
    """One runtime: milliseconds and ticks of each limit, and the longest slice of each second meanwhile."""

    device_ms: list[float] = field(default_factory=list)
    bare_ms: list[float] = field(default_factory=list)
    ticks: list[int] = field(default_factory=list)
    slices: list[dict[str, Any]] = field(default_factory=list)
    backfill_pages: int = 0
    lasted_s: float = 0.0

    def ratio(self, percent: int) -> float:
        """Return the agent's percentile over the bare program's."""
        return percentile(self.device_ms, percent) / percentile(self.bare_ms, percent)

    def longest(self) -> dict[str, Any]:
        """Return the second with the longest slice."""
        return max(self.slices, key=lambda window: int(window["slice_us"]))


@dataclass
class Limits:
    """Both runtimes."""

    gateway: Way
    board: Way


def measure(folder: Path, limits: int, backlog_pages: int) -> Limits:
    """Send `limits` to each runtime. Raises: BenchError, BrokerError, StageError."""
    with staged(folder, backlog_pages) as site:
        return Limits(*(_run(site, runtime, limits, backlog_pages) for runtime in RUNTIMES))


def _run(site: LimitSite, runtime: str, limits: int, backlog_pages: int) -> Way:
    with (
        publisher(site.broker, "siteward-bench-up") as up,
        publisher(site.broker, "siteward-bench") as down,
        site.bare() as bare,
        site.agent(runtime) as agent,
    ):
        epoch = agent.hear("epoch")["epoch"]
        bare.hear("ready")
        sender = _Sender(site, down, site.agents[runtime], epoch)
        sender.let_pass(WARM_S)
        upstream = Upstream(up, site.agents[runtime], site.receipts)  # from now on the backlog goes up
        try:
            way = sender.send_all(agent, upstream, limits)
            _await_proof(upstream, sender.sent)
        finally:
            upstream.close()
    way.ticks = [_ticks(upstream, digest, floors) for digest, floors in sender.sent]
    if upstream.confirmed >= backlog_pages:
        raise BenchError(f"the backlog of {backlog_pages} pages was sent before the last limit: {runtime} had less to do")
    return way


class _Sender:
    """Sends limits, each tighter than what the chargers have, and waits for both to have less."""

    def __init__(self, site: LimitSite, client: mqtt.Client, agent_id: bytes, epoch: int) -> None:
        self.sent: list[tuple[bytes, dict[str, int]]] = []  # command, what each charger was set to
        self._site = site
        self._client = client
        self._agent_id = agent_id
        self._epoch = epoch
        self._held_ma: dict[str, int] = {}

    def send_all(self, agent: Child, upstream: Upstream, limits: int) -> Way:
        """Return what was measured; ticks are found out later."""
        way, pause = Way(), random.Random(1)  # noqa: S311 - no secret: when to send
        self._send(self._present_w() - STEP_W)  # a first one, which finds out what else draws here
        self.let_pass(ANSWER_S / 4)
        del self.sent[:]
        _heard(agent)
        before, began_s = upstream.confirmed, time.monotonic()
        for number in range(limits):
            self.let_pass(pause.uniform(*PAUSE_S))
            way.device_ms.append(self._send(self._limit_w - STEP_W))
            way.bare_ms.append(self._bare(8000 + 2000 * (number % 2)))
        way.lasted_s = time.monotonic() - began_s
        way.backfill_pages = upstream.confirmed - before
        way.slices = [line for line in _heard(agent) if "slice_us" in line]
        return way

    def _present_w(self) -> int:
        return sum(self._held_ma.values()) * VOLT_AND_PHASES // 1000

    def _send(self, limit_w: int) -> float:
        """Limit the site; return the milliseconds until both chargers have less."""
        self._limit_w = limit_w
        body = ["", IMPORT, limit_w, DURATION_S]
        counter = int(time.time() * 1000)
        payload = wire.command(self._agent_id, self._epoch, counter, EXPIRES_S, wire.LIMIT, body)
        raw = wire.seal(payload, self._site.grid)
        held = dict(self._held_ma)
        lower: dict[str, int] = {}
        sent_ns = time.monotonic_ns()
        self._client.publish(f"siteward/{self._agent_id.hex()}/command", raw, 1)
        while len(lower) < len(CHARGERS):
            written = self._written(ANSWER_S)
            name = written["charger"]
            if name in CHARGERS and name not in lower and written["limit_ma"] <= held[name] - LOWER_MA_MIN:
                lower[name] = written["limit_ma"]
                last_ns = written["at_ns"]
        self.sent.append((wire.sha256(raw), lower))
        return float(last_ns - sent_ns) / 1e6

    def _bare(self, limit_ma: int) -> float:
        """Have the bare program write its charger; return the milliseconds it took."""
        words = struct.pack(">f", limit_ma / 1000)
        sent_ns = time.monotonic_ns()
        self._client.publish("siteward/bare/command", words, 1)
        while True:
            written = self._written(ANSWER_S)
            if written["charger"] == "bare" and written["limit_ma"] == limit_ma:
                return float(written["at_ns"] - sent_ns) / 1e6

    def _written(self, timeout_s: float) -> dict[str, Any]:
        """Return the next set-point that reached a charger. Raises: BenchError."""
        written = self._site.products.hear("charger", timeout_s)
        if written["charger"] in CHARGERS:
            self._held_ma[written["charger"]] = written["limit_ma"]
        return written

    def let_pass(self, seconds: float) -> None:
        """Wait, and follow what is written meanwhile."""
        until_s = time.monotonic() + seconds
        while (left_s := until_s - time.monotonic()) > 0:
            try:
                self._written(left_s)
            except BenchError:
                return


def _heard(child: Child) -> list[dict[str, Any]]:
    """Take everything that a child has said so far."""
    lines = []
    while True:
        try:
            lines.append(child.said.get_nowait())
        except queue.Empty:
            return lines


def _await_proof(upstream: Upstream, sent: list[tuple[bytes, dict[str, int]]]) -> None:
    """Wait until signed pages tell of the last limit and of what came of it. Raises: BenchError."""
    deadline_s = time.monotonic() + ANSWER_S
    while time.monotonic() < deadline_s:
        if all(_ticks(upstream, digest, floors) >= 0 for digest, floors in sent):
            return
        time.sleep(0.2)
    raise BenchError(f"no page told within {ANSWER_S:.0f} s what came of each limit")


def _ticks(upstream: Upstream, digest: bytes, lower: dict[str, int]) -> int:
    """Return how many ticks began between the record of the decision and the last write's, -1 while one is missing."""
    if digest not in upstream.decisions:
        return -1
    decided_ms, reason = upstream.decisions[digest]
    if reason:
        raise BenchError(f"a limit was refused: {wire.REASONS[reason]}")
    proven = []
    for name, limit_ma in lower.items():
        later = [
            at_ms
            for at_ms, device, setpoint in list(upstream.writes)
            if device == CHARGERS[name] and setpoint == limit_ma and at_ms >= decided_ms
        ]
        proven.append(min(later, default=-1))
    return -1 if -1 in proven else max(proven) // TICK_MS - decided_ms // TICK_MS
