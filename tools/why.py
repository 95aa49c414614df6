"""`siteward why`: asks the running agent of a site why each device does what it does, and says it in sentences.

The agent answers in numbers (agent/why.py) on its console (docs/console.md); words and names are added here.
"""

from __future__ import annotations

import json
import tomllib
from pathlib import Path
from typing import Any

from agent.config import ConfigError, checked
from boards.cpython import words
from tools.console import BOLD, coloured, printable
from tools.console_link import asking
from tools.errors import UsageError
from tools.why_plan_words import plan_lines
from tools.why_site_words import site_lines
from tools.why_words import device_lines, headline

Told = dict[str, Any]


def run(site: Path, device: str | None, *, as_json: bool) -> int:
    """Print the site and one line a device, or all about one device. Raises: UsageError."""
    with asking(journal_of(site)) as link:
        first = link.ask(_question(device))
        names = first["site"]["devices"] if device is None else []
        all_told = [first["device"]] if device is not None else [link.ask(_question(name))["device"] for name in names]
    if as_json:
        print(json.dumps({"site": first["site"], "devices": [_named(told) for told in all_told]}, indent=2))
        return 0
    lines = list(site_lines(first["site"])) if device is None else []
    for plan in first["site"].get("plans", []):
        lines += plan_lines(plan)
    for told in all_told:
        lines.append(coloured(printable(headline(told, first["site"])), BOLD))
        if device is not None:
            lines += device_lines(told, first["site"])
            for plan in told["plans"]:
                lines += plan_lines(plan)
    print("\n".join(lines))
    return 0


def _named(told: Told) -> Told:
    """Add the name of the quantity that set-points are in."""
    return told | {"quantity": words.CONTROLS.get(told["control"])}


def _question(device: str | None) -> Told:
    return {"cmd": "why"} | ({} if device is None else {"device": device})


def journal_of(site: Path) -> Path:
    """Return the folder in which the site's agent keeps its journal and its door. Raises: UsageError."""
    try:
        journal: str = checked(tomllib.loads(site.read_text(encoding="utf-8"))).agent["journal"]
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError, ConfigError) as error:
        raise UsageError(f"{site}: {error}") from error
    return site.parent / journal
