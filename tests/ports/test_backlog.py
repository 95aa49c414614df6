"""Seven days of backlog on real journal files: eight devices on a gateway, two on a board."""

from __future__ import annotations

import gc
import sys

from boards.cpython.file_store import FileStore
from tests.ports.board import holds, holds_on_micropython
from tests.ports.contracts import backlog as contracts

A_WEEK = contracts.test_a_week_goes_up_in_order_with_its_times_in_bounded_memory
BLOCK_BYTES = 64  # about what CPython's allocator hands out at a time


class Gateway:
    """What a gateway's configuration has if nobody says otherwise."""

    devices, page_bytes_max, segment_bytes, bytes_max = 8, 8192, 262144, 67108864

    def __init__(self, folder):
        self._folder = folder

    def open(self):
        return FileStore(self._folder, self.bytes_max)

    def used_bytes(self):
        gc.collect()
        return sys.getallocatedblocks() * BLOCK_BYTES


async def test_a_gateway_keeps_a_week_of_eight_devices(tmp_path):
    assert await holds(A_WEEK, Gateway(tmp_path))


async def test_a_board_keeps_a_week_of_two_devices(tmp_path):
    assert await holds_on_micropython(A_WEEK, "week", tmp_path / "j")
