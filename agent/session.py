"""What goes upstream and what has come back: seals pages, sends the unconfirmed, believes signed receipts only.

Source: docs/format.md, "Session, command, receipt". A broker's acknowledgement proves nothing, so a page stays
until its own receipt is in, and is dropped when everything before it is confirmed too. A page that has just been
closed goes first (somebody may wait for an answer in it); older ones follow in order and paced, a few in flight, with
their original times. Sending again is harmless: the receiver knows a page by its hash. While nobody confirms, it is
tried ever more rarely and with one page.
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
    from agent.rotation import Rotation
    from agent.state import State
    from agent.stored import StoredPage
    from hal.ports import Clock, Signer, Uplink

CHANNEL_PAGE = "page"
CHANNEL_SESSION = "session"
CHANNEL_RECEIPT = "receipt"
_TYPE_SESSION = const(2)
_VERSION = const(1)
_IN_FLIGHT_MAX = const(4)
_LIVE_MAX = const(4)  # pages that wait for room in the uplink's queue; older ones come with the backlog
# Of the backlog two pages a second, four at once: with the largest usual pages (8 KB) a third of what LTE Cat-M1
# carries upstream (375 kbit/s, half duplex), and a week of quarter hours is through in six minutes.
_BACKLOG_MS = const(500)
_BURST_MS = const(1500)
# A page without a receipt is sent again after this, a session message that nobody answered too; then after twice
# that, and so on: whoever pays for the link pays for each.
_AGAIN_MS = const(10000)
_AGAIN_MS_MAX = const(300000)
_SESSION_MS = const(60000)
_SILENCE_MS = const(600000)  # a link that has carried pages for so long without any receipt is told of


class Flight:
    """A page that was sent and is not confirmed, or confirmed ahead of an older one."""

    def __init__(self, first_seq: int, last_seq: int, digest: bytes, sent_ms: int) -> None:
        self.first_seq = first_seq
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
        self.rotation: Rotation | None = None  # while another key follows, or has followed
        self.announce = True  # a session message is due
        self.refused_receipts = 0  # forged, of another agent, or of what was never sent
        self.stray_receipts = 0  # genuine, and of nothing that is in flight: repeated, or of a page sent out of turn
        self.silent = False  # the link carries pages and nobody confirms them
        self.on_silence: Callable[[bool], None] | None = None  # who watches; called when that began or ended
        self.on_link: Callable[[bool], None] | None = None  # who watches; called when the link came or went
        self._was_connected = False
        self._announced_ms = 0
        self._announce_again_ms = _AGAIN_MS
        self._again_ms = _AGAIN_MS
        self._unheard_ms = -1  # since when this connection carries pages and no receipt has come, -1: it does not
        self._paced_ms = -_BURST_MS  # up to here the backlog has used its share of the link
        self._live: list[int] = []  # journal offsets of fresh pages that the uplink did not take yet
        self._flights: list[Flight] = []
        self._next_at: int | None = None  # journal offset of the page to send next, None: from the backlog's begin

    async def turn(self) -> None:
        """Seal what is closed, then send what may be sent."""
        if self.rotation is not None:
            await self.rotation.prove()
        await self._seal_waiting()
        uplink = self.uplink
        if uplink is None:
            return
        if uplink.connected is not self._was_connected:
            self._follow_link(uplink.connected)
        if not uplink.connected:
            return
        now_ms = self.clock.now_ms()
        if self.announce or now_ms - self._announced_ms >= self._announce_again_ms:
            await self._announce(uplink, now_ms)
        self._await_receipts(now_ms)
        if self._send_live(uplink, now_ms):
            await self._send_backlog(uplink, now_ms)

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
            or not whole(fields[3], 1, self.ledger.closed_seq() - 1)
            or type(fields[4]) is not bytes
        ):
            self.refused_receipts += 1
            return
        self._confirm(fields[3], fields[4])

    def _follow_link(self, connected: bool) -> None:
        """Begin anew on a new connection: what was in flight on the old one may be lost."""
        self._was_connected = connected
        self._live = []
        self._unheard_ms = -1
        if connected:
            self.announce = True
            self._announce_again_ms = self._again_ms = _AGAIN_MS
            self._start_over()
        if self.on_link is not None:
            self.on_link(connected)

    def _confirm(self, last_seq: int, digest: bytes) -> None:
        """Believe a genuine receipt if it fits what is in flight; its two names of a page must be of the same page."""
        found = None
        for flight in self._flights:
            same = flight.digest == digest
            if same is not (flight.last_seq == last_seq):
                self.refused_receipts += 1
                return
            if same:
                found = flight
        self._again_ms = _AGAIN_MS
        self._announce_again_ms = _SESSION_MS
        if found is None or found.confirmed:
            self.stray_receipts += 1
            return
        found.confirmed = True
        self._unheard_ms = -1
        self._say_silent(False)
        confirmed_seq = 0
        while self._flights and self._flights[0].confirmed:
            flight = self._flights.pop(0)
            confirmed_seq = flight.last_seq
            if self.rotation is not None:
                self.rotation.confirmed(flight.first_seq, confirmed_seq)
        if confirmed_seq:
            self.ledger.release(confirmed_seq)

    def _await_receipts(self, now_ms: int) -> None:
        """Start over when the oldest page has waited for long enough; say it when nothing is confirmed at all."""
        if not self._flights:
            return
        if self._unheard_ms < 0:
            self._unheard_ms = now_ms
        if now_ms - self._unheard_ms >= _SILENCE_MS:
            self._say_silent(True)
        if not self._flights[0].confirmed and now_ms - self._flights[0].sent_ms >= self._again_ms:
            self._again_ms = min(2 * self._again_ms, _AGAIN_MS_MAX)
            self._start_over()

    def _say_silent(self, silent: bool) -> None:
        if silent is not self.silent:
            self.silent = silent
            if self.on_silence is not None:
                self.on_silence(silent)

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
        if uplink.publish(CHANNEL_SESSION, await cose.seal(self._signer(ledger.next_seq), payload)):
            if not self.announce:
                self._announce_again_ms = min(2 * self._announce_again_ms, _SESSION_MS)
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
            uplink = self.uplink
            if uplink is None or not self._was_connected:
                continue
            if self._live or not self._send_fresh(uplink, page, self.clock.now_ms()):
                self._live.append(at)
                del self._live[:-_LIVE_MAX]

    async def _seal(self, first_seq: int, page: StoredPage) -> None:
        self.ledger.sync()  # nothing is said that a power cut could take back
        page.signature = await cose.sign(self._signer(first_seq), page.signed_bytes)
        self.ledger.seal(first_seq, page.signature)

    def _send_live(self, uplink: Uplink, now_ms: int) -> bool:
        """Send fresh pages that found no room; False while one still waits for it."""
        while self._live:
            page = self.ledger.read_page(self._live[0])
            if page is not None and not self._send_fresh(uplink, page, now_ms):
                return False
            self._live.pop(0)
        return True

    def _send_fresh(self, uplink: Uplink, page: StoredPage, now_ms: int) -> bool:
        """Send a page out of turn, unless it is its turn; False when the uplink takes no more."""
        if page.first_seq == self._next_seq() and len(self._flights) < self._window():
            return self._take_off(uplink, page, now_ms)
        return self._publish(uplink, page)

    async def _send_backlog(self, uplink: Uplink, now_ms: int) -> None:
        """Send what is next in order, as much as the backlog's share of the link allows; a fresh page goes first."""
        while self._paced_ms <= now_ms and not self.ledger.unsealed and len(self._flights) < self._window():
            page = self._next_page()
            if page is None:
                return
            if page.signature is None:
                await self._seal(page.first_seq, page)
            self._paced_ms = max(self._paced_ms, now_ms - _BURST_MS) + _BACKLOG_MS  # to look for a page takes time, too
            if not self._take_off(uplink, page, now_ms):
                return

    def _next_page(self) -> StoredPage | None:
        """Return the next page in order; the journal is not looked at while nothing is closed."""
        at = self.ledger.backlog_at if self._next_at is None else self._next_at
        return self.ledger.read_page(at) if at is not None and self._next_seq() < self.ledger.closed_seq() else None

    def _next_seq(self) -> int:
        return self._flights[-1].last_seq + 1 if self._flights else self.ledger.released_seq

    def _window(self) -> int:
        return _IN_FLIGHT_MAX if self._again_ms == _AGAIN_MS else 1

    def _take_off(self, uplink: Uplink, page: StoredPage, now_ms: int) -> bool:
        if not self._publish(uplink, page):
            return False
        self._flights.append(Flight(page.first_seq, page.last_seq, page_hash(page.signed_bytes), now_ms))
        self._next_at = page.next_at
        return True

    def _signer(self, first_seq: int) -> Signer:
        """Return who signs what begins with record `first_seq`."""
        return self.signer if self.rotation is None else self.rotation.signer_at(first_seq)

    def _publish(self, uplink: Uplink, page: StoredPage) -> bool:
        assert page.signature is not None
        envelope = cose.envelope(self._signer(page.first_seq).key_id, page.signed_bytes, page.signature)
        return uplink.publish(CHANNEL_PAGE, page_message(envelope, page.salt, page.records))
