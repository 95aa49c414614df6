"""Takes an agent off a board for good: keys, certificate, password, journal, tape, and site.json last.

littlefs never writes in place: what was removed lies in its old blocks until they are used again, and small files
lie in the folder's own two blocks. So `wash` makes it write those anew and fill all its free room once; a ring's
blocks are erased. A board may change hands after that and not before. What is confirmed upstream stays there;
head-end, grid operator and aggregator still know the key.
"""

from __future__ import annotations

import json
import os

from hal.compat import const

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

_ENOSPC = const(28)  # no port of MicroPython names it
_BLOCKS = const(4)  # operations of MicroPython's block devices
_ERASE = const(6)
_CHUNK_BYTES = const(512)
_SMALL_BYTES = const(32)  # so small a file lies in its folder's blocks
_REWRITES = const(4)  # of those blocks: there are two, and what is in the older one goes with the next but one


def _nothing() -> None:
    """Stand in where nobody watches."""


def erase(
    folder: str, open_flash: Callable[[str], tuple[Any, int]] | None = None, feed: Callable[[], None] = _nothing
) -> list[str]:
    """Remove what site.json names, then site.json; return the paths. Cut short, it is called again.

    `feed`: a watchdog's, which does not wait for a whole flash. Call `wash` afterwards where `folder` lies on the
    board's own flash. Raises: OSError, ValueError for no site.json.
    """
    with open(folder + "/site.json", "rb") as file:
        tree = json.loads(file.read())
    settings, uplink, wlan = tree["agent"], tree.get("uplink") or {}, tree.get("wlan") or {}
    names = [settings.get("key"), settings.get("next_key"), uplink.get("cert_key"), uplink.get("cert")]
    names.append(wlan.get("password"))
    paths = [folder + "/" + name for name in names if name]
    journal = settings.get("journal", "journal")
    if journal.startswith("ring:"):
        if open_flash is not None:
            _erase_blocks(open_flash(journal[5:])[0], feed)
    else:
        paths += _segments(folder + "/" + journal)
    paths += _segments(folder + ("/" + journal).rpartition("/")[0] + "/recorder")
    paths += [folder + "/" + name for name in ("site-a.json", "site-b.json", "site.json")]  # boards/bare/main.py
    return [path for path in paths if _remove(path)]


def wash(folder: str, feed: Callable[[], None] = _nothing) -> None:
    """Let nothing of what was removed stay in the volume that `folder` lies on; takes as long as writing it all.

    Only for a board's own flash: on a large disk it would not end. Raises: OSError.
    """
    name = folder + "/wash"
    for _ in range(os.statvfs(folder)[0] * _REWRITES // _SMALL_BYTES):
        with open(name, "wb") as file:
            file.write(bytes(_SMALL_BYTES))
        feed()
    chunk = bytes(_CHUNK_BYTES)
    try:
        with open(name, "wb") as file:
            while True:
                file.write(chunk)
                feed()
    except OSError as error:
        if error.errno != _ENOSPC:
            raise
    os.remove(name)


def _erase_blocks(device: Any, feed: Callable[[], None]) -> None:
    for block in range(device.ioctl(_BLOCKS, 0)):
        device.ioctl(_ERASE, block)
        feed()


def _segments(folder: str) -> list[str]:
    """Return the journal's or the tape's files, oldest first; what else is there is not ours."""
    try:
        names = os.listdir(folder)
    except OSError:  # there is no such folder
        return []
    return [folder + "/" + name for name in sorted(names) if name.endswith(".log") and name[:-4].isdigit()]


def _remove(path: str) -> bool:
    """Overwrite and remove a file; False when there is none."""
    try:
        size_bytes = os.stat(path)[6]
    except OSError:
        return False
    with open(path, "r+b") as file:
        while size_bytes > 0:
            size_bytes -= file.write(bytes(min(_CHUNK_BYTES, size_bytes)))
    os.remove(path)
    return True
