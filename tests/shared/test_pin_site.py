"""The whole core on a board's own pins: limits reach the vehicle, faults open the contactor, registers never fall."""

from __future__ import annotations

from boards.startup import StartError
from hal import quantities as q
from hal.iec61851 import stage as s
from tests.shared.pin_site import PinSite


async def charging(site):
    site.vehicle.plugged = True
    await site.run(60000)
    assert site.mains() and site.vehicle.current_ma >= 15900


async def test_a_limit_arrives_the_duty_cycle_falls_and_the_vehicle_has_followed_within_five_seconds():
    async with PinSite() as site:
        await charging(site)
        await site.limit(6000, 60)
        arrived_ms = site.clock.now_ms()
        before = site.pins.duties["pilot"]
        while site.pins.duties["pilot"] == before:
            await site.run(20)
            assert site.clock.now_ms() - arrived_ms <= 2000
        fell_ms = site.clock.now_ms()
        while site.car_w() + site.base_w > 6000:
            await site.run(20)
            assert site.clock.now_ms() - fell_ms <= 5000
        for _ in range(40):
            await site.run(1000)
            assert site.mains() and site.car_w() + site.base_w <= 6000 and site.vehicle.current_ma >= 6000
        await site.run(60000)
        assert site.vehicle.current_ma >= 15900  # it has ended by itself
        await site.stop()
        assert not site.mains() and site.pins.duties["pilot"] == 1000


async def test_a_limit_below_six_ampere_pauses_and_the_end_of_it_goes_on():
    async with PinSite() as site:
        await charging(site)
        await site.limit(3000, 40)
        await site.run(9000)
        assert not site.mains() and site.pins.duties["pilot"] == 1000
        assert site.said(1)[q.POWER_W] == 0 and site.said(1)[q.EV_STATE] == q.EV_B
        await site.run(100000)
        assert site.mains() and site.vehicle.current_ma >= 15900
        await site.stop()


async def test_a_shorted_pilot_opens_the_contactor_and_charging_goes_on_when_it_is_gone():
    async with PinSite() as site:
        await charging(site)
        site.vehicle.shorted = True
        await site.run(100)
        assert not site.mains()
        await site.run(3000)
        assert (site.said(1)[q.EV_STATE], site.said(1)[q.FAULT]) == (q.EV_E, s.SHORTED)
        site.vehicle.shorted = False
        await site.run(20000)
        assert site.mains() and site.said(1)[q.FAULT] == 0
        await site.stop()


async def test_an_agent_that_stands_still_loses_the_vehicle_within_its_lease_and_a_minute():
    async with PinSite() as site:
        await charging(site)
        for worker in site.loop.workers:
            worker.wake.clear()
            worker.wake.set = lambda: None  # the bus is served no more; the timer that watches the pilot goes on
        await site.run(30000)
        assert site.mains()
        await site.run(37000)
        assert not site.mains()


async def test_energy_is_kept_over_a_power_cut_and_never_falls():
    site, told = PinSite(), 0
    for life in range(1, 4):
        async with site:
            site.vehicle.plugged = True
            for _ in range(100):
                await site.run(1000)
                register_wh = site.said(0).get(q.ENERGY_IMPORT_WH, told)
                assert register_wh >= told
                told = register_wh
        assert site.meter.pulses - told <= life * 61 * 12000 // 3600  # a minute of each life
    assert told > 300


async def test_pins_and_buses_do_not_take_each_others_devices():
    for change, said in (
        (("device", 0, "driver", "eastron-sdm630"), "grid bus"),
        (("device", 0, "channel", "s0-9"), "one of s0-1, s0-2"),
        (("device", 2, "channel", "out-1"), "no other device"),
        (("device", 1, "pilot", "out-2"), "one of pilot"),
        (("device", 1, "default", 20000), "6000 to 16000"),
        (("device", 2, "unit", 3), "unit"),
    ):
        site = PinSite()
        table, at, key, wrong = change
        site.tree[table][at][key] = wrong
        try:
            site.boot()
        except StartError as error:
            assert said in error.args[0], error.args[0]
        else:
            raise AssertionError(change)
