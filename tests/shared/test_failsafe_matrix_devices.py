"""Readings of devices in the failsafe matrix, on the pure core; the table is tests/shared/matrix.py."""

from __future__ import annotations

from hal import quantities as q
from tests.shared.house import TABLE
from tests.shared.matrix_core import WARM_S, play_all
from tests.shared.matrix_site import BATTERY_INDEX, LIMIT_W, Faulty, without


def test_charger_reading():
    assert play_all("charger")


def test_battery_reading():
    assert play_all("battery")


def test_heat_pump_reading():
    assert play_all("heat pump")


def test_switch_reading():
    assert play_all("switch")


def test_sg_ready_reading():
    assert play_all("SG-ready")


def test_thermostat_reading():
    assert play_all("thermostat")


def test_state_of_charge():
    assert play_all("state of charge")


def test_battery_that_helps_by_itself_is_not_stopped_because_nobody_knows_its_charge():
    site = Faulty()
    site.fault = (BATTERY_INDEX, without((q.SOC_PM,)))
    site.loads[1].wants_w = -2000
    site.run(WARM_S)
    assert site.setpoints()[1] is None
    site.base_w = [2500, 2500, 2500]
    site.limit(LIMIT_W)
    for _ in range(WARM_S):
        site.run(1)
        assert site.grid_w() > LIMIT_W and site.loads[1].power_w == -2000, (site.setpoints(), site.grid_w())


def test_battery_that_takes_in_by_itself_is_not_stopped_because_it_is_nearly_full():
    site = Faulty()
    site.loads[1].wants_w, site.loads[1].soc_pm = 2000, 999
    site.loads[0].wants_w = site.loads[2].wants_w = site.loads[3].wants_w = site.loads[4].wants_w = 0
    site.run(WARM_S)
    assert site.setpoints()[1] is None
    site.base_w = [-5000, -5000, -5000]
    for _ in range(WARM_S):
        site.run(1)
        assert site.grid_w() < -TABLE["export_limit_w"] and site.loads[1].power_w == 2000, site.setpoints()
