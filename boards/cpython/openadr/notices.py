"""A VTN's word that something of its events changed, over MQTT: each asks for the whole list again, and is no more.

What a notification says of an event is not taken from it: the list is the truth, a notification is a reason to look.
One that says DELETE lets an event that is missing from the next list go at once. A VEN without notifications polls.

Source: OpenADR 3.1.0 Definition, "Notifications via Additional Protocols" and "MQTT" (TLS is a must); OpenAPI
document, `/notifiers` and `/notifiers/mqtt/topics`, schemas `mqttNotifierBindingObject` and `notification`.
"""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import Callable
from typing import Any
from urllib.parse import urlsplit

from boards.cpython.mqtt_link import Link, LinkError
from boards.cpython.openadr.vtn import Vtn, VtnError
from boards.cpython.strict_json import Malformed, Object, as_id, as_list, as_object, as_text, parsed, shown
from boards.retry import STEADY_MS, retry_ms

PAYLOAD_BYTES_MAX = 65536
TOPICS_MAX = 64
URIS_MAX = 8
KEEPALIVE_S = 60
CONNECT_S = 20
PORT = 8883


class Notices:
    """Listens to a VTN's broker; `heard` is called with the deleted event's id, or "" for any other change."""

    def __init__(self, vtn: Vtn, tls: ssl.SSLContext, name: str, client_id: str, heard: Callable[[str], None]) -> None:
        """`name` is this VEN to the broker, `client_id` that of its OAuth credentials."""
        self.connected = False
        self.trouble = ""
        self._vtn = vtn
        self._tls = tls
        self._name = name
        self._client_id = client_id
        self._heard = heard
        self._up_since_s: float | None = None

    async def run(self, paths: list[str]) -> None:
        """Stay subscribed to the topics that these paths name, for ever; returns only where the VTN has no broker."""
        loop = asyncio.get_running_loop()
        down_since_s = loop.time()
        while True:
            self._up_since_s = None
            try:
                binding = await self._binding()
                if binding is None:
                    return
                await self._listen(binding, await self._topics(paths))
            except (VtnError, LinkError, OSError, Malformed) as error:  # a time-out is an OSError
                self.trouble = str(error) or type(error).__name__
            self.connected = False
            if self._up_since_s is not None and (loop.time() - self._up_since_s) * 1000 >= STEADY_MS:
                down_since_s = loop.time()
            await asyncio.sleep(retry_ms(int((loop.time() - down_since_s) * 1000)) / 1000)

    async def _binding(self) -> Object | None:
        """Return the broker that the VTN offers, None where it offers none. Raises: VtnError, Malformed."""
        offered = as_object("/notifiers", await self._vtn.get("/notifiers")).get("MQTT")
        if offered is None:
            return None
        binding = as_object("MQTT", offered)
        if binding.get("serialization") != "JSON":
            raise Malformed(f"MQTT serialization = {shown(binding.get('serialization'))}: expected JSON")
        return binding

    async def _topics(self, paths: list[str]) -> list[str]:
        """Return the topics of all operations below some paths. Raises: VtnError, Malformed."""
        found: list[str] = []
        for path in paths:
            answer = as_object(path, await self._vtn.get(f"/notifiers/mqtt/topics/{path}"))
            topics = as_object("topics", answer.get("topics"))
            names = (
                ["ALL"] if topics.get("ALL") else [name for name in ("CREATE", "UPDATE", "DELETE") if topics.get(name)]
            )
            found += [as_text(f"topic {name}", topics[name], 1024) for name in names]
        if not 0 < len(found) <= TOPICS_MAX:
            raise Malformed(f"{len(found)} topics: expected 1 to {TOPICS_MAX}")
        return found

    async def _listen(self, binding: Object, topics: list[str]) -> None:
        """Connect to the broker and hear it until the link is lost. Raises: VtnError, LinkError, OSError, Malformed."""
        host, port = _address(binding.get("URIS"))
        login = await self._login(as_object("authentication", binding.get("authentication")))
        link = Link(self._client_id, topics, KEEPALIVE_S, PAYLOAD_BYTES_MAX, self._take, self._oversize, login=login)
        try:
            async with asyncio.timeout(CONNECT_S):
                await asyncio.get_running_loop().create_connection(lambda: link, host, port, ssl=self._tls)
                await link.subscribed()
            self.connected, self.trouble, self._up_since_s = True, "", asyncio.get_running_loop().time()
            self._heard("")  # what changed before is in the list
            await link.stay()
        finally:
            link.abort()

    async def _login(self, authentication: Object) -> tuple[str, str] | None:
        """Return user and password for the broker. Raises: VtnError, Malformed."""
        method = authentication.get("method")
        if method == "ANONYMOUS":
            return None
        if method == "OAUTH2_BEARER_TOKEN":
            user = as_text("MQTT username", authentication.get("username"), 1024)
            return (self._client_id if user == "{clientID}" else user), await self._vtn.token()
        raise Malformed(f"MQTT authentication = {shown(method)}: expected ANONYMOUS or OAUTH2_BEARER_TOKEN")

    def _take(self, _topic: str, payload: bytes) -> None:
        """Look at one notification; nonsense is a reason to look at the list as well."""
        self._heard(deleted_event(payload))

    def _oversize(self) -> None:
        self._heard("")


def deleted_event(payload: bytes) -> str:
    """Return the id of the event that a notification says was deleted, "" for every other notification."""
    try:
        notice = as_object("notification", parsed(payload))
        event: Any = as_object("object", notice.get("object"))
        if notice.get("objectType") == "EVENT" and notice.get("operation") == "DELETE":
            return as_id("id", event.get("id"))
    except Malformed:
        pass
    return ""


def _address(uris: Any) -> tuple[str, int]:
    """Return host and port of the first address that speaks TLS. Raises: Malformed."""
    for each in as_list("URIS", uris, URIS_MAX):
        try:
            parts = urlsplit(as_text("URI", each, 8000))
            if parts.scheme in ("mqtts", "ssl") and parts.hostname:
                return parts.hostname, parts.port or PORT
        except ValueError:
            continue
    raise Malformed(f"MQTT URIS = {shown(uris)}: expected one of mqtts://")
