"""Runs tests inside the 32-bit MicroPython, a step of a task at a time; run.mjs loads it and calls what stands here.

That build collects its heap only between two calls from outside, so a call is kept short. It lacks `asyncio.run`, whose
work is done by `turn`, and `os.urandom`: here it is a fixed sequence, so that a run repeats to the byte.
"""

import hashlib
import os
import sys
from asyncio import core  # type: ignore[attr-defined]  # MicroPython's event loop
from time import ticks_diff  # type: ignore[attr-defined]


class Job:
    drawn = 0  # blocks of random bytes
    stepped = False  # in this turn
    error = None
    over = True


def urandom(size):
    made = b""
    while len(made) < size:
        Job.drawn += 1
        made += hashlib.sha256(b"wasm32 %d" % Job.drawn).digest()
    return made[:size]


def one_step_ahead(key, now):
    """Stands for the `ticks_diff` of the event loop, which asks it how long the next task has to wait."""
    ahead = ticks_diff(key, now)
    if ahead <= 0 and Job.stepped:
        return 1
    Job.stepped = ahead <= 0
    return ahead


def prepare():
    sys.path[:] = ["/rom", ".frozen"]
    os.urandom = urandom
    core.ticks_diff = one_step_ahead
    core._schedule_run_iter = lambda _ms: None  # nobody but `turn` runs a task


def load(module):
    """Import; return whether that went well."""
    return attempt(lambda: __import__(module))


def begin(module, name):
    """Call a test; what is left of it is done by `turn`."""
    core.new_event_loop()  # tasks of the test before are gone
    Job.error, Job.over = None, True
    try:
        outcome = getattr(sys.modules[module], name)()
    except BaseException as error:  # noqa: BLE001  (a test may raise anything)
        Job.error, outcome = error, None
    if hasattr(outcome, "send"):
        Job.over = False
        core.create_task(finish(outcome))


async def finish(coro):
    try:
        await coro
    except BaseException as error:  # noqa: BLE001  (a test may raise anything)
        Job.error = error
    Job.over = True


def turn(steps):
    """Let tasks run so many steps; return whether the test goes on."""
    for _ in range(steps):
        if Job.over:
            break
        if core._task_queue.peek() is None:
            Job.error, Job.over = RuntimeError("every task waits for ever"), True
            break
        Job.stepped = False
        core._run_iter()
    return not Job.over


def went_well():
    """Tell whether the test passed, and print why not."""
    return attempt(blame)


def blame():
    if Job.error is not None:
        raise Job.error


def attempt(act):
    try:
        act()
    except BaseException as error:  # noqa: BLE001  (a test may raise anything)
        sys.print_exception(error, sys.stdout)
        return False
    return True
