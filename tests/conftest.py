"""Runs the shared tests twice: here, and again inside MicroPython from the bytecode that boards get.

Each `tests/shared/test_*.py` is collected as usual and once more as items named `test[micropython]`.
A file costs one MicroPython process, started by the first of its items; a test is still reported alone.
`async def` tests run on a fresh event loop.
"""

from __future__ import annotations

import ast
import asyncio
import inspect
import os
import tty
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.board import board_path, run_tests
from tests.needs import ROOT, needs_program

SHARED_TESTS = ROOT / "tests" / "shared"
LONGEST = ("test_soak_board.py", "test_soak.py", "test_days.py", "test_reconnects.py")


@pytest.hookimpl(tryfirst=True)
def pytest_pyfunc_call(pyfuncitem: pytest.Function) -> bool | None:
    """Run an `async def` test."""
    if not inspect.iscoroutinefunction(pyfuncitem.obj):
        return None
    wanted = inspect.signature(pyfuncitem.obj).parameters
    asyncio.run(pyfuncitem.obj(**{name: pyfuncitem.funcargs[name] for name in wanted}))
    return True


@pytest.fixture
def serial_port() -> Iterator[str]:
    """Return a serial port that is there, with nobody behind it: the near end of a pty."""
    far, near = os.openpty()
    tty.setraw(near)
    yield os.ttyname(near)
    os.close(far)
    os.close(near)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Begin with what takes minutes, in this order: the lane of the first file has the fourth to do as well."""
    places = {name: place for place, name in enumerate(LONGEST)}
    items.sort(key=lambda item: places.get(item.path.name, len(places)))


def pytest_collect_file(file_path: Path, parent: pytest.Collector) -> pytest.Collector | None:
    """Collect a shared test file a second time, for MicroPython."""
    if file_path.is_relative_to(SHARED_TESTS) and file_path.match("test_*.py"):
        return BoardFile.from_parent(parent, path=file_path)
    return None


def names_of_tests(source: str) -> list[str]:
    """Return the names of a file's test functions in order; the file is not imported here."""
    functions = [node for node in ast.parse(source).body if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)]
    return [function.name for function in functions if function.name.startswith("test_")]


class BoardFile(pytest.File):
    """One shared test file as MicroPython sees it."""

    _results: dict[str, str] | None = None

    def collect(self) -> Iterator[pytest.Item]:
        """Yield one item per test function."""
        names = names_of_tests(self.path.read_text())
        if not names:
            raise self.CollectError(f"{self.path.name} holds no test")
        for name in names:
            yield BoardItem.from_parent(self, name=f"{name}[micropython]")

    def results(self) -> dict[str, str]:
        """Run the file, once; return test -> "ok" or what was printed."""
        if self._results is None:
            module = ".".join(self.path.relative_to(ROOT).with_suffix("").parts)
            self._results = run_tests(board_path(), module, names_of_tests(self.path.read_text()))
        return self._results


class BoardItem(pytest.Item):
    """One test of a shared file under MicroPython."""

    parent: BoardFile

    def runtest(self) -> None:
        """Fail with what MicroPython printed."""
        needs_program("micropython")
        said = self.parent.results()[self.name.partition("[")[0]]
        if said != "ok":
            raise AssertionError(said)

    def repr_failure(self, excinfo: pytest.ExceptionInfo[BaseException], style: object = None) -> str:
        """Show only MicroPython's own traceback."""
        return str(excinfo.value)

    def reportinfo(self) -> tuple[Path, None, str]:
        """Name the file in reports."""
        return self.path, None, self.name
