"""A charging point of its own: control pilot, contactor and nothing else, on the board's own pins. IEC 61851 mode 3.

Source: IEC 61851-1:2017, Annex A; hal/iec61851/pilot.py and hal/iec61851/stage.py say which numbers are from where.
Trust: written without the standard at hand, after EVerest, evcc and TI, and never run on hardware.
Outside of it: residual current protection, the cable's proximity resistor (a fixed cable is assumed: maximum_ma is
what cable and contactor carry), ISO 15118. A charging point whose power nobody knows would count twice, as what it
may draw and as what the connection's meter sees: so it has a meter with pulses (S0) behind the contactor, and
a contactor that says by a mirror contact that it is open draws nothing.
Options: pilot, contactor, feedback (the mirror contact, closed while the contactor is open) and pulses (channels),
pulses_per_kwh, maximum_ma, ventilation (true: state D may charge).
"""

from __future__ import annotations

from hal import quantities as q
from hal.capabilities import VOLATILE
from hal.capabilities.charger import Charger
from hal.errors import LineDown, NotObeyed
from hal.iec61851.pilot import STEADY_PM
from hal.iec61851.stage import DIODE, PERIOD_MS, SHORTED, SILENT, UNDER_LOAD_MS, VENTILATION, Stage
from hal.pins import INPUT, OUTPUT, PILOT, PULSES, PinDevice
from hal.pulse_register import PulseRegister

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from hal.ports import Pins

_SILENT_MS = 500  # who looks every 20 ms has died
_NO_PULSE_MS = 300000  # a closed contactor without a pulse for so long


class ControlPilot(PinDevice, Charger):
    """Offers a current to whoever is plugged in; 0 pauses."""

    model = "control-pilot"
    channels_known = (
        ("pilot", PILOT, True), ("contactor", OUTPUT, True), ("feedback", INPUT, True), ("pulses", PULSES, True),
    )  # fmt: skip
    options_known = (
        ("maximum_ma", range(6000, 80001)), ("ventilation", (False, True)), ("pulses_per_kwh", range(1, 100001)),
    )  # fmt: skip
    maximum_ma = 32000
    pulses_per_kwh = 1000
    ventilation = False
    pilot = contactor = feedback = pulses = ""
    step = 100
    write_cost = VOLATILE
    response_ms = UNDER_LOAD_MS + 500  # it follows within 5 s, and is cut off when it does not stop
    fallback_ms = 60000
    refresh_ms = 25000

    def __init__(self, bus: Pins, unit: int, options: dict[str, Any]) -> None:
        """Raises: ValueError(key, got, expected)."""
        super().__init__(bus, unit, options)
        self.maximum = self.maximum_ma - self.maximum_ma % self.step
        self.stage = Stage(bus, self.pilot, self.contactor, self.feedback, self.ventilation, self.fallback_ms)
        self._register = PulseRegister(bus, self.pulses, self.pulses_per_kwh, _NO_PULSE_MS)
        self._watched = False

    async def open(self) -> None:
        """Begin to look; whoever is plugged in is offered nothing until somebody says what. Raises: LineDown."""
        if not self._watched:
            self._watched = True
            self.bus.watch(self.stage.look, PERIOD_MS)
            await self.bus.sleep_ms(_SILENT_MS)
        self._register.open()

    async def read(self) -> dict[int, int]:
        """Return state, fault, the contactor's position, the limit in force and what the meter counts.

        Raises: LineDown when nobody looks at the pilot any more; the contactor is open then.
        """
        stage, now_ms = self.stage, self.bus.now_ms()
        if now_ms - stage.looked_ms >= _SILENT_MS:
            stage.open_now(SILENT, now_ms)
            raise LineDown(self.pilot, "nobody looks")
        closed = stage.is_closed()
        if not closed:
            self._register.rest()
        numbers = self._register.read()
        numbers[q.EV_STATE], numbers[q.FAULT] = self._state(), stage.fault
        numbers[q.LIMIT_MA], numbers[q.ON] = stage.limit_ma, 1 if closed else 0
        return numbers

    def _state(self) -> int:
        fault = self.stage.fault
        if fault == SHORTED:
            return q.EV_E
        if fault == 0 or fault == VENTILATION or self.stage.state == q.EV_UNKNOWN:
            return self.stage.state if self.stage.state > 0 else q.EV_UNKNOWN
        return q.EV_A if fault == DIODE and self.stage.state == q.EV_A else q.EV_F

    async def set_limit_ma(self, limit_ma: int) -> int:
        """Offer a current and read the duty cycle back; 0 pauses. Returns what is in force: less while something is
        wrong, for up to 5 s after the last change, and by what the duty cycle's step leaves out.

        Raises: NotObeyed("duty", (wrote,), (kept,)).
        """
        self.stage.order(limit_ma, self.bus.now_ms())
        self._check_duty()
        return self.stage.limit_ma

    def _check_duty(self) -> None:
        wrote, kept = self.stage.duty_pm, self.bus.duty_pm(self.pilot)
        if kept != wrote:
            raise NotObeyed("duty", (wrote,), (kept,))

    async def kept(self) -> int | None:
        """Return what was ordered; None when nobody renewed it for a minute. Raises: NotObeyed."""
        self._check_duty()
        return None if self.stage.lapsed else self.stage.asked_ma

    async def default_mode(self) -> int:
        """Offer nothing, +12 V without PWM; return once the contactor is open, after 6 s at most.

        Raises: NotObeyed(what, (wrote,), (kept,)).
        """
        stage, began_ms = self.stage, self.bus.now_ms()
        stage.order(0, began_ms)
        while stage.closed and self.bus.now_ms() - began_ms < UNDER_LOAD_MS + PERIOD_MS:
            await self.bus.sleep_ms(PERIOD_MS)
        if stage.closed:  # nobody looks
            stage.open_now(SILENT, self.bus.now_ms())
        if stage.duty_pm == STEADY_PM:
            self._check_duty()
        if self.bus.level(self.contactor):
            raise NotObeyed("contactor", (0,), (1,))
        return 0
