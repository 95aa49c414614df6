"""Contacts with which a grid operator limits a site: W3, S2, S1 for what it feeds in, W4 to dim what it draws.

The most restrictive contact that is closed wins, so every combination means something. A contact counts as open only
once it was seen open for `settle_s`: at the start, while its device is silent and while it bounces it is what says
less. Where no contact is closed there is no limit.

Source: FNN relay profile of control boxes, W3 0 %, S2 30 %, S1 60 %, W4 dim; section 9 EEG: steps of 0, 30, 60, 100 %
by ripple control; section 14a EnWG for the dimming (agent/sources/minimum.py), all as cited in the design notes.
"""

from __future__ import annotations

from agent.limits import EXPORT, IMPORT
from agent.sources.minimum import minimum_w
from agent.sources.options import DEVICE, SCOPE, choose
from hal import quantities as q

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from agent.image import Image
    from agent.sources.desk import Control, Desk
    from agent.unit import Unit

_STEPS = (("w3", 0), ("s2", 30), ("s1", 60))  # per cent of `export_w`
_LARGE_W = 11000


class _Contact:
    """One contact, debounced."""

    def __init__(self, unit: Unit) -> None:
        self.unit = unit
        self.closed = True
        self._open_ms = -1  # since when it has been seen open; -1: it is not

    def look(self, now_ms: int, image: Image, settle_ms: int) -> None:
        sample = image.fresh(self.unit.index, now_ms, self.unit.contract.stale_ms)
        if sample is None or sample.values.get(q.ON) != 0:
            self.closed, self._open_ms = True, -1
            return
        if self._open_ms < 0:
            self._open_ms = now_ms
        if now_ms - self._open_ms >= settle_ms:
            self.closed = False


class Relays:
    """Each contact is a device that tells whether it is closed."""

    options_known: tuple[tuple[str, Any], ...] = (
        ("w3", DEVICE),
        ("s2", DEVICE),
        ("s1", DEVICE),
        ("w4", DEVICE),
        ("export_w", range(1, 1000001)),
        ("scope", SCOPE),
        ("dim_w", range(1000001)),
        ("devices", range(1, 65)),
        ("pumps_w", range(1000001)),
        ("cooling_w", range(1000001)),
        ("settle_s", range(61)),
    )
    w3: str | None = None
    s2: str | None = None
    s1: str | None = None
    w4: str | None = None
    export_w = 0  # installed power of what feeds in
    scope = ""  # what is dimmed
    dim_w: int | None = None  # to how much; None: what section 14a guarantees
    devices = 1
    pumps_w = 0
    cooling_w = 0
    settle_s = 2

    def __init__(self, desk: Desk, options: dict[str, Any]) -> None:
        """Raises: ValueError(key, got, expected)."""
        choose(self, desk.loop.state, options)
        self.desk = desk
        self._steps = [(self._contact(getattr(self, name)), pct) for name, pct in _STEPS if getattr(self, name)]
        self._dimmer = None if self.w4 is None else self._contact(self.w4)
        if not self._steps and self._dimmer is None:
            raise ValueError("w4", None, "at least one of w3, s2, s1 and w4: the id of a [[device]]")
        if self._steps and not self.export_w:
            raise ValueError("export_w", None, "the installed W that w3, s2 and s1 are shares of")
        for name in ("pumps_w", "cooling_w"):
            if 0 < getattr(self, name) <= _LARGE_W:
                raise ValueError(name, getattr(self, name), "0, or more than %d: smaller ones are devices" % _LARGE_W)

    def _contact(self, name: str) -> _Contact:
        unit = self.desk.loop.state.unit_named(name)
        assert unit is not None
        return _Contact(unit)

    def dimmed_w(self) -> int:
        """Return what is left of `scope` while W4 is closed."""
        return minimum_w(self.devices, self.pumps_w, self.cooling_w) if self.dim_w is None else self.dim_w

    def look(self, now_ms: int, image: Image) -> None:
        """Say what the contacts mean now."""
        settle_ms, said = self.settle_s * 1000, []
        controls: list[Control] = []
        share_pct = 100
        for contact, pct in self._steps:
            contact.look(now_ms, image, settle_ms)
            if contact.closed:
                said.append(contact.unit.id)
                share_pct = min(share_pct, pct)
        if share_pct < 100:
            controls.append([1, ["", EXPORT, self._within(self.export_w * share_pct // 100), 0]])
        if self._dimmer is not None:
            self._dimmer.look(now_ms, image, settle_ms)
            if self._dimmer.closed:
                said.append(self._dimmer.unit.id)
                controls.append([1, [self.scope, IMPORT, self._within(self.dimmed_w()), 0]])
        self.desk.replace(controls, " ".join(said).encode())

    def _within(self, limit_w: int) -> int:
        """Return a limit that the source may say: it must not be refused for its ceiling."""
        return min(limit_w, self.desk.authority.power_max_w)
