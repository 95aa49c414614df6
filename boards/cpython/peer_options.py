"""What peers' options have in common: addresses with TLS, whom to trust, and secrets in files of their own."""

from __future__ import annotations

import ssl
from pathlib import Path
from typing import Any

from agent.config import text
from boards.cpython.private_file import KeyFileError, read_private

ADDRESS_MAX = 1024


def address(scheme: str) -> Any:
    """Return a check for an address of one scheme, which is to be one with TLS; it holds no secret."""

    def check(key: str, given: Any) -> str:
        found: str = text(ADDRESS_MAX)(key, given)
        if not found.startswith(f"{scheme}://"):
            raise ValueError(f"{key} = {given!r}: expected an address that begins with {scheme}://")
        if "@" in found:  # it would stand in every sentence about the peer
            raise ValueError(f"{key}: expected an address without user and password: a secret has a file of its own")
        return found

    return check


def trusting(folder: Path, ca: str | None) -> ssl.SSLContext:
    """Return TLS 1.2 or later that trusts one authority's PEM file, or the system's. Raises: OSError."""
    tls = ssl.create_default_context(cafile=None if ca is None else str(folder / ca))
    tls.minimum_version = ssl.TLSVersion.TLSv1_2
    return tls


def secret(folder: Path, key: str, name: str) -> str:
    """Return the line that a private file holds. Raises: ValueError that names the option."""
    try:
        return read_private(folder / name).decode("ascii").strip()
    except KeyFileError as error:
        raise ValueError(f"{key}: {error}") from error
    except UnicodeDecodeError as error:
        raise ValueError(f"{key}: {folder / name}: expected a line of ASCII") from error
