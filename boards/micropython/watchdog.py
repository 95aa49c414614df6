"""A port that has no watchdog to feed."""

from __future__ import annotations


class NoWatchdog:
    """Stands where the port has none; nothing resets the machine."""

    def feed(self) -> None:
        """Do nothing."""
