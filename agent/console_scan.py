"""Walks along a bus and tells which unit addresses answer; it only reads, and the agent's own requests go between.

Asked is holding register 0. Whatever comes back in a good frame, a refusal too, is an answer; a gateway that says that
it reaches nobody (exceptions 10 and 11) is none.

Source: Modbus Application Protocol V1.1b3, sections 6.3 and 7; Modbus over Serial Line V1.02, section 2.2 (addresses).
"""

from __future__ import annotations

from agent.console_lines import Declined, shown, text, whole
from hal.compat import const
from hal.errors import DeviceError, FrameError, LineDown, Refused
from hal.modbus import pdu

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from agent.console import Console
    from hal.modbus.bus import Bus

    Told = dict[str, Any]

_FIRST = const(1)
_LAST = const(247)
_TOLD_EVERY = const(8)
_GATEWAY_CODES = (10, 11)
NOBODY, ANSWERS, NOISE = "", "answers", "noise"


async def answer(console: Console, request: Told, _line: bytes) -> Told:
    """Ask every address from `first` to `last` of a bus; tell how far it is, and whom it found. Raises: Declined."""
    desk, name = console.desk, text(request, "bus")
    if name not in desk.host.buses:
        raise Declined(
            "unknown", "unknown bus %s; there are: %s" % (shown(name), ", ".join(sorted(desk.host.buses))), 0
        )
    bus = desk.host.buses[name][0]
    if not hasattr(bus, "probe"):
        raise Declined("refused", "%s has no unit addresses" % name, 0)
    first = whole(request, "first", 0, 255, _FIRST)
    last = whole(request, "last", first, 255, max(first, _LAST))
    first, last = max(first, bus.framing.unit_min), min(last, bus.framing.unit_max)
    if name in desk.scanned:
        raise Declined("busy", "somebody else walks along %s" % name, 1000)
    desk.scanned.append(name)
    try:
        return await _walk(console, bus, first, last)
    finally:
        desk.scanned.remove(name)


async def _walk(console: Console, bus: Bus, first: int, last: int) -> Told:
    found: list[int] = []
    noisy: list[int] = []
    for unit in range(first, last + 1):
        if console.is_cancelled():
            return {"found": found, "noise": noisy, "cancelled": True, "asked": unit - first}
        heard = await _heard(bus, unit)
        if heard == ANSWERS:
            found.append(unit)
        elif heard == NOISE:
            noisy.append(unit)
        if heard or not (unit - first + 1) % _TOLD_EVERY:
            await console.answer({"progress": {"unit": unit, "last": last, "found": found}})
        await console.desk.loop.clock.sleep_ms(0)
    return {"found": found, "noise": noisy, "cancelled": False, "asked": max(0, last + 1 - first)}


async def _heard(bus: Bus, unit: int) -> str:
    try:
        await bus.probe(bus.request(unit, pdu.read(pdu.READ_HOLDING, 0, 1)))
    except Refused as refusal:
        return NOBODY if refusal.args[1] in _GATEWAY_CODES else ANSWERS
    except FrameError:
        return NOISE
    except LineDown as fault:
        raise Declined("failed", "the bus is down: " + " ".join([str(part) for part in fault.args]), 0)
    except DeviceError:
        return NOBODY
    return ANSWERS
