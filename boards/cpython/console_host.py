"""What a gateway gives its console: SITE.toml, a sign of presence, a start anew.

Presence on a machine without a button is a file beside SITE.toml, made less than a minute ago by root or by the user
that the agent runs as: who may put one there may change SITE.toml itself. It is taken away when it is seen, so that one
file is good for one unlocking. The socket alone is not enough: programs of the same user, a dashboard say, look there.
"""

from __future__ import annotations

import os
import shutil
import stat
import time
from pathlib import Path
from typing import Any

from agent.console_config import HIDDEN
from agent.loop import Loop
from boards import telling
from boards.cpython.clock import SystemClock
from boards.cpython.site_file import load_site
from boards.startup import StartError, driver_of
from hal.errors import LineDown
from hal.modbus.bus import Bus
from hal.modbus.rtu import Rtu
from hal.modbus.tcp import Tcp

PRESENCE, PART, BACKUP = "console.unlock", ".part", ".bak"
FRESH_S = 60
CONFIG_BYTES_MAX = 1 << 20


class NoLine:
    """A line on which nothing is asked: a configuration is only looked at."""

    async def exchange(self, request: bytes, missing: object, timeout_ms: int) -> bytes:
        """Raises: LineDown."""
        raise LineDown("none", len(request), missing, timeout_ms)

    async def close(self) -> None:
        """Nothing to give back."""


class GatewayHost:
    """agent.console.Host on Linux. `loop` is set once there is one."""

    open = True  # the socket is this user's, who may read SITE.toml
    config_bytes_max = CONFIG_BYTES_MAX

    def __init__(self, site: Path, runtime: str, digest: bytes, devices_max: int) -> None:
        self.board = runtime
        self.firmware = b""
        self.config = digest
        self.devices_max = devices_max
        self.buses: dict[str, tuple[Bus, str]] = {}
        self.loop: Loop | None = None
        self.restarts = False
        self._site = site.resolve()
        self._part = self._site.with_name(self._site.name + PART)
        self._presence = self._site.with_name(PRESENCE)
        self.presence = f"make the file {self._presence}, as with `touch`"

    def keep_bus(self, row: dict[str, Any], bus: Bus) -> Bus:
        """Remember a bus that was opened for a table of the configuration."""
        where = str(row["port"]) if row["kind"] in ("serial", "ascii") else f"{row['host']}:{row['port']}"
        self.buses[row["id"]] = (bus, where)
        return bus

    def random(self, size_bytes: int) -> bytes:
        """Return bytes that nobody can foretell."""
        return os.urandom(size_bytes)

    def present(self) -> bool:
        """Tell whether the sign is there, and take it away."""
        try:
            found = self._presence.lstat()
            self._presence.unlink()
        except OSError:
            return False
        ours = stat.S_ISREG(found.st_mode) and found.st_uid in (0, os.getuid())
        return ours and abs(time.time() - found.st_mtime) < FRESH_S

    def read_config(self) -> bytes:
        """Return SITE.toml. Raises: OSError."""
        return self._site.read_bytes()

    def put_part(self, at: int, piece: bytes) -> None:
        """Keep a piece beside SITE.toml, for this user only. Raises: OSError."""
        flags = os.O_WRONLY | os.O_CREAT | os.O_NOFOLLOW | os.O_APPEND | (0 if at else os.O_TRUNC)
        with os.fdopen(os.open(self._part, flags, 0o600), "ab") as file:
            file.write(piece)

    def check_part(self) -> None:
        """Check it as far as a start does without touching a device. Raises: ValueError, OSError."""
        if HIDDEN in self._part.read_text(encoding="utf-8"):
            raise ValueError(f"a text is {HIDDEN}: give the secret itself")
        try:
            config, _ = load_site(self._part)
            if config.console is not None:
                raise StartError("[console]: that is for boards")
            if len(config.devices) > self.devices_max:
                raise StartError(f"{len(config.devices)} devices, and this board takes {self.devices_max} at most")
            rows = {row["id"]: row for row in config.buses}
            for device in config.devices:
                driver_of(device, _looked_at(rows[device["bus"]]))
        except StartError as error:
            raise ValueError(str(error).removeprefix(f"{self._part}: ")) from error

    def accept_part(self) -> None:
        """Give it the name SITE.toml; what that said before stays in SITE.toml.bak. Raises: OSError."""
        shutil.copy2(self._site, self._site.with_name(self._site.name + BACKUP))
        shutil.copymode(self._site, self._part)
        with self._part.open("rb") as file:
            os.fsync(file.fileno())
        self._part.replace(self._site)
        folder = os.open(self._site.parent, os.O_RDONLY | os.O_DIRECTORY)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)

    def drop_part(self) -> None:
        """Remove what was kept of a new configuration."""
        self._part.unlink(missing_ok=True)

    def may_erase(self) -> str:
        """Return what to do instead: nobody erases files that he holds."""
        return f"stop the agent, then `siteward erase {self._site}`"

    def leave(self, erase: bool) -> None:
        """End the agent and start it again."""
        assert self.loop is not None and not erase
        self.restarts = True
        self.loop.stop()

    def word(self, reason: int) -> str:
        """Return a reason in words."""
        return telling.reason(reason)

    def forget(self) -> None:
        """A gateway has room for everything."""


def _looked_at(row: dict[str, Any]) -> Bus:
    if row["kind"] == "pins":
        raise StartError(f"[[bus]] {row['id']} kind = 'pins': a gateway has no pins for devices; a board has")
    return Bus(NoLine(), Tcp() if row["kind"] == "tcp" else Rtu(row["baud"]), SystemClock())
