"""What authorities ask for in a simulation: limits, claims, cancellations and whole sets, with every option.

A start is drawn as seconds from when it is sent; who sends it adds the agent's own seconds.
"""

from __future__ import annotations

import random
from typing import Any

from agent.claims import CEILING, CHANGE, TARGET
from agent.limits import HOLD, IMPORT, MILLIAMP
from tools.simulate import premises as p
from tools.simulate.premises import Premises

LIMIT, CLAIM, CANCEL, SET = 1, 2, 3, 4
QUANTITY, PHASES, START_S, ON_EXPIRY, MODE, RANDOM_START_S, RANDOM_END_S, RAMP_S = range(1, 9)
DURATIONS_S = (5, 60, 300, 1800, 7200)
STARTS_S = (5, 60, 600, 3600)
RANDOM_S = (-60, 30, 600)
WATTS = (0, 1000, 3000, 4200, 6000, 9000, 15000, 99000)
SETPOINTS = {
    p.CHARGER: [0, 6000, 8000, 16000, 32000, 4000],
    p.BATTERY: [-5000, -2000, 0, 1000, 3000, 9000],
    p.PUMP: [0, 1000, 2500, 30000],
    p.SG_READY: [1, 2, 3, 4, 5],
    p.ROOM: [12000, 18000, 21000, 25000],
    p.LOAD: [0, 1, 2],
}

Body = tuple[int, list[Any]]


def limit(rng: random.Random, made: Premises) -> Body:
    """Return a limit on the site, a circuit or a device."""
    scopes = [
        "",
        "",
        "",
        *made.having(p.CHARGER, p.BATTERY, p.PUMP),
        *_circuits(made),
        rng.choice([*made.kinds, "nobody"]),
    ]
    direction = rng.choice([0, 0, 0, 1])
    options = _time(rng)
    most = rng.choice(WATTS)
    if direction == IMPORT and rng.random() < 0.2:
        options[QUANTITY], options[PHASES] = MILLIAMP, rng.choice([7, 1, 2, 4, 3])
        most = rng.choice([0, 4000, 6000, 10000, 16000, 40000])
    if rng.random() < 0.1:
        options[ON_EXPIRY] = HOLD
    return LIMIT, _body([rng.choice(scopes), direction, most, _duration_s(rng)], options)


def claim(rng: random.Random, made: Premises) -> Body:
    """Return a wish for a device, or a target for the site or a circuit."""
    options = _time(rng)
    if rng.random() < 0.3:
        options[RAMP_S] = rng.choice([10, 120])
    if rng.random() < 0.25:
        options[MODE] = rng.choice([TARGET, CHANGE])
        asked = rng.choice([-6000, -2000, -500, 0, 500, 3000, 7000])
        return CLAIM, _body(
            [rng.choice(["", "", *_circuits(made)]), asked, _duration_s(rng), rng.randrange(6)], options
        )
    if rng.random() < 0.2:
        options[MODE] = CEILING
    device = rng.choice([*made.kinds, *made.having(*SETPOINTS), "nobody"])
    setpoint = rng.choice(SETPOINTS.get(made.kinds.get(device, ""), [0, 1]))
    return CLAIM, _body([device, setpoint, _duration_s(rng), rng.randrange(6)], options)


def cancel(rng: random.Random, _made: Premises) -> Body:
    """Return the end of what its sender said last; who sends it names that."""
    return CANCEL, _body([], {RANDOM_END_S: 60} if rng.random() < 0.3 else {})


def whole_set(rng: random.Random, made: Premises) -> Body:
    """Return what replaces everything that its sender has said."""
    drawn = [rng.choice([limit, claim])(rng, made) for _ in range(rng.choice([0, 1, 3, 12]))]
    return SET, [[list(each) for each in drawn]]


def sent(kind: int, body: list[Any], now_s: int) -> list[Any]:
    """Return a body as it goes out: starts count in the agent's own seconds."""
    if kind == SET:
        return [[[each, sent(each, inner, now_s)] for each, inner in body[0]]]
    options = body[-1] if body and type(body[-1]) is dict else {}
    if START_S not in options:
        return body
    return [*body[:-1], {**options, START_S: now_s + options[START_S]}]


def _circuits(made: Premises) -> list[str]:
    return [row["id"] for row in made.site.get("circuit", [])]


def _duration_s(rng: random.Random) -> int:
    """Return how long; 0 is a default that never ends."""
    return 0 if rng.random() < 0.05 else rng.choice(DURATIONS_S)


def _time(rng: random.Random) -> dict[int, int]:
    options = {}
    if rng.random() < 0.2:
        options[START_S] = rng.choice(STARTS_S)
    if rng.random() < 0.1:
        options[RANDOM_START_S] = rng.choice(RANDOM_S)
    if rng.random() < 0.1:
        options[RANDOM_END_S] = rng.choice(RANDOM_S)
    return options


def _body(fixed: list[Any], options: dict[int, int]) -> list[Any]:
    return [*fixed, options] if options else fixed
