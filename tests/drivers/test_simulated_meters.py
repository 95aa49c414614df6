"""Every meter there is, measuring the same house on real sockets and terminals: all of them tell the same."""

from __future__ import annotations

import pytest

from drivers import catalogue
from hal import quantities as q
from hal.errors import WrongDevice
from sim_devices.home import running_home
from sim_devices.products import PRODUCTS
from sim_devices.products.carlo_gavazzi_et112 import CarloGavazziEt112
from sim_devices.products.meter import CircuitMeter, PhaseMeter
from tests.drivers.bench import driver_for
from tests.sim_devices.homes import home_tree

METERS = sorted(model for model, product in PRODUCTS.items() if issubclass(product, CircuitMeter))
ONE_PHASE = [model for model in METERS if issubclass(PRODUCTS[model], PhaseMeter)]
THREE_PHASES = [model for model in METERS if model not in ONE_PHASE]
VOLTAGES = (q.VOLTAGE_L1_MV, q.VOLTAGE_L2_MV, q.VOLTAGE_L3_MV)
CURRENTS = (q.CURRENT_L1_MA, q.CURRENT_L2_MA, q.CURRENT_L3_MA)
POWERS = (q.POWER_L1_W, q.POWER_L2_W, q.POWER_L3_W)
WH_SLACK = 101  # Carlo Gavazzi counts in tenths of a kilowatt-hour


def house_with(model: str, **tables):
    """Return a home with one more meter at the grid, on a bus of its own; a one-phase meter hangs on L2."""
    tree = home_tree(**tables)
    tree["bus"].append({"id": "more", "kind": PRODUCTS[model].bus_kind})
    more = {"phase": 2} if model in ONE_PHASE else {}
    tree["device"].append({"id": "meter", "product": model, "bus": "more", "unit": 1, **more})
    return running_home(tree)


async def told(model: str, **tables):
    """Return what a meter tells after a quarter of an hour, and the circuit that it measures."""
    async with house_with(model, **tables) as home, driver_for(home, "meter", model) as meter:
        home.advance(900)
        return await meter.read(), home.house.circuits["grid"]


def agree(number: int, expected: float, slack: float = 1.0) -> bool:
    return abs(number - expected) <= slack


def test_every_meter_of_the_catalogue_on_modbus_is_simulated():
    meters = [row for row in catalogue.PRODUCTS if row[1].startswith("drivers.meters.")]
    on_wires = [row[0] for row in meters if "own pin" not in row[4]]
    assert [model for model in on_wires if model not in PRODUCTS] == []
    assert [model for model in on_wires if model not in METERS] == ["goodwe-et", "sunspec-production"]


@pytest.mark.parametrize("model", THREE_PHASES)
@pytest.mark.parametrize("tables", [{"base_w": 9000.0}, {"base_w": 300.0, "pv_w": 9000.0, "battery": {"soc": 1.0}}])
async def test_a_three_phase_meter_tells_what_flows_and_what_has_flown(model, tables):
    numbers, circuit = await told(model, **tables)
    assert agree(numbers[q.POWER_W], circuit.flow.total_w)
    assert (numbers[q.POWER_W] > 0) is (tables["base_w"] > 1000)
    summed = model == "shelly-pro-3em"
    imported = sum(circuit.import_phase_wh) if summed else circuit.import_wh
    exported = sum(circuit.export_phase_wh) if summed else circuit.export_wh
    assert agree(numbers.get(q.ENERGY_IMPORT_WH, 0), imported, WH_SLACK)
    assert agree(numbers.get(q.ENERGY_EXPORT_WH, 0), exported, WH_SLACK)  # SunSpec has no register that stands at 0
    assert max(numbers.get(q.ENERGY_IMPORT_WH, 0), numbers.get(q.ENERGY_EXPORT_WH, 0)) > 100
    if model == "eastron-sdm72":
        assert set(numbers) == {q.POWER_W, q.ENERGY_IMPORT_WH, q.ENERGY_EXPORT_WH}
        return
    for at in range(3):
        assert agree(numbers[VOLTAGES[at]], circuit.voltage_v[at] * 1000, 100)
        assert agree(numbers[CURRENTS[at]], circuit.current_a(at) * 1000, 6)
        assert agree(numbers[POWERS[at]], circuit.flow.w[at])


@pytest.mark.parametrize("model", ONE_PHASE)
async def test_a_one_phase_meter_tells_its_phase_as_the_first_and_as_the_whole(model):
    numbers, circuit = await told(model, base_w=6000.0)
    assert numbers[q.POWER_W] == numbers[q.POWER_L1_W] and agree(numbers[q.POWER_W], circuit.flow.w[1])
    assert agree(numbers[q.VOLTAGE_L1_MV], circuit.voltage_v[1] * 1000, 100)
    assert agree(numbers[q.CURRENT_L1_MA], circuit.current_a(1) * 1000)
    assert agree(numbers[q.FREQUENCY_MHZ], circuit.frequency_hz * 1000, 100)
    assert agree(numbers[q.ENERGY_IMPORT_WH], circuit.import_phase_wh[1], WH_SLACK)
    assert numbers[q.ENERGY_IMPORT_WH] > 100


@pytest.mark.parametrize(
    ("present", "asked_as"),
    [
        ("carlo-gavazzi-em24-e1", "carlo-gavazzi-em24"),
        ("carlo-gavazzi-em24", "carlo-gavazzi-em24-e1"),
        ("carlo-gavazzi-em340", "carlo-gavazzi-em24-e1"),
    ],
)
async def test_a_meter_of_the_other_family_is_refused(present, asked_as):
    async with house_with(present) as home:
        with pytest.raises(WrongDevice, match="identification"):
            async with driver_for(home, "meter", asked_as):
                pass


async def test_a_frequency_that_is_none_is_missing_and_all_else_is_told():
    async with house_with("carlo-gavazzi-em340") as home, driver_for(home, "meter", "carlo-gavazzi-em340") as meter:
        home.advance(10)
        assert q.FREQUENCY_MHZ in await meter.read()
        home.house.circuits["grid"].frequency_hz = 5000.0
        numbers = await meter.read()
        assert q.FREQUENCY_MHZ not in numbers and q.POWER_W in numbers


async def test_a_current_that_cannot_carry_the_power_is_missing(monkeypatch):
    monkeypatch.setattr(CarloGavazziEt112, "current_scale", 10)
    numbers, _ = await told("carlo-gavazzi-et112", base_w=6000.0)
    assert q.CURRENT_L1_MA not in numbers and numbers[q.POWER_W] > 1000
