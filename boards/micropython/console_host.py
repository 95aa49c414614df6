"""What a board gives its console: site.json, a sign of presence, a start anew. Loaded where a console is configured."""

from __future__ import annotations

import gc
import os
import sys

from boards import telling

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from agent.loop import Loop
    from boards.micropython.site import Board
    from hal.modbus.bus import Bus

# What one request loads is unloaded after it; who needs more of them at once loads them again.
_RARE = (
    "agent.console_looks", "agent.console_lock", "agent.console_trial", "agent.console_config", "agent.console_scan",
    "agent.console_keys", "agent.console_why", "agent.console_leave", "agent.why", "agent.told", "agent.config",
    "boards.micropython.read_site", "boards.micropython.console_check", "drivers.catalogue",
)  # fmt: skip
_OWNERS = ("agent.console_owner",)  # where a source of that kind is configured


class BoardHost:
    """agent.console.Host on a board; `buses` are put in as they are opened."""

    config_bytes_max = 16384
    open = False

    def __init__(self, folder: str, board: Board, digest: bytes, firmware: bytes, loop: Loop) -> None:
        self.board = board.name
        self.devices_max = board.devices_max
        self.config = digest
        self.firmware = firmware
        self.buses: dict[str, tuple[Bus, str]] = {}
        self.leaves = self.erases = False
        self.presence = "" if board.presence is None else board.presence[0]
        self._folder = folder
        self._board = board
        self._loop = loop

    def random(self, size_bytes: int) -> bytes:
        """Return bytes that nobody can foretell."""
        return os.urandom(size_bytes)

    def present(self) -> bool:
        """Tell whether somebody shows it now."""
        return self._board.presence is not None and self._board.presence[1]()

    def read_config(self) -> bytes:
        """Return site.json. Raises: OSError."""
        with open(self._folder + "/site.json", "rb") as file:
            return file.read()

    def put_part(self, at: int, piece: bytes) -> None:
        """Keep a piece beside site.json. Raises: OSError."""
        with open(self._folder + "/site.json.part", "ab" if at else "wb") as file:
            if file.write(piece) != len(piece):
                raise OSError(28, "the disk is full")

    def check_part(self) -> None:
        """Check it as far as a start does without touching a device. Raises: ValueError, OSError."""
        from agent.console_config import HIDDEN
        from boards.micropython.read_site import read_site

        with open(self._folder + "/site.json.part") as file:
            if HIDDEN in file.read():
                raise ValueError("a text is %s: give the secret itself" % HIDDEN)
        config, _ = read_site(self._folder, self._board, "site.json.part")
        for name in ("boards.micropython.read_site", "agent.config"):  # one after the other: there is little room
            _unload(name)
        gc.collect()
        from boards.micropython.console_check import check

        check(config)

    def accept_part(self) -> None:
        """Give it the name site.json; what that said before is in site.json.bak. Raises: OSError."""
        present = self.read_config()
        with open(self._folder + "/site.json.bak", "wb") as file:
            file.write(present)
        os.rename(self._folder + "/site.json.part", self._folder + "/site.json")

    def drop_part(self) -> None:
        """Remove what was kept of a new configuration."""
        try:
            os.remove(self._folder + "/site.json.part")
        except OSError:
            pass  # there is none

    def may_erase(self) -> str:
        """Return nothing: a board can erase itself."""
        return ""

    def leave(self, erase: bool) -> None:
        """End the agent, and then erase it or not."""
        self.leaves, self.erases = True, erase
        self._loop.stop()

    def left(self) -> int:
        """Return the exit code, 0 unless the console ended the agent; a machine that can be reset does not return."""
        if not self.leaves:
            return 0
        if self.erases:
            from boards.micropython.erase import erase, wash

            feed = self._board.watchdog.feed
            erase(self._folder, self._board.open_flash, feed)
            if self._board.reset is not None:  # a machine's own flash
                wash(self._folder, feed)
        if self._board.reset is not None:
            self._board.reset()
        return 0 if self.erases else 3  # start me again: what cannot reset itself has somebody who does

    def word(self, reason: int) -> str:
        """Return a reason in words."""
        return telling.reason(reason)

    def rehearse(self) -> None:
        """Load once, while the heap is whole, what requests will load: the names in it stay for ever (record 0003)."""
        for name in self._rare():
            __import__(name)
            self.forget()

    def forget(self) -> None:
        """Unload what a request has loaded."""
        for name in self._rare():
            _unload(name)
        if self._loop.session.rotation is None:
            _unload("agent.rotation")
        gc.collect()

    def _rare(self) -> tuple[str, ...]:
        return _RARE if self._loop.state.owner is None else _RARE + _OWNERS


def _unload(name: str) -> None:
    if name in sys.modules:
        package, _, last = name.rpartition(".")
        del sys.modules[name]
        if package:
            delattr(sys.modules[package], last)


def where_of(row: dict[str, Any]) -> str:
    """Return where a bus of the configuration is, for people."""
    return row["host"] + ":%d" % row["port"] if row["kind"] == "tcp" else str(row.get("port", row["kind"]))
