"""Sources of control in a board's image: those of its site and no others, and they work there."""

from __future__ import annotations

import json
import subprocess
import sys
import tomllib

import pytest

from boards.sources import SOURCES
from tests.needs import ROOT, needs_program
from tests.tools.board_sites import SITE, UNIX, build
from tests.tools.test_board_reserves import VPP
from tools import board_build, board_check
from tools.board_check import site_of
from tools.board_manifest import modules_of
from tools.errors import UsageError
from tools.keys import create_key
from tools.stage import StageError

LAN = """
[[bus]]
id = "lan"
kind = "tcp"
host = "127.0.0.1"
port = 9
"""
BOX = """
[[source]]
name = "box"
kind = "relays"
power_max_w = 20000
w4 = "feeder"
"""
EVENING = """
[[source]]
name = "evening"
kind = "peak"
power_max_w = 20000
limit_w = 6000
"""
RELAYS = SITE + BOX
ALL = (
    SITE
    + VPP
    + LAN
    + BOX
    + EVENING
    + """
[[device]]
id = "car"
driver = "alfen-eve"
bus = "lan"
power_max_w = 11040

[[source]]
name = "static"
kind = "frequency"
power_max_w = 20000
meter = "feeder"
stops = ["car"]

[[source]]
name = "gb"
kind = "random-delay"
power_max_w = 0
device = "car"

[[source]]
name = "sun"
kind = "surplus"
power_max_w = 20000

[[source]]
name = "night"
kind = "tariff"
power_max_w = 20000
device = "car"
setpoint = 16000
power_w = 11000
energy_wh = 11000
departure = "06:30"
windows = ["22:00-06:00 180"]
price = 320

[[source]]
name = "home"
kind = "owner"
power_max_w = 20000
away = { car = 0 }
"""
)
PLANS = (
    SITE
    + LAN
    + EVENING
    + """
[[device]]
id = "store"
driver = "victron-gx"
bus = "lan"
power_max_w = 5000

[[device]]
id = "pump"
driver = "stiebel-isg"
bus = "lan"
power_max_w = 3000

[[source]]
name = "market"
kind = "prices"
power_max_w = 0
from = ["evening"]

[[source]]
name = "arbitrage"
kind = "battery-plan"
power_max_w = 20000
device = "store"
capacity_wh = 10000
price = 30000

[[source]]
name = "warmth"
kind = "heat-plan"
power_max_w = 20000
device = "pump"
temp_min_mc = 45000
temp_max_mc = 55000
capacity_wh_k = 350
power_w = 2000
price = 30000
"""
)


def modules(text: str) -> set[str]:
    return set(modules_of(UNIX, site_of(UNIX, tomllib.loads(text))))


def test_an_image_holds_the_sources_of_its_site_and_no_others():
    assert not [name for name in modules(SITE) if "source" in name]
    found = {name for name in modules(RELAYS) if "source" in name}
    assert {"boards.sources", "agent.sources.desk", "agent.sources.relays", "agent.sources.minimum"} <= found
    assert not found & {"agent.sources.peer_desk", "agent.sources.eebus_lpc", "agent.sources.limitation"}


def test_a_console_knows_the_owners_words_where_there_is_an_owner():
    console = '\n[console]\nport = "stdio"\n'
    recording = SITE.replace("[agent]\n", "[agent]\nrecorder_bytes_max = 65536\n")
    owner = '\n[[source]]\nname = "home"\nkind = "owner"\npower_max_w = 11000\n'
    assert {"agent.console_owner", "agent.owner", "agent.sources.owner"} <= modules(SITE + owner + console)
    assert "agent.console_owner" not in modules(SITE + owner) and "agent.owner" in modules(SITE + owner)
    assert not {"agent.console_owner", "agent.owner"} & modules(recording + console)
    assert "agent.owner" in modules(recording + owner) and "agent.snapshot" in modules(recording)


def test_a_source_of_gateways_is_refused_for_a_board():
    with pytest.raises((UsageError, StageError), match="eebus-lpc"):
        site_of(UNIX, tomllib.loads(RELAYS.replace("relays", "eebus-lpc").replace('w4 = "feeder"', "")))


def kinds(text: str) -> set[str]:
    return {row["kind"] for row in tomllib.loads(text)["source"]}


def test_every_kind_for_boards_is_tried_on_one():
    assert kinds(ALL) | kinds(PLANS) == {kind for kind, module, *_ in SOURCES if module.startswith("agent.")}


# A meter that nobody can reach tells no contact, which counts as closed: the site is dimmed. The peak is limited, and
# nobody else has a reason to speak: the tariff and the plans wait for a clock.
@pytest.mark.parametrize(("text", "decisions"), [(ALL, 2), (PLANS, 1)])
def test_the_sources_of_a_board_are_heard_by_its_core(text, decisions, tmp_path, monkeypatch):
    needs_program("micropython")
    monkeypatch.setattr(board_check, "heap_on_twin", lambda *_: 108_000)
    monkeypatch.setattr(board_build, "sizes_alone", lambda *_: {})
    built = build(tmp_path, text)
    create_key(built / "agent.key", raw=True)
    command = [sys.executable, "-m", "tools.board_process", str(built), "--heap", "200K"]
    command += ["--image", str(built / "agent.romfs")]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, stdin=subprocess.DEVNULL, text=True) as board:
        assert board.stdout is not None
        told = []
        for line in board.stdout:
            told.append(json.loads(line))
            if len([each for each in told if each["fact"] == "decision"]) == decisions:
                break
        board.kill()
    assert told[0]["fact"] == "ready"
    assert [each["reason"] for each in told if each["fact"] == "decision"] == ["accepted"] * decisions
