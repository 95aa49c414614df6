"""Signs and verifies in Python, taking turns with the other tasks: for a board that has nothing better.

Source: hal/ports.py, Signer; es256.py holds the arithmetic. One turn is about 30 multiplications of 256-bit numbers:
4-6 ms on a Pico, estimated from measured multiplications; a faster machine takes several of them in one turn.
Each of the last `keys_max` public keys has a table of 1 KB: a grid operator, an aggregator and who signs the receipts
do not push each other out. The tables are claimed at the start, because a heap in pieces may have no 1 KB left when
a command arrives.
"""

from __future__ import annotations

import asyncio
from os import urandom

from agent.cose import key_id_of
from boards.micropython.es256 import BLIND_BYTES, key_point, public_key_steps, sign_steps, verify_steps
from boards.micropython.p256 import COMB_BYTES, comb_steps, finish
from hal.compat import const

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    from boards.micropython.p256 import Steps, T

KEYS_MAX = const(3)


class SoftSigner:
    """Keeps a 32-byte private key in memory. Making one takes as long as a signature, in one go."""

    def __init__(self, secret: bytes, keys_max: int = KEYS_MAX, turn: Callable[[Steps[Any]], None] = next) -> None:
        """`turn` takes as many steps as shall be taken in one go. Raises: ValueError: no private key of P-256."""
        self._secret = secret
        self._turn = turn
        # (public key, its table), the last used last; no key while the table is not complete.
        self._combs = [(b"", bytearray(COMB_BYTES)) for _ in range(keys_max)]
        self._verifying = asyncio.Lock()  # a table may be given to another key only between two verifications
        self.public_key = finish(public_key_steps(secret, urandom(BLIND_BYTES)))
        self.key_id = key_id_of(self.public_key)

    async def sign(self, digest: bytes) -> bytes:
        """Return r || s over a SHA-256 digest. Raises: ValueError when it is not 32 bytes."""
        return await self._in_turns(sign_steps(self._secret, digest, urandom(BLIND_BYTES)))

    async def verify(self, public_key: bytes, digest: bytes, signature: bytes) -> bool:
        """Tell whether `signature` is by `public_key`; a key without a table costs three times as much."""
        try:
            x, y = key_point(public_key)
        except ValueError:
            return False
        async with self._verifying:
            comb = await self._comb_of(public_key, x, y)
            return await self._in_turns(verify_steps(comb, digest, signature))

    async def _comb_of(self, public_key: bytes, x: int, y: int) -> bytearray:
        for at in range(len(self._combs)):
            if self._combs[at][0] == public_key:
                self._combs.append(self._combs.pop(at))
                return self._combs[-1][1]
        comb = self._combs.pop(0)[1]
        self._combs.append((b"", comb))
        await self._in_turns(comb_steps(comb, x, y))
        self._combs[-1] = (public_key, comb)
        return comb

    async def _in_turns(self, steps: Steps[T]) -> T:
        while True:
            try:
                self._turn(steps)
            except StopIteration as end:
                return end.value  # type: ignore[no-any-return]  # has no type of its own
            await asyncio.sleep(0)
