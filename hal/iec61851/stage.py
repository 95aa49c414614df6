"""The charging point's side of a control pilot: looks every 20 ms, offers current, closes and opens the contactor.

Source: IEC 61851-1:2017, Annex A, table A.6: contactor closed within 3 s of state C (sequence 4), open within 100 ms
after the vehicle left it (7, 8.1) or was unplugged (2.2), open under load 6 s after the PWM ended when the vehicle does
not stop (10.2), state F for 300 ms at least. Trust: numbers agree with EVerest's IECStateMachine.cpp and its manifest,
which name those sequences; the standard itself was not at hand.

Two may call it: `look` from a timer, between two steps of a task, and `order` from a task. Whoever finds the other at
work lets it finish; that is all the locking there is. What is not understood opens the contactor and closes nothing.
A current falls at once, rises no sooner than 5 s after the last change, for so long a vehicle has to follow one.
"""

from __future__ import annotations

from hal import quantities as q
from hal.compat import const
from hal.errors import DeviceError
from hal.iec61851.pilot import FAILED_PM, NO_DIODE, STEADY_PM, duty_pm, judge, offered_ma

TYPE_CHECKING = False
if TYPE_CHECKING:
    from hal.ports import Pins

PERIOD_MS = const(20)
UNDER_LOAD_MS = const(6000)

# Why nothing is offered; 0: nothing is wrong.
SHORTED = const(1)  # the pilot has no voltage: state E
DIODE = const(2)  # something is connected that is no vehicle; until it is unplugged
WELDED = const(3)  # the contactor was told to open and says that it is closed
NOT_CLOSED = const(4)  # the contactor was told to close and says that it is open
UNKNOWN = const(5)  # voltages that no state explains
VENTILATION = const(6)  # the vehicle wants ventilation, and there is none
SILENT = const(7)  # nobody looked for too long

_LOOKS = const(3)  # in a row that find the same are believed, 60 ms
_HOLD_MS = const(5000)  # between two changes of the current, unless it falls
_REST_MS = const(2000)  # the contactor stays open for so long
_CONTACT_MS = const(200)  # it has moved after this
_RECOVER_MS = const(3000)  # nothing was wrong for so long: go on
_AGAIN_MS = const(60000)  # the same after a contactor that did not close


class Stage:
    """`feedback` is a mirror contact, closed while the contactor is open; a cut wire says that it is not."""

    def __init__(self, pins: Pins, pilot: str, contactor: str, feedback: str, ventilated: bool, lease_ms: int) -> None:
        self._pins = pins
        self._pilot = pilot
        self._contactor = contactor
        self._feedback = feedback
        self._ventilated = ventilated
        self._lease_ms = lease_ms
        self._busy = False
        self.asked_ma = 0  # what was ordered; 0: nothing shall be offered
        self.lapsed = False  # the order was not renewed in time
        self._renewed_ms = 0
        self.looked_ms = 0
        self.state = q.EV_UNKNOWN
        self.fault = 0
        self._fault_ms = 0  # when something was last wrong
        self.duty_pm = STEADY_PM
        self._changed_ms = 0
        self.closed = False  # what the contactor was told
        self._moved_ms = -_REST_MS
        self._found = q.EV_UNKNOWN  # by the last looks
        self._times = 0
        self._ready = 0  # looks in a row with a vehicle that wants current, while it was offered
        self._gone = _LOOKS  # looks in a row without a vehicle that wants current

    @property
    def limit_ma(self) -> int:
        """The current that is offered, or will be once a vehicle comes."""
        if self.fault or not self.asked_ma:
            return 0
        return offered_ma(self.duty_pm if self.duty_pm != STEADY_PM else duty_pm(self.asked_ma))

    def is_closed(self) -> bool:
        """Tell what the contactor says of itself."""
        return not self._pins.level(self._feedback)

    def order(self, limit_ma: int, now_ms: int) -> None:
        """Offer a current from now on; 0 offers none."""
        self._busy = True
        self.asked_ma, self.lapsed, self._renewed_ms = limit_ma, False, now_ms
        self._offer(now_ms)
        self._busy = False

    def open_now(self, fault: int, now_ms: int) -> None:
        """Open the contactor, loaded or not, and offer nothing until it is well again."""
        self._busy = True
        self._fail(fault, now_ms)
        self._offer(now_ms)
        self._move(False, now_ms)
        self._busy = False

    def look(self, now_ms: int) -> None:
        """Find out where the vehicle and the contactor are, and do what follows."""
        if self._busy:
            return
        if self.asked_ma and now_ms - self._renewed_ms >= self._lease_ms:
            self.asked_ma, self.lapsed = 0, True
        self._see()
        self._judge_faults(now_ms)
        self._offer(now_ms)
        self._switch(now_ms)
        self.looked_ms = now_ms

    def _see(self) -> None:
        try:
            plus_mv, minus_mv = self._pins.peaks_mv(self._pilot)
            found = judge(plus_mv, minus_mv, self.duty_pm)
        except DeviceError:
            found = q.EV_UNKNOWN
        self._times = self._times + 1 if found == self._found else 1
        self._found = found
        wants = found == q.EV_C or (found == q.EV_D and self._ventilated)
        self._gone = 0 if wants else min(self._gone + 1, _LOOKS)
        self._ready = min(self._ready + 1, _LOOKS) if wants and self._offers() else 0
        if self._times >= _LOOKS:
            self._times = _LOOKS
            self.state = found

    def _offers(self) -> bool:
        return self.duty_pm != STEADY_PM and self.duty_pm != FAILED_PM

    def _judge_faults(self, now_ms: int) -> None:
        cause = self._cause(now_ms)
        if cause:
            self._fail(cause, now_ms)
        elif self.fault:
            recover_ms = _AGAIN_MS if self.fault == NOT_CLOSED else _RECOVER_MS
            still_there = self.fault == DIODE and self.state != q.EV_A
            if not still_there and now_ms - self._fault_ms >= recover_ms:
                self.fault = 0

    def _fail(self, fault: int, now_ms: int) -> None:
        self.fault, self._fault_ms = fault, now_ms

    def _cause(self, now_ms: int) -> int:
        """Return what is wrong now, 0 for nothing."""
        if now_ms - self._moved_ms >= _CONTACT_MS and self.is_closed() is not self.closed:
            return NOT_CLOSED if self.closed else WELDED
        if self._times < _LOOKS or self.duty_pm == FAILED_PM:
            return 0
        if self._found == q.EV_E:
            return SHORTED
        if self._found == NO_DIODE:
            return DIODE
        if self._found == q.EV_UNKNOWN:
            return UNKNOWN
        return VENTILATION if self._found == q.EV_D and not self._ventilated else 0

    def _offer(self, now_ms: int) -> None:
        """Put out what the order, the vehicle and the faults allow."""
        wanted_pm = STEADY_PM
        if self.fault == WELDED or self.fault == NOT_CLOSED:
            wanted_pm = FAILED_PM
        elif self.asked_ma and not self.fault and self.state in (q.EV_B, q.EV_C, q.EV_D):
            wanted_pm = duty_pm(self.asked_ma)
        rises = self._offers() and STEADY_PM != wanted_pm > self.duty_pm
        if wanted_pm == self.duty_pm or (rises and now_ms - self._changed_ms < _HOLD_MS):
            return
        if not self._offers() or wanted_pm in (STEADY_PM, FAILED_PM):
            self._times = self._ready = 0  # what was found meant something else
        self.duty_pm, self._changed_ms = wanted_pm, now_ms
        self._pins.set_duty_pm(self._pilot, wanted_pm)

    def _switch(self, now_ms: int) -> None:
        """Move the contactor when it is time."""
        if self.closed:
            ended = not self._offers() and now_ms - self._changed_ms >= UNDER_LOAD_MS
            if self.fault or ended or self._gone >= _LOOKS:
                self._move(False, now_ms)
        elif self._ready >= _LOOKS and not self.fault and now_ms - self._moved_ms >= _REST_MS:
            self._move(True, now_ms)

    def _move(self, closed: bool, now_ms: int) -> None:
        if closed is not self.closed:
            self.closed, self._moved_ms = closed, now_ms
        self._pins.set_level(self._contactor, 1 if closed else 0)
