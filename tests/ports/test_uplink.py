"""Every uplink keeps its promises: through two brokers on both runtimes, and the twin."""

from __future__ import annotations

import asyncio
import socket
import ssl

import pytest

from boards.cpython.mqtt_uplink import MqttUplink
from hal.memory import LoopUplink
from tests.ports.board import holds, holds_on_micropython, promises
from tests.ports.contracts import uplink as contracts
from tests.ports.contracts import uplink_tls as tls_contracts
from tests.ports.head_end import AGENT, STRANGER, head_end
from tests.waiting import LOOK_S, until
from tools.broker import KINDS
from tools.certs import Authority

ALL = pytest.mark.parametrize("promise", promises(contracts), ids=lambda promise: promise.__name__)
BROKERS = pytest.mark.parametrize("kind", KINDS)
REFUSED = ("wrong authority", "foreign certificate", "wrong server name")


class Bench:
    def __init__(self, uplink):
        self.uplink = uplink


async def twin_head_end(uplink):
    """Be broker and head-end of the twin."""
    uplink.set_connected(True)
    while True:
        for channel, payload in uplink.collect():
            words = payload.decode().split() if channel == "page" else []
            if words[:1] == ["send"]:
                for _ in range(int(words[3])):
                    uplink.deliver(words[1], b"x" * int(words[2]))
            elif words == ["restart"]:
                uplink.set_connected(False)
                await asyncio.sleep(10 * LOOK_S)  # long enough to be seen
                uplink.set_connected(True)
        await until(lambda: uplink.sent)


@ALL
async def test_twin(promise):
    uplink = LoopUplink()
    task = asyncio.create_task(run_twin(uplink))
    assert await holds(promise, Bench(uplink))
    task.cancel()


async def run_twin(uplink):
    await asyncio.sleep(2 * LOOK_S)  # it is not there at once
    await twin_head_end(uplink)


def connection(world, fault=None, port=None):
    """Return what both adapters are made from, with one thing wrong if wanted: (ca, cert files, server name, port)."""
    ca, files, name = world.broker.ca, world.broker.agents[AGENT], "localhost"
    if fault == "wrong authority":
        ca = Authority(world.broker.log.parent / "other").files
    if fault == "foreign certificate":
        files = Authority(world.broker.log.parent / "other").client(AGENT)
    if fault == "wrong server name":
        name = "broker.example"
    return ca, files, name, port or world.broker.port


def on_gateway(world, fault=None, port=None, keepalive_s=30):
    ca, files, name, at = connection(world, fault, port)
    return Bench(MqttUplink("127.0.0.1", at, AGENT, ca.cert, files.cert, files.key, name, keepalive_s))


def on_board(world, fault=None, port=None, keepalive_s=30):
    ca, files, name, at = connection(world, fault, port)
    return ("uplink", at, AGENT, ca.cert_der, files.cert_der, files.key_der, name, keepalive_s)


@ALL
@BROKERS
async def test_mqtt_on_a_gateway(promise, kind, tmp_path):
    async with head_end(tmp_path, kind) as world:
        assert await holds(promise, on_gateway(world))


@ALL
@BROKERS
async def test_mqtt_on_a_board(promise, kind, tmp_path):
    async with head_end(tmp_path, kind) as world:
        assert await holds_on_micropython(promise, *on_board(world))


@BROKERS
async def test_foreign_topics_on_a_gateway(kind, tmp_path):
    async with head_end(tmp_path, kind) as world:
        assert await holds(
            tls_contracts.test_a_topic_that_is_not_its_own_never_arrives_and_does_no_harm, on_gateway(world)
        )


@BROKERS
async def test_foreign_topics_on_a_board(kind, tmp_path):
    async with head_end(tmp_path, kind) as world:
        assert await holds_on_micropython(
            tls_contracts.test_a_topic_that_is_not_its_own_never_arrives_and_does_no_harm, *on_board(world)
        )


@BROKERS
async def test_room_again_on_a_gateway(kind, tmp_path):
    async with head_end(tmp_path, kind) as world:
        assert await holds(tls_contracts.test_it_wakes_its_agent_when_there_is_room_again, on_gateway(world))


@BROKERS
async def test_room_again_on_a_board(kind, tmp_path):
    async with head_end(tmp_path, kind) as world:
        assert await holds_on_micropython(
            tls_contracts.test_it_wakes_its_agent_when_there_is_room_again, *on_board(world)
        )


async def test_half_open_on_a_gateway(tmp_path):
    async with head_end(tmp_path, "nats") as world:
        promise = tls_contracts.test_a_link_that_is_half_open_is_noticed_and_replaced
        assert await holds(promise, on_gateway(world, port=world.proxy_port, keepalive_s=1))


async def test_half_open_on_a_board(tmp_path):
    async with head_end(tmp_path, "nats") as world:
        promise = tls_contracts.test_a_link_that_is_half_open_is_noticed_and_replaced
        assert await holds_on_micropython(promise, *on_board(world, port=world.proxy_port, keepalive_s=1))


@BROKERS
@pytest.mark.parametrize("fault", REFUSED)
async def test_refused_on_a_gateway(fault, kind, tmp_path):
    async with head_end(tmp_path, kind) as world:
        assert await holds(tls_contracts.test_it_never_comes_up_and_leaks_no_handle, on_gateway(world, fault))


@BROKERS
@pytest.mark.parametrize("fault", REFUSED)
async def test_refused_on_a_board(fault, kind, tmp_path):
    async with head_end(tmp_path, kind) as world:
        assert await holds_on_micropython(
            tls_contracts.test_it_never_comes_up_and_leaks_no_handle, *on_board(world, fault)
        )


async def test_an_agent_may_not_subscribe_to_another_agents_commands(tmp_path):
    """nats answers 0x80 and the link counts as down; mosquitto grants and delivers nothing."""
    async with head_end(tmp_path, "nats") as world:
        files = world.broker.agents[AGENT]
        uplink = MqttUplink(
            "127.0.0.1", world.broker.port, STRANGER, world.broker.ca.cert, files.cert, files.key, "localhost"
        )
        assert await holds(tls_contracts.test_it_never_comes_up_and_leaks_no_handle, Bench(uplink))
        assert uplink.trouble == "subscription refused"


def greeting(world):
    """Say CONNECT without a certificate; return the answer, empty when the broker hangs up."""
    context = ssl.create_default_context(cafile=str(world.broker.ca.cert))
    try:
        plain = socket.create_connection(("127.0.0.1", world.broker.port), 5)
        with plain, context.wrap_socket(plain, server_hostname="localhost") as end:
            end.sendall(b"\x10\x0d\x00\x04MQTT\x04\x02\x00\x3c\x00\x01x")
            return end.recv(4)
    except OSError:
        return b""


@BROKERS
async def test_a_client_without_a_certificate_is_refused(kind, tmp_path):
    async with head_end(tmp_path, kind) as world:
        assert await asyncio.to_thread(greeting, world) == b""
