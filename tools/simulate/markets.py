"""Two aggregators who sell one site: the windows that they reserve, and what they ask for in each other's."""

from __future__ import annotations

import random
from typing import Any

from tools.simulate.bodies import CANCEL, CLAIM, START_S, STARTS_S, Body, claim, whole_set
from tools.simulate.premises import Premises

RESERVE, SET = 6, 4
PROGRAMMES = ("agg", "vpp")
POWERS_W = (500, 3000, 9000)
WINDOWS_S = (60, 600, 3600)


def reservation(rng: random.Random, made: Premises) -> Body:
    """Return a window on the site, a circuit or a device; some of them nobody may have."""
    circuits = [row["id"] for row in made.site.get("circuit", [])]
    scope = rng.choice(["", *circuits, *made.kinds, "nobody"])
    body: list[Any] = [scope, rng.choice([0, 1]), rng.choice(POWERS_W), rng.choice(WINDOWS_S)]
    return RESERVE, [*body, {START_S: rng.choice(STARTS_S)}] if rng.random() < 0.5 else body


def asked(rng: random.Random, made: Premises) -> tuple[str, int, list[Any], str]:
    """Return what one of two programmes sends: windows mostly, and claims to stand in the other one's."""
    who, draw = rng.choice(PROGRAMMES), rng.random()
    if draw < 0.5:
        kind, body = reservation(rng, made)
    elif draw < 0.85:
        kind, body = claim(rng, made)
    elif draw < 0.95:
        kind, body = CANCEL, []
    else:
        kind, body = whole_set(rng, made)
        body[0].append(list(reservation(rng, made)))
    return (who if kind != CLAIM else rng.choice(PROGRAMMES)), kind, body, ""
