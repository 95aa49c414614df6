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
        tree = json.loads(raw)
        config = checked(tree)
    except ConfigError as error:
        raise ValueError(error.args[0])
    if len(config.devices) > devices_max:
        raise ValueError("%d devices, and this board takes %d at most" % (len(config.devices), devices_max))
    if "recorder_bytes_max" not in tree["agent"]:
        config.agent["recorder_bytes_max"] = 0  # flash wears
    return config, hashlib.sha256(raw).digest()
