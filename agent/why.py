"""Why each device does what it does: what binds it, what waits, how old each input is, who may change it.

Plain numbers and texts, for whatever shows them to the owner; numbers mean what hal.quantities, hal.capabilities,
agent.record and agent.limits say, their names stay with who shows them. What is left is in ms; None is unknown or
never. Pure, and loaded on a board only when somebody asks.
"""

from __future__ import annotations

from agent.claims import winner
from agent.limits import EXPORT, IMPORT, SITE, tightest
from agent.orders import OWNER_PRIMACY, may_claim, may_limit
from hal import capabilities
from hal import quantities as q

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from agent.claims import Claim
    from agent.command import Authority
    from agent.image import Image
    from agent.limits import Limit
    from agent.loop import Loop
    from agent.state import State
    from agent.unit import Unit

    Told = dict[str, Any]


def site(state: State, image: Image, authorities: list[Authority], now_ms: int) -> Told:
    """Return what holds for the connection as a whole."""
    table, meter = state.site, state.site.meter
    limits = [_signed(state, limit, now_ms) for limit in state.limits if limit.scope == SITE]
    for limit in limits:
        limit["binds"] = limit["tightest"] and limit["w"] < _own_w(state, limit["direction"])
    return {
        "agent": state.agent_id.hex(),
        "epoch": state.epoch,
        "now_ms": now_ms,
        "civil_ms": image.civil_ms,
        "clock_quality": image.civil_quality,
        "clock_error_ms": image.civil_error_ms,
        "import_limit_w": table.import_limit_w,
        "export_limit_w": table.export_limit_w,
        "fuse_ma": table.fuse_ma,
        "limits": limits,
        "meter": None if meter is None else _input(state, image, meter, table.meter_stale_ms, now_ms),
        "failsafe": state.failsafe,
        "authorities": [{"authority": each.name, "role": each.role} for each in authorities],
        "devices": [unit.id for unit in state.units],
    }


def keeping(loop: Loop) -> Told:
    """Return what waits in the journal for a receipt, whether the way upstream is open, and what was not taken."""
    ledger, uplink = loop.ledger, loop.uplink
    return {
        "next_seq": ledger.next_seq,
        "released_seq": ledger.released_seq,
        "waiting": ledger.next_seq - ledger.released_seq,
        "uplink": uplink is not None,
        "connected": uplink is not None and uplink.connected,
        "trouble": "" if uplink is None or uplink.connected else uplink.trouble,
        "overflow": loop.overflow,
        "refused_receipts": loop.session.refused_receipts,
        "dropped_oversize": 0 if uplink is None else uplink.dropped_oversize,
    }


def device(state: State, image: Image, authorities: list[Authority], unit: Unit, now_ms: int) -> Told:
    """Return everything that bears on one device now; `setpoint` None is its own default mode."""
    contract = unit.contract
    told: Told = {"device": unit.id, "kind": contract.kind, "control": contract.control, "now_ms": now_ms}
    told["inputs"] = [_input(state, image, unit.index, contract.stale_ms, now_ms)]
    if not contract.control:
        return told
    powered, meter = unit.takes_power(), state.site.meter
    wish, wish_source = unit.wanted, unit.wanted_source
    told["setpoint"], told["source"] = unit.setpoint, unit.source
    told["wish"], told["wish_source"] = wish, wish_source
    told["failsafe"] = state.failsafe if powered else 0
    told["limits"] = _chain(state, unit, now_ms) if powered else []
    told["claims"] = [_claim(state, claim, now_ms) for claim in _in_order(state, unit)]
    told["rise"] = _rise(state, unit, wish, now_ms) if powered else None
    told["next_ms"] = _next(told)
    told["lease_ms"] = max(0, state.now_ms + state.lease_ms - now_ms) if unit.source else 0
    told["write"] = _write(unit, now_ms)
    told["may_change"] = [_right(state, authority, unit) for authority in authorities if authority.role != "receipt"]
    if powered and meter is not None:
        told["inputs"].append(_input(state, image, meter, state.site.meter_stale_ms, now_ms))
    return told


def _input(state: State, image: Image, index: int, stale_ms: int, now_ms: int) -> Told:
    """Return how old a device's newest answer is; its power may be as old."""
    sample = image.samples[index]
    told: Told = {"device": state.units[index].id, "stale_ms": stale_ms, "age_ms": None, "power_w": None}
    if sample is not None:
        told["age_ms"], told["power_w"] = now_ms - sample.at_ms, sample.values.get(q.POWER_W)
    told["fresh"] = image.fresh(index, now_ms, stale_ms) is not None
    return told


def _own_w(state: State, direction: int) -> int:
    return state.site.import_limit_w if direction == IMPORT else state.site.export_limit_w


def _signed(state: State, limit: Limit, now_ms: int) -> Told:
    return {
        "source": "limit " + limit.source,
        "authority": limit.source,
        "scope": "" if limit.scope == SITE else state.name_of(limit.scope),
        "direction": limit.direction,
        "w": limit.value,
        "left_ms": limit.until_ms - now_ms if limit.until_ms else None,
        "command": limit.command.hex(),
        "tightest": limit is tightest(state.limits, limit.scope, limit.direction),
    }


def _chain(state: State, unit: Unit, now_ms: int) -> list[Told]:
    """Return every limit on a unit that takes power, in the order of force; several may bind at once."""
    table, site_wide = state.site, {"scope": "", "left_ms": None}
    chain: list[Told] = []
    if unit.power_max_w:
        chain.append({"source": "nameplate", "scope": unit.id, "w": unit.power_max_w, "left_ms": None})
    phases = [phase + 1 for phase in unit.phases]
    chain.append(dict(site_wide, source="fuse", ma=table.fuse_ma, phases=phases))
    directions = (IMPORT, EXPORT) if unit.contract.kind == capabilities.BATTERY else (IMPORT,)
    for direction in directions:
        chain.append(dict(site_wide, source="connection", w=_own_w(state, direction), direction=direction))
        on_unit = [each for each in state.limits if each.direction == direction and each.scope in (SITE, unit.index)]
        chain.extend([_signed(state, limit, now_ms) for limit in on_unit])
    for told in chain:
        named = told["source"] == unit.source or (told["source"] == "fuse" and unit.source.startswith("fuse "))
        told["binds"] = named and told.get("tightest", True)
    return chain


def _claim(state: State, claim: Claim, now_ms: int) -> Told:
    return {
        "authority": claim.source,
        "setpoint": claim.value,
        "primacy": claim.primacy,
        "left_ms": claim.until_ms - now_ms,
        "command": claim.command.hex(),
        "wins": claim is winner(state.claims, claim.scope),
    }


def _in_order(state: State, unit: Unit) -> list[Claim]:
    """Return the claims on a unit, the winner first, then as they would follow."""
    waiting = [claim for claim in state.claims if claim.scope == unit.index]
    ordered: list[Claim] = []
    while waiting:
        first = winner(waiting, unit.index)
        assert first is not None
        ordered.append(first)
        waiting.remove(first)
    return ordered


def _rise(state: State, unit: Unit, wish: int | None, now_ms: int) -> Told | None:
    """Return how long room must last before a held unit may have more; `left_ms` None: there is no room yet."""
    if unit.covering:
        since_ms = unit.covered_ms
    elif unit.held and unit.setpoint is not None and unit.setpoint != wish:
        since_ms = unit.risen_ms
    else:
        return None
    waiting = since_ms < state.now_ms and not state.failsafe
    return {"wait_ms": unit.rise_ms, "left_ms": max(0, since_ms + unit.rise_ms - now_ms) if waiting else None}


def _next(told: Told) -> int | None:
    """Return when at the earliest something known ends or rises; what is measured may change it sooner."""
    ends = [each["left_ms"] for each in told["limits"] + told["claims"]]
    if told["rise"] is not None:
        ends.append(told["rise"]["left_ms"])
    known = [left_ms for left_ms in ends if left_ms is not None]
    return max(0, min(known)) if known else None


def _write(unit: Unit, now_ms: int) -> Told | None:
    """Return what became of the newest write that was told of; None: nothing was written yet."""
    written = unit.written
    if written is None:
        return None
    return {
        "age_ms": now_ms - unit.written_ms,
        "setpoint": written.setpoint,
        "outcome": written.outcome,
        "evidence": written.evidence,
        "kept": written.kept,
        "source": written.source,
    }


def _right(state: State, authority: Authority, unit: Unit) -> Told:
    """Return what an authority may do to a unit; `wins`: a claim of its own sent now would take its place."""
    first, claims = winner(state.claims, unit.index), may_claim(authority)
    lowest = OWNER_PRIMACY if authority.role == "owner" else OWNER_PRIMACY + 1
    return {
        "authority": authority.name,
        "role": authority.role,
        "limits": may_limit(authority) and unit.takes_power(),
        "claims": claims,
        "power_max_w": authority.power_max_w,
        "wins": claims and (first is None or first.primacy >= lowest),
    }
