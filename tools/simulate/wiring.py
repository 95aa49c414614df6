"""What an installer adds to a site: a circuit of its own, timers, bounds of charge and comfort.

Drawn from a generator of its own, so that a site's devices stay what they were drawn to be.
"""

from __future__ import annotations

import random

from tools.simulate.premises import BATTERY, CHARGER, LOAD, PUMP, ROOM, SG_READY, Premises

GARAGE = "garage"


def wire(seed: int, made: Premises) -> None:
    """Put some devices of a site on a circuit, and give some their own protection."""
    rng = random.Random(f"{seed}/wiring")  # noqa: S311  (a seed, no secret)
    rows = {row["id"]: row for row in made.site["device"]}
    hung = [name for name in made.having(CHARGER, LOAD) if rng.random() < 0.7]
    if hung and rng.random() < 0.5:
        made.site["circuit"] = [{"id": GARAGE, "fuse_ma": rng.choice([10000, 16000, 20000])}]
        for name in hung:
            rows[name]["circuit"] = GARAGE
    if rng.random() < 0.15:
        made.site["site"]["imbalance_ma"] = 20000
    for name in made.having(LOAD, SG_READY):
        if rng.random() < 0.5:
            rows[name].update(on_s=rng.choice([0, 30, 300]), off_s=rng.choice([0, 30, 300]))
    for name in made.having(LOAD):
        if rng.random() < 0.3:
            rows[name]["starts_per_h"] = rng.choice([1, 4])
    for name in made.having(CHARGER, BATTERY):
        if rng.random() < 0.2:
            rows[name]["ramp_w_s"] = rng.choice([50, 500])
    for name in made.having(BATTERY):
        rows[name]["soc_min_pct"] = rng.choice([10, 20, 40])
        rows[name]["soc_max_pct"] = rng.choice([80, 100])
    for name in made.having(ROOM):
        rows[name].update(comfort_min=17000, comfort_max=24000)
    for name in made.having(PUMP, ROOM):
        if rng.random() < 0.3:
            rows[name]["writes_per_day"] = rng.choice([24, 500])
