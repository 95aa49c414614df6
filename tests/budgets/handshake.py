"""The longest call of C while a board connects by TLS: all that a handshake calculates, and nothing runs beside it.

It is counted in SHA-256 sums of 1 KB that the same process makes in that CPU time, as no clock of one machine says
anything of another. Certificates are those of tools/certs.py, P-256 on both sides; the network is not in it.
"""

from __future__ import annotations

import contextlib
import socket
import ssl
import tempfile
import threading
from collections.abc import Iterator
from pathlib import Path

from tests.board import micropython, output_of
from tests.field.far_ends import tls
from tools.certs import Authority

CLIENT = "tests/budgets/handshake_on_board.py"
ROUNDS = 5


@contextlib.contextmanager
def far_end(context: ssl.SSLContext) -> Iterator[int]:
    """Give the port of a server that lets ROUNDS clients in, one after the other."""
    with socket.create_server(("127.0.0.1", 0)) as listening:

        def serve() -> None:
            for _ in range(ROUNDS):
                plain, _ = listening.accept()
                with context.wrap_socket(plain, server_side=True) as secure:
                    secure.recv(1)

        serving = threading.Thread(target=serve, daemon=True)
        serving.start()
        yield listening.getsockname()[1]
        serving.join(timeout=10)


def longest_call() -> int:
    """Return the median of ROUNDS handshakes."""
    with tempfile.TemporaryDirectory() as name:
        authority = Authority(Path(name))
        client = authority.client("00" * 8)
        with far_end(tls(authority.server(), authority.files)) as port:
            files = authority.files.cert_der, client.cert_der, client.key_der
            said = output_of(micropython(CLIENT, str(port), str(ROUNDS), *map(str, files)))
    found = sorted(int(line) for line in said.split())
    assert len(found) == ROUNDS, said
    return found[ROUNDS // 2]
