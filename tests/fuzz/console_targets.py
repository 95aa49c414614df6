"""What an agent's console is given, over a gateway's socket: requests, noise, what is unlocked and what is not."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path

from agent.console import Desk
from boards.cpython import door
from hal import quantities as q
from tests.fuzz import hurried
from tests.shared.console_desk import TwinHost
from tests.shared.desk import picture
from tests.shared.site import TwinSite, started

REFUSALS = ("malformed", "version", "unknown", "locked", "refused", "busy")


class HurriedClock:
    """The time of the event loop, which passes when everybody waits."""

    def now_ms(self) -> int:
        """Return milliseconds, after those of the agent's first seconds."""
        return 10000 + int(asyncio.get_running_loop().time() * 1000)

    def civil_ms(self) -> int:
        """Return 0: unknown."""
        return 0

    def quality(self) -> int:
        """Return CLOCK_UNKNOWN."""
        return q.CLOCK_UNKNOWN

    def error_ms(self) -> int:
        """Return 0: it says nothing."""
        return 0

    async def sleep_ms(self, ms: int) -> None:
        """Wait."""
        await asyncio.sleep(ms / 1000)


class Heard:
    """The end of a connection that keeps what is written to it."""

    def __init__(self) -> None:
        self.lines = b""

    def write(self, piece: bytes) -> None:
        """Keep it."""
        self.lines += piece

    async def drain(self) -> None:
        """Have room."""

    def close(self) -> None:
        """End."""


async def living() -> TwinSite:
    """Return a site after a few seconds of life under a limit."""
    site = TwinSite()
    task = await started(site)
    site.uplink.deliver("command", await site.limit(3000, 600))
    await site.let_pass(3000)
    task.cancel()
    return site


SITE = asyncio.run(living())


def console(raw: bytes) -> None:
    """Every line is answered with one line, in order; a locked console changes nothing, whatever it is told."""
    hurried.run(_asked(raw))


async def _asked(raw: bytes) -> None:
    del SITE.loop.inbox[:], SITE.loop.authorities[2:]
    SITE.loop.clock = HurriedClock()
    before = picture(SITE.loop.state)
    host = TwinHost(SITE)
    desk = Desk(SITE.loop, host, door.LINE_BYTES_MAX, door.OUT_BYTES_MAX)
    reader, writer = asyncio.StreamReader(), Heard()
    reader.feed_data(raw)
    reader.feed_eof()
    await door.Door(Path(), desk)._serve(reader, writer)  # type: ignore[arg-type]
    assert desk.consoles == [] and host.part is None and host.left == [] and host.kept == TwinHost(SITE).kept
    assert picture(SITE.loop.state) == before
    answers = [told for told in map(json.loads, writer.lines.splitlines()) if "ok" in told]
    asked = [line for line in raw.split(b"\n")[:-1] if line.strip() or len(line) > door.LINE_BYTES_MAX]
    rest = raw.rsplit(b"\n", 1)[-1]
    assert len(answers) == len(asked) + (len(rest) > door.LINE_BYTES_MAX), (len(answers), len(asked))
    for told in answers:
        assert told["v"] == 1 and (told["ok"] or told["code"] in REFUSALS), told


def console_seeds() -> list[bytes]:
    """Return every request, several at once, one without an end, one that is too long."""
    asked = [
        {"cmd": "identify", "v": 1, "id": 5}, {"cmd": "buses"}, {"cmd": "keys"}, {"cmd": "why"}, {"cmd": "cancel"},
        {"cmd": "why", "device": "charger"}, {"cmd": "read", "device": "grid"}, {"cmd": "events", "on": True},
        {"cmd": "scan", "bus": "rs485", "first": 1, "last": 60}, {"cmd": "challenge"}, {"cmd": "lock"},
        {"cmd": "unlock", "signed": "d28443a10126a04100"}, {"cmd": "config-get", "at": 0}, {"cmd": "reboot"},
        {"cmd": "test", "device": "charger", "setpoint": 6000, "lease_s": 5}, {"cmd": "config-set", "text": "{}"},
        {"cmd": "config-begin", "size_bytes": 2, "sha256": "00" * 32}, {"cmd": "config-part", "at": 0, "text": "{}"},
        {"cmd": "config-end"}, {"cmd": "erase", "agent": SITE.loop.state.agent_id.hex()},
    ]  # fmt: skip
    lines = [json.dumps(each).encode() + b"\n" for each in asked]
    return [*lines, b"".join(lines), b'{"cmd": "why"}', b"x" * 5000 + b"\n" + lines[0], b'{"cmd": "unlock"}\n']
