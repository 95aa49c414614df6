"""The only caller of a driver's verbs. It acts inside a lease, reads back, and says what became of it.

A grant lives until its lease ends; a loop that no longer renews it has lost its right, and the device goes to
its driver's default mode. A write that fails is tried again with growing pauses, for ever but never faster.
"""

from __future__ import annotations

from agent import record
from agent.step import Outcome
from hal.compat import const
from hal.errors import DeviceError, NotObeyed, OutOfRange, Refused

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

    from agent.step import Grant
    from hal.capabilities import Controllable

_RETRY_MS_MIN = const(1000)
_RETRY_MS_MAX = const(30000)


class Actuator:
    """One controllable device's hand. Nothing is written before the first grant."""

    def __init__(self, device: int, driver: Controllable, report: Callable[[Outcome], None]) -> None:
        self.device = device
        self.driver = driver
        self.report = report
        self._target: int | None = None
        self._until_ms = -1  # lease end; -1: never granted
        self._source = ""
        self._applied = False  # whether the product holds what is wanted
        self._applied_ms = 0
        self._failing = 0  # outcome reported for the present target, 0 none
        self._retry_ms = 0
        self._pause_ms = _RETRY_MS_MIN

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
        """The product was away and may have lost everything: write again."""
        self._want(self._target)

    async def act(self, now_ms: int) -> None:
        """Write what is due; returns at once when nothing is."""
        if self._until_ms < 0:
            return
        if now_ms >= self._until_ms and self._source != LEASE_ENDED:
            self._source = LEASE_ENDED
            self._want(None)
        if not self._is_due(now_ms):
            return
        await self._write(now_ms, self._target)

    async def stand_down(self) -> None:
        """Bring the product to its default mode because the agent ends. Never raises a DeviceError."""
        if self._until_ms >= 0:
            self._source = "shutdown"
            self._want(None)
            await self._write(0, None)

    def _want(self, setpoint: int | None) -> None:
        self._target = setpoint
        self._applied = False
        self._failing = 0
        self._retry_ms = 0
        self._pause_ms = _RETRY_MS_MIN

    def _is_due(self, now_ms: int) -> bool:
        if self._applied:
            refresh_ms = self.driver.refresh_ms
            return refresh_ms > 0 and self._target is not None and now_ms - self._applied_ms >= refresh_ms
        return now_ms >= self._retry_ms

    async def _write(self, now_ms: int, target: int | None) -> None:
        source, first = self._source, not self._applied
        try:
            kept = await (self.driver.default_mode() if target is None else self.driver.obey(target))
        except DeviceError as fault:
            self._failed(now_ms, target, fault)
            return
        if target == self._target:  # else a newer grant came meanwhile; it is written next
            self._applied, self._applied_ms, self._failing = True, now_ms, 0
            self._pause_ms = _RETRY_MS_MIN
        if first:
            outcome = record.DEFAULTED if target is None else record.APPLIED
            evidence = record.WRITE_ACK if kept is None else record.READBACK
            self.report(Outcome(self.device, target, outcome, evidence, kept, source))

    def _failed(self, now_ms: int, target: int | None, fault: DeviceError) -> None:
        self._applied = False
        self._retry_ms = now_ms + self._pause_ms
        self._pause_ms = min(self._pause_ms * 2, _RETRY_MS_MAX)
        rejected = isinstance(fault, (OutOfRange, NotObeyed, Refused))
        outcome = record.REJECTED if rejected else record.FAILED
        if outcome != self._failing:
            self._failing = outcome
            kept = fault.args[2] if isinstance(fault, NotObeyed) and type(fault.args[2]) is int else None
            evidence = record.NO_EVIDENCE if kept is None else record.READBACK
            self.report(Outcome(self.device, target, outcome, evidence, kept, self._source))


LEASE_ENDED = "lease ended"
