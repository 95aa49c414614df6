"""A broker that sends without end and takes nothing, as a board's connection meets it; runs inside MicroPython."""

import asyncio

from boards.micropython.mqtt import Connection, MqttError
from boards.mqtt_inbound import PUBLISH, pack

PUBLISHED = pack(PUBLISH | 2, b"\x00\x01t\x00\x01x")


class Greedy:
    """A stream that brings publishes for ever and takes not a byte."""

    def __init__(self) -> None:
        self.chunks = 0

    async def read(self, size_bytes: int) -> bytes:
        """Return whole packets."""
        self.chunks += 1
        await asyncio.sleep(0)
        return PUBLISHED * (size_bytes // len(PUBLISHED))

    def write(self, _piece: bytes) -> None:
        """Take it into nowhere."""

    async def drain(self) -> None:
        """Never be done."""
        await asyncio.Event().wait()


async def test_a_broker_that_takes_nothing_is_left_before_answers_fill_the_heap():
    stream, heard = Greedy(), []
    connection = Connection(stream, "a", ["t"], 4096, lambda topic, payload: heard.append(topic))
    try:
        await connection.serve(60000, lambda: None)
    except MqttError as error:
        assert error.args == ("the broker takes nothing",)
    else:
        raise AssertionError("served")
    assert stream.chunks < 20 and len(heard) < 100
