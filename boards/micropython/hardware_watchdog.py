"""The reset that nothing can talk out of: the chip's own watchdog.

Source: MicroPython library reference, `machine.WDT`: once begun it cannot be stopped; RP2 takes 8388 ms at most.
"""

from __future__ import annotations

from machine import WDT


class HardwareWatchdog:
    """Begins with the first feed, which is the loop's: what cannot even start says why and stays as it is."""

    def __init__(self, timeout_ms: int) -> None:
        self._timeout_ms = timeout_ms
        self._watchdog: WDT | None = None

    def feed(self) -> None:
        """Say that the loop is alive."""
        if self._watchdog is None:
            self._watchdog = WDT(timeout=self._timeout_ms)
        self._watchdog.feed()
