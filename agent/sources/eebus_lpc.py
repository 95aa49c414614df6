"""What an Energy Guard says by EEBUS, as limits of the connection or of a circuit: LPC, and LPP where the site has it.

Whatever speaks EEBUS for the site (SHIP, discovery, bindings) hands over heartbeats and writes; this keeps both
limitations and says at each tick which limits hold. What an Energy Guard wrote of the failsafe is known over a restart
and then goes before the configuration [LPC-021, LPC-022], as public implementations cite them, until that is changed.

Source: agent/sources/limitation.py. LPP counts production as negative: its limits are at most 0 W.
"""

from __future__ import annotations

from agent.limits import EXPORT, IMPORT
from agent.sources.limitation import AUTONOMOUS, Limitation
from agent.sources.options import SCOPE, choose

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from agent.image import Image
    from agent.sources.desk import Control, Desk


class EebusLpc:
    """A controllable system: consumption always, production where `failsafe_export_w` is given."""

    options_known: tuple[tuple[str, Any], ...] = (
        ("scope", SCOPE),
        ("failsafe_w", range(1000001)),
        ("failsafe_export_w", range(1000001)),
        ("failsafe_s", range(7200, 86401)),
        ("ends_failsafe", (0, 1)),
    )
    scope = ""
    failsafe_w = 4200
    failsafe_export_w: int | None = None
    failsafe_s = 7200
    ends_failsafe = 0

    def __init__(self, desk: Desk, options: dict[str, Any]) -> None:
        """Raises: ValueError(key, got, expected)."""
        choose(self, desk.loop.state, options)
        self.desk = desk
        self.origin = b""  # the newest message that changed something
        ends = self.ends_failsafe == 1
        self.consumption = Limitation(self.failsafe_w, self.failsafe_s, ends)
        self.production: Limitation | None = None
        if self.failsafe_export_w is not None:
            self.production = Limitation(self.failsafe_export_w, self.failsafe_s, ends)
        self._configured = self._failsafes()
        self._take_kept(desk.loop.state.kept.get(desk.authority.name, []))

    def _failsafes(self) -> list[int]:
        found = []
        for each in self.both():
            found += [each.failsafe_w, each.failsafe_s]
        return found

    def _take_kept(self, kept: list[int]) -> None:
        """Take what an Energy Guard wrote before a restart, unless the site is configured otherwise since."""
        if kept[len(self._configured) :] == self._configured:
            for at, each in enumerate(self.both()):
                each.failsafe_w, each.failsafe_s = kept[2 * at], kept[2 * at + 1]

    def both(self) -> list[Limitation]:
        """Return the limitations that this system has."""
        return [self.consumption] if self.production is None else [self.consumption, self.production]

    def heartbeat(self, now_ms: int) -> None:
        """Hear that the Energy Guard is there: one heartbeat serves both."""
        for each in self.both():
            each.heartbeat(now_ms)

    def look(self, now_ms: int, _image: Image) -> None:
        """Say which limits hold now; more than the source's ceiling is that ceiling."""
        controls: list[Control] = []
        for direction, each in ((IMPORT, self.consumption), (EXPORT, self.production)):
            if each is not None:
                each.pass_time(now_ms)
                limit_w = each.limit_w()
                if limit_w is not None:
                    most_w = min(limit_w, self.desk.authority.power_max_w)
                    controls.append([1, [self.scope, direction, most_w, 0]])
        if all(each.state == AUTONOMOUS for each in self.both()):
            self.origin = b""
        state, name, failsafes = self.desk.loop.state, self.desk.authority.name, self._failsafes()
        if failsafes != self._configured or name in state.kept:
            state.keep(name, failsafes + self._configured)
        self.desk.replace(controls, self.origin)
