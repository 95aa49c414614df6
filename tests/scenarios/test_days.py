"""Whole agents for a simulated day each: faults, commands and power cuts spread over all of it.

They run at the lowest priority: they take minutes of every core, and the other lanes of tests wait for lines, brokers
and processes. `make soak-sim` runs thousands.
"""

from __future__ import annotations

import json
import subprocess
import sys
from collections import Counter
from typing import Any

from tests.needs import ROOT

SEEDS = 200


def told(result: dict[str, Any]) -> str:
    """Return what broke as a person needs it: the seed, the smallest list of events, the command that replays it."""
    events = "\n".join(f"    {event}" for event in result["events_left"])
    return f"seed {result['seed']}: rule '{result['rule']}': {result['found']}\n{events}\n  replay: {result['replay']}"


def test_every_rule_holds_on_simulated_days():
    simulate = [sys.executable, "-m", "tools.cli", "simulate", "day", "--seeds", str(SEEDS), "--json"]
    run = subprocess.run(["nice", "-n", "19", *simulate], cwd=ROOT, capture_output=True, text=True, check=False)
    results = [json.loads(line) for line in run.stdout.splitlines()]
    broken = [told(result) for result in results if not result["ok"]]
    assert not broken, "\n".join(broken)
    assert run.returncode == 0 and [result["seed"] for result in results] == list(range(1, SEEDS + 1)), run.stderr
    seen: Counter[str] = Counter()
    for result in results:
        seen.update({name: found for name, found in result.items() if type(found) is int})
    assert seen["seconds"] == SEEDS * 86400
    assert seen["cuts"] > SEEDS and seen["failsafes"] > SEEDS and seen["commands"] > 10 * SEEDS
