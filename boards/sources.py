"""Which sources of control there are: kind -> module and class, found by name so that each site loads its own alone.

Loaded once and forgotten on a board. What lives in the tick has a `look`, what a gateway runs as a task has a `run`
(boards/cpython/peers.py) and a desk that tells it what became of its controls; one may have both. docs/sources.md.
"""

from __future__ import annotations

from agent.sources.desk import Desk, Sources, authority_of

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from agent.loop import Loop

# Kind, module, class made by `class(desk, options)`, the roles that it may have: the first where nothing else is said.
SOURCES: tuple[tuple[str, str, str, str], ...] = (
    ("ieee2030-5", "boards.cpython.ieee2030_5.source", "Source", "utility grid"),
    ("eebus-lpc", "boards.cpython.eebus.bridge", "EebusBridge", "grid"),
    ("relays", "agent.sources.relays", "Relays", "grid"),
    ("frequency", "agent.sources.frequency", "Frequency", "aggregator utility owner"),
    ("random-delay", "agent.sources.random_delay", "Regulation11", "owner"),
    ("surplus", "agent.sources.surplus", "Surplus", "owner aggregator"),
    ("tariff", "agent.sources.tariff", "Tariff", "owner aggregator"),
    ("owner", "agent.sources.owner", "Words", "owner"),
    ("prices", "agent.sources.price_table", "PriceTable", "owner"),
    ("battery-plan", "agent.sources.battery_plan", "BatteryPlan", "owner aggregator"),
    ("heat-plan", "agent.sources.heat_plan", "HeatPlan", "owner aggregator"),
    ("peak", "agent.sources.peak", "Peak", "owner grid"),
    ("s2", "boards.cpython.s2.source", "EnergyManager", "aggregator owner"),
    ("openadr", "boards.cpython.openadr.ven", "Ven", "aggregator utility grid"),
)


def add_source(row: dict[str, Any], loop: Loop) -> None:
    """Give the loop the source of one checked table. Raises: ValueError(key, got, expected), ImportError."""
    if loop.sources is None:
        loop.sources = Sources()
    kind, module, name, roles = _known(row["kind"])
    role = row["role"] or roles.split(" ")[0]
    if role not in roles.split(" "):
        raise ValueError("role", role, "one of " + roles.replace(" ", ", ") + " for " + kind)
    found = getattr(__import__(module, None, None, (name,)), name)
    desk = _desk_of(found)(loop, authority_of(row["name"], role, row["power_max_w"]))
    made = found(desk, row["options"])
    loop.sources.desks.append(desk)
    if hasattr(made, "run"):
        loop.sources.peers.append(made)
    if hasattr(made, "look"):
        loop.sources.lookers.append(made)


def _known(kind: str) -> tuple[str, str, str, str]:
    for row in SOURCES:
        if row[0] == kind:
            return row
    raise ValueError("kind", kind, "one of " + ", ".join([row[0] for row in SOURCES]))


def _desk_of(found: Any) -> type[Desk]:
    """Return the desk that a kind needs: only gateways have peers."""
    if not hasattr(found, "run"):
        return Desk
    from agent.sources.peer_desk import PeerDesk

    return PeerDesk
