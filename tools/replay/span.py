"""A span of a tape: from and to in seconds of one epoch, or as civil times, and the clip that is cut out of it."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from agent.recorder import Recorder
from agent.replay import SEGMENT, Tick, Watcher
from hal.memory import MemoryStore
from tools.errors import UsageError

if TYPE_CHECKING:
    from agent.command import Authority
    from agent.record import Record
    from agent.state import State
    from agent.step import Grant

CLIP_BYTES_MAX = 1 << 30
RUNTIME = "replay"
NOTHING = "nothing was recorded in this range"


class Span:
    """From inclusive, to exclusive; both may be open. Seconds since boot count in `epoch`. Raises: UsageError."""

    def __init__(self, begin: str | None, end: str | None, epoch: int) -> None:
        self._begin = _bound("--from", begin)
        self._end = _bound("--to", end)
        if self._begin and self._end and self._begin[1] == self._end[1] and self._begin[0] >= self._end[0]:
            raise UsageError(f"--from {begin} --to {end}: expected a range that begins before it ends")
        self.is_open = self._begin is None and self._end is None
        self.epoch = epoch if (begin or end) and self._counts_from_boot() else None

    def _counts_from_boot(self) -> bool:
        return any(bound is not None and not bound[1] for bound in (self._begin, self._end))

    def holds(self, epoch: int, at_ms: int, civil_ms: int) -> bool:
        """Tell whether a moment lies in the span; one without a known civil time in no span of civil times."""
        if self.epoch not in (None, epoch):
            return False
        for bound, inside in ((self._begin, True), (self._end, False)):
            if bound is None:
                continue
            limit_ms, civil = bound
            if (civil and not civil_ms) or ((civil_ms if civil else at_ms) >= limit_ms) is not inside:
                return False
        return True


def _bound(option: str, text: str | None) -> tuple[int, bool] | None:
    """Return (milliseconds, whether civil)."""
    if text is None:
        return None
    try:
        if text.replace(".", "", 1).isdigit():
            return round(float(text) * 1000), False
        moment = datetime.fromisoformat(text)
    except ValueError:
        raise UsageError(f"{option} {text}: expected seconds since boot, or a time as 2026-11-21T14:32:00Z") from None
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=UTC)
    return int(moment.timestamp() * 1000), True


def newest_epoch(events: Iterable[list[Any]]) -> int:
    """Return the last epoch of which something is kept, 0 when nothing is."""
    return max((event[2] for event in events if event[0] == SEGMENT), default=0)


class TickCount(Watcher):
    """Counts the ticks of a span."""

    def __init__(self, span: Span) -> None:
        self.ticks = 0
        self._span = span

    def before(self, state: State, tick: Tick, _authorities: list[Authority]) -> None:
        """Count a tick of the span."""
        self.ticks += self._span.holds(state.epoch, tick.now_ms, tick.image.civil_ms)


class Clip(Watcher):
    """Records the ticks of a span again, from the state that replay has when the span begins."""

    def __init__(self, span: Span) -> None:
        self.ticks = 0
        self.why_not = ""
        self._span = span
        self._store = MemoryStore(CLIP_BYTES_MAX)
        self._recorder: Recorder | None = None
        self._inside = False
        self._last: tuple[int, int] | None = None  # epoch and time of the newest tick taken

    def before(self, state: State, tick: Tick, authorities: list[Authority]) -> None:
        """Take a tick of the span."""
        self._inside = self._span.holds(state.epoch, tick.now_ms, tick.image.civil_ms)
        if not self._inside:
            return
        if self._last is not None and self._last != (state.epoch, state.now_ms):
            self.why_not = "the recording has a hole or a reboot inside the range"
        self._last = (state.epoch, tick.now_ms)
        self.ticks += 1
        if self._recorder is None:
            self._recorder = Recorder(self._store, CLIP_BYTES_MAX, RUNTIME, authorities)
            self._recorder.on_stop = self._refuse
        self._recorder.begin(state, tick.now_ms, tick.image, tick.inbox)

    def after(self, state: State, grants: list[Grant], facts: list[Record]) -> None:
        """Take what `step` answered."""
        if self._inside and self._recorder is not None:
            self._recorder.end(state, grants, facts)

    def _refuse(self, why: str) -> None:
        self.why_not = why

    def write(self, path: Path) -> None:
        """Write the clip. Raises: UsageError when there is none in one piece."""
        if self._recorder is not None:
            self._recorder.close()
        if not self.ticks:
            raise UsageError(NOTHING)
        if self.why_not:
            raise UsageError(self.why_not)
        try:
            path.write_bytes(self._store.read(0, CLIP_BYTES_MAX))
        except OSError as error:
            raise UsageError(f"{path}: {error.strerror}") from error
