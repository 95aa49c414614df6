"""One seed from beginning to end, as plain numbers."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from tools.simulate.events import PACE_OF, Event, random_events
from tools.simulate.pace import HOURS
from tools.simulate.premises import Premises, random_premises
from tools.simulate.rules import Broken, Rule, all_rules
from tools.simulate.signer import Keys
from tools.simulate.sourcing import source
from tools.simulate.wiring import wire
from tools.simulate.world import World


@dataclass(frozen=True)
class Order:
    """What is to be simulated; `only` keeps just these events of the list."""

    seed: int
    scenario: str = "mixed"
    span_ms: int = 3_600_000
    real_signatures: bool = False
    only: tuple[int, ...] | None = None


@dataclass
class Result:
    """What came of it; `rule` is empty when all rules held."""

    order: Order
    rule: str
    found: str
    at_ms: int
    digest: str
    devices: list[str]
    events: list[Event]
    figures: dict[str, int]

    def as_json(self) -> dict[str, Any]:
        """Return the result for a machine."""
        return {
            "seed": self.order.seed,
            "scenario": self.order.scenario,
            "seconds": self.order.span_ms // 1000,
            "ok": not self.rule,
            "rule": self.rule,
            "found": self.found,
            "at_s": self.at_ms / 1000,
            "journal_sha256": self.digest,
            "devices": self.devices,
            **self.figures,
        }


def drawn(order: Order, keys: Keys) -> tuple[Premises, list[Event]]:
    """Return site and events of an order."""
    made = random_premises(order.seed, keys, PACE_OF.get(order.scenario, HOURS))
    wire(order.seed, made)
    source(order.seed, order.scenario, made)
    events = random_events(order.seed, order.scenario, made, order.span_ms)
    if order.only is not None:
        events = [event for event in events if event.number in order.only]
    return made, events


def simulated(order: Order, rules: Iterable[Rule] | None = None, stop_ms: int | None = None) -> Result:
    """Simulate one site; with `stop_ms` only up to then, without the orderly end."""
    keys = Keys(order.seed, order.real_signatures)
    made, events = drawn(order, keys)
    world = World(made, events, keys, all_rules() if rules is None else rules)
    rule = found = ""
    try:
        if stop_ms is None:
            world.run(order.span_ms)
        else:
            world.run_until(stop_ms)
    except Broken as broken:
        rule, found = broken.args
    finally:
        if world.life is not None:
            world.life.cut()
    return Result(order, rule, found, world.now_ms, world.digest.hex(), list(made.kinds), events, _figures(world))


def _figures(world: World) -> dict[str, int]:
    tally = world.tally
    return {
        "tick_ms": world.tick_ms,
        "boots": tally.boots,
        "cuts": tally.cuts,
        "failures": tally.failures,
        "events": len(world.events),
        "seconds_up": tally.seconds_up,
        "requests": tally.requests,
        "commands": world.upstream.sent,
        "sessions": world.upstream.sessions,
        "pages": len(world.upstream.pages),
        "journal_bytes": world.digest.size_bytes,
        "decisions": tally.facts.get(3, 0),
        "writes": tally.facts.get(4, 0),
        "failsafes": tally.facts.get(10, 0),
        "messages": sum(far.heard for far in world.far_sides.values()),
    }
