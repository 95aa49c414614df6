"""The house keeps its rules, and every rule is shown to bite: a bad snippet is reported, a good one is not."""

from __future__ import annotations

import pytest

from tests import tidy

MODULE = '"""Says what it is."""\n'
LONG = "x = 1\n" * (tidy.LINES_MAX - 1)
DRIVER = "drivers/meters/acme.py"

# rule, path, what it must report, what it must leave alone
CASES = [
    ("layers", "hal/frame.py", "from agent import loop", "from hal import errors"),
    ("layers", "agent/loop.py", "import drivers.meters", "from hal.errors import Refused"),
    ("layers", DRIVER, "from agent.unit import Unit", "from hal.capabilities import Meter"),
    ("layers", "agent/loop.py", "def f():\n    from boards import gateway", "from agent import unit"),
    ("layers", "agent/loop.py", "if TYPE_CHECKING:\n    import tools", "if TYPE_CHECKING:\n    import hal"),
    ("layers", "sim_devices/meter.py", "from hal import errors", "import asyncio"),
    ("layers", "boards/pico.py", "from tools import stage", "from agent import loop"),
    ("layers", "boards/micropython/mqtt.py", "from boards.cpython import mqtt", "from boards.micropython import net"),
    ("layers", "boards/cpython/mqtt.py", "from boards.micropython import mqtt", "from boards.cpython import files"),
    ("layers", "boards/cpython/mqtt.py", "from boards import micropython", "from boards import cpython"),
    ("layers", "tools/demo.py", "from tests import needs", "from boards import gateway"),
    ("layers", "tools/verifier/chain.py", "from agent import cbor", "from tools.verifier import cose"),
    ("layers", "tools/wire.py", "from agent import cose", "from tools.strict import check_whole"),
    ("stdlib_subset", "hal/frame.py", "import time", "import struct"),
    ("stdlib_subset", "agent/loop.py", "import socket", "import asyncio"),
    ("stdlib_subset", "agent/loop.py", "from typing import Any", "if TYPE_CHECKING:\n    from typing import Any"),
    ("stdlib_subset", "agent/loop.py", "from . import page", "from agent import page"),
    ("stdlib_subset", "boards/pico.py", "import dataclasses", "import machine"),
    ("stdlib_subset", "tests/shared/test_x.py", "import pytest", "import json"),
    ("stdlib_subset", "agent/loop.py", "from micropython import const", "from hal.compat import const"),
    ("subset_syntax", "hal/frame.py", "match x:\n    case 1: pass", "if x == 1: pass"),
    ("subset_syntax", "hal/frame.py", "def f(a, /): pass", "def f(a, *, b): pass"),
    ("subset_syntax", "hal/frame.py", "x = {**y}", "x = dict(y)"),
    ("subset_syntax", "hal/frame.py", "x = [*y]", "first, *rest = y"),
    ("subset_syntax", "hal/frame.py", "x = {*y}", "f(*y)"),
    ("subset_syntax", "hal/frame.py", "x = *y, 1", "x = (y, 1)"),
    ("subset_syntax", "hal/frame.py", "try: pass\nexcept* OSError: pass", "try: pass\nexcept OSError: pass"),
    ("subset_syntax", "hal/frame.py", "async def f():\n    return [x async for x in y]", "x = [a for a in y]"),
    ("subset_syntax", "hal/frame.py", "async def f():\n    yield 1", "def f():\n    yield 1"),
    ("subset_syntax", "hal/frame.py", "class A(metaclass=B): pass", "class A(B): pass"),
    ("subset_names", "hal/frame.py", "try: pass\nexcept TimeoutError: pass", "try: pass\nexcept OSError: pass"),
    ("subset_names", "hal/frame.py", "q = asyncio.Queue()", "e = asyncio.Event()"),
    ("subset_names", "hal/frame.py", "n.bit_length()", "n.to_bytes(2, 'big')"),
    ("subset_names", "hal/frame.py", "class A:\n    def __del__(self): pass", "class A:\n    def close(self): pass"),
    ("subset_names", "hal/frame.py", "x = y[::-1]", "x = y[1:-1]"),
    ("subset_names", "hal/frame.py", "int.from_bytes(b, 'big', signed=True)", "int.from_bytes(b, 'big')"),
    ("subset_names", "hal/frame.py", "isinstance(x, int)", "isinstance(x, bytes)"),
    ("subset_names", "hal/frame.py", "pow(a, -1, m)", "pow(a, m - 2, m)"),
    ("subset_names", "hal/frame.py", "print(1, flush=True)", "print(1)"),
    ("subset_names", "hal/frame.py", "deque((), maxlen=3)", "deque((), 3)"),
    ("integers_only", DRIVER, "x = 0.1", "x = 1"),
    ("integers_only", DRIVER, "x = y / 2", "x = y // 2"),
    ("integers_only", DRIVER, "x /= 2", "x //= 2"),
    ("integers_only", DRIVER, "x = float(y)", "x = int(y)"),
    ("integers_only", "boards/pico.py", "x = 1j", "x = '0.1'"),
    ("one_meaning", "agent/loop.py", "if sys.implementation.name == 'micropython': pass", "x = 1"),
    ("one_meaning", "agent/loop.py", "try: pass\nexcept ImportError: pass", "try: pass\nexcept OSError: pass"),
    ("names", "agent/loop.py", "def read(value): pass", "def read(power_w): pass"),
    ("names", "agent/loop.py", "data = 1", "data_bytes = 1"),
    ("names", "agent/loop.py", "for time in x: pass", "for at_ms in x: pass"),
    ("names", "agent/loop.py", "class Manager: pass", "class Ledger: pass"),
    ("names", "tools/utils.py", "x = 1", None),
    ("names", "boards/cpython/serial.py", "def feed(self, data): pass", "def data_received(self, data): pass"),
    ("docstrings", DRIVER, '"""A meter."""', '"""A meter.\n\nSource: Acme, "Registers", section 2.\n"""'),
    ("length", "agent/loop.py", LONG, LONG[:-6]),
    ("no_waiting", "tests/test_x.py", "time.sleep(1)", "asyncio.sleep(0)"),
    ("tests_assert", "tests/test_x.py", "def test_a(): check(1)", "def test_a(): assert check(1)"),
    ("tests_assert", "tests/test_x.py", "async def test_a(): raise X", "def test_a():\n    with pytest.raises(X): f()"),
    ("no_waiting", "tests/test_x.py", "from time import sleep", "from time import monotonic"),
]


def reported(rule: str, path: str, source: str) -> list[str]:
    return [line for line in tidy.findings(path, source) if f": {rule}: " in line]


@pytest.mark.parametrize(("rule", "path", "bad", "good"), CASES)
def test_a_rule_reports_the_bad_and_leaves_the_good_alone(rule, path, bad, good):
    own_docstring = "" if rule == "docstrings" else MODULE
    found = reported(rule, path, own_docstring + bad)
    assert found
    assert all(line.startswith(f"{path}:") for line in found)
    if good is not None:
        assert reported(rule, path, own_docstring + good) == []


def test_every_rule_has_a_case():
    assert {rule.__name__ for rule in tidy.RULES} == {case[0] for case in CASES}


def test_a_finding_names_file_and_line():
    assert tidy.findings("agent/loop.py", MODULE + "\nx = 1\ny = x / 2\n") == [
        "agent/loop.py:4: integers_only: / makes a float"
    ]


def test_a_module_without_a_docstring_is_reported_and_an_empty_one_is_not():
    assert reported("docstrings", "agent/loop.py", "x = 1")
    assert not reported("docstrings", "agent/__init__.py", "")


def test_annotations_and_typing_imports_are_free_of_the_subset():
    source = MODULE + "if TYPE_CHECKING:\n    from typing import Callable\ndef f(x: float) -> float | None: pass\n"
    assert tidy.findings("agent/loop.py", source) == []


@pytest.mark.parametrize("path", ["tools/demo.py", "boards/cpython/mqtt.py", "boards/linux_gateway.py"])
def test_host_files_may_use_all_of_python(path):
    assert tidy.findings(path, MODULE + "import dataclasses\nx = 0.1\ny = [*range(3)]\n") == []


def test_the_house_is_tidy():
    found = [line for path in tidy.house_files() for line in tidy.findings(path, (tidy.ROOT / path).read_text())]
    assert not found, "\n".join(found)
