"""`siteward headend --config FILE`: runs until SIGTERM, SIGHUP or Ctrl-C."""

from __future__ import annotations

import asyncio
import logging
import signal
import sys
from pathlib import Path

from tools.headend.config import Settings, load_settings
from tools.headend.door import Door
from tools.headend.headend import HeadEnd

INTERRUPTED = 130


def run(path: Path) -> int:
    """Serve until told to end; return the exit code. Raises: UsageError."""
    logging.basicConfig(stream=sys.stderr, level=logging.INFO, format="%(asctime)s %(levelname)s %(message)s")
    return asyncio.run(serve(load_settings(path)))


async def serve(settings: Settings) -> int:
    """Run one head-end with its door."""
    ended: asyncio.Future[int] = asyncio.get_running_loop().create_future()

    def end(code: int) -> None:
        if not ended.done():
            ended.set_result(code)

    loop = asyncio.get_running_loop()
    loop.add_signal_handler(signal.SIGTERM, end, 0)
    if signal.getsignal(signal.SIGHUP) is not signal.SIG_IGN:  # nohup
        loop.add_signal_handler(signal.SIGHUP, end, 0)
    loop.add_signal_handler(signal.SIGINT, end, INTERRUPTED)
    head_end = HeadEnd(settings)
    door = Door(head_end, settings.socket) if settings.socket else None
    try:
        if door is not None:
            await door.open()
        await head_end.start()
        return await ended
    finally:
        if door is not None:
            await door.close()
        await head_end.stop()
