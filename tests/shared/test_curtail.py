"""Inverters under limits on what is fed in: what they are told, in closed loop and with nothing to close it on."""

from __future__ import annotations

from agent.curtail import Curtailing
from agent.limits import EXPORT
from agent.snapshot import pack, unpack
from agent.step import step
from agent.unit import Contract
from hal import capabilities as c
from hal import quantities as q
from tests.shared.plant import Load
from tests.shared.wiring import Branch, Wiring, battery

ROOF = Contract(c.INVERTER, q.LIMIT_W, (-8000, 0, 1), None, False, 10000, 2000)


class Roof(Load):
    """Modules that give so much, as far as they may."""

    def follow(self, unit) -> None:
        self._asked.append(unit.setpoint if unit.source else None)
        asked = self._asked[0]
        if len(self._asked) > self.lag_s:
            self._asked.pop(0)
        self.power_w = self.wants_w if asked is None or not self.obeys else max(self.wants_w, asked)


def roof(name="pv", sun_w=6000, lag_s=1, circuit=""):
    return name, ROOF, {"power_max_w": 8000, "circuit": circuit}, Roof(-sun_w, lag_s)


def wired(*parts, branches=(), **site):
    site.setdefault("export_limit_w", 3000)
    made = Wiring(list(parts), list(branches), **site)
    made.state.curtailing = Curtailing()
    return made


def test_an_inverter_feeds_in_freely_while_nothing_binds():
    site = wired(roof(), export_limit_w=8000)
    site.run(60)
    assert site.told("pv") == [None] and site.grid_w() == -6000


def test_what_may_be_fed_in_is_never_passed_for_longer_than_it_takes_to_follow():
    site = wired(roof(lag_s=2))
    site.run(8)
    assert -3004 < site.grid_w() <= -2500
    assert site["pv"].source == "connection"
    site.run(300)
    assert min(site.seen_w[8:]) > -3004 and site.grid_w() <= -2600


def test_what_the_house_draws_is_let_out_on_top_once_it_has_lasted():
    site = wired(roof())
    site.run(30)
    before = site.told("pv")[0]
    site.base_w = [700, 700, 600]
    site.run(8)
    assert site.told("pv") == [before]
    site.run(20)
    assert -3004 < site.grid_w() <= -2600 and site.told("pv")[0] < before - 1500
    site.base_w = [0, 0, 0]
    site.run(5)
    assert site.grid_w() > -3004


def test_a_limit_that_comes_binds_at_once_and_is_let_go_by_itself():
    site = wired(roof(), export_limit_w=8000)
    site.run(20)
    limit = site.limit(1000, direction=EXPORT)
    site.run(5)
    assert site.grid_w() >= -1003 and site["pv"].source == "limit dso"
    site.state.limits.remove(limit)
    site.run(30)
    assert site.told("pv") == [None] and site.grid_w() == -6000


def test_a_limit_on_the_inverter_itself_is_its_set_point():
    site = wired(roof(), export_limit_w=8000)
    site.limit(2000, "pv", EXPORT)
    site.run(30)
    assert site["pv"].setpoint in (-2000, -1900) and site.grid_w() >= -2003


def test_a_claim_for_less_stands_and_a_claim_for_more_does_not_pass_a_limit():
    site = wired(roof())
    site.claim("pv", -1000)
    site.run(30)
    assert site.told("pv") == [-1000] and -1003 <= site.grid_w() <= -1000
    site.claim("pv", -8000)
    site.run(60)
    assert -3004 < site.grid_w() <= -2600


def test_two_inverters_share_what_may_be_fed_in_and_settle():
    site = wired(roof("a", 5000), roof("b", 4000))
    site.run(12)
    assert site.grid_w() > -3004
    site.run(200)
    assert min(site.seen_w[12:]) > -3004 and site.grid_w() <= -2400
    told = site.told("a", "b")
    site.run(30)
    assert site.told("a", "b") == told


def test_a_battery_takes_in_before_the_sun_is_shut_out():
    site = wired(roof(sun_w=5000), battery("bat"))
    site.run(120)
    assert site.grid_w() >= -3003 and site["bat"].setpoint > 1500
    assert site.told("pv")[0] <= -5000


def test_without_a_meter_that_can_be_trusted_all_of_it_counts_as_let_out():
    site = wired(roof())
    site.base_w = [2000, 2000, 2000]
    site.run(30)
    assert site.told("pv") == [None]
    site.silent = [0]
    site.run(40)
    assert site.told("pv")[0] is not None and site.told("pv")[0] > -3004
    site.silent = []
    site.run(60)
    assert site.told("pv") == [None]


def test_two_inverters_that_nobody_measures_may_feed_in_no_more_together_than_one():
    site = wired(roof("a"), roof("b"))
    site.base_w = [2000, 2000, 2000]
    site.run(30)
    site.silent = [0]
    site.run(60)
    a, b = site.told("a", "b")
    assert a + b >= -3000 and a < -2500
    hung = [roof("a", circuit="annex"), roof("b", circuit="annex")]
    site = wired(*hung, branches=[Branch("annex", export_limit_w=3000)], export_limit_w=20000)
    site.run(60)
    a, b = site.told("a", "b")
    assert a + b >= -3000 and a < -2500


def test_two_that_are_let_go_at_once_do_not_rise_into_the_same_room():
    site = wired(roof("a", 8000), roof("b", 8000), export_limit_w=10000)
    site.claim("a", -1000)
    site.claim("b", -1000)
    site.run(30)
    del site.state.claims[:], site.seen_w[:]
    site.run(60)
    assert min(site.seen_w) >= -10004 and site.grid_w() <= -9500


def test_an_inverter_that_says_nothing_is_taken_for_one_that_feeds_in_all_it_may():
    site = wired(roof())
    site.loads[0].reports = False
    site.run(60)
    assert -3004 < site.grid_w() <= -2400
    site.loads[0].reports = True
    site.loads[0].says_w = 5000  # wired the wrong way round
    site.run(60)
    assert site.grid_w() >= -3003


def test_a_circuit_below_binds_its_own_inverter_only():
    site = wired(
        roof("a", circuit="annex"), roof("b"), branches=[Branch("annex", metered=True, export_limit_w=1000)],
        export_limit_w=20000,
    )  # fmt: skip
    site.run(60)
    assert site.circuit_w("annex") >= -1003 and site.told("b") == [None]


def test_a_sun_that_goes_and_comes_is_followed_without_passing_the_limit():
    site = wired(roof())
    site.run(30)
    for sun_w in (0, 6000, 2000, 8000, 500, 6000):
        site.loads[0].wants_w = -sun_w
        site.run(20)
        assert site.grid_w() > -3004


def test_a_copy_of_the_state_goes_on_as_the_original_does():
    site = wired(roof())
    site.run(30)
    copy = unpack(pack(site.state))
    site.base_w = [300, 300, 300]
    for second in range(1, 31):
        site.loads[0].follow(site["pv"])
        image = site.measure()
        step(copy, site.now_ms + 1000 * second, image, [])
        step(site.state, site.now_ms + 1000 * second, image, [])
    assert copy.unit_named("pv").setpoint == site["pv"].setpoint != -2900
