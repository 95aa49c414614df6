"""The starts of an hour over a reboot: however often the power fails, nothing starts more often than it may."""

from __future__ import annotations

from agent import cbor
from agent.circuits import Circuit
from agent.kept import dump, load
from agent.state import State
from agent.unit import Contract, Unit
from hal import capabilities as c
from hal import quantities as q
from tests.shared.house import AGENT_ID, SWITCH, TABLE, row
from tests.shared.plant import Load, Plant
from tests.shared.protected import SG_READY, STOPPABLE, plant

HOUR_S = 3600


class Failing:
    """A plant whose power fails: what was kept before a device was moved comes back, its seconds begin anew."""

    def __init__(self, site: Plant) -> None:
        self.site = site
        self.kept = b""
        self.passed_s = 0  # over all boots
        self.starts_s: list[int] = []
        self.rows = {one.id: {"power_max_w": one.power_max_w} for one in site.state.units}

    def run(self, seconds: int, wanted: int) -> None:
        """Let seconds pass in which the last device shall do something; remember when it is started."""
        for _ in range(seconds):
            last = self.site.state.units[-1]
            last.default = wanted
            ran = last.runs(last.setpoint) if last.source else last.guard.running
            self.site.run(1)
            del self.site.seen_w[:], self.site.facts[:]
            self.passed_s += 1
            if last.runs(last.setpoint) and not ran:
                self.starts_s.append(self.passed_s)
            if self.site.state.must_persist:
                self.site.state.must_persist = False
                self.kept = dump(self.site.state)

    def fail(self) -> None:
        """Cut the power and boot; what its default mode starts has started."""
        old = self.site.state
        last = old.units[-1]
        if not last.guard.running and last.runs(None):
            self.starts_s.append(self.passed_s)
        units = [Unit(each.index, row(each.id, **self.rows[each.id]), each.contract) for each in old.units]
        self.site.state = State(Circuit(TABLE, 0), units, AGENT_ID, old.epoch + 1, 60, 10000)
        self.site.now_ms = 0
        self.site.samples = [None] * len(units)
        load(self.site.state, self.kept, 0)

    def most_in_an_hour(self) -> int:
        """Return the most starts within any hour."""
        return max([len([s for s in self.starts_s if at <= s < at + HOUR_S]) for at in self.starts_s])


def failing(contract, power_w) -> Failing:
    """Return a site with one device beside its meter."""
    return Failing(plant(("device", contract, {"power_max_w": power_w}, Load(0))))


def test_power_that_fails_again_and_again_lets_nothing_start_more_often_than_it_may():
    for seconds in (70, 130, 400):
        site = failing(SWITCH, 1000)
        while site.passed_s < 3 * HOUR_S:
            site.run(seconds, 1)
            site.fail()
        assert site.most_in_an_hour() == min(12, (HOUR_S + seconds - 1) // seconds), seconds


def test_what_a_reboot_started_counts_as_a_start():
    for contract, on, off in ((STOPPABLE, 4000, 0), (SG_READY, q.SG_NORMAL, q.SG_LOCK)):
        site = failing(contract, 6000)
        for _ in range(4):
            site.run(700, off)
            site.fail()
        started = site.site.state.units[1].guard.started
        assert len(started) == 4 and started[3] == 0
        site.run(1300, off)
        assert not site.site.state.units[1].guard.running
        site.run(400, on)
        assert site.site.state.units[1].source == "protection starts"
        site.run(2000, on)
        assert site.site.state.units[1].guard.running


def test_starts_come_back_by_their_age_and_none_that_is_older_than_an_hour():
    for ages_ms, ages_s in (([3600000, 3599999, 1999, 0], [3599, 1, 0]), ([7200000], []), ([], [])):
        site = plant(("pump", STOPPABLE, {}, Load(0)))
        site.run(5)
        site.state.units[1].guard.started = [site.state.now_ms - age_ms for age_ms in ages_ms]
        other = plant(("pump", STOPPABLE, {}, Load(0)))
        load(other.state, dump(site.state), 0)
        assert other.state.units[1].guard.started == [-1000 * age_s for age_s in ages_s]


def test_a_start_of_the_future_is_none():
    site, other = [plant(("pump", STOPPABLE, {}, Load(0))) for _ in (1, 2)]
    site.run(5)
    site.state.units[1].guard.started = [site.state.now_ms - 1000]
    fields = cbor.decode(dump(site.state))
    assert fields[5][0][4] == [1]
    fields[5][0][4] = [1, -1]
    load(other.state, cbor.encode(fields), 0)
    assert other.state.units[1].guard.started == [-1000]


def test_only_what_is_spent_or_started_by_a_boot_is_kept():
    for starts_per_h, running, kept in ((4, True, []), (0, False, []), (4, False, [True])):
        site = plant(("pump", STOPPABLE, {"starts_per_h": starts_per_h}, Load(0)))
        site.state.units[1].guard.running = running
        assert [fields[3] for fields in cbor.decode(dump(site.state))[5]] == kept


def test_a_smaller_number_of_starts_keeps_the_newest_and_any_number_none():
    for starts_per_h, started in ((2, [-20000, -10000]), (0, [])):
        site, other = [plant(("pump", STOPPABLE, {"starts_per_h": n}, Load(0))) for n in (4, starts_per_h)]
        site.run(60)
        site.state.units[1].guard.started = [30000, 40000, 50000]
        load(other.state, dump(site.state), 0)
        assert other.state.units[1].guard.started == started


def test_a_phase_switch_stays_where_it_is_and_was_not_started():
    switch = Contract(c.PHASE_SWITCH, q.PHASES, (1, 3, 2), None, False, 10000)
    site, other = [plant(("phases", switch, {"starts_per_h": 4}, Load(0))) for _ in (1, 2)]
    site.state.units[1].guard.running = False
    load(other.state, dump(site.state), 0)
    assert other.state.units[1].guard.running and other.state.units[1].guard.started == []


def test_a_start_and_a_stop_are_kept_before_the_device_is_moved():
    site = plant(("pump", STOPPABLE, {"on_s": 0, "off_s": 0, "writes_per_day": 86400}, Load(0)))
    pump = site.state.units[1]
    for wanted, kept in ((4000, False), (0, True), (0, False), (4000, True), (3000, False)):
        pump.default = wanted
        site.run(1)
        assert site.state.must_persist is kept, wanted
        site.state.must_persist = False
