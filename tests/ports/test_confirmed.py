"""Through a real broker with troubles every page reaches a real head-end, once, and from either runtime."""

from __future__ import annotations

import pytest

from boards.cpython.mqtt_uplink import MqttUplink
from tests.needs import needs_program
from tests.ports.board import holds, holds_on_micropython, promises
from tests.ports.contracts import confirmed as contracts
from tests.ports.contracts.words import Words
from tests.ports.moody_broker import AGENT, moody_world

ALL = pytest.mark.parametrize("promise", promises(contracts), ids=lambda promise: promise.__name__)
KEEPALIVE_S = 1


def judge(world):
    """Everything came, in one whole chain that nothing is wrong with, and each page is stored once."""
    (status,) = world.head_end.status()["agents"]
    assert status["faults"] == [] and status["refusals"] == {}, status
    assert status["records"] == status["whole_to"] == status["pages"] + 1, status


@ALL
async def test_on_a_gateway(promise, tmp_path):
    needs_program("mosquitto")
    async with moody_world(tmp_path) as world:
        broker = world.broker
        files = broker.agents[AGENT]
        uplink = MqttUplink(
            "127.0.0.1", broker.port, AGENT, broker.ca.cert, files.cert, files.key, "localhost", KEEPALIVE_S, 2
        )
        assert await holds(promise, Words(uplink, str(world.words)))
        judge(world)


@ALL
async def test_on_a_board(promise, tmp_path):
    needs_program("mosquitto")
    async with moody_world(tmp_path) as world:
        broker = world.broker
        files = broker.agents[AGENT]
        assert await holds_on_micropython(
            promise, "confirmed_uplink", world.words, broker.port, AGENT, broker.ca.cert_der, files.cert_der,
            files.key_der, "localhost", KEEPALIVE_S,
        )  # fmt: skip
        judge(world)
