"""A broker that floods holds no loop and fills no heap."""

from __future__ import annotations

import asyncio
import time

import pytest

from boards.cpython.mqtt_link import Link, LinkError
from boards.mqtt_inbound import PUBLISH, pack
from tests.board import board_path, micropython, output_of
from tests.fuzz.link_targets import CONNACK, SUBACK, Nowhere
from tests.needs import needs_program

FLOOD_BYTES = 1 << 19
PING_ANSWER = b"\xd0\x00"
TURN_S_MAX = 0.3  # of this thread's own time: in one go these packets took 2 s and more


async def longest_turn_s(done):
    """Return how long the loop was held at most, until `done`."""
    longest_s, before_s = 0.0, time.thread_time()
    while not done.done():
        await asyncio.sleep(0)
        now_s = time.thread_time()
        longest_s, before_s = max(longest_s, now_s - before_s), now_s
    return longest_s


async def test_a_broker_that_floods_does_not_hold_a_gateways_loop():
    async def flood(reader, writer):
        await reader.read(100)
        writer.write(b"\x20\x02\x00\x00")
        await reader.read(100)
        writer.write(b"\x90\x03\x00\x01\x01" + PING_ANSWER * (FLOOD_BYTES // 2))
        await writer.drain()
        writer.close()

    server = await asyncio.start_server(flood, "127.0.0.1", 0)
    link = Link("agent", ["command"], 60, 4096, lambda topic, payload: None, lambda: None)
    async with server:
        port = server.sockets[0].getsockname()[1]
        watching = asyncio.create_task(longest_turn_s(link._lost))
        await asyncio.get_running_loop().create_connection(lambda: link, "127.0.0.1", port)
        await link.subscribed()
        with pytest.raises(LinkError):
            await link.stay()
        assert await watching < TURN_S_MAX


def test_a_topic_that_is_no_text_ends_a_gateways_link_in_words():
    async def told():
        link, transport = Link("agent", ["command"], 60, 64, lambda topic, payload: None, lambda: None), Nowhere()
        link.connection_made(transport)
        said = CONNACK + SUBACK + pack(PUBLISH, b"\x00\x01\xff" + b"x")
        link.get_buffer(-1)[: len(said)] = said
        link.buffer_updated(len(said))
        assert transport.aborted
        with pytest.raises(LinkError, match="utf-8"):
            await link.stay()

    asyncio.run(told())


def test_a_broker_that_takes_nothing_does_not_fill_a_boards_heap():
    needs_program("micropython")
    folders = f"{board_path().partition(':')[0]}:."
    name = "test_a_broker_that_takes_nothing_is_left_before_answers_fill_the_heap"
    said = output_of(micropython("tests/on_micropython.py", folders, "tests.ports.board_flood", name))
    assert f"@@ {name} ok" in said
