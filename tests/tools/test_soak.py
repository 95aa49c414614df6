"""The soak in short, for real; and each of its judges is shown something that it must find."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections import Counter
from itertools import pairwise
from pathlib import Path

import cbor2

from tests.needs import ROOT, needs_program
from tools.soak import durable, limits, vitals
from tools.soak.havoc import PROGRAMS, plan
from tools.soak.keeper import Life
from tools.soak.processes import MARK, survivors
from tools.soak.truth import Sample

SEED, SECONDS = 19, 20
GATEWAY = limits.CIRCUITS[0]


def soak(*arguments: str) -> subprocess.Popen[str]:
    needs_program("micropython")
    needs_program("nats-server")
    command = [sys.executable, "-m", "tools.soak", *arguments]
    return subprocess.Popen(command, cwd=ROOT, text=True, stdout=subprocess.PIPE, stderr=subprocess.PIPE)


def test_everything_holds_while_everything_dies():
    run = soak("--seconds", str(SECONDS), "--seed", str(SEED), "--json")
    out, said = run.communicate(timeout=240)
    broken = [check for check in json.loads(out)["checks"] if not check["held"]]
    assert not broken, f"{broken}\n{said}"
    assert run.returncode == 0


def test_ctrl_c_leaves_nothing_behind():
    run = soak("--seconds", "60", "--seed", "1")
    folder = run.stderr.readline().split()[-1]
    while "limits are in force" not in run.stderr.readline():
        assert run.poll() is None
    assert survivors(folder)
    run.send_signal(signal.SIGINT)
    assert run.wait(60) == 130
    run.communicate()
    assert not survivors(folder) and not Path(folder).exists()


def test_too_short_a_run_is_refused():
    run = soak("--seconds", "3")
    assert "expected 20 or more" in run.communicate(timeout=60)[1]
    assert run.returncode == 2


def test_same_seed_makes_the_same_plan_and_everything_dies():
    assert plan(5, 600) == plan(5, 600) != plan(6, 600)
    blows = plan(5, 600)
    assert set(Counter(name for blow in blows for name in blow.targets)) == set(PROGRAMS)
    assert any(len(blow.targets) > 1 for blow in blows) and any(blow.again_s is not None for blow in blows)
    assert all(later.at_s > blow.at_s + blow.down_s for blow, later in pairwise(blows))


def life(ready_s: float, *facts: tuple[float, dict]) -> Life:
    return Life(ready_s - 1, ready_s, ready={"epoch": 2}, facts=list(facts))


def attached(at_s: float, at_ms: int) -> tuple[float, dict]:
    return at_s, {"fact": "device", "device": "grid", "state": "attached", "at_ms": at_ms}


def bound(at_s: float, at_ms: int) -> tuple[float, dict]:
    return at_s, {"fact": "binding", "device": "heat-pump", "granted": 0, "source": "limit dso", "at_ms": at_ms}


def looks(power_w: float, from_s: int, to_s: int) -> list[Sample]:
    return [Sample(quarter / 4, power_w, 4140, 4800) for quarter in range(from_s * 4, to_s * 4)]


def judged(lives: list[Life], samples: list[Sample]) -> list[bool]:
    return [check.held for check in limits.judge(GATEWAY, lives, [life(0)], samples)]


def test_limit_named_late_or_never_is_found():
    first, samples = life(0), looks(5300, 5, 40)
    assert judged([first, life(19, attached(20, 1000), bound(21, 2000))], samples) == [True, True]
    assert judged([first, life(19, attached(20, 1000), bound(24, 4500))], samples) == [False, True]
    assert judged([first, life(19, attached(20, 1000))], samples) == [False, True]


def test_power_over_the_limit_for_too_long_is_found():
    lives = [life(0), life(19, attached(20, 1000), bound(20, 1000))]
    back_soon = looks(5300, 5, 20) + looks(7000, 20, 25) + looks(5300, 25, 40)
    back_late = looks(5300, 5, 20) + looks(7000, 20, 30) + looks(5300, 30, 40)
    assert judged(lives, back_soon) == [True, True]
    assert judged(lives, back_late) == [True, False]
    assert judged(lives, looks(7000, 2, 10)) == [True, False]  # nothing could be judged: that proves nothing


def test_a_told_fact_without_its_record_is_found():
    told = life(1, (2.0, {"fact": "decision", "command": "ab" * 32, "reason": "accepted", "at_ms": 61500}))
    boot = cbor2.dumps([2, 0, "1", "x", bytes(32), bytes(32), 25000, [["grid", "m"]]])
    decision = cbor2.dumps([3, 1500, bytes.fromhex("ab" * 32), bytes(8), 1, 0])
    assert durable.lost_facts([told], {1: (2, 0, boot), 2: (2, 60, decision)}) == []
    assert len(durable.lost_facts([told], {1: (2, 0, boot), 2: (1, 60, decision)})) == 1
    assert len(durable.lost_facts([told], {1: (2, 0, boot)})) == 1


def test_memory_and_handles_that_never_come_back_are_found():
    def with_vitals(handles: list[int], kb: list[int]) -> Life:
        grown = life(0)
        grown.handles = [(20.0 + at, count) for at, count in enumerate(handles)]
        grown.resident_kb = [(20.0 + at, count) for at, count in enumerate(kb)]
        return grown

    flat = with_vitals([10, 14, 10, 14, 10, 14], [30000] * 6)
    assert [check.held for check in vitals.judge("gateway", [flat])] == [True, True]
    leaking = with_vitals([10, 12, 14, 16, 18, 20], [30000] * 6)
    assert [check.held for check in vitals.judge("gateway", [leaking])] == [True, False]
    swollen = with_vitals([10] * 6, [30000, 30000, 30000, 45000, 45000, 45000])
    assert [check.held for check in vitals.judge("gateway", [swollen])] == [False, True]


def test_processes_are_known_by_their_mark():
    waiting = [sys.executable, "-c", "print('up', flush=True); input()"]
    child = subprocess.Popen(
        waiting, env={**os.environ, MARK: "only-here"}, stdin=subprocess.PIPE, stdout=subprocess.PIPE
    )
    try:
        child.stdout.readline()
        assert survivors("only-here") == [child.pid]
    finally:
        child.kill()
        child.communicate()
    assert survivors("only-here") == []
