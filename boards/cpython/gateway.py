"""Starts an agent on a Linux machine: reads SITE.toml, opens what it names, runs until it is told to stop.

Whatever is wrong with the configuration or with what it names ends as one sentence, before any device is touched.
"""

from __future__ import annotations

import asyncio
import gc
import json
import os
import signal
import ssl
import sys
import time
from pathlib import Path
from typing import Any

import serial

from agent.config import Config
from agent.console import Desk
from agent.loop import Loop
from agent.recorder import Recorder
from agent.state import State
from boards import telling
from boards.cpython import words
from boards.cpython.clock import SystemClock
from boards.cpython.console_host import GatewayHost
from boards.cpython.door import LINE_BYTES_MAX, OUT_BYTES_MAX, Door
from boards.cpython.file_store import FileStore
from boards.cpython.kept_room import check_room
from boards.cpython.keys import signer_of
from boards.cpython.mqtt_uplink import MqttUplink
from boards.cpython.peers import keep_running, open_peers
from boards.cpython.private_file import KeyFileError
from boards.cpython.serial_line import SerialLine
from boards.cpython.site_file import load_site
from boards.cpython.tcp_line import TcpLine
from boards.cpython.token_uri import TokenError
from boards.cpython.voice import Voice
from boards.cpython.watchdog import SystemdWatchdog
from boards.firmware import firmware_hash
from boards.startup import Parts, StartError, agent_id, assemble, serial_framing
from hal.modbus.bus import Bus
from hal.modbus.tcp import Tcp

ROOT = Path(__file__).resolve().parents[2]
PACKAGES = ("agent", "boards", "drivers", "hal")
SECRET_BYTES = 32


def run_site(path: Path, runtime: str, devices_max: int, as_json: bool) -> int:
    """Run the site's agent until SIGTERM, SIGHUP or Ctrl-C; return the exit code. Raises: StartError."""
    config, digest = load_site(path)
    if config.wlan is not None or config.clock is not None:
        raise StartError(f"{path}: [wlan], [clock]: a gateway's network and time are kept by its system")
    if len(config.devices) > devices_max:
        raise StartError(f"{path}: {len(config.devices)} devices, and this board takes {devices_max} at most")
    try:
        again = asyncio.run(_serve(path, config, digest, runtime, devices_max, as_json))
    except TokenError as error:  # it was there at the start; the agent has stood down
        raise StartError(f"[agent] key: {error}") from error
    if again:  # the console asked for it: the same process with what is on the disk now
        os.execv(sys.executable, sys.orig_argv)  # noqa: S606
    return 0


async def _serve(path: Path, config: Config, digest: bytes, runtime: str, devices_max: int, as_json: bool) -> bool:
    """Run the agent to its end; return whether it shall start again."""
    folder, host = path.parent, GatewayHost(path, runtime, digest, devices_max)
    loop = _assembled(folder, config, digest, host)
    check_room(loop.state.units)
    host.loop = loop
    peers = open_peers(loop, folder)
    desk = Desk(loop, host, LINE_BYTES_MAX, OUT_BYTES_MAX)
    voice = Voice(sys.stdout, lambda lines: _said(json.dumps({"fact": "dropped", "lines": lines}), loop.state, as_json))
    aside = Voice(sys.stderr, "siteward: {} lines were dropped here".format)

    def say(line: str | None) -> None:
        if line is not None:
            voice.say(_said(line, loop.state, as_json))

    def tell(fact: list[object]) -> None:
        line = telling.line(fact, loop.state)
        say(line)
        desk.tell(fact, line)

    recorder_folder = (folder / config.agent["journal"]).parent / "recorder"
    loop.recorder = _recorder(recorder_folder, config.agent["recorder_bytes_max"], runtime, loop, aside)
    _end_on_signals(loop)
    loop.session.on_link = lambda connected: say(telling.link(connected))
    loop.session.on_silence = lambda silent: say(telling.silence(silent))
    loop.tell = tell
    agent = loop.state.agent_id.hex()
    door = await _door(folder / config.agent["journal"], desk)
    say(json.dumps({"fact": "ready", "site": config.site["name"], "agent": agent, "epoch": loop.state.epoch}))
    gc.collect()
    gc.freeze()  # what start-up made stays: looking through all of it again takes longer than a command
    tasks = [asyncio.create_task(keep_running(peer, aside.say)) for peer in peers]
    try:
        await loop.run()
    finally:
        for task in tasks:
            task.cancel()
        door.close()
        voice.close()
        aside.close()
    return host.restarts


def _end_on_signals(loop: Loop) -> None:
    """Stand down when told to end, and when the terminal closes, unless it was started to outlive it (nohup)."""
    events = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        if number != signal.SIGHUP or signal.getsignal(number) is not signal.SIG_IGN:
            events.add_signal_handler(number, loop.stop)


async def _door(folder: Path, desk: Desk) -> Door:
    """Open the console's socket; an agent runs without one as well."""
    door = Door(folder, desk)
    try:
        await door.open()
    except OSError as error:
        print(f"siteward: this agent has no console: {folder}: {error.strerror or error}", file=sys.stderr)
    return door


def _recorder(folder: Path, bytes_max: int, runtime: str, loop: Loop, aside: Voice) -> Recorder | None:
    """Open the flight recorder; an agent runs without one as well."""

    def say_off(why: str) -> None:
        aside.say(f"siteward: the flight recorder is off: {folder}: {why}")

    if not bytes_max:
        return None
    try:
        store = FileStore(folder, bytes_max, durable=False)
    except OSError as error:
        say_off(error.strerror or str(error))
        return None
    recorder = Recorder(store, bytes_max, runtime, loop.authorities)
    recorder.on_stop = say_off
    return recorder


def _said(line: str, state: State, as_json: bool) -> str:
    """Return a told line as it is, or as a sentence with the time of day."""

    def control_of(device: str) -> int:
        unit = state.unit_named(device)
        return 0 if unit is None else unit.contract.control

    return line if as_json else time.strftime("%H:%M:%S  ") + words.sentence(json.loads(line), control_of)


def _assembled(folder: Path, config: Config, digest: bytes, host: GatewayHost) -> Loop:
    if config.console is not None:
        raise StartError("[console]: that is for boards; a gateway's console is the socket in its journal's folder")
    clock = SystemClock()
    try:
        signer = signer_of(folder, config.agent["key"])
        store = FileStore(folder / config.agent["journal"], config.agent["journal_bytes_max"])
        following = config.agent["next_key"]
        next_signer = signer_of(folder, following) if following is not None else None
        uplink = _uplink(folder, config.uplink, agent_id(config, signer.key_id).hex())
        host.firmware = firmware_hash(str(ROOT), PACKAGES)
        secret = os.urandom(SECRET_BYTES)
        parts = Parts(
            host.board, host.firmware, clock, store, signer, uplink, SystemdWatchdog(), secret,
            lambda row: host.keep_bus(row, _bus(row, clock)), next_signer,
        )  # fmt: skip
        return assemble(config, digest, parts)
    except (KeyFileError, TokenError) as error:
        raise StartError(f"[agent] key: {error}") from error
    except BlockingIOError as error:
        raise StartError(f"[agent] journal = {config.agent['journal']!r}: another agent uses this folder") from error
    except OSError as error:
        raise StartError(f"{error.filename or config.agent['journal']}: {error.strerror or error}") from error


def _uplink(folder: Path, table: dict[str, Any] | None, agent_hex: str) -> MqttUplink | None:
    if table is None:
        return None
    for key in ("ca", "cert", "cert_key"):
        if not (folder / table[key]).is_file():
            raise StartError(f"[uplink] {key} = {table[key]!r}: there is no file {folder / table[key]}")
    ca, cert, cert_key = (folder / table[key] for key in ("ca", "cert", "cert_key"))
    if cert_key.stat().st_mode & 0o077:
        raise StartError(f"[uplink] cert_key: {cert_key}: group or others may use this private key: chmod 600 it")
    try:
        return MqttUplink(
            table["host"], table["port"], agent_hex, ca, cert, cert_key, table["server_name"] or table["host"]
        )
    except ssl.SSLError as error:
        raise StartError(f"[uplink] ca, cert, cert_key: not a matching PEM certificate and key: {error}") from error


def _bus(row: dict[str, Any], clock: SystemClock) -> Bus:
    if row["kind"] == "tcp":
        return Bus(TcpLine(row["host"], row["port"]), Tcp(), clock)
    if row["kind"] == "pins":
        raise StartError(f"[[bus]] {row['id']} kind = 'pins': a gateway has no pins for devices; a board has")
    _check_port(row)
    return Bus(SerialLine(row["port"], row["baud"], row["parity"], row["stop_bits"]), serial_framing(row), clock)


def _check_port(row: dict[str, Any]) -> None:
    """Open the port once, so that a wrong name is told at the fuse box and not in a log a week later."""
    try:
        serial.Serial(row["port"], row["baud"], exclusive=True).close()
    except serial.SerialException as error:
        raise StartError(f"[[bus]] {row['id']} port = {row['port']!r}: {error.strerror or error}") from error
