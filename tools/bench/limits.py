"""How long a limit on the site takes from the publish to the products' registers, under full load, on both runtimes.

Eight devices are asked every second, a page is closed and signed every second, a backlog of old pages is signed and
sent all the while, and each limit is below what both chargers have, so that both have to be moved. What counts is the
later of the two. In turn with each limit the bare program gets a write for a charger of its own, over the same broker:
its time is what this machine needs at that moment for the way alone.
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
STEP_W = 1200
LOW_MA, HIGH_MA = 9000, 25000  # before a charger has to stop, both get back to the upper one
FREE_W = 90000
FREE_S = 90.0
LOWER_MA_MIN = 100  # a step takes 870 from each charger, less what other devices have changed meanwhile
PAUSE_S = (1.0, 2.0)  # drawn anew each time, so that limits meet every phase of the second
WARM_S = 20.0
ANSWER_S = 20.0
READY_S = 120.0  # a board reads its whole journal first
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

    def longest(self) -> tuple[float, dict[str, float]]:
        """Return the milliseconds of the longest slice, and of its named parts; parts may contain one another."""
        window = max(self.slices, key=lambda window: int(window["slice_us"]))
        parts: dict[str, float] = {}
        for name, took_us in window["parts"]:
            parts[name] = parts.get(name, 0.0) + took_us / 1000
        return window["slice_us"] / 1000, parts


@dataclass
class Limits:
    """Both runtimes."""

    gateway: Way
    board: Way


def measure(folder: Path, limits: int, backlog: dict[str, int]) -> Limits:
    """Send `limits` to each runtime, which has so many pages in hand. Raises: BenchError, BrokerError, StageError."""
    with staged(folder, backlog) as site:
        return Limits(**{runtime: _run(site, runtime, limits, backlog[runtime]) for runtime in RUNTIMES})


def _run(site: LimitSite, runtime: str, limits: int, backlog_pages: int) -> Way:
    with (
        publisher(site.broker, "siteward-bench-up") as up,
        publisher(site.broker, "siteward-bench") as down,
        site.bare() as bare,
        site.agent(runtime) as agent,
    ):
        epoch = agent.hear("epoch", READY_S)["epoch"]
        bare.hear("ready")
        sender = _Sender(site, down, site.agents[runtime], epoch)
        sender.let_pass(WARM_S)
        upstream = Upstream(up, site.agents[runtime], site.receipts)  # from now on the backlog goes up
        try:
            way = sender.send_all(agent, upstream, limits)
        finally:
            upstream.close()
    if upstream.confirmed >= backlog_pages:
        raise BenchError(f"{runtime} had sent its backlog of {backlog_pages} pages before the last limit came")
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
        self._others_w = 0

    def send_all(self, agent: Child, upstream: Upstream, limits: int) -> Way:
        """Return what was measured; ticks are found out later."""
        way, pause = Way(), random.Random(1)  # noqa: S311 - no secret: when to send
        _heard(agent)
        before, began_s = upstream.confirmed, time.monotonic()
        for number in range(limits):
            self.let_pass(pause.uniform(*PAUSE_S))
            self._keep_room()
            way.device_ms.append(self._send())
            way.bare_ms.append(self._bare(8000 + 2000 * (number % 2)))
        way.lasted_s = time.monotonic() - began_s
        way.backfill_pages = upstream.confirmed - before
        self.let_pass(2 * TICK_MS / 1000)  # what came of the last one is told in the next turn
        said = _heard(agent)
        way.slices = [line for line in said if "slice_us" in line]
        way.ticks = [_ticks(said, digest, lower) for digest, lower in self.sent]
        return way

    def _send(self) -> float:
        """Limit the site; return the milliseconds until both chargers have less."""
        chargers_w = sum(self._held_ma.values()) * VOLT_AND_PHASES // 1000
        raw = self._limit(self._others_w + chargers_w - STEP_W)
        held = dict(self._held_ma)
        lower: dict[str, int] = {}
        sent_ns = time.monotonic_ns()
        self._publish(raw)
        while len(lower) < len(CHARGERS):
            written = self._written(ANSWER_S)
            name = written["charger"]
            if name in CHARGERS and name not in lower and written["limit_ma"] <= held[name] - LOWER_MA_MIN:
                lower[name] = written["limit_ma"]
                last_ns = written["at_ns"]
        self.sent.append((wire.sha256(raw), lower))
        return float(last_ns - sent_ns) / 1e6

    def _limit(self, limit_w: int) -> bytes:
        body = ["", IMPORT, limit_w, DURATION_S]
        counter = int(time.time() * 1000)
        payload = wire.command(self._agent_id, self._epoch, counter, EXPIRES_S, wire.LIMIT, body)
        return wire.seal(payload, self._site.grid)

    def _publish(self, raw: bytes) -> None:
        self._client.publish(f"siteward/{self._agent_id.hex()}/command", raw, 1)

    def _keep_room(self) -> None:
        """Free the site for a while when a charger is near its least current. Raises: BenchError."""
        if min(self._held_ma.values()) >= LOW_MA:
            return
        self._publish(self._limit(FREE_W))
        until_s = time.monotonic() + FREE_S
        while min(self._held_ma.values()) < HIGH_MA:
            if time.monotonic() > until_s:
                raise BenchError(f"the chargers did not recover within {FREE_S:.0f} s; see {self._site.folder}")
            self.let_pass(PAUSE_S[0])

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
        """Return the next set-point that reaches a charger. Raises: BenchError."""
        until_s = time.monotonic() + timeout_s
        while (left_s := until_s - time.monotonic()) > 0:
            said = self._follow(left_s)
            if "charger" in said:
                return said
        raise BenchError(f"no set-point reached a charger within {timeout_s:.0f} s; see {self._site.folder}")

    def _follow(self, timeout_s: float) -> dict[str, Any]:
        """Take the next line of the products, empty when there is none in time."""
        try:
            said = self._site.products.said.get(timeout=timeout_s)
        except queue.Empty:
            return {}
        self._others_w = said.get("others_w", self._others_w)
        if said.get("charger") in CHARGERS:
            self._held_ma[said["charger"]] = said["limit_ma"]
        return said

    def let_pass(self, seconds: float) -> None:
        """Wait, and follow what happens meanwhile."""
        until_s = time.monotonic() + seconds
        while (left_s := until_s - time.monotonic()) > 0:
            self._follow(left_s)


def _heard(child: Child) -> list[dict[str, Any]]:
    """Take everything that a child has said so far."""
    lines = []
    while True:
        try:
            lines.append(child.said.get_nowait())
        except queue.Empty:
            return lines


def _ticks(facts: list[dict[str, Any]], digest: bytes, lower: dict[str, int]) -> int:
    """Return how many ticks began between the record of a decision and the last charger's first lower set-point.

    Raises: BenchError when a record is missing.
    """
    at = next((at for at, fact in enumerate(facts) if fact.get("command") == digest.hex() and "reason" in fact), None)
    if at is None or facts[at]["reason"] != "accepted":
        raise BenchError("a limit was refused, or its answer not told")
    last_ms = 0
    for name, limit_ma in lower.items():
        later = [fact for fact in facts[at:] if fact.get("fact") == "write" and fact["device"] == name]
        told_ms = [int(fact["at_ms"]) for fact in later if fact["setpoint"] == limit_ma]
        if not told_ms:
            raise BenchError("a set-point that reached a charger was not told")
        last_ms = max(last_ms, told_ms[0])
    return last_ms // TICK_MS - int(facts[at]["at_ms"]) // TICK_MS
