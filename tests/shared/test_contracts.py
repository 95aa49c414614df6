"""The contracts of hal/ as they stand: what a set-point may be, before anything is written."""

from __future__ import annotations

from hal import capabilities as c
from hal import quantities as q
from hal.capabilities.battery import Battery
from hal.capabilities.charger import Charger
from hal.capabilities.heat_pump import HeatPump
from hal.capabilities.phase_switch import PhaseSwitch
from hal.capabilities.sg_ready import SgReady
from hal.capabilities.switch import Switch
from hal.capabilities.thermostat import Thermostat
from hal.errors import OutOfRange

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any


def refused(device: c.Controllable, setpoint: Any) -> bool:
    try:
        device.check(setpoint)
    except OutOfRange:
        return True
    return False


def test_a_charger_takes_off_and_whole_steps_inside_its_range():
    charger = Charger()
    charger.step = 1000
    for limit_ma in (0, 6000, 7000, 32000):
        assert not refused(charger, limit_ma)
    for limit_ma in (-1, 1, 5999, 6500, 33000):
        assert refused(charger, limit_ma)


def test_a_phase_switch_takes_one_or_three_and_nothing_between():
    assert not refused(PhaseSwitch(), 1) and not refused(PhaseSwitch(), 3)
    for phases in (0, 2, 4, -1):
        assert refused(PhaseSwitch(), phases)


def test_a_set_point_is_an_integer_and_never_a_boolean():
    switch = Switch()
    assert not refused(switch, 1)
    for setpoint in (True, None, "1"):
        assert refused(switch, setpoint)


async def test_nothing_is_written_when_a_set_point_is_out_of_range():
    written: list[int] = []

    class Socket(Switch):
        async def set_on(self, on: int) -> int:
            written.append(on)
            return on

    socket = Socket()
    assert await socket.obey(1) == 1
    try:
        await socket.obey(2)
    except OutOfRange as error:
        assert error.args == (q.ON, 2, 0, 1, 1)
    assert written == [1]


async def test_a_contract_without_a_driver_obeys_nothing():
    for device in (Charger(), Battery(), HeatPump(), SgReady(), Thermostat(), Switch(), PhaseSwitch()):
        try:
            await device.set_point(device.minimum)
        except OutOfRange as error:
            assert error.args[0] == device.control
        else:
            raise AssertionError(device.kind)


async def test_a_contract_without_a_driver_cannot_tell_what_is_kept():
    for device in (Charger(), Battery(), HeatPump(), SgReady(), Thermostat(), Switch(), PhaseSwitch()):
        try:
            await device.kept()
        except OutOfRange as error:
            assert error.args[0] == device.control
        else:
            raise AssertionError(device.kind)
