"""The linked image, which a board runs, does what the sources say: shared tests pass on it, and tapes read alike."""

from __future__ import annotations

import json

import pytest

from agent.snapshot import pack
from tests.board import micropython, output_of, run_tests
from tests.conftest import names_of_tests as names_of
from tests.needs import ROOT, needs_program
from tests.shared.house import House
from tools.image import build, lines_of, linked_agent
from tools.stage import compile_text, constants, dotted, leaned, sources
from tools.trace import readable

BOARD = "boards.micropython_unix"
# One for each room of the house; all of them take half a minute.
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
def image(tmp_path_factory):
    """Return the folder of the linked agent with the shared tests beside it."""
    needs_program("micropython")
    numbers, _ = constants()
    tests = {"tests.shared.asked": PACK}
    for source in sources("tests/shared/*.py"):
        inside = str(source.relative_to(ROOT))
        tests[dotted(inside)] = leaned(source, inside, numbers)
    folder = ROOT / "build" / "linked"  # a path that MicroPython can be given is short
    linked = linked_agent(BOARD, tests)
    for name, module in linked.items():
        compile_text(module.text, folder / f"{name}.mpy", name)
    return "build/linked", {name: module.lines for name, module in linked.items()}


@pytest.mark.parametrize("suite", SUITES)
def test_shared_tests_pass_on_the_image(image, suite):
    names = names_of((ROOT / "tests" / "shared" / f"{suite}.py").read_text())
    said = run_tests(image[0], f"tests_shared_{suite}", names)
    assert {name: what for name, what in said.items() if what != "ok"} == {}


def test_a_snapshot_on_the_image_has_the_names_of_the_sources(image):
    said = output_of(micropython("tests/on_micropython.py", image[0], "tests_shared_asked", "tell"))
    assert said.splitlines()[0] == repr(pack(House().state))


def test_a_traceback_of_the_image_is_readable(image):
    said = output_of(micropython("tests/on_micropython.py", image[0], "tests_shared_asked", "broken"))
    assert 'File "tests/shared/asked.py", line 11, in broken' in readable(said, image[1])


def test_an_image_comes_with_its_lines_and_is_made_once(tmp_path):
    made = build(BOARD, tmp_path / "board.romfs")
    assert made.read_bytes()[:3] == b"\xd2\xcd\x31"  # MicroPython documentation, "ROMFS filesystem"
    assert {line[1] for line in json.loads(lines_of(made).read_text())["siteward"]} >= {"agent.loop", BOARD}
    when = made.stat().st_mtime_ns
    assert build(BOARD, made).stat().st_mtime_ns == when
