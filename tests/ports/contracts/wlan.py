"""What the WLAN of a board promises; with tests/fakes/network.py around it.

Bench: `wlan()` makes the station, whose network is `house` and whose password is `correct horse`; `set_air(points)`
says which access points are in reach, name -> password; `lapse(ms)` lets so much of its time go by; `told` holds what
it said.
"""

import asyncio

HOUSE = {"house": "correct horse"}


class Running:
    """A station at work."""

    def __init__(self, bench):
        self.station = bench.wlan()

    async def __aenter__(self):
        self._task = asyncio.create_task(self.station.run())
        return self.station

    async def __aexit__(self, *_):
        assert not self._task.done(), "it ended"
        self._task.cancel()


async def test_it_joins_says_so_once_and_stays(bench):
    bench.set_air(HOUSE)
    async with Running(bench) as station:
        assert not station.joined and station.trouble
        await bench.lapse(600000)
        assert station.joined and station.trouble == ""
        assert bench.told == [(True, "")]


async def told_over_an_absence(bench, points, away_ms):
    """Return what is said while the network is away for so long and then in reach for a minute, which must do."""
    bench.set_air(points)
    async with Running(bench) as station:
        await bench.lapse(away_ms)
        assert len(bench.told) == 1
        bench.set_air(HOUSE)
        await bench.lapse(60000)
        assert station.joined
        return bench.told


async def test_a_wrong_password_is_said_once_tried_again_and_joins_when_it_is_right(bench):
    told = await told_over_an_absence(bench, {"house": "another one"}, 600000)
    assert told == [(False, "wrong password"), (True, "")]


async def test_an_access_point_that_is_away_is_said_and_found_within_a_minute_of_its_return(bench):
    told = await told_over_an_absence(bench, {"neighbour": ""}, 3600000)
    assert told == [(False, "no access point of that name"), (True, "")]


async def test_a_loss_is_noticed_within_a_second_and_ends(bench):
    bench.set_air(HOUSE)
    async with Running(bench) as station:
        await bench.lapse(10000)
        bench.set_air({})
        await bench.lapse(1000)
        assert not station.joined and station.trouble
        bench.set_air(HOUSE)
        await bench.lapse(60000)
        assert station.joined
        assert bench.told[0] == bench.told[-1] == (True, "")


async def test_a_radio_that_fails_is_said_and_used_again_when_it_works(bench):
    bench.set_air({"": "broken"})
    async with Running(bench) as station:
        await bench.lapse(60000)
        assert not station.joined and station.trouble.startswith("the radio: ")
        bench.set_air(HOUSE)
        await bench.lapse(60000)
        assert station.joined


async def test_a_network_that_comes_and_goes_all_day_costs_only_time(bench):
    async with Running(bench) as station:
        for _ in range(50):
            for points in (HOUSE, {"house": "another one"}, {}):
                bench.set_air(points)
                await bench.lapse(7000)
        bench.set_air(HOUSE)
        await bench.lapse(60000)
        assert station.joined
