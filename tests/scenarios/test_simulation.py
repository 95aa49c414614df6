"""Whole agents from seeds: every rule holds in every second, and the same seed is the same run."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys

import pytest

from agent import allocate
from tests.needs import ROOT
from tests.scenarios.worlds import small_world
from tools.cli import main
from tools.simulate import minimise
from tools.simulate.command import HeedLater
from tools.simulate.events import SCENARIOS, Event
from tools.simulate.minimise import replay, smallest
from tools.simulate.rest import RestLoop
from tools.simulate.rules import Rule
from tools.simulate.run import Order, simulated

HOUR_MS = 3_600_000
ENDED_S = 30
HALF_HOUR_MS = HOUR_MS // 2


def simulate(*arguments: str, hash_seed: str = "0") -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "tools.cli", "simulate", *arguments]
    environment = {**os.environ, "PYTHONHASHSEED": hash_seed}
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=120, check=False, env=environment)


@pytest.mark.parametrize("seed", range(1, 5))
def test_every_rule_holds_when_anything_may_happen(seed):
    result = simulated(Order(seed, "mixed", HOUR_MS))
    assert not result.rule, (result.rule, result.found, replay(result.order))


@pytest.mark.parametrize("scenario", sorted(set(SCENARIOS) - {"mixed"}))
def test_every_rule_holds_in_the_other_scenarios(scenario):
    result = simulated(Order(21, scenario, HALF_HOUR_MS))
    assert not result.rule, (result.rule, result.found, replay(result.order))


def test_every_rule_holds_with_real_signatures():
    result = simulated(Order(8, "mixed", HALF_HOUR_MS, real_signatures=True))
    assert not result.rule and result.figures["pages"] > 0


def test_the_same_seed_gives_the_same_journal_in_another_process():
    first = simulate("peers", "--seed", "4", "--hours", "0.5", "--json", hash_seed="1")
    again = simulate("peers", "--seed", "4", "--hours", "0.5", "--json", hash_seed="2")
    assert first.returncode == again.returncode == 0, first.stderr
    assert first.stdout == again.stdout
    assert json.loads(first.stdout)["journal_bytes"] > 0


def test_ctrl_c_ends_every_process_at_once_and_says_what_held_and_how_to_go_on():
    command = [sys.executable, "-m", "tools.cli", "simulate", "calm", "--seeds", "200", "--jobs", "2", "--json"]
    heeded = signal.signal(signal.SIGINT, signal.default_int_handler)  # background jobs inherit "ignored"
    pipe = subprocess.PIPE
    running = subprocess.Popen(command, cwd=ROOT, stdout=pipe, stderr=pipe, text=True, start_new_session=True)
    signal.signal(signal.SIGINT, heeded)
    with running:
        assert running.stdout is not None and running.stderr is not None and running.stdout.readline()
        os.killpg(running.pid, signal.SIGINT)
        more, said = running.stdout.read(), running.stderr.read()  # end when the last process has closed its end
    assert running.returncode == 130
    told = 1 + more.count("\n")
    ways = [f"seeds 1 to {n} are done, every rule held; --seed {n + 1} --seeds {200 - n} goes on\n" for n in range(200)]
    assert said in ways[told : told + 2], (said, told)  # the last one may be counted and not yet told


def test_a_signal_that_comes_inside_the_pool_is_heeded_behind_it():
    heeded, gone_on = signal.signal(signal.SIGINT, signal.default_int_handler), []
    try:
        with pytest.raises(KeyboardInterrupt), HeedLater():
            signal.raise_signal(signal.SIGINT)
            gone_on.append("inside")
        assert gone_on and signal.getsignal(signal.SIGINT) is signal.default_int_handler
    finally:
        signal.signal(signal.SIGINT, heeded)


def test_a_command_that_is_killed_leaves_no_process_behind():
    command = [sys.executable, "-m", "tools.cli", "simulate", "calm", "--seeds", "200", "--jobs", "2", "--json"]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) as running:
        assert running.stdout is not None and running.stdout.readline()
        running.kill()
        running.communicate(timeout=ENDED_S)  # not before the last process has closed its end
    assert running.returncode == -signal.SIGKILL


@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_who_is_ended_inside_the_agent_breaks_no_rule(number, code, monkeypatch, capsys):
    decide, calls = allocate.decide, []

    def told_to_end(*arguments):
        calls.append(number)
        if len(calls) == 100:
            signal.raise_signal(number)
        decide(*arguments)

    monkeypatch.setattr("agent.allocate.decide", told_to_end)
    heeded = {each: signal.getsignal(each) for each in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)}
    signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        assert main(["simulate", "calm", "--seeds", "2", "--jobs", "1"]) == code
    finally:
        for each, handler in heeded.items():
            signal.signal(each, handler)
    assert len(calls) < 110 and capsys.readouterr().out == ""


def test_another_seed_gives_another_journal():
    short = [simulated(Order(seed, "calm", 60_000)).digest for seed in (1, 2)]
    assert short[0] != short[1]


def test_the_command_says_what_is_wrong_with_its_arguments():
    unknown = simulate("no-such-scenario")
    assert unknown.returncode == 2 and "no scenario 'no-such-scenario'" in unknown.stderr
    assert simulate("calm", "--only", "x").returncode == 2


def test_events_are_taken_away_until_each_one_is_needed():
    asked = []

    def fails(numbers):
        asked.append(list(numbers))
        return {3, 17} <= set(numbers)

    assert smallest(range(40), fails) == [3, 17]
    assert len(asked) <= minimise.RUNS_MAX
    assert smallest(range(40), lambda _: True) == []
    assert len(smallest(range(40), fails, runs_max=3)) < 40


class OneLoad(Rule):
    """Breaks at the second change of the base load."""

    name = "one load"

    def look(self, world):
        if sum(event.kind == "base" and event.at_ms <= world.now_ms for event in world.events) > 1:
            raise self.broken("a second one")


def test_a_failure_is_shown_with_its_smallest_events_and_the_command_that_replays_it(monkeypatch, capsys):
    monkeypatch.setattr("tools.simulate.run.all_rules", lambda: [OneLoad()])
    assert main(["simulate", "calm", "--seed", "4", "--hours", "0.3", "--jobs", "1"]) == 1
    said = capsys.readouterr().out
    assert "rule 'one load' does not hold" in said and "2 of " in said
    replayed = said.rsplit("replay: siteward simulate ", 1)[1].split()
    assert main(["simulate", *replayed]) == 1
    assert "2 of 2 events are enough" in capsys.readouterr().out


def test_a_cut_in_the_middle_of_a_write_is_followed_by_a_boot_that_goes_on():
    world = small_world(*[(100 + 30 * at, "torn", at * 37, 1, 500, at) for at in range(8)])
    world.run(400_000)
    assert world.tally.cuts == 8 and world.tally.boots == 9


def test_a_broken_disk_ends_the_agent_in_its_failsafe_and_it_comes_back():
    world = small_world((100, "disk", 1))
    world.run_until(104_000)
    assert world.life is None and world.tally.failures == 1
    assert world.plant.home.devices["charger"].product.state()["setpoint_a"] == 6.0
    world.run(120_000)
    assert world.tally.boots == 2


def test_what_ended_in_the_tick_in_which_the_disk_broke_is_said_at_the_next_boot():
    result = simulated(Order(1069, "day", 24 * HOUR_MS), stop_ms=72_100_000)  # it breaks as a limit of 300 s ends
    assert not result.rule and result.figures["failures"] > 0, (result.rule, result.found)


def test_an_event_names_its_place_in_the_whole_list():
    assert Event(3, 1500, "sun", (0,)).line() == "#3 at 1.500 s: sun 0"


def test_a_loop_that_never_rests_is_noticed(monkeypatch):
    monkeypatch.setattr("tools.simulate.rest.TURNS_MAX", 50)
    tasks = RestLoop()

    def again():
        tasks.call_soon(again)

    again()
    with pytest.raises(Exception, match="50 turns"):
        tasks.rest()
