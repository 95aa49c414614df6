"""`siteward key new|show KEY`: what provisioning needs of a key, ready to paste into a configuration.

KEY is a file or, for a TPM, smart card or HSM, the `pkcs11:` name that `[agent] key` takes (docs/config.md).
"""

from __future__ import annotations

import importlib
from pathlib import Path

from boards.cpython.token_uri import SCHEME
from tools.errors import UsageError
from tools.keys import create_key, describe, load_public
from tools.wire import point


def run(action: str, key: str, *, raw: bool) -> int:
    """Make or read a key and print its public half. Raises: UsageError."""
    if key.startswith(SCHEME):
        if raw:
            raise UsageError("--raw writes a file; a token keeps its key to itself")
        public_key: bytes = getattr(importlib.import_module("tools.token_key"), action)(key)
    elif action == "new":
        public_key = point(create_key(Path(key), raw=raw).public_key())
    else:
        public_key = load_public(key)
    for name, text in describe(public_key).items():
        print(f'{name} = "{text}"')
    return 0
