"""The runner that every shared test relies on: it must not call a failure a success."""

from __future__ import annotations

import pytest

from tests import needs
from tests.board import micropython, output_of, run_tests

MODULE = """
import sys

def test_holds():
    assert sys.implementation.name == "micropython"

def test_fails():
    assert 1 == 2, "one is not two"

async def test_awaits():
    import asyncio
    await asyncio.sleep(0)
    raise KeyError("awaited")

def test_leaves():
    sys.exit(0)

def test_sees_only_the_board():
    import pytest

def test_takes_an_argument(tmp_path):
    pass

def test_after_all_that():
    pass
"""
NAMES = ["test_holds", "test_fails", "test_awaits", "test_leaves", "test_sees_only_the_board", "test_takes_an_argument"]


def test_each_test_is_reported_alone(tmp_path):
    (tmp_path / "sample.py").write_text(MODULE)
    said = run_tests(str(tmp_path), "sample", [*NAMES, "test_after_all_that", "test_absent"])
    assert said["test_holds"] == said["test_after_all_that"] == "ok"
    assert "sample.py" in said["test_fails"]
    assert "one is not two" in said["test_fails"]
    assert "KeyError: awaited" in said["test_awaits"]
    assert "SystemExit" in said["test_leaves"]
    assert "no module named 'pytest'" in said["test_sees_only_the_board"]
    assert "TypeError" in said["test_takes_an_argument"]
    assert "AttributeError" in said["test_absent"]


def test_a_process_that_dies_leaves_the_rest_failed(tmp_path):
    (tmp_path / "sample.py").write_text(
        "def test_first(): pass\n\ndef test_dies():\n    import os\n    os.system('kill -9 $PPID')\n"
    )
    said = run_tests(str(tmp_path), "sample", ["test_first", "test_dies", "test_last"])
    assert said["test_first"] == "ok"
    assert said["test_dies"].startswith("never finished")
    assert said["test_last"].startswith("never finished")


def test_a_file_that_cannot_be_imported_fails_every_test(tmp_path):
    (tmp_path / "sample.py").write_text("import absent\n")
    said = run_tests(str(tmp_path), "sample", ["test_first"])
    assert "no module named 'absent'" in said["test_first"]


def test_a_process_that_hangs_is_stopped(tmp_path):
    (tmp_path / "hangs.py").write_text("print('begun')\nwhile True:\n    pass\n")
    said = output_of(micropython(str(tmp_path / "hangs.py")), timeout_s=1)
    assert said.endswith("no end after 1 s")


@pytest.mark.parametrize(("strict", "outcome"), [("1", pytest.fail.Exception), ("", pytest.skip.Exception)])
def test_what_is_missing_fails_when_strict_and_else_skips(monkeypatch, strict, outcome):
    monkeypatch.setenv("SITEWARD_STRICT", strict)
    for missing in (lambda: needs.needs_program("no-such-program"), lambda: needs.shared_data("no-such-folder")):
        with pytest.raises(outcome):
            missing()
