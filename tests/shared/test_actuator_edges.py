"""A device's hand where a lease is overslept, a fault changes its kind, or the very first grant is default mode."""

from __future__ import annotations

from agent import record
from hal.errors import DeviceError, Refused
from tests.shared.hands import FAR_MS, pump


async def test_a_lease_that_ended_between_two_ticks_has_ended_whoever_it_was_from():
    for source in ("default", "lease", "limit dso", "nameplate", ""):
        hand = pump()
        hand.grant(4200, 10000, source)
        await hand.act(0)
        hand.said()
        assert await hand.act(10750) != []
        assert [told[:2] + told[4:] for told in hand.said()] == [(None, record.DEFAULTED, "lease ended")]


async def told_of(faults, setpoint):
    """Return the outcomes that are said while one write after the other fails."""
    hand = pump()

    async def fail(*_):
        raise faults[0]

    hand.driver.obey = hand.driver.default_mode = fail
    hand.grant(setpoint, FAR_MS)
    now_ms = 0
    while faults:
        await hand.act(now_ms)
        faults, now_ms = faults[1:], now_ms + 60000
    return [told[1] for told in hand.said()]


async def test_every_change_of_a_fault_is_said_and_only_that():
    silent, refused = DeviceError("nobody answers"), Refused("no")
    for setpoint in (4200, None):
        assert await told_of([silent, silent], setpoint) == [record.FAILED]
        assert await told_of([refused, refused], setpoint) == [record.REJECTED]
        assert await told_of([silent, refused, silent], setpoint) == [record.FAILED, record.REJECTED, record.FAILED]
