"""Who gets what: devices that lie, lag, disobey or say nothing must not pass a limit for longer than a moment."""

from __future__ import annotations

from agent import record
from agent.command import Message
from agent.limits import EXPORT, IMPORT, SITE, Limit
from agent.step import Attached
from agent.unit import Contract, Unit
from hal import capabilities as c
from hal import quantities as q
from tests.shared.house import AGENT_ID, AGGREGATOR, BATTERY, CHARGER, HEAT_PUMP, METER, SWITCH, row
from tests.shared.plant import Load, Plant

SLACK_W = 200  # a step of a charger on three phases is 69 W


def plant(*parts: tuple[str, Contract, dict[str, object], Load]) -> Plant:
    """Return a plant of a grid meter and (id, contract, keys, load) each."""
    units = [Unit(0, row("grid"), METER)]
    for device_id, contract, keys, _ in parts:
        units.append(Unit(len(units), row(device_id, **keys), contract))
    return Plant(units, [part[3] for part in parts])


def limit(site: Plant, value_w: int, scope: int = SITE, direction: int = IMPORT) -> None:
    """Put a grid operator's limit in force."""
    site.state.limits.append(Limit(scope, direction, value_w, "dso", 0, b"l" * 32))


def ev(wants_w: int = 11040, **keys: object) -> tuple[str, Contract, dict[str, object], Load]:
    """Return a car at a charger of low priority."""
    table: dict[str, object] = {"power_max_w": 22080, "default": 32000, "priority": 20}
    table.update(keys)
    return "charger", CHARGER, table, Load(wants_w)


def battery(**keys: object) -> tuple[str, Contract, dict[str, object], Load]:
    """Return a battery that regulates itself."""
    table: dict[str, object] = {"power_max_w": 5000, "priority": 30}
    table.update(keys)
    return "battery", BATTERY, table, Load(0)


def heat_pump(wants_w: int = 4000) -> tuple[str, Contract, dict[str, object], Load]:
    """Return a heat pump of high priority."""
    return "heatpump", HEAT_PUMP, {"power_max_w": 6000, "default": 6000, "priority": 10}, Load(wants_w)


def test_who_does_not_follow_no_longer_gives_room_to_others():
    site = plant(ev(), heat_pump())
    site.run(60)
    site.loads[0].obeys = False
    limit(site, 13000)
    site.run(20)
    assert site.setpoints()[0] == 0
    assert site.grid_w() <= 13000 and site.setpoints()[1] < 4000


def test_absurd_power_of_a_device_makes_no_room():
    site = plant(heat_pump(), ev())
    site.loads[1].says_w = 1000000
    site.base_w = [5000, 5000, 5000]
    site.run(60)
    assert site.grid_w() <= 17250 + SLACK_W


def test_car_on_one_phase_lends_no_room_on_the_others():
    site = plant(
        ("boiler", HEAT_PUMP, {"phases": 2, "power_max_w": 6000, "default": 6000, "priority": 10}, Load(6000)), ev(5000)
    )
    site.loads[0].phases = (1,)
    site.loads[1].phases = (0,)
    site.base_w = [0, 3450, 0]
    site.run(120)
    assert site.phase_w(1) <= 25 * 230


def test_meter_without_phase_currents_still_guards_the_fuse():
    site = plant(("boiler", HEAT_PUMP, {"phases": 1, "power_max_w": 9000, "default": 6000}, Load(6000)))
    site.loads[0].phases = (0,)
    site.phase_currents = False
    site.base_w = [1000, 500, 500]
    site.run(60)
    assert site.phase_w(0) <= 25 * 230 and site.loads[0].power_w > 3000


def test_high_voltage_does_not_carry_a_charger_over_the_limit():
    site = plant(ev(22080))
    site.loads[0].gain_pm = 1070
    limit(site, 8000)
    site.run(60)
    assert site.grid_w() <= 8000
    assert site.grid_w() > 7000
    assert len(set(site.seen_w[-10:])) == 1


def test_lagging_devices_hold_the_limit_after_their_lag_and_do_not_swing():
    site = plant(ev(), heat_pump(), battery())
    for load in site.loads:
        load.lag_s = 3
    site.base_w = [500, 500, 500]
    site.run(60)
    limit(site, 6000)
    site.run(20)
    del site.seen_w[:]
    site.run(300)
    assert max(site.seen_w) <= 6000 + SLACK_W
    writes = [fact for fact in site.facts if fact[0] == record.BINDING and fact[1] > 80000]
    assert len(writes) < 20


def test_battery_that_charges_itself_is_stopped_under_a_limit_and_rarely_tried_again():
    site = plant(battery())
    site.loads[0].wants_w = 5000
    site.base_w = [300, 300, 300]
    limit(site, 4200)
    site.run(100)
    assert len([power_w for power_w in site.seen_w if power_w > 4200]) <= 10
    assert min(site.seen_w) >= 0


def test_limit_on_a_battery_itself_ends_its_own_mode():
    for direction in (IMPORT, EXPORT):
        site = plant(battery())
        site.loads[0].wants_w = 3000 if direction == IMPORT else -3000
        limit(site, 0, 1, direction)
        site.run(60)
        assert set(site.seen_w[2:]) == {0}
        assert site.state.units[1].source == "limit dso"
        site.state.limits.pop()
        site.run(20)
        assert site.setpoints() == [None]


def test_second_battery_covers_what_an_empty_one_promised():
    site = plant(battery(), ("second", BATTERY, {"power_max_w": 5000, "priority": 40}, Load(0)))
    site.loads[0].gain_pm = 0
    site.base_w = [2000, 2000, 2000]
    limit(site, 4000)
    site.run(30)
    assert site.grid_w() <= 4000
    assert site.setpoints()[1] < 0


def test_discharge_is_not_counted_twice():
    site = plant(battery(default=1000), ev(7360, priority=40, phases=1))
    site.base_w = [2000, 2000, 2000]
    limit(site, 4000)
    site.run(60)
    assert site.grid_w() <= 4000
    assert site.setpoints()[1] == 0


def test_battery_set_point_never_passes_its_nameplate():
    site = plant(battery(power_max_w=3000))
    site.base_w = [3000, 3000, 3000]
    limit(site, 0)
    site.run(5)
    assert site.setpoints() == [-3000]


def test_limit_on_a_device_and_a_lower_wish_hold_without_a_meter_too():
    site = plant(ev(fallback=8000), ("second", CHARGER, {"default": 0, "fallback": 6000}, Load(11040)))
    site.silent = [0]
    limit(site, 5000, 1)
    site.run(3)
    assert site.setpoints() == [7200, 0]
    site.state.limits.pop()
    site.run(1)
    assert site.setpoints() == [8000, 0]


def test_grants_follow_bounds_that_shrink_under_a_claim():
    site = plant(ev())
    site.run(30)
    message = Message(
        b"c" * 32, record.ACCEPTED, AGGREGATOR, [3, 1, AGENT_ID, 7, 1, 1000, 2, ["charger", 8000, 600, 5]]
    )
    site.run(1, [message])
    assert site.setpoints() == [8000]
    site.run(2, [Attached(1, Contract(c.CHARGER, q.LIMIT_MA, (6000, 7000, 500), 0, False, 10000))])
    assert site.setpoints() == [7000]
    site.silent = [0]
    site.state.units[1].fallback = 8000
    site.run(15)
    assert site.setpoints() == [7000]


def test_switched_load_without_a_meter_of_its_own_is_not_toggled_while_all_fits():
    site = plant(("rod", SWITCH, {"power_max_w": 3000, "default": 1, "phases": 1}, Load(3000)))
    site.loads[0].reports = False
    site.loads[0].phases = (0,)
    site.base_w = [2000, 6000, 4000]
    site.run(400)
    assert site.setpoints() == [1]
    facts = site.run(900)
    assert [fact for fact in facts if fact[0] == record.BINDING] == []
    site.base_w = [3500, 6000, 4000]
    site.run(2)
    assert site.setpoints() == [0]


def test_meter_that_flaps_fills_no_journal():
    site = plant(ev())
    site.run(20)
    for _ in range(60):
        site.meter_says_w = 900000
        site.run(1)
        site.meter_says_w = None
        site.run(1)
    assert len([fact for fact in site.facts if fact[0] == record.FAILSAFE]) <= 3
    site.run(20)
    assert site.state.failsafe == 0


def test_phases_that_take_turns_are_no_news():
    site = plant(ev(22080))
    for tick in range(120):
        site.base_w = [1000 + (tick * 7) % 20, 1000 + (tick * 11) % 20, 1000 + (tick * 13) % 20]
        site.run(1)
    assert len([fact for fact in site.facts if fact[0] == record.BINDING]) < 20
