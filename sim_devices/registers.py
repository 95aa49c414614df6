"""Energy registers that survive a power cut, as a real meter's do.

They are kept in a file at each step, before anybody is answered: what was read once never falls.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from sim_devices.house import House

KEPT = ("import_wh", "export_wh", "import_phase_wh", "export_phase_wh")


def keep(house: House, path: Path) -> None:
    """Replace the file; a reader finds the old or the new one whole."""
    registers: dict[str, Any] = {
        name: {key: getattr(circuit, key) for key in KEPT} for name, circuit in house.circuits.items()
    }
    if house.heat_pump:
        registers["heat_pump_wh"] = house.heat_pump.energy_wh
    beside = path.with_suffix(".new")
    beside.write_text(json.dumps(registers))
    beside.replace(path)


def take_back(house: House, path: Path) -> None:
    """Go on from what was kept; nothing happens when nothing was. Raises: ValueError, the file is none of ours."""
    if not path.exists():
        return
    registers = json.loads(path.read_text())
    if house.heat_pump:
        house.heat_pump.energy_wh = registers.pop("heat_pump_wh")
    for name, kept in registers.items():
        for key in KEPT:
            setattr(house.circuits[name], key, kept[key])
