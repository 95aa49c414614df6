"""The linked agent with the shared tests beside it: what `tests/footprint` runs."""

from __future__ import annotations

from pathlib import Path

from tests.board import BOARD_TESTS, run_tests
from tests.conftest import names_of_tests
from tests.needs import ROOT
from tools.image import linked_agent
from tools.link import Lines
from tools.stage import compile_text, constants, dotted, leaned, sources, stage_pattern

BOARD = "boards.micropython_unix"
LINKED = Path("build/linked")  # a path that MicroPython can be given is short
SEARCHED = f"{LINKED}:{BOARD_TESTS}"  # the second for simulated pins


def made(more: dict[str, str]) -> dict[str, Lines]:
    """Write the modules of an agent, the shared tests and `more` sources; return where the lines of each come from."""
    numbers, _ = constants()
    tests = dict(more)
    for source in sources("tests/shared/*.py"):
        inside = str(source.relative_to(ROOT))
        tests[dotted(inside)] = leaned(source, inside, numbers)
    linked = linked_agent(BOARD, tests)
    for name, module in linked.items():
        compile_text(module.text, ROOT / LINKED / f"{name}.mpy", name)
    stage_pattern("sim_devices/pins/*.py", ROOT / BOARD_TESTS)
    return {name: module.lines for name, module in linked.items()}


def said_by(suite: str) -> dict[str, str]:
    """Run one file of shared tests; return test -> "ok" or what was printed instead."""
    names = names_of_tests((ROOT / "tests" / "shared" / f"{suite}.py").read_text(encoding="utf-8"))
    return run_tests(SEARCHED, f"tests_shared_{suite}", names)
