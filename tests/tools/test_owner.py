"""`siteward owner` against a gateway's agent that really runs, and through a head-end's door."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from sim_devices.home import running_home
from tests.sim_devices.homes import home_tree
from tests.tools.headend_scene import scene
from tests.tools.test_console import with_owner
from tests.tools.test_why import running_agent, siteward, told, write_site
from tools import owner
from tools.cli import _parser
from tools.errors import UsageError
from tools.headend.door import Door
from tools.owner import run


def with_words(site: Path) -> None:
    """Let the site's owner speak in words."""
    source = '[[source]]\nname = "home"\nkind = "owner"\npower_max_w = 11000\n[source.away]\ncharger = 7000\n'
    site.write_text(site.read_text() + "\n" + source)


async def test_a_word_moves_a_device_and_stays_over_a_restart_and_a_replay(tmp_path):
    async with running_home(home_tree()) as home:
        site = write_site(tmp_path, home.addresses)
        key = with_owner(site)
        with_words(site)
        said = ("owner", "--site", site, "--key", key)
        async with running_agent(site, "--json") as agent:
            code, text, wrong = await siteward(*said, "away", "--for", "3d")
            assert (code, wrong) == (0, "") and text.startswith("charger: away, 7 A, for another 3 days")
            await told(agent, '"setpoint": 7000, "outcome": "applied"')
            code, text, wrong = await siteward(*said, "--json", "opt-out", "SITE", "--for", "91d")
            assert code == 2 and wrong.strip().endswith("--for '91d': expected 90 days at most")
        async with running_agent(site, "--json"):
            code, text, wrong = await siteward("owner", "--site", site)
            assert code == 0 and text.startswith("charger: away"), wrong
        code, text, wrong = await siteward("replay", tmp_path / "recorder")
        assert code == 0, text + wrong


async def test_a_word_goes_through_a_head_end_and_its_answer_comes_back(tmp_path, capsys):
    async with scene(tmp_path) as (head_end, agent):
        door = Door(head_end, tmp_path / "door")
        await door.open()
        given = ["--headend", str(tmp_path / "door"), "--agent", agent.agent, "--authority", "vpp"]
        for number, reason in enumerate((0, 8)):
            asked = _parser().parse_args(["owner", *given, "comfort", "room", "--min", "19000", "--max", "22000"])
            saying = asyncio.create_task(asyncio.to_thread(run, asked))
            raw, payload = await agent.command()
            assert payload[6:] == [8, [7, "room", 19000, 22000]]
            agent.decide(raw, reason)
            assert await saying == number
        said, wrong = capsys.readouterr()
        assert said.startswith("accepted, command ") and wrong == "siteward: role forbids\n"
        await door.close()


async def test_a_word_that_nobody_answers_in_time_may_still_be_done_and_that_is_said(tmp_path, monkeypatch):
    monkeypatch.setattr(owner, "ANSWER_S", 0)
    async with scene(tmp_path) as (head_end, agent):
        door = Door(head_end, tmp_path / "door")
        await door.open()
        given = ["--headend", str(tmp_path / "door"), "--agent", agent.agent, "--authority", "vpp"]
        asked = _parser().parse_args(["owner", *given, "boost", "charger", "--for", "2h"])
        with pytest.raises(UsageError, match=r"no answer in time: command [0-9a-f]{64} may still be done"):
            await asyncio.to_thread(run, asked)
        await door.close()
