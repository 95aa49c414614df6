"""Connects a board to what has a name: the name server that its access point told is asked anew each time.

The firmware's own look-up would do, and holds up the whole agent for as long as a name server is silent: seconds, and
more than the watchdog allows. Loaded where a site has a host that is a name (docs/decisions/0010).
"""

from __future__ import annotations

import os
from errno import ENOENT

from network import WLAN

from boards.micropython.dns import NoAddress, address_of, is_answer, question
from boards.micropython.udp import ask
from boards.micropython.wire import connect

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

PATIENCE_MS = (1000, 3000)  # for the first question, and for the one after it


def of_wlan() -> str:
    """Return the address of the name server that DHCP gave."""
    return WLAN(WLAN.IF_STA).ifconfig()[3]


class Names:
    """Looks names up at the server whose address `server` gives at the time."""

    def __init__(self, server: Callable[[], str] = of_wlan, port: int = 53) -> None:
        self._server = server
        self._port = port

    async def connect(self, host: str, port: int, timeout_ms: int) -> Any:
        """Look the name `host` up, 4 s at most, and connect as boards.micropython.wire does. Raises: OSError."""
        return await connect(await self.find(host), port, timeout_ms)

    async def find(self, name: str) -> str:
        """Return the IPv4 address of a name. Raises: OSError."""
        server, fault = self._server(), 0
        if not server.strip("0."):
            raise OSError(ENOENT, "%s: DHCP has told no name server" % name)
        for patience_ms in PATIENCE_MS:
            try:
                return await self._ask(server, name, patience_ms)
            except NoAddress as why:
                raise OSError(ENOENT, "%s: %s" % (name, why.args[0]))
            except OSError as error:
                fault = error.errno or 0
        raise OSError(fault, "%s: no answer from the name server %s" % (name, server))

    async def _ask(self, server: str, name: str, patience_ms: int) -> str:
        asked = question(name, os.urandom(2))
        packet, _ = await ask(server, self._port, asked, lambda packet: is_answer(packet, asked), patience_ms)
        return address_of(packet, asked)
