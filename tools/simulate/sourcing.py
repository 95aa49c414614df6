"""What a site's installer adds beside keys: sources of control, with and without a peer.

Drawn from a generator of its own, so that a site's devices stay what they were drawn to be.
"""

from __future__ import annotations

import random

from agent.config import SOURCES_MAX
from tools.simulate.local import LOCAL
from tools.simulate.peers import FAR_SIDES
from tools.simulate.premises import Premises

SHARE = {"peers": 0.6, "mixed": 0.1}  # of the sites of a scenario that have a source, kind by kind; none elsewhere


def source(seed: int, scenario: str, made: Premises) -> None:
    """Give a site its sources."""
    rng = random.Random(f"{seed}/sources")  # noqa: S311  (a seed, no secret)
    rows = []
    for make in [*[far.row_for for far in FAR_SIDES], *LOCAL]:
        row = make(rng, made)
        if rng.random() < SHARE.get(scenario, 0) and row is not None:
            rows.append(row)
    if rows:
        made.site["source"] = rows[:SOURCES_MAX]
