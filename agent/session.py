"""What goes upstream and what has come back: seals pages, sends the unconfirmed, believes signed receipts only.

Source: docs/format.md, "Session, command, receipt". A broker's acknowledgement proves nothing, so a page stays
until its own receipt is in, and is dropped when everything before it is confirmed too. The newest page goes at
once (somebody may wait for an answer in it); older ones follow in order, a few in flight, with their original
times. Sending again is harmless: the receiver knows a page by its hash.
"""

from __future__ import annotations

from agent import cbor, cose, record
from agent.command import RECEIPT
from agent.orders import whole
from agent.page import page_hash, page_message
from hal.compat import const

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

    from agent.command import Message
    from agent.ledger import Ledger
    from agent.state import State
    from agent.stored import StoredPage
    from hal.ports import Clock, Signer, Uplink

CHANNEL_PAGE = "page"
CHANNEL_SESSION = "session"
CHANNEL_RECEIPT = "receipt"
_TYPE_SESSION = const(2)
_VERSION = const(1)
_IN_FLIGHT_MAX = const(4)
# A page without a receipt is sent again after this, a session message that nobody answered too.
_AGAIN_MS = const(10000)
_SESSION_MS = const(60000)


class Flight:
    """A page that was sent and is not confirmed, or confirmed ahead of an older one."""

    def __init__(self, last_seq: int, digest: bytes, sent_ms: int) -> None:
        self.last_seq = last_seq
        self.digest = digest
        self.sent_ms = sent_ms
        self.confirmed = False


class Session:
    """The uplink side of one agent; `turn` is called whenever something may have changed."""

    def __init__(self, ledger: Ledger, signer: Signer, uplink: Uplink | None, clock: Clock, state: State) -> None:
        self.ledger = ledger
        self.signer = signer
        self.uplink = uplink
        self.clock = clock
        self.state = state
        self.announce = True  # a session message is due
        self.refused_receipts = 0
        self.on_link: Callable[[bool], None] | None = None  # who watches; called when the link came or went
        self._was_connected = False
        self._announced_ms = 0
        self._heard = False  # upstream has confirmed something on this connection
        self._flights: list[Flight] = []
        self._next_at: int | None = None  # journal offset of the page to send next, None: from the backlog's begin

    async def turn(self) -> None:
        """Seal what is closed, then send what may be sent."""
        await self._seal_waiting()
        uplink = self.uplink
        if uplink is None:
            return
        if uplink.connected is not self._was_connected:
            self._follow_link(uplink.connected)
        if not uplink.connected:
            return
        now_ms = self.clock.now_ms()
        if self.announce or now_ms - self._announced_ms >= (_SESSION_MS if self._heard else _AGAIN_MS):
            await self._announce(uplink, now_ms)
        if self._flights and not self._flights[0].confirmed and now_ms - self._flights[0].sent_ms >= _AGAIN_MS:
            self._start_over()
        while len(self._flights) < _IN_FLIGHT_MAX and await self._send_next(uplink, now_ms):
            pass

    def receive(self, message: Message) -> None:
        """Take one signed message of the receipt channel; anything but a fitting receipt is counted and forgotten."""
        fields = message.fields
        if (
            message.reason != record.ACCEPTED
            or message.authority is None
            or message.authority.role != "receipt"
            or len(fields) != 6
            or fields[0] != RECEIPT
            or fields[2] != self.state.agent_id
            or not whole(fields[3], 1, 1 << 62)
        ):
            self.refused_receipts += 1
            return
        self._heard = True
        self._confirm(fields[3], fields[4])

    def _follow_link(self, connected: bool) -> None:
        """Begin anew on a new connection: what was in flight on the old one may be lost."""
        self._was_connected = connected
        self._heard = False
        if connected:
            self.announce = True
            self._start_over()
        if self.on_link is not None:
            self.on_link(connected)

    def _confirm(self, last_seq: int, digest: object) -> None:
        for flight in self._flights:
            if flight.last_seq == last_seq and flight.digest == digest:
                flight.confirmed = True
        confirmed_seq = 0
        while self._flights and self._flights[0].confirmed:
            confirmed_seq = self._flights.pop(0).last_seq
        if confirmed_seq:
            self.ledger.release(confirmed_seq)

    def _start_over(self) -> None:
        self._flights = []
        self._next_at = None

    async def _announce(self, uplink: Uplink, now_ms: int) -> None:
        state, ledger = self.state, self.ledger
        counters = [[key_id, state.counters[key_id]] for key_id in sorted(state.counters)]
        civil_s = self.clock.civil_ms() // 1000
        payload = cbor.encode(
            [_TYPE_SESSION, _VERSION, state.agent_id, state.epoch, now_ms // 1000, civil_s, self.clock.quality(),
             ledger.next_seq, ledger.released_seq, ledger.prev, counters]
        )  # fmt: skip
        if uplink.publish(CHANNEL_SESSION, await cose.seal(self.signer, payload)):
            self.announce = False
            self._announced_ms = now_ms

    async def _seal_waiting(self) -> None:
        while self.ledger.unsealed:
            first_seq, at = self.ledger.unsealed[0]
            page = self.ledger.read_page(at)
            if page is None:  # dropped with its segment before anybody signed it
                self.ledger.unsealed.pop(0)
                continue
            await self._seal(first_seq, page)
            if self.uplink is not None and self.uplink.connected and at != self._oldest_at():
                self._publish(self.uplink, page)

    async def _seal(self, first_seq: int, page: StoredPage) -> None:
        self.ledger.sync()  # nothing is said that a power cut could take back
        page.signature = await cose.sign(self.signer, page.signed_bytes)
        self.ledger.seal(first_seq, page.signature)

    async def _send_next(self, uplink: Uplink, now_ms: int) -> bool:
        """Send the next page in order; False when there is none or the uplink takes no more."""
        at = self._oldest_at()
        page = self.ledger.read_page(at) if at is not None else None
        if page is None:
            return False
        if page.signature is None:
            await self._seal(page.first_seq, page)
        if not self._publish(uplink, page):
            return False
        self._flights.append(Flight(page.last_seq, page_hash(page.signed_bytes), now_ms))
        self._next_at = page.next_at
        return True

    def _oldest_at(self) -> int | None:
        return self.ledger.backlog_at if self._next_at is None else self._next_at

    def _publish(self, uplink: Uplink, page: StoredPage) -> bool:
        assert page.signature is not None
        envelope = cose.envelope(self.signer.key_id, page.signed_bytes, page.signature)
        return uplink.publish(CHANNEL_PAGE, page_message(envelope, page.salt, page.records))
