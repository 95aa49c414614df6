"""An event loop without I/O in virtual time: it runs everything that can run, then it rests."""

from __future__ import annotations

import asyncio
import math
from collections import deque
from collections.abc import Callable, Coroutine
from contextvars import Context, copy_context
from typing import TYPE_CHECKING, Any, TypeVar

if TYPE_CHECKING:
    from tools.simulate.timeline import Timeline

T = TypeVar("T")
ROUNDING_MS = 0.001  # of a sum of seconds
TURNS_MAX = 100_000  # between two moments; more is a loop that never rests


class NeverRests(Exception):
    """Tasks kept each other awake without any time passing."""


class Call:
    """A callback that waits for its turn: what a loop that nobody debugs needs of asyncio.Handle."""

    __slots__ = ("args", "callback", "context")

    def __init__(self, callback: Callable[..., object] | None, args: tuple[Any, ...], context: Context) -> None:
        self.callback, self.args, self.context = callback, args, context

    def cancel(self) -> None:
        """Do nothing when the turn comes."""
        self.callback = None

    def cancelled(self) -> bool:
        """Tell whether it does nothing."""
        return self.callback is None


class RestLoop(asyncio.AbstractEventLoop):
    """Runs callbacks in the order in which they were asked for, on one thread; `faults` holds what nobody caught."""

    def __init__(self, timeline: Timeline | None = None) -> None:
        """Without a timeline nobody can wait for a time."""
        self._timeline = timeline
        self._ready: deque[Call] = deque()
        self.time = self.now_s  # type: ignore[method-assign]  # asyncio's name for it
        self.faults: list[str] = []

    @property
    def busy(self) -> bool:
        """Tell whether anything else could run now."""
        return bool(self._ready)

    def rest(self) -> None:
        """Run until nothing is ready. Raises: NeverRests."""
        ready = self._ready
        if not ready:
            return
        before = asyncio._get_running_loop()
        asyncio._set_running_loop(self)
        try:
            for _ in range(TURNS_MAX):
                if not ready:
                    return
                call = ready.popleft()
                if call.callback is None:
                    continue
                try:
                    call.context.run(call.callback, *call.args)
                except (SystemExit, KeyboardInterrupt):
                    raise
                except BaseException as fault:  # noqa: BLE001 - who looks says so
                    self.call_exception_handler({"message": f"in callback {call.callback}", "exception": fault})
        finally:
            asyncio._set_running_loop(before)
        raise NeverRests(f"{TURNS_MAX} turns without a rest")

    def call_soon(  # type: ignore[override]  # returns the part of a handle that is needed here
        self, callback: Callable[..., object], *args: Any, context: Context | None = None
    ) -> Call:
        """Put a callback behind all others."""
        call = Call(callback, args, copy_context() if context is None else context)
        self._ready.append(call)
        return call

    def now_s(self) -> float:
        """Return the virtual seconds since the simulation began."""
        assert self._timeline is not None
        return self._timeline.now_ms / 1000

    def call_later(  # type: ignore[override]  # returns the part of a handle that is needed here
        self, delay: float, callback: Callable[..., object], *args: Any, context: Context | None = None
    ) -> Call:
        """Run a callback after so many virtual seconds."""
        return self.call_at(self.now_s() + delay, callback, *args, context=context)

    def call_at(  # type: ignore[override]  # returns the part of a handle that is needed here
        self, when: float, callback: Callable[..., object], *args: Any, context: Context | None = None
    ) -> Call:
        """Run a callback at a virtual second, at the next whole millisecond."""
        assert self._timeline is not None
        call = Call(callback, args, copy_context() if context is None else context)
        at_ms = math.ceil(when * 1000 - ROUNDING_MS)
        self._timeline.until(at_ms, self).add_done_callback(lambda _: self._ready.append(call))
        return call

    def run_in_executor(  # type: ignore[override]  # whoever else would do it has done it already
        self, _executor: object, work: Callable[..., T], *args: Any
    ) -> asyncio.Future[T]:
        """Do what would be done elsewhere, at once."""
        done = self.create_future()
        try:
            done.set_result(work(*args))
        except Exception as fault:  # noqa: BLE001 - for whoever waits
            done.set_exception(fault)
        return done

    def create_future(self) -> asyncio.Future[Any]:
        """Return a future of this loop."""
        return asyncio.Future(loop=self)

    def create_task(  # type: ignore[override]  # takes coroutines only
        self, coro: Coroutine[Any, Any, T], *, name: str | None = None, context: Context | None = None
    ) -> asyncio.Task[T]:
        """Start a task."""
        return asyncio.Task(coro, loop=self, name=name, context=context)

    def get_debug(self) -> bool:
        """Never."""
        return False

    def is_running(self) -> bool:
        """Always."""
        return True

    def is_closed(self) -> bool:
        """Never."""
        return False

    def call_exception_handler(self, context: dict[str, Any]) -> None:
        """Keep what went wrong for the one who looks."""
        self.faults.append(f"{context.get('message')}: {context.get('exception')!r}")


def at_once(coro: Coroutine[Any, Any, T]) -> T:
    """Return what a coroutine that never waits returns."""
    try:
        coro.send(None)
    except StopIteration as done:
        found: T = done.value
        return found
    raise RuntimeError("this coroutine waits")
