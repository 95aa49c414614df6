"""Two programs on a heap of 64 KB that is collected after every step of a task: the logic alone, and a whole agent."""

from __future__ import annotations

from pathlib import Path

from tests.shared.products import charger_unit, inverter_unit, pump_unit, put
from tests.wasm32.node import Ran, Units, linked_image, run_jobs
from tools.link import CORE

HEAP_KB = 64
HARNESS_KB = 4  # of runner.py, on top
PROGRAMS = "tests.wasm32.on_board"
MODELS = ("eastron-sdm630", "alfen-eve", "luxtronik-shi", "fronius-gen24")  # of four_devices.py
FORGOTTEN = {"agent.config", "boards.startup", "drivers.catalogue"}
METER = ((0x00, 230), (0x02, 230), (0x04, 230), (0x34, 6000), (0x46, 50), (0x48, 1234567))  # V, W, Hz, kWh


def units() -> Units:
    """Return meter, charger, heat pump and battery as registers."""
    meter = dict.fromkeys(range(0x50), 0)
    for address, number in METER:
        put(meter, address, "f", number)
    return {
        1: {"registers": meter, "copies": {}},
        2: {"registers": charger_unit().registers, "copies": {1210: 1206, 1211: 1207}},
        3: {"registers": pump_unit().registers, "copies": {}},
        4: {"registers": inverter_unit()[0].registers, "copies": {}},
    }


def core(folder: Path) -> Ran:
    """Run the logic alone."""
    image = linked_image(f"{PROGRAMS}.core_alone", set(), folder / "core.romfs")
    (ran,) = run_jobs([(CORE, "obeys_a_limit_and_seals_it")], image, HEAP_KB + HARNESS_KB, 1)
    return ran


def whole(folder: Path) -> Ran:
    """Run the agent of four devices; it needs more than the heap it is given, and this build gives it more."""
    image = linked_image(f"{PROGRAMS}.four_devices", FORGOTTEN, folder / "whole.romfs", MODELS)
    (ran,) = run_jobs([(CORE, "obeys_a_limit_and_proves_it")], image, HEAP_KB + HARNESS_KB, 1, units=units())
    return ran
