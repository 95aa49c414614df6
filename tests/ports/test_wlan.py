"""The WLAN of a board, whose radio and access points are those of a fake board; an hour takes a second.

And what hangs on it: time servers over real UDP, and an uplink that waits for both.
"""

from __future__ import annotations

import pytest

from tests.boards.fake_board import TimeServer, make_world
from tests.ports.board import holds_on_fakes, promises
from tests.ports.contracts import online
from tests.ports.contracts import wlan as contracts
from tools.broker import Broker


@pytest.mark.parametrize("port", ["esp32", "rp2"])
@pytest.mark.parametrize("promise", promises(contracts), ids=lambda promise: promise.__name__)
async def test_wlan(promise, port, tmp_path):
    assert await holds_on_fakes(promise, make_world(tmp_path, port), "wlan", "correct horse")


@pytest.mark.parametrize("promise", promises(online), ids=lambda promise: promise.__name__)
async def test_network_as_a_whole(promise, tmp_path):
    broker = Broker(tmp_path / "broker", ["00" * 8])  # for its certificates: it is not started
    files = broker.agents["00" * 8]
    world = make_world(tmp_path, "rp2")
    for name, source in {"ca": broker.ca.cert_der, "cert": files.cert_der, "key": files.key_der}.items():
        (world / f"{name}.der").write_bytes(source.read_bytes())
    async with TimeServer() as server:
        assert await holds_on_fakes(promise, world, "networks", server.address)
