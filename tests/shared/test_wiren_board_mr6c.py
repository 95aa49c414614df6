"""Wiren Board WB-MR6C on a line in memory: what it is told, and that its safe mode is armed."""

from __future__ import annotations

from hal import quantities as q
from hal.errors import NotObeyed, OutOfRange
from tests.shared.modbus_units import Unit, failure_of
from tests.shared.products import driver_of


def board():
    """Return a board as delivered."""
    return Unit({8: 0}, {})


async def test_a_relay_is_switched_once_safe_mode_is_armed_and_let_go():
    unit = board()
    relay = driver_of("wiren-board-mr6c", unit, {"channel": 6})
    await relay.open()
    assert await relay.obey(1) == 1 == await relay.kept()
    assert unit.coils == {5: 1} and unit.registers == {8: 60} and await relay.read() == {q.ON: 1}
    unit.asked = []
    await relay.obey(1)
    assert [asked for asked in unit.asked if asked[0] > 4] == []  # register and contact wear
    assert await relay.default_mode() == 0 and unit.coils == {5: 0}


async def test_a_board_that_keeps_no_time_out_closes_nothing():
    unit = board()
    unit.stubborn = (8,)
    relay = driver_of("wiren-board-mr6c", unit)
    assert (await failure_of(relay.obey(1))).args == (8, (60,), (0,)) and unit.coils == {}
    unit.stubborn = (0,)
    assert type(await failure_of(relay.obey(1))) is NotObeyed
    assert type(await failure_of(relay.obey(2))) is OutOfRange


def test_there_are_six_relays():
    for channel in (0, 7):
        try:
            driver_of("wiren-board-mr6c", board(), {"channel": channel})
        except ValueError as error:
            assert error.args[0] == "channel"
        else:
            raise AssertionError("accepted")
