"""Own sun first: while the site feeds in, its devices are steered so that the meter shows next to nothing.

The target is tracked by the core (agent/target.py): batteries first, then loads by priority. It begins once the site
has fed in enough for `enable_s`, and ends once the devices could not keep to it for `disable_s`: then there is too
little sun, and each device goes back to its default. A device that shall only run on sun has a default that stops it.

Source: 60 s and 180 s as evcc's practice has them, cited in the design notes.
"""

from __future__ import annotations

from agent.claims import TARGET
from agent.sources.options import SCOPE, choose
from hal.compat import const

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from agent.image import Image
    from agent.sources.desk import Desk

_FOR_S = const(2592000)  # a claim with an end goes before defaults; it is taken back long before this one
_MODE = const(5)  # option of a body
_BAND_W = const(200)  # so near to the target it is kept


class Surplus:
    """Watches the meter of the connection, or of a circuit."""

    options_known: tuple[tuple[str, Any], ...] = (
        ("scope", SCOPE),
        ("grid_w", range(-100000, 100001)),
        ("start_w", range(1, 100001)),
        ("enable_s", range(3601)),
        ("disable_s", range(3601)),
        ("primacy", range(1, 256)),
    )
    scope = ""
    grid_w = 0
    start_w = 1400
    enable_s = 60
    disable_s = 180
    primacy = 191

    def __init__(self, desk: Desk, options: dict[str, Any]) -> None:
        """Raises: ValueError(key, got, expected)."""
        state = desk.loop.state
        choose(self, state, options)
        scope = state.scope_named(self.scope)
        assert scope is not None
        self._circuit = state.circuit_of(scope)
        if not self._circuit.metered():
            raise ValueError("scope", self.scope, "the connection or a circuit, with a meter")
        if abs(self.grid_w) > desk.authority.power_max_w:
            raise ValueError("grid_w", self.grid_w, "at most power_max_w")
        self.desk = desk
        self._on = False
        self._since_ms = -1  # since when it should be otherwise; -1: it should not

    def look(self, now_ms: int, _image: Image) -> None:
        """Say whether the devices follow the sun, by what the meter showed in the last tick."""
        shown_w = self._circuit.shown_w
        if self._on:
            otherwise, wait_s = shown_w is None or shown_w > self.grid_w + _BAND_W, self.disable_s
        else:
            otherwise, wait_s = shown_w is not None and shown_w <= self.grid_w - self.start_w, self.enable_s
        if not otherwise:
            self._since_ms = -1
        elif self._since_ms < 0:
            self._since_ms = now_ms
        if otherwise and now_ms - self._since_ms >= wait_s * 1000:
            self._on, self._since_ms = not self._on, -1
        target = [2, [self.scope, self.grid_w, _FOR_S, self.primacy, {_MODE: TARGET}]]
        self.desk.replace([target] if self._on else [], b"" if shown_w is None else b"%d W" % shown_w)
