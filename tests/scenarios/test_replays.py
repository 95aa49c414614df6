"""Incidents that happened, played again on both runtimes and held to what was granted then and why.

`siteward replay FOLDER --from S --to S --make-test tests/scenarios/NAME.replay` adds one; where a change of the core's
mind is meant, the same command on the file itself renews it. `lost-meter.replay` is tests/scenarios/incident.py.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from agent import replay
from tests.needs import needs_program
from tools.replay.play import Events, play_here, play_on_micropython

SCENARIOS = sorted(Path(__file__).parent.glob("*.replay"))


def broken(events: Events) -> Events:
    """Return what must not be: another grant or state, an end of the core, a damaged file."""
    wrong = [event for event in events if event[0] in (replay.DAMAGED, replay.TORN, replay.CRASHED)]
    return wrong + [event for event in events if event[0] == replay.DIFFERS and event[2] != "records"]


@pytest.mark.parametrize("path", SCENARIOS, ids=lambda path: path.stem)
def test_every_grant_is_the_recorded_one_on_both_runtimes(path):
    here = play_here([path])
    assert broken(here) == []
    assert any(event[0] == replay.GRANT for event in here)
    needs_program("micropython")
    assert play_on_micropython([path]) == here


def test_the_meter_was_lost_under_a_limit():
    grants = [event for event in play_here([SCENARIOS[0].with_name("lost-meter.replay")]) if event[0] == replay.GRANT]
    sources = [event[5] for event in grants]
    assert "limit dso" in sources[: sources.index("meter stale")]
    assert "limit dso" in sources[sources.index("meter stale") :]
