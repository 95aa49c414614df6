"""The board's hour in short, for real; and its judges are shown what they must find."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest

from tests.budgets import Budgets
from tests.budgets.figures import RUNS, running, soaking
from tests.needs import ROOT, needs_program
from tools.soak.truth import Sample
from tools.soak_board import limit, vitals
from tools.soak_board.vitals import Look


@pytest.mark.parametrize("name", RUNS)
def test_a_board_holds_its_limit_on_the_heap_that_stands_for_its_own(name):
    needs_program("micropython")
    needs_program("nats-server")
    run = subprocess.run(soaking(name), cwd=ROOT, capture_output=True, text=True, timeout=240, check=False)
    report = json.loads(run.stdout)
    broken = [check for check in report["checks"] if not check["held"]]
    assert not broken, f"{broken}\n{run.stderr}"
    assert run.returncode == 0
    assert Budgets().over(running(name, report)) == []


def test_too_short_a_run_is_refused():
    command = [sys.executable, "-m", "tools.soak_board", "--seconds", "20"]
    run = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=60, check=False)
    assert run.returncode == 2 and "expected 30 or more" in run.stderr


def look(at_s, **more):
    held = {"heap_bytes": 150000, "peak_bytes": 154000, "free_bytes": 20000, "largest_bytes": 9000}
    return Look(at_s, **{**held, "tasks": 11, "handles": 8, "resident_kb": 18000, **more})


def broken(**at_the_end):
    looks = [look(at_s) for at_s in range(10, 610, 10)]
    looks += [look(at_s, **at_the_end) for at_s in range(610, 1000, 10)]
    return [check.name for check in vitals.judge(vitals.marks(looks)) if not check.held]


@pytest.mark.parametrize(
    "grown", [{"heap_bytes": 150600}, {"largest_bytes": 2000}, {"tasks": 12}, {"handles": 9}, {"resident_kb": 19000}]
)
def test_what_grows_is_found(grown):
    assert broken() == []
    assert len(broken(**grown)) == 1


def test_a_moment_is_no_growth_and_a_short_look_no_verdict():
    looks = [look(at_s, heap_bytes=150000 + (at_s % 300) * 10) for at_s in range(10, 1000, 10)]
    assert all(check.held for check in vitals.judge(vitals.marks(looks)))
    assert [check.held for check in vitals.judge(vitals.marks(looks[:5]))] == [False]


@pytest.mark.parametrize(("dips_at_s", "grows_by"), [(400, 0), (400, 500), (100, 0)])
def test_a_rare_dip_is_no_base_to_grow_from(dips_at_s, grows_by):
    looks = [look(at_s, heap_bytes=150000 - 2000 * (at_s == dips_at_s)) for at_s in range(10, 610, 10)]
    looks += [look(at_s, heap_bytes=150000 + grows_by) for at_s in range(610, 1000, 10)]
    assert vitals.judge(vitals.marks(looks))[0].held


def test_a_rare_dip_hides_no_growth():
    looks = [look(at_s, heap_bytes=150000 + 600 * (at_s > 600) - 2000 * (at_s == 900)) for at_s in range(10, 1000, 10)]
    assert not vitals.judge(vitals.marks(looks))[0].held


def test_a_mark_has_the_highest_peak_so_far():
    looks = [look(at_s, peak_bytes=150000 + (at_s == 100) * 9000) for at_s in range(10, 700, 10)]
    assert [mark.peak_bytes for mark in vitals.marks(looks)] == [150000, 159000, 159000]


def samples(over_s):
    """Return two minutes of looks, over the limit of 5 kW from 60 s on for so long."""
    times = [at / 4 for at in range(480)]
    return [Sample(at_s, 6000.0 if 60 <= at_s < 60 + over_s else 4000.0, 0.0, 0.0) for at_s in times]


def test_a_limit_that_is_passed_for_too_long_is_found():
    levels = [(0.0, 9000), (60.0, 5000)]
    assert limit.judge(samples(12), levels).held
    assert not limit.judge(samples(14), levels).held
    assert limit.judge(samples(14), [(0.0, 9000)]).held
    assert not limit.judge(samples(14), []).held
