"""Why each device does what it does, at the console: agent/why.py and what keeps a journal, loaded when asked."""

from __future__ import annotations

from agent import why
from agent.console_looks import unit_of
from agent.told import hand
from hal.compat import const

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from agent.console import Console
    from agent.loop import Loop

    Told = dict[str, Any]


_SLOTS_MAX = const(12)  # of a plan of one device; of one among all
_SHORT = const(3)


async def answer(console: Console, request: Told, _line: bytes) -> Told:
    """Answer why: the site, or a device and the circuits that it hangs on. Raises: Declined."""
    desk = console.desk
    loop = desk.loop
    now_ms, image, state = loop.clock.now_ms(), loop.image(), loop.state
    authorities = [each for each in loop.authorities if each is not desk.authority]
    if "device" not in request:
        site = _with(why.site(state, image, authorities, now_ms), why.keeping(loop))
        return {"site": _with(site, {"plans": _plans(loop)})}
    unit = unit_of(desk, request)
    about = why.device(state, image, authorities, unit, now_ms)
    actuator = loop.posts[unit.index].actuator
    about["plans"] = _plans(loop, unit.id)
    about["foreign"] = None if actuator is None else hand(actuator, now_ms)
    site = why.site(state, image, authorities, now_ms, unit.chain)
    return {"site": _with(site, why.keeping(loop)), "device": about}


def _plans(loop: Loop, device: str = "") -> list[Told]:
    """Return what sources that plan have planned, for all devices or for one."""
    sources = [] if loop.sources is None else loop.sources.lookers
    found: list[Any] = [each for each in sources if hasattr(each, "told")]
    return [each.told(_SLOTS_MAX if device else _SHORT) for each in found if device in ("", each.device)]


def _with(told: Told, more: Told) -> Told:
    told.update(more)
    return told
