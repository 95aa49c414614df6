"""Own sun first: when it begins and ends, and what the charger then does."""

from __future__ import annotations

from agent.sources.desk import Desk
from agent.sources.surplus import Surplus
from hal import quantities as q
from tests.shared.listening import Listener, refused
from tests.shared.site import TwinMeter, stopped
from tests.shared.sourced import SourcedSite

TARGET = [["", 0, 2592000, 191, {5: 2}]]


class SunnyMeter(TwinMeter):
    """Sees a roof beside the charger and the base load of 500 W."""

    pv_w = 0

    async def read(self) -> dict[int, int]:
        """Return what the connection carries."""
        told = await super().read()
        told[q.POWER_W] -= self.pv_w
        return told


def shown(source, power_w, seconds=1) -> object:
    """Let the meter show something for some seconds; return what is said."""
    source.state.site.shown_w = power_w
    return source.look([], seconds)


def test_it_begins_after_a_minute_of_feeding_in_and_not_by_a_gap_in_the_clouds():
    source = Listener("owner").using(Surplus)
    assert shown(source, -1399, 300) == [] and shown(source, -1400, 60) == []
    assert shown(source, -1000) == [] and shown(source, -1400, 60) == [] and shown(source, -1400) == TARGET


def test_it_ends_after_three_minutes_that_could_not_be_kept_and_not_by_a_cloud():
    source = Listener("owner").using(Surplus, enable_s=0)
    assert shown(source, -2000) == TARGET and shown(source, 200, 900) == TARGET
    assert shown(source, 201, 180) == TARGET and shown(source, 100) == TARGET
    assert shown(source, 201, 180) == TARGET and shown(source, 201) == []


def test_a_meter_that_is_not_known_begins_nothing_and_ends_what_goes_on():
    source = Listener("owner").using(Surplus)
    shown(source, -2000, 50)
    shown(source, None)
    assert shown(source, -2000, 60) == [] and shown(source, -2000) == TARGET
    assert shown(source, None, 180) == TARGET and shown(source, None) == []


def test_the_target_and_its_rank_are_the_sites_choice():
    source = Listener("owner").using(Surplus, grid_w=-300, enable_s=0, primacy=7)
    assert shown(source, -1699) == [] and shown(source, -1700) == [["", -300, 2592000, 7, {5: 2}]]


def test_wrong_options_are_refused_by_name():
    assert refused(Surplus, scope="cellar") == "scope" and refused(Surplus, grid_w=20001) == "grid_w"
    assert refused(Surplus, start_w=0) == "start_w" and refused(Surplus, primacy=0) == "primacy"


async def test_a_charger_takes_what_the_roof_leaves_and_rests_without_it():
    site = SourcedSite(Desk, "owner")
    site.meter = sky = SunnyMeter(site.charger)
    site.boot()
    site.loop.state.units[1].default = 0
    assert site.loop.sources is not None
    site.loop.sources.lookers.append(Surplus(site.desk, {}))
    boot, site.boot = site.boot, lambda: None
    task = await site.start()
    await site.let_pass(20000)
    assert site.charger.limit_ma == 0
    sky.pv_w = 6500
    await site.let_pass(120000)
    assert 5800 <= site.charger.power_w() <= 6100
    sky.pv_w = 0
    await site.let_pass(60000)
    assert site.charger.limit_ma == 0 and len(site.loop.state.claims) == 1
    await site.let_pass(180000)
    assert site.charger.limit_ma == 0 and site.loop.state.claims == []
    await stopped(site, task)
    site.boot = boot
