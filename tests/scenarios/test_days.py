"""Whole agents for a simulated day each: faults, commands and power cuts spread over all of it.

They run on all cores; docs/simulation.md says what a day costs. `make soak-sim` runs thousands.
"""

from __future__ import annotations

import json
import subprocess
import sys
from collections import Counter
from typing import Any

from tests.needs import ROOT

SEEDS = 200
SHOWN_EVERY = 10


def told(result: dict[str, Any]) -> str:
    """Return what broke as a person needs it: the seed, the smallest list of events, the command that replays it."""
    events = "\n".join(f"    {event}" for event in result["events_left"])
    return f"seed {result['seed']}: rule '{result['rule']}': {result['found']}\n{events}\n  replay: {result['replay']}"


def test_every_rule_holds_on_simulated_days(capfd):
    command = [sys.executable, "-m", "tools.cli", "simulate", "day", "--seeds", str(SEEDS), "--json"]
    results = []
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) as running:
        assert running.stdout is not None
        for line in running.stdout:
            results.append(json.loads(line))
            if len(results) % SHOWN_EVERY == 0:
                with capfd.disabled():
                    print(f"\n{len(results)} of {SEEDS} days", end="", flush=True)
    broken = [told(result) for result in results if not result["ok"]]
    assert not broken, "\n".join(broken)
    assert running.returncode == 0 and [result["seed"] for result in results] == list(range(1, SEEDS + 1))
    seen: Counter[str] = Counter()
    for result in results:
        seen.update({name: found for name, found in result.items() if type(found) is int})
    assert seen["seconds"] == SEEDS * 86400
    assert seen["cuts"] > SEEDS and seen["failsafes"] > SEEDS and seen["commands"] > 10 * SEEDS
