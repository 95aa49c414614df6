"""A sign that somebody stands before a machine which has no button: a file that he makes, and that is taken away."""

from __future__ import annotations

import os

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable


def file_sign(path: str) -> tuple[str, Callable[[], bool]]:
    """Return what to do, for people, and what tells whether it was done since it was last asked."""

    def is_shown() -> bool:
        try:
            os.remove(path)
        except OSError:
            return False
        return True

    return "make the file " + path, is_shown
