"""A VTN to test against: programmes, events, VENs, reports and webhooks over HTTPS, by the OpenAPI document.

It shares no code with the VEN. `events` is what it lists; `broken` makes it answer wrongly; `posted` is what came.
Source: OpenADR 3.1.0 OpenAPI document, paths /auth, /programs, /events, /vens, /resources, /reports, /notifiers,
/subscriptions.
"""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from aiohttp import ClientSession, web

SECRET = "s3cret"


class TestVtn:
    """One VTN; tokens are good for `token_s`, and only the newest one."""

    __test__ = False

    def __init__(self, server: ssl.SSLContext, trusts: ssl.SSLContext) -> None:
        self.events: list[object] = []
        self.programs: list[object] = [{"id": "p1", "programName": "doe"}]
        self.vens: list[dict[str, object]] = []
        self.resources: list[dict[str, object]] = []
        self.subscriptions: dict[str, dict[str, object]] = {}
        self.subscribed: list[dict[str, object]] = []  # all that were ever asked for
        self.deletes = asyncio.Event()  # cleared: a deletion is not answered
        self.deletes.set()
        self.deletes_silently = False
        self.posted: list[dict[str, object]] = []
        self.asked: list[str] = []  # path and query of every request
        self.broken = ""
        self.flooded_mib = 0
        self.refuses_reports = False
        self.notifiers: dict[str, object] = {"WEBHOOK": True}
        self.token = 0
        self.token_s: object = 3600
        self.url = ""
        self.token_url = ""
        self._server = server
        self.client_tls = trusts

    @asynccontextmanager
    async def serving(self) -> AsyncIterator[TestVtn]:
        """Serve on a port of its own."""
        app = web.Application(middlewares=[self._door])
        app.router.add_get("/oadr/auth/server", self._auth_server)
        app.router.add_post("/oadr/auth/token", self._auth_token)
        app.router.add_get("/oadr/programs", self._programs)
        app.router.add_get("/oadr/events", self._events)
        app.router.add_get("/oadr/vens", self._vens)
        app.router.add_post("/oadr/vens", self._create_ven)
        app.router.add_get("/oadr/resources", self._resources)
        app.router.add_post("/oadr/resources", self._create_resource)
        app.router.add_post("/oadr/reports", self._create_report)
        app.router.add_get("/oadr/subscriptions", self._subscriptions)
        app.router.add_post("/oadr/subscriptions", self._subscribe)
        app.router.add_delete("/oadr/subscriptions/{name}", self._unsubscribe)
        app.router.add_get("/oadr/notifiers", self._notifiers)
        app.router.add_get("/oadr/notifiers/mqtt/topics/vens/{ven}/events", self._topics)
        runner = web.AppRunner(app)
        await runner.setup()
        site = web.TCPSite(runner, "127.0.0.1", 0, ssl_context=self._server)
        await site.start()
        self.url = f"https://localhost:{runner.addresses[0][1]}/oadr"
        self.token_url = self.token_url or f"{self.url}/auth/token"
        try:
            yield self
        finally:
            await runner.cleanup()

    @web.middleware
    async def _door(self, request: web.Request, handler: object) -> web.StreamResponse:
        self.asked.append(request.path_qs.removeprefix("/oadr"))
        if request.path.startswith("/oadr/auth/"):
            return await handler(request)  # type: ignore[operator]
        if request.headers.get("Authorization") != f"Bearer token-{self.token}":
            return web.json_response({"status": 401, "title": "Unauthorized"}, status=401)
        if self.broken == "status":
            return web.json_response({"status": 500}, status=500)
        if self.broken == "redirect" and "elsewhere" not in request.query:
            raise web.HTTPFound(f"{self.url}/programs?elsewhere=1")
        if self.broken == "garbage":
            return web.Response(body=b"\xff\x00{[", content_type="application/json")
        if self.broken == "flood":
            return await self._flood(request)
        if self.broken == "silence":
            return web.Response(body=b"")
        return await handler(request)  # type: ignore[operator]

    async def _notifiers(self, _request: web.Request) -> web.Response:
        return web.json_response(self.notifiers)

    async def _programs(self, request: web.Request) -> web.Response:
        return await self._page(request, self.programs)

    async def _resources(self, request: web.Request) -> web.Response:
        return await self._page(request, self.resources)

    async def _flood(self, request: web.Request) -> web.StreamResponse:
        """Answer 64 MiB of blanks, as far as somebody reads them."""
        response = web.StreamResponse()
        await response.prepare(request)
        for _ in range(64):
            await asyncio.sleep(0)  # its reader may leave
            if request.transport is None or request.transport.is_closing():
                break
            await response.write(b" " * (1 << 20))
            self.flooded_mib += 1
        return response

    async def _page(self, request: web.Request, entries: list) -> web.Response:
        skip, limit = int(request.query.get("skip", "0")), int(request.query.get("limit", "50"))
        assert 0 <= limit <= 50
        return web.json_response(entries[skip : skip + limit])

    async def _auth_server(self, _request: web.Request) -> web.Response:
        return web.json_response({"tokenURL": self.token_url})

    async def _auth_token(self, request: web.Request) -> web.Response:
        form = await request.post()
        given = (form.get("grant_type"), form.get("client_id"), form.get("client_secret"))
        if given != ("client_credentials", "ven_client", SECRET):
            return web.json_response({"error": "invalid_client"}, status=401)
        self.token += 1
        answer = {"access_token": f"token-{self.token}", "token_type": "Bearer", "expires_in": self.token_s}
        return web.json_response(answer)

    async def _events(self, request: web.Request) -> web.Response:
        """Return what has the asked targets, which alone are told; without a target what has none."""
        wanted = set(request.query.getall("targets", []))
        shown: list[object] = []
        for each in self.events:
            targets = set(each.get("targets") or []) if isinstance(each, dict) else set()
            if not targets:
                shown.append(each)
            elif isinstance(each, dict) and targets & wanted:
                shown.append({**each, "targets": sorted(targets & wanted)})
        return await self._page(request, shown)

    async def _vens(self, request: web.Request) -> web.Response:
        return await self._page(request, [ven for ven in self.vens if ven["venName"] == request.query.get("venName")])

    async def _create_ven(self, request: web.Request) -> web.Response:
        body = await request.json()
        self.vens.append({**body, "id": f"ven-{len(self.vens)}", "clientID": "ven_client"})
        return web.json_response(self.vens[-1], status=201)

    async def _create_resource(self, request: web.Request) -> web.Response:
        body = await request.json()
        self.resources.append({**body, "id": f"resource-{len(self.resources)}"})
        return web.json_response(self.resources[-1], status=201)

    async def _create_report(self, request: web.Request) -> web.Response:
        if self.refuses_reports:
            return web.json_response({"status": 400, "title": "Bad Request"}, status=400)
        self.posted.append(await request.json())
        return web.json_response(self.posted[-1], status=201)

    async def _topics(self, request: web.Request) -> web.Response:
        base = f"vens/{request.match_info['ven']}/events"
        return web.json_response(
            {"topics": {"UPDATE": f"{base}/update", "DELETE": f"{base}/delete", "ALL": f"{base}/+"}}
        )

    async def _subscriptions(self, request: web.Request) -> web.Response:
        name = request.query.get("clientName")
        return await self._page(request, [each for each in self.subscriptions.values() if each["clientName"] == name])

    async def _subscribe(self, request: web.Request) -> web.Response:
        self.subscribed.append(await request.json())
        name = f"subscription-{len(self.subscribed)}"
        self.subscriptions[name] = {**self.subscribed[-1], "id": name, "clientID": "ven_client"}
        return web.json_response(self.subscriptions[name], status=201)

    async def _unsubscribe(self, request: web.Request) -> web.Response:
        await self.deletes.wait()
        gone = self.subscriptions.pop(request.match_info["name"], None)
        if gone is not None and self.deletes_silently:
            return web.Response(status=204)
        return web.json_response(gone or {"status": 404}, status=200 if gone else 404)

    async def notify(self, notice: object) -> list[int]:
        """Post a notification to whoever subscribed; return the statuses that came back."""
        found = []
        async with ClientSession() as session:
            for each in self.subscriptions.values():
                for operation in each["objectOperations"]:  # type: ignore[attr-defined]
                    headers = {"Authorization": f"Bearer {operation['bearerToken']}"}
                    async with session.post(
                        operation["callbackUrl"], json=notice, headers=headers, ssl=self.client_tls
                    ) as response:
                        found.append(response.status)
        return found
