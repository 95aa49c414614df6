"""Meters and clock in the failsafe matrix, on the pure core; the table is tests/shared/matrix.py."""

from __future__ import annotations

from agent import record
from tests.shared.matrix_core import WARM_S, play_all
from tests.shared.matrix_site import LIMIT_W, Faulty, limit_message


def test_meter_power():
    assert play_all("meter power")


def test_meter_currents():
    assert play_all("meter currents")


def test_one_phases_current():
    assert play_all("one phase's current")


def test_circuit_meter():
    assert play_all("circuit meter")


def test_civil_clock():
    assert play_all("clock")


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
