"""A board's own pins on `machine`. Interrupts only count; who watches is called from a timer, between two bytecodes.

Source: MicroPython library reference, `machine.Pin.irq`, `ADC`, `PWM`, `Timer`. Never run on hardware. What that means:
- An interrupt that is not `hard` (an ESP32 has no other) waits for C code to return; a TLS handshake or a flash erase
  that takes longer than a pulse may lose one. The same code, and a garbage collection, delay who watches.
- A machine that resets lets its pins float: what they drive needs a resistor to its safe side.
"""

from __future__ import annotations

import json

from machine import ADC, PWM, Pin, Timer

from boards.micropython.pin_parts import Counter, Wave, sampled
from boards.micropython.ticks import sleep_ms, ticks_diff, ticks_ms, ticks_us
from boards.micropython.whole_file import replace
from hal.compat import const
from hal.errors import LineDown, LineTimeout
from hal.pins import ANALOG, INPUT, OUTPUT, PILOT, PULSES, WAVE, Channels

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

    Channel = tuple[int, ...]

_PWM_HZ = const(1000)
_PERIOD_US = const(1050)  # of the pilot's PWM, and a little more
_FULL = const(65535)
_REBASE_MS = const(1 << 28)  # half of the ticks' half period
_WINDOW_MS = const(100)
_WINDOWS = const(3)
_FILE = "/counters"


class BoardPins:
    """`channels` is name -> (kind, pin, ...):

    (PULSES, pin) and (INPUT, pin): a contact to ground, pulled up here.
    (OUTPUT, pin): high drives.
    (ANALOG, pin, full_uv) and (WAVE, pin, full_uv): what the input reads at most.
    (PILOT, PWM's pin, input's pin, full_uv, zero_uv, mv_per_v): zero_uv is what the input has while the pilot has
    0 V, mv_per_v how many mV of the pilot are 1 V there.
    """

    def __init__(
        self, folder: str, channels: dict[str, Channel], timer: Timer, hard: bool = False, calibrated: bool = False
    ) -> None:
        """`hard`: interrupts of pins come at once. `calibrated`: the ADC knows its microvolts."""
        self._path = folder + _FILE
        self._channels = channels
        self._timer = timer
        self._hard = hard
        self._calibrated = calibrated
        self.kinds = {name: channels[name][0] for name in channels}
        self._free = Channels(self.kinds)
        self._used: list[int] = []  # pins; two channels may share one where only one of them can be used
        self._counters: dict[str, Counter] = {}
        self._inputs: dict[str, Pin] = {}
        self._outputs: dict[str, Pin] = {}
        self._readers: dict[str, Callable[[], int]] = {}
        self._pwms: dict[str, PWM] = {}
        self._looks: list[Callable[[int], None]] = []
        self._flash: dict[str, int] | None = None
        self._base = (0, ticks_ms())

    def take(self, option: str, channel: str, kind: int) -> None:
        """Reserve a channel. Raises: ValueError(option, channel, expected)."""
        self._free.take(option, channel, kind)
        pin = self._channels[channel][1]
        for used in self._channels[channel][1 : 3 if kind == PILOT else 2]:
            if used in self._used:
                raise ValueError(option, channel, "a channel on other pins: %d is in use" % used)
            self._used.append(used)
        if kind == PULSES:
            self._counters[channel] = Counter(Pin(pin, Pin.IN, Pin.PULL_UP), self._hard)
        elif kind == INPUT:
            self._inputs[channel] = Pin(pin, Pin.IN, Pin.PULL_UP)
        elif kind == OUTPUT:
            self._outputs[channel] = Pin(pin, Pin.OUT, value=0)
        elif kind == PILOT:
            self._pwms[channel] = PWM(Pin(pin, Pin.OUT, value=1), freq=_PWM_HZ, duty_u16=_FULL)
            pin = self._channels[channel][2]
        if kind in (ANALOG, WAVE, PILOT):
            adc = ADC(Pin(pin))
            self._readers[channel] = adc.read_uv if self._calibrated else adc.read_u16

    def now_ms(self) -> int:
        """Return milliseconds since this was made; an interrupt in between does no harm."""
        began_ms, began = self._base
        ticks = ticks_ms()
        passed_ms: int = ticks_diff(ticks, began)
        if passed_ms > _REBASE_MS:
            self._base = (began_ms + passed_ms, ticks)
        return began_ms + passed_ms

    async def sleep_ms(self, ms: int) -> None:
        """Sleep at least `ms`."""
        await sleep_ms(max(ms, 0))

    def watch(self, look: Callable[[int], None], period_ms: int) -> None:
        """Call `look` from the timer; all who watch do so at the pace of the last one."""
        self._looks.append(look)
        self._timer.init(mode=Timer.PERIODIC, period=period_ms, callback=self._fire)

    def _fire(self, _timer: Timer) -> None:
        now_ms = self.now_ms()
        try:
            for look in self._looks:
                look(now_ms)
        except Exception:
            for output in self._outputs.values():
                output.value(0)
            raise

    def pulses(self, channel: str) -> tuple[int, int]:
        """Return count and time of the last."""
        counter = self._counters[channel]
        return counter.count, self.now_ms() - counter.age_ms()

    def kept(self, channel: str) -> int:
        """Return the number kept. Raises: LineDown."""
        return self._kept().get(channel, 0)

    def keep(self, channel: str, number: int) -> None:
        """Keep a number: all of them are one small file. Raises: LineDown."""
        flash = self._kept()
        before = flash.get(channel, 0)
        flash[channel] = number
        try:
            replace(self._path, json.dumps(flash).encode())
        except OSError as error:
            flash[channel] = before
            raise LineDown(self._path, error.errno)

    def _kept(self) -> dict[str, int]:
        if self._flash is None:
            self._flash = _read(self._path)
        return self._flash

    def microvolts(self, channel: str) -> tuple[int, int]:
        """Return a reading and the most there can be."""
        full_uv = self._channels[channel][2]
        return self._uv(self._readers[channel](), full_uv), full_uv

    def _uv(self, raw: int, full_uv: int) -> int:
        return raw if self._calibrated else raw * full_uv // _FULL

    async def rms_uv(self, channels: tuple[str, ...]) -> tuple[int, ...]:
        """Read all channels in turn for a tenth of a second, letting others run. Raises: LineTimeout, FrameError."""
        waves = [self._wave(channel) for channel in channels]
        for _ in range(_WINDOWS):
            for wave in waves:
                wave.begin()
            if await sampled(waves):
                return tuple([wave.rms_uv() for wave in waves])
        raise LineTimeout(channels[0], _WINDOW_MS)

    def _wave(self, channel: str) -> Wave:
        full_uv = self._channels[channel][2]
        unit = 1000 if self._calibrated else 16
        full = full_uv if self._calibrated else _FULL
        return Wave(channel, self._readers[channel], unit, full // unit, self._uv(unit << 10, full_uv))

    def level(self, channel: str) -> int:
        """Return 1 for a contact that is closed, an output that is high."""
        if channel in self._inputs:
            return 1 - self._inputs[channel].value()
        return self._outputs[channel].value()

    def set_level(self, channel: str, on: int) -> None:
        """Drive an output."""
        self._outputs[channel].value(on)

    def set_duty_pm(self, channel: str, duty_pm: int) -> None:
        """Set the PWM."""
        self._pwms[channel].duty_u16(duty_pm * _FULL // 1000)

    def duty_pm(self, channel: str) -> int:
        """Return what the PWM has."""
        return (self._pwms[channel].duty_u16() * 1000 + _FULL // 2) // _FULL

    def peaks_mv(self, channel: str) -> tuple[int, int]:
        """Read the input for a little more than 1 ms."""
        read = self._readers[channel]
        highest = lowest = read()
        began = ticks_us()
        while ticks_diff(ticks_us(), began) < _PERIOD_US:
            raw = read()
            if raw > highest:
                highest = raw
            elif raw < lowest:
                lowest = raw
        _, _, _, full_uv, zero_uv, mv_per_v = self._channels[channel]
        plus_uv, minus_uv = self._uv(highest, full_uv) - zero_uv, self._uv(lowest, full_uv) - zero_uv
        return plus_uv * mv_per_v // 1000000, minus_uv * mv_per_v // 1000000


def _read(path: str) -> dict[str, int]:
    """Return what a file keeps. Raises: LineDown: beginning anew would let every register fall."""
    try:
        with open(path, "rb") as file:
            kept = json.loads(file.read())
    except OSError as error:
        if error.errno == 2:
            return {}
        raise LineDown(path, error.errno)
    except ValueError:
        kept = None
    if type(kept) is not dict or [1 for name in kept if type(kept[name]) is not int]:
        raise LineDown(path, "damaged")
    return kept
