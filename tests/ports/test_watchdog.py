"""Every watchdog keeps its promise; what the service manager hears is read from a real socket."""

from __future__ import annotations

import socket

import pytest

from boards.cpython.watchdog import SystemdWatchdog
from hal.memory import CountingWatchdog
from tests.boards.fake_board import make_world
from tests.ports.board import holds, holds_on_fakes, holds_on_micropython, promises
from tests.ports.contracts import watchdog as contracts

ALL = pytest.mark.parametrize("promise", promises(contracts), ids=lambda promise: promise.__name__)


class Bench:
    def __init__(self, watchdog):
        self.watchdog = watchdog


@ALL
async def test_twin(promise):
    watchdog = CountingWatchdog()
    assert await holds(promise, Bench(watchdog))
    assert watchdog.fed == 100


@ALL
async def test_outside_a_service(promise, monkeypatch):
    monkeypatch.delenv("NOTIFY_SOCKET", raising=False)
    assert await holds(promise, Bench(SystemdWatchdog()))


@ALL
async def test_a_service_whose_manager_is_gone(promise, monkeypatch, tmp_path):
    monkeypatch.setenv("NOTIFY_SOCKET", str(tmp_path / "absent"))
    assert await holds(promise, Bench(SystemdWatchdog()))


@ALL
async def test_on_a_board_without_one(promise):
    assert await holds_on_micropython(promise, "watchdog")


@ALL
async def test_on_a_board_with_one(promise, tmp_path):
    world = make_world(tmp_path, "rp2")
    assert await holds_on_fakes(promise, world, "hardware_watchdog")
    assert "watchdog 8000" in (world / "said").read_text()


@pytest.mark.parametrize("kind", ["path", "abstract"])
def test_the_service_manager_hears_ready_once_and_then_every_feed(kind, monkeypatch, tmp_path):
    name = str(tmp_path / "notify")
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as manager:
        manager.bind(name if kind == "path" else "\0" + name)
        manager.settimeout(5)
        monkeypatch.setenv("NOTIFY_SOCKET", name if kind == "path" else "@" + name)
        watchdog = SystemdWatchdog()
        for _ in range(3):
            watchdog.feed()
        assert [manager.recv(100) for _ in range(3)] == [b"READY=1\nWATCHDOG=1", b"WATCHDOG=1", b"WATCHDOG=1"]
