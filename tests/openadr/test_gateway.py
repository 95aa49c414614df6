"""`siteward run` as a VEN and a resource manager: a real agent that asks a VTN, says what it does not do, and ends."""

import asyncio
import ssl
import sys

from tests.boards.test_gateway_start import site
from tests.needs import ROOT
from tests.openadr.documents import event
from tests.openadr.vtn import SECRET, TestVtn
from tests.waiting import until
from tools.broker import free_port
from tools.certs import Authority
from tools.demo.layout import toml


def sources(url):
    """Return a VEN of this VTN, and a resource manager whose CEM is nowhere."""
    return [
        {
            "name": "flex", "kind": "openadr", "power_max_w": 5000, "url": url, "ven_name": "house-12", "ca": "ca.crt",
            "client_id": "ven_client", "client_secret": "vtn.secret",
            "notices": "webhook", "callback_url": "https://localhost:1/oadr", "callback_port": free_port(),
        },
        {"name": "cem", "kind": "s2", "power_max_w": 5000, "url": "wss://localhost:1/s2", "devices": ["wallbox"]},
    ]  # fmt: skip


async def told(agent, *words):
    """Read the agent's standard error until each of some words was said."""
    left, said = list(words), []
    while left:
        line = (await asyncio.wait_for(agent.stderr.readline(), 30)).decode()
        said.append(line)
        assert line, f"it ended before it said {left}: {said}"
        left = [word for word in left if word not in line]


def test_a_gateway_asks_its_vtn_calls_its_cem_and_says_what_it_does_not_do(tmp_path, serial_port):
    files = Authority(tmp_path).server()
    tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    tls.load_cert_chain(files.cert, files.key)
    secret = tmp_path / "vtn.secret"
    secret.write_text(SECRET)
    secret.chmod(0o600)

    async def play():
        vtn = TestVtn(tls, ssl.create_default_context())
        vtn.events = [event(("SIMPLE", 2), start="0001-01-01", duration="P9999Y")]
        async with vtn.serving():
            tree = site(tmp_path, serial_port)
            tree["device"].append({"id": "wallbox", "driver": "heidelberg-energy-control", "bus": "rs485", "unit": 2})
            (tmp_path / "SITE.toml").write_text(toml(tree | {"source": sources(vtn.url)}))
            agent = await asyncio.create_subprocess_exec(
                sys.executable, "-m", "tools.cli", "run", str(tmp_path / "SITE.toml"),
                cwd=ROOT, stdout=asyncio.subprocess.DEVNULL, stderr=asyncio.subprocess.PIPE,
            )  # fmt: skip
            try:
                assert await until(lambda: vtn.subscriptions)
                await told(agent, "source 'flex': e1: 'SIMPLE': this payload is not served", "source 'cem': wallbox: ")
            finally:
                agent.terminate()
            _, left = await asyncio.wait_for(agent.communicate(), 30)
            return agent.returncode, left, vtn

    code, left, vtn = asyncio.run(play())
    assert code == 0 and "/events?skip=0&limit=50" in vtn.asked
    assert len(vtn.subscribed) == 1 and not vtn.subscriptions, "what it subscribed it takes back"
    assert left == b"", "it ends without a word"
