"""Signs with a key inside a TPM, smart card or HSM, through PKCS #11: the key never lies in a file.

Source: hal/ports.py, Signer; boards/cpython/pkcs11_token.py. A token draws its own nonces, so the same digest gets
another signature each time. A thread talks to it, because a TPM takes tens of milliseconds; the loop goes on
meanwhile. A session that is lost (the token was pulled, its daemon restarted) is opened anew once. A token that hangs
keeps nobody from ending: the threads are daemons.
"""

from __future__ import annotations

import asyncio
import contextlib
import threading
from pathlib import Path

from agent.cose import key_id_of
from boards.cpython.known_keys import DIGEST_BYTES, KnownKeys
from boards.cpython.pkcs11_token import Token
from boards.cpython.token_uri import TokenError, TokenUri

ANSWER_S = 20  # a token that is silent for longer is dead; below the service manager's 30


class TokenSigner:
    """Keeps one session with the token that holds the key."""

    def __init__(self, uri: str, folder: Path) -> None:
        """`folder` is where a relative pin-source begins. Raises: TokenError, KeyFileError."""
        self._uri = TokenUri(uri, folder)
        self._token = Token(self._uri)
        self._busy = threading.Lock()  # one thread at a time talks to the token, also after one was given up
        self._keys = KnownKeys()
        self.public_key = self._token.find()
        self.key_id = key_id_of(self.public_key)

    async def sign(self, digest: bytes) -> bytes:
        """Return r || s over a SHA-256 digest. Raises: ValueError when it is not 32 bytes, TokenError."""
        if len(digest) != DIGEST_BYTES:
            raise ValueError("a SHA-256 digest is 32 bytes")
        loop = asyncio.get_running_loop()
        answer: asyncio.Future[bytes] = loop.create_future()
        threading.Thread(target=self._answer, args=(loop, answer, digest), daemon=True).start()
        try:
            async with asyncio.timeout(ANSWER_S):
                return await answer
        except asyncio.TimeoutError as error:
            raise TokenError(f"{self._uri}: no answer within {ANSWER_S} s") from error

    async def verify(self, public_key: bytes, digest: bytes, signature: bytes) -> bool:
        """Tell whether `signature` is by `public_key`."""
        return self._keys.verify(public_key, digest, signature)

    def _answer(self, loop: asyncio.AbstractEventLoop, answer: asyncio.Future[bytes], digest: bytes) -> None:
        """Sign, in a thread, and tell the loop, if it is still there."""

        def tell(signature: bytes, error: Exception | None) -> None:
            if answer.done():  # given up
                return
            if error is None:
                answer.set_result(signature)
            else:
                answer.set_exception(error)

        signature, failure = b"", None
        try:
            with self._busy:
                signature = self._sign(digest)
        except Exception as error:  # noqa: BLE001  (whatever it was belongs to who asked)
            failure = error
        with contextlib.suppress(RuntimeError):  # the loop has ended
            loop.call_soon_threadsafe(tell, signature, failure)

    def _sign(self, digest: bytes) -> bytes:
        try:
            return self._token.sign(digest)
        except TokenError:
            self._reopen()
        return self._token.sign(digest)

    def _reopen(self) -> None:
        self._token.close()
        self._token = Token(self._uri)
        if self._token.find() != self.public_key:
            raise TokenError(f"{self._uri}: another key lies there now than when the agent started")
