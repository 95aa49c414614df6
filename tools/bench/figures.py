"""The bench's rows: what was measured, what was aimed at, and how it is printed."""

from __future__ import annotations

import platform
from dataclasses import asdict, dataclass, field
from pathlib import Path
from statistics import median
from typing import Any

from tools.bench.board import Board
from tools.bench.evidence import Evidence
from tools.bench.journal import UNIT_BYTES, Wear
from tools.bench.latency import Latency, percentile
from tools.bench.limits import Limits, Way
from tools.bench.modbus import SIDES, Modbus
from tools.bench.polling import Polling
from tools.bench.reading_cpu import BARE, SIGNED, UNSIGNED, ReadingCpu
from tools.bench.verifying import Verifying
from tools.bench.wire_bytes import Channels, WireBytes

CPU_AIM = 2.0
P50_AIM, P99_AIM = 2.0, 3.0
PSS_MB_AIM = 35.0
MODBUS_AIM = 0.8
BYTES_PER_VALUE_AIM, CHANNELS_AIM = 8.0, 6.0
PAGE_US_AIM, PAGE_RATIO_AIM = 111.0, 1.33  # 9 000 pages in a CPU second; three quarters of what bare ES256 does
PROGRAMMED_AIM = 1.3
LIMIT_MS_AIM, TICKS_AIM = 1000.0, 1.0
PARTS = ("limits", "polling", "latency", "board", "evidence", "wire", "reading", "verifying", "journal", "modbus")


@dataclass
class Row:
    """One figure; `aim` is what it must not exceed, None where it is only told."""

    name: str
    measured: float
    unit: str
    aim: float | None
    detail: str

    @property
    def missed(self) -> bool:
        """Tell whether the aim was missed."""
        return self.aim is not None and self.measured > self.aim

    def line(self) -> str:
        """Return the row as one line of the table."""
        aim = "" if self.aim is None else f"<= {self.aim:g}"
        verdict = "" if self.aim is None else "MISSED" if self.missed else "met"
        return f"{self.name:<44} {self.measured:>9.2f} {self.unit:<6} {aim:<8} {verdict:<7} {self.detail}"


@dataclass
class Figures:
    """Everything of one run; a part that was not asked for is None."""

    limits: Limits | None = None
    polling: Polling | None = None
    latency: Latency | None = None
    board: Board | None = None
    evidence: Evidence | None = None
    verifying: Verifying | None = None
    journal: Wear | None = None
    wire: WireBytes | None = None
    reading: ReadingCpu | None = None
    modbus: Modbus | None = None
    machine: dict[str, str] = field(default_factory=lambda: machine())

    def rows(self) -> list[Row]:
        """Return the table."""
        return [
            *([] if self.polling is None else _cpu(self.polling)),
            *([] if self.modbus is None else _modbus(self.modbus)),
            *([] if self.latency is None else _commands(self.latency)),
            *([] if self.polling is None else [_memory(self.polling)]),
            *([] if self.board is None else _board(self.board)),
            *([] if self.evidence is None else [_page(self.evidence)]),
            *([] if self.wire is None else _wire(self.wire)),
            *([] if self.reading is None else _reading(self.reading)),
            *([] if self.verifying is None else _verifying(self.verifying)),
            *([] if self.journal is None else _journal(self.journal)),
            *([] if self.limits is None else _limits("gateway", self.limits.gateway)),
            *([] if self.limits is None else _limits("MicroPython", self.limits.board)),
        ]

    def as_json(self) -> dict[str, Any]:
        """Return rows and everything they were made of, as plain JSON types."""
        rows = [asdict(row) | {"missed": row.missed} for row in self.rows()]
        measured = {name: getattr(self, name) for name in PARTS}
        raw = {name: asdict(part) for name, part in measured.items() if part is not None}
        return {"machine": self.machine, "rows": rows, "raw": raw}


def machine() -> dict[str, str]:
    """Return what the figures depend on."""
    rows = Path("/proc/cpuinfo").read_text().splitlines()
    models = [row.partition(":")[2].strip() for row in rows if row.startswith("model name")]
    processor = f"{len(models)} x {models[0]}" if models else platform.machine()
    load = Path("/proc/loadavg").read_text().split()[0]
    return {"processor": processor, "kernel": platform.release(), "python": platform.python_version(), "load": load}


def _cpu(found: Polling) -> list[Row]:
    ours = f"agent {median(found.agent_ms):.3f} ms"
    each = " ".join(f"{one:.2f}" for one in found.agent_ms)
    return [
        Row("CPU a poll, agent / bare loop", found.ratio(found.bare_ms), "x", CPU_AIM,
            f"{ours}, bare {median(found.bare_ms):.3f} ms; agent's windows: {each}"),
        Row("CPU a poll, agent / bare loop in batches", found.ratio(found.batched_ms), "x", None,
            f"{ours}, bare {median(found.batched_ms):.3f} ms"),
    ]  # fmt: skip


def _modbus(found: Modbus) -> list[Row]:
    us = ", ".join(f"{side} {median(found.cpu_us[side]):.0f} us" for side in SIDES)
    rates = ", ".join(f"{side} {median(found.rate[side]):.0f}" for side in SIDES if side != "agent")
    return [
        Row("CPU of a Modbus poll, agent / pymodbus", found.ratio("pymodbus"), "x", MODBUS_AIM, us),
        Row("CPU of a Modbus poll, agent / bare loop", found.ratio("bare"), "x", None, f"{found.polls} polls a round"),
        Row("Modbus polls a second, one after the other", median(found.rate["agent"]), "", None, rates),
    ]


def _commands(found: Latency) -> list[Row]:
    def row(percent: int, aim: float) -> Row:
        ours, theirs = percentile(found.agent_ms, percent), percentile(found.bare_ms, percent)
        detail = f"agent {ours:.2f} ms, bare {theirs:.2f} ms, {len(found.agent_ms)} commands each"
        return Row(f"command to register p{percent}, agent / bare", found.ratio(percent), "x", aim, detail)

    return [row(50, P50_AIM), row(99, P99_AIM)]


def _memory(found: Polling) -> Row:
    detail = f"Rss {found.memory_kb['Rss'] / 1024:.1f} MB, after {found.memory_after_s:.0f} s"
    return Row("memory of the gateway's agent, Pss", found.memory_kb["Pss"] / 1024, "MB", PSS_MB_AIM, detail)


def _board(found: Board) -> list[Row]:
    packages = ", ".join(f"{package} {size_bytes}" for package, size_bytes in found.mpy_bytes.items())
    return [
        Row("MicroPython: heap when ready", found.ready_bytes / 1024, "KB", None, "64-bit, bytecode mapped from ROMFS"),
        Row("MicroPython: smallest heap that works", found.heap_kb, "KB", None, "demonstration's board site"),
        Row("MicroPython: bytecode", sum(found.mpy_bytes.values()) / 1024, "KB", None, packages),
    ]


def _page(found: Evidence) -> Row:
    detail = (
        f"page of {found.page_bytes} bytes, {found.values} values in {found.readings} readings, "
        f"{found.other_records} other records; MQTT adds {found.mqtt_bytes} bytes a page"
    )
    return Row(
        "signed bytes a value, one reading a minute", found.bytes_per_value, "bytes", BYTES_PER_VALUE_AIM, detail
    )


def _wire(found: WireBytes) -> list[Row]:
    one, ten = found.one, found.ten
    drawn = "recorded" if found.recorded else "drawn"
    a_day = {channel: 24 * hour / 1000 for channel, hour in one.mqtt_bytes.items()}
    each = ", ".join(f"{channel}s {kilobytes:.1f}" for channel, kilobytes in a_day.items())
    return [
        Row("signed bytes a value, ten of one meter", one.bytes_per_value, "bytes", CHANNELS_AIM,
            f"pages of an hour {one.page_bytes} bytes, {one.values} {drawn} values"),
        *_json("ten of one meter", one),
        Row("signed bytes a value, ten meters of one", ten.bytes_per_value, "bytes", None,
            f"pages of an hour {ten.page_bytes} bytes, {ten.values} {drawn} values"),
        *_json("ten meters of one", ten),
        Row("bytes a day on the link, ten of one meter", sum(a_day.values()), "kB", None,
            f"MQTT's framing counted, TLS and TCP not: {each}"),
    ]  # fmt: skip


def _json(which: str, found: Channels) -> list[Row]:
    def row(name: str, minute_bytes: int, quarter_bytes: int) -> Row:
        each = f"{minute_bytes / found.values:.1f} bytes a value; a message a quarter of an hour: "
        each += f"{quarter_bytes / found.page_bytes:.2f} x, {quarter_bytes / found.values:.1f} bytes"
        return Row(f"{name} / signed page, {which}", minute_bytes / found.page_bytes, "x", None, each)

    return [
        row("JSON", found.json_minute_bytes, found.json_quarter_bytes),
        row("JSON + JWS", found.jws_minute_bytes, found.jws_quarter_bytes),
    ]


def _reading(found: ReadingCpu) -> list[Row]:
    return [
        Row(f"{runtime}: CPU a reading, {way}, / bare", found.ratio(runtime, way), "x", None,
            f"{found.us(runtime, way):.0f} us, bare {found.us(runtime, BARE):.0f} us; rounds: "
            + " ".join(f"{each:.0f}" for each in found.reading_us[runtime][way]))
        for runtime in found.reading_us
        for way in (UNSIGNED, SIGNED)
    ]  # fmt: skip


def _verifying(found: Verifying) -> list[Row]:
    small = f"{1e6 / found.small_us:.0f} pages a CPU second, bare {1e6 / found.small_bare_us:.0f}"
    full = f"{1e6 / found.full_us:.0f} pages of {found.full_readings} readings, bare {1e6 / found.full_bare_us:.0f}"
    return [
        Row("verifying a small page, CPU", found.small_us, "us", PAGE_US_AIM, small),
        Row("verifying a small page, CPU / bare ES256", found.small_us / found.small_bare_us, "x", PAGE_RATIO_AIM,
            f"best of each, {found.pages} pages of one reading"),
        Row("verifying a page of a quarter of an hour", found.full_us / found.full_bare_us, "x", None, full),
    ]  # fmt: skip


def _journal(found: Wear) -> list[Row]:
    small, whole = UNIT_BYTES
    an_hour = f"{found.journal_bytes} bytes, {found.records} records, {found.syncs} syncs in an hour"
    return [
        Row("flash ring: bytes programmed a journal byte", found.programmed(small), "bytes", PROGRAMMED_AIM,
            f"{an_hour}; in units of {small}; of {whole}: {found.programmed(whole):.2f}"),
        Row("flash ring: blocks erased a 1000 records", found.erases_per_1000(small), "", None,
            f"of 4 KB; in units of {whole}: {found.erases_per_1000(whole):.1f}"),
        Row("journal files: bytes to the disk a journal byte", found.on_disk, "bytes", None,
            f"pages of 4 KB touched between fdatasyncs, {found.syncs} of them"),
    ]  # fmt: skip


def _limits(runtime: str, found: Way) -> list[Row]:
    p50, p99, worst = (percentile(found.device_ms, percent) for percent in (50, 99, 100))
    bare50, bare99 = (percentile(found.bare_ms, percent) for percent in (50, 99))
    longest_ms, parts = found.longest()
    within = ", ".join(f"{name} {part_ms:.1f}" for name, part_ms in sorted(parts.items(), key=lambda part: -part[1]))
    rate = found.backfill_pages / found.lasted_s
    return [
        Row(f"{runtime}: limit to register, worst", worst, "ms", LIMIT_MS_AIM,
            f"p50 {p50:.0f}, p99 {p99:.0f} ms of {len(found.device_ms)}; eight devices, {rate:.0f} old pages a second"),
        Row(f"{runtime}: limit to register p50, agent / bare", found.ratio(50), "x", None,
            f"bare p50 {bare50:.1f}, p99 {bare99:.1f} ms"),
        Row(f"{runtime}: limit to write, ticks, worst", max(found.ticks), "", TICKS_AIM,
            f"{found.ticks.count(0)} in the same tick, {found.ticks.count(1)} in the next"),
        Row(f"{runtime}: longest blocking slice", longest_ms, "ms", None, within or "of nothing named"),
    ]  # fmt: skip
