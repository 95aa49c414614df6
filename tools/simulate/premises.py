"""A random site: what is built into the house, and how an installer configured the agent for it."""

from __future__ import annotations

import random
from dataclasses import dataclass, field
from typing import Any

from tools.simulate.pace import HOURS, Pace, set_pace
from tools.simulate.signer import Keys

VOLT = 230
AUTHORITIES = {
    "dso": ("grid", 30000),
    "agg": ("aggregator", 8000),
    "vpp": ("aggregator", 6000),
    "owner": ("owner", 30000),
    "headend": ("receipt", 0),
}
RESERVATIONS = {"agg": 4, "vpp": 2}
BAUD = 9600
CAR_A = (10.0, 16.0, 20.0, 32.0)
CHARGER, BATTERY, PUMP, SG_READY, ROOM, LOAD, SUBMETER = "charger", "battery", "pump", "sg", "room", "load", "submeter"


@dataclass
class Premises:
    """One site as the simulated home and as the agent's configuration, which agree."""

    home: dict[str, Any]
    site: dict[str, Any]
    keeps_civil: bool  # a battery-backed clock
    lan_ms: int = 3  # how long a device on the LAN takes to answer
    kinds: dict[str, str] = field(default_factory=dict)  # device id -> what it is; the grid meter is "grid"

    def having(self, *kinds: str) -> list[str]:
        """Return the ids of the devices of some kinds."""
        return [name for name, kind in self.kinds.items() if kind in kinds]


def random_premises(seed: int, keys: Keys, pace: Pace = HOURS) -> Premises:
    """Return the site of a seed: a grid meter and 1 to 8 other devices."""
    rng = random.Random(f"{seed}/premises")  # noqa: S311  (a seed, no secret)
    made = Premises(_empty_home(rng), _empty_site(rng, keys), rng.random() < 0.6)
    _add(made, "grid", "grid", "rs485", "eastron-sdm630", {"measures": "meter"}, {})
    drawn = random.Random(f"{seed}/pace")  # noqa: S311  (a seed, no secret)
    set_pace(drawn, made.site, pace)
    made.lan_ms = drawn.choice(pace.lan_ms)
    makers = [_charger, _battery, _heating, _room, _load, _load, _submeter]
    rng.shuffle(makers)
    for make in makers[: drawn.choice(pace.kinds)]:
        make(rng, made)
    return made


def _empty_home(rng: random.Random) -> dict[str, Any]:
    return {
        "home": {"start": f"2022-{rng.randint(1, 12):02}-{rng.randint(1, 28):02}T{rng.randint(0, 23):02}:00"},
        "base_load": {"constant_w": 500.0, "shares": [0.5, 0.3, 0.2]},
        "weather": {"mean_c": rng.choice([2.0, 8.0, 14.0])},
        "grid": {"impedance_ohm": rng.choice([0.05, 0.15, 0.3])},
        "bus": [{"id": "rs485", "kind": "rtu", "baud": BAUD}],
        "device": [],
        "load": [],
    }


def _empty_site(rng: random.Random, keys: Keys) -> dict[str, Any]:
    fuse_a = rng.choice([16, 20, 25, 32, 35, 50])
    connection_w = fuse_a * 3 * VOLT
    segment_bytes = rng.choice([4096, 8192, 16384])
    return {
        "site": {
            "name": "simulated",
            "meter": "grid",
            "import_limit_w": connection_w * rng.choice([60, 80, 100, 100]) // 100,
            "export_limit_w": rng.choice([0, 3000, 10000]),
            "fuse_ma": fuse_a * 1000,
            "meter_stale_ms": rng.choice([5000, 10000, 10000]),
        },
        "agent": {
            "key": "agent.key",
            "journal_bytes_max": rng.choice([65536, 262144, 4194304]),
            "segment_bytes": segment_bytes,
            "reading_s": rng.choice([10, 60, 60, 300]),
            "page_s": rng.choice([60, 300, 900]),
            "page_bytes_max": rng.choice([1024, 2048, 4096]),
            "sync_ms": rng.choice([0, 1000, 1000, 10000]),
        },
        "authority": [
            {
                "name": name,
                "role": role,
                "power_max_w": power_w,
                "public_key": keys.signer(name).public_key.hex(),
                "reservations": RESERVATIONS.get(name, 0),
            }
            for name, (role, power_w) in AUTHORITIES.items()
        ],
        "bus": [{"id": "rs485", "kind": "serial", "port": "rs485", "baud": BAUD}],
        "device": [],
    }


def _add(
    made: Premises, name: str, kind: str, bus: str, product: str, options: dict[str, Any], row: dict[str, Any],
    driver: str = "",
) -> None:  # fmt: skip
    """Put a product on a bus of the home and its driver into the site's configuration, under the same unit."""
    if all(known["id"] != bus for known in made.site["bus"]):
        made.home["bus"].append({"id": bus, "kind": "tcp"})
        made.site["bus"].append({"id": bus, "kind": "tcp", "host": bus})
    unit = 1 + sum(1 for known in made.home["device"] if known["bus"] == bus)
    made.home["device"].append({"id": name, "product": product, "bus": bus, "unit": unit, **options})
    made.site["device"].append({"id": name, "driver": driver or product, "bus": bus, "unit": unit, **row})
    made.kinds[name] = kind


def _charger(rng: random.Random, made: Premises) -> None:
    amps = rng.choice(CAR_A)
    made.home["charge_point"] = {}
    made.home["car"] = {
        "soc": rng.choice([0.1, 0.4, 0.7]), "current_a_max": amps, "phases": rng.choice([1, 3, 3]),
        "follow_s": rng.choice([2.0, 4.0]),
    }  # fmt: skip
    safe_a = rng.choice([0, 6])
    row: dict[str, Any] = {"power_max_w": rng.choice([11040, 22080]), "priority": rng.choice([10, 20, 30])}
    if rng.random() < 0.8:
        row["default"] = rng.choice([10000, 16000, 32000])
    if rng.random() < 0.6:
        row["fallback"] = rng.choice([0, 6000, 8000])
    _add(made, "charger", CHARGER, "charger-lan", "alfen-eve", {"safe_a": float(safe_a)},
         {**row, "fallback_ma": safe_a * 1000})  # fmt: skip


def _battery(rng: random.Random, made: Premises) -> None:
    power_w = rng.choice([3000.0, 5000.0])
    made.home["pv"] = {"constant_w": 0.0}
    made.home["inverter"] = {}
    made.home["battery"] = {
        "soc": rng.choice([0.1, 0.5, 0.9]), "power_w_max": power_w, "capacity_wh": rng.choice([5000.0, 10000.0]),
    }  # fmt: skip
    row: dict[str, Any] = {"power_max_w": int(power_w), "priority": rng.choice([5, 25, 40])}
    if rng.random() < 0.2:
        row["default"] = rng.choice([0, 1000])
    _add(made, "battery", BATTERY, "inverter-lan", "fronius-gen24",
         {"revert": rng.choice(["counts", "counts", "ignored", "absent"])}, row)  # fmt: skip


def _heating(rng: random.Random, made: Premises) -> None:
    made.home["heat_pump"] = {"power_w_max": rng.choice([2000.0, 3000.0])}
    if rng.random() < 0.6:
        row: dict[str, Any] = {"power_max_w": 3100, "priority": rng.choice([1, 15, 50])}
        if rng.random() < 0.5:
            row["default"] = rng.choice([2000, 4000, 30000])
        if rng.random() < 0.5:
            row["fallback"] = rng.choice([0, 1000])
        _add(made, "pump", PUMP, "pump-lan", "luxtronik-shi", {}, row)
    else:
        relay = _relay(made)
        channels = relay["channels"]
        channels.update({"0": "sg-ready-1", "1": "sg-ready-2"})
        row = {"power_max_w": 5100, "priority": rng.choice([1, 15, 50]), "channel_1": 1, "channel_2": 2}
        _add_on_relay(made, relay, "sg", SG_READY, "sg-ready-relay", row)


def _room(_rng: random.Random, made: Premises) -> None:
    _add(made, "room", ROOM, "rs485", "heatmiser-edge", {}, {})


def _load(rng: random.Random, made: Premises) -> None:
    relay = _relay(made)
    number = 1 + len(made.home["load"])
    name, phase, power_w = f"load-{number}", rng.randint(1, 3), rng.choice([1000, 2000, 3000])
    made.home["load"].append({"id": name, "power_w": float(power_w), "phase": phase})
    relay["channels"][str(number + 1)] = name
    row = {
        "power_max_w": power_w, "phases": 1 << (phase - 1), "priority": rng.choice([2, 35, 60]),
        "default": rng.choice([0, 1, 1]), "channel": number + 2,
    }  # fmt: skip
    _add_on_relay(made, relay, name, LOAD, "waveshare-relay", row)


def _submeter(_rng: random.Random, made: Premises) -> None:
    _add(made, "submeter", SUBMETER, "rs485", "eastron-sdm630", {"measures": "base"}, {})


def _relay(made: Premises) -> dict[str, Any]:
    """Return the relay board of the home, which several devices of the agent share."""
    for known in made.home["device"]:
        if known["product"] == "waveshare-relay-8":
            found: dict[str, Any] = known
            return found
    relay: dict[str, Any] = {
        "id": "relay", "product": "waveshare-relay-8", "bus": "rs485", "unit": 200, "channels": {},
    }  # fmt: skip
    made.home["device"].append(relay)
    return relay


def _add_on_relay(
    made: Premises, relay: dict[str, Any], name: str, kind: str, driver: str, row: dict[str, Any]
) -> None:
    made.site["device"].append({"id": name, "driver": driver, "bus": "rs485", "unit": relay["unit"], **row})
    made.kinds[name] = kind
