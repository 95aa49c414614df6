"""What peers send that nobody should believe: noise, pieces of messages, depth, and numbers that no quantity has."""

from __future__ import annotations

import copy
import json
import random
from typing import Any

DEPTH = 3000
NOISE_BYTES_MAX = 400
ABSURD: tuple[Any, ...] = (
    None, True, "", "12", "NaN", [], {}, [[]], -1, 0, 1, 2**63, -(2**63), 10**30, 0.5, -0.0, 1e308, float("nan"),
    float("inf"), "9999-12-31T23:59:60Z", "2026-02-30T00:00:00Z", "-PT1H", "P9999Y", "PT0S", "x" * 5000, "\u0000",
)  # fmt: skip


def noise(rng: random.Random) -> bytes:
    """Return random bytes on one line."""
    return rng.randbytes(rng.randrange(1, NOISE_BYTES_MAX)).replace(b"\n", b"\r")


def truncated(rng: random.Random, raw: bytes) -> bytes:
    """Return the first part of a message: never the whole."""
    return raw[: rng.randrange(1, max(2, len(raw) - 1))]


def deep() -> bytes:
    """Return JSON that is nested without end."""
    return b'{"a":' * DEPTH + b"1" + b"}" * DEPTH


def doubled(raw: bytes) -> bytes:
    """Return an object in which each of its keys stands twice."""
    return b"{" + raw[1:-1] + b"," + raw[1:-1] + b"}"


def mutated(rng: random.Random, document: Any) -> Any:
    """Return a document of which one thing is absurd or is not there."""
    made = copy.deepcopy(document)
    places: list[tuple[Any, Any]] = []
    _gather(made, places)
    holder, key = rng.choice(places)
    if rng.random() < 0.2:
        del holder[key]
    else:
        holder[key] = rng.choice(ABSURD)
    return made


def text(document: Any) -> bytes:
    """Return a document as JSON, in which NaN is allowed."""
    return json.dumps(document).encode()


def _gather(held: Any, places: list[tuple[Any, Any]]) -> None:
    keys = held if type(held) is dict else range(len(held))
    for key in keys:
        places.append((held, key))
        if type(held[key]) in (dict, list):
            _gather(held[key], places)
