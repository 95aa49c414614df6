"""A broker that has troubles, and the head-end behind it: what contracts/confirmed.py has the world do.

A word comes as a file of that name in a folder and is done when the file is gone, so that an agent in a process of its
own can say it, too.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
from collections.abc import AsyncIterator
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric import ec

from boards.micropython.signer import SoftSigner
from tests.ports.contracts.confirmed import AGENT_KEY, RECEIPT_KEY
from tests.waiting import until
from tools.broker import Broker
from tools.headend import BrokerAccess, HeadEnd, KnownAgent, Settings

SIGNER = SoftSigner(AGENT_KEY)
AGENT = SIGNER.key_id.hex()


class MoodyBroker(Broker):
    """mosquitto, because it reads its access list again when it is told to (mosquitto.conf(5), acl_file)."""

    def __init__(self, folder: Path) -> None:
        super().__init__(folder, [AGENT], "mosquitto")
        self._acl = folder / "mosquitto.acl"
        self._allowing = self._acl.read_text()
        self._enacted = 0

    def _signal(self, number: signal.Signals) -> None:
        assert self._process is not None
        os.kill(self._process.pid, number)

    def deny(self) -> None:
        """Acknowledge what the agent publishes and drop it, as MQTT 3.1.1 has it (section 3.3.5)."""
        kept = [line for line in self._allowing.splitlines() if f"write siteward/{AGENT}/" not in line]
        self._enact("\n".join(kept) + "\n")

    def allow(self) -> None:
        """Let it through again."""
        self._enact(self._allowing)

    def _enact(self, acl: str) -> None:
        self._acl.write_text(acl)
        self._signal(signal.SIGHUP)
        self._enacted += 1

    def has_enacted(self) -> bool:
        """Tell whether it has read its access list as often as it was told to."""
        return self.log.read_text(errors="replace").count("Reloading config") == self._enacted

    def freeze(self) -> None:
        """Stand still with all connections open."""
        self._signal(signal.SIGSTOP)

    def thaw(self) -> None:
        """Go on."""
        self._signal(signal.SIGCONT)

    def restart(self) -> None:
        """Break down and come again."""
        self.kill()
        self.start()


class World:
    """Broker, head-end, and the folder in which words are said."""

    def __init__(self, broker: MoodyBroker, head_end: HeadEnd, words: Path) -> None:
        self.broker = broker
        self.head_end = head_end
        self.words = words

    async def obey(self) -> None:
        """Do what is said."""
        while True:
            await until(lambda: any(self.words.iterdir()))
            for word in list(self.words.iterdir()):
                await asyncio.to_thread(getattr(self.broker, word.name))
                assert await until(self.broker.has_enacted)
                word.unlink()


@contextlib.asynccontextmanager
async def moody_world(folder: Path) -> AsyncIterator[World]:
    """Start everything; end it."""
    words = folder / "say"
    words.mkdir()
    broker = MoodyBroker(folder)
    access = BrokerAccess(
        broker.host, broker.port, "localhost", broker.ca.cert, broker.head_end.cert, broker.head_end.key
    )
    receipt_key = ec.derive_private_key(int.from_bytes(RECEIPT_KEY, "big"), ec.SECP256R1())
    known = (KnownAgent("house", SIGNER.public_key),)
    settings = Settings(folder / "headend.sqlite", access, receipt_key, (), known)
    async with broker, HeadEnd(settings) as head_end:
        await head_end.connected()
        world = World(broker, head_end, words)
        obeying = asyncio.create_task(world.obey())
        try:
            yield world
        finally:
            obeying.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await obeying
