"""`siteward new-driver`: begins a driver in this checkout. It writes its file, its test and its simulated twin.

What it writes works on one holding register, so that everything is in its place; the registers, the sources and how far
to trust them are the author's. docs/adding-a-driver.md goes through the steps.
"""

from __future__ import annotations

import argparse
import json
import re
from pathlib import Path
from string import Template

from tools.errors import UsageError

ROOT = Path(__file__).resolve().parent.parent
MODEL = re.compile(r"[a-z0-9]+(-[a-z0-9]+)+")
# Kind -> folder, module and class of the contract, its verb, its argument, its unit.
KINDS = {
    "meter": ("meters", "hal.capabilities", "Meter", "", ""),
    "charger": ("chargers", "hal.capabilities.charger", "Charger", "set_limit_ma", "limit_ma"),
    "battery": ("batteries", "hal.capabilities.battery", "Battery", "set_power_w", "power_w"),
    "heat-pump": ("heatpumps", "hal.capabilities.heat_pump", "HeatPump", "set_limit_w", "limit_w"),
    "inverter": ("inverters", "hal.capabilities.inverter", "Inverter", "set_limit_w", "limit_w"),
    "switch": ("switches", "hal.capabilities.switch", "Switch", "set_on", "on"),
}

DRIVER = Template('''"""$product. Modbus TCP, unit 1.

Source: name the maker's document, its revision and section, or the programs that the registers are from.
Trust: say how many sources agree. Then the one thing that a reader would get wrong.
"""

from __future__ import annotations

from hal import quantities as q
from $contract_module import $contract
from hal.modbus.device import ModbusDevice
from hal.modbus.points import U16, Point
$constants

class $name(ModbusDevice, $contract):
    """Say what it reads and what it can be told."""

    model = "$model"
    points = (Point(0, U16, q.POWER_W),)  # W
$verbs''')
VERBS = Template('''    minimum = 0
    maximum = 1

    async def $verb(self, $argument: int) -> int:
        """Write and read back. Returns what is kept."""
        await self.keep_written(ORDER, ($argument,))
        return $argument

    async def kept(self) -> int:
        """Return the order that stands in the product. Raises: DeviceError."""
        (word,) = await self.registers(ORDER, 1)
        return word

    async def default_mode(self) -> int:
        """Leave the product where it shall be without an agent."""
        return await self.$verb(0)
''')
TEST = Template('''"""$product on a line in memory: what its registers mean and what it is told."""

from __future__ import annotations

from hal import quantities as q
from tests.shared.modbus_units import Unit
from tests.shared.products import driver_of


async def test_${file}_reads_what_the_paper_says():
    driver = driver_of("$model", Unit({0: 230, 1: 0}))
    await driver.open()
    assert await driver.read() == {q.POWER_W: 230}
$more''')
MORE = Template("""

async def test_${file}_is_told_and_let_go():
    unit = Unit({0: 230, 1: 0})
    driver = driver_of("$model", unit)
    await driver.open()
    assert await driver.obey(1) == 1 and unit.registers[1] == 1 and await driver.kept() == 1
    await driver.default_mode()
    assert unit.registers[1] == 0
""")
TWIN = Template('''"""$product.

Source: transcribe the registers here a second time, from the paper and not from the driver. Say what is not modelled.
"""

from __future__ import annotations

from sim_devices.house import House
from sim_devices.products.$base_module import $base, Options
from sim_devices.wire.bank import Bank, Cell
from sim_devices.wire.words import u16

READ_HOLDING = 3


class $name($base):
    """Say what it does."""

    model = "$model"
    bus_kind = "tcp"

    def __init__(self, house: House, unit: int, options: Options) -> None:
        super().__init__(house, unit, options)
        circuit = self.circuit
        self.reading[unit, READ_HOLDING] = Bank([Cell(0, 1, lambda: u16(abs(circuit.flow.total_w)))])
''')


def run(asked: argparse.Namespace) -> int:
    """Write the files; say what comes next. Raises: UsageError."""
    if not MODEL.fullmatch(asked.model):
        raise UsageError(f"MODEL {asked.model!r}: expected maker and product in small letters, as acme-pm100")
    made = files(asked.model, asked.kind, asked.product)
    there = [path for path in made if (ROOT / path).exists()]
    if there:
        raise UsageError(f"{there[0]} is there already")
    for path, text in made.items():
        (ROOT / path).write_text(text, encoding="utf-8")
    steps = next_steps(asked.model, asked.kind, asked.product)
    print(json.dumps({"files": list(made), "next": steps.splitlines()}) if asked.json else "\n".join([*made, steps]))
    return 0


def files(model: str, kind: str, product: str) -> dict[str, str]:
    """Return path -> text of everything that a driver begins with."""
    folder, module, contract, verb, argument = KINDS[kind]
    names = {
        "model": model, "product": product, "file": model.replace("-", "_"), "name": class_of(model),
        "contract_module": module, "contract": contract, "verb": verb, "argument": argument,
        "constants": "\nORDER = 1\n" if verb else "", "base_module": "meter", "base": "CircuitMeter",
    }  # fmt: skip
    names["verbs"] = VERBS.substitute(names) if verb else ""
    names["more"] = MORE.substitute(names) if verb else ""
    return {
        f"drivers/{folder}/{names['file']}.py": DRIVER.substitute(names),
        f"tests/shared/test_{names['file']}.py": TEST.substitute(names),
        f"sim_devices/products/{names['file']}.py": TWIN.substitute(names),
    }


def class_of(model: str) -> str:
    """Return the class's name: acme-pm100 is AcmePm100."""
    return "".join(part.capitalize() for part in model.split("-"))


def next_steps(model: str, kind: str, product: str) -> str:
    """Return what the author does now."""
    folder, file = KINDS[kind][0], model.replace("-", "_")
    words = (model, f"drivers.{folder}.{file}", class_of(model), kind.replace("-", " "), product)
    row = "(" + ", ".join(f'"{word}"' for word in words) + ", DOCUMENT),"
    return f"""now:
  drivers/catalogue.py             {row}
  sim_devices/products/__init__.py {class_of(model)}
  siteward devices --write         SUPPORTED.md
  python -m pytest tests/drivers/test_catalogue.py tests/shared/test_{file}.py
  siteward capture {model} --host HOST --unit 1 -o tests/drivers/captures/{model}.json
docs/adding-a-driver.md goes through it step by step."""
