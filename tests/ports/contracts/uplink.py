"""What every uplink promises (hal/ports.py, Uplink).

The head-end does what a `page` says: `send CHANNEL SIZE COUNT` makes it send so many messages of that size down,
`restart` kills the broker and starts it again, `freeze` stops the network of this one connection without closing it.
Bench: `uplink`, not yet run.
"""

import asyncio

from tests.waiting import WAIT_S, until

INBOUND_BYTES_MAX = 4096


class Running:
    """An uplink at work; counts how often it woke its agent."""

    def __init__(self, uplink):
        self.uplink = uplink
        self.woken = 0

    async def __aenter__(self):
        self._task = asyncio.create_task(self.uplink.run(self._wake))
        return self

    async def __aexit__(self, *_):
        await self.uplink.close()
        await asyncio.wait_for(self._task, WAIT_S)

    def _wake(self):
        self.woken += 1

    async def until(self, condition, wait_s=WAIT_S):
        """Return whether `condition` came true."""
        return await until(condition, wait_s)

    async def up(self):
        assert await self.until(lambda: self.uplink.connected), getattr(self.uplink, "trouble", "")

    async def publish(self, channel, payload):
        assert await self.until(lambda: self.uplink.publish(channel, payload))

    async def taken(self, count, wait_s=WAIT_S):
        """Return what came, `count` messages if they come in time."""
        messages = []

        def arrived():
            message = self.uplink.take()
            while message is not None:
                messages.append(message)
                message = self.uplink.take()
            return len(messages) >= count

        await self.until(arrived, wait_s)
        return messages

    async def asked(self, request):
        """Ask the head-end until it answers, as after a restart it may not be back yet."""
        for _ in range(WAIT_S):
            await self.publish("page", request)
            messages = await self.taken(1, 1)
            if messages:
                return messages[0]
        raise AssertionError("no answer")


def sizes(messages):
    return [(channel, len(payload)) for channel, payload in messages]


async def test_it_comes_up_and_ends_when_closed(bench):
    assert not bench.uplink.connected
    assert not bench.uplink.publish("page", b"too early")
    assert bench.uplink.take() is None
    async with Running(bench.uplink) as running:
        await running.up()
        assert running.woken
    assert not bench.uplink.connected
    assert not bench.uplink.publish("page", b"too late")


async def test_what_goes_up_is_heard_and_what_comes_down_is_taken_in_order(bench):
    async with Running(bench.uplink) as running:
        await running.up()
        await running.publish("page", b"send command 100 3")
        assert sizes(await running.taken(3)) == [("command", 100)] * 3
        woken = running.woken
        await running.publish("page", b"send receipt 200 1")
        assert sizes(await running.taken(1)) == [("receipt", 200)]
        assert running.woken > woken


async def test_a_page_of_the_largest_size_goes_up(bench):
    request = b"send command 7 1"
    async with Running(bench.uplink) as running:
        await running.up()
        await running.publish("page", request + b" " * (65536 - len(request)))
        assert sizes(await running.taken(1)) == [("command", 7)]


async def test_a_message_over_the_bound_is_dropped_and_counted(bench):
    async with Running(bench.uplink) as running:
        await running.up()
        for size_bytes in (INBOUND_BYTES_MAX, INBOUND_BYTES_MAX + 1, 500000, 1):
            await running.publish("page", b"send command %d 1" % size_bytes)
        assert sizes(await running.taken(2)) == [("command", INBOUND_BYTES_MAX), ("command", 1)]
        assert bench.uplink.dropped_oversize == 2
        assert bench.uplink.connected


async def test_an_empty_message_is_nothing(bench):
    async with Running(bench.uplink) as running:
        await running.up()
        await running.publish("page", b"send command 0 1")
        await running.publish("page", b"send command 1 1")
        assert sizes(await running.taken(1)) == [("command", 1)]
        assert bench.uplink.dropped_oversize == 0


async def test_the_queue_up_is_bounded_and_empties(bench):
    async with Running(bench.uplink) as running:
        await running.up()
        taken = 0
        while bench.uplink.publish("session", bytes(1000)):
            taken += 1
            assert taken < 100
        assert taken >= 2
        await running.publish("page", b"send command 5 1")
        assert sizes(await running.taken(1)) == [("command", 5)]


async def test_the_queue_down_is_bounded_and_the_link_stays(bench):
    async with Running(bench.uplink) as running:
        await running.up()
        await running.publish("page", b"send command 9 60")
        assert await running.until(lambda: bench.uplink.dropped_full >= 60 - 16)
        messages = await running.taken(1, 1)
        assert 2 <= len(messages) <= 16
        answer = await running.asked(b"send receipt 3 1")
        while answer[0] != "receipt":  # the last of the sixty
            assert sizes([answer]) == [("command", 9)]
            answer = await running.asked(b"send receipt 3 1")
        assert sizes([answer]) == [("receipt", 3)]


async def test_it_comes_back_after_the_broker_was_killed(bench):
    async with Running(bench.uplink) as running:
        await running.up()
        await running.publish("page", b"restart")
        assert await running.until(lambda: not bench.uplink.connected)
        assert not bench.uplink.publish("page", b"nobody there")
        await running.up()
        assert sizes([await running.asked(b"send command 11 1")])[0] == ("command", 11)
