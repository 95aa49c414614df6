"""Bench of contracts/pins.py and contracts/board_pins.py: BoardPins on stand-ins for `machine`, in virtual time."""

import asyncio
import sys

sys.path[:0] = ["build/board-tests", "tests/fakes"]  # where tests/board.py puts what is simulated

from machine import pins as machine  # type: ignore[attr-defined]  # noqa: E402

from boards.micropython import pin_parts  # noqa: E402
from boards.micropython import pins as board_pins  # noqa: E402
from hal.pins import ANALOG, INPUT, OUTPUT, PILOT, PULSES, WAVE  # noqa: E402
from sim_devices.pins.sensors import Clamp, PulseMeter  # noqa: E402

PERIOD = 1 << 30
FULL_UV = 3300000
CHANNELS = {
    "s0": (PULSES, 4), "ntc": (ANALOG, 5, FULL_UV), "ct": (WAVE, 6, FULL_UV), "in": (INPUT, 7), "out": (OUTPUT, 8),
    "cp": (PILOT, 9, 10, FULL_UV, 1650000, 8000), "shared": (ANALOG, 10, FULL_UV), "shared-out": (OUTPUT, 9),
}  # fmt: skip
ADC_US = 20  # until a reading is there


class PinBench:
    """Time goes on by itself with every reading, every turn of the event loop, and `let_pass`."""

    def __init__(self, folder, calibrated):
        self.us = (PERIOD - 300) * 1000  # the ticks wrap soon
        self.turn_us = 300
        self._folder, self._calibrated = folder, calibrated
        self._clamp = Clamp()
        machine.BY_HAND[0] = True
        for module in (board_pins, pin_parts):
            module.ticks_ms = lambda: self.us // 1000 % PERIOD
            module.ticks_us = lambda: self.us % PERIOD
            module.ticks_diff = lambda later, earlier: (later - earlier + PERIOD // 2) % PERIOD - PERIOD // 2
            module.sleep_ms = self._sleep_ms
        machine.VOLTAGES[6] = self._wave
        self.put = machine.put
        self.pins = self.cut()

    def cut(self):
        machine.TIMERS.clear()
        return board_pins.BoardPins(self._folder, CHANNELS, machine.Timer(), not self._calibrated, self._calibrated)

    def read_counters(self):
        with open(self.pins._path, "rb") as file:  # noqa: PTH123
            return file.read()

    def write_counters(self, content):
        with open(self.pins._path, "wb") as file:  # noqa: PTH123
            file.write(content)

    async def _sleep_ms(self, ms):
        self.us += max(ms * 1000, self.turn_us)
        await asyncio.sleep(0)

    def _read(self, voltage_uv):
        self.us += ADC_US
        return voltage_uv

    def let_pass(self, ms):
        for _ in range(ms):
            self.us += 1000
            for timer in machine.TIMERS:
                if self.us // 1000 % timer.period == 0:
                    timer.callback(timer)

    def pulse(self, count, bounce_us=300, closed_ms=30):
        """Let a meter pulse as fast as it may, with a contact that bounces."""
        meter = PulseMeter(1000, closed_ms, bounce_us)
        for _ in range(count):
            began_us = self.us
            for at_us, level in meter.step(3600000, 1000):
                self.us = began_us + at_us
                machine.put(4, level)
            self.us = began_us + 2 * closed_ms * 1000

    def put_uv(self, voltage_uv):
        machine.VOLTAGES[5] = lambda: self._read(voltage_uv)

    def put_wave(self, rms_uv):
        self._clamp.current_ma = 60000 if rms_uv is None else rms_uv * 30 // 1000
        self._clamp.noise_uv = 2000

    def _wave(self):
        return self._read(self._clamp.voltage_uv(self.us))

    def put_level(self, closed):
        machine.put(7, 1 - closed)

    def put_peaks(self, plus_mv, minus_mv):
        def pilot():
            high = self.us % 1000 * 65535 < machine.DUTIES[9] * 1000
            return self._read(1650000 + (plus_mv if high else minus_mv) * 125)

        machine.VOLTAGES[10] = pilot
