"""Limitation of power by an Energy Guard, as the controllable system has it: EEBUS LPC, and LPP in the other direction.

Source: EEBUS UC TS "Limitation of Power Consumption" V1.0.0, transitions [LPC-901] to [LPC-922]; its implementation
guide, 2.11 to 2.17 and 3.6; as EVerest's and evcc's public implementations and tests cite them. The text itself was
not at hand. The system wakes up limited; it becomes free when nobody speaks for 120 s after a start, and limited again
when whoever spoke falls silent. That it also becomes free after the failsafe's least duration although nobody came
back [LPC-922] is left to it: `ends` says so, and evcc, too, stays limited.
"""

from __future__ import annotations

from hal.compat import const

INIT = const(0)
LIMITED = const(1)
CONTROLLED = const(2)  # unlimited, by an Energy Guard that is there
AUTONOMOUS = const(3)  # unlimited, nobody is there
FAILSAFE = const(4)

_SILENT_MS = const(120000)
_FOLLOWS_MS = const(60000)  # a limit that ends a silence comes so soon after a heartbeat
_FAILSAFE_S_MIN = const(7200)
_FAILSAFE_S_MAX = const(86400)
_LIMIT_W_MAX = const(1 << 40)


class Limitation:
    """One direction; W as magnitudes. Time passes by `pass_time`, before anything else is said at a moment."""

    def __init__(self, failsafe_w: int, failsafe_s: int, ends: bool) -> None:
        self.failsafe_w = failsafe_w
        self.failsafe_s = failsafe_s
        self.ends = ends
        self.state = INIT
        self._active_w = 0
        self._until_ms = -1  # -1: the limit has no end
        self._since_ms = -1  # when the state began; -1: no time has passed yet
        self._heard_ms = -1  # the newest heartbeat; -1: none was heard
        self._returned_ms = -1  # the first heartbeat in the failsafe
        self._opened = False  # a limit was accepted since the start

    def limit_w(self) -> int | None:
        """Return what holds now, None where nothing does."""
        if self.state == LIMITED:
            return self._active_w
        return self.failsafe_w if self.state in (INIT, FAILSAFE) else None

    def pass_time(self, now_ms: int) -> None:
        """Do what only time does."""
        if self._since_ms < 0:
            self._since_ms = now_ms
        if self.state == INIT:
            if now_ms - self._since_ms >= _SILENT_MS:
                self._go(AUTONOMOUS, now_ms)  # [LPC-906]
        elif self.state == FAILSAFE:
            self._leave_failsafe(now_ms)
        elif self.state != AUTONOMOUS:
            if now_ms - self._heard_ms >= _SILENT_MS:
                self._go(FAILSAFE, now_ms)  # [LPC-911], [LPC-912]
            elif self.state == LIMITED and 0 <= self._until_ms <= now_ms:
                self._go(CONTROLLED, now_ms)  # [LPC-908]

    def _leave_failsafe(self, now_ms: int) -> None:
        """Become free although no limit came: [LPC-921], [LPC-922]."""
        returned = self._returned_ms >= 0 and now_ms - self._returned_ms >= _SILENT_MS
        if returned or (self.ends and now_ms - self._since_ms >= self.failsafe_s * 1000):
            self._go(AUTONOMOUS, now_ms)

    def heartbeat(self, now_ms: int) -> None:
        """Hear that the Energy Guard is there."""
        self.pass_time(now_ms)
        self._heard_ms = now_ms
        if self.state == FAILSAFE and self._returned_ms < 0:
            self._returned_ms = now_ms

    def write(self, now_ms: int, active: bool, limit_w: int, duration_s: int | None) -> bool:
        """Take a limit; `duration_s` None has no end, 0 is over at once. False: it is refused, and changes nothing."""
        self.pass_time(now_ms)
        recent = self._heard_ms >= 0 and now_ms - self._heard_ms <= _FOLLOWS_MS
        if not recent and self.state not in (LIMITED, CONTROLLED):
            return False  # implementation guide 2.14
        if not 0 <= limit_w <= _LIMIT_W_MAX or (duration_s is not None and duration_s < 0):
            return False  # [LPC-001], implementation guide 3.6
        self._opened = True
        if active and duration_s != 0:
            self._active_w, self._until_ms = limit_w, -1 if duration_s is None else now_ms + duration_s * 1000
            self._go(LIMITED, now_ms)  # [LPC-904], [LPC-910], [LPC-919]
        else:
            self._go(CONTROLLED, now_ms)  # [LPC-902], [LPC-905], [LPC-909], [LPC-920]
        return True

    def write_failsafe_w(self, now_ms: int, limit_w: int) -> bool:
        """Take another failsafe limit; refused before the first limit (implementation guide 2.11)."""
        self.pass_time(now_ms)
        if not self._opened or not 0 <= limit_w <= _LIMIT_W_MAX:
            return False
        self.failsafe_w = limit_w
        return True

    def write_failsafe_s(self, now_ms: int, duration_s: int) -> bool:
        """Take another least duration of the failsafe, 2 to 24 h: [LPC-022/4]."""
        self.pass_time(now_ms)
        if not self._opened or not _FAILSAFE_S_MIN <= duration_s <= _FAILSAFE_S_MAX:
            return False
        self.failsafe_s = duration_s
        return True

    def _go(self, state: int, now_ms: int) -> None:
        self.state, self._since_ms, self._returned_ms = state, now_ms, -1
