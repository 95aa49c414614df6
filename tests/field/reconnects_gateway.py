"""The uplink of a gateway before brokers that fail in every way: `python -m tests.field.reconnects_gateway ...`.

Sockets and TLS are real, and so is all waiting, but shorter, and many uplinks wait side by side.
"""

from __future__ import annotations

import asyncio
import gc
import json
import os
import random
import sys
from typing import Any

from boards.cpython import mqtt_uplink
from boards.cpython.mqtt_uplink import MqttUplink
from tests.field.far_ends import AGENT
from tests.waiting import until
from tools.soak.processes import open_handles, resident_kb

SIDE_BY_SIDE = 16
CONNECT_S = 4  # instead of 20
KEEPALIVE_S = 1
CLOSED_S = 2
STUCK_S = 120
PAGE = bytes(1500)


class Reconnecting(MqttUplink):
    """Goes from one broker to the next instead of resting."""

    def __init__(self, batch: Batch, files: list[str]) -> None:
        ca, cert, cert_key, name = files
        super().__init__("127.0.0.1", 1, AGENT, ca, cert, cert_key, name, KEEPALIVE_S)
        self._batch = batch
        self._choose()

    def _choose(self) -> None:
        self._kind = self._batch.rng.choice(self._batch.kinds)
        self._port = self._batch.ports[self._kind]

    async def _rest(self, rest_ms: int) -> None:
        self._batch.note(self._kind, self.trouble)
        if self._batch.left <= 0:
            await self.close()
        self._choose()
        await asyncio.sleep(0)

    def woken(self) -> None:
        """Have something under way on every other connection."""
        if self.connected and self._batch.left % 2:
            self.publish("page", PAGE)


class Batch:
    """So many attempts by uplinks side by side, from first to last."""

    def __init__(self, ports: dict[str, int], count: int, seed: int) -> None:
        self.ports = ports
        self.kinds = sorted(ports)
        self.left = count
        self.rng = random.Random(seed)
        self.ended = 0
        self._handles = open_handles(os.getpid())

    def note(self, kind: str, trouble: str) -> None:
        """An attempt has ended."""
        self.left -= 1
        self.ended += 1
        print(json.dumps([kind, trouble]))

    async def run(self, files: list[str]) -> None:
        """Do it."""
        uplinks = [Reconnecting(self, files) for _ in range(SIDE_BY_SIDE)]
        tasks = [asyncio.create_task(uplink.run(uplink.woken)) for uplink in uplinks]
        _, stuck = await asyncio.wait(tasks, timeout=STUCK_S + self.left)
        for task in stuck:
            task.print_stack()
        assert not stuck, "an attempt never ended"
        await asyncio.gather(*tasks)
        # Transports close in a later turn; what stays open is counted by who looks afterwards.
        await until(lambda: open_handles(os.getpid()) <= self._handles, CLOSED_S)


def held() -> dict[str, int]:
    gc.collect()
    here = {
        "objects": len(gc.get_objects()),
        "handles": open_handles(os.getpid()),
        "resident_kb": resident_kb(os.getpid()),
    }
    return {**here, "tasks": len(asyncio.all_tasks())}


async def run(ports: dict[str, int], count: int, warm: int, seed: int, files: list[str]) -> dict[str, Any]:
    """Warm up, look, do it all in ten parts, look after each."""
    mqtt_uplink.CONNECT_S = CONNECT_S
    await Batch(ports, warm, seed).run(files)
    before, half, ended = held(), held(), 0
    for tenth in range(1, 11):
        batch = Batch(ports, count // 10, seed + tenth)
        await batch.run(files)
        ended += batch.ended
        print(json.dumps({"ended": ended, "held": held()}), flush=True)
        half = held() if tenth == 5 else half
    return {"before": before, "half": half, "after": held(), "ended": ended}


def main(ports: str, count: str, warm: str, seed: str, *files: str) -> None:
    """Print what was found as one line of JSON."""
    print(json.dumps(asyncio.run(run(json.loads(ports), int(count), int(warm), int(seed), list(files)))))


if __name__ == "__main__":
    main(*sys.argv[1:])
