"""Whole agents for a simulated day each: faults, commands and power cuts spread over all of it.

Started by tests/scenarios/conftest.py; `make soak-sim` runs thousands.
"""

from __future__ import annotations

import json
from collections import Counter
from typing import Any

from tests.scenarios.days import SEEDS, SHOWN_EVERY_S


def told(result: dict[str, Any]) -> str:
    """Return what broke as a person needs it: the seed, the smallest list of events, the command that replays it."""
    events = "\n".join(f"    {event}" for event in result["events_left"])
    return f"seed {result['seed']}: rule '{result['rule']}': {result['found']}\n{events}\n  replay: {result['replay']}"


def test_every_rule_holds_on_simulated_days(days, capfd):
    while not days.ended(SHOWN_EVERY_S):
        with capfd.disabled():
            print(f"\n{len(days.lines())} of {SEEDS} days", end="", flush=True)
    results = [json.loads(line) for line in days.lines()]
    broken = [told(result) for result in results if not result["ok"]]
    assert not broken, "\n".join(broken)
    assert days.exit_code == 0 and [result["seed"] for result in results] == list(range(1, SEEDS + 1))
    seen: Counter[str] = Counter()
    for result in results:
        seen.update({name: found for name, found in result.items() if type(found) is int})
    assert seen["seconds"] == SEEDS * 86400
    assert seen["cuts"] > SEEDS and seen["failsafes"] > SEEDS and seen["commands"] > 10 * SEEDS
