"""One circuit, limit, claim, input, protection or hand, as agent/why.py tells it: plain numbers and texts.

Looking changes nothing: it is done between two ticks. Loaded on a board only when somebody asks.
"""

from __future__ import annotations

from agent.claims import ASIDE, CHANGE, TARGET, slot, winner
from agent.limits import EXPORT, HOLD, IMPORT, MILLIAMP, SITE, WATT, tightest, tightest_ma
from agent.protection import HOUR_MS, REST, RUN, STARTS
from hal import capabilities
from hal import quantities as q
from hal.compat import const

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from agent.actuator import Actuator
    from agent.circuits import Circuit
    from agent.claims import Claim
    from agent.image import Image
    from agent.limits import Limit
    from agent.protection import Guard
    from agent.state import State
    from agent.unit import Unit

    Told = dict[str, Any]

_WRITES_SAVED_MAX = const(12)
_HOURS = const(24)

_TIMERS = (REST, RUN, STARTS)

# What a limit is at present.
WAITS = "waits"
SUSPENDED = "suspended"
HELD = "held"
IN_FORCE = "in force"


def heard(state: State, image: Image, index: int, stale_ms: int, now_ms: int) -> Told:
    """Return how old a device's newest answer is; its power may be as old."""
    sample = image.samples[index]
    told: Told = {"device": state.units[index].id, "stale_ms": stale_ms, "age_ms": None, "power_w": None}
    if sample is not None:
        told["age_ms"], told["power_w"] = now_ms - sample.at_ms, sample.values.get(q.POWER_W)
    told["fresh"] = image.fresh(index, now_ms, stale_ms) is not None
    return told


def circuit(state: State, image: Image, each: Circuit, now_ms: int) -> Told:
    """Return what a circuit may carry, what says so, and what the last tick left; room None: there is no headroom."""
    seen = each.failsafe == 0 and (each.shown_w is not None or not each.metered())
    parent = "" if each.scope == SITE else state.circuits[each.parent].id
    limits = [limit(state, found, now_ms) for found in state.limits if found.scope == each.scope]
    for told in limits:
        told["binds"] = told["tightest"] and _is_lower(each, told)
    return {
        "circuit": each.id,
        "parent": parent,
        "import_limit_w": each.import_limit_w,
        "export_limit_w": each.export_limit_w,
        "fuse_ma": each.fuse_ma,
        "imbalance_ma": each.imbalance_ma,
        "metered": each.metered(),
        "meter": None if each.meter is None else heard(state, image, each.meter, each.meter_stale_ms, now_ms),
        "failsafe": each.failsafe,
        "shown_w": each.shown_w,
        "room_w": each.left_w if seen else None,
        "room_ma": list(each.left_ma) if seen else None,
        "baseline_w": each.baseline_w(),
        "limits": limits,
        "targets": [claim(state, found, now_ms) for found in in_order(state, each.scope)],
        "reserved": [told for told in reserved(state, each.scope, now_ms) if told["scope"] == each.id],
    }


def _is_lower(each: Circuit, told: Told) -> bool:
    """Tell whether a limit asks for less than what its circuit is made for."""
    asked: int = told["ma"] if "ma" in told else told["w"]
    if "ma" in told:
        return asked < each.fuse_ma
    return asked < (each.import_limit_w if told["direction"] == IMPORT else each.export_limit_w)


def limit(state: State, each: Limit, now_ms: int) -> Told:
    """Return a limit; `left_ms` None: it has no end, or was not released at its end."""
    held = each.due and each.on_expiry == HOLD and 0 < each.until_ms <= now_ms
    told: Told = {
        "source": each.name,
        "authority": each.source,
        "scope": state.name_of(each.scope),
        "direction": each.direction,
        "state": WAITS if not each.due else SUSPENDED if not each.live else HELD if held else IN_FORCE,
        "starts_ms": None if each.due else max(0, each.from_ms - now_ms),
        "left_ms": max(0, each.until_ms - now_ms) if each.until_ms and not held else None,
        "default": each.until_ms == 0,
        "holds": each.on_expiry == HOLD,
        "command": each.command.hex(),
        "tightest": _is_tightest(state, each),
    }
    told["w" if each.quantity == WATT else "ma"] = each.value
    if each.quantity == MILLIAMP:
        told["phases"] = [phase + 1 for phase in (0, 1, 2) if each.phases >> phase & 1]
    return told


def _is_tightest(state: State, each: Limit) -> bool:
    if each.quantity == WATT:
        return each is tightest(state.limits, each.scope, each.direction)
    return any(each is tightest_ma(state.limits, each.scope, each.direction, phase) for phase in (0, 1, 2))


def claim(state: State, each: Claim, now_ms: int) -> Told:
    """Return a claim; `now` is what it wants at present, None while that is not known yet."""
    ramps = each.started and each.origin is not None
    unknown = each.mode == CHANGE and each.base is None
    return {
        "authority": each.source,
        "mode": each.mode,
        "batteries": each.batteries,
        "w" if each.mode == TARGET or each.mode == CHANGE else "setpoint": None if each.mode == ASIDE else each.value,
        "now": None if unknown else each.value_at(now_ms),
        "base_w": each.base,
        "ramp_left_ms": max(0, each.started_ms + each.ramp_ms - now_ms) if ramps else 0,
        "primacy": each.primacy,
        "starts_ms": None if each.due else max(0, each.from_ms - now_ms),
        "left_ms": max(0, each.until_ms - now_ms) if each.until_ms else None,
        "default": each.until_ms == 0,
        "command": each.command.hex(),
        "wins": each is winner(state.claims, each.scope, slot(each.mode)),
        "put_off": state.reserving is not None and each in state.reserving.waiting,
    }


def in_order(state: State, scope: int) -> list[Claim]:
    """Return the claims on a scope: for each matter the winner first, then as they would follow; what waits last."""
    found = [each for each in state.claims if each.scope == scope or scope in each.takes]
    places = [
        (not each.due, slot(each.mode), each.until_ms == 0, each.primacy, -each.created, at)
        for at, each in enumerate(found)
    ]
    return [found[place[5]] for place in sorted(places)]


def reserved(state: State, scope: int, now_ms: int) -> list[Told]:
    """Return the windows that programmes have on a scope, or on what it is part of, the first to begin first."""
    if state.reserving is None:
        return []
    found = [
        {
            "authority": each.source,
            "scope": state.name_of(each.scope),
            "direction": each.direction,
            "power_w": each.power_w,
            "starts_ms": None if each.began else max(0, each.from_ms - now_ms),
            "left_ms": max(0, each.until_ms - now_ms),
            "command": each.command.hex(),
        }
        for each in state.reserving.over(state, scope)
    ]
    return [found[at] for _, at in sorted([(told["starts_ms"] or 0, at) for at, told in enumerate(found)])]


def protection(unit: Unit, now_ms: int) -> Told:
    """Return what delays a device and until when (`left_ms` None: what is measured says), and what it has left."""
    guard, contract = unit.guard, unit.contract
    delays, at_ms = guard.source, guard.at_ms
    if not delays and unit.source in _TIMERS:
        delays, at_ms = unit.source, _free_ms(guard)  # held down by a limit, too, it was not asked in this tick
    told: Told = {
        "delays": delays,
        "left_ms": at_ms - now_ms if delays and at_ms > now_ms else None,
        "running": guard.running,
        "bound_ms": max(0, _free_ms(guard) - now_ms),
        "starts_left": guard.starts_left(now_ms),
        "short_runs": guard.short_runs,
        "ramp_w_s": guard.ramp_w_s,
    }
    if contract.kind == capabilities.BATTERY:
        told["soc_pm"], told["soc_min_pm"], told["soc_max_pm"] = unit.soc_pm, guard.soc_min_pm, guard.soc_max_pm
        told["empty"], told["full"] = guard.empty, guard.full
    if contract.persistent:
        day_ms = _HOURS * HOUR_MS
        tokens = guard.tokens + (now_ms - guard.filled_ms) * guard.writes_per_day
        told["writes"], told["writes_per_day"] = guard.writes, guard.writes_per_day
        told["writes_left"] = max(0, min(tokens // day_ms, _WRITES_SAVED_MAX))
    return told


def _free_ms(guard: Guard) -> int:
    """Return when a running device may stop, or a stopped one start, as far as its timers go."""
    free_ms = guard.changed_ms + (guard.on_ms if guard.running else guard.off_ms) if guard.changed_ms >= 0 else 0
    if not guard.running and guard.starts_per_h and len(guard.started) == guard.starts_per_h:
        free_ms = max(free_ms, guard.started[0] + HOUR_MS)
    return free_ms


def hand(actuator: Actuator, now_ms: int) -> Told | None:
    """Return what is known of another controller of a device; None: there never was one."""
    if not actuator.foreign_times:
        return None
    return {
        "now": actuator.foreign,
        "age_ms": now_ms - actuator.foreign_ms,
        "kept": actuator.foreign_kept,
        "times": actuator.foreign_times,
    }


def on_unit(state: State, unit: Unit, now_ms: int) -> list[Told]:
    """Return every limit on a unit that takes power, its own first and the connection's last; several may bind."""
    chain: list[Told] = []
    if unit.power_max_w:
        chain.append({"source": "nameplate", "scope": unit.id, "w": unit.power_max_w, "left_ms": None})
    directions = (IMPORT, EXPORT) if unit.contract.kind == capabilities.BATTERY else (IMPORT,)
    _add_limits(state, chain, unit.index, directions, now_ms)
    phases = [phase + 1 for phase in unit.phases]
    for each in unit.chain:
        own: Told = {"scope": each.id, "left_ms": None}
        chain.append(dict(own, source="fuse", ma=each.fuse_ma, phases=phases))
        for direction in directions:
            most_w = each.import_limit_w if direction == IMPORT else each.export_limit_w
            chain.append(dict(own, source=each.own, w=most_w, direction=direction))
        if each.imbalance_ma and len(phases) < 3:
            chain.append(dict(own, source="imbalance", ma=each.imbalance_ma))
        _add_limits(state, chain, each.scope, directions, now_ms)
    for told in chain:
        told["binds"] = _names(unit, told) and told.get("tightest", True)
    return chain


def _add_limits(state: State, chain: list[Told], scope: int, directions: tuple[int, ...], now_ms: int) -> None:
    found = [each for each in state.limits if each.scope == scope and each.direction in directions]
    chain.extend([limit(state, each, now_ms) for each in found])


def _names(unit: Unit, told: Told) -> bool:
    """Tell whether the source of a unit's set-point is this limit."""
    source: str = told["source"]
    if source == "fuse":
        behind = " " + told["scope"] if told["scope"] else ""
        return unit.source in ["fuse%s L%d" % (behind, phase) for phase in told["phases"]]
    return source == unit.source
