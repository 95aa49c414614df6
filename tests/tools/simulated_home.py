"""A simulated home on real ports in a thread of its own, for commands that a user types."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from sim_devices.home import Home, running_home


@contextmanager
def at_home(tree: dict[str, Any]) -> Iterator[Home]:
    """Run the home, in real time, until the block is left."""
    events = asyncio.new_event_loop()
    ready, homes, leave = threading.Event(), [], asyncio.Event()

    async def live() -> None:
        async with running_home(tree) as home:
            homes.append(home)
            ready.set()
            while not leave.is_set():
                home.advance(0.1)
                await asyncio.sleep(0.1)

    thread = threading.Thread(target=lambda: events.run_until_complete(live()))
    thread.start()
    try:
        assert ready.wait(20)
        yield homes[0]
    finally:
        events.call_soon_threadsafe(leave.set)
        thread.join(20)
        events.close()
