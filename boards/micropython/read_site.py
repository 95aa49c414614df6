"""Reads a board's site.json and checks it. Loaded once and forgotten: boards.micropython.site."""

from __future__ import annotations

import hashlib
import json

from agent.config import ConfigError, checked

TYPE_CHECKING = False
if TYPE_CHECKING:
    from agent.config import Config


def read_site(folder: str, devices_max: int) -> tuple[Config, bytes]:
    """Return the configuration and the SHA-256 of its file. Raises: ValueError with one sentence, OSError."""
    with open(folder + "/site.json", "rb") as file:
        raw = file.read()
    try:
        config = checked(json.loads(raw))
    except ConfigError as error:
        raise ValueError(error.args[0])
    if len(config.devices) > devices_max:
        raise ValueError("%d devices, and this board takes %d at most" % (len(config.devices), devices_max))
    return config, hashlib.sha256(raw).digest()
