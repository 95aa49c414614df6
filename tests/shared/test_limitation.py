"""EEBUS LPC: each transition of the use case by its number, and what the implementation guide adds.

Source: EEBUS UC TS "Limitation of Power Consumption" V1.0.0 [LPC-901] to [LPC-922] and its implementation guide, as
public implementations and their tests cite them.
"""

from __future__ import annotations

from agent.sources.limitation import AUTONOMOUS, CONTROLLED, FAILSAFE, INIT, LIMITED, Limitation

HOUR_MS = 3600000


def system(ends: bool = False) -> Limitation:
    """Return a system that has just started, at 1 s."""
    made = Limitation(4200, 7200, ends)
    made.pass_time(1000)
    return made


def guarded(active: bool, limit_w: int = 3000, duration_s: int | None = None) -> Limitation:
    """Return a system with a heartbeat at 10 s and a limit at 11 s."""
    made = system()
    made.heartbeat(10000)
    assert made.write(11000, active, limit_w, duration_s)
    return made


def lost(ends: bool = False) -> Limitation:
    """Return a system in the failsafe since 130 s."""
    made = guarded(True)
    made.ends = ends
    made.pass_time(130000)
    assert made.state == FAILSAFE
    return made


def test_lpc_901_it_starts_limited_by_the_failsafe():
    made = system()
    assert made.state == INIT and made.limit_w() == 4200


def test_lpc_902_905_init_to_controlled_by_an_inactive_limit():
    made = guarded(False)
    assert made.state == CONTROLLED and made.limit_w() is None


def test_lpc_904_init_to_limited():
    made = guarded(True)
    assert made.state == LIMITED and made.limit_w() == 3000


def test_lpc_906_init_to_autonomous_after_120_s_without_a_limit():
    made = system()
    made.heartbeat(100000)
    made.pass_time(120999)
    assert made.state == INIT
    made.pass_time(121000)
    assert made.state == AUTONOMOUS and made.limit_w() is None


def test_lpc_907_what_is_refused_changes_nothing():
    made = guarded(True)
    made.heartbeat(20000)
    assert not made.write(21000, True, -1, None) and not made.write(21000, True, 1, -1)
    assert made.state == LIMITED and made.limit_w() == 3000


def test_lpc_908_a_limit_ends_with_its_duration():
    made = guarded(True, 3000, 900)
    for at_s in range(60, 911, 50):
        made.heartbeat(at_s * 1000)
    made.pass_time(910999)
    assert made.state == LIMITED
    made.pass_time(911000)
    assert made.state == CONTROLLED and made.limit_w() is None


def test_lpc_909_a_limit_ends_when_it_is_deactivated():
    made = guarded(True)
    made.heartbeat(30000)
    assert made.write(31000, False, 3000, None)
    assert made.state == CONTROLLED


def test_lpc_910_controlled_to_limited():
    made = guarded(False)
    assert made.write(80000, True, 2000, None)
    assert made.state == LIMITED and made.limit_w() == 2000


def test_lpc_911_controlled_to_failsafe_120_s_after_the_last_heartbeat():
    made = guarded(False)
    made.pass_time(129999)
    assert made.state == CONTROLLED
    made.pass_time(130000)
    assert made.state == FAILSAFE and made.limit_w() == 4200


def test_lpc_912_limited_to_failsafe_and_the_limit_is_forgotten():
    made = guarded(True, 9000, 100)
    made.pass_time(400000)
    assert made.state == FAILSAFE and made.limit_w() == 4200


def test_lpc_916_918_919_920_failsafe_is_left_by_a_heartbeat_and_a_limit_after_it():
    for active, then in ((True, LIMITED), (False, CONTROLLED)):
        made = lost()
        assert not made.write(300000, active, 2500, None) and made.state == FAILSAFE
        made.heartbeat(301000)
        assert made.state == FAILSAFE and made.limit_w() == 4200
        assert made.write(302000, active, 2500, None)
        assert made.state == then


def test_lpc_919_920_autonomous_is_left_by_a_heartbeat_and_a_limit_after_it():
    for active, then in ((True, LIMITED), (False, CONTROLLED)):
        made = system()
        made.pass_time(121000)
        assert not made.write(500000, active, 1000, None) and made.state == AUTONOMOUS
        made.heartbeat(500000)
        made.pass_time(900000)
        assert made.state == AUTONOMOUS  # it knows no silence
        made.heartbeat(900000)
        assert made.write(901000, active, 1000, None) and made.state == then


def test_lpc_921_failsafe_to_autonomous_120_s_after_the_first_heartbeat_when_no_limit_follows():
    made = lost()
    made.heartbeat(300000)
    made.heartbeat(360000)
    made.pass_time(419999)
    assert made.state == FAILSAFE
    made.pass_time(420000)
    assert made.state == AUTONOMOUS and made.limit_w() is None


def test_lpc_922_failsafe_ends_after_its_duration_only_where_the_site_wants_that():
    for ends, then in ((True, AUTONOMOUS), (False, FAILSAFE)):
        made = lost(ends)
        made.pass_time(130000 + 2 * HOUR_MS - 1)
        assert made.state == FAILSAFE
        made.pass_time(130000 + 2 * HOUR_MS)
        assert made.state == then


def test_lpc_022_the_least_duration_is_2_to_24_hours():
    made = guarded(True)
    assert not made.write_failsafe_s(12000, 7199) and not made.write_failsafe_s(12000, 86401)
    assert made.failsafe_s == 7200
    assert made.write_failsafe_s(12000, 86400) and made.failsafe_s == 86400


def test_guide_2_11_the_failsafe_is_not_written_before_the_first_limit():
    made = system()
    made.heartbeat(10000)
    assert not made.write_failsafe_w(11000, 5000) and not made.write_failsafe_s(11000, 10000)
    assert made.write(12000, False, 0, None)
    assert not made.write_failsafe_w(13000, -1)
    assert made.write_failsafe_w(13000, 0) and made.failsafe_w == 0


def test_guide_2_14_a_limit_more_than_60_s_after_the_heartbeat_is_refused():
    made = lost()
    made.heartbeat(300000)
    assert not made.write(360001, False, 0, None) and made.state == FAILSAFE
    assert made.write(360000 + 0, False, 0, None)


def test_guide_2_16_a_limit_without_any_time_deactivates():
    made = guarded(True)
    assert made.write(12000, True, 1000, 0)
    assert made.state == CONTROLLED


def test_guide_2_17_a_lost_connection_is_no_restart():
    made = lost()
    made.pass_time(130000 + 24 * HOUR_MS)
    assert made.state == FAILSAFE and made.limit_w() == 4200


def test_a_limit_before_any_heartbeat_is_refused_in_the_first_second_too():
    for at_ms in (0, 1000, 59000):
        made = Limitation(4200, 7200, False)
        made.pass_time(0)
        assert not made.write(at_ms, True, 3000, None) and made.state == INIT


def test_everything_may_happen_in_the_first_millisecond():
    made = Limitation(4200, 7200, False)
    made.heartbeat(0)
    assert made.write(0, True, 3000, 1)
    made.pass_time(999)
    assert made.state == LIMITED
    made.pass_time(1000)
    assert made.state == CONTROLLED
    made = Limitation(4200, 7200, False)
    made.pass_time(0)
    made.pass_time(120000)
    assert made.state == AUTONOMOUS


def test_time_that_nobody_saw_pass_has_passed():
    made = system()
    made.pass_time(500000)
    assert made.state == AUTONOMOUS
    made = guarded(True)
    made.heartbeat(500000)
    assert made.state == FAILSAFE and made.limit_w() == 4200
    made.pass_time(700000)
    assert made.state == AUTONOMOUS
    made = guarded(True)
    assert not made.write(500000, False, 0, None) and made.state == FAILSAFE
    for change in (Limitation.write_failsafe_w, Limitation.write_failsafe_s):
        made = guarded(True)
        assert change(made, 500000, 7200) and made.state == FAILSAFE
    made = guarded(True, 3000, 60)
    made.heartbeat(100000)
    assert made.state == CONTROLLED
    made = lost(True)
    made.pass_time(130000 + 3 * HOUR_MS)
    assert made.state == AUTONOMOUS


def test_a_limit_without_an_end_does_not_end():
    made = guarded(True)
    for at_s in range(60, 7200, 60):
        made.heartbeat(at_s * 1000)
    assert made.state == LIMITED and made.limit_w() == 3000


def test_bounds_of_what_is_written():
    made = guarded(True)
    for limit_w, taken in ((0, True), (1, True), (1 << 40, True), ((1 << 40) + 1, False), (-1, False)):
        assert made.write(12000, True, limit_w, None) is taken and made.write_failsafe_w(12000, limit_w) is taken
        assert not taken or made.failsafe_w == limit_w
    for duration_s, taken in ((7199, False), (7200, True), (7201, True), (86400, True), (86401, False)):
        assert made.write_failsafe_s(12000, duration_s) is taken
