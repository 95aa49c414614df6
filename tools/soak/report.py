"""The table at the end."""

from __future__ import annotations

from dataclasses import dataclass, field

from tools.console import BOLD, GREEN, RED, coloured, table
from tools.soak.checks import Check


@dataclass
class Report:
    """What a run found; `lives` holds a row per program."""

    seed: int
    seconds: float
    blows: int
    lives: list[tuple[str, int, int, int, int]] = field(default_factory=list)  # name, lives, killed, own ends, MiB
    checks: list[Check] = field(default_factory=list)

    @property
    def good(self) -> bool:
        """Tell whether everything held."""
        return all(check.held for check in self.checks)


def as_text(report: Report) -> str:
    """Return the report for a person."""
    lives = table(("program", "started", "killed", "ended by itself", "MiB at most"), report.lives)
    rows = [f"{_word(check.held)}  {check.name}\n        {check.found}" for check in report.checks]
    verdict = coloured("HELD", GREEN) if report.good else coloured("BROKEN", RED)
    head = f"seed {report.seed}, {report.seconds:.0f} s, {report.blows} blows"
    return "\n".join([coloured(head, BOLD), "", lives, "", *rows, "", f"{verdict}  seed {report.seed}"])


def _word(held: bool) -> str:
    return coloured("held  ", GREEN) if held else coloured("BROKEN", RED)
