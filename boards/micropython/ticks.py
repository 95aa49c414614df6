"""The port's own names for time, which the type checker does not know; ticks wrap, so only differences count."""

from __future__ import annotations

from asyncio import sleep_ms  # type: ignore[attr-defined]
from time import ticks_add, ticks_diff, ticks_ms, ticks_us  # type: ignore[attr-defined]

__all__ = ("sleep_ms", "ticks_add", "ticks_diff", "ticks_ms", "ticks_us")
