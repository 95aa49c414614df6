"""The serial line to a board in its raw REPL, as mpremote speaks it; what goes wrong there is one sentence.

A board that is being written runs no agent, so nothing may leave it like that: its watchdog is armed first and every
request feeds it. When the cable is pulled it starts anew within 8 s, with the agent that it had.
"""

from __future__ import annotations

import base64
import contextlib
import errno
import fcntl
import io
import json
import os
import struct
import time
from collections.abc import Iterator
from typing import Any

from mpremote.transport import TransportError, TransportExecError
from mpremote.transport_serial import SerialTransport
from serial.tools import list_ports

from tools.errors import UsageError

SILENCE_S = 5
ASK_S = 0.25
QUIET_S = 0.1
ANSWERS_MAX = 1000  # pieces of them, after which the board is one that never falls silent
ASKS = 24  # in which time an agent has stood down
TRIES = 3
WAIT_S = 10  # for a soft reset
INTERRUPT, RAW = b"\r\x03", b"\r\x01"
BANNER = b"raw REPL; CTRL-B to exit\r\n"
# The longest time-out of the watchdog of an RP2040 is 8388 ms: MicroPython, ports/rp2/machine_wdt.c.
PRELUDE = """
import os,sys,json,hashlib,binascii
try:
 import machine
 W=machine.WDT(timeout=8000).feed
except (ImportError,AttributeError,OSError):
 W=lambda:None
F=os.getcwd()
F="" if F=="/" else F
def S(p):
 try: return os.stat(p)[6]
 except OSError: return -1
def T(p):
 try:
  with open(p) as f: return f.read()
 except OSError: return ""
def H(p,n):
 h=hashlib.sha256()
 with open(p,"rb") as f:
  while n>0:
   W();b=f.read(min(n,512))
   if not b: return ""
   h.update(b);n-=len(b)
 return binascii.hexlify(h.digest()).decode()
def M(p):
 try: os.mkdir(p)
 except OSError: pass
def R():
 try:
  import vfs
  p=vfs.rom_ioctl(2,0) if vfs.rom_ioctl(1)>0 else None
  return p,p.ioctl(4,0)//2*p.ioctl(5,0),p.ioctl(5,0)
 except (ImportError,AttributeError): return None,0,0
"""
LOST = (OSError, TransportError, struct.error, IndexError)  # a line that went away in the middle of an exchange


class Lost(Exception):
    """Args: how the board was lost, in words."""


class Faulty(Exception):
    """Args: the last line that the board's Python said about a request."""


class BoardLine:
    """A board that is held in its raw REPL."""

    def __init__(self, port: str) -> None:
        """Open the port, stop what runs there. Raises: UsageError."""
        self._transport = _opened(port)
        self.port = port
        try:
            self._hold()
        except (Lost, Faulty) as error:
            self.close()
            raise UsageError(f"{port}: no MicroPython answers there ({error})") from error

    def _hold(self) -> None:
        with _lost():
            self._interrupt()
        if self.ask('__import__("sys").platform') != "linux":  # there it would end the program that plays the board
            with _lost():
                self._transport.enter_raw_repl(soft_reset=True, timeout_overall=WAIT_S)
        self.run(PRELUDE)

    def _interrupt(self) -> None:
        """Stop what runs and come to a raw prompt that nothing else stands before.

        An agent stands down first, and a terminal may lose what is typed meanwhile: so asking is repeated, and stopping
        only when nothing came of it.
        """
        typed = self._transport.serial
        typed.timeout = ASK_S
        for at in range(TRIES * ASKS):
            typed.write((INTERRUPT if at % ASKS == 0 else b"") + RAW)
            if self._transport.read_until(1, BANNER, timeout_overall=ASK_S).endswith(BANNER):
                break
        else:
            raise TransportError("nothing answers")
        typed.timeout = QUIET_S
        for _ in range(ANSWERS_MAX):
            if not typed.read(1):
                break
            typed.read(typed.in_waiting)  # the answers to what was asked more than once
        else:
            raise TransportError("it never falls silent")
        typed.timeout = SILENCE_S
        typed.write(RAW)
        if not self._transport.read_until(1, BANNER, timeout_overall=SILENCE_S).endswith(BANNER):
            raise TransportError("no raw prompt")

    def run(self, code: str) -> str:
        """Run statements on the board; return what they print. Raises: Lost, Faulty."""
        with _lost():
            try:
                said: bytes = self._transport.exec(code)
            except TransportExecError as error:
                raise Faulty(error.error_output.strip().splitlines()[-1:] or ["no reason"]) from None
        return said.decode(errors="replace")

    def ask(self, expression: str) -> Any:
        """Return what an expression is on the board, as JSON knows it. Raises: Lost, Faulty."""
        said = self.run(f'print(__import__("json").dumps({expression}))')
        try:
            return json.loads(said.splitlines()[-1])
        except (ValueError, IndexError) as error:
            raise Lost(f"it said {said[-60:]!r}") from error

    def send(self, opened: str, content: bytes) -> None:
        """Call `opened` on the board with these bytes. Raises: Lost, Faulty."""
        self.run(f"W();{opened}(binascii.a2b_base64({base64.b64encode(content)!r}))")

    def reset(self) -> None:
        """Start the board anew; the line stays open where the port does."""
        with contextlib.suppress(*LOST, TransportExecError), _quiet():
            can = self._transport.exec("print('machine' in globals() and hasattr(machine,'reset'))").strip() == b"True"
            # Written and not waited for: what would be answered is lost with the port.
            self._transport.serial.write(b"machine.reset()\x04" if can else b"\x04")

    def lines(self, for_s: int) -> Iterator[str]:
        """Yield what the board prints, line by line, for so long; a port that goes away is opened again."""
        end_s, kept = time.monotonic() + for_s, b""
        while time.monotonic() < end_s:
            try:
                kept += self._transport.serial.read(max(1, self._transport.serial.in_waiting))
            except OSError:
                self._reopen(end_s)
            *whole, kept = kept.split(b"\n")
            for line in whole:
                yield line.decode(errors="replace").strip()

    def _reopen(self, end_s: float) -> None:
        self.close()
        while time.monotonic() < end_s:
            try:
                self._transport = _opened(self.port)
                return
            except UsageError:
                time.sleep(0.2)

    def close(self) -> None:
        """Let the port go."""
        with contextlib.suppress(*LOST):
            self._transport.close()


@contextlib.contextmanager
def _quiet() -> Iterator[None]:
    """Keep mpremote's own words about a failure off the output."""
    with contextlib.redirect_stdout(io.StringIO()):
        yield


@contextlib.contextmanager
def _lost() -> Iterator[None]:
    try:
        with _quiet():
            yield
    except TransportExecError:
        raise
    except LOST as error:
        raise Lost(str(error) or type(error).__name__) from error


def _opened(port: str) -> SerialTransport:
    """Open a serial port for oneself. Raises: UsageError with the reason."""
    try:
        opened = SerialTransport(port, timeout=SILENCE_S)
        opened.serial.write_timeout = SILENCE_S  # a board that takes nothing would hold us forever
        return opened
    except (TransportError, ValueError) as error:
        raise UsageError(f"{port}: {_why(port)}") from error


def _why(port: str) -> str:
    """Return why a port could not be opened: mpremote does not say."""
    try:
        handle = os.open(port, os.O_RDWR | os.O_NOCTTY | os.O_NONBLOCK)
    except OSError as error:
        if error.errno == errno.ENOENT:
            here = ", ".join(sorted(each.device for each in list_ports.comports())) or "none"
            return f"there is no such port; ports here: {here}"
        if error.errno == errno.EACCES:
            return "not allowed; the group of serial ports is often dialout"
        return error.strerror or str(error)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        return "another program uses it"
    finally:
        os.close(handle)
    return "it cannot be opened as a serial port"
