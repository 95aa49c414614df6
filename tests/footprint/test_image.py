"""The linked image, which a board runs, does what the sources say: shared tests pass on it, and tapes read alike."""

from __future__ import annotations

import json

import pytest

from agent.snapshot import pack
from tests.board import micropython, output_of
from tests.footprint.linked import BOARD, SEARCHED, made, said_by
from tests.needs import needs_program
from tests.shared.house import House
from tools.image import build, lines_of
from tools.trace import readable

# One for each room of the house; all of them take half a minute. `make linked` runs all there are.
SUITES = (
    "test_step",
    "test_allocate",
    "test_ledger",
    "test_modbus_device",
    "test_drivers",
    "test_loop",
    "test_p256",
)
PACK = """
from agent.snapshot import pack
from tests.shared.house import House


def tell():
    print(repr(pack(House().state)))


def broken():
    House().state.note()
"""


@pytest.fixture(scope="module")
def image():
    """Return the modules of the linked agent with the shared tests beside it, and where their lines come from."""
    needs_program("micropython")
    return made({"tests.shared.asked": PACK})


@pytest.mark.parametrize("suite", SUITES)
def test_shared_tests_pass_on_the_image(image, suite):
    assert {name: what for name, what in said_by(suite).items() if what != "ok"} == {}


def test_a_snapshot_on_the_image_has_the_names_of_the_sources(image):
    said = output_of(micropython("tests/on_micropython.py", SEARCHED, "tests_shared_asked", "tell"))
    assert said.splitlines()[0] == repr(pack(House().state))


def test_a_traceback_of_the_image_is_readable(image):
    said = output_of(micropython("tests/on_micropython.py", SEARCHED, "tests_shared_asked", "broken"))
    assert 'File "tests/shared/asked.py", line 11, in broken' in readable(said, image)


def test_an_image_comes_with_its_lines_and_is_made_once(tmp_path):
    made = build(BOARD, tmp_path / "board.romfs")
    assert made.read_bytes()[:3] == b"\xd2\xcd\x31"  # MicroPython documentation, "ROMFS filesystem"
    assert {line[1] for line in json.loads(lines_of(made).read_text())["siteward"]} >= {"agent.loop", BOARD}
    when = made.stat().st_mtime_ns
    assert build(BOARD, made).stat().st_mtime_ns == when
