"""`machine.Pin`, `ADC`, `PWM` and `Timer`: what the board puts out is noted in the world.

What stands at inputs is put there: `LEVELS` by pin (pulled up: 1), moved by `put`, which interrupts; `VOLTAGES` by
pin, a function that returns microvolts. A timer calls back from a thread of its own, or when a test says so
(`BY_HAND`).
"""

import _thread
import select

from world import pin_changes

LEVELS = {}
VOLTAGES = {}
DUTIES = {}
TIMERS = []
BY_HAND = [False]
_handlers = {}


def put(pin, level):
    """Move an input; who asked for an interrupt gets it when the level changed."""
    before = LEVELS.get(pin, 1)
    LEVELS[pin] = level
    if before != level and pin in _handlers:
        handler, made, trigger = _handlers[pin]
        if trigger & (Pin.IRQ_RISING if level else Pin.IRQ_FALLING):
            handler(made)


class Pin:
    IN, OUT = 0, 1
    PULL_UP, PULL_DOWN = 1, 2
    IRQ_FALLING, IRQ_RISING = 4, 8

    def __init__(self, id, mode=-1, pull=-1, value=None):
        self.id = id
        self._mode = mode
        self._level = 0
        if value is not None:
            self.value(value)

    def value(self, level=None):
        if level is None:
            return LEVELS.get(self.id, 1) if self._mode == self.IN else LEVELS.get(self.id, self._level)
        self._level = 1 if level else 0
        pin_changes(self.id, self._level)
        return None

    __call__ = value

    def irq(self, handler, trigger, hard=False):
        _handlers[self.id] = (handler, self, trigger)

    def __str__(self):
        return "Pin(%s)" % self.id


class ADC:
    """12 bits of 3.3 V, as an RP2 has them; `read_uv` is what an ESP32 makes of its own."""

    FULL_UV = 3300000

    def __init__(self, pin):
        self._pin = pin.id

    def _steps(self):
        uv = VOLTAGES[self._pin]() if self._pin in VOLTAGES else 0
        return min(max(uv * 4096 // self.FULL_UV, 0), 4095)

    def read_u16(self):
        steps = self._steps()
        return steps << 4 | steps >> 8

    def read_uv(self):
        return self._steps() * self.FULL_UV // 4095


class PWM:
    """Keeps 16 bits of duty cycle."""

    def __init__(self, pin, freq=0, duty_u16=0):
        assert freq == 1000
        self._pin = pin.id
        DUTIES[self._pin] = duty_u16

    def duty_u16(self, duty=None):
        if duty is None:
            return DUTIES[self._pin]
        DUTIES[self._pin] = duty
        return None


class Timer:
    PERIODIC = 1

    def __init__(self, id=-1):
        self.period = 0
        self._running = False

    def init(self, mode, period, callback):
        self.period, self.callback = period, callback
        if self not in TIMERS:
            TIMERS.append(self)
        if not self._running and not BY_HAND[0]:
            self._running = True
            _thread.start_new_thread(self._run, ())

    def _run(self):
        nothing = select.poll()
        while self._running:
            nothing.poll(self.period)
            self.callback(self)

    def deinit(self):
        self._running = False
