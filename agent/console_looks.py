"""What the console tells without being unlocked: who the agent is, its buses, readings. Loaded when asked.

A household's day can be read here, as on the displays of its devices: who may connect stands in docs/console.md.
"""

from __future__ import annotations

from agent import VERSION
from agent.console_lines import Declined, text
from agent.failsafe import is_absurd
from hal.compat import const

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from agent.console import Console, Desk
    from agent.image import Sample
    from agent.unit import Unit

    Told = dict[str, Any]

PROTOCOL = const(1)
# In the order of hal.quantities, whose numbers begin at 1; one text, so that a board has it in flash.
QUANTITIES = (
    "power_w|power_l1_w|power_l2_w|power_l3_w|current_l1_ma|current_l2_ma|current_l3_ma|voltage_l1_mv|voltage_l2_mv|"
    "voltage_l3_mv|frequency_mhz|energy_import_wh|energy_export_wh|limit_ma|ev_state|soc_pm|setpoint_w|limit_w|mode|"
    "temp_room_mc|temp_target_mc|temp_tank_mc|temp_outside_mc|on|fault|limit_valid_ms|power_pv_w|phases"
)


async def answer(console: Console, request: Told, _line: bytes) -> Told:
    """Answer identify, buses or read. Raises: Declined."""
    desk, asked = console.desk, request["cmd"]
    if asked == "identify":
        return identify(console)
    if asked == "buses":
        return {"buses": [_bus(desk, name) for name in sorted(desk.host.buses)]}
    return reading(desk, unit_of(desk, request))


def identify(console: Console) -> Told:
    """Return who this is and what it takes; nothing of it is private."""
    desk = console.desk
    loop, host = desk.loop, desk.host
    now_ms = loop.clock.now_ms()
    return {
        "protocol": PROTOCOL,
        "agent": loop.state.agent_id.hex(),
        "key": loop.signer.key_id.hex(),
        "public_key": loop.signer.public_key.hex(),
        "board": host.board,
        "version": VERSION,
        "firmware": host.firmware.hex(),
        "config": host.config.hex(),
        "epoch": loop.state.epoch,
        "now_ms": now_ms,
        "presence": host.presence,
        "unlocked_ms": max(0, console.until_ms - now_ms),
        "limits": {
            "line_bytes": desk.line_bytes_max,
            "config_bytes": host.config_bytes_max,
            "devices": host.devices_max,
        },
    }


def _bus(desk: Desk, name: str) -> Told:
    bus, where = desk.host.buses[name]
    units = desk.loop.state.units
    on_it = [
        [units[at].id, getattr(post.driver, "unit", None)]
        for at, post in sorted(desk.loop.posts.items())
        if getattr(post.driver, "bus", None) is bus
    ]
    return {"bus": name, "at": where, "devices": on_it}


def unit_of(desk: Desk, request: Told) -> Unit:
    """Return the unit that a request names. Raises: Declined."""
    unit = desk.loop.state.unit_named(text(request, "device"))
    if unit is None:
        there_are = ", ".join([each.id for each in desk.loop.state.units])
        raise Declined("unknown", "unknown device; there are: " + there_are, 0)
    return unit


def reading(desk: Desk, unit: Unit) -> Told:
    """Return a device's newest numbers, the unit of each in its name, how old they are and what they are worth."""
    loop = desk.loop
    now_ms, image = loop.clock.now_ms(), loop.image()
    sample, stale_ms = image.samples[unit.index], unit.contract.stale_ms
    told: Told = {"device": unit.id, "stale_ms": stale_ms, "age_ms": None, "values": {}}
    told["quality"] = _quality(sample, loop.state.site.fuse_ma, now_ms, stale_ms)
    if sample is not None:
        names = QUANTITIES.split("|")
        told["age_ms"] = now_ms - sample.at_ms
        told["values"] = {names[quantity - 1]: sample.values[quantity] for quantity in sample.values}
    return told


def _quality(sample: Sample | None, fuse_ma: int, now_ms: int, stale_ms: int) -> str:
    if sample is None:
        return "missing"
    if is_absurd(fuse_ma, sample):
        return "bad"
    return "good" if now_ms - sample.at_ms < stale_ms else "stale"
