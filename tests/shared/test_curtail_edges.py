"""Inverters under limits, tick by tick and watt by watt: at which figure and in which second something changes."""

from __future__ import annotations

from agent import record
from agent.limits import EXPORT
from agent.orders import take
from agent.unit import Contract
from hal import capabilities as c
from hal import quantities as q
from tests.shared.house import DSO
from tests.shared.test_curtail import Roof, roof, wired
from tests.shared.wiring import battery


class Order:
    """What a door lets through, as far as its body matters here."""

    digest = b"o" * 32
    authority = DSO


def exact(*parts, **site):
    """Return a site of inverters on one phase each: no W is lost to the division by three."""
    made = wired(*parts, **site)
    for load in made.loads:
        load.phases = (0,)
    return made


def test_a_limit_is_kept_while_it_is_300_w_stronger_than_needed_and_not_a_watt_more():
    for more_w, told_w in ((300, -2900), (301, -3201)):
        site = exact(roof())
        site.run(30)
        assert site.told("pv") == [-2900]
        site.base_w = [more_w, 0, 0]
        site.run(30)
        assert site.told("pv") == [told_w]


def test_what_an_inverter_may_say_of_itself():
    site = exact(roof())
    site.run(30)
    for says_w, known, drawn_w in (
        (100, True, 0), (101, False, -2900), (1, True, 0), (0, True, 0), (-8000, True, -8000), (-24000, True, -24000),
        (-24001, False, -2900),
    ):  # fmt: skip
        site.loads[0].says_w = says_w
        site.loads[0].obeys = True
        site["pv"].setpoint = -2900
        site.run(1)
        assert (site["pv"].drawn_known, site["pv"].drawn_w) == (known, drawn_w), says_w
    site = exact(roof(), export_limit_w=20000)
    site.loads[0].reports = False
    site.run(1)
    assert site["pv"].setpoint is None and site["pv"].drawn_w == -8000


def test_nothing_at_all_may_be_let_out():
    site = exact(roof(), export_limit_w=0)
    site.run(3)
    assert site.told("pv") == [0]
    site = exact(roof(), export_limit_w=0)
    site.claim("pv", 0)
    site.base_w = [-500, 0, 0]  # somebody else feeds in
    site.run(3)
    assert site.told("pv") == [0]


def test_a_limit_that_lies_just_beyond_what_it_can_binds_nothing():
    for limit_w, told in ((8050, None), (8000, None), (7999, -7899)):
        site = exact(roof(sun_w=0), export_limit_w=limit_w)
        site.run(20)
        assert site.told("pv") == [told], limit_w


def test_the_name_is_that_of_the_limit_that_is_in_force_now():
    site = exact(roof())
    first = site.limit(2000, direction=EXPORT)
    site.run(20)
    assert site["pv"].source == "limit dso"
    second = site.limit(2000, direction=EXPORT)
    second.source, second.name = "vnb", "limit vnb"
    site.state.limits.remove(first)
    site.run(3)
    assert site["pv"].source == "limit vnb" and site.told("pv") == [-1900]


def test_a_limit_that_is_none_any_more_is_let_go_however_near_it_was():
    for limit_w in (8000, 8500):
        site = exact(roof(sun_w=8000), export_limit_w=7900)
        site.run(20)
        assert site.told("pv") == [-7800]
        site.state.site.export_limit_w = limit_w
        site.run(20)
        assert site.told("pv") == [None], limit_w


def test_it_is_let_out_after_ten_seconds_of_room_also_between_two_ticks():
    for later_ms, waits_s in ((0, 10), (500, 10)):
        site = exact(roof(sun_w=8000))
        site.run(20)
        site.state.site.export_limit_w = 20000
        site.now_ms += later_ms
        site.run(waits_s - 1)
        assert site.told("pv") == [-2900]
        site.run(1)
        assert site.told("pv") == [None], later_ms


def test_the_next_counts_with_what_the_one_before_it_is_about_to_do():
    site = exact(roof("a", 5000), roof("b", 4000))
    site.run(1)
    assert site.told("a", "b") == [0, -2900]


def test_the_next_counts_with_it_for_as_long_as_it_takes_to_follow_and_not_longer():
    site = exact(roof("a", 0), roof("b", 0))
    site.run(1)
    assert site.told("a", "b") == [-2900, 0]
    site.run(10)
    assert site.told("a", "b") == [-2900, 0]
    site.run(1)
    assert site.told("a", "b") == [-2900, -2900]
    site.run(60)
    assert site.told("a", "b") == [-2900, -2900]


def test_who_gives_less_than_it_may_takes_no_room_from_the_next():
    site = exact(roof("a", 500), roof("b", 500))
    site.run(60)
    assert site.told("a", "b") == [-2400, -2400]


def test_a_battery_in_its_own_mode_is_not_held_down_as_an_inverter_is():
    site = wired(battery("bat"))
    site.run(10)
    assert site.told("bat") == [None]


def test_an_inverter_of_coarse_steps_lets_out_no_more_than_it_may():
    coarse = Contract(c.INVERTER, q.LIMIT_W, (-8000, 0, 800), None, False, 10000, 2000)
    site = exact(("pv", coarse, {"power_max_w": 8000}, Roof(-6000)))
    site.run(30)
    assert site.told("pv") == [-2400] and site.grid_w() == -2400


def test_a_grid_operator_may_limit_one_inverter_in_the_direction_that_it_has():
    site = exact(roof("a"), roof("b"), export_limit_w=20000)
    assert take(site.state, Order, 1, ["a", 0, 2000, 600]) == record.UNKNOWN_DEVICE
    assert take(site.state, Order, 1, ["a", 1, 2000, 600]) == record.ACCEPTED
    site.run(30)
    assert site.told("a", "b") == [-1900, None]
    assert site["a"].source == "limit dso"
