"""What runs, as one hash: the files of the agent, whether sources on a gateway or an image on a board.

Source: docs/format.md, `boot.firmware`. The hash is over every file in the order of its path: SHA-256 of the file,
then the path below the folder. Whoever has the same files can work it out again.
"""

from __future__ import annotations

import hashlib
import os

from hal.compat import const

_FOLDER = const(0x4000)  # the type in st_mode, as MicroPython tells it too
_PIECE_BYTES = const(1024)
_SKIPPED = ("__pycache__",)


def firmware_hash(folder: str, packages: tuple[str, ...] = ()) -> bytes:
    """Return the hash of all files below `folder`, or below these of its folders. Raises: OSError."""
    hasher = hashlib.sha256()
    for package in sorted(packages) or [""]:
        for path in _files(folder, package):
            hasher.update(_file_hash(folder + "/" + path))
            hasher.update(path.encode())
    return hasher.digest()


def _files(folder: str, below: str) -> list[str]:
    """Return the paths below `folder`, sorted."""
    found = []
    for name in sorted(os.listdir(folder + "/" + below)):
        path = below + "/" + name if below else name
        if os.stat(folder + "/" + path)[0] & 0xF000 == _FOLDER:
            found += [] if name in _SKIPPED else _files(folder, path)
        else:
            found.append(path)
    return found


def _file_hash(path: str) -> bytes:
    hasher = hashlib.sha256()
    with open(path, "rb") as file:
        piece = file.read(_PIECE_BYTES)
        while piece:
            hasher.update(piece)
            piece = file.read(_PIECE_BYTES)
    return hasher.digest()
