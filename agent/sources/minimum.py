"""What devices that a grid operator may dim are guaranteed: section 14a EnWG, one figure for all behind one connection.

Source: Bundesnetzagentur, BK6-22-300, annex 1, 4.5.2 (heat pumps and cooling above 11 kW) and 4.5.3 (several devices
under an energy manager), as the design notes cite secondary pages; the text was not at hand.
"""

from __future__ import annotations

from hal.compat import const

ONE_W = const(4200)
_AT_ONCE_PCT = (100, 100, 80, 75, 70, 65, 60, 55, 50)  # simultaneity of so many devices; from nine on:
_MANY_PCT = const(45)


def minimum_w(devices: int, pumps_w: int, cooling_w: int) -> int:
    """Return the guaranteed W of `devices`, at least 1, which are dimmed together.

    `pumps_w`, `cooling_w`: the connected power of all heat pumps, of all cooling, each 0 unless it is above 11 kW; all
    heat pumps count among the devices as one, and so does all cooling.
    """
    first_w = max(ONE_W, pumps_w * 2 // 5, cooling_w * 2 // 5)
    at_once_pct = _AT_ONCE_PCT[devices] if devices < len(_AT_ONCE_PCT) else _MANY_PCT
    return first_w + (devices - 1) * ONE_W * at_once_pct // 100
