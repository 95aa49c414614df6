"""Notifications by webhook: what arrives at the gateway's port, and a whole VEN whose VTN posts through a TLS proxy."""

import asyncio
import logging
import ssl
from contextlib import asynccontextmanager, suppress

import pytest

from boards.cpython.openadr import subscription, ven, webhook
from boards.cpython.openadr.webhook import Webhook
from tests.openadr.documents import event
from tests.openadr.site import rig
from tests.waiting import until
from tools.broker import free_port

TOKEN = "0f" * 32
LIMIT = event(("IMPORT_CAPACITY_LIMIT", 5))
CREATED = {"objectType": "EVENT", "operation": "CREATE", "object": {**LIMIT, "id": "another"}}
DELETED = b'{"objectType":"EVENT","operation":"DELETE","object":{"id":"e1"}}'
LENGTH = len(DELETED)


class Ear:
    """A webhook on a port of its own, and what it heard and told."""

    def __init__(self) -> None:
        self.port = free_port()
        self.heard, self.notes = [], []

    @asynccontextmanager
    async def listening(self):
        self.notes.clear()
        task = asyncio.create_task(Webhook(self.port, TOKEN, self.heard.append, self.notes.append).run())
        assert await until(lambda: self.notes)
        try:
            yield
        finally:
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)

    async def call(self):
        """Return a connection to it."""
        return await asyncio.open_connection("127.0.0.1", self.port)

    async def ask(self, raw) -> int:
        """Send bytes; return the status that comes back."""
        reader, writer = await self.call()
        writer.write(raw)
        return await status_of(reader, writer)


async def status_of(reader, writer) -> int:
    """Return the status of an answer, after which the connection has to end."""
    answer = await asyncio.wait_for(reader.read(), 20)
    writer.close()
    assert answer.startswith(b"HTTP/1.1 ") and answer.endswith(b"\r\n\r\n")
    return int(answer.split(b" ")[1])


def request(*headers, first="POST /oadr HTTP/1.1", token=f"Bearer {TOKEN}", length=LENGTH, body=DELETED):
    """Return a request's bytes."""
    lines = [first, "Host: x", *headers]
    lines += [] if token is None else [f"Authorization: {token}"]
    lines += [] if length is None else [f"Content-Length: {length}"]
    return "\r\n".join([*lines, "", ""]).encode() + body


@pytest.mark.parametrize(
    ("raw", "heard"),
    [
        (request(), ["e1"]),
        (request(first="POST / HTTP/1.0"), ["e1"]),
        (request(token=f"bearer {TOKEN}"), ["e1"]),
        (request(length=0, body=b""), [""]),
        (request(length=65536, body=b"\xff" * 65536), [""]),
    ],
)
def test_what_comes_with_the_token_is_heard(raw, heard):
    async def play():
        ear = Ear()
        async with ear.listening():
            return await ear.ask(raw), ear.heard

    assert asyncio.run(play()) == (200, heard)


@pytest.mark.parametrize(
    ("raw", "status"),
    [
        (request(token=None), 401),
        (request(token="Bearer " + "0e" * 32), 401),
        (request(token=f"Basic {TOKEN}"), 401),
        (request(token="Bearer \xff"), 401),
        (request(token=TOKEN), 401),
        (request(first="GET / HTTP/1.1", length=None, body=b""), 405),
        (request(length=65537, body=b""), 413),
        (request(length="9" * 400, body=b""), 413),
        (request(length=None, body=b""), 411),
        (request("Transfer-Encoding: chunked", body=b""), 411),
        (request(length=-1, body=b""), 400),
        (request("Content-Length: 5", body=b""), 400),
        (request(f"Authorization: Bearer {TOKEN}", body=b""), 400),
        (request("Spaced : x", body=b""), 400),
        (request("no header", body=b""), 400),
        (request(first="POST / HTTP/2", body=b""), 400),
        (b"\x16\x03\x01\xff\x00\r\n\r\n", 400),
        (b"\r\n\r\n", 400),
        (b"x" * 9000, 431),
        (b"POST / HTTP/1.1\r\nA: " + b"a" * 8192 + b"\r\n\r\n", 431),
    ],
)
def test_all_else_is_answered_by_a_status_and_heard_by_nobody(raw, status):
    async def play():
        ear = Ear()
        async with ear.listening():
            return await ear.ask(raw), ear.heard, await ear.ask(request())

    assert asyncio.run(play()) == (status, ["e1"], 200)


@pytest.mark.parametrize("part", [b"", b"POST / HT", request(length=100)])
def test_a_slow_sender_is_left_after_its_time(part, monkeypatch):
    monkeypatch.setattr(webhook, "REQUEST_S", 0.05)

    async def play():
        ear = Ear()
        async with ear.listening():
            return await ear.ask(part), ear.heard

    assert asyncio.run(play()) == (408, [])


def test_a_ninth_connection_is_sent_away_until_one_of_the_eight_has_left():
    async def play():
        ear = Ear()
        async with ear.listening():
            silent = [await ear.call() for _ in range(8)]
            ninth = await ear.ask(b"")
            silent[0][1].close()
            again = 503
            while again == 503:
                with suppress(ConnectionError):  # what is sent away is not read
                    again = await ear.ask(request())
            for _, writer in silent:
                writer.close()
            return ninth, again

    assert asyncio.run(asyncio.wait_for(play(), 20)) == (503, 200)


def test_its_end_ends_every_connection_and_frees_the_port():
    async def play():
        ear = Ear()
        async with ear.listening():
            reader, writer = await ear.call()
            writer.write(b"POST / HTTP/1.1\r\n")
            await writer.drain()
        with suppress(ConnectionError):
            assert await asyncio.wait_for(reader.read(), 20) == b""
        writer.close()
        async with ear.listening():
            return await ear.ask(request()), ear.notes

    assert asyncio.run(play()) == (200, [""])


def test_another_machine_does_not_reach_it():
    async def play():
        ear = Ear()
        async with ear.listening():
            with pytest.raises(ConnectionRefusedError):
                await asyncio.open_connection("127.0.0.2", ear.port)

    asyncio.run(play())


async def pipe(reader, writer):
    with suppress(OSError):
        while chunk := await reader.read(65536):
            writer.write(chunk)
    writer.close()


@asynccontextmanager
async def proxy(folder, port):
    """Forward TLS to a port of this machine, as a site's reverse proxy does; gives the public address."""

    async def forward(reader, writer):
        there = await asyncio.open_connection("127.0.0.1", port)
        await asyncio.gather(pipe(reader, there[1]), pipe(there[0], writer))

    tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    tls.load_cert_chain(folder / "server.crt", folder / "server.key")
    server = await asyncio.start_server(forward, "127.0.0.1", 0, ssl=tls)
    try:
        yield f"https://localhost:{server.sockets[0].getsockname()[1]}/oadr"
    finally:
        server.close()


def subscribed(tmp_path, play, before=None):
    """Play against a rig whose VTN is behind a proxy, once the VEN has subscribed and read the list for it."""

    async def whole():
        async with rig(tmp_path, notices="none") as found:
            port = free_port()
            async with proxy(tmp_path, port) as url:
                await found.leave()
                found.options |= {"notices": "webhook", "callback_url": url, "callback_port": port}
                if before is not None:
                    before(found)
                await found.join()
                said = []
                found.ven.notes_to(said.append)
                assert await until(lambda: found.vtn.subscribed)
                await found.attempted(2)
                return await play(found, said)

    return asyncio.run(asyncio.wait_for(whole(), 60))


def test_a_notification_is_a_reason_to_look(tmp_path):
    async def play(found, _said):
        found.vtn.events = [LIMIT]
        statuses = await found.vtn.notify(CREATED)
        assert await until(lambda: found.ven.agenda.events.known)
        return statuses, list(found.ven.agenda.events.known), [each["venName"] for each in found.vtn.vens]

    statuses, known, vens = subscribed(tmp_path, play)
    assert statuses == [200] and vens == ["house-12"]
    assert known == ["e1"], "the list is the truth, not what the notification holds"


def test_a_notified_deletion_cancels_with_one_list(tmp_path):
    async def play(found, _said):
        found.vtn.events = [LIMIT]
        await found.poll()
        before, found.vtn.events = found.limits, []
        await found.vtn.notify({"objectType": "EVENT", "operation": "DELETE", "object": LIMIT})
        assert await until(lambda: not found.ven.agenda.events.known)
        await found.site.let_pass(2000)
        return before, found.limits

    assert subscribed(tmp_path, play) == ([5000], [])


def test_notifications_ask_no_oftener_than_the_shortest_poll(tmp_path, monkeypatch):
    async def play(found, _said):
        monkeypatch.setattr(ven, "SHORTEST_POLL_S", 3600)
        before = found.ven.attempts
        for _ in range(3):
            assert await asyncio.gather(*(found.vtn.notify(CREATED) for _ in range(8))) == [[200]] * 8
        return found.ven.attempts - before

    assert subscribed(tmp_path, play) == 0


@pytest.mark.parametrize("silently", [False, True])
def test_what_it_made_before_a_restart_is_deleted_and_nothing_else(tmp_path, silently):
    def old(name, url):
        return {"id": name, "clientName": "house-12", "objectOperations": [{"callbackUrl": url}]}

    def before(found):
        url, found.vtn.deletes_silently = found.options["callback_url"], silently
        found.vtn.subscriptions = {"mine": old("mine", url), "other": old("other", "https://elsewhere.example")}

    async def play(found, said):
        assert await until(lambda: "mine" not in found.vtn.subscriptions)
        during = sorted(found.vtn.subscriptions)
        await found.leave()
        return during, sorted(found.vtn.subscriptions), [line for line in said if "subscription: " in line]

    assert subscribed(tmp_path, play, before) == (["other", "subscription-1"], ["other"], [])


def test_a_subscription_that_the_vtn_forgot_is_made_anew_with_its_token(tmp_path, monkeypatch):
    monkeypatch.setattr(subscription, "CHECK_S", 0.05)

    async def play(found, _said):
        found.vtn.subscriptions.clear()
        assert await until(lambda: found.vtn.subscriptions)
        asked = len(found.vtn.asked)
        assert await until(lambda: len(found.vtn.asked) >= asked + 3)  # it is checked again, and stays
        return found.vtn.subscribed, await found.vtn.notify(CREATED)

    made, statuses = subscribed(tmp_path, play)
    assert len(made) == 2 and made[0] == made[1] and statuses == [200]


def test_each_start_has_a_token_of_its_own_of_256_bits(tmp_path):
    async def play(found, _said):
        await found.leave()
        await found.join()
        assert await until(lambda: len(found.vtn.subscribed) == 2)
        return [each["objectOperations"][0]["bearerToken"] for each in found.vtn.subscribed]

    first, second = subscribed(tmp_path, play)
    assert first != second and len(bytes.fromhex(first)) == 32


def test_a_vtn_that_hangs_at_the_end_is_waited_for_a_bounded_time(tmp_path, monkeypatch):
    monkeypatch.setattr(subscription, "DROP_S", 0.05)

    async def play(found, _said):
        found.vtn.deletes.clear()
        await asyncio.wait_for(found.leave(), 20)
        found.vtn.deletes.set()
        return any("/subscriptions/subscription-1" in each for each in found.vtn.asked)

    assert subscribed(tmp_path, play)


def test_a_port_that_is_another_s_is_told_once_and_polls_go_on_until_it_is_free(tmp_path, monkeypatch):
    monkeypatch.setattr(webhook, "AGAIN_S", 0.05)
    taken = []

    def before(found):
        taken.append(asyncio.ensure_future(asyncio.start_server(pipe, "127.0.0.1", found.options["callback_port"])))

    async def play(found, said):
        server = await taken[0]
        found.vtn.events = [LIMIT]
        assert await until(lambda: said)
        await found.poll(2)
        told, limits = list(said), found.limits
        server.close()
        assert await until(lambda: "callback_port" not in found.ven._unheard)
        return told, limits, await found.vtn.notify(CREATED)

    told, limits, statuses = subscribed(tmp_path, play, before)
    assert len([line for line in told if "callback_port: 127.0.0.1:" in line]) == 1
    assert limits == [5000] and statuses == [200]


def test_the_token_is_in_nothing_that_is_said(tmp_path, caplog, capfd, monkeypatch):
    monkeypatch.setattr(subscription, "CHECK_S", 0.05)
    caplog.set_level(logging.DEBUG)

    async def play(found, said):
        found.vtn.broken = "garbage"
        assert await until(lambda: any("subscription: " in line for line in said))
        found.vtn.broken = ""
        await found.vtn.notify(CREATED)
        return said, found.vtn.subscribed[0]["objectOperations"][0]["bearerToken"]

    said, token = subscribed(tmp_path, play)
    spoken = "\n".join([*said, caplog.text, *capfd.readouterr()])
    assert "subscription: GET /oadr/subscriptions" in spoken and token not in spoken
