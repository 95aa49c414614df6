"""What the connection still carries while devices are served one by one, in all and by phase.

Closed on the grid meter: what it shows is true, what devices say of themselves only tells whose share is whose.
A phase current that the meter does not give is taken as if all that no device explains flowed through it.
"""

from __future__ import annotations

from agent.image import phase_current_ma
from agent.limits import IMPORT, SITE, tightest
from agent.unit import NOMINAL_MV
from hal import quantities as q

TYPE_CHECKING = False
if TYPE_CHECKING:
    from agent.state import State
    from agent.unit import Unit


class Room:
    """What is left: W in all, mA by phase; negative is excess. `source` names what `import_w` comes from."""

    def __init__(self, limit_w: int, import_w: int, source: str, phase_ma: list[int]) -> None:
        self.limit_w = limit_w  # what all together may draw
        self.import_w = import_w
        self.source = source
        self.phase_ma = phase_ma

    def for_unit(self, unit: Unit) -> tuple[int, str]:
        """Return the most that `unit` may draw in W and what binds."""
        power_w, source = self.import_w, self.source
        for phase in unit.phases:
            fuse_w = self.phase_ma[phase] * len(unit.phases) * NOMINAL_MV // 1000000
            if fuse_w < power_w:
                power_w, source = fuse_w, "fuse L%d" % (phase + 1)
        return power_w, source

    def give_back(self, unit: Unit) -> None:
        """Add what `unit` draws: it is served anew."""
        self.import_w += max(0, unit.drawn_w)
        for phase in unit.phases:
            self.phase_ma[phase] += max(0, unit.drawn_ma[phase])

    def take(self, unit: Unit, power_w: int) -> None:
        """Take off what `unit` may draw: `power_w`, or what it draws where that is more."""
        unit.taken_w = max(power_w, unit.drawn_w, 0)
        self.import_w -= unit.taken_w
        for phase in unit.phases:
            self.phase_ma[phase] -= max(unit.share_ma(power_w), unit.drawn_ma[phase], 0)

    def relieve(self, unit: Unit, power_w: int) -> None:
        """Add the relief that `unit` was just told to bring."""
        self.import_w += power_w
        for phase in unit.phases:
            self.phase_ma[phase] += unit.share_ma(power_w)


def room_of(state: State, site_values: dict[int, int]) -> Room:
    """Return the room above everything that the site draws now, the devices' own draw included."""
    site = state.site
    limit_w, source = site.import_limit_w, "connection"
    limit = tightest(state.limits, SITE, IMPORT)
    if limit is not None and limit.value_w < limit_w:
        limit_w, source = limit.value_w, "limit " + limit.source
    site_w = site_values[q.POWER_W]
    phase_ma = []
    for phase in (0, 1, 2):
        current = phase_current_ma(site_values, phase)
        if current is None:
            current = _unseen_ma(state, site_w, phase)
        phase_ma.append(site.fuse_ma - current)
    return Room(limit_w, limit_w - site_w, source, phase_ma)


def _unseen_ma(state: State, site_w: int, phase: int) -> int:
    rest_w, known_ma = site_w, 0
    for unit in state.powered:
        rest_w -= unit.drawn_w
        known_ma += unit.drawn_ma[phase]
    return max(0, rest_w) * 1000000 // NOMINAL_MV + known_ma
