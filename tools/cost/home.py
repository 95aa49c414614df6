"""The home, as it is simulated and as the agent is configured for it; each run has some of the three devices."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sim_devices.physics.battery import Battery
from sim_devices.physics.charging import Car
from sim_devices.physics.heating import Building, HeatPump, Tank
from sim_devices.physics.inverter import Hybrid
from tools.cost.sessions import ENERGY_WH, LEAVES_H
from tools.simulate import premises as p
from tools.simulate.premises import Premises
from tools.simulate.signer import Keys

BATTERY, CAR, HEAT = "battery", "car", "heat"
DEVICES = (BATTERY, CAR, HEAT)
KWP = 4.0
CAR_A = 16.0
CAR_W = int(CAR_A * 3 * 230)
CAR_FULL = 0.8
ROOM_MC, ROOM_MC_MAX = 20000, 22000
TANK_K = 1.0  # so near to its target a pump of variable speed keeps its tank
TICK_MS = 10_000
OWNER = "owner"
_PARTS = {
    BATTERY: ("inverter-lan", "fronius-gen24"), CAR: ("charger-lan", "alfen-eve"), HEAT: ("pump-lan", "luxtronik-shi"),
}  # fmt: skip


@dataclass(frozen=True)
class Parts:
    """The physics of the devices, the same for a simulation and for the bound."""

    battery = Battery(soc=0.3)
    inverter = Hybrid()
    car = Car(soc_target=CAR_FULL, taper_from=1.0)
    pump = HeatPump(below_k=TANK_K, above_k=TANK_K)
    tank = Tank()
    building = Building(air_c=20.5, walls_c=19.0)


def arrival_soc() -> float:
    """Return how full the car comes home."""
    return CAR_FULL - ENERGY_WH * Parts.car.efficiency / Parts.car.capacity_wh


def home(devices: tuple[str, ...], start: datetime, controlled: bool) -> dict[str, Any]:
    """Return the simulated home; uncontrolled, its charge point gives whatever the car takes."""
    tree: dict[str, Any] = {
        "home": {"start": f"{start:%Y-%m-%dT%H:%M}"},
        "grid": {"impedance_ohm": 0.0},
        "base_load": {},
        "weather": {"recorded": True},
        "pv": {"kwp": KWP},
        "inverter": {},
        "battery": {"soc": Parts.battery.soc},
        "bus": [{"id": "rs485", "kind": "rtu"}],
        "device": [{"id": "grid", "product": "eastron-sdm630", "bus": "rs485", "unit": 1, "measures": "meter"}],
    }
    if BATTERY not in devices:
        tree["battery"] = {"power_w_max": 0.0}
    if CAR in devices:
        tree["charge_point"] = {"current_a_max": CAR_A}
        tree["car"] = {"soc": CAR_FULL, "soc_target": CAR_FULL, "taper_from": 1.0, "current_a_max": CAR_A}
    if HEAT in devices:
        tree["heat_pump"], tree["tank"] = {"below_k": TANK_K, "above_k": TANK_K}, {}
        tree["building"] = {"air_c": Parts.building.air_c, "walls_c": Parts.building.walls_c}
        tree["device"].append({"id": "room", "product": "heatmiser-edge", "bus": "rs485", "unit": 2,
                               "schedule_c": ROOM_MC / 1000})  # fmt: skip
    for name in devices:
        bus, product = _PARTS[name]
        tree["bus"].append({"id": bus, "kind": "tcp"})
        tree["device"].append({"id": name, "product": product, "bus": bus, "unit": 1})
    if CAR in devices:
        tree["device"][-1 - devices[::-1].index(CAR)]["safe_a"] = 6.0 if controlled else CAR_A
    return tree


def site(devices: tuple[str, ...], keys: Keys, sources: list[dict[str, Any]]) -> dict[str, Any]:
    """Return the configuration of the agent."""
    rows: dict[str, dict[str, Any]] = {
        BATTERY: {"power_max_w": 5000, "soc_min_pct": 5},
        CAR: {"power_max_w": CAR_W, "default": 16000, "fallback": 6000},
        HEAT: {"power_max_w": 3100},
    }
    made: dict[str, Any] = {
        "site": {"name": "cost", "meter": "grid", "import_limit_w": 17250, "export_limit_w": 10000, "fuse_ma": 25000,
                 "meter_stale_ms": 3 * TICK_MS},
        "agent": {"key": "agent.key", "tick_ms": TICK_MS, "lease_ms": 3 * TICK_MS, "reading_s": 900},
        "authority": [
            {"name": name, "role": role, "power_max_w": 30000, "public_key": keys.signer(name).public_key.hex()}
            for name, role in ((OWNER, "owner"), ("headend", "receipt"))
        ],
        "source": sources,
        "bus": [{"id": "rs485", "kind": "serial", "port": "rs485"}],
        "device": [{"id": "grid", "driver": "eastron-sdm630", "bus": "rs485", "unit": 1}],
    }  # fmt: skip
    if HEAT in devices:
        made["device"].append({"id": "room", "driver": "heatmiser-edge", "bus": "rs485", "unit": 2, "hold_min": 60,
                               "comfort_min": ROOM_MC, "comfort_max": ROOM_MC_MAX, "writes_per_day": 500})  # fmt: skip
    for name in devices:
        bus, driver = _PARTS[name]
        made["bus"].append({"id": bus, "kind": "tcp", "host": bus})
        made["device"].append({"id": name, "driver": driver, "bus": bus, "unit": 1, **rows[name]})
    return made


def premises(devices: tuple[str, ...], start: datetime, keys: Keys, sources: list[dict[str, Any]] | None) -> Premises:
    """Return home and configuration; `sources` None: nobody will control it."""
    kinds = {"grid": "grid", BATTERY: p.BATTERY, CAR: p.CHARGER, HEAT: p.PUMP}
    return Premises(
        home(devices, start, sources is not None),
        site(devices, keys, sources or []),
        True,
        lan_ms=0,
        kinds={name: kinds[name] for name in ("grid", *devices)},
    )


DEPARTURE = f"{LEAVES_H:02}:00"
