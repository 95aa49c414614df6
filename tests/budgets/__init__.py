"""Budgets of a board's memory and time, kept in tests/budgets.json: they only shrink, unless somebody says why.

`python -m tests.budgets` measures every figure beside its budget; `--update` writes what became smaller, and
`--update --raise REASON` also what grew: the reason and the figure before stand beside the new one, in the file and
so in the change. CI fails when a figure is over its budget by more than its slack, and when a budget is above its
figure by more than that.
"""

from __future__ import annotations

import json
from pathlib import Path

from tests.needs import ROOT

FILE = ROOT / "tests" / "budgets.json"
# What a bug fix may add, and what differs from run to run.
SLACK_PERCENT = {
    "mpy_bytes": 3,
    "ready_heap_bytes": 3,
    "running_heap_bytes": 10,
    "peak_heap_bytes": 10,
    "scattered_bytes": 50,
    "tasks": 0,
    "tick_alloc_bytes": 3,
    "heap_bytes_32_bit": 3,
    "slice_lines_32_bit": 5,
    "handshake_sums": 100,
    "flash_blocks_a_day": 3,
}

Figures = dict[str, dict[str, int]]  # group -> name -> figure; a smaller one is better


class GrownError(Exception):
    """Args: one line for each figure that is over its budget."""


class Budgets:
    """The committed file: group -> name -> {"allowed": figure} and, once raised, "was" and "because"."""

    def __init__(self, file: Path = FILE) -> None:
        self.file = file
        self.rows: dict[str, dict[str, dict[str, int | str]]] = json.loads(file.read_text())

    def allowed(self, group: str, name: str) -> int:
        """Return a budget; 0 for what has none."""
        return int(self.rows.get(group, {}).get(name, {}).get("allowed", 0))

    def over(self, measured: Figures) -> list[str]:
        """Return a line for every figure that is more than its slack over its budget, or has none."""
        return [
            f"{group} of {name}: {figure}, allowed {self.allowed(group, name)} and {SLACK_PERCENT[group]} %"
            for group, name, figure in _each(measured)
            if figure * 100 > self.allowed(group, name) * (100 + SLACK_PERCENT[group])
        ]

    def loose(self, measured: Figures) -> list[str]:
        """Return a line for every budget that is more than its slack above its figure."""
        return [
            f"{group} of {name}: {figure}, and {self.allowed(group, name)} are allowed: make budgets ARGS=--update"
            for group, name, figure in _each(measured)
            if self.allowed(group, name) * 100 > figure * (100 + SLACK_PERCENT[group])
        ]

    def update(self, measured: Figures, reason: str = "") -> None:
        """Lower what became smaller, raise what grew when there is a reason. Raises: GrownError, nothing is changed."""
        grown = [(group, name) for group, name, figure in _each(measured) if figure > self.allowed(group, name)]
        if grown and not reason:
            raise GrownError("\n".join(f"{group} of {name}" for group, name in grown))
        for group, name, figure in _each(measured):
            was = self.allowed(group, name)
            if figure > was:
                before: dict[str, int | str] = {"was": was} if was else {}
                self.rows.setdefault(group, {})[name] = {"allowed": figure, **before, "because": reason}
            elif figure < was:
                self.rows[group][name] = {"allowed": figure}

    def write(self) -> None:
        """Write the file, a figure a line."""
        groups = [
            f"  {json.dumps(group)}: {{\n"
            + ",\n".join(f"    {json.dumps(name)}: {json.dumps(row, ensure_ascii=False)}" for name, row in rows.items())
            + "\n  }"
            for group, rows in self.rows.items()
        ]
        self.file.write_text("{\n" + ",\n".join(groups) + "\n}\n")


def _each(measured: Figures) -> list[tuple[str, str, int]]:
    return [(group, name, figure) for group, rows in measured.items() for name, figure in rows.items()]
