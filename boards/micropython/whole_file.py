"""Puts a file in place whole: configuration and keys that are there after a power cut are the old or the new ones.

Source: littlefs, DESIGN.md, "rename" is one commit of the folder; on Linux rename(2) is atomic in the same way.
"""

from __future__ import annotations

import os

_NEW = ".new"


def replace(path: str, content: bytes) -> None:
    """Write `content` beside `path`, durable, and give it that name; what a cut left beside it is written over.

    Raises: OSError; the old file is still there then.
    """
    with open(path + _NEW, "wb") as file:
        if file.write(content) != len(content):
            raise OSError(28, "the disk is full")
        file.flush()
    os.rename(path + _NEW, path)
