"""How a key inside a TPM, smart card or HSM is named: `pkcs11:token=gateway;object=agent?module-path=/…&pin-source=…`.

Source: RFC 7512 (PKCS #11 URI), of which the attributes `token`, `object`, `type`, `module-path` and `pin-source` are
known here. Without `pin-source` the PIN is in the environment, SITEWARD_PIN. It never stands in the URI itself
(`pin-value`): a configuration is shown, copied and hashed into the evidence.
"""

from __future__ import annotations

import os
from pathlib import Path
from urllib.parse import unquote

from boards.cpython.private_file import read_private

SCHEME = "pkcs11:"
PIN_VARIABLE = "SITEWARD_PIN"
EXAMPLE = "pkcs11:token=TOKEN;object=KEY?module-path=/usr/lib/MODULE.so&pin-source=PINFILE"
NEEDED, KNOWN = ("token", "object", "module-path"), ("token", "object", "type", "module-path", "pin-source")


class TokenError(Exception):
    """Args: one sentence that names token or module, what is wrong and what would be right; never a PIN."""


class TokenUri:
    """Where a key is: module, label of the token, label of the key, and where the PIN is read from."""

    def __init__(self, uri: str, folder: Path) -> None:
        """`folder` is where a relative pin-source begins. Raises: TokenError."""
        parts = _parts(uri)
        self.token = parts["token"]
        self.key = parts["object"]
        self.module = Path(parts["module-path"])
        pin_source = parts.get("pin-source")
        self.pin_file = None if pin_source is None else folder / pin_source.removeprefix("file:")

    def pin(self) -> str:
        """Return the PIN, read anew each time so that it lies in memory only while it is used.

        Raises: TokenError, KeyFileError when others may read its file.
        """
        if self.pin_file is not None:
            pin = read_private(self.pin_file).decode(errors="replace").strip()
            where = str(self.pin_file)
        else:
            pin, where = os.environ.get(PIN_VARIABLE, ""), f"the environment variable {PIN_VARIABLE}"
        if not pin:
            raise TokenError(f"token {self.token!r}: no PIN in {where}")
        return pin

    def __str__(self) -> str:
        return f"key {self.key!r} in token {self.token!r}"


def _parts(uri: str) -> dict[str, str]:
    if "pin-value=" in uri:  # wherever it stands: the sentences below show the URI
        raise TokenError("a PIN has no place in a configuration: take pin-source=FILE in place of pin-value")
    path, _, query = uri.removeprefix(SCHEME).partition("?")
    found: dict[str, str] = {}
    for part in [*path.split(";"), *query.split("&")]:
        name, _, content = part.partition("=")
        if part and (name not in KNOWN or name in found or not content):
            raise TokenError(f"{uri[:80]}: {name[:20]!r} is unknown, empty or stands twice; expected {EXAMPLE}")
        found[name] = unquote(content)
    for name in NEEDED:
        if name not in found:
            raise TokenError(f"{uri[:80]}: {name} is missing; expected {EXAMPLE}")
    if found.get("type", "private") != "private":
        raise TokenError(f"{uri[:80]}: type = {found['type']!r}: a private key signs")
    return found
