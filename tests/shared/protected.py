"""Devices for tests of what protection lets through."""

from __future__ import annotations

from agent import record
from agent.limits import IMPORT, SITE, Limit
from agent.unit import Contract, Unit
from hal import capabilities as c
from hal import quantities as q
from tests.shared.house import METER, row
from tests.shared.plant import Plant

SG_READY = Contract(c.SG_READY, q.MODE, (1, 4, 1), None, True, 10000)
STOPPABLE = Contract(c.HEAT_PUMP, q.LIMIT_W, (500, 6000, 100), 0, False, 10000)
FREE_PUMP = Contract(c.HEAT_PUMP, q.LIMIT_W, (0, 30000, 100), None, True, 10000)
KEEPING_BATTERY = Contract(c.BATTERY, q.SETPOINT_W, (-5000, 5000, 50), None, True, 10000)
THERMOSTAT = Contract(c.THERMOSTAT, q.TEMP_TARGET_MC, (5000, 30000, 500), None, True, 10000)
DAY_MS = 86400000


def unit(contract, **keys) -> Unit:
    """Return a unit that was told nothing yet."""
    return Unit(1, row("unit", **keys), contract)


def told(one, setpoint, now_ms, source="claim x") -> Unit:
    """Return the unit after it was granted a set-point."""
    one.decide(setpoint, source)
    one.grant(now_ms)
    return one


def delay(one) -> tuple[str, int]:
    """Return what delays a unit, and until when."""
    return one.guard.source, one.guard.at_ms


def plant(*parts) -> Plant:
    """Return a plant of a grid meter and (id, contract, keys, load) each."""
    units = [Unit(0, row("grid"), METER)]
    for device_id, contract, keys, _ in parts:
        units.append(Unit(len(units), row(device_id, **keys), contract))
    return Plant(units, [part[3] for part in parts])


def limit(site, value_w, scope=SITE, direction=IMPORT) -> None:
    """Put a grid operator's limit in force."""
    site.state.limits.append(Limit(scope, direction, value_w, "dso", 0, b"l" * 32))


def delays(facts):
    """Return the DELAY records among `facts`."""
    return [fact for fact in facts if fact[0] == record.DELAY]
