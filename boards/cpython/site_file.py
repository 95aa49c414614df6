"""A gateway's SITE.toml: read and checked, or one sentence that says what is wrong with it."""

from __future__ import annotations

import hashlib
import tomllib
from pathlib import Path

from agent.config import Config, ConfigError, checked
from boards.startup import StartError


def load_site(path: Path) -> tuple[Config, bytes]:
    """Return the checked configuration and the SHA-256 of its file. Raises: StartError."""
    try:
        raw = path.read_bytes()
        return checked(tomllib.loads(raw.decode())), hashlib.sha256(raw).digest()
    except OSError as error:
        raise StartError(f"{path}: {error.strerror}") from error
    except (ValueError, RecursionError) as error:
        raise StartError(f"{path}: not TOML: {error}") from error
    except ConfigError as error:
        raise StartError(f"{path}: {error}") from error
