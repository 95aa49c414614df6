"""A target for batteries alone: loads are left in peace, and a battery may be let charge only, or give only."""

from __future__ import annotations

from agent import record, why
from agent.circuits import Circuit
from agent.claims import CHARGES, GIVES_POWER
from agent.kept import dump, load
from agent.state import State
from agent.target import _bounds, _is_member
from tests.shared.house import AGENT_ID, AGGREGATOR, TABLE
from tests.shared.steered import NEAR_W, battery, claim, ev, plant
from tests.shared.test_step import command

BOTH = CHARGES | GIVES_POWER


def followed(base_w, batteries, target_w=0):
    """Return (battery W, charger W) of a site of 3 x base_w and a car, once a target for batteries is tracked."""
    site = plant(ev(), battery())
    site.base_w = [base_w] * 3
    site.run(60)
    claim(site, target_w).batteries = batteries
    site.run(90)
    return site.state.units[2].drawn_w, site.state.units[1].drawn_w


def test_batteries_alone_meet_it_and_loads_are_left_in_peace():
    for base_w in (-4000, -3000, -3500):
        power_w, car_w = followed(base_w, BOTH)
        assert car_w == 11040 and abs(3 * base_w + car_w + power_w) <= NEAR_W, (base_w, power_w)


def test_a_target_beyond_what_batteries_can_stops_no_load():
    power_w, car_w = followed(1000, BOTH)
    assert power_w == -5000 and car_w == 11040
    assert followed(1000, 0)[1] < 11040


def test_batteries_that_only_charge_give_nothing_and_the_other_way_round():
    assert followed(1000, CHARGES)[0] == 0 and followed(1000, GIVES_POWER)[0] == -5000
    assert followed(-5000, CHARGES)[0] > 3500 and followed(-5000, GIVES_POWER)[0] == 0


def test_batteries_alone_come_nearer_than_loads_would():
    for more_w, batteries, moved_w in ((80, BOTH, 80), (40, BOTH, 40), (15, BOTH, 0), (80, 0, 0), (140, 0, 140)):
        site = plant(battery())
        site.base_w = [400, 300, 300]
        site.run(30)
        claim(site, 0).batteries = batteries
        site.run(60)
        before_w = site.state.units[1].drawn_w
        site.base_w = [400 + more_w, 300, 300]
        site.run(60)
        assert abs(before_w - site.state.units[1].drawn_w - moved_w) < 25, (more_w, batteries)


def test_bounds_keep_to_one_direction():
    site = plant(battery())
    site.run(5)
    unit, one = site.state.units[1], claim(site, 0)
    found = []
    for batteries in (0, CHARGES, GIVES_POWER, BOTH):
        one.batteries = batteries
        found.append(_bounds(site.state, unit, one))
    assert found == [(-5000, 5000), (0, 5000), (-5000, 0), (-5000, 5000)]


def test_a_load_follows_the_target_above_one_that_is_for_batteries():
    site = plant(ev(), battery())
    table = dict(TABLE)
    table.update({"id": "garage"})
    units = site.state.units
    units[1].circuit = units[2].circuit = 1
    state = State(site.state.site, units, AGENT_ID, 7, 60, 10000, [Circuit(table, 0, -2)])
    site.state = state
    below, above = claim(site, 0, scope=-2), claim(site, 9000)
    state.circuits[1].aim, state.circuits[0].aim = below, above
    for batteries, expected in ((BOTH, [(True, False), (False, True)]), (0, [(False, False), (True, True)])):
        below.batteries = batteries
        found = [
            tuple([_is_member(state, unit, state.circuits[at], one) for unit in units[1:]])
            for at, one in enumerate((above, below))
        ]
        assert found == expected, (batteries, found)


def test_it_is_a_target_s_option_alone_and_survives_a_reboot():
    for body, reason in (
        (["", 0, 600, 5, {5: 2, 9: 3}], record.ACCEPTED),
        (["", 0, 600, 5, {5: 2, 9: 4}], record.MALFORMED),
        (["", 0, 600, 5, {5: 3, 9: 1}], record.UNSUPPORTED),
        (["battery", 0, 600, 5, {9: 1}], record.UNSUPPORTED),
    ):
        site = plant(battery())
        site.now_ms += 1000
        facts = site.run(1, [command(AGGREGATOR, 1, 2, body)])
        assert [fact[5] for fact in facts if fact[0] == record.DECISION] == [reason], (body, facts)
    site = plant(battery())
    claim(site, 0, until_ms=0).batteries = CHARGES
    again = plant(battery())
    load(again.state, dump(site.state), 1700000000000)
    assert [(each.mode, each.batteries) for each in again.state.claims] == [(2, CHARGES)]
    assert why.parts.claim(again.state, again.state.claims[0], 0)["batteries"] == CHARGES
