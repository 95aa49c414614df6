"""Sources of control in a board's image: those of its site and no others, and they work there."""

from __future__ import annotations

import json
import subprocess
import sys
import tomllib

import pytest

from agent.config import checked
from boards.sources import SOURCES
from tests.needs import ROOT, needs_program
from tests.tools.board_sites import SITE, UNIX, build
from tools import board_build, board_check
from tools.board_check import site_of
from tools.board_manifest import modules_of
from tools.errors import UsageError
from tools.image import linked_agent
from tools.keys import create_key
from tools.stage import StageError

RELAYS = (
    SITE
    + """
[[source]]
name = "box"
kind = "relays"
power_max_w = 20000
w4 = "feeder"
"""
)


def modules(text: str) -> set[str]:
    return set(modules_of(UNIX, site_of(UNIX, tomllib.loads(text))))


def test_an_image_holds_the_sources_of_its_site_and_no_others():
    assert not [name for name in modules(SITE) if "source" in name]
    found = {name for name in modules(RELAYS) if "source" in name}
    assert {"boards.sources", "agent.sources.desk", "agent.sources.relays", "agent.sources.minimum"} <= found
    assert not found & {"agent.sources.peer_desk", "agent.sources.eebus_lpc", "agent.sources.limitation"}


def test_every_source_for_boards_can_be_linked_into_an_image():
    kinds = [kind for kind, module, *_ in SOURCES if module.startswith("agent.")]
    assert len(kinds) >= 6
    rows = [{"name": kind, "kind": kind, "power_max_w": 1} for kind in kinds]
    found = modules_of(UNIX, checked(tomllib.loads(SITE) | {"source": rows}))
    linked = linked_agent(f"boards.{UNIX}", only=found.values())
    assert {row[1].replace(".", "_") for row in SOURCES if row[0] in kinds} <= set(linked)


def test_a_source_of_gateways_is_refused_for_a_board():
    with pytest.raises((UsageError, StageError), match="eebus-lpc"):
        site_of(UNIX, tomllib.loads(RELAYS.replace("relays", "eebus-lpc").replace('w4 = "feeder"', "")))


def test_a_source_on_a_board_is_heard_by_its_core(tmp_path, monkeypatch):
    needs_program("micropython")
    monkeypatch.setattr(board_check, "heap_on_twin", lambda *_: 108_000)
    monkeypatch.setattr(board_build, "sizes_alone", lambda *_: {})
    built = build(tmp_path, RELAYS)
    create_key(built / "agent.key", raw=True)
    command = [sys.executable, "-m", "tools.board_process", str(built), "--heap", "200K"]
    command += ["--image", str(built / "agent.romfs")]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, stdin=subprocess.DEVNULL, text=True) as board:
        assert board.stdout is not None
        told = []
        for line in board.stdout:
            told.append(json.loads(line))
            if told[-1]["fact"] == "decision":
                break
        board.kill()
    # A meter that nobody can reach tells no contact: it counts as closed, and the site is dimmed.
    assert told[0]["fact"] == "ready" and told[-1]["reason"] == "accepted"
