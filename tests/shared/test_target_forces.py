"""What goes before a target, how it begins and ends, and targets of circuits."""

from __future__ import annotations

from agent import record
from agent.circuits import Circuit
from agent.claims import CEILING, SETPOINT
from agent.limits import EXPORT, SITE
from agent.state import State
from hal import quantities as q
from tests.shared.house import AGENT_ID, METER, TABLE
from tests.shared.plant import Load, Plant
from tests.shared.steered import (
    AGG,
    FAR_MS,
    NEAR_W,
    OWN,
    battery,
    claim,
    ev,
    events,
    is_met,
    limit,
    moves,
    plant,
    pump,
)

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

# What goes before


def test_owners_ceiling_holds_when_a_target_raises_and_when_it_comes_in_the_middle():
    site = plant(ev(default=0), battery())
    site.run(40)
    claim(site, 8000, CEILING, 1, OWN)
    claim(site, 16000)
    site.run(60)
    assert site.setpoints()[0] == 8000
    claim(site, 6000, CEILING, 1, OWN)
    site.run(1)
    assert site.setpoints()[0] <= 6000
    claim(site, 1000, CEILING, 2, OWN)
    site.run(20)
    assert site.setpoints()[1] <= 1000


def test_lower_wish_counts_at_once_though_the_target_is_met():
    site = plant(ev(), battery())
    site.run(60)
    claim(site, 14000)
    site.run(30)
    claim(site, 8000, CEILING, 1, OWN)
    site.run(2)
    assert site.setpoints()[0] <= 8000


def test_comfort_holds_against_a_target_unless_it_is_the_owners():
    for primacy, lowest, highest in ((AGG, 8000, 10000), (OWN, 0, 16000)):
        site = plant(ev(comfort_min=8000, comfort_max=10000, default=9000, on_s=0, off_s=0))
        site.run(60)
        wanted = claim(site, 3000, primacy=primacy)
        site.run(60)
        assert site.setpoints() == [lowest]
        wanted.value = 17000
        site.run(90)
        assert site.setpoints()[0] == highest or (primacy == OWN and site.setpoints()[0] > 10000), primacy


def test_battery_keeps_its_comfort_and_the_limits_on_itself():
    site = plant(ev(), battery(comfort_min=-1000, comfort_max=500))
    site.run(60)
    wanted = claim(site, 10000)
    site.run(60)
    assert -1000 <= site.setpoints()[1] <= -900 and is_met(site, 10000)
    site = plant(ev(), battery())
    limit(site, 2000, 2, EXPORT)
    limit(site, 1500, 2)
    site.run(60)
    wanted = claim(site, 10000)
    site.run(60)
    assert -2000 <= site.setpoints()[1] <= -1900 and is_met(site, 10000)
    site.loads[0].wants_w = 0
    wanted.value = 6000
    site.run(60)
    assert site.setpoints()[1] == 1500


def test_device_pinned_by_a_stronger_claim_is_left_out():
    site = plant(ev(), battery())
    site.run(60)
    claim(site, 10000, SETPOINT, 1, OWN)
    claim(site, 2000, SETPOINT, 2, AGG + 1)
    wanted = claim(site, 7000)
    site.run(60)
    assert site.setpoints()[0] == 10000 and is_met(site, 7000)
    claim(site, 0, SETPOINT, 2, OWN)
    site.run(30)
    assert site.setpoints() == [10000, 0] and wanted.started


def test_limit_tighter_than_the_target_wins_and_nothing_winds_up():
    site = plant(ev(), battery())
    site.run(60)
    claim(site, 16000)
    limit(site, 6000)
    site.run(120)
    assert site.grid_w() <= 6000
    site.state.limits.pop()
    site.run(120)
    assert is_met(site, 16000)


def test_floor_of_charge_hands_over_to_the_loads():
    site = plant(ev(), battery())
    site.run(60)
    claim(site, 10000)
    site.run(30)
    assert site.loads[1].power_w < -3900
    site.loads[1].soc_pm = 90
    site.run(1)
    assert site.setpoints()[1] == 0
    site.run(60)
    assert is_met(site, 10000) and site.loads[0].power_w < 7100


def test_least_run_of_a_pump_is_made_up_for_by_others_until_it_ends():
    site = plant(ev(priority=5), pump(on_s=600))
    site.run(60)
    wanted = claim(site, 14000)
    site.run(30)
    assert site.setpoints()[1] == 500 and site.state.units[2].source == "protection run"
    wanted.value = 10000
    site.run(30)
    assert is_met(site, 10000) and site.loads[0].power_w < 6600
    site.run(600)
    assert is_met(site, 10000)
    wanted.value = 9000
    site.run(60)
    assert is_met(site, 9000) and site.loads[1].power_w == 0


def test_ramp_of_a_device_is_no_disobedience():
    site = plant(battery(ramp_w_s=200))
    site.run(30)
    claim(site, 0)
    site.run(60)
    assert is_met(site, 0)
    assert moves(site, 120) == 0


# Beginning and end


def test_target_may_begin_with_a_ramp():
    site = plant(battery())
    site.run(70)
    claim(site, -1000, ramp_s=100)
    site.run(50)
    assert abs(site.grid_w() - 1000) <= 300
    site.run(70)
    assert is_met(site, -1000)


def test_all_are_back_at_their_wish_once_when_it_ends():
    site = plant(ev(), battery())
    site.run(60)
    before = site.setpoints()
    claim(site, 6000, until_ms=120000)
    site.run(59)
    assert site.setpoints() != before
    found = moves(site, 60)
    assert site.setpoints() == before and found <= 3  # the battery has first to end
    assert events(site) == [record.STARTED, record.COMPLETED]


def test_meter_lost_under_a_target_is_failsafe_and_the_target_is_met_again():
    site = plant(ev(fallback=6000), battery())
    site.run(60)
    claim(site, 8000)
    site.run(40)
    site.silent = [0]
    site.run(30)
    assert site.setpoints() == [6000, 0] and site.state.failsafe
    site.silent = []
    site.run(60)
    assert is_met(site, 8000) and not site.state.failsafe
    assert events(site) == [record.STARTED]


# Circuits


class SubMeter(Load):
    """Shows what some loads draw; draws nothing itself."""

    def __init__(self, loads) -> None:
        super().__init__()
        self.loads = loads

    def follow(self, unit) -> None:
        """Have nothing to follow."""

    def reading(self) -> dict[int, int]:
        """Return the sum."""
        return {q.POWER_W: sum([load.power_w for load in self.loads])}


def garage() -> Plant:
    """Return a site with a charger and a battery, and two chargers behind a garage's own meter."""
    parts: list[Any] = [ev(), battery(), ev(name="left"), ev(name="right")]
    parts.append(("submeter", METER, {}, SubMeter([parts[2][3], parts[3][3]])))
    site = plant(*parts)
    table = dict(TABLE)
    table["import_limit_w"], table["fuse_ma"] = 60000, 100000
    below: dict[str, Any] = dict(table)
    below["id"] = "garage"
    units = site.state.units
    units[3].circuit = units[4].circuit = 1
    site.state = State(Circuit(table, 0), units, AGENT_ID, 7, 60, 10000, [Circuit(below, 5, SITE - 1)])
    return site


def test_targets_of_a_circuit_and_of_the_site_are_met_at_once():
    site = garage()
    site.run(60)
    claim(site, 12000, scope=SITE - 1)
    claim(site, 20000)
    site.run(60)
    assert abs(site.loads[2].power_w + site.loads[3].power_w - 12000) <= NEAR_W
    assert is_met(site, 20000)
    assert moves(site, 300, 50) <= 10


def test_site_moves_the_garage_too_where_that_has_no_target_of_its_own():
    site = garage()
    site.run(60)
    claim(site, 15000)
    site.run(60)
    assert is_met(site, 15000)
    powers = [site.loads[0].power_w, site.loads[2].power_w, site.loads[3].power_w]
    assert max(powers) - min(powers) <= 100


def test_garage_without_its_meter_is_left_out_and_the_rest_goes_on():
    site = garage()
    site.run(60)
    claim(site, 12000, scope=SITE - 1)
    claim(site, 20000)
    site.run(30)
    site.silent = [5]
    site.run(60)
    assert site.setpoints()[2:4] == [0, 0]
    assert is_met(site, 19040)  # the car of the site takes all it can, the battery too


def test_no_target_takes_nothing_in_hand():
    site = plant(ev(), battery())
    site.run(60)
    assert site.state.units[2].steered is False and site.setpoints()[1] is None
    late = claim(site, 8000)
    late.due, late.from_ms = False, FAR_MS
    site.run(10)
    assert site.setpoints()[1] is None
