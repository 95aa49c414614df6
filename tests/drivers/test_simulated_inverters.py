"""Inverters and meters by SunSpec's models, on real sockets, against twins that show older and newer models."""

from __future__ import annotations

from math import inf

import pytest

from agent.config import checked
from agent.curtail import Curtailing
from boards.cpython.signer import FileSigner
from boards.startup import Parts, assemble
from hal import quantities as q
from hal.errors import OutOfRange, WrongDevice
from hal.memory import CountingWatchdog, ManualClock, MemoryStore, ScriptedLine
from hal.modbus.bus import Bus
from hal.modbus.tcp import Tcp
from sim_devices.home import running_home
from sim_devices.products import PRODUCTS
from tests.drivers.bench import driver_for
from tests.sim_devices.homes import home_tree
from tools.keys import create_key

READERS = ("goodwe-et", "sunspec-production", "sunspec-inverter")


def house_with(model: str, product=None, sun_w: float = 5000.0, **tables):
    """Return a home with full battery and much sun, whose inverter speaks as `model`."""
    tree = home_tree(pv_w=sun_w, battery={"soc": 1.0}, **tables)
    tree["device"] = [device for device in tree["device"] if device["id"] != "inverter"]
    tree["bus"].append({"id": "more", "kind": PRODUCTS[model].bus_kind})
    tree["device"].append({"id": "pv", "product": model, "bus": "more", "unit": 1, **(product or {})})
    return running_home(tree)


@pytest.mark.parametrize("product", [{}, {"newer": True}])
@pytest.mark.parametrize("model", READERS)
async def test_an_inverter_tells_what_it_feeds_in(model, product):
    if model == "goodwe-et":
        product = {}
    async with house_with(model, product) as home, driver_for(home, "pv", model) as inverter:
        home.advance(60)
        numbers, truth, circuit = await inverter.read(), home.house.inverter, home.house.circuits["inverter"]
        assert truth.output_w > 4000 and abs(numbers[q.POWER_W] + truth.output_w) <= 1
        for at, (voltage, current) in enumerate(((8, 5), (9, 6), (10, 7))):
            assert abs(numbers[voltage] - circuit.voltage_v[at] * 1000) <= 100
            assert abs(numbers[current] - circuit.current_a(at) * 1000) <= 60
        assert abs(numbers[q.FREQUENCY_MHZ] - 50000) <= 10
        assert all(quantity > 0 for quantity in numbers)
        if model != "goodwe-et":
            assert abs(numbers[q.ENERGY_EXPORT_WH] - truth.output_wh) <= 1
        if product.get("newer"):
            assert abs(numbers[q.SOC_PM] - 1000) <= 5


@pytest.mark.parametrize("newer", [False, True])
async def test_an_inverter_is_limited_and_let_go(newer):
    async with (
        house_with("sunspec-inverter", {"newer": newer}) as home,
        driver_for(home, "pv", "sunspec-inverter") as inverter,
    ):
        truth = home.house.inverter
        assert (inverter.minimum, inverter.maximum, inverter.fallback_ms) == (-6000, 0, 60000)
        assert await inverter.kept() is None
        for limit_w in (-3000, 0, -1500):
            assert await inverter.obey(limit_w) == limit_w
            home.advance(10)
            assert truth.output_w <= -limit_w + 1 and await inverter.kept() == limit_w
        assert await inverter.obey(-1501) == -1501  # to the hundredth of a percent, and never more
        await inverter.default_mode()
        assert await inverter.kept() is None and truth.output_w_max == inf
        with pytest.raises(OutOfRange):
            await inverter.obey(1)


@pytest.mark.parametrize("newer", [False, True])
@pytest.mark.parametrize(("revert", "falls_back"), [("counts", True), ("ignored", True), ("absent", False)])
async def test_an_inverter_falls_back_by_itself_where_its_timer_counts(newer, revert, falls_back):
    async with (
        house_with("sunspec-inverter", {"newer": newer, "revert": revert}) as home,
        driver_for(home, "pv", "sunspec-inverter") as inverter,
    ):
        assert await inverter.obey(-2000) == -2000
        assert (inverter.fallback_ms > 0) is falls_back  # one that takes the timer and ignores it cannot be told
        home.advance(61)
        assert await inverter.kept() == (None if revert == "counts" else -2000)


async def test_an_inverter_that_cannot_be_limited_is_the_wrong_device():
    async with house_with("fronius-gen24") as home, driver_for(home, "pv", "sunspec-production") as reader:
        assert q.POWER_W in await reader.read()
    for model, present in (("sunspec-inverter", "sunspec-storage"), ("sunspec-meter", "sunspec-inverter")):
        async with house_with(present) as home:
            with pytest.raises(WrongDevice):
                async with driver_for(home, "pv", model):
                    pass


@pytest.mark.parametrize("floats", [False, True])
@pytest.mark.parametrize("positive", ["import", "export"])
async def test_a_sunspec_meter_counts_imports_as_positive_whichever_way_it_tells_them(floats, positive):
    tree = home_tree(base_w=4000.0)
    tree["bus"].append({"id": "more", "kind": "tcp"})
    meter = {"id": "meter", "product": "sunspec-meter", "bus": "more", "unit": 240, "floats": floats}
    tree["device"].append({**meter, "positive": positive})
    async with running_home(tree) as home, driver_for(home, "meter", "sunspec-meter", positive=positive) as driver:
        home.advance(900)
        numbers, circuit = await driver.read(), home.house.circuits["grid"]
        assert circuit.flow.total_w > 500 and abs(numbers[q.POWER_W] - circuit.flow.total_w) <= 1
        assert abs(numbers[q.POWER_L1_W] - circuit.flow.w[0]) <= 1
        assert abs(numbers[q.ENERGY_IMPORT_WH] - circuit.import_wh) <= 1


def agent_of(folder, driver: str):
    """Put an agent of one device together on a line that nobody answers."""
    tree = {
        "site": {"name": "s", "import_limit_w": 9000, "export_limit_w": 3000, "fuse_ma": 25000},
        "agent": {"key": "agent.key", "journal": "journal"},
        "bus": [{"id": "lan", "kind": "tcp", "host": "127.0.0.1"}],
        "device": [{"id": "pv", "driver": driver, "bus": "lan", "unit": 1}],
    }
    create_key(folder / "agent.key")
    clock = ManualClock()
    parts = Parts(
        "test", bytes(32), clock, MemoryStore(), FileSigner(folder / "agent.key"), None, CountingWatchdog(), bytes(32),
        lambda _row: Bus(ScriptedLine(lambda _request: None), Tcp(), clock),
    )  # fmt: skip
    return assemble(checked(tree), bytes(32), parts)


@pytest.mark.parametrize(("driver", "curtails"), [("sunspec-inverter", True), ("sunspec-production", False)])
def test_an_agent_curtails_where_there_is_an_inverter_that_it_may_limit(tmp_path, driver, curtails):
    assert isinstance(agent_of(tmp_path, driver).state.curtailing, Curtailing) is curtails
