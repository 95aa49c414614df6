"""What a board promises that makes its own network, as a whole; with tests/fakes around it.

Bench: `online()` makes it for the network `house`, its password in a file, and a time server; `set_air(points)` says
which access points are in reach; `uplink(online)` is an uplink to a broker that does not exist.
"""

import asyncio

HOUSE = {"house": "correct horse"}


class Running:
    """The jobs of a network, and whatever else is to run beside them."""

    def __init__(self, *jobs):
        self._jobs = jobs

    async def __aenter__(self):
        self._tasks = [asyncio.create_task(job) for job in self._jobs]

    async def __aexit__(self, *_):
        for task in self._tasks:
            task.cancel()


async def until(true, wait_s=20):
    for _ in range(wait_s * 50):
        if true():
            return True
        await asyncio.sleep(0.02)
    return False


async def test_the_uplink_waits_for_the_network_and_then_for_the_time(bench):
    bench.set_air({})
    online = bench.online()
    uplink = bench.uplink(online)
    async with Running(*online.jobs(), uplink.run(lambda: None)):
        assert await until(lambda: uplink.trouble.startswith("WLAN: "))
        assert await until(lambda: uplink.trouble == "WLAN: no access point of that name")
        bench.set_air(HOUSE)
        assert await until(lambda: uplink.trouble.startswith("the time is not known: "))
        assert await until(lambda: online.not_yet() == "")
        assert await until(lambda: "111" in uplink.trouble)  # now it was tried: connection refused
        await uplink.close()


async def test_what_changes_is_said_where_one_says_it_shall_be(bench):
    bench.set_air(HOUSE)
    online = bench.online()
    said = []
    online.say = said.append
    async with Running(*online.jobs()):
        assert await until(lambda: online.not_yet() == "" and len(said) == 2)
    assert '"joined": true' in said[0] and '"set": true' in said[1]
