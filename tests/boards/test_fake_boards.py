"""Each microcontroller's board file at work: its image in MicroPython, with stand-ins for machine, network and flash.

Devices, broker, head-end and time server are real ones; what only hardware can show is told in docs/boards.md.
"""

from __future__ import annotations

import asyncio
import contextlib
import json

import pytest

from agent.journal import CHECKPOINT, DAMAGED, Journal
from boards.micropython.flash_file import FlashFile
from boards.micropython.ring_store import RingStore
from hal import quantities as q
from tests.boards.fake_board import PORTS, SILENT, UART, Running, TimeServer, make_world, said_by, set_air
from tests.boards.name_server import NameServer
from tools.demo.layout import lay_out
from tools.demo.processes import simulator
from tools.headend import HeadEnd
from tools.stage import compile_text

BOARDS = pytest.mark.parametrize("board", list(PORTS))
PORTS_ONCE = pytest.mark.parametrize("board", ["esp32_generic", "pico_w"])
PASSWORD = "correct horse"
METER = {"id": "grid", "driver": "eastron-sdm630", "bus": "rs485"}
STUCK = """
import machine, os
from world import path_of
_read = machine.UART.read
def read(self, *size):
    while "stuck" in os.listdir(path_of("")):
        pass
    return _read(self, *size)
machine.UART.read = read
"""
# What goes to a name server's port goes to that of the test: nobody may listen on 53.
NAMES_ELSEWHERE = """
import sys, usocket
class Sockets:
    def getaddrinfo(host, port, *more):
        return usocket.getaddrinfo(host, {port} if port == 53 else port, *more)
for name in dir(usocket):
    if name != "getaddrinfo":
        setattr(Sockets, name, getattr(usocket, name))
sys.modules["socket"] = Sockets
"""


def site(folder, board, **changes):
    """Write the configuration of a board with one meter on its own UART, and what it names."""
    (folder / "agent.key").write_bytes(bytes(31) + b"\x01")
    (folder / "wlan.key").write_text(PASSWORD + "\n")
    tree = {
        "site": {"name": "test", "meter": "grid", "import_limit_w": 17250, "export_limit_w": 0, "fuse_ma": 25000},
        "agent": {"key": "agent.key", "journal": "ring:journal", "page_bytes_max": 2048},
        "wlan": {"ssid": "house", "password": "wlan.key"},
        "clock": {"ntp": [SILENT]},
        "bus": [{"id": "rs485", "kind": "serial", "port": UART[board][0]}],
        "device": [METER],
    }
    tree = {name: table for name, table in (tree | changes).items() if table is not None}
    (folder / "site.json").write_text(json.dumps(tree))


def wired(board, path):
    """Return what hangs on a board's UART."""
    _, number, direction = UART[board]
    return {str(number): {"path": str(path), "de": direction}}


@BOARDS
async def test_it_comes_up_reads_its_devices_and_obeys_a_limit(board, tmp_path):
    layout = lay_out(tmp_path / "demo")
    async with contextlib.AsyncExitStack() as stack:
        stack.callback(layout.broker.stop)
        await asyncio.to_thread(layout.broker.start)
        home = simulator(layout, lambda *_: None)
        stack.push_async_callback(home.stop)
        await home.start()
        server = await stack.enter_async_context(TimeServer())
        names = await stack.enter_async_context(NameServer())
        elsewhere = tmp_path / "elsewhere.mpy"
        compile_text(NAMES_ELSEWHERE.format(port=names.port), elsewhere, "elsewhere")
        head_end = await stack.enter_async_context(HeadEnd(layout.settings))
        await head_end.connected()
        world = make_world(tmp_path, PORTS[board], wired(board, layout.home_folder / "charger-meter"))
        folder = layout.board_folder
        tree = json.loads((folder / "site.json").read_text())
        tree["agent"]["journal"] = "ring:journal"
        tree["bus"][0]["port"] = UART[board][0]
        tree |= {"wlan": {"ssid": "house", "password": "wlan.key"}, "clock": {"ntp": [server.address]}}
        tree["uplink"] |= {"host": "broker.example", "server_name": tree["uplink"]["host"]}
        (folder / "site.json").write_text(json.dumps(tree))
        (folder / "wlan.key").write_text(PASSWORD)
        running = await stack.enter_async_context(Running(board, world, folder, elsewhere))
        ready = await running.until(fact="ready")
        assert ready["epoch"] == 1
        set_air(world, {"house": PASSWORD})  # only now: devices on its own wires do not wait for a network
        await running.until(fact="wlan", joined=True)
        await running.until(fact="clock", set=True)
        session = await head_end.announced(layout.board_id)
        assert session.clock_quality == q.CLOCK_SYNCHRONISED
        assert names.asked == ["broker"]
        command = await head_end.send_limit(layout.board_id, value_w=7000, duration_s=600, authority="dso")
        await running.until(fact="decision", reason="accepted")
        written = await running.until(fact="write", device="charger")
        assert written["outcome"] == "applied" and written["kept"] * 3 * 230 <= 7000 * 1000
        [answer] = await head_end.answers(command)
        await head_end.stored(layout.board_id, answer.seq)
        await head_end.until(lambda: any(head_end.records(layout.board_id, "reading")), 30)


@pytest.mark.parametrize(
    ("board", "changes", "sentence"),
    [
        (
            "esp32_generic",
            {"agent": {"key": "agent.key", "journal": "ring:x"}},
            "[agent] journal = ring:x: the partition",
        ),
        ("pico_w", {"agent": {"key": "agent.key", "journal": "ring:x"}}, "[agent] journal = ring:x: the file system"),
        ("pico_w", {"bus": [{"id": "rs485", "kind": "serial", "port": "com1"}]}, "[[bus]] rs485 port = 'com1': this "),
        ("pico_w", {"wlan": {"ssid": "house", "password": "absent"}}, "[wlan] password = 'absent': cannot be read: "),
        ("pico_w", {"wlan": {"ssid": "house", "password": "agent.key"}}, "[wlan] password = 'agent.key': expected a "),
        (
            "pico_w",
            {"device": [dict(METER, bus="lan")], "bus": [{"id": "lan", "kind": "tcp", "host": "meter.local"}]},
            "[[bus]] lan host = 'meter.local': expected an address: names in .local ",
        ),
        ("pico_w", {"wlan": None}, "[wlan] is missing: [uplink], [clock] and buses by TCP need it on this board"),
        ("pico_w", {"agent": {"key": "agent.key", "tick_ms": 100}}, "[agent] tick_ms = 100: expected 500 to 4000 on "),
        ("pico_w", {"device": [METER, *[dict(METER, id=f"d-{at}") for at in range(4)]]}, "5 devices, and this board "),
    ],
)
def test_what_it_cannot_do_is_one_sentence_and_nothing_is_started(board, changes, sentence, tmp_path):
    full = {"files_blocks": 212} if "ring:x" in str(changes) else {}  # an RP2 has no names for its flash, only room
    world = make_world(tmp_path, PORTS[board], wired(board, "/dev/absent"), **full)
    site(tmp_path, board, **changes)
    said = said_by(board, world, tmp_path)
    assert said.startswith(f"siteward: {sentence}") and said.count("\n") == 1, said
    assert "watchdog" not in (world / "said").read_text()


@PORTS_ONCE
async def test_a_wrong_password_and_a_silent_time_server_are_said_and_the_agent_works_on(board, tmp_path):
    world = make_world(tmp_path, PORTS[board], wired(board, "/dev/absent"))
    site(tmp_path, board)
    set_air(world, {"house": "another one"})
    async with Running(board, world, tmp_path) as running:
        await running.until(fact="ready")
        await running.until(fact="failsafe", entered=True)  # the agent's own work goes on
        await running.until(fact="wlan", joined=False, trouble="wrong password")
        set_air(world, {"house": PASSWORD})
        await running.until(fact="wlan", joined=True)
        assert (await running.until(fact="clock"))["trouble"].startswith("127.0.0.1: no answer")
        set_air(world, {})
        await running.until(fact="wlan", joined=False)
        set_air(world, {"house": PASSWORD})
        await running.until(fact="wlan", joined=True)


@PORTS_ONCE
async def test_a_time_before_the_last_one_known_is_refused(board, tmp_path):
    world = make_world(tmp_path, PORTS[board], wired(board, "/dev/absent"))
    set_air(world, {"house": PASSWORD})
    async with TimeServer(ahead_s=-90 * 86400) as server:
        site(tmp_path, board, clock={"ntp": [server.address]})
        (tmp_path / "clock.floor").write_text("1794000000\n")
        async with Running(board, world, tmp_path) as running:
            said = await running.until(fact="clock")
            assert said["trouble"] == "127.0.0.1: before the last time known"


@PORTS_ONCE
async def test_the_watchdog_resets_a_stuck_loop_and_the_next_start_goes_on(board, serial_port, tmp_path):
    world = make_world(tmp_path, PORTS[board], wired(board, serial_port))
    site(tmp_path, board)
    stuck = tmp_path / "stuck.mpy"
    compile_text(STUCK, stuck, "stuck.py")
    async with Running(board, world, tmp_path, stuck) as running:
        assert (await running.until(fact="ready"))["epoch"] == 1
        await running.until(fact="failsafe")
        (world / "stuck").touch()
        async with asyncio.timeout(20):
            assert await running.ended() == -9
    assert (world / "reset_by_watchdog").exists()
    (world / "stuck").unlink()
    async with Running(board, world, tmp_path) as running:
        assert (await running.until(fact="ready"))["epoch"] == 2
    [flash] = [path for path in world.glob("*.flash") if path.stat().st_size]
    unit_bytes = 256 if PORTS[board] == "rp2" else 16
    store = RingStore(FlashFile(str(flash), flash.stat().st_size // 4096), unit_bytes, 1 << 20)
    kinds = [kind for kind, _, _ in Journal(store, 32768).frames()]
    assert kinds.count(CHECKPOINT) >= 2 and DAMAGED not in kinds
