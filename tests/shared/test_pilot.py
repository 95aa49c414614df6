"""The pilot's tables: what a duty cycle offers, and what voltages mean; no voltage at all is left without a meaning."""

from __future__ import annotations

from hal import quantities as q
from hal.iec61851.pilot import DUTY_PM_MAX, DUTY_PM_MIN, NO_DIODE, STEADY_PM, duty_pm, judge, offered_ma
from sim_devices.pins.vehicle import Vehicle, offered


def refused(limit_ma):
    try:
        duty_pm(limit_ma)
    except ValueError:
        return True
    return False


def test_the_duty_cycle_of_each_current_is_exact_and_never_offers_more():
    for limit_ma, duty in (
        (6000, 100), (6059, 100), (6060, 101), (10000, 166), (16000, 266), (16020, 267), (30000, 500), (32000, 533),
        (48000, 800), (50999, 849), (51000, 850), (52499, 850), (52500, 850), (52750, 851), (63000, 892), (80000, 960),
    ):  # fmt: skip
        assert duty_pm(limit_ma) == duty, limit_ma
    for limit_ma in range(6000, 80001, 10):
        duty = duty_pm(limit_ma)
        left_ma = limit_ma - offered(duty)  # by the simulated vehicle's own formula
        assert DUTY_PM_MIN <= duty <= DUTY_PM_MAX
        assert offered_ma(duty) <= limit_ma
        if not 51000 <= limit_ma < 52750:
            assert offered_ma(duty) == offered(duty) and 0 <= left_ma < (60 if limit_ma < 52500 else 250)


def test_no_current_has_the_duty_cycle_of_digital_communication_and_none_is_outside_the_table():
    for limit_ma in (3000, 0, -6000, 5999, 80001, 1 << 40):
        assert refused(limit_ma)
    for duty in (0, 30, 50, 70, 99, 961, 1000):
        assert offered_ma(duty) == 0


def test_what_a_simulated_vehicle_makes_of_the_pilot_is_understood():
    vehicle = Vehicle()
    for duty in (STEADY_PM, 100, 533, 960):
        assert judge(*vehicle.peaks_mv(duty), duty) == q.EV_A
    vehicle.plugged = True
    for ohm, state in ((None, q.EV_B), (882.0, q.EV_C), (246.0, q.EV_D)):
        vehicle.ohm = ohm
        for duty in (STEADY_PM, 100, 533, 960):
            assert judge(*vehicle.peaks_mv(duty), duty) == state
        assert judge(*vehicle.peaks_mv(0), 0) == q.EV_F
    vehicle.no_diode = True
    for ohm in (2740.0, 882.0, 246.0):
        vehicle.ohm = ohm
        assert judge(*vehicle.peaks_mv(300), 300) == NO_DIODE
    vehicle.shorted = True
    for duty in (STEADY_PM, 300):
        assert judge(*vehicle.peaks_mv(duty), duty) == q.EV_E


def test_bands_end_where_the_tolerance_ends():
    for nominal_mv, state in ((9000, q.EV_B), (6000, q.EV_C), (3000, q.EV_D)):
        for plus_mv in (nominal_mv - 1000, nominal_mv + 1000):
            assert judge(plus_mv, -12000, 300) == state == judge(plus_mv, plus_mv, STEADY_PM)
        for plus_mv in (nominal_mv - 1001, nominal_mv + 1001):
            assert judge(plus_mv, -12000, 300) == q.EV_UNKNOWN == judge(plus_mv, plus_mv, STEADY_PM)
    assert judge(6000, -11000, 300) == judge(6000, -13000, 300) == q.EV_C
    assert judge(6000, -10999, 300) == judge(6000, -13001, 300) == NO_DIODE


def test_every_pair_of_voltages_has_a_meaning_and_few_let_anybody_charge():
    states = (q.EV_UNKNOWN, q.EV_A, q.EV_B, q.EV_C, q.EV_D, q.EV_E, q.EV_F, NO_DIODE)
    for duty in (0, 100, 533, 960, STEADY_PM):
        for plus_mv in range(-16000, 16001, 250):
            for minus_mv in range(-16000, 16001, 250):
                found = judge(plus_mv, minus_mv, duty)
                assert found in states
                if found in (q.EV_C, q.EV_D):
                    assert duty > 0 and 2000 <= plus_mv <= 7000
                    assert duty == STEADY_PM or -13000 <= minus_mv <= -11000
