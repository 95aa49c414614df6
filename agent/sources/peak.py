"""Peak shaving: no more than so much is drawn in some hours of the day, or at any.

The limit is the core's to keep (agent/allocate.py): loads are throttled by priority, batteries cover what is left.
While nobody knows what time it is, it holds.

Source: docs/sources.md, "peak".
"""

from __future__ import annotations

from agent.limits import IMPORT
from agent.sources.local_time import is_within, local_s, span
from agent.sources.options import SCOPE, choose
from hal import quantities as q
from hal.compat import const

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from agent.image import Image
    from agent.sources.desk import Desk

_DAY_MIN = const(1440)
_SPANS_MAX = const(12)


class Peak:
    """One limit of the connection or of a circuit."""

    options_known: tuple[tuple[str, Any], ...] = (
        ("scope", SCOPE),
        ("limit_w", range(1000001)),
        ("offset_min", range(-720, 841)),
        ("summer", ("eu", "none")),
    )
    scope = ""
    limit_w = -1
    offset_min = 0
    summer = "none"

    def __init__(self, desk: Desk, options: dict[str, Any]) -> None:
        """Raises: ValueError(key, got, expected)."""
        rest = dict(options)
        hours = rest.pop("hours", ["00:00-24:00"])
        self._spans = [span(text) for text in hours] if type(hours) is list else []
        if not 0 < len(self._spans) <= _SPANS_MAX or None in self._spans:
            raise ValueError("hours", hours, 'a list of 1 to %d texts like "17:00-20:00"' % _SPANS_MAX)
        choose(self, desk.loop.state, rest)
        if not 0 <= self.limit_w <= desk.authority.power_max_w:
            raise ValueError("limit_w", rest.get("limit_w"), "a number from 0 to power_max_w")
        self.desk = desk

    def look(self, _now_ms: int, image: Image) -> None:
        """Say whether the limit holds now."""
        holds = image.civil_quality != q.CLOCK_SYNCHRONISED
        if not holds:
            minute = local_s(image.civil_ms // 1000, self.offset_min, self.summer == "eu") // 60 % _DAY_MIN
            for ends in self._spans:
                holds = holds or (ends is not None and is_within(minute, ends[0], ends[1]))
        self.desk.replace([[1, [self.scope, IMPORT, self.limit_w, 0]]] if holds else [], b"")
