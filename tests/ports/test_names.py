"""A board's hosts by name, over real UDP and TCP; the name server is here, WLAN and what it says are a fake board's."""

from __future__ import annotations

import asyncio

import pytest

from tests.boards.fake_board import SILENT, make_world
from tests.boards.name_server import NameServer
from tests.ports.board import holds_on_fakes, promises
from tests.ports.contracts import names as contracts
from tests.ports.contracts import uplink
from tests.ports.head_end import AGENT, head_end


async def echo(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Send back what comes."""
    while chunk := await reader.read(100):
        writer.write(chunk)
    writer.close()


@pytest.mark.parametrize("promise", promises(contracts), ids=lambda promise: promise.__name__)
async def test_names(promise, tmp_path):
    async with NameServer() as server, await asyncio.start_server(echo, "127.0.0.1", 0) as line:
        ports = server.port, SILENT.split(":")[1], line.sockets[0].getsockname()[1]
        assert await holds_on_fakes(promise, make_world(tmp_path, "rp2"), "hosts", *ports)


async def test_a_broker_by_name(tmp_path):
    async with NameServer() as server, head_end(tmp_path / "far", "nats") as world:
        files = world.broker.agents[AGENT]
        arguments = world.broker.port, AGENT, world.broker.ca.cert_der, files.cert_der, files.key_der
        promise = promises(uplink)[0]
        (tmp_path / "near").mkdir()
        fake = make_world(tmp_path / "near", "esp32")
        assert await holds_on_fakes(promise, fake, "named_uplink", server.port, *arguments)
