"""CPU time of a reading in the core, on both runtimes, against a loop that encodes and hashes the same readings.

Every run is a process of its own whose CPU time the kernel tells (wait4(2)): user and system. The time of a reading is
the slope between two sizes, so that start-up drops out. All ways of all runtimes take turns; medians count. A reading
of ten quantities costs a whole turn of the core, its place in the journal, and a fifteenth of a page and its signature.
"""

from __future__ import annotations

import os
import subprocess
import sys
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median

from tools.bench.alone_board import build
from tools.bench.child import BenchError
from tools.stage import ROOT

GATEWAY, MICROPYTHON = "gateway", "MicroPython"
BARE, UNSIGNED, SIGNED = "bare", "unsigned", "signed"
WAYS = {BARE: 5, UNSIGNED: 1, SIGNED: 1}  # how many times as many readings: so that all take about as long


@dataclass
class Plan:
    """Readings of the shorter run by runtime, how much longer the other is, and how often."""

    readings: dict[str, int] = field(default_factory=lambda: {GATEWAY: 3000, MICROPYTHON: 750})
    times: int = 5
    rounds: int = 5


QUICK = Plan({GATEWAY: 2000, MICROPYTHON: 100}, 5, 1)


@dataclass
class ReadingCpu:
    """Microseconds a reading: runtime -> way -> one figure a round."""

    reading_us: dict[str, dict[str, list[float]]]

    def us(self, runtime: str, way: str) -> float:
        """Return the median."""
        return median(self.reading_us[runtime][way])

    def ratio(self, runtime: str, way: str) -> float:
        """Return how many times the bare loop of the same round it takes, the median of the rounds."""
        found = self.reading_us[runtime]
        return median(ours / floor for ours, floor in zip(found[way], found[BARE], strict=True))


def measure(folder: Path, plan: Plan) -> ReadingCpu:
    """Measure both runtimes. Raises: BenchError, StageError."""
    image = folder / "alone.romfs"
    build(image)
    programs = {GATEWAY: ["tools.bench.alone_gateway"], MICROPYTHON: ["tools.bench.alone_board", str(image)]}
    found: dict[str, dict[str, list[float]]] = {name: {way: [] for way in WAYS} for name in plan.readings}
    for _ in range(plan.rounds):
        for runtime, shorter in plan.readings.items():
            for way, more in WAYS.items():
                program, few, many = [*programs[runtime], way], more * shorter, plan.times * more * shorter
                passed_s = _cpu_s([*program, str(many)]) - _cpu_s([*program, str(few)])
                found[runtime][way].append(passed_s / (many - few) * 1e6)
    return ReadingCpu(found)


def _cpu_s(program: list[str]) -> float:
    """Return the CPU seconds of one process. Raises: BenchError."""
    process = subprocess.Popen([sys.executable, "-m", *program], cwd=ROOT)
    _, status, used = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        raise BenchError(f"{' '.join(program)} ended with {process.returncode}")
    return used.ru_utime + used.ru_stime
