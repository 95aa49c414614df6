"""The WLAN of a board, whose radio and access points are those of a fake board; an hour takes a second."""

from __future__ import annotations

import pytest

from tests.boards.fake_board import make_world
from tests.ports.board import holds_on_fakes, promises
from tests.ports.contracts import wlan as contracts


@pytest.mark.parametrize("port", ["esp32", "rp2"])
@pytest.mark.parametrize("promise", promises(contracts), ids=lambda promise: promise.__name__)
async def test_wlan(promise, port, tmp_path):
    assert await holds_on_fakes(promise, make_world(tmp_path, port), "wlan", "correct horse")
