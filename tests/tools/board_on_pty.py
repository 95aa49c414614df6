"""A board on a serial port: MicroPython's unix port behind a pseudo-terminal, started anew whenever it ends.

What the port has not is played by tests/fakes/pushed/firmware.py: a reset, a watchdog, a ROMFS partition. `pull` cuts
the cable after so many bytes: the port is gone, another one comes, and the board that nobody feeds any more starts
anew, as its watchdog makes it.

The port's REPL throws away what was typed before it wants a line (tcsetattr with TCSAFLUSH, MicroPython
ports/unix/unix_mphal.c), which no board does: what is not an interrupt is kept here until it wants one. And an
interrupt makes the port jump out of whatever it does, malloc included, after which it may abort or stand still; a
board's waits until its bytecode can be left. So it is given while the port waits for something.
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
WAITS = {"0", "7", "23", "35", "230", "270", "271"}  # x86-64: read, poll, select, nanosleep and their like
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
        _raw(board)
        self.forget()
        self._typed = b""
        self.boots += 1
        command = [needs_program("micropython"), "-X", f"heapsize={HEAP}", "-i", str(FIRMWARE), str(self._rom_bytes)]
        process = subprocess.Popen(
            command, stdin=board, stdout=board, stderr=board, cwd=self.folder, start_new_session=True
        )
        with contextlib.suppress(OSError):
            while process.poll() is None and not self._ended.is_set():
                if not self._carry(inner, process.pid):
                    break
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()
        os.close(board)
        os.close(inner)

    def _carry(self, inner: int, process_id: int) -> bool:
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
        self._type(inner, process_id)
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

    def _type(self, inner: int, process_id: int) -> None:
        """Let the board have what was typed: all while it wants a line, interrupts while it works."""
        working = termios.tcgetattr(inner)[LOCAL_MODES] & termios.ISIG
        if not working and self._typed:
            os.write(inner, self._typed)
            self._typed = b""
        elif INTERRUPT in self._typed and interrupted(process_id):
            self._typed = self._typed.rpartition(INTERRUPT)[2]


def interrupted(process_id: int) -> bool:
    """Interrupt a process that waits for something; False for one that does not."""
    os.kill(process_id, signal.SIGSTOP)
    try:
        while state_of(process_id) not in "TZ":
            pass
        waits = Path(f"/proc/{process_id}/syscall").read_text().partition(" ")[0] in WAITS
        if waits:
            os.kill(process_id, signal.SIGINT)
        return waits
    finally:
        os.kill(process_id, signal.SIGCONT)


def state_of(process_id: int) -> str:
    """Return the letter of proc(5)."""
    return Path(f"/proc/{process_id}/stat").read_text().rpartition(")")[2].split()[0]


def _raw(handle: int) -> None:
    """Carry bytes as they are, with a mode set that the port's REPL clears while it wants a line."""
    tty.setraw(handle)
    settings = termios.tcgetattr(handle)
    settings[LOCAL_MODES] |= termios.ISIG
    termios.tcsetattr(handle, termios.TCSANOW, settings)
