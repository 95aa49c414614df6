"""A conversation with an agent's console, over a gateway's socket or a cable: requests, answers, what comes between.

Lines that are no answer are given to who wants them: facts of an agent that tells while it works, progress of a walk
along a bus. Source: docs/console.md.
"""

from __future__ import annotations

import json
import socket
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import serial

from boards.cpython import door
from tools.errors import UsageError

PATIENCE_S = 30.0
LINE_BYTES_MAX = 1 << 20
GREETINGS, GREETING_S = 5, 2.0

Told = dict[str, Any]


class Refused(UsageError):
    """What the agent answered instead of doing it; `told` is its answer."""

    def __init__(self, told: Told) -> None:
        super().__init__(str(told.get("error")))
        self.told = told


class Link:
    """Asks one thing at a time. `on_other` gets every line that is no answer to what was asked."""

    def __init__(self, send: Callable[[bytes], object], receive: Callable[[float], bytes]) -> None:
        """`receive` returns the next line, whole, or what came of it within so many seconds."""
        self.on_other: Callable[[Told], object] = len
        self._send = send
        self._receive = receive
        self._id = 0

    def ask(self, request: Told, patience_s: float = PATIENCE_S) -> Told:
        """Return the answer. Raises: Refused, UsageError when none comes, OSError."""
        self._id += 1
        line = json.dumps(request | {"v": 1, "id": self._id}, ensure_ascii=False)
        self._send(line.encode() + b"\n")
        until_s = time.monotonic() + patience_s
        while True:
            told = self.hear(until_s - time.monotonic())
            if told is None:
                raise UsageError(f"the agent does not answer {request['cmd']} within {patience_s:g} s")
            if "ok" in told and told.get("id") in (self._id, None):
                if not told["ok"]:
                    raise Refused(told)
                return told
            self.on_other(told)
            if "progress" in told:
                until_s = time.monotonic() + patience_s

    def say(self, request: Told) -> None:
        """Ask without waiting for the answer: it comes with the others."""
        self._send(json.dumps(request).encode() + b"\n")

    def hear(self, patience_s: float) -> Told | None:
        """Return the next line that is a JSON object, None when none comes. Raises: OSError."""
        until_s = time.monotonic() + patience_s
        while time.monotonic() < until_s:
            line = self._receive(until_s - time.monotonic())
            if not line.endswith(b"\n"):
                return None
            try:
                told = json.loads(line)
            except ValueError:  # half a line from before, or what the machine prints while it starts
                continue
            if isinstance(told, dict):
                return told
        return None


@contextmanager
def asking(folder: Path) -> Iterator[Link]:
    """Connect to the agent whose journal is in `folder`. Raises: UsageError when none runs or it does not answer."""
    with socket.socket(socket.AF_UNIX) as connection:
        connection.settimeout(PATIENCE_S)
        try:
            with door.address(folder) as near:
                connection.connect(near)
            yield Link(connection.sendall, _SocketLines(connection))
        except (FileNotFoundError, ConnectionRefusedError) as error:
            raise UsageError(f"no agent runs on {folder}; start one with `siteward run SITE.toml`") from error
        except PermissionError as error:
            raise UsageError(f"{folder}: only the user whose agent it is may ask") from error
        except OSError as error:
            raise UsageError(f"the agent on {folder} does not answer: {error}") from error


class _SocketLines:
    """Whole lines of a stream."""

    def __init__(self, connection: socket.socket) -> None:
        self._connection = connection
        self._held = b""

    def __call__(self, patience_s: float) -> bytes:
        while b"\n" not in self._held and len(self._held) < LINE_BYTES_MAX:
            self._connection.settimeout(max(0.01, patience_s))
            try:
                piece = self._connection.recv(65536)
            except TimeoutError:
                return b""
            if not piece:
                raise ConnectionResetError("the agent hung up")
            self._held += piece
        line, end, self._held = self._held.partition(b"\n")
        return line + end


@contextmanager
def on_port(port: str, baud: int) -> Iterator[Link]:
    """Talk over a serial port or a pty. Raises: UsageError."""
    try:
        with serial.Serial(port, baud, timeout=0.1, write_timeout=PATIENCE_S) as opened:
            link = Link(opened.write, _SerialLines(opened))
            greet(link, opened.write, port)
            yield link
    except (serial.SerialException, OSError) as error:
        raise UsageError(f"{port}: {getattr(error, 'strerror', None) or error}") from error


def greet(link: Link, write: Callable[[bytes], object], port: str) -> None:
    """Wait for a first answer: a board that has just started throws away what came before. Raises: UsageError."""
    for _ in range(GREETINGS):
        write(b"\n")  # what somebody typed before ends here
        try:
            link.ask({"cmd": "cancel"}, GREETING_S)
        except Refused:
            return
        except UsageError:
            continue
        return
    raise UsageError(f"{port}: nobody answers; is there a console at this port, and is its speed right?")


class _SerialLines:
    """Whole lines of a port; half a line waits for its rest."""

    def __init__(self, port: serial.Serial) -> None:
        self._port = port
        self._held = b""

    def __call__(self, patience_s: float) -> bytes:
        until_s = time.monotonic() + patience_s
        while b"\n" not in self._held and len(self._held) < LINE_BYTES_MAX:
            if time.monotonic() >= until_s:
                return b""
            self._held += self._port.read(max(1, self._port.in_waiting))
        line, end, self._held = self._held.partition(b"\n")
        return line + end
