"""What every uplink through a real broker promises beyond contracts/uplink.py, whose head-end it uses.

Bench: `uplink`; for the refusals one that the broker must not have, or that must not have the broker.
"""

import os

from tests.ports.contracts.uplink import Running, sizes
from tests.waiting import until


def open_handles():
    return len(os.listdir("/proc/self/fd"))  # noqa: PTH208 - MicroPython


async def test_a_topic_that_is_not_its_own_never_arrives_and_does_no_harm(bench):
    async with Running(bench.uplink) as running:
        await running.up()
        await running.publish("command", b"not for an agent to say")  # the broker acknowledges and drops it
        for _ in range(2):  # what was said first would have come first
            assert sizes([await running.asked(b"send command 4 1")])[0] == ("command", 4)


async def test_it_wakes_its_agent_when_there_is_room_again(bench):
    async with Running(bench.uplink) as running:
        await running.up()
        while bench.uplink.publish("session", bytes(1000)):
            pass
        woken = running.woken
        assert await running.until(lambda: running.woken > woken, 5)
        assert bench.uplink.publish("session", bytes(1000))


async def test_a_link_that_is_half_open_is_noticed_and_replaced(bench):
    """Bench: an uplink with a keep-alive of 1 s, behind the proxy."""
    async with Running(bench.uplink) as running:
        await running.up()
        await running.publish("page", b"freeze")
        assert await running.until(lambda: not bench.uplink.connected, 15)
        await running.up()
        assert sizes([await running.asked(b"send command 6 1")])[0] == ("command", 6)


async def test_it_never_comes_up_and_leaks_no_handle(bench):
    """Bench: an uplink with a certificate or a server name that does not fit."""
    handles = open_handles()
    async with Running(bench.uplink) as running:
        assert await running.until(lambda: bench.uplink.trouble)
        assert not await running.until(lambda: bench.uplink.connected, 2)
    assert await until(lambda: open_handles() <= handles), (handles, open_handles())
