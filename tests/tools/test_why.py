"""`siteward why` against an agent that really runs, on a simulated home."""

from __future__ import annotations

import asyncio
import json
import signal
import stat
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from boards.cpython import door
from hal import quantities as q
from sim_devices.home import running_home
from tests.needs import ROOT
from tests.sim_devices.homes import home_tree
from tools.demo.layout import toml
from tools.keys import create_key

WAIT_S = 30
KEY = "04" + "11" * 64


async def siteward(*arguments: object) -> tuple[int, str, str]:
    """Run one command; return exit code and what it said."""
    command = [sys.executable, "-m", "tools.cli", *map(str, arguments)]
    pipe = asyncio.subprocess.PIPE
    process = await asyncio.create_subprocess_exec(*command, cwd=ROOT, stdout=pipe, stderr=pipe)
    said, wrong = await asyncio.wait_for(process.communicate(), WAIT_S)
    return process.returncode or 0, said.decode(), wrong.decode()


def write_site(folder: Path, addresses: dict) -> Path:
    """Write the site of a meter, a charger and a heat pump of a simulated home."""
    create_key(folder / "agent.key")
    charger, pump = addresses["charger"], addresses["heat-pump"]
    tree = {
        "site": {"name": "test", "meter": "grid", "import_limit_w": 17250, "export_limit_w": 0, "fuse_ma": 25000},
        "agent": {"key": "agent.key"},
        "authority": [
            {"name": "dso", "role": "grid", "power_max_w": 20000, "public_key": KEY},
            {"name": "me", "role": "owner", "power_max_w": 20000, "public_key": "04" + "22" * 64},
        ],
        "bus": [
            {"id": "rs485", "kind": "serial", "port": str(addresses["grid"].path)},
            {"id": "charger-lan", "kind": "tcp", "host": charger.host, "port": charger.port},
            {"id": "pump-lan", "kind": "tcp", "host": pump.host, "port": pump.port},
        ],
        "device": [
            {"id": "grid", "driver": "eastron-sdm630", "bus": "rs485"},
            {"id": "charger", "driver": "alfen-eve", "bus": "charger-lan", "power_max_w": 11000, "default": 32000},
            {"id": "heat-pump", "driver": "luxtronik-shi", "bus": "pump-lan", "power_max_w": 2500},
        ],
    }
    site = folder / "SITE.toml"
    site.write_text(toml(tree))
    return site


@asynccontextmanager
async def running_agent(site: Path, *options: str) -> AsyncIterator[asyncio.subprocess.Process]:
    """Start the agent and give it once it has said that it runs; it is told to end."""
    command = [sys.executable, "-m", "tools.cli", "run", *options, str(site)]
    process = await asyncio.create_subprocess_exec(*command, cwd=ROOT, stdout=asyncio.subprocess.PIPE)
    try:
        await told(process, "ready" if "--json" in options else "The agent of test runs: ")
        yield process
    finally:
        if process.returncode is None:
            process.send_signal(signal.SIGTERM)
            await asyncio.wait_for(process.communicate(), WAIT_S)


async def told(process: asyncio.subprocess.Process, text: str) -> str:
    """Return the next line that holds `text`."""
    assert process.stdout is not None
    while True:
        line = (await asyncio.wait_for(process.stdout.readline(), WAIT_S)).decode()
        assert line, f"it ended without {text!r}"
        if text in line:
            return line


async def test_a_running_agent_explains_itself_in_sentences_and_in_json(tmp_path):
    async with running_home(home_tree()) as home:
        site = write_site(tmp_path, home.addresses)
        async with running_agent(site) as agent:
            assert "read back" in await told(agent, "charger obeys")
            code, said, wrong = await siteward("why", "--site", site)
            assert (code, wrong) == (0, "")
            assert "at most 17250 W, what the connection carries" in said and "none is configured" in said
            assert [line.split(":")[0] for line in said.splitlines()[-3:]] == ["grid", "charger", "heat-pump"]
            code, said, _ = await siteward("why", "charger", "--site", site)
            assert code == 0 and said.startswith("charger: ") and ", because " in said
            for line in (
                "17250 W, connection",
                "the grid operator 'dso': by limits only",
                "ago (trusted for",
                "read back",
            ):
                assert line in said, said
            assert "Your own opt-out would" in said
            code, said, _ = await siteward("why", "charger", "--json", "--site", site)
            answer = json.loads(said)
            (charger,) = answer["devices"]
            assert charger["quantity"] == "limit_ma" and charger["control"] == q.LIMIT_MA
            assert answer["site"]["meter"]["device"] == "grid" and not answer["site"]["uplink"]
            code, said, wrong = await siteward("why", "boiler", "--site", site)
            assert (code, said) == (
                2,
                "",
            ) and wrong == "siteward: unknown device; there are: grid, charger, heat-pump\n"
            socket_file = tmp_path / "journal" / door.NAME
            assert stat.S_IMODE(socket_file.stat().st_mode) == 0o600
            agent.kill()
            await agent.wait()
        assert socket_file.is_socket()
        code, _, wrong = await siteward("why", "--site", site)
        assert code == 2 and "no agent runs on" in wrong
        async with running_agent(site, "--json") as agent:
            assert json.loads(await told(agent, '"binding"'))["device"] in ("charger", "heat-pump")
            assert (await siteward("why", "--site", site))[0] == 0
        assert not socket_file.exists()


async def test_without_a_site_or_an_agent_one_sentence_and_2(tmp_path):
    code, _, wrong = await siteward("why", "--site", tmp_path / "SITE.toml")
    assert code == 2 and "there is no file" in wrong
    (tmp_path / "SITE.toml").write_text("[site")
    code, _, wrong = await siteward("why", "--site", tmp_path / "SITE.toml")
    assert code == 2 and wrong.count("\n") == 1 and "SITE.toml" in wrong
    async with running_home(home_tree()) as home:
        site = write_site(tmp_path, home.addresses)
    code, _, wrong = await siteward("why", "--site", site)
    assert code == 2 and "no agent runs on" in wrong
