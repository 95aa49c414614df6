"""What one poll costs, and how many there are in a second: the agent's Modbus against a bare loop and pymodbus.

The three run one after the other, A B C A B C, each in a process of its own against the same meter; CPU time is that of
the client alone, over polls that follow one another without a pause.
"""

from __future__ import annotations

import sys
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median

from tools.bench.child import Child

SIDES = ("agent", "bare", "pymodbus")


@dataclass
class Modbus:
    """CPU microseconds a poll and polls a second by side, one figure a round."""

    polls: int
    cpu_us: dict[str, list[float]] = field(default_factory=lambda: {side: [] for side in SIDES})
    rate: dict[str, list[float]] = field(default_factory=lambda: {side: [] for side in SIDES})

    def ratio(self, against: str) -> float:
        """Return how much more CPU the agent's side uses, median over the rounds."""
        return median(ours / theirs for ours, theirs in zip(self.cpu_us["agent"], self.cpu_us[against], strict=True))


def measure(folder: Path, polls: int, rounds: int) -> Modbus:
    """Measure all sides. Raises: BenchError."""
    found, log = Modbus(polls), folder / "modbus.log"
    with Child("devices", [sys.executable, "-m", "tools.bench.devices", "1"], log) as devices:
        port = devices.hear("ready")["meters"][0]
        for _ in range(rounds):
            for side in SIDES:
                command = [sys.executable, "-m", "tools.bench.modbus_client", side, str(port), str(polls)]
                with Child(side, command, log) as client:
                    took = client.hear("cpu_s")
                found.cpu_us[side].append(took["cpu_s"] * 1e6 / polls)
                found.rate[side].append(polls / took["wall_s"])
    return found
