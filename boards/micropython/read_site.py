"""Reads a board's site.json and checks it. Loaded once and forgotten: boards.micropython.site."""

from __future__ import annotations

import hashlib
import json

from agent.config import ConfigError, checked

TYPE_CHECKING = False
if TYPE_CHECKING:
    from agent.config import Config
    from boards.micropython.site import Board


def read_site(folder: str, board: Board, name: str = "site.json") -> tuple[Config, bytes]:
    """Return the configuration and the SHA-256 of its file. Raises: ValueError with one sentence, OSError."""
    with open(folder + "/" + name, "rb") as file:
        raw = file.read()
    try:
        tree = json.loads(raw)
        config = checked(tree)
    except ConfigError as error:
        raise ValueError(error.args[0])
    check(config, board)
    if "recorder_bytes_max" not in tree["agent"]:
        config.agent["recorder_bytes_max"] = 0  # flash wears
    return config, hashlib.sha256(raw).digest()


def check(config: Config, board: Board) -> None:
    """Refuse what this board cannot do. Raises: ValueError with one sentence."""
    if len(config.devices) > board.devices_max:
        raise ValueError("%d devices, and this board takes %d at most" % (len(config.devices), board.devices_max))
    tick_ms, bounds = config.agent["tick_ms"], board.ticks_ms
    if bounds is not None and not bounds[0] <= tick_ms <= bounds[1]:
        raise ValueError("[agent] tick_ms = %d: expected %d to %d on this board" % (tick_ms, bounds[0], bounds[1]))
    if board.go_online is None:
        if config.wlan is not None or config.clock is not None:
            raise ValueError("[wlan], [clock]: this board's network and time are kept by its system")
        return
    if config.wlan is None:
        if config.uplink is not None or config.clock is not None or "tcp" in [row["kind"] for row in config.buses]:
            raise ValueError("[wlan] is missing: [uplink], [clock] and buses by TCP need it on this board")
    elif config.uplink is not None and config.clock is None:
        raise ValueError("[clock] is missing: [uplink] needs it on this board, certificates have dates")
