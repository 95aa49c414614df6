"""Regulation 11 for one charge point: says nothing itself, and lets what others say of the device wait.

Source: agent/delay.py.
"""

from __future__ import annotations

from agent.delay import RandomDelay
from agent.orders import DELAY_S_MAX
from agent.sources.options import DEVICE, choose
from hal.capabilities import CHARGER

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from agent.sources.desk import Desk


class Regulation11:
    """Puts the delay on its device at the start."""

    options_known: tuple[tuple[str, Any], ...] = (("device", DEVICE), ("max_s", range(DELAY_S_MAX + 1)))
    device = ""
    max_s = 600

    def __init__(self, desk: Desk, options: dict[str, Any]) -> None:
        """Raises: ValueError(key, got, expected)."""
        rest = dict(options)
        free: list[str] = []
        for name in ("randomised", "response"):
            given = rest.pop(name, [])
            if type(given) is not list or any(type(each) is not str for each in given):
                raise ValueError(name, given, "a list of names of [[authority]]s and [[source]]s")
            free += given
        choose(self, desk.loop.state, rest)
        unit = desk.loop.state.unit_named(self.device)
        if unit is None or unit.contract.kind != CHARGER or unit.delay is not None:
            raise ValueError("device", self.device, "a charger that no other source delays")
        unit.delay = RandomDelay(self.max_s, free)
