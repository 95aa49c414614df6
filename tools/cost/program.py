"""A mixed-integer linear program, built row by row and solved by HiGHS (PyPI `highspy`, MIT)."""

from __future__ import annotations

import importlib
from dataclasses import dataclass, field
from math import inf
from typing import Any

SECONDS_MAX = 300.0
GAP = 0.002  # between the best plan found and the bound that is proven


class NoSolver(Exception):
    """HiGHS is not installed."""


class Unsolved(Exception):
    """Args: what HiGHS says of the program."""


@dataclass
class Solved:
    """`bound`: no plan costs less; `best`: one that costs so much, by the numbers of its variables."""

    bound: float
    best: float
    found: list[float]


@dataclass
class Program:
    """Minimises the cost of its variables, each within bounds, under rows that each stay within bounds."""

    _costs: list[float] = field(default_factory=list)
    _lowest: list[float] = field(default_factory=list)
    _highest: list[float] = field(default_factory=list)
    _whole: list[int] = field(default_factory=list)
    _rows: list[tuple[float, float, dict[int, float]]] = field(default_factory=list)

    def variable(self, lowest: float, highest: float, cost: float = 0.0, whole: bool = False) -> int:
        """Add a variable and return its number."""
        self._costs.append(cost)
        self._lowest.append(lowest)
        self._highest.append(highest)
        if whole:
            self._whole.append(len(self._costs) - 1)
        return len(self._costs) - 1

    def row(self, lowest: float, terms: dict[int, float], highest: float) -> None:
        """Keep a weighted sum of variables within bounds."""
        self._rows.append((lowest, highest, terms))

    def equal(self, terms: dict[int, float], amount: float) -> None:
        """Keep a weighted sum of variables at an amount."""
        self.row(amount, terms, amount)

    def at_most(self, terms: dict[int, float], amount: float) -> None:
        """Keep a weighted sum of variables below an amount."""
        self.row(-inf, terms, amount)

    def solve(self, seconds_max: float = SECONDS_MAX) -> Solved:
        """Return what HiGHS finds in that time. Raises: NoSolver, Unsolved."""
        try:
            highspy: Any = importlib.import_module("highspy")
        except ImportError:
            raise NoSolver("the bound needs HiGHS: pip install --no-deps -r requirements/cost.txt") from None
        solver = highspy.Highs()
        solver.silent()
        for name, setting in (("time_limit", seconds_max), ("mip_rel_gap", GAP), ("threads", 1)):
            solver.setOptionValue(name, setting)
        solver.addVars(len(self._costs), self._lowest, self._highest)
        for number, cost in enumerate(self._costs):
            solver.changeColCost(number, cost)
        for number in self._whole:
            solver.changeColIntegrality(number, highspy.HighsVarType.kInteger)
        for lowest, highest, terms in self._rows:
            solver.addRow(lowest, highest, len(terms), list(terms), list(terms.values()))
        solver.run()
        told, status = solver.getInfo(), solver.getModelStatus()
        if status not in (highspy.HighsModelStatus.kOptimal, highspy.HighsModelStatus.kTimeLimit):
            raise Unsolved(solver.modelStatusToString(status))
        best = told.objective_function_value
        return Solved(told.mip_dual_bound if self._whole else best, best, list(solver.getSolution().col_value))
