"""How long a command takes from the head-end's publish to the written register, against the bare callback.

Both sides run at the same time, poll their 20 devices every second, and get commands in turn on one connection to one
broker: for the agent a signed claim on the charger, for the bare program the registers themselves. The devices
note when the write arrived, on the machine's one monotonic clock. Agent: verify, decide, journal, fdatasync, write.
"""

from __future__ import annotations

import random
import struct
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

import paho.mqtt.client as mqtt
from paho.mqtt.enums import CallbackAPIVersion

from tools import wire
from tools.bench.bare import without_delay
from tools.bench.child import BenchError, Child
from tools.bench.site import BARE, Stage
from tools.broker import Broker

PAUSE_S = (0.02, 0.08)  # drawn anew each time, so that commands meet every phase of the second
EXPIRES_S = 86400
DURATION_S = 600
PRIMACY = 10
SETPOINTS_MA = (8000, 10000)
WARM_COMMANDS = 5


@dataclass
class Latency:
    """Milliseconds from publish to register, one a command, in order."""

    agent_ms: list[float] = field(default_factory=list)
    bare_ms: list[float] = field(default_factory=list)

    def ratio(self, percent: int) -> float:
        """Return the agent's percentile over the bare program's."""
        return percentile(self.agent_ms, percent) / percentile(self.bare_ms, percent)


def percentile(numbers: list[float], percent: int) -> float:
    """Return the smallest number that `percent` of them do not exceed."""
    ordered = sorted(numbers)
    return ordered[max(0, -(-len(ordered) * percent // 100) - 1)]


def measure(stage: Stage, commands: int) -> Latency:
    """Send `commands` to each side. Raises: BenchError."""
    found = Latency()
    pause = random.Random(1)  # noqa: S311 - no secret: when to send
    with stage.agent() as agent, stage.bare() as bare, publisher(stage.broker, "siteward-bench") as client:
        epoch = agent.hear("epoch")["epoch"]
        bare.hear("ready")
        _await_charger(agent)
        for number in range(commands + WARM_COMMANDS):
            setpoint_ma = SETPOINTS_MA[number % 2]
            words = struct.pack(">f", setpoint_ma / 1000)
            claim = _claim(stage, epoch, number + 1, setpoint_ma)
            sides = (
                (stage.agent_id.hex(), claim, stage.chargers[0], found.agent_ms),
                (BARE, words, stage.chargers[1], found.bare_ms),
            )
            for name, payload, charger, times in sides:
                time.sleep(pause.uniform(*PAUSE_S))
                sent_ns = time.monotonic_ns()
                client.publish(f"siteward/{name}/command", payload, 1)
                times.append((_written_ns(stage, charger, words) - sent_ns) / 1e6)
    del found.agent_ms[:WARM_COMMANDS], found.bare_ms[:WARM_COMMANDS]
    return found


def _await_charger(agent: Child) -> None:
    while agent.hear("fact").get("device") != "charger":
        pass


def _claim(stage: Stage, epoch: int, counter: int, setpoint_ma: int) -> bytes:
    body = ["charger", setpoint_ma, DURATION_S, PRIMACY]
    return wire.seal(wire.command(stage.agent_id, epoch, counter, EXPIRES_S, wire.CLAIM, body), stage.aggregator)


def _written_ns(stage: Stage, charger: int, words: bytes) -> int:
    """Return when these registers were written to this charger, waiting for it."""
    while True:
        written = stage.devices.hear("words")
        if written["port"] == charger and struct.pack(">HH", *written["words"]) == words:
            return int(written["at_ns"])


@contextmanager
def publisher(broker: Broker, client_id: str) -> Iterator[mqtt.Client]:
    """Connect as the head-end does. Raises: BenchError."""
    files = broker.head_end
    client = mqtt.Client(CallbackAPIVersion.VERSION2, client_id)
    client.tls_set(str(broker.ca.cert), str(files.cert), str(files.key))
    client.on_socket_open = without_delay
    connected = threading.Event()
    client.on_connect = lambda *_: connected.set()
    client.connect("localhost", broker.port)
    client.loop_start()
    try:
        if not connected.wait(10):
            raise BenchError("the broker does not answer the bench's publisher")
        yield client
    finally:
        client.disconnect()
        client.loop_stop()
