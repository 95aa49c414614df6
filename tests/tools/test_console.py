"""`siteward console` against a gateway's agent on a simulated home: locked, unlocked by a file and by the owner."""

from __future__ import annotations

import asyncio
import hashlib
import json
import signal
import sys
import tomllib
from pathlib import Path

from sim_devices.home import running_home
from tests.needs import ROOT
from tests.sim_devices.homes import home_tree
from tests.tools.test_why import running_agent, siteward, told, write_site
from tools import wire
from tools.demo.layout import toml
from tools.keys import create_key, load_public


def with_owner(site: Path) -> Path:
    """Let the site know an owner's key; return the key's file."""
    owner = create_key(site.parent / "owner.key")
    tree = tomllib.loads(site.read_text())
    tree["authority"][1]["public_key"] = wire.point(owner.public_key()).hex()
    site.write_text(toml(tree))
    return site.parent / "owner.key"


class Visitor:
    """Somebody at the console of a running agent; `key` opens it."""

    def __init__(self, site: Path, key: Path, agent: asyncio.subprocess.Process) -> None:
        self.site, self.key, self.agent = site, key, agent
        self.unlock = site.parent / "console.unlock"

    async def ask(self, *arguments: object) -> tuple[int, str, str]:
        """Ask without a key."""
        return await siteward("console", "--site", self.site, *arguments)

    async def order(self, *arguments: object) -> tuple[int, str, str]:
        """Ask with it."""
        return await siteward("console", "--site", self.site, "--key", self.key, *arguments)


async def test_a_gateway_is_looked_at_tried_configured_and_started_anew(tmp_path):
    async with running_home(home_tree()) as home:
        site = write_site(tmp_path, home.addresses)
        key = with_owner(site)
        async with running_agent(site, "--json") as agent:
            visitor = Visitor(site, key, agent)
            await look_around(visitor)
            await try_once_unlocked(visitor)
            await try_by_script(visitor)
            await configure(visitor)
            await start_anew(visitor)
        code, said, wrong = await siteward("replay", tmp_path / "recorder")
        assert code == 0, said + wrong


async def look_around(visitor: Visitor) -> None:
    code, said, wrong = await visitor.ask("identify")
    assert (code, wrong) == (0, "") and "linux-gateway" in said and "console.unlock" in said
    assert hashlib.sha256(visitor.site.read_bytes()).hexdigest() in said
    code, said, _ = await visitor.ask("--json", "buses")
    assert code == 0 and [each["bus"] for each in json.loads(said)["buses"]] == ["charger-lan", "pump-lan", "rs485"]
    await told(visitor.agent, '"source": "nameplate"')
    code, said, _ = await visitor.ask("read", "grid")
    assert code == 0 and "grid: good, " in said and "voltage_l1" in said and " mV" in said
    code, said, _ = await visitor.ask("why", "charger")
    assert code == 0 and said.startswith("charger: ")
    code, said, _ = await visitor.ask("scan", "rs485", "--last", "5")
    assert code == 0 and said.split() == ["1", "2", "3"]


async def try_once_unlocked(visitor: Visitor) -> None:
    asked = asyncio.create_task(visitor.ask("test", "charger", "8000", "--lease", "4"))
    for _ in range(10):
        visitor.unlock.touch()  # as somebody does who reads the sentence
        await asyncio.wait([asked], timeout=1)
        if asked.done():
            break
    visitor.unlock.unlink(missing_ok=True)
    code, said, wrong = await asked
    assert code == 0 and "granted 8000 for 4 s" in said and "console.unlock" in wrong
    await told(visitor.agent, '"setpoint": 8000, "outcome": "applied", "kept": 8000')
    await told(visitor.agent, '"completed"')
    assert '"nameplate"' in await told(visitor.agent, '"write"')


async def try_by_script(visitor: Visitor) -> None:
    script = "read charger\n# a comment\ntest charger 9000 --lease 30\nread charger\ntest charger release\n"
    code, said, wrong = await fed(script, "console", "--site", visitor.site, "--key", visitor.key)
    assert (code, wrong) == (0, ""), wrong
    assert "granted 9000 for 30 s" in said and "taken back" in said


async def configure(visitor: Visitor) -> None:
    site, new = visitor.site, visitor.site.parent / "new.toml"
    before = site.read_bytes()
    code, said, _ = await visitor.ask("config", "get")
    assert code == 0 and said == before.decode()
    new.write_text(site.read_text().replace('name = "test"', 'name = "caf\xe9" # ' + "x" * 5000))
    code, said, wrong = await visitor.order("config", "set", new)
    assert code == 0 and hashlib.sha256(new.read_bytes()).hexdigest() in said
    assert site.read_bytes() == new.read_bytes() and site.with_name("SITE.toml.bak").read_bytes() == before
    new.write_text("[site]\n")
    code, said, wrong = await visitor.order("config", "set", new)
    assert code == 1 and wrong == "siteward: [site]: name is missing\n"


async def start_anew(visitor: Visitor) -> None:
    code, said, wrong = await visitor.order("erase", agent_of(visitor.site))
    assert code == 1 and "siteward erase" in wrong
    code, said, _ = await visitor.order("reboot")
    assert code == 0 and "starts anew" in said
    again = json.loads(await told(visitor.agent, '"ready"'))
    assert again["epoch"] == 2 and again["site"] == "caf\xe9" and visitor.agent.returncode is None
    code, said, _ = await visitor.ask("--json", "identify")
    assert code == 0 and json.loads(said)["epoch"] == 2 and json.loads(said)["unlocked_ms"] == 0


def agent_of(site: Path) -> str:
    """Return the id of a site's agent."""
    return wire.key_id(load_public(str(site.parent / "agent.key"))).hex()


async def fed(script: str, *arguments: object) -> tuple[int, str, str]:
    """Run one command with something to read."""
    pipe = asyncio.subprocess.PIPE
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "tools.cli", *map(str, arguments), cwd=ROOT, stdin=pipe, stdout=pipe, stderr=pipe
    )
    said, wrong = await asyncio.wait_for(process.communicate(script.encode()), 60)
    return process.returncode or 0, said.decode(), wrong.decode()


async def test_refused_misused_and_interrupted_have_their_codes(tmp_path):
    async with running_home(home_tree()) as home:
        site = write_site(tmp_path, home.addresses)
        with_owner(site)
        stranger = tmp_path / "stranger.key"
        create_key(stranger)
        where = ("--site", site)
        code, _, wrong = await siteward("console", *where, "identify")
        assert code == 2 and "no agent runs on" in wrong
        code, _, wrong = await siteward("console", *where, "frobnicate")
        assert code == 2 and "frobnicate" in wrong
        code, _, wrong = await siteward("console", "--port", tmp_path / "nothing", "identify")
        assert code == 2 and "nothing" in wrong
        async with running_agent(site, "--json") as agent:
            code, _, wrong = await siteward("console", *where, "--key", stranger, "reboot")
            assert code == 1 and "unknown key" in wrong
            assert "unknown key" in await told(agent, '"decision"')
            code, _, wrong = await siteward("console", *where, "read", "boiler")
            assert code == 1 and wrong == "siteward: unknown device; there are: grid, charger, heat-pump\n"
            command = [sys.executable, "-m", "tools.cli", "console", *map(str, where), "events"]
            process = await asyncio.create_subprocess_exec(*command, cwd=ROOT, stdout=asyncio.subprocess.PIPE)
            assert process.stdout is not None
            assert "fact" in json.loads(await asyncio.wait_for(process.stdout.readline(), 30))
            process.send_signal(signal.SIGINT)
            await process.communicate()
            assert process.returncode == 130
