"""Writes to the server: what the device can do and how it is, what was measured, what became of each control.

Capability, settings, status and availability are put when they are new and whenever the server wants its DER list
read; a status that changed is put at once. Measurements are averages over the post rate that the server asks for.
Responses wait in a queue while the server cannot be reached.

Source: IEEE 2030.5-2018 section 10.10 (DER), 10.11 (MirrorUsagePoint, postRate), 10.1.9 (Response); CSIP-AUS
procedures ALL-06, ALL-08, ALL-10, ALL-18.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Awaitable, Callable

from boards.cpython.ieee2030_5 import encode
from boards.cpython.ieee2030_5 import resources as r
from boards.cpython.ieee2030_5.document import Node, Refused
from boards.cpython.ieee2030_5.encode import MIRRORS, DeviceKind, Telemetry
from boards.cpython.ieee2030_5.identity import Identity
from boards.cpython.ieee2030_5.reader import POLL_S_MAX, POLL_S_MIN, Ask, Reader
from boards.cpython.ieee2030_5.responses import Response
from boards.cpython.ieee2030_5.site import Site

POLL_S = 300
QUEUE_MAX = 256
DONE = (200, 201, 204)


class Reporter:
    """Tells one server about one device; `connected` is False while its isolator is open."""

    def __init__(
        self, ask: Ask, reader: Reader, identity: Identity, site: Site, kind: DeviceKind, note: Callable[[str], None]
    ) -> None:
        self.queue: deque[Response] = deque(maxlen=QUEUE_MAX)
        self._ask, self._reader, self._identity, self._site, self._kind = ask, reader, identity, site, kind
        self._note = note
        self._measured = Telemetry(None, None, None, None)
        self._connected = True
        self._sums = [[0, 0] for _ in MIRRORS]  # sum and count of each quantity since its last post
        self._since_s = 0
        self._device_due_ms = self._mirrors_due_ms = self._posted_ms = 0
        self._device: Node | None = None  # the DER's links
        self._put: dict[str, bytes] = {}  # what the server has, without its times
        self._points: dict[str, str] = {}  # where each quantity is posted
        self._post_s = POLL_S

    def measure(self, measured: Telemetry, connected: bool, server_s: int) -> None:
        """Take a measurement into the averages."""
        self._measured, self._connected = measured, connected
        self._since_s = self._since_s or server_s
        for sums, shown in zip(self._sums, encode.mirrored(measured, self._kind), strict=True):
            if shown is not None:
                sums[0] += shown
                sums[1] += 1

    async def turn(self, now_ms: int, server_s: int, grad_w: int) -> None:
        """Write what is due. Raises: LinkError, with the rest still due."""
        if self._reader.device is None or now_ms < self._reader.shut_out_ms:
            return
        await self._respond()
        if now_ms >= self._device_due_ms:
            self._device_due_ms = now_ms + 1000 * await self._tried(self._read_device(), POLL_S)
            self._put.pop("DERStatusLink", None)
        await self._tried(self._put_all(server_s, grad_w), 0)
        if now_ms >= self._mirrors_due_ms:
            self._mirrors_due_ms = now_ms + 1000 * await self._tried(self._read_mirrors(), POLL_S)
        if now_ms >= self._posted_ms + 1000 * self._post_s:
            self._posted_ms = now_ms
            await self._tried(self._post(server_s), 0)

    async def _tried(self, doing: Awaitable[int], otherwise: int) -> int:
        try:
            return await doing
        except Refused as refused:
            self._note(str(refused))
            return otherwise

    async def _respond(self) -> None:
        while self.queue:
            told = self.queue[0]
            answer = await self._ask("POST", told.reply_to, encode.response(told, self._identity))
            self.queue.popleft()
            if answer.status not in DONE:
                self._note(f"POST {told.reply_to}: HTTP {answer.status} for status {told.status} of {told.mrid}")

    async def _read_device(self) -> int:
        device = self._reader.device
        path = "" if device is None else r.link(device, "DERListLink")
        if not path:
            raise Refused("EndDevice/DERListLink: it is missing")
        found, poll_s = await self._reader.get_list(path, "DERList", "DER")
        if not found:
            raise Refused("DERList: no DER")
        self._device = found[0]
        return min(max(poll_s or POLL_S, POLL_S_MIN), POLL_S_MAX)

    async def _put_all(self, server_s: int, grad_w: int) -> int:
        """Put what differs from what the server has; times alone make no difference."""
        site, kind, measured = self._site, self._kind, self._measured
        documents: list[tuple[str, Callable[[int], bytes]]] = [
            ("DERCapabilityLink", lambda _: encode.capability(site, kind)),
            ("DERSettingsLink", lambda at_s: encode.settings(site, kind, grad_w, at_s)),
            ("DERStatusLink", lambda at_s: encode.status(measured, self._connected, at_s, bool(kind.energy_wh))),
            ("DERAvailabilityLink", lambda at_s: encode.availability(site, at_s)),
        ]
        for name, made in documents:
            path = "" if self._device is None else r.link(self._device, name)
            bare = made(0)
            if not path or (name == "DERStatusLink" and measured.der_w is None) or self._put.get(name) == bare:
                continue
            answer = await self._ask("PUT", path, made(server_s))
            self._put[name] = bare
            if answer.status not in DONE:
                self._note(f"PUT {path}: HTTP {answer.status}")
        return 0

    async def _read_mirrors(self) -> int:
        """Make the points that the server does not have, and hear how often it wants each."""
        path = self._reader.mirrors_href
        if not path:
            raise Refused("DeviceCapability/MirrorUsagePointListLink: it is missing")
        found, poll_s = await self._reader.get_list(path, "MirrorUsagePointList", "MirrorUsagePoint")
        theirs = {node.hexadecimal("mRID", 16): node for node in found}
        rates_s: list[int] = []
        for mirror, shown in zip(MIRRORS, encode.mirrored(self._measured, self._kind), strict=True):
            node = theirs.get(encode.mirror_mrid(mirror, self._identity, 0).lstrip("0"))
            if node is not None:
                self._points[mirror.name] = r.href_of(node)
                rates_s.append(node.whole("postRate", 0, POLL_S_MAX, 0))
            elif shown is not None:
                await self._make_point(path, mirror)
                rates_s.append(0)
        self._post_s = min(max(max(rates_s, default=0) or POLL_S, POLL_S_MIN), POLL_S_MAX)
        made_some = 0 in rates_s
        return POLL_S_MIN if made_some and not found else min(max(poll_s or POLL_S, POLL_S_MIN), POLL_S_MAX)

    async def _make_point(self, path: str, mirror: encode.Mirror) -> None:
        answer = await self._ask("POST", path, encode.mirror_point(mirror, self._identity, self._post_s))
        where = answer.location
        if answer.status not in DONE or not where:
            raise Refused(f"POST {path}: HTTP {answer.status}: no point for {mirror.name}")
        self._points[mirror.name] = r.checked_href(where, f"POST {path}: Location")

    async def _post(self, server_s: int) -> int:
        from_s, self._since_s = self._since_s, server_s
        for mirror, sums in zip(MIRRORS, self._sums, strict=True):
            path = self._points.get(mirror.name)
            total, count = sums
            sums[0] = sums[1] = 0
            if path and count and server_s > from_s:
                body = encode.meter_reading(
                    mirror, self._identity, (2 * total + count) // (2 * count), from_s, server_s - from_s
                )
                answer = await self._ask("POST", path, body)
                if answer.status not in DONE:
                    self._note(f"POST {path}: HTTP {answer.status}")
                    self._mirrors_due_ms = 0  # it may have forgotten its points
        return 0
