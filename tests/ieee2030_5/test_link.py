"""The connection to a utility's server, over real TLS: who is let in, what is negotiated, what is given up."""

from __future__ import annotations

import asyncio
import socket
import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest

from boards.cpython.ieee2030_5 import link as under_test
from boards.cpython.ieee2030_5.document import DOCUMENT_BYTES_MAX
from boards.cpython.ieee2030_5.link import Answer, Link, LinkError
from tests.ieee2030_5.server import Utility, https
from tools.certs import Authority, CertFiles

LFDI = "AB" * 20


class Ends:
    """Certificates of both ends."""

    def __init__(self, folder: Path) -> None:
        self.authority = Authority(folder / "pki")
        self.server, self.client = self.authority.server(), self.authority.client("der")

    def context(self, suites: str = "", version: ssl.TLSVersion = ssl.TLSVersion.TLSv1_2) -> ssl.SSLContext:
        """Return what the server speaks: it wants a certificate."""
        made = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        made.load_cert_chain(self.server.cert, self.server.key)
        made.load_verify_locations(self.authority.files.cert)
        made.verify_mode = ssl.CERT_REQUIRED
        made.maximum_version = version
        if suites:
            made.set_ciphers(suites)
        return made

    def link(self, port: int, server_name: str = "localhost", client: CertFiles | None = None) -> Link:
        """Return a client's link."""
        mine = client or self.client
        return Link("127.0.0.1", port, server_name, self.authority.files.cert, mine.cert, mine.key)


@pytest.fixture(scope="module")
def ends(tmp_path_factory) -> Ends:
    """Return certificates that are made once."""
    return Ends(tmp_path_factory.mktemp("link"))


def utility() -> Utility:
    """Return a server that has been asked nothing."""
    return Utility(LFDI, 1, lambda: 5)


def asked(link: Link, *questions: tuple[str, str, bytes]) -> list[Answer]:
    """Ask one after another."""

    async def ask() -> list[Answer]:
        try:
            return [await link.ask(*question) for question in questions]
        finally:
            link.close()

    return asyncio.run(ask())


def trouble(link: Link, method: str = "GET", path: str = "/dcap") -> str:
    """Return why there is no answer."""
    with pytest.raises(LinkError) as refused:
        asked(link, (method, path, b""))
    return str(refused.value)


@pytest.mark.parametrize(
    "suite", ["ECDHE-ECDSA-AES128-CCM8", "ECDHE-ECDSA-AES128-GCM-SHA256", "ECDHE-ECDSA-AES256-GCM-SHA384"]
)
def test_each_suite_is_spoken_and_the_one_of_the_standard_too(ends, suite):
    # IEEE 2030.5-2018 6.7: TLS 1.2 with ECDHE-ECDSA-AES128-CCM-8
    with https(utility(), ends.context(suite)) as port:
        link = ends.link(port)
        assert asked(link, ("GET", "/dcap", b""))[0].status == 200
    assert link.negotiated == f"{suite} TLSv1.2"


def test_tls_1_3_is_spoken_where_a_server_offers_it(ends):
    with https(utility(), ends.context(version=ssl.TLSVersion.TLSv1_3)) as port:
        link = ends.link(port)
        asked(link, ("GET", "/dcap", b""))
    assert link.negotiated.endswith("TLSv1.3")


def test_one_connection_serves_many_questions_and_a_place_comes_back(ends):
    server, connections = utility(), []
    with https(server, ends.context()) as port:
        link = ends.link(port)
        first = link._connected
        link._connected = lambda: connections.append(1) or first()
        got, made, put = asked(
            link, ("GET", "/tm", b""), ("POST", "/mup", b"<x/>"), ("PUT", "/edev/1/der/1/ders", b"<y/>")
        )
    assert (got.status, made.status, made.location, put.status) == (200, 201, "/mup/1", 204)
    assert b"<currentTime>5</currentTime>" in got.body and len(connections) == 1
    assert server.put == {"/edev/1/der/1/ders": "<y/>"}


def test_a_server_under_another_name_or_authority_is_not_spoken_to(ends, tmp_path):
    server = utility()
    with https(server, ends.context()) as port:
        assert "Hostname mismatch" in trouble(ends.link(port, "utility.example"))
        stranger = Authority(tmp_path / "other")
        wrong = Link("127.0.0.1", port, "localhost", stranger.files.cert, ends.client.cert, ends.client.key)
        assert "verify failed" in trouble(wrong)
    assert server.seen == []


def test_a_client_that_the_server_does_not_know_gets_no_answer(ends, tmp_path):
    server = utility()
    with https(server, ends.context()) as port:
        assert trouble(ends.link(port, client=Authority(tmp_path / "other").client("der")))
    assert server.seen == []


def test_an_answer_that_is_too_large_is_not_read_to_its_end(ends):
    server = utility()
    server.spoil = lambda path, body: b"x" * (DOCUMENT_BYTES_MAX + 1)
    with https(server, ends.context()) as port:
        assert f"more than {DOCUMENT_BYTES_MAX} bytes" in trouble(ends.link(port))


def test_a_connection_that_the_server_closed_meanwhile_is_opened_again(ends):
    server = utility()
    closes = iter([False, True, False, False, True, False])
    server.spoil = lambda path, body: None if next(closes) else body
    with https(server, ends.context()) as port:
        link = ends.link(port)
        answers = asked(link, ("GET", "/dcap", b""), ("GET", "/tm", b""), ("GET", "/dcap", b""))
        assert [answer.status for answer in answers] == [200, 200, 200]
    assert [request.path for request in server.seen] == ["/dcap", "/tm", "/tm", "/dcap"]


def test_a_link_that_was_closed_begins_anew(ends):
    with https(utility(), ends.context()) as port:
        link = ends.link(port)
        assert [asked(link, ("GET", "/dcap", b""))[0].status for _ in range(2)] == [200, 200]


def test_what_adds_something_is_not_said_twice(ends):
    server = utility()
    server.spoil = lambda path, body: None if path == "/mup" else body
    with https(server, ends.context()) as port, pytest.raises(LinkError):
        asked(ends.link(port), ("GET", "/dcap", b""), ("POST", "/mup", b"<x/>"))
    assert len(server.points) == 1


@contextmanager
def mute(context: ssl.SSLContext, greeting: bytes = b"") -> Iterator[int]:
    """Take one connection, speak TLS, say `greeting` and nothing more."""
    listening = socket.create_server(("127.0.0.1", 0))
    held: list[ssl.SSLSocket] = []

    def serve() -> None:
        made = context.wrap_socket(listening.accept()[0], server_side=True)
        held.append(made)
        made.sendall(greeting)
        with suppress(OSError):  # who gives up does not say goodbye
            made.recv(1000)

    thread = threading.Thread(target=serve, daemon=True)
    thread.start()
    try:
        yield listening.getsockname()[1]
    finally:
        listening.close()
        for made in held:
            made.close()


def test_a_server_that_spells_out_its_handshake_is_given_up_and_hung_up_on(ends, monkeypatch):
    monkeypatch.setattr(under_test, "EXCHANGE_S", 0.3)
    gone = threading.Event()

    def spell(taken: socket.socket) -> None:
        with suppress(OSError):
            taken.sendall(b"\x16\x03\x03\x40\x00")  # a handshake of 16 KB, byte by byte: it would take hours
            while not gone.wait(0.02):
                taken.sendall(b"\x02")
        gone.set()

    with socket.create_server(("127.0.0.1", 0)) as listening:
        threading.Thread(target=lambda: spell(listening.accept()[0]), daemon=True).start()
        assert "no answer within 0.3 s" in trouble(ends.link(listening.getsockname()[1]))
        assert gone.wait(5)


def test_a_server_that_says_nothing_is_given_up(ends, monkeypatch):
    monkeypatch.setattr(under_test, "EXCHANGE_S", 0.2)
    with mute(ends.context()) as port:
        assert "no answer within 0.2 s" in trouble(ends.link(port))


def test_what_is_no_http_is_told(ends):
    with mute(ends.context(), b"SSH-2.0-x\r\n") as port:
        assert trouble(ends.link(port)).startswith("GET /dcap: ")


def test_nobody_there_is_told(ends):
    with socket.create_server(("127.0.0.1", 0)) as listening:
        port = listening.getsockname()[1]
    assert "refused" in trouble(ends.link(port))


def test_what_is_no_certificate_is_told_at_once(ends, tmp_path):
    (tmp_path / "no.crt").write_text("nothing")
    with pytest.raises(ssl.SSLError):
        Link("h", 1, "h", ends.authority.files.cert, tmp_path / "no.crt", ends.client.key)
