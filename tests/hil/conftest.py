"""What a rig is told on the command line, and the conversation that its tests have with the board's console."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pexpect
import pytest

from tools.console_command import Talk
from tools.console_link import Link, greet, on_port
from tools.errors import UsageError

LINE = re.compile(rb"[^\n]*\n")
BACK_TRIES = 20  # each waits for an answer, a port that is gone answers at once
WITHIN_S = 30.0


def pytest_addoption(parser: pytest.Parser) -> None:
    """Take what this rig has."""
    rig = parser.getgroup("rig")
    rig.addoption("--owner-key", type=Path, help="the owner's private key, which unlocks the console; else its button")
    rig.addoption("--moves", help="what may be moved here and how far, in the device's own unit: charger=8000")


@dataclass(frozen=True)
class Rig:
    """A board on its port: `link` asks, `talk` unlocks."""

    dut: Any
    link: Link
    talk: Talk

    def unlock(self) -> None:
        """Unlock the console by the owner's key, or wait for the button."""
        self.talk.unlock()

    def until(self, key: str, *wanted: Any) -> dict[str, Any]:
        """Return the next line that has `key`, with one of what is wanted there; what comes before is passed over."""
        while (told := self.link.hear(WITHIN_S)) is not None:
            if key in told and (not wanted or told[key] in wanted):
                return told
        raise AssertionError(f"within {WITHIN_S:g} s the board says nothing with {key} {wanted}")

    def identity_after_restart(self) -> dict[str, Any]:
        """Return what the board says of itself once it is there again: its port may go and come back."""
        port, baud = self.dut.serial.port, self.dut.serial.baud
        self.dut.serial.close()
        for _ in range(BACK_TRIES):
            try:
                with on_port(port, baud) as link:
                    return link.ask({"cmd": "identify"})
            except UsageError as error:
                last = error
        raise AssertionError(f"it does not come back: {last}")


@pytest.fixture
def rig(dut: Any, request: pytest.FixtureRequest) -> Iterator[Rig]:
    """Begin a conversation; it begins locked, and ends locked."""

    def receive(patience_s: float) -> bytes:
        try:
            found: bytes = dut.expect(LINE, timeout=max(0.0, patience_s)).group()
        except pexpect.TIMEOUT:
            return b""
        return found

    link = Link(dut.serial.proc.write, receive)
    greet(link, dut.serial.proc.write, dut.serial.port)
    yield Rig(dut, link, Talk(link, request.config.getoption("--owner-key"), as_json=True))


@pytest.fixture
def moves(request: pytest.FixtureRequest) -> tuple[str, int]:
    """What may be moved here: a device and a set-point."""
    told = request.config.getoption("--moves")
    if told is None:
        pytest.skip("nothing may be moved on this rig: name a device and a set-point with --moves")
    device, _, setpoint = told.partition("=")
    return device, int(setpoint)
