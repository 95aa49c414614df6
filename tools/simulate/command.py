"""`siteward simulate [SCENARIO]`: run seeds, say what did not hold, the smallest list of events and how to replay it.

Exit code 0 when every rule held in every run, 1 when one did not.
"""

from __future__ import annotations

import argparse
import gc
import json
import os
import signal
import sys
from collections import deque
from collections.abc import Generator
from concurrent.futures import ProcessPoolExecutor, wait
from contextlib import closing
from dataclasses import replace
from multiprocessing import active_children, parent_process
from threading import Thread

from tools.console import Progress
from tools.errors import UsageError
from tools.simulate.events import SCENARIOS, SPAN_OF_MS
from tools.simulate.minimise import minimised, replay
from tools.simulate.run import Order, Result, simulated

HELD, BROKEN, KILLED = 0, 1, 137
HOUR_MS = 3_600_000
EVENTS_SHOWN_MAX = 40
LOOK_S = 0.2
ENDS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


def run(arguments: argparse.Namespace) -> int:
    """Run the seeds; return the exit code. Raises: UsageError."""
    orders = _orders(arguments)
    tally = Tally(orders)
    progress = Progress(1)
    try:
        with closing(_results(orders, arguments.jobs)) as results:
            for result in results:
                tally.count(result)
                if result.rule:
                    _show_broken(result, progress, arguments.json)
                elif arguments.json:
                    print(json.dumps(result.as_json()), flush=True)
                elif len(orders) == 1:
                    _show_held(result)
                progress.step(f"{tally.done} of {len(orders)} seeds, {result.order.scenario}, seed {result.order.seed}")
    except BaseException:  # Ctrl-C above all, hours after the start
        progress.close()
        if tally.done:
            print(tally.so_far(), file=sys.stderr)
        raise
    progress.close()
    if not arguments.json and len(orders) > 1:
        print(f"{len(orders)} seeds of {orders[0].span_ms / HOUR_MS:g} h each: {tally.verdict()}")
    return BROKEN if tally.broken else HELD


class Tally:
    """How far it came: results come in the order of the seeds."""

    def __init__(self, orders: list[Order]) -> None:
        self._orders = orders
        self.done = 0
        self.broken: list[int] = []

    def count(self, result: Result) -> None:
        """Take in the next result."""
        self.done += 1
        if result.rule:
            self.broken.append(result.order.seed)

    def verdict(self) -> str:
        """Say what held."""
        if not self.broken:
            return "every rule held"
        return f"not every rule held with seed {', '.join(map(str, self.broken))}"

    def so_far(self) -> str:
        """Say what held before it was ended, and with which seed it goes on."""
        first, last = self._orders[0].seed, self._orders[self.done - 1].seed
        left = len(self._orders) - self.done
        rest = f"; --seed {last + 1} --seeds {left} goes on" if left else ""
        return f"seeds {first} to {last} are done, {self.verdict()}{rest}"


def _orders(arguments: argparse.Namespace) -> list[Order]:
    if arguments.scenario not in SCENARIOS:
        raise UsageError(f"there is no scenario {arguments.scenario!r}; known: {', '.join(SCENARIOS)}")
    span_ms = round((arguments.days * 24 + arguments.hours) * HOUR_MS)
    if span_ms < 0 or arguments.seeds < 1 or arguments.jobs < 1:
        raise UsageError("--days and --hours are not negative, --seeds and --jobs are at least 1")
    only = None
    if arguments.only is not None:
        try:
            only = () if arguments.only == "none" else tuple(int(number) for number in arguments.only.split(","))
        except ValueError:
            raise UsageError(f"--only {arguments.only}: expected numbers of events with commas between") from None
    first = Order(
        arguments.seed,
        arguments.scenario,
        span_ms or SPAN_OF_MS.get(arguments.scenario, HOUR_MS),
        arguments.real_signatures,
        only,
    )
    return [replace(first, seed=arguments.seed + at) for at in range(arguments.seeds)]


def _results(orders: list[Order], jobs: int) -> Generator[Result, None, None]:
    if jobs == 1 or len(orders) == 1:
        _collect_rarely()
        yield from map(simulated, orders)
        return
    pool = ProcessPoolExecutor(min(jobs, len(orders)), initializer=_begin_worker)
    try:
        with HeedLater():
            waiting = deque([pool.submit(simulated, order) for order in orders])
        while waiting:
            with HeedLater():
                result = waiting[0].result() if wait([waiting[0]], LOOK_S).done else None
            if result is not None:
                waiting.popleft()
                yield result
    except BaseException:  # Ctrl-C above all: a seed may have minutes to go
        with HeedLater():
            for worker in active_children():
                worker.terminate()
            pool.shutdown(wait=False)  # no future is cancelled: the pool fails them itself, and only those not yet done
        raise
    pool.shutdown()


class HeedLater:
    """Signals that come meanwhile are heeded afterwards: inside the pool a Ctrl-C can leave a lock held for ever."""

    def __enter__(self) -> None:
        self._came: int | None = None
        self._process_id = os.getpid()
        self._before = {number: signal.signal(number, self._note) for number in ENDS}

    def __exit__(self, *_: object) -> None:
        for number, handler in self._before.items():
            signal.signal(number, handler)
        if self._came is not None:
            signal.raise_signal(self._came)

    def _note(self, number: int, _frame: object) -> None:
        if os.getpid() != self._process_id:  # a worker that has not begun
            os._exit(128 + number)
        self._came = number


def _collect_rarely() -> None:
    """Leave what is loaded to no collection and let a run's garbage gather: an eighth of the CPU time of a day."""
    gc.freeze()
    gc.set_threshold(100_000, 50, 50)


def _begin_worker() -> None:
    """Leave Ctrl-C, which a terminal sends to every process, to the one that ends the others."""
    _collect_rarely()
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    Thread(target=_end_with_parent, daemon=True).start()


def _end_with_parent() -> None:
    """Leave nothing behind of a command that was killed: who waits for orders waits for ever."""
    parent = parent_process()
    assert parent is not None
    parent.join()
    os._exit(KILLED)


def _show_held(result: Result) -> None:
    figures = ", ".join(f"{count} {name.replace('_', ' ')}" for name, count in result.figures.items())
    print(f"seed {result.order.seed}: every rule held; {', '.join(result.devices)}; {figures}")
    print(f"journal {result.digest}")


def _show_broken(result: Result, progress: Progress, as_json: bool) -> None:
    small = minimised(result, progress.step)
    progress.close()
    if as_json:
        events = [list(event) for event in small.events]
        print(json.dumps({**result.as_json(), "events_left": events, "replay": replay(small.order)}), flush=True)
        return
    print(
        f"seed {result.order.seed}: rule '{result.rule}' does not hold at {result.at_ms / 1000:.3f} s: {result.found}"
    )
    print(f"  {len(small.events)} of {len(result.events)} events are enough: {small.found}")
    for event in small.events[:EVENTS_SHOWN_MAX]:
        print(f"    {event.line()}")
    print(f"  replay: {replay(small.order)}", flush=True)
