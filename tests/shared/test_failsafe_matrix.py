"""Every cell of the failsafe matrix that the pure core can show; the table is tests/shared/matrix.py."""

from __future__ import annotations

from agent import record
from tests.shared.matrix import cells
from tests.shared.matrix_core import LIMIT_W, WARM_S, Faulty, faults, limit_message, play


def run(what: str) -> None:
    """Play every cell of one input in all variants; a failure says which."""
    for cell in cells((what,)):
        for bend in faults(cell):
            try:
                play(cell, bend)
            except AssertionError:
                print(cell.name)
                raise


def test_meter_power():
    run("meter power")


def test_meter_currents():
    run("meter currents")


def test_charger_reading():
    run("charger")


def test_battery_reading():
    run("battery")


def test_heat_pump_reading():
    run("heat pump")


def test_switch_reading():
    run("switch")


def test_sg_ready_reading():
    run("SG-ready")


def test_thermostat_reading():
    run("thermostat")


def test_civil_clock():
    run("clock")


def test_losing_the_meter_raises_nothing_that_the_fuse_had_stopped():
    site = Faulty()
    site.run(WARM_S)
    site.base_w = [5000, 5000, 5000]
    site.run(WARM_S)
    assert site.setpoints()[0] == 0
    site.silent = [0]
    site.run(WARM_S)
    assert site.state.failsafe == record.METER_STALE
    assert site.setpoints()[0] == 0
    site.base_w = [200, 200, 200]
    site.silent = []
    site.run(2 * WARM_S)
    assert site.state.failsafe == 0 and site.setpoints()[0] > 0


def test_silent_device_is_not_granted_more_than_the_whole_site_may_draw():
    site = Faulty()
    site.run(WARM_S)
    site.silent = [3]
    site.loads[0].wants_w = site.loads[2].wants_w = 0  # heat pump and car happen to rest
    site.run(WARM_S)
    site.run(2, [limit_message()])
    assert site.grid_w() < LIMIT_W
    assert site.setpoints()[2] <= LIMIT_W
