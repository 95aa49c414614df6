"""A board on a serial port: MicroPython's unix port behind a pseudo-terminal, started anew whenever it ends.

What the port has not is played by tests/fakes/pushed/firmware.py: a reset, a watchdog, a ROMFS partition. `pull` cuts
the cable after so many bytes: the port is gone, another one comes, and the board that nobody feeds any more starts
anew, as its watchdog makes it.

The port's REPL throws away what was typed before it wants a line (tcsetattr with TCSAFLUSH, MicroPython
ports/unix/unix_mphal.c), which no board does: what is not an interrupt is kept here until it wants one.
"""

from __future__ import annotations

import contextlib
import os
import re
import select
import signal
import subprocess
import termios
import threading
import tty
from pathlib import Path

from tests.needs import ROOT, needs_program

FIRMWARE = ROOT / "tests" / "fakes" / "pushed" / "firmware.py"
WAIT_S = 30
HEARD_MAX = 1 << 16
TYPED_MAX = 1 << 12
INTERRUPT = b"\x03"
LOCAL_MODES = 3  # in what tcgetattr returns
# A session leader's first terminal is the one that interrupts it.
ON_TERMINAL = 'terminal=$0; exec "$@" <"$terminal" >"$terminal" 2>&1'
HEAP = "1M"  # the bytecode lies in the heap here, and the files that play a flash


class BoardOnPty:
    """`port` is what a user would name; FOLDER is the board's file system."""

    def __init__(self, folder: Path, rom_bytes: int = 0) -> None:
        self.folder = folder
        self._rom_bytes = rom_bytes
        self._plug_in()
        self._left: int | None = None
        self._typed = b""  # by the host, for when it is wanted
        self.boots = 0
        self.received = 0
        self._heard = ""
        self._news = threading.Condition()
        self._ended = threading.Event()
        self._pump = threading.Thread(target=self._run, daemon=True)
        self._pump.start()

    def _plug_in(self) -> None:
        self._outer, self._port_handle = os.openpty()  # our end, and the port as the host sees it
        tty.setraw(self._port_handle)
        os.set_blocking(self._outer, False)
        self.port = os.ttyname(self._port_handle)

    def _unplug(self) -> None:
        for handle in (self._outer, self._port_handle):
            os.close(handle)

    def pull(self, after_bytes: int) -> None:
        """Let so many more bytes from the host through, then cut the cable."""
        self._left = after_bytes

    def wait(self, what: str = "", for_s: int = WAIT_S) -> BoardOnPty:
        """Wait until the board says `what` (a pattern), or anything at all: before that it may not listen."""
        with self._news:
            assert self._news.wait_for(lambda: re.search(what or ".", self._heard, re.DOTALL), for_s), self._heard[
                -500:
            ]
        return self

    def wait_for_boot(self, before: int) -> None:
        """Wait until the board has started anew since it had started so often, and says something."""
        with self._news:
            assert self._news.wait_for(lambda: self.boots > before and self._heard, WAIT_S)

    def forget(self) -> None:
        """Let `wait` wait for what is said from now on."""
        with self._news:
            self._heard = ""

    def close(self) -> None:
        """Take the board off."""
        self._ended.set()
        self._pump.join(WAIT_S)
        assert not self._pump.is_alive()
        self._unplug()

    def _run(self) -> None:
        while not self._ended.is_set():
            self._live()

    def _live(self) -> None:
        inner, board = os.openpty()
        _raw_with_interrupts(board)
        self.forget()
        self._typed = b""
        self.boots += 1
        command = [needs_program("micropython"), "-X", f"heapsize={HEAP}", "-i", str(FIRMWARE), str(self._rom_bytes)]
        wrapped = ["sh", "-c", ON_TERMINAL, os.ttyname(board), *command]
        process = subprocess.Popen(wrapped, stdin=subprocess.DEVNULL, cwd=self.folder, start_new_session=True)
        with contextlib.suppress(OSError):
            while process.poll() is None and not self._ended.is_set():
                if not self._carry(inner):
                    break
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()
        os.close(board)
        os.close(inner)

    def _carry(self, inner: int) -> bool:
        """Carry bytes both ways; False once the cable is cut."""
        listened = [inner] if len(self._typed) > TYPED_MAX else [self._outer, inner]
        ready, _, _ = select.select(listened, [], [], 0.01 if self._typed else 0.05)
        if self._outer in ready:
            given = os.read(self._outer, 256)
            self.received += len(given)
            if self._left is not None:
                given = given[: self._left]
                self._left -= len(given)
            self._typed += given
        self._type(inner)
        if inner in ready:
            said = os.read(inner, 4096)
            with contextlib.suppress(BlockingIOError):  # a host that does not read misses what is said
                os.write(self._outer, said)
            with self._news:
                self._heard = (self._heard + said.decode(errors="replace"))[-HEARD_MAX:]
                self._news.notify_all()
        if self._left == 0:
            self._left = None
            self.forget()
            self._unplug()
            self._plug_in()
            return False
        return True

    def _type(self, inner: int) -> None:
        """Let the board have what was typed: all while it wants a line, up to the last interrupt while it works."""
        working = termios.tcgetattr(inner)[LOCAL_MODES] & termios.ISIG
        size_bytes = self._typed.rfind(INTERRUPT) + 1 if working else len(self._typed)
        if size_bytes:
            os.write(inner, self._typed[:size_bytes])
            self._typed = self._typed[size_bytes:]


def _raw_with_interrupts(handle: int) -> None:
    """Carry bytes as they are, and yet let Ctrl-C stop what runs: boards do so by themselves."""
    tty.setraw(handle)
    settings = termios.tcgetattr(handle)
    settings[LOCAL_MODES] |= termios.ISIG
    termios.tcsetattr(handle, termios.TCSANOW, settings)
