"""`siteward why`: asks the running agent of a site why each device does what it does, and says it in sentences.

The agent answers in numbers (agent/why.py, boards/cpython/door.py); words are added here, and names with --json.
"""

from __future__ import annotations

import json
import socket
import tomllib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from agent.config import ConfigError, checked
from boards.cpython import door, words
from tools.console import BOLD, coloured, printable
from tools.errors import UsageError
from tools.why_site_words import site_lines
from tools.why_words import device_lines, headline

PATIENCE_S = 10.0
ANSWER_BYTES_MAX = 1 << 20

Told = dict[str, Any]


def run(site: Path, device: str | None, *, as_json: bool) -> int:
    """Print the site and one line a device, or all about one device. Raises: UsageError."""
    with asking(_journal(site)) as ask:
        first = ask(_question(device))
        names = first["site"]["devices"] if device is None else []
        all_told = [first["device"]] if device is not None else [ask(_question(name))["device"] for name in names]
    if as_json:
        print(json.dumps({"site": first["site"], "devices": [_named(told) for told in all_told]}, indent=2))
        return 0
    lines = list(site_lines(first["site"])) if device is None else []
    for told in all_told:
        lines.append(coloured(printable(headline(told, first["site"])), BOLD))
        if device is not None:
            lines += device_lines(told, first["site"])
    print("\n".join(lines))
    return 0


def _named(told: Told) -> Told:
    """Add the name of the quantity that set-points are in."""
    return told | {"quantity": words.CONTROLS.get(told["control"])}


def _question(device: str | None) -> Told:
    return {"cmd": "why"} | ({} if device is None else {"device": device})


def _journal(site: Path) -> Path:
    """Return the folder in which the site's agent keeps its journal and its door. Raises: UsageError."""
    try:
        journal: str = checked(tomllib.loads(site.read_text(encoding="utf-8"))).agent["journal"]
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError, ConfigError) as error:
        raise UsageError(f"{site}: {error}") from error
    return site.parent / journal


class _Line:
    """One conversation with an agent."""

    def __init__(self, connection: socket.socket) -> None:
        self._connection = connection
        self._answers = connection.makefile("rb")

    def __call__(self, request: Told) -> Told:
        """Return what the agent says. Raises: UsageError with what it refuses, OSError."""
        self._connection.sendall(json.dumps(request).encode() + b"\n")
        line = self._answers.readline(ANSWER_BYTES_MAX)
        if not line.endswith(b"\n"):
            raise ConnectionResetError("the agent hung up")
        answer: Told = json.loads(line)
        if not answer.get("ok"):
            raise UsageError(str(answer.get("error")))
        return answer


@contextmanager
def asking(folder: Path) -> Iterator[_Line]:
    """Connect to the agent. Raises: UsageError when none runs here or it does not answer."""
    with socket.socket(socket.AF_UNIX) as connection:
        connection.settimeout(PATIENCE_S)
        try:
            with door.address(folder) as near:
                connection.connect(near)
            yield _Line(connection)
        except (FileNotFoundError, ConnectionRefusedError) as error:
            raise UsageError(f"no agent runs on {folder}; start one with `siteward run SITE.toml`") from error
        except PermissionError as error:
            raise UsageError(f"{folder}: only the user whose agent it is may ask") from error
        except OSError as error:
            raise UsageError(f"the agent on {folder} does not answer: {error}") from error
