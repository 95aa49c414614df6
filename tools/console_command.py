"""`siteward console`: talk to an agent's console, a gateway's by its SITE.toml or a board's by its port.

One command, or lines of commands from standard input, in one conversation. What changes something is unlocked first:
by the owner's signature with --key, else by a sign of presence, which is asked for.
"""

from __future__ import annotations

import argparse
import contextlib
import hashlib
import json
import shlex
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from tools import wire
from tools.console import Progress
from tools.console_link import Link, Refused, Told, asking, on_port
from tools.console_words import said
from tools.errors import UsageError
from tools.keys import load_private
from tools.why import journal_of

DONE, REFUSED = 0, 1
PRESENCE_S = 20.0
PART_SHARE = 4  # of a line that a piece of a configuration may take: what is escaped takes more


class Talk:
    """One conversation: carries out commands and prints what came of them."""

    def __init__(self, link: Link, key: Path | None, as_json: bool) -> None:
        self._link = link
        self._key = key
        self._as_json = as_json
        self._open_s = 0.0  # until when the console is unlocked
        self._progress = Progress(1)

    def run(self, words: list[str]) -> int:
        """Carry out one command; return the exit code. Raises: UsageError."""
        asked = _parser().parse_args(words)
        try:
            asked.act(self, asked)
        except Refused as refused:
            self._progress.close()
            if self._as_json:
                print(json.dumps(refused.told), flush=True)
            print(f"siteward: {refused}", file=sys.stderr)
            return REFUSED
        return DONE

    def look(self, asked: argparse.Namespace) -> None:
        """Ask something that needs no unlocking, and print it."""
        request = {"cmd": asked.command}
        if getattr(asked, "device", None) is not None:
            request["device"] = asked.device
        self._print(asked.command, self._link.ask(request))

    def scan(self, asked: argparse.Namespace) -> None:
        """Walk along a bus; Ctrl-C ends the walk and tells what was found so far."""
        request = {"cmd": "scan", "bus": asked.bus, "first": asked.first, "last": asked.last}
        self._link.on_other = self._show_progress
        try:
            told = self._link.ask(request)
        except KeyboardInterrupt:
            self._link.say({"cmd": "cancel"})
            raise
        finally:
            self._progress.close()
        self._print("scan", told)

    def _show_progress(self, told: Told) -> None:
        if "progress" in told:
            at = told["progress"]
            self._progress.step(f"{at['unit']} of {at['last']}, found: {_listed(at['found'])}")

    def test(self, asked: argparse.Namespace) -> None:
        """Want a set-point of a device for a while, or take that back."""
        request = {"cmd": "test", "device": asked.device, "setpoint": asked.setpoint}
        if asked.setpoint is not None:
            request["lease_s"] = asked.lease
        self.unlock()
        self._print("test", self._link.ask(request))

    def events(self, asked: argparse.Namespace) -> None:
        """Print facts as they come, for so long, or until Ctrl-C."""
        until_s = time.monotonic() + asked.seconds if asked.seconds else float("inf")
        self._link.on_other = _print_fact
        self._link.ask({"cmd": "events"})
        while time.monotonic() < until_s:
            told = self._link.hear(min(1.0, max(0.0, until_s - time.monotonic())))
            if told is not None:
                _print_fact(told)
        self._link.on_other = len
        self._link.ask({"cmd": "events", "on": False})

    def config_get(self, asked: argparse.Namespace) -> None:
        """Print the configuration, or write it to a file."""
        text, told = "", self._private({"cmd": "config-get", "at": 0})
        while True:
            text += told["text"]
            at = len(text.encode())
            if at >= told["size_bytes"]:
                break
            told = self._link.ask({"cmd": "config-get", "at": at})
        if hashlib.sha256(text.encode()).hexdigest() != told["sha256"]:
            raise UsageError("the configuration was changed meanwhile; try again")
        if asked.out is None:
            print(text, end="" if text.endswith("\n") else "\n")
        else:
            asked.out.write_text(text, encoding="utf-8")

    def config_set(self, asked: argparse.Namespace) -> None:
        """Send a configuration in pieces; the agent checks it and takes it at its next start."""
        try:
            text = asked.file.read_text(encoding="utf-8")
        except (OSError, UnicodeDecodeError) as error:
            raise UsageError(f"{asked.file}: {error}") from error
        raw = text.encode()
        line_bytes: int = self._link.ask({"cmd": "identify"})["limits"]["line_bytes"]
        self.unlock()
        sha256 = hashlib.sha256(raw).hexdigest()
        self._link.ask({"cmd": "config-begin", "size_bytes": len(raw), "sha256": sha256})
        at = 0
        for piece in _pieces(text, line_bytes // PART_SHARE):
            at = self._link.ask({"cmd": "config-part", "at": at, "text": piece})["at"]
            self._progress.step(f"{at} of {len(raw)} bytes")
        self._progress.close()
        self._print("config set", self._link.ask({"cmd": "config-end"}))

    def leave(self, asked: argparse.Namespace) -> None:
        """Start the agent anew, or erase it first."""
        request = {"cmd": asked.command}
        if asked.command == "erase":
            agent = self._link.ask({"cmd": "identify"})["agent"]
            if asked.agent != agent:
                raise UsageError(f"to erase this agent, name it: erase {agent}")
            request["agent"] = agent
        self.unlock()
        self._print(asked.command, self._link.ask(request))

    def _private(self, request: Told) -> Told:
        """Ask for what some consoles show to everybody, and others only when they are unlocked."""
        try:
            return self._link.ask(request)
        except Refused as refused:
            if refused.told.get("code") != "locked":
                raise
        self.unlock()
        return self._link.ask(request)

    def unlock(self) -> None:
        """Unlock the console, unless it still is. Raises: Refused, UsageError."""
        if time.monotonic() < self._open_s:
            return
        if self._key is None:
            presence = self._link.ask({"cmd": "identify"})["presence"]
            if presence:
                print(f"to unlock, within 15 s: {presence}", file=sys.stderr, flush=True)
            told = self._link.ask({"cmd": "unlock"}, PRESENCE_S)
        else:
            told = self._link.ask({"cmd": "unlock", "signed": self._signed(self._key)})
        self._open_s = time.monotonic() + told["unlocked_ms"] / 1000 - 1

    def _signed(self, path: Path) -> str:
        key = load_private(path)
        asked = self._link.ask({"cmd": "challenge"})
        signed = wire.unlock(
            bytes.fromhex(asked["agent"]), asked["epoch"], bytes.fromhex(asked["nonce"]), asked["seconds_max"]
        )
        return wire.seal(signed, key).hex()

    def _print(self, command: str, told: Told) -> None:
        if self._as_json:
            print(json.dumps({name: told[name] for name in told if name not in ("v", "id", "ok")}), flush=True)
        else:
            print("\n".join(said(command, told)), flush=True)


def _print_fact(told: Told) -> None:
    if "fact" in told:
        print(json.dumps(told), flush=True)


def _pieces(text: str, bytes_max: int) -> Iterator[str]:
    piece = ""
    for letter in text:
        if len((piece + letter).encode()) > bytes_max:
            yield piece
            piece = ""
        piece += letter
    if piece:
        yield piece


def _listed(units: list[int]) -> str:
    return ", ".join(map(str, units)) or "none"


def run(arguments: argparse.Namespace) -> int:
    """Carry out the command, or those of standard input until one fails; return the exit code. Raises: UsageError."""
    if arguments.words:
        _parser().parse_args(arguments.words)  # before anything is opened
    with contextlib.ExitStack() as stack:
        link = stack.enter_context(_opened(arguments))
        talk = Talk(link, arguments.key, arguments.json)
        if arguments.words:
            return talk.run(arguments.words)
        return _run_lines(talk)


def _opened(arguments: argparse.Namespace) -> contextlib.AbstractContextManager[Link]:
    if arguments.port is not None:
        return on_port(arguments.port, arguments.baud)
    if not arguments.site.is_file():
        raise UsageError(f"there is no file {arguments.site}; name one with --site, or a board's port with --port")
    return asking(journal_of(arguments.site))


def _run_lines(talk: Talk) -> int:
    at_terminal = sys.stdin.isatty()
    while True:
        if at_terminal:
            print("> ", end="", file=sys.stderr, flush=True)
        line = sys.stdin.readline()
        if not line or line.strip() in ("exit", "quit"):
            return DONE
        words = shlex.split(line, comments=True)
        if not words:
            continue
        try:
            code = talk.run(words)
        except UsageError as error:
            if not at_terminal:
                raise
            print(f"siteward: {error}", file=sys.stderr)
            continue
        if code != DONE and not at_terminal:
            return code


class _Parser(argparse.ArgumentParser):
    def error(self, message: str) -> Any:
        """Refuse a command."""
        raise UsageError(f"{message}; see siteward console --help")


def _parser() -> argparse.ArgumentParser:
    parser = _Parser(prog="siteward console", add_help=False)
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")

    def add(name: str, act: Callable[[Talk, argparse.Namespace], None]) -> argparse.ArgumentParser:
        made = commands.add_parser(name, add_help=False)
        made.set_defaults(act=act)
        return made

    for name in ("identify", "buses", "keys"):
        add(name, Talk.look)
    add("read", Talk.look).add_argument("device")
    add("why", Talk.look).add_argument("device", nargs="?")
    scan = add("scan", Talk.scan)
    scan.add_argument("bus")
    scan.add_argument("--first", type=int, default=1)
    scan.add_argument("--last", type=int, default=247)
    test = add("test", Talk.test)
    test.add_argument("device")
    test.add_argument("setpoint", type=lambda given: None if given == "release" else int(given))
    test.add_argument("--lease", type=int, default=60)
    add("events", Talk.events).add_argument("--seconds", type=float, default=0.0)
    config = add("config", Talk.config_get).add_subparsers(dest="verb", required=True)
    get = config.add_parser("get", add_help=False)
    get.add_argument("-o", dest="out", type=Path)
    put = config.add_parser("set", add_help=False)
    put.add_argument("file", type=Path)
    put.set_defaults(act=Talk.config_set)
    add("reboot", Talk.leave)
    add("erase", Talk.leave).add_argument("agent", nargs="?", default="")
    return parser
