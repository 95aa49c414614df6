"""The requests and answers in docs/console.md are what an agent says."""

from __future__ import annotations

import json
import re
from typing import Any

from agent.owner import Owner
from tests.needs import ROOT
from tests.shared.console_desk import rig

ANYTHING = "\N{HORIZONTAL ELLIPSIS}"


def examples() -> list[str]:
    """Return the lines of the document's conversation."""
    text = (ROOT / "docs" / "console.md").read_text(encoding="utf-8")
    (conversation,) = re.findall(r"```console\n(.*?)```", text, re.DOTALL)
    return conversation.splitlines()


def alike(said: Any, shown: Any) -> bool:
    """Tell whether something was said as it is shown."""
    if shown == ANYTHING:
        return True
    if isinstance(shown, dict) and isinstance(said, dict):
        return said.keys() == shown.keys() and all(alike(said[key], shown[key]) for key in shown)
    return bool(said == shown)


async def test_every_example_is_what_an_agent_says():
    desk = await rig()
    desk.site.loop.state.owner = Owner("home", 11040, {"charger": 0}, {})
    heard: list[dict[str, Any]] = []
    asked = set()
    for line in examples():
        if line.startswith("! somebody presses"):
            desk.host.pressed = True
        elif line.startswith("> "):
            assert heard == [], heard
            asked.add(json.loads(line[2:])["cmd"])
            heard = await desk.said(line[2:].encode() + b"\n", 2000)
        else:
            shown = json.loads(line[2:].replace(ANYTHING, f'"{ANYTHING}"'))
            assert heard and alike(heard[0], shown), (line, heard[:1])
            heard.pop(0)
    assert heard == [] and len(asked) == 21
    await desk.stop()
