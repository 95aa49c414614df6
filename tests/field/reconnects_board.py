"""The uplink of a board before brokers that fail in every way; runs inside MicroPython: tests/field/reconnects.py.

Sockets and TLS are real. What is waited for is not: while nothing is to come, time-outs and pings pass at once, and
the ticks wrap as they do on a board.
"""

import asyncio
import gc
import json
import os
import random
import time

from boards.micropython import mqtt, mqtt_uplink, wire

FACTOR = 25  # time that is waited for passes so much faster, else 250 ms go by before a failed handshake is looked at
PERIOD = 1 << 30  # of the ticks on boards
ROUNDS = 2  # of looks at every kind
NOTHING_COMES = ("black-holed", "silent")
PAGE = bytes(1500)


class Pace:
    """Ticks that run fast, and `skipping` stand at the end of every wait at once."""

    def __init__(self):
        self.skipping = False
        self._skipped_ms = PERIOD - 60000  # they wrap within the first minute

    def ticks_ms(self):
        return (time.ticks_ms() * FACTOR + self._skipped_ms) % PERIOD

    def ticks_diff(self, later, earlier):
        return (later - earlier + PERIOD // 2) % PERIOD - PERIOD // 2

    async def sleep_ms(self, ms):
        if self.skipping:
            self._skipped_ms += ms
            ms = 0
        await asyncio.sleep_ms(ms // FACTOR)


class Reconnecting:
    """Sends one uplink from one broker to the next."""

    def __init__(self, uplink, ports):
        self.uplink = uplink
        self.pace = Pace()
        self.ended = 0
        self._least = None
        self._looks = 0
        self._ports = ports
        self._kinds = sorted(ports)
        self._kind = None
        for module in (mqtt, mqtt_uplink, wire):
            module.ticks_ms, module.ticks_diff = self.pace.ticks_ms, self.pace.ticks_diff
            module.sleep_ms = self.pace.sleep_ms
        mqtt_uplink.retry_ms = self.next
        self.next(0)

    def next(self, _outage_ms):
        """Note how an attempt ended and choose where the next one goes; takes the place of `retry_ms`."""
        if self._kind is not None:
            print(json.dumps([self._kind, self.uplink.trouble]))  # counted outside: a rare one would need heap here
            self.ended += 1
            self._look()
        drawn = random.getrandbits(16) if not self._looks else self._looks
        self._kind = self._kinds[drawn % len(self._kinds)]
        self.uplink._port = self._ports[self._kind]
        self.pace.skipping = self._kind in NOTHING_COMES
        return 0

    def _look(self):
        if self._looks:
            self._looks -= 1
            now = held()
            self._least = {name: min(now[name], (self._least or now)[name]) for name in now}

    async def least(self):
        """Return the least that was held at the end of attempts of every kind: what is never given back.

        Each kind holds something else when it ends, and leaves other words on the stack: a collection takes some of
        them for addresses, and keeps what may have been there.
        """
        self._least, self._looks = None, ROUNDS * len(self._kinds)
        while self._looks:
            await asyncio.sleep_ms(20)
        return self._least

    def woken(self):
        if self.uplink.connected:
            if self.ended % 2:
                self.uplink.publish("page", PAGE)
            self.pace.skipping = self._kind == "half-open"

    async def until(self, count):
        while self.ended < count:
            await asyncio.sleep_ms(20)


def held():
    gc.collect()
    with open("/proc/self/status") as status:  # noqa: PTH123
        (resident,) = [line for line in status.read().split("\n") if line.startswith("VmRSS")]
    handles = len(os.listdir("/proc/self/fd"))  # noqa: PTH208
    return {"heap_bytes": gc.mem_alloc(), "handles": handles, "resident_kb": int(resident.split()[1])}


async def run(ports, count, warm, ca, cert, cert_key, name):
    uplink = mqtt_uplink.MqttUplink("127.0.0.1", 1, "00112233445566aa", ca, cert, cert_key, name)
    reconnecting = Reconnecting(uplink, ports)
    task = asyncio.create_task(uplink.run(reconnecting.woken))
    await reconnecting.until(warm)
    before = await reconnecting.least()
    half = before
    for tenth in range(1, 10):
        await reconnecting.until(warm + count * tenth // 10)
        if tenth == 5:
            half = await reconnecting.least()
        print(json.dumps({"ended": reconnecting.ended, "held": held()}))
    await reconnecting.until(warm + count)
    after = await reconnecting.least()
    await uplink.close()
    await task
    return {"before": before, "half": half, "after": after, "ended": reconnecting.ended}


def main(ports, count, warm, seed, *files):
    random.seed(int(seed))
    gc.threshold(4096)
    print(json.dumps(asyncio.run(run(json.loads(ports), int(count), int(warm), *files))))
