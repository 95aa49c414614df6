"""Makes and shows a key inside a token; the names are those of `siteward key`."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from boards.cpython.pkcs11_token import Token
from boards.cpython.private_file import KeyFileError
from boards.cpython.token_uri import TokenError, TokenUri
from tools.errors import UsageError


def new(uri: str, folder: Path = Path()) -> bytes:
    """Make a pair inside the token and return its public key. Raises: UsageError, also when there is one."""
    with _opened(uri, folder, writable=True) as token:
        return token.generate()


def show(uri: str, folder: Path = Path()) -> bytes:
    """Return the public key of a pair that has just signed. Raises: UsageError."""
    with _opened(uri, folder) as token:
        return token.find()


def erase(uri: str, folder: Path) -> int:
    """Destroy the pair; return how many objects that were. Raises: UsageError."""
    with _opened(uri, folder, writable=True) as token:
        return token.erase()


@contextmanager
def _opened(uri: str, folder: Path, *, writable: bool = False) -> Iterator[Token]:
    try:
        token = Token(TokenUri(uri, folder), writable=writable)
        try:
            yield token
        finally:
            token.close()
    except (TokenError, KeyFileError) as error:
        raise UsageError(str(error)) from error
