"""A whole agent in virtual time whose only source is a VEN, beside a VTN on a real TLS socket."""

from __future__ import annotations

import asyncio
import ssl
from contextlib import asynccontextmanager
from unittest.mock import patch

from agent.sources.peer_desk import PeerDesk
from boards.cpython.openadr import ven
from boards.cpython.openadr.ven import Ven
from tests.openadr.documents import NOON_MS
from tests.openadr.vtn import SECRET, TestVtn
from tests.shared.sourced import SourcedSite
from tests.waiting import WAIT_S, until
from tools.certs import Authority

OPTIONS = {"ven_name": "house-12", "ca": "ca.crt", "client_id": "ven_client", "client_secret": "vtn.secret"}


class Rig:
    """A site whose civil clock stands at noon, its VEN and the VTN."""

    def __init__(self, vtn: TestVtn, folder, role="utility", **options) -> None:
        self.vtn = vtn
        self.site = SourcedSite(PeerDesk, role)
        self.site.civil_ms = NOON_MS
        self.folder = folder
        self.options = {
            **OPTIONS,
            "url": vtn.url,
            "targets": {"house": "", "car": "charger"},
            "poll_s": 3600,
            **options,
        }

    async def start(self) -> None:
        """Start agent and VEN."""
        self._agent = await self.site.start()
        await self.join()

    async def join(self) -> None:
        """Start the VEN."""
        desk = self.site.desk
        assert isinstance(desk, PeerDesk)
        self.ven = Ven(desk, dict(self.options))
        self.ven.open(self.folder)
        self._task = asyncio.create_task(self.ven.run())

    async def leave(self) -> None:
        """End the VEN, as a break of it does."""
        self._task.cancel()
        ended, _ = await asyncio.wait([self._task], timeout=WAIT_S)
        assert ended, "the VEN does not end"

    async def stop(self) -> None:
        """End both."""
        await self.leave()
        self.site.loop.stop()
        await self._agent

    async def poll(self, count=1) -> None:
        """Let the VEN ask now, and the agent take what came of it."""
        for _ in range(count):
            until_attempts = self.ven.attempts + 1
            self.ven.wake()
            await self.attempted(until_attempts)
        await self.site.let_pass(2000)

    async def attempted(self, attempts) -> None:
        """Wait until the VEN has asked so often."""
        assert await until(lambda: self.ven.attempts >= attempts)

    @property
    def limits(self) -> list[int]:
        """Return what limits the site now, W."""
        return [limit.value for limit in self.site.loop.state.limits if limit.live]


@asynccontextmanager
async def rig(folder, **options):
    """Run a VTN, and a site that is its VEN, with the first list taken."""
    authority = Authority(folder)
    files = authority.server()
    server = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    server.load_cert_chain(files.cert, files.key)
    vtn = TestVtn(server, ssl.create_default_context(cafile=str(folder / "ca.crt")))
    secret = folder / "vtn.secret"
    secret.write_text(SECRET + "\n")
    secret.chmod(0o600)
    async with vtn.serving():
        found = Rig(vtn, folder, **options)
        # The rig says when the VEN asks: no attempt of its own is under way when the VTN changes.
        with patch.object(ven, "retry_ms", lambda outage_ms: 3600000):
            await found.start()
            try:
                await found.attempted(1)
                await found.site.let_pass(2000)
                yield found
            finally:
                await found.stop()
