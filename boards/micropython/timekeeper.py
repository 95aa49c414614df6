"""Asks time servers and sets a board's clock by what most of them agree on.

Source: RFC 4330, section 10: at most one request in 15 s to a server; one that says DENY or RSTR is never asked again,
one that says RATE less often. Nothing of it is authenticated, so a time that is known already is left only for one
that is said twice, a minute apart, and never for one before the last time that was certain.
"""

from __future__ import annotations

import os

from boards.micropython.sntp import Kissed, NotBelieved, agreed, is_answer, read, request
from boards.micropython.ticks import sleep_ms
from boards.micropython.udp import ask
from hal.compat import const

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

    from boards.micropython.kept_clock import KeptClock

_ANSWER_MS = const(1500)
_IDLE_MS = const(500)
_SOON_MS = const(16000)
_DOUBT_MS = const(64000)
_ROUND_MS = const(1024000)
_NONCE_BYTES = const(8)
_JITTER_MS = const(2000)  # boards that got power together do not ask together


class Server:
    """A time server; `rest` counts the rounds in which it is left alone, -1 is for ever."""

    def __init__(self, host: str, port: int) -> None:
        self.host = host
        self.port = port
        self.rest = 0
        self.resting = 0


class Timekeeper:
    """Keeps `clock` by `servers`, [(IPv4 address, port)], while `online`. `trouble` says why it was not set lately."""

    def __init__(
        self, clock: KeptClock, servers: list[tuple[str, int]], online: Callable[[], bool], tell: Callable[[str], None]
    ) -> None:
        """`tell` hears `trouble` when it has changed after a round."""
        self.trouble = "no time server has been asked yet"
        self._told = self.trouble
        self._tell = tell
        self._clock = clock
        self._servers = [Server(host, port) for host, port in servers]
        self._online = online
        self._doubted: tuple[int, int] | None = None  # said once, against what is known

    async def run(self) -> None:
        """Keep the clock, for ever."""
        wait_ms = _SOON_MS
        while True:
            while not self._online():
                await sleep_ms(_IDLE_MS)
            await sleep_ms(int.from_bytes(os.urandom(2), "big") % _JITTER_MS)
            was_set = self._take(await self._round())
            if self.trouble != self._told:
                self._told = self.trouble
                self._tell(self.trouble)
            await sleep_ms(_ROUND_MS if was_set else _DOUBT_MS if self._doubted is not None else wait_ms)
            wait_ms = _SOON_MS if was_set else min(2 * wait_ms, _ROUND_MS)

    async def _round(self) -> list[tuple[int, int]]:
        """Return (offset to the monotonic clock, bound on its error) of each server that may be believed."""
        heard = []
        for server in self._servers:
            if server.rest < 0:
                continue
            if server.resting:
                server.resting -= 1
                continue
            try:
                heard.append(await self._ask(server))
            except NotBelieved as why:
                self.trouble = "%s: %s" % (server.host, why.args[0])
            except OSError as error:
                self.trouble = "%s: no answer (%s)" % (server.host, error.errno)
            except Kissed as kiss:
                self._leave_alone(server, kiss.args[0])
        return heard

    async def _ask(self, server: Server) -> tuple[int, int]:
        """Return what a server says. Raises: NotBelieved, Kissed, OSError."""
        nonce = os.urandom(_NONCE_BYTES)
        packet, waited_ms = await ask(
            server.host, server.port, request(nonce), lambda packet: is_answer(packet, nonce), _ANSWER_MS
        )
        unix_ms, bound_ms = read(packet, waited_ms, self._clock.floor_s)
        return unix_ms - self._clock.now_ms(), bound_ms

    def _leave_alone(self, server: Server, code: str) -> None:
        self.trouble = "%s: does not want to be asked (%s)" % (server.host, code)
        if code in ("DENY", "RSTR"):
            server.rest = -1
        elif code == "RATE":
            server.rest = 2 * server.rest + 1
            server.resting = server.rest

    def _take(self, heard: list[tuple[int, int]]) -> bool:
        """Set the clock by a round's answers; tell whether it was."""
        best = agreed(heard)
        if best is None:
            self.trouble = "the time servers do not agree" if heard else self.trouble
            return False
        clock, doubted, self._doubted = self._clock, self._doubted, None
        known = clock.agrees(best[0], best[1])
        again = doubted is not None and abs(doubted[0] - best[0]) <= doubted[1] + best[1]
        if clock.error_ms() and not known and not again:
            self._doubted = best
            self.trouble = "the time servers say another time than before"
            return False
        clock.set(best[0], best[1])
        self.trouble = ""
        if known:  # said twice by now
            self._keep()
        return True

    def _keep(self) -> None:
        try:
            self._clock.keep()
        except OSError as error:
            self.trouble = "the time cannot be kept: %s" % error
