"""What happens to a site, as a list that was drawn before anything runs.

Each kind draws from a generator of its own and each event carries all it needs: taking some events away, as the search
for the smallest failing list does, leaves the others as they are.
"""

from __future__ import annotations

import random
import struct
from typing import Any, NamedTuple

from tools.simulate import premises as p
from tools.simulate.bodies import cancel, claim, limit, whole_set
from tools.simulate.markets import asked
from tools.simulate.pace import DAYS
from tools.simulate.peers import FAR_SIDES
from tools.simulate.premises import Premises


class Event(NamedTuple):
    """`number` is its place in the whole list, by which a replay names it."""

    number: int
    at_ms: int
    kind: str
    args: tuple[Any, ...]

    def line(self) -> str:
        """Return the event as one line for a person."""
        return f"#{self.number} at {self.at_ms / 1000:.3f} s: {self.kind} {' '.join(str(each) for each in self.args)}"


# Scenario -> mean seconds between events of a kind; what is not there never happens.
CALM = {"base": 180, "sun": 400, "car": 5400, "command": 300, "reserve": 240}
FAULTS = {"device": 1200, "meter": 2400, "clock": 14400, "link": 5400, "receipts": 7200}
POWER = {"cut": 9000, "torn": 9000, "stop": 20000, "disk": 40000}
# Rarer, for a run of a day: quiet hours in between, as in a house, and the same kinds over the whole day.
DAY = {
    "base": 900, "sun": 1800, "car": 10800, "command": 1200, "device": 5400, "meter": 10800, "clock": 28800,
    "link": 21600, "receipts": 28800, "cut": 21600, "torn": 28800, "stop": 43200, "disk": 86400, "flood": 28800,
    "reserve": 5400,
}  # fmt: skip
PEERS = {
    **CALM,
    "peer": 45,
    "hertz": 600,
    "clock": 14400,
    "cut": 9000,
    "torn": 14400,
    "link": 5400,
    "device": 5400,
    "meter": 7200,
}
SCENARIOS = {
    "calm": CALM,
    "faults": {**CALM, **FAULTS},
    "power": {**CALM, "cut": 1200, "torn": 900, "stop": 7200, "disk": 9000, "link": 5400},
    "offline": {**CALM, "link": 20000, "cut": 9000, "torn": 9000},
    "flood": {**CALM, "command": 20, "flood": 900},
    "mixed": {**CALM, **FAULTS, **POWER, "command": 240, "flood": 12000, "peer": 240},
    "peers": PEERS,
    "day": DAY,
}
PACE_OF = {"day": DAYS}  # where not HOURS
SPAN_OF_MS = {"day": 86_400_000}  # where not an hour
TWISTS = ("duplicated", "late", "reordered", "replayed", "other-epoch", "other-agent", "flipped", "short")


def random_events(seed: int, scenario: str, made: Premises, span_ms: int) -> list[Event]:
    """Return the events of a seed in a scenario, in order of time."""
    drawn: list[tuple[int, str, tuple[Any, ...]]] = []
    for kind, mean_s in SCENARIOS[scenario].items():
        rng = random.Random(f"{seed}/{scenario}/{kind}")  # noqa: S311  (a seed, no secret)
        at_ms = rng.randrange(mean_s * 2000)
        while at_ms < span_ms:
            args = DRAW[kind](rng, made)
            if args is not None:
                drawn.append((at_ms, kind, args))
            at_ms += 1 + rng.randrange(mean_s * 2000)
    drawn.sort(key=lambda event: event[:2])
    return [Event(number, *event) for number, event in enumerate(drawn)]


Args = tuple[Any, ...] | None


def _base(rng: random.Random, made: Premises) -> Args:
    """The household's phases in W, negative with sun on a plug-in module; mostly within the fuses."""
    fuse_w = made.site["site"]["fuse_ma"] * p.VOLT // 1000
    share = rng.choice([10, 20, 30, 40, 60, 90])
    return tuple(rng.randrange(fuse_w * share // 100 + 1) - rng.choice([0, 0, 0, 500]) for _ in range(3))


def _sun(rng: random.Random, made: Premises) -> Args:
    return (rng.choice([0, 0, 500, 2000, 4000, 6000]),) if made.having(p.BATTERY) else None


def _car(rng: random.Random, made: Premises) -> Args:
    return (rng.choice(["arrive", "leave"]), rng.choice([0.1, 0.5, 0.8, 0.95])) if made.having(p.CHARGER) else None


def _device(rng: random.Random, made: Premises) -> Args:
    """A fault of any product but the grid meter: device, fault, its options."""
    devices = [device for device in made.home["device"] if device["id"] != "grid"]
    if not devices:
        return None
    device = rng.choice(devices)
    kinds = ["silence", "silence", "slow", "exception", "garbage", "zeros", "stuck", "lying", "restart"]
    if device["bus"] == "rs485":
        kinds.append("crc")
    if device["product"] in FOREIGN:
        kinds += ["refuse", "foreign", "foreign"]
    if device["product"] == "alfen-eve":
        kinds.append("watchdog")
    return device["id"], *_fault(rng, rng.choice(kinds), device["product"])


FOREIGN = {
    "alfen-eve": (1210, list(struct.unpack(">HH", struct.pack(">f", 20.0)))),
    "luxtronik-shi": (10041, [60]),
    "fronius-gen24": (40348, [0]),
    "heatmiser-edge": (33, [240]),
}


def _fault(rng: random.Random, kind: str, product: str) -> tuple[str, dict[str, Any]]:
    options: dict[str, Any] = {"seconds": float(rng.choice([1, 3, 10, 40, 120, 600]))}
    if kind == "slow":
        options["delay_s"] = rng.choice([0.2, 0.6, 0.95, 1.5, 3.0])
    elif kind == "exception":
        options["code"] = rng.choice([2, 4, 6, 10, 11])
    elif kind == "refuse":
        options["address"] = FOREIGN[product][0]
    elif kind == "foreign":
        options["address"], options["words"] = FOREIGN[product]
        options["every_s"] = rng.choice([0.0, 5.0, 60.0])
    elif kind == "watchdog":
        options = {}
    return kind, options


def _meter(rng: random.Random, _made: Premises) -> Args:
    """A fault of the grid meter: of its line, or of what it says."""
    kinds = ["silence", "silence", "slow", "exception", "crc", "garbage", "zeros", "stuck", "restart"]
    if rng.random() < 0.6:
        return "line", *_fault(rng, rng.choice(kinds), "eastron-sdm630")
    said = rng.choice(["scaled", "scaled", "exchanged"])
    return said, {"seconds": rng.choice([1, 5, 30, 120]), "per_cent": rng.choice([0, 50, 200, -100, 3000])}


def _clock(rng: random.Random, _made: Premises) -> Args:
    return (rng.choice([-7200000, -60000, -1500, -300, 300, 1500, 60000, 3600000, 86400000]),)


def _cut(rng: random.Random, _made: Premises) -> Args:
    """Seconds without power, per mille of what was not durable that stays, bytes of noise behind it."""
    return rng.choice([1, 1, 5, 5, 60, 60, 900, 7200]), rng.randrange(1001), rng.choice([0, 0, 3, 40])


def _torn(rng: random.Random, made: Premises) -> Args:
    """The same, once so many more bytes were written."""
    return rng.choice([0, rng.randrange(200), rng.randrange(3000)]), *(_cut(rng, made) or ())


def _stop(rng: random.Random, _made: Premises) -> Args:
    return (rng.choice([1, 5, 600]),)


def _disk(rng: random.Random, _made: Premises) -> Args:
    return (rng.choice([1, 5, 60]),)


def _link(rng: random.Random, _made: Premises) -> Args:
    return (rng.choice([1, 10, 120, 1800, 20000]),)


def _receipts(rng: random.Random, _made: Premises) -> Args:
    return rng.choice(["lost", "twice", "forged", "late"]), rng.choice([30, 600])


def _flood(rng: random.Random, _made: Premises) -> Args:
    return rng.choice([5, 40, 200]), rng.randrange(1 << 30)


def _peer(rng: random.Random, made: Premises) -> Args:
    """Whose far side, its word, the seed of what it says, how long that lasts."""
    words = {far.kind: far.words for far in FAR_SIDES}
    rows = [row for row in made.site.get("source", []) if words.get(row["kind"])]
    if not rows:
        return None
    row = rng.choice(rows)
    return row["name"], rng.choice(words[row["kind"]]), rng.randrange(1 << 30), rng.choice([30, 119, 120, 200, 900])


def _hertz(rng: random.Random, _made: Premises) -> Args:
    """The mains frequency in mHz."""
    return (rng.choice([50000, 50000, 49990, 49950, 49800, 49690, 49500, 50200, 51500]),)


def _command(rng: random.Random, made: Premises) -> Args:
    """Sender, kind, body, what is wrong with it."""
    who = rng.choice(["dso", "dso", "agg", "agg", "owner", "headend", "stranger"])
    kind, body = rng.choice(ORDERS)(rng, made)
    twist = rng.choice(TWISTS) if rng.random() < 0.3 else ""
    return who, kind, body, twist


ORDERS = (limit, limit, limit, claim, claim, claim, claim, cancel, whole_set)
DRAW = {
    "base": _base, "sun": _sun, "car": _car, "device": _device, "meter": _meter, "clock": _clock, "cut": _cut,
    "torn": _torn, "stop": _stop, "disk": _disk, "link": _link, "receipts": _receipts, "flood": _flood,
    "command": _command, "reserve": asked, "peer": _peer, "hertz": _hertz,
}  # fmt: skip
