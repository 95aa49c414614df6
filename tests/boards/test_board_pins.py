"""A whole agent whose devices all hang on a Pico's own pins: a meter with pulses, a thermistor, a relay that it opens.

From a SITE.toml, in the image that is built for it, through the board's own start; the pins are stand-ins.
"""

from __future__ import annotations

import tomllib

import pytest

from agent import cbor, record
from agent.journal import RECORD, Journal
from boards.micropython.flash_file import FlashFile
from boards.micropython.ring_store import RingStore
from hal import quantities as q
from tests.board import board_path
from tests.boards.fake_board import Running, make_world, stage_fakes
from tests.needs import needs_program
from tools.board_build import canonical
from tools.board_check import modelled, site_of
from tools.board_manifest import modules_of
from tools.image import compile_linked, linked_agent, write_romfs
from tools.stage import compile_text

BOARD = "pico_w"
SITE = """
[site]
name = "cabin"
meter = "feeder"
import_limit_w = 4000
export_limit_w = 0
fuse_ma = 25000

[agent]
key = "agent.key"
journal = "ring:journal"
page_bytes_max = 2048
reading_s = 1

[[bus]]
id = "own"
kind = "pins"

[[device]]
id = "feeder"
driver = "s0-meter"
bus = "own"
channel = "s0-1"
pulses_per_kwh = 10000

[[device]]
id = "boiler"
driver = "pin-relay"
bus = "own"
channel = "relay-1"
power_max_w = 2000
default = 1
fallback = 1
on_s = 0
off_s = 0

[[device]]
id = "tank"
driver = "ntc-sensor"
bus = "own"
channel = "ntc-1"
"""
# On the pins of boards/pico_w.py: at GP16 a meter whose power is in the file `watts`, at GP26 water of 25 degrees.
HOUSE = """
import _thread, select
from machine import pins
from sim_devices.pins.sensors import Thermistor
from world import path_of

def meter():
    pause = select.poll()
    while True:
        with open(path_of("watts")) as file:
            period_ms = 360000 // int(file.read())
        pins.put(16, 0)
        pause.poll(30)
        pins.put(16, 1)
        pause.poll(period_ms - 30)

pins.VOLTAGES[26] = Thermistor().voltage_uv
_thread.start_new_thread(meter, ())
"""


@pytest.fixture
def built(tmp_path):
    """Write the site and build its image; return the configuration and the image."""
    needs_program("micropython")
    board_path()
    stage_fakes()
    tree = tomllib.loads(SITE)
    config = site_of(BOARD, tree)
    image = tmp_path / "cabin.romfs"
    compile_linked(linked_agent(f"boards.{BOARD}", only=modules_of(BOARD, config).values()), tmp_path / "mpy")
    write_romfs(tmp_path / "mpy", image)
    (tmp_path / "site.json").write_bytes(canonical(tree))
    (tmp_path / "agent.key").write_bytes(bytes(31) + b"\x01")
    return config, image


def readings(world):
    """Return device -> quantities that the journal on the flash tells of it."""
    [flash] = [path for path in world.glob("*.flash") if path.stat().st_size]
    journal = Journal(RingStore(FlashFile(str(flash), flash.stat().st_size // 4096), 256, 1 << 20), 32768)
    facts = [cbor.decode(payload) for kind, payload, _ in journal.frames() if kind == RECORD]
    told = {}
    for fact in facts:
        if fact[0] == record.READING:
            told.setdefault(fact[3], {}).update(fact[5])
    return told


def heap_of_stand_ins(world):
    return int(next(line for line in (world / "said").read_text().splitlines() if " heap " in line).split()[-1])


def level_of(world, pin):
    """Return what a pin was driven to last."""
    return [line.split()[-1] for line in (world / "said").read_text().splitlines() if f" pin {pin} " in line][-1]


async def test_a_relay_closes_while_there_is_room_and_opens_when_the_pulses_come_too_fast(built, tmp_path):
    config, image = built
    world = make_world(tmp_path, "rp2")
    (world / "watts").write_text("1200")
    house = tmp_path / "house.mpy"
    compile_text(HOUSE, house, "house.py")
    async with Running(BOARD, world, tmp_path, house, image=image) as board:
        ready = await board.until(fact="ready")
        await board.until(fact="write", device="boiler", setpoint=1, outcome="applied")
        assert level_of(world, "18") == "1"
        await board.until(fact="failsafe", entered=False)  # the power of pulses is known from the second one on
        (world / "watts").write_text("6000")
        opened = await board.until(fact="write", device="boiler", setpoint=0, outcome="applied")
        assert opened["source"] == "connection" and level_of(world, "18") == "0"
    told = readings(world)
    assert told[0][q.POWER_W] > 900 and told[0][q.ENERGY_IMPORT_WH] >= 0
    assert q.ON in told[1]
    assert abs(told[2][q.TEMP_TANK_MC] - 25000) < 200
    taken = ready["heap_bytes"] - heap_of_stand_ins(world)
    assert abs(taken - modelled(BOARD, config)) * 100 < 10 * taken, taken
