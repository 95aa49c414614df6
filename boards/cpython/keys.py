"""The agent's own key as the configuration names it: a file, or a key inside a token."""

from __future__ import annotations

import importlib
from pathlib import Path

from boards.cpython.signer import FileSigner
from boards.cpython.token_uri import SCHEME
from hal.ports import Signer


def signer_of(folder: Path, key: str) -> Signer:
    """Return the signer of `[agent] key`; a file's name begins in `folder`.

    Raises: KeyFileError, TokenError, ModuleNotFoundError when the extra `pkcs11` is not installed.
    """
    if not key.startswith(SCHEME):
        return FileSigner(folder / key)
    signer: Signer = importlib.import_module("boards.cpython.pkcs11_signer").TokenSigner(key, folder)
    return signer
