"""What survives a reboot fits into one frame of the journal on the largest site that a gateway takes."""

from __future__ import annotations

import pytest

from agent.circuits import Circuit
from agent.claims import CHANGE, CLAIMS_MAX, Claim
from agent.config import AUTHORITIES_MAX, DEVICES_MAX, SOURCES_MAX
from agent.kept import dump
from agent.limits import LIMITS_MAX, Limit
from agent.orders import VALUE_MAX
from agent.prices import QUARTERS_MAX, Prices
from agent.reserve import RESERVATIONS_MAX, Reservation, Reserving
from agent.state import State
from agent.unit import Unit
from boards.cpython.kept_room import check_room
from boards.startup import StartError
from tests.shared.house import AGENT_ID, CHARGER, TABLE, row

FRAME_BYTES = 65535  # docs/format.md, "Journal"
NOW_MS = 10**9
CIVIL_MS = 1795359600000
NAME = "a-name-of-16-lon"
COMMAND = bytes(32)


def large_site(devices: int, starts_per_h: int) -> State:
    """Return a site on which everything that is kept is as long as it can be."""
    units = [Unit(at, row(f"device-no-{at:06}", starts_per_h=starts_per_h), CHARGER) for at in range(devices)]
    state = State(Circuit(TABLE, 0), units, AGENT_ID, 7, 60, 10000)
    state.now_ms, state.created = NOW_MS, VALUE_MAX
    for unit in units:
        unit.guard.writes, unit.guard.tokens = 10**9, -(10**9)
        unit.guard.started = [NOW_MS - 3599000] * starts_per_h
    state.counters = {bytes([at]) * 8: 1 << 52 for at in range(AUTHORITIES_MAX + SOURCES_MAX)}
    for at in range(LIMITS_MAX):
        limit = Limit(at, 0, VALUE_MAX, NAME, NOW_MS * 2, COMMAND)
        limit.until_civil_ms = limit.from_civil_ms = CIVIL_MS
        state.limits.append(limit)
    for at in range(CLAIMS_MAX):
        claim = Claim(at, -VALUE_MAX, 255, VALUE_MAX, NAME, NOW_MS * 2, COMMAND, CHANGE)
        claim.until_civil_ms = claim.from_civil_ms = CIVIL_MS
        claim.base, claim.ramp_ms, claim.takes = -VALUE_MAX, 3600000, [at]
        state.claims.append(claim)
    state.reserving = Reserving({NAME: RESERVATIONS_MAX})
    for at in range(RESERVATIONS_MAX):
        window = Reservation(at, 1, VALUE_MAX, NAME, COMMAND)
        window.from_ms, window.until_ms = NOW_MS * 2, NOW_MS * 3
        window.from_civil_ms = window.until_civil_ms = CIVIL_MS
        state.reserving.windows.append(window)
    state.prices, state.priced = Prices([NAME]), [[CIVIL_MS // 900000, bytes(3 * QUARTERS_MAX)] for _ in (0, 1)]
    names = [unit.id for unit in units]
    state.away = COMMAND
    state.comforts = dict.fromkeys(names[:128], (-(10**6), 10**6))
    state.departures = dict.fromkeys(names[:128], (CIVIL_MS, 10**6))
    state.kept = {f"source-of-plan-{at}": [1 << 30] * 192 for at in range(SOURCES_MAX)}
    return state


@pytest.mark.parametrize(("devices", "starts_per_h"), [(DEVICES_MAX, 1), (172, 60), (128, 0)])
def test_whatever_a_site_keeps_that_is_let_in_fits_into_one_frame(devices, starts_per_h):
    state = large_site(devices, starts_per_h)
    check_room(state.units)
    assert len(dump(state)) <= FRAME_BYTES - 600  # 35 keys were replaced


def test_more_starts_than_can_be_kept_are_refused_with_the_figure():
    with pytest.raises(StartError, match=r"of 173 devices are 36503 bytes .* 36500 have room: lower some"):
        check_room(large_site(173, 60).units)
