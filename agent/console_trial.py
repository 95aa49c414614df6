"""A set-point that the console wants of a device for a while: tried by rigs, ended by itself.

It is a claim of the console's own authority, of an owner's primacy: limits, protection and failsafe hold for it as for
every other, the actuator alone writes, and it ends with its lease whatever becomes of the cable.
"""

from __future__ import annotations

from agent import record
from agent.console_lines import Declined, whole
from agent.console_looks import unit_of
from agent.orders import OWNER_PRIMACY
from hal.compat import const

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from agent.console import Console
    from agent.unit import Unit

    Told = dict[str, Any]

_CLAIM = const(2)
_CANCEL = const(3)
_LEASE_S = const(60)
_LEASE_S_MAX = const(900)
_SETPOINT_MAX = const(1000000)


async def answer(console: Console, request: Told, line: bytes) -> Told:
    """Claim a set-point for `lease_s`, or with null end what was claimed; return what the device was granted.

    Raises: Declined.
    """
    desk = console.desk
    unit = unit_of(desk, request)
    if request.get("setpoint", 0) is None:
        await _end(console, unit, line)
        return _granted(unit, 0)
    setpoint = whole(request, "setpoint", -_SETPOINT_MAX, _SETPOINT_MAX)
    lease_s = whole(request, "lease_s", 1, _LEASE_S_MAX, _LEASE_S)
    reason = await desk.order(line, _CLAIM, [unit.id, setpoint, lease_s, OWNER_PRIMACY])
    if reason != record.ACCEPTED:
        raise Declined("refused", "%s = %d: %s" % (unit.id, setpoint, desk.host.word(reason)), 0)
    return _granted(unit, lease_s)


async def _end(console: Console, unit: Unit, line: bytes) -> None:
    desk = console.desk
    found = [
        each.command
        for each in desk.loop.state.claims
        if each.source == desk.authority.name and each.scope == unit.index
    ]
    if not found:
        raise Declined("refused", "the console wants nothing of %s" % unit.id, 0)
    for command in found:
        await desk.order(line, _CANCEL, [command])


def _granted(unit: Unit, lease_s: int) -> Told:
    return {"device": unit.id, "lease_s": lease_s, "granted": unit.setpoint, "source": unit.source}
