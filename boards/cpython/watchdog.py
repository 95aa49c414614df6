"""The service manager as watchdog: systemd restarts an agent that falls silent.

Source: sd_notify(3) and systemd.service(5) WatchdogSec: the environment names the socket; without it nobody watches.
"""

from __future__ import annotations

import contextlib
import os
import socket


class SystemdWatchdog:
    """Says READY=1 with the first feed, then WATCHDOG=1; does nothing outside a service."""

    def __init__(self) -> None:
        path = os.environ.get("NOTIFY_SOCKET", "")
        self._address = "\0" + path[1:] if path.startswith("@") else path
        self._end = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_CLOEXEC) if path else None
        self._word = b"READY=1\nWATCHDOG=1"

    def feed(self) -> None:
        """Say that the loop is alive; a manager that is gone is no reason to stop."""
        if self._end is not None:
            with contextlib.suppress(OSError):
                self._end.sendto(self._word, self._address)
            self._word = b"WATCHDOG=1"
