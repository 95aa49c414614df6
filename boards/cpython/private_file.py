"""Reads a file that holds a secret. One that others on the machine may use is refused, not warned about."""

from __future__ import annotations

import os
import stat
from pathlib import Path

SECRET_BYTES_MAX = 8192


class KeyFileError(Exception):
    """Args: one line that names the file, what is wrong with it and what would be right."""


def read_private(path: Path) -> bytes:
    """Return at most SECRET_BYTES_MAX of `path`. Raises: KeyFileError, also when group or others may use the file."""
    # Judge the file that is opened: between a look at the path and the reading it could be exchanged.
    try:
        with path.open("rb", buffering=0) as file:
            status = os.fstat(file.fileno())
            if not stat.S_ISREG(status.st_mode):
                raise KeyFileError(f"{path}: not a regular file")
            if status.st_mode & 0o077:
                mode = stat.S_IMODE(status.st_mode)
                raise KeyFileError(f"{path}: group or others may use this private file (mode {mode:04o}): chmod 600 it")
            return file.read(SECRET_BYTES_MAX)
    except OSError as error:
        raise KeyFileError(f"{path}: {error.strerror}") from error
