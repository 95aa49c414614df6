"""The only caller of a driver's verbs. It acts inside a lease, reads back, and says what became of it.

A grant lives until its lease ends; a loop that no longer renews it has lost its right, and the device goes to
its driver's default mode. A write that fails is tried again with growing pauses, for ever but never faster.
A product's own watchdog is fed while a set-point is granted and not a moment longer: it trips when default mode fails.
Two looks in a row that find in the product what we did not leave there mean another controller: it is said once, and
our set-point is brought back with growing pauses. When a minute's looks all found ours, control is regained.
"""

from __future__ import annotations

from agent import record
from agent.step import Notice, Outcome
from hal.capabilities import PERSISTENT
from hal.compat import const
from hal.errors import DeviceError, NotObeyed, OutOfRange, Refused

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

    from agent.step import Grant
    from hal.capabilities import Controllable

_RETRY_MS_MIN = const(1000)
_RETRY_MS_MAX = const(30000)
_CONTEST_MS_MAX = const(60000)  # pause between two writes against another controller, at most; if they wear, at least
_LOOK_MS = const(5000)
_LOOK_AGAIN_MS = const(1000)
_REGAINED_MS = const(60000)
LEASE_ENDED = "lease ended"


class Actuator:
    """One controllable device's hand. Nothing is written before the first grant."""

    def __init__(self, device: int, driver: Controllable, report: Callable[[Outcome | Notice], None]) -> None:
        self.device = device
        self.driver = driver
        self.report = report
        self.foreign = False  # another controller is at work
        self.foreign_ms = 0  # since when
        self.foreign_kept: int | None = None  # what it left in the product; None: no set-point
        self.foreign_times = 0
        self._target: int | None = None
        self._until_ms: int | None = None  # lease end; None: never granted
        self._source = ""
        self._applied = False  # whether the product holds what is wanted
        self._applied_ms = 0
        self._kept: int | None = None  # what the product made of it
        self._failing: int | None = None  # outcome reported for the present target
        self._retry_ms = 0
        self._pause_ms = _RETRY_MS_MIN
        self._acted_ms = 0
        self._pace_ms = 0  # between the last two calls of act
        self._look_ms = 0
        self._doubt = False  # the last look found something else
        self._ours_ms: int | None = None  # since when every look found ours

    def grant(self, grant: Grant, until_ms: int) -> bool:
        """Take over a grant whose lease ends at `until_ms`; return whether it asks for something new."""
        _, setpoint, source = grant
        self._until_ms = until_ms
        changed = not self._applied or setpoint != self._target
        if setpoint != self._target:
            self._want(setpoint)
        self._source = source
        return changed

    def forget(self) -> None:
        """The product was away and may have lost everything: write again, and suspect nobody."""
        self._want(self._target)
        self._doubt, self._ours_ms = False, None

    async def act(self, now_ms: int) -> None:
        """Write what is due; returns at once when nothing is."""
        self._pace_ms, self._acted_ms = now_ms - self._acted_ms, now_ms
        if self._until_ms is None:
            return
        if now_ms >= self._until_ms and self._source != LEASE_ENDED:
            self._source = LEASE_ENDED
            self._want(None)
        if not self._is_due(now_ms):
            return
        await self._write(now_ms, self._target)

    async def look(self, now_ms: int) -> None:
        """Ask what the product holds when that is due; never raises a DeviceError."""
        target = self._target
        if not self._applied or now_ms < self._look_ms or (target is None and not self.foreign):
            return
        found: int | None = None
        ours = known = False
        try:
            found = await self.driver.kept()
            ours = found == target or found == self._kept
            known = found is not None or not self.driver.fallback_ms  # else it may have fallen back by itself
        except DeviceError as fault:
            known = isinstance(fault, NotObeyed)
        if self._applied and target == self._target:  # else a newer grant came meanwhile
            self._judge(now_ms, found, ours, known)

    async def stand_down(self) -> None:
        """Bring the product to its default mode because the agent ends. Never raises a DeviceError."""
        if self._until_ms is not None:
            self._source = "shutdown"
            self._want(None)
            await self._write(0, None)

    def _want(self, setpoint: int | None) -> None:
        self._target = setpoint
        self._applied = False
        self._failing = None
        self._retry_ms = 0
        self._doubt = self._doubt and setpoint is not None
        if not self._is_contested():
            self._pause_ms = _RETRY_MS_MIN

    def _is_contested(self) -> bool:
        return self.foreign and self._target is not None

    def _is_due(self, now_ms: int) -> bool:
        if self._applied:
            refresh_ms = self.driver.refresh_ms
            if not refresh_ms or self._target is None:
                return False
            return now_ms + 2 * self._pace_ms - self._applied_ms >= refresh_ms  # the next call may come too late
        return now_ms >= self._retry_ms

    async def _write(self, now_ms: int, target: int | None) -> None:
        source, first = self._source, not self._applied
        try:
            kept = await (self.driver.default_mode() if target is None else self.driver.obey(target))
        except DeviceError as fault:
            self._failed(now_ms, target, fault, await self._kept_instead(fault), source)
            return
        if target == self._target:  # else a newer grant came meanwhile; it is written next
            self._applied, self._applied_ms, self._kept, self._failing = True, now_ms, kept, None
            if not self._is_contested():
                self._pause_ms = _RETRY_MS_MIN
        if first:
            outcome = record.DEFAULTED if target is None else record.APPLIED
            evidence = record.WRITE_ACK if kept is None else record.READBACK
            self.report(Outcome(self.device, target, outcome, evidence, kept, source))

    async def _kept_instead(self, fault: DeviceError) -> int | None:
        """Return the set-point that the product kept, None where that cannot be told; registers mean nothing here."""
        if not isinstance(fault, NotObeyed):
            return None
        kept = fault.args[2]
        if type(kept) is int:
            return kept
        try:
            return await self.driver.kept()
        except DeviceError:
            return None

    def _failed(self, now_ms: int, target: int | None, fault: DeviceError, kept: int | None, source: str) -> None:
        rejected = isinstance(fault, (OutOfRange, NotObeyed, Refused))
        outcome = record.REJECTED if rejected else record.FAILED
        if target == self._target:
            self._back_off(now_ms)
            if outcome == self._failing:
                return
            self._failing = outcome
        evidence = record.NO_EVIDENCE if kept is None else record.READBACK
        self.report(Outcome(self.device, target, outcome, evidence, kept, source))

    def _back_off(self, now_ms: int) -> None:
        """Write again after a pause, and after a longer one the next time."""
        contested = self._is_contested()
        wears = contested and self.driver.write_cost == PERSISTENT
        pause_ms = _CONTEST_MS_MAX if wears else self._pause_ms
        self._retry_ms = now_ms + pause_ms
        self._pause_ms = min(pause_ms * 2, _CONTEST_MS_MAX if contested else _RETRY_MS_MAX)
        self._applied, self._ours_ms = False, None

    def _judge(self, now_ms: int, found: int | None, ours: bool, known: bool) -> None:
        """Take what a look found; `known` is False when it tells nothing."""
        doubted, self._doubt = self._doubt, known and not ours
        self._look_ms = now_ms + (_LOOK_AGAIN_MS if self._doubt or self.foreign else _LOOK_MS)
        if ours:
            if self._ours_ms is None:
                self._ours_ms = now_ms
            if self.foreign and now_ms - self._ours_ms >= _REGAINED_MS:
                self.foreign, self._pause_ms = False, _RETRY_MS_MIN
                self.report(Notice(self.device, record.CONTROL_REGAINED))
            return
        self._ours_ms = None
        if not self._doubt or self._target is None:
            return
        if self.foreign:
            self.foreign_kept = found
            self._back_off(now_ms)
        elif doubted:
            self.foreign, self.foreign_ms, self.foreign_kept = True, now_ms, found
            self.foreign_times += 1
            self._applied, self._retry_ms = False, now_ms
            self.report(Notice(self.device, record.FOREIGN_CONTROLLER))
