"""A small site of known parts, for tests that let one thing go wrong in it."""

from __future__ import annotations

from typing import Any

from tools.simulate.events import Event
from tools.simulate.premises import Premises
from tools.simulate.rules import Broken, all_rules
from tools.simulate.signer import Keys
from tools.simulate.world import World

AUTHORITIES = {"dso": "grid", "agg": "aggregator", "vpp": "aggregator", "owner": "owner", "headend": "receipt"}


def small_site(keys: Keys, sources: tuple[dict[str, Any], ...] = (), **changes: dict[str, Any]) -> Premises:
    """Return grid meter, charger with a hungry car, battery, one load; `changes` go into tables of site or home."""
    home = {
        "base_load": {"constant_w": 600.0, "shares": [0.4, 0.3, 0.3]},
        "weather": {"constant_c": 8.0},
        "pv": {"constant_w": 0.0},
        "inverter": {},
        "battery": {"soc": 0.5, "capacity_wh": 5000.0, **changes.get("battery", {})},
        "charge_point": {},
        "car": {"soc": 0.1, "current_a_max": 32.0, "phases": 3},
        "load": [{"id": "load-1", "power_w": 1000.0, "phase": 2}],
        "bus": [{"id": "rs485", "kind": "rtu"}, {"id": "charger-lan", "kind": "tcp"}, {"id": "pv-lan", "kind": "tcp"}],
        "device": [
            {"id": "grid", "product": "eastron-sdm630", "bus": "rs485", "unit": 1, "measures": "meter"},
            {"id": "relay", "product": "waveshare-relay-8", "bus": "rs485", "unit": 2, "channels": {"0": "load-1"}},
            {"id": "room", "product": "heatmiser-edge", "bus": "rs485", "unit": 3},
            {"id": "charger", "product": "alfen-eve", "bus": "charger-lan"},
            {"id": "battery", "product": "fronius-gen24", "bus": "pv-lan"},
        ],
    }
    site = {
        "site": {
            "name": "small", "meter": "grid", "import_limit_w": 17250, "export_limit_w": 5000, "fuse_ma": 25000,
            **changes.get("site", {}),
        },
        "agent": {"key": "agent.key", "page_s": 60, "reading_s": 10, **changes.get("agent", {})},
        "authority": [
            {"name": name, "role": role, "power_max_w": 30000, "public_key": keys.signer(name).public_key.hex(),
             "reservations": int(name == "agg")}
            for name, role in AUTHORITIES.items()
        ],
        "source": list(sources),
        "circuit": [{"id": "garage", "fuse_ma": 20000}],
        "bus": [
            {"id": "rs485", "kind": "serial", "port": "rs485"},
            {"id": "charger-lan", "kind": "tcp", "host": "charger"},
            {"id": "pv-lan", "kind": "tcp", "host": "pv"},
        ],
        "device": [
            {"id": "grid", "driver": "eastron-sdm630", "bus": "rs485", "unit": 1},
            {"id": "load-1", "driver": "waveshare-relay", "bus": "rs485", "unit": 2, "phases": 2, "power_max_w": 1000},
            {"id": "room", "driver": "heatmiser-edge", "bus": "rs485", "unit": 3, "comfort_min": 17000},
            {"id": "charger", "driver": "alfen-eve", "bus": "charger-lan", "power_max_w": 22080, "default": 32000,
             "fallback": 6000, "priority": 20, "circuit": "garage"},
            {"id": "battery", "driver": "fronius-gen24", "bus": "pv-lan", "power_max_w": 5000, "priority": 30},
        ],
    }  # fmt: skip
    kinds = {"grid": "grid", "load-1": "load", "room": "room", "charger": "charger", "battery": "battery"}
    return Premises(home, site, True, kinds=kinds)


def small_world(
    *happens: tuple[Any, ...], sources: tuple[dict[str, Any], ...] = (), **changes: dict[str, Any]
) -> World:
    """Return the small site; each of `happens` is (second, kind, arguments...)."""
    keys = Keys(1, real=False)
    events = [Event(number, at_s * 1000, kind, tuple(args)) for number, (at_s, kind, *args) in enumerate(happens)]
    return World(small_site(keys, sources, **changes), events, keys, all_rules())


def broken_rule(world: World, seconds: int) -> str:
    """Run for so long and to the orderly end; return the rule that did not hold, or nothing."""
    try:
        world.run(seconds * 1000)
    except Broken as broken:
        return broken.args[0]
    finally:
        if world.life is not None:
            world.life.cut()
    return ""
