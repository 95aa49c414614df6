"""Signs with a key inside a TPM, smart card or HSM, through PKCS #11: the key never lies in a file.

Source: hal/ports.py, Signer; boards/cpython/pkcs11_token.py. A token draws its own nonces, so the same digest gets
another signature each time. One thread of its own talks to the token, because a TPM takes tens of milliseconds; the
loop goes on meanwhile. A session that is lost (the token was pulled, its daemon restarted) is opened anew once.
"""

from __future__ import annotations

import asyncio
from concurrent.futures import ThreadPoolExecutor
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
        self._thread = ThreadPoolExecutor(1, "token")
        self._keys = KnownKeys()
        self.public_key = self._token.find()
        self.key_id = key_id_of(self.public_key)

    async def sign(self, digest: bytes) -> bytes:
        """Return r || s over a SHA-256 digest. Raises: ValueError when it is not 32 bytes, TokenError."""
        if len(digest) != DIGEST_BYTES:
            raise ValueError("a SHA-256 digest is 32 bytes")
        answer = asyncio.get_running_loop().run_in_executor(self._thread, self._sign, digest)
        try:
            return await asyncio.wait_for(answer, ANSWER_S)
        except asyncio.TimeoutError as error:
            raise TokenError(f"{self._uri}: no answer within {ANSWER_S} s") from error

    async def verify(self, public_key: bytes, digest: bytes, signature: bytes) -> bool:
        """Tell whether `signature` is by `public_key`."""
        return self._keys.verify(public_key, digest, signature)

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
