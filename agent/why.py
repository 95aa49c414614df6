"""Why each device does what it does: what binds it, what waits, how old each input is, who may change it.

Plain numbers and texts, for whatever shows them to the owner; numbers mean what hal.quantities, hal.capabilities,
agent.record, agent.claims and agent.limits say, their names stay with who shows them. What is left is in ms; None is
unknown or never. Pure, asked between two ticks, and loaded on a board only when somebody asks.
"""

from __future__ import annotations

from agent import told as parts
from agent.claims import winner
from agent.failsafe import cause_of
from agent.orders import OWNER_PRIMACY, may_claim, may_limit
from hal.capabilities import INVERTER

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from agent.circuits import Circuit
    from agent.command import Authority
    from agent.image import Image
    from agent.loop import Loop
    from agent.state import State
    from agent.unit import Unit

    Told = dict[str, Any]


def site(
    state: State, image: Image, authorities: list[Authority], now_ms: int, below: list[Circuit] | None = None
) -> Told:
    """Return what holds for the connection as a whole, and for circuits below it: all of them, or those given."""
    told = parts.circuit(state, image, state.site, now_ms)
    told.update({
        "agent": state.agent_id.hex(),
        "epoch": state.epoch,
        "now_ms": now_ms,
        "civil_ms": image.civil_ms,
        "clock_quality": image.civil_quality,
        "clock_error_ms": image.civil_error_ms,
        "authorities": [{"authority": each.name, "role": each.role} for each in authorities],
        "devices": [unit.id for unit in state.units],
    })  # fmt: skip
    circuits = state.circuits if below is None else below
    told["circuits"] = [parts.circuit(state, image, each, now_ms) for each in circuits if each is not state.site]
    return told


def keeping(loop: Loop) -> Told:
    """Return what waits in the journal for a receipt, whether the way upstream is open, and what was not taken."""
    ledger, uplink, session = loop.ledger, loop.uplink, loop.session
    oldest = ledger.oldest()
    return {
        "next_seq": ledger.next_seq,
        "released_seq": ledger.released_seq,
        "waiting": ledger.next_seq - ledger.released_seq,
        # Epoch, monotonic and civil seconds (0 unknown) of the oldest record that waits.
        "waiting_since": None if oldest is None else [oldest.epoch, oldest.base_s, oldest.civil[0]],
        "lost": ledger.lost,
        "kept_bytes": ledger.kept_bytes(),
        "thinned": loop.state.thinned,
        "uplink": uplink is not None,
        "connected": uplink is not None and uplink.connected,
        "trouble": "" if uplink is None or uplink.connected else uplink.trouble,
        "overflow": loop.overflow,
        "silent": session.silent,
        "refused_receipts": session.refused_receipts,
        "stray_receipts": session.stray_receipts,
        "dropped_oversize": 0 if uplink is None else uplink.dropped_oversize,
    }


def device(state: State, image: Image, authorities: list[Authority], unit: Unit, now_ms: int) -> Told:
    """Return everything that bears on one device now; `setpoint` None is its own default mode."""
    contract = unit.contract
    told: Told = {"device": unit.id, "kind": contract.kind, "control": contract.control, "now_ms": now_ms}
    told["circuits"] = [each.id for each in unit.chain]
    told["inputs"] = [parts.heard(state, image, unit.index, contract.stale_ms, now_ms)]
    if not contract.control:
        return told
    powered = unit.takes_power()
    told["setpoint"], told["source"] = unit.setpoint, unit.source
    told["wish"], told["wish_source"] = unit.wanted, unit.wanted_source
    told["comfort"] = list(unit.comfort)
    told["departure"] = list(state.departure_of(unit.id) or ())  # civil ms, Wh
    told["failsafe"] = cause_of(unit) if powered else 0
    told["failsafe_circuit"] = next(each.id for each in unit.chain if each.failsafe) if told["failsafe"] else None
    told["limits"] = parts.on_unit(state, unit, now_ms) if powered else []
    told["claims"] = [parts.claim(state, each, now_ms) for each in parts.in_order(state, unit.index)]
    told["targets"] = _targets(state, unit, now_ms)
    told["steered"] = unit.steered
    told["reserved"] = parts.reserved(state, unit.index, now_ms)
    told["protection"] = parts.protection(unit, now_ms)
    told["rise"] = _rise(state, unit, now_ms) if powered else None
    told["next_ms"], told["next"] = _next(told)
    told["lease_ms"] = max(0, state.now_ms + state.lease_ms - now_ms) if unit.source else 0
    told["write"] = _write(unit, now_ms)
    told["may_change"] = [_right(state, authority, unit) for authority in authorities if authority.role != "receipt"]
    for each in unit.chain:
        if powered and each.meter is not None:
            told["inputs"].append(parts.heard(state, image, each.meter, each.meter_stale_ms, now_ms))
    return told


def _targets(state: State, unit: Unit, now_ms: int) -> list[Told]:
    """Return what is tracked at this moment on the circuits that a unit hangs on."""
    return [
        dict(parts.claim(state, each.aim, now_ms), scope=each.id, shown_w=each.shown_w)
        for each in unit.chain
        if each.aim is not None
    ]


def _rise(state: State, unit: Unit, now_ms: int) -> Told | None:
    """Return how long room must last before a held unit may have more; `left_ms` None: there is no room yet."""
    if unit.covering:
        since_ms = unit.covered_ms
    elif unit.source.startswith("protection"):
        return None  # that has its own time
    elif unit.held and unit.setpoint is not None and unit.setpoint != unit.wanted:
        since_ms = unit.risen_ms
    else:
        return None
    waiting = since_ms < state.now_ms and not cause_of(unit)
    return {"wait_ms": unit.rise_ms, "left_ms": max(0, since_ms + unit.rise_ms - now_ms) if waiting else None}


def _next(told: Told) -> tuple[int | None, str]:
    """Return when at the earliest something known begins, ends or rises, and what; measured things may be sooner."""
    known = []
    for each in told["limits"] + told["claims"] + told["targets"]:
        name = each["source"] if "source" in each else "claim " + each["authority"]
        known.append((each.get("starts_ms"), name + " begins"))
        known.append((each["left_ms"], name + " ends"))
    known.append((told["protection"]["left_ms"], told["protection"]["delays"]))
    if told["rise"] is not None:
        known.append((told["rise"]["left_ms"], "rise"))
    known = sorted([each for each in known if each[0] is not None])
    return known[0] if known else (None, "")


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
    """Return what an authority may do to a unit; `wins`: a timed set-point of its own would decide."""
    first, claims = winner(state.claims, unit.index), may_claim(authority)
    free = state.reserving is None or not state.reserving.free_ms(state, authority.name, unit.index, state.now_ms)
    lowest = OWNER_PRIMACY if authority.role == "owner" else OWNER_PRIMACY + 1
    return {
        "authority": authority.name,
        "role": authority.role,
        "limits": may_limit(authority) and (unit.takes_power() or unit.contract.kind == INVERTER),
        "claims": claims,
        "power_max_w": authority.power_max_w,
        "wins": claims and free and (first is None or first.until_ms == 0 or first.primacy >= lowest),
    }
