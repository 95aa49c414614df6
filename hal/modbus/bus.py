"""One bus with several units: one request at a time, and a silent unit does not cost the others their second.

A unit that does not answer twice in a row rests: 1 s, then 3.5 s between requests, so that with a reading a second it
is back within 5 s after it returns. On a serial bus it is knocked at first: a request for two registers at most, which
waits a quarter longer than the unit took to answer lately, or than the slowest did when it was never heard. Every 64th
time it is asked in earnest, lest a slow product never be heard again. Behind TCP it is asked with half the time-out,
every eighth time with the whole of it. Elsewhere one dead unit of 20 halves the rate of the other 19.
A gateway that answers for a unit which it cannot reach (exceptions 10 and 11) is silence too.
"""

from __future__ import annotations

from hal.compat import const
from hal.errors import FrameError, LineTimeout, Refused
from hal.modbus.turns import Turns

TYPE_CHECKING = False
if TYPE_CHECKING:
    from hal.modbus.ascii import Ascii, AsciiRequest
    from hal.modbus.rtu import Rtu, RtuRequest
    from hal.modbus.tcp import Tcp, TcpRequest
    from hal.ports import Clock, Line

    Request = AsciiRequest | RtuRequest | TcpRequest

REST_MS = (0, 1000, 3500)  # after the first, the second, every further silence
_PATIENT_EVERY = const(8)
_EARNEST_EVERY = const(64)
_KNOCK_MS = const(8)  # what a knock waits beyond a unit's own pace, and a quarter of that
_KNOCK_MS_MIN = const(25)  # the machine at either end may be busy for a moment
_FADES = const(6)  # of a pace 1/64 with each answer: one slow answer is remembered for a while
_GATEWAY_CODES = (10, 11)  # path unavailable, target failed to respond
_SILENCES_MAX = const(1 << 20)


class Bus:
    """Owns a line and its framing; devices share it."""

    def __init__(self, line: Line, framing: Ascii | Rtu | Tcp, clock: Clock, gap_ms: int = 0) -> None:
        """`gap_ms`: silence that the slowest unit needs between frames, beyond what the line keeps by itself."""
        self.framing = framing
        self._line = line
        self._clock = clock
        self._gap_ms = gap_ms
        self._turns = Turns()
        self._free_ms = 0  # when the gap after the last frame is over
        self._silent: dict[int, tuple[int, int]] = {}  # unit -> silences in a row, resting until
        self._paces: dict[int, int] = {}  # unit -> the slowest of its late answers in ms, less what the bytes took

    def request(self, unit: int, request_pdu: bytes) -> Request:
        """Return a request for `unit` to be asked as often as one likes."""
        return self.framing.request(unit, request_pdu)

    async def ask(self, request: Request, urgent: bool = False) -> bytes:
        """Return the bits or registers of the answer, nothing for a write.

        Raises: LineTimeout (with 0 ms when the unit rests and was not asked), LineDown, FrameError, Refused.
        """
        if not self._turns.take_free():
            await self._turns.wait(urgent)
        try:
            timeout_ms = await self._patience_ms(request) if self._silent else request.timeout_ms
            if self._gap_ms:
                await self._keep_gap()
            return await self._exchange(request, timeout_ms)
        finally:
            self._turns.give_back()

    async def probe(self, request: Request) -> bytes:
        """Ask, to look who is there, with half the patience; nothing is remembered of who is silent.

        Raises: LineTimeout, LineDown, FrameError, Refused.
        """
        if not self._turns.take_free():
            await self._turns.wait(False)
        try:
            if self._gap_ms:
                await self._keep_gap()
            return request.payload(await self._line.exchange(request.begin(), request.missing, _half_ms(request)))
        finally:
            if self._gap_ms:
                self._free_ms = self._clock.now_ms() + self._gap_ms
            self._turns.give_back()

    async def _exchange(self, request: Request, timeout_ms: int) -> bytes:
        began_ms = self._clock.now_ms()
        try:
            answer = await self._line.exchange(request.begin(), request.missing, timeout_ms)
            took_ms = self._clock.now_ms() - began_ms - request.wire_ms
            registers = request.payload(answer)
        except (LineTimeout, FrameError):
            self._not_heard(request.unit)
            raise
        except Refused as refusal:
            if refusal.args[1] in _GATEWAY_CODES:
                self._not_heard(request.unit)
            else:
                self._silent.pop(request.unit, None)
            raise
        finally:
            if self._gap_ms:
                self._free_ms = self._clock.now_ms() + self._gap_ms
        if self._silent:
            self._silent.pop(request.unit, None)
        pace_ms = self._paces.get(request.unit, 0)
        if took_ms != pace_ms:
            self._paces[request.unit] = max(took_ms, pace_ms - (pace_ms >> _FADES), 1)
        return registers

    async def _patience_ms(self, request: Request) -> int:
        """Return how long to wait for a unit. Raises: LineTimeout (with 0 ms while it rests), what a knock raises."""
        silences, until_ms = self._silent.get(request.unit, (0, 0))
        if self._clock.now_ms() < until_ms:
            raise LineTimeout(request.unit, 0)
        if silences <= 1:
            return request.timeout_ms
        knock = request.knock() if self._paces else None
        if knock is None:
            return _half_ms(request) if silences % _PATIENT_EVERY else request.timeout_ms
        if silences % _EARNEST_EVERY:
            await self._knock(knock)
        return request.timeout_ms

    async def _knock(self, knock: Request) -> None:
        pace_ms = self._paces.get(knock.unit) or max(self._paces.values())
        if self._gap_ms:
            await self._keep_gap()
        patience_ms = max(pace_ms + (pace_ms >> 2) + _KNOCK_MS, _KNOCK_MS_MIN)
        try:
            await self._exchange(knock, min(knock.wire_ms + patience_ms, knock.timeout_ms))
        except Refused as refusal:
            if refusal.args[1] in _GATEWAY_CODES:
                raise

    def _not_heard(self, unit: int) -> None:
        silences = min(self._silent.get(unit, (0, 0))[0] + 1, _SILENCES_MAX)
        rest_ms = REST_MS[min(silences, len(REST_MS)) - 1]
        self._silent[unit] = (silences, self._clock.now_ms() + rest_ms)

    async def _keep_gap(self) -> None:
        wait_ms = self._free_ms - self._clock.now_ms()
        if wait_ms > 0:
            await self._clock.sleep_ms(wait_ms)


def _half_ms(request: Request) -> int:
    """Return half the time-out; the bytes take what they take."""
    return (request.timeout_ms + request.wire_ms) >> 1
