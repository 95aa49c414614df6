"""A board's clock and the time servers that set it, over real UDP; its RTC and file are those of a fake board."""

from __future__ import annotations

import contextlib

import pytest

from tests.boards.fake_board import SILENT, TimeServer, make_world
from tests.ports.board import holds_on_fakes, promises
from tests.ports.contracts import timekeeping as contracts

OF_BOTH = (contracts.test_after_a_loss_of_power_the_time_is_unknown_and_none_before_the_floor_is_taken,
           contracts.test_an_rtc_behind_the_floor_is_not_believed)  # fmt: skip
CASES = [(promise, "esp32") for promise in promises(contracts)] + [(promise, "rp2") for promise in OF_BOTH]


@pytest.mark.parametrize(("promise", "port"), CASES, ids=[f"{each.__name__}-{port}" for each, port in CASES])
async def test_timekeeping(promise, port, tmp_path):
    servers = {
        "server": TimeServer(),
        "second": TimeServer(),
        "past": TimeServer(ahead_s=-30 * 86400),
        "future": TimeServer(ahead_s=3600),
        "unset": TimeServer(leap=3),
        "denying": TimeServer(kiss=b"DENY"),
        "slow": TimeServer(kiss=b"RATE"),
        "forged": TimeServer(nonce=b"another!"),
    }
    async with contextlib.AsyncExitStack() as stack:
        for server in servers.values():
            await stack.enter_async_context(server)
        addresses = {name: server.address for name, server in servers.items()} | {"silent": SILENT}
        named = ",".join(f"{name}={address}" for name, address in addresses.items())
        assert await holds_on_fakes(promise, make_world(tmp_path, port), "timekeeping", named)
