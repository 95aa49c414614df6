"""What holds for every driver there is, found by walking the folder: none is forgotten."""

from __future__ import annotations

import ast
import importlib
import statistics
from pathlib import Path

import pytest

from drivers import catalogue
from hal import capabilities as c
from hal import quantities as q
from hal.capabilities import Controllable
from hal.memory import ManualClock, ScriptedLine
from hal.modbus.bus import Bus
from hal.modbus.device import ModbusDevice
from hal.modbus.rtu import Rtu
from hal.modbus.tcp import Tcp
from hal.pins import PinDevice
from sim_devices.products import PRODUCTS as TWINS
from tests.needs import ROOT
from tests.shared.pinned import is_on_pins, least_options, pin_driver_of, pins_for

FOLDER = ROOT / "drivers"
FILES = sorted(path for path in FOLDER.rglob("*.py") if path.name not in ("__init__.py", "catalogue.py"))
MODELS = [row[0] for row in catalogue.PRODUCTS]
ON_MODBUS = [model for model in MODELS if not is_on_pins(model)]
ON_PINS = [model for model in MODELS if is_on_pins(model)]
CONTROLLABLE = [row[0] for row in catalogue.PRODUCTS if row[3] != "meter"]
KIND = {row[0]: row[3] for row in catalogue.PRODUCTS}
# The catalogue's word -> the contract's number and the folder.
KINDS = {
    "meter": (c.METER, "meters"), "charger": (c.CHARGER, "chargers"), "battery": (c.BATTERY, "batteries"),
    "heat pump": (c.HEAT_PUMP, "heatpumps"), "thermostat": (c.THERMOSTAT, "thermostats"),
    "switch": (c.SWITCH, "switches"), "sg-ready": (c.SG_READY, "heatpumps"),
    "phase switch": (c.PHASE_SWITCH, "chargers"), "inverter": (c.INVERTER, "inverters"),
}  # fmt: skip
# Drivers that share a twin, or whose twin is named by its number of relays.
TWIN_OF = {
    "webasto-unite-phases": "webasto-unite",
    "alfen-eve-phases": "alfen-eve", "sg-ready-relay": "waveshare-relay-8", "waveshare-relay": "waveshare-relay-8"
}  # fmt: skip
QUANTITIES = range(q.POWER_W, q.PHASES + 1)


def driver_of(model: str):
    if is_on_pins(model):
        return pin_driver_of(model)
    return catalogue.load(model)(Bus(ScriptedLine(lambda request: None), Tcp(), ManualClock()), 1, {})


def docstring(path: Path) -> str:
    return ast.get_docstring(ast.parse(path.read_text())) or ""


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_a_driver_says_where_its_facts_come_from_and_how_far_to_trust_them(path):
    said = docstring(path)
    assert "\nSource: " in said
    assert "Trust: " in said


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_every_driver_file_is_in_the_catalogue(path):
    module = ".".join(path.relative_to(ROOT).with_suffix("").parts)
    rows = [row for row in catalogue.PRODUCTS if row[1] == module]
    assert rows
    for model, _, name, kind, product, _ in rows:
        assert getattr(importlib.import_module(module), name).model == model
        assert path.parent.name == KINDS[kind][1] or (kind == "meter" and "read only" in product)
        assert model.replace("-", "_") == path.stem


def test_model_ids_are_unique_and_fit_for_topics():
    assert len(set(MODELS)) == len(MODELS)
    for model in MODELS:
        assert model == model.lower() and model.replace("-", "").isalnum()


@pytest.mark.parametrize("model", ON_MODBUS)
def test_tables_hold_known_quantities_once_and_do_not_overlap(model):
    driver = driver_of(model)
    for points in ([*driver.points], *getattr(driver, "models", {}).values()):
        assert_sound(points)
    for block in driver._own_blocks():  # raises when points overlap
        assert 0 < block.count <= driver.registers_max


def assert_sound(points) -> None:
    quantities = [point.quantity for point in points]
    own = [quantity for quantity in quantities if quantity < 0]
    assert len(set(own)) == len(own)
    assert all(quantity in QUANTITIES for quantity in quantities if quantity > 0)
    assert all(point.num > 0 and point.den > 0 for point in points)


@pytest.mark.parametrize("model", MODELS)
def test_a_driver_has_a_contract_and_sane_times(model):
    driver = driver_of(model)
    assert isinstance(driver, PinDevice if model in ON_PINS else ModbusDevice)
    assert isinstance(driver, Controllable) == (model in CONTROLLABLE)
    assert driver.kind == KINDS[KIND[model]][0]
    assert 500 <= driver.poll_ms <= driver.stale_ms


@pytest.mark.parametrize("model", CONTROLLABLE)
def test_whatever_can_be_controlled_has_a_default_mode_and_honest_limits(model):
    driver = driver_of(model)
    kind = type(driver)
    assert kind.default_mode is not Controllable.default_mode
    assert driver.control in QUANTITIES
    assert driver.step > 0
    assert driver.minimum <= driver.maximum
    assert driver.off is None or driver.off < driver.minimum
    assert driver.write_cost in (c.VOLATILE, c.PERSISTENT)
    assert 0 <= 2 * driver.refresh_ms <= 2 * driver.fallback_ms
    if driver.refresh_ms:
        assert driver.refresh_ms * 5 <= driver.fallback_ms * 4, "a late refresh must not lose the set-point"
    if model not in ("fronius-gen24", "sunspec-storage", "sunspec-der"):  # they know their limits once they are open
        assert driver.minimum < driver.maximum
        assert (driver.maximum - driver.minimum) % driver.step == 0


@pytest.mark.parametrize("model", MODELS)
def test_options_refuse_what_nobody_knows_and_keep_their_defaults(model):
    kind = catalogue.load(model)
    options = {"colour": "red"}
    if model in ON_PINS:
        bus, options = pins_for(model), {**least_options(model), **options}
    else:
        bus = Bus(ScriptedLine(lambda request: None), Rtu(), ManualClock())
    with pytest.raises(ValueError) as refused:
        kind(bus, 1, options)
    assert refused.value.args[0] == "colour"
    for name, allowed in kind.options_known:
        assert getattr(kind, name) in allowed
        assert name in docstring(ROOT / Path(*kind.__module__.split(".")).with_suffix(".py"))


@pytest.mark.parametrize("model", ON_PINS)
def test_channels_are_named_in_the_docstring_and_needed_ones_are_missed(model):
    kind = catalogue.load(model)
    said = docstring(ROOT / Path(*kind.__module__.split(".")).with_suffix(".py"))
    for name, _, needed in kind.channels_known:
        assert name in said
        if needed:
            with pytest.raises(ValueError) as refused:
                kind(pins_for(model), 1, {each: each for each in least_options(model) if each != name})
            assert refused.value.args[0] == name


@pytest.mark.parametrize("model", [row[0] for row in catalogue.PRODUCTS if row[5] == catalogue.SIMULATED])
def test_what_claims_a_simulation_has_a_twin_that_names_its_own_source(model):
    if model in ON_PINS:
        return  # they are simulated as circuits: sim_devices/pins
    twin = TWINS[TWIN_OF.get(model, model)]
    said = docstring(ROOT / Path(*twin.__module__.split(".")).with_suffix(".py"))
    assert "\nSource: " in said and twin.bus_kind in ("rtu", "ascii", "tcp")


def test_there_are_as_many_products_as_were_promised_and_their_drivers_are_short():
    assert len(MODELS) >= 32
    assert statistics.median(len(path.read_text().splitlines()) for path in FILES) <= 60


def test_nothing_claims_more_than_a_simulation_without_a_capture():
    assert {row[5] for row in catalogue.PRODUCTS} <= {catalogue.DOCUMENT, catalogue.SIMULATED}
