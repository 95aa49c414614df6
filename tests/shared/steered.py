"""Sites whose connection shall carry something, for tests of targets."""

from __future__ import annotations

from agent import record
from agent.claims import TARGET, Claim
from agent.limits import IMPORT, SITE, Limit
from agent.unit import Contract, Unit
from hal import capabilities as c
from hal import quantities as q
from tests.shared.house import BATTERY, CHARGER, METER, SWITCH, row
from tests.shared.plant import Load, Plant
from tests.shared.seeded import Lcg

TYPE_CHECKING = False
if TYPE_CHECKING:
    pass

PUMP = Contract(c.HEAT_PUMP, q.LIMIT_W, (500, 6000, 100), 0, False, 10000)
NEAR_W = 150  # a target that can be met is met so closely once all have settled
FAR_MS = 1 << 40
AGG, OWN = 5, 0  # primacies


def plant(*parts) -> Plant:
    """Return a plant of a grid meter and (id, contract, keys, load) each; 3 kW that nobody moves."""
    units = [Unit(0, row("grid"), METER)]
    for device_id, contract, keys, _ in parts:
        units.append(Unit(len(units), row(device_id, **keys), contract))
    site = Plant(units, [part[3] for part in parts])
    site.base_w = [1000, 1000, 1000]
    return site


def ev(wants_w=11040, name="charger", **keys) -> tuple[str, Contract, dict[str, object], Load]:
    """Return a car at a charger."""
    table: dict[str, object] = {"power_max_w": 22080, "default": 32000, "priority": 20}
    table.update(keys)
    return name, CHARGER, table, Load(wants_w)


def battery(name="battery", **keys) -> tuple[str, Contract, dict[str, object], Load]:
    """Return a battery that regulates itself, now at 0."""
    table: dict[str, object] = {"power_max_w": 5000, "priority": 30}
    table.update(keys)
    return name, BATTERY, table, Load(0)


def pump(wants_w=4000, **keys) -> tuple[str, Contract, dict[str, object], Load]:
    """Return a heat pump that comes before the charger."""
    table: dict[str, object] = {"power_max_w": 6000, "default": 6000, "priority": 10, "on_s": 0, "off_s": 0}
    table.update(keys)
    return "pump", PUMP, table, Load(wants_w)


def rod(**keys) -> tuple[str, Contract, dict[str, object], Load]:
    """Return a heating rod behind a contact that says nothing of its power."""
    table: dict[str, object] = {"power_max_w": 2000, "default": 1, "priority": 40, "on_s": 0, "off_s": 0}
    table.update(keys)
    load = Load(2000)
    load.reports = False
    return "rod", SWITCH, table, load


def claim(site, value, mode=TARGET, scope=SITE, primacy=AGG, until_ms=FAR_MS, ramp_s=0) -> Claim:
    """Put a claim in force."""
    state = site.state
    state.created += 1
    one = Claim(scope, value, primacy, state.created, "agg", until_ms, b"c" * 31 + bytes((state.created,)), mode)
    one.ramp_ms = ramp_s * 1000
    state.claims.append(one)
    return one


def limit(site, value_w, scope=SITE, direction=IMPORT) -> None:
    """Put a grid operator's limit in force."""
    site.state.limits.append(Limit(scope, direction, value_w, "dso", 0, b"l" * 32))


def told(site, index, setpoint, **now) -> Unit:
    """Let a unit be where it was told for long, steered in the tick before; `now` says what is otherwise."""
    unit = site.state.units[index]
    unit.setpoint = unit.next = unit.wanted = unit.wished = setpoint
    unit.source = unit.next_source = unit.wanted_source = "before"
    unit.drawn_known, unit.soc_pm = True, 500
    unit.does_w = unit.drawn_w = 0 if setpoint is None else unit.power_of(setpoint)
    unit.was_steered = unit.steered = True
    unit.guard.running = unit.runs(setpoint)
    for key in now:
        setattr(unit, key, now[key])
    return unit


def stand(site, *setpoints) -> list[Unit]:
    """Let all units do for long what they were told; return them."""
    return [told(site, at + 1, setpoint) for at, setpoint in enumerate(setpoints)]


def moves(site, seconds, noise_w=0, seed=1) -> int:
    """Let time pass under a base load that flickers; return how many set-points changed."""
    lcg, base_w, count = Lcg(seed), list(site.base_w), 0
    del site.seen_w[:]
    for _ in range(seconds):
        before = site.setpoints()
        if noise_w:
            site.base_w = [phase_w + (lcg.below(2 * noise_w + 1) - noise_w) // 3 for phase_w in base_w]
        site.run(1)
        count += len([at for at, setpoint in enumerate(site.setpoints()) if setpoint != before[at]])
    site.base_w = base_w
    return count


def is_met(site, target_w, near_w=NEAR_W) -> bool:
    """Tell whether the connection carries about so much."""
    return abs(site.grid_w() - target_w) <= near_w


def events(site) -> list[int]:
    """Return the states that controls went through."""
    return [fact[3] for fact in site.facts if fact[0] == record.EVENT]
