"""Two aggregators on one device through the head-end: bodies as the agent takes them, and a real agent by a broker."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from agent import record
from tests.needs import ROOT, needs_program
from tests.shared.desk import Desk
from tests.shared.market import AGG, Market
from tools import wire
from tools.broker import Broker
from tools.demo.layout import toml
from tools.errors import UsageError
from tools.headend import Authority, BrokerAccess, HeadEnd, KnownAgent, Settings, bodies
from tools.keys import create_key
from tools.verifier import Verifier

NOW_S = 1_790_000_000
WAIT_S = 30
STARTED, CANCELLED, SUPERSEDED = 2, 6, 7


@pytest.mark.parametrize(
    ("said", "body"),
    [
        ({"power_w": 3000, "duration_s": 60}, ["", 1, 3000, 60]),
        ({"power_w": 3000, "duration_s": 60, "scope": "garage", "direction": 0}, ["garage", 0, 3000, 60]),
        ({"power_w": 3000, "duration_s": 60, "start_in_s": 100}, ["", 1, 3000, 60, {3: 130}]),
    ],
)
def test_the_agent_takes_every_window(said, body):
    made = bodies.reservation(NOW_S, **said)
    assert bodies.for_agent(wire.RESERVE, made, NOW_S, 30) == body
    desk = Market()
    assert desk.ask(AGG, wire.RESERVE, body) == record.ACCEPTED
    assert desk.ask(AGG, wire.SET, [[[wire.RESERVE, body]]]) == record.ACCEPTED


def test_a_window_that_has_begun_has_the_rest_of_its_time():
    made = bodies.reservation(NOW_S, power_w=1, duration_s=60, start_in_s=100)
    assert bodies.for_agent(wire.RESERVE, made, NOW_S + 130, 30) == ["", 1, 1, 30]
    assert bodies.for_agent(wire.RESERVE, made, NOW_S + 160, 30) is None
    whole = bodies.whole_set(NOW_S, [{"cmd": "reserve", "power_w": 1, "duration_s": 60}])
    assert whole == [[[wire.RESERVE, ["", 1, 1, 60]]]] and bodies.kinds_in(wire.SET, whole) == {wire.RESERVE}


def test_the_agent_takes_a_random_delay():
    made = bodies.delay(device="charger", max_s=600)
    assert bodies.for_agent(wire.DELAY, made, NOW_S, 30) == made == ["charger", 600]
    assert Desk().ask(AGG, wire.DELAY, made) == record.UNKNOWN_DEVICE  # nothing delays that charger


@pytest.mark.parametrize(
    ("maker", "said", "sentence"),
    [
        (bodies.reservation, {"power_w": 0, "duration_s": 1}, "power_w = 0: expected a whole number from 1"),
        (bodies.reservation, {"power_w": 1, "duration_s": 0}, "duration_s = 0: expected a whole number from 1"),
        (bodies.reservation, {"power_w": 1, "duration_s": 1, "direction": 2}, "direction = 2"),
        (bodies.reservation, {"power_w": 1, "duration_s": 1, "scope": None}, "scope = None"),
        (bodies.delay, {"device": "charger", "max_s": 1801}, "max_s = 1801: expected a whole number from 0 to 1800"),
        (bodies.delay, {"device": 1, "max_s": 1}, "device = 1"),
    ],
)
def test_a_mistake_is_told_in_a_sentence(maker, said, sentence):
    with pytest.raises(UsageError) as refused:
        maker(NOW_S, **said) if maker is bodies.reservation else maker(**said)
    assert sentence in str(refused.value)


@asynccontextmanager
async def market(folder: Path, port: str) -> AsyncIterator[tuple[HeadEnd, str]]:
    """Run an agent with a relay, a broker, and a head-end that signs for two aggregators."""
    needs_program("nats-server")
    keys = {name: create_key(folder / f"{name}.key") for name in ("agent", "receipts", "agg", "vpp")}
    public = {name: wire.point(key.public_key()) for name, key in keys.items()}
    agent = wire.key_id(public["agent"]).hex()
    broker = Broker(folder, [agent])
    files, theirs = broker.agents[agent], broker.head_end
    rows: list[dict[str, object]] = [{"name": "receipts", "role": "receipt", "public_key": public["receipts"].hex()}]
    for name in ("agg", "vpp"):
        rows.append({"name": name, "role": "aggregator", "public_key": public[name].hex()})
        rows[-1] |= {"power_max_w": 5000, "reservations": int(name == "agg")}
    tree = {
        "site": {"name": "test", "meter": "grid", "import_limit_w": 17250, "export_limit_w": 0, "fuse_ma": 25000},
        "agent": {"key": "agent.key", "page_s": 1, "reading_s": 1},
        "uplink": {
            "host": broker.host, "port": broker.port, "server_name": "localhost", "ca": str(broker.ca.cert),
            "cert": str(files.cert), "cert_key": str(files.key),
        },
        "authority": rows,
        "bus": [{"id": "rs485", "kind": "serial", "port": port}],
        "device": [
            {"id": "grid", "driver": "eastron-sdm630", "bus": "rs485"},
            {"id": "heater", "driver": "waveshare-relay", "bus": "rs485", "unit": 2, "power_max_w": 1000, "on_s": 0},
        ],
    }  # fmt: skip
    (folder / "SITE.toml").write_text(toml(tree))
    settings = Settings(
        folder / "headend.sqlite",
        BrokerAccess(broker.host, broker.port, "localhost", broker.ca.cert, theirs.cert, theirs.key),
        keys["receipts"],
        tuple(Authority(name, "aggregator", keys[name]) for name in ("agg", "vpp")),
        (KnownAgent("house", public["agent"]),),
    )
    command = [sys.executable, "-m", "tools.cli", "run", str(folder / "SITE.toml")]
    async with broker, HeadEnd(settings) as head_end:
        process = await asyncio.create_subprocess_exec(*command, cwd=ROOT, stdout=asyncio.subprocess.DEVNULL)
        try:
            await head_end.announced(agent, WAIT_S)
            yield head_end, agent
        finally:
            process.terminate()
            assert await process.wait() == 0


async def test_one_waits_for_the_others_window_and_is_told_until_when(tmp_path, serial_port):
    async with market(tmp_path, serial_port) as (head_end, agent):

        def told(command: str) -> list[int]:
            return [each["status"] for each in head_end.records(agent, "event") if each["command"] == command]

        async def answer(command: str):
            (found,) = await head_end.answers(command, timeout_s=WAIT_S)
            return found

        on = {"device": "heater", "set_point": 1}
        claim = await head_end.send_claim(agent, authority="vpp", duration_s=3000, primacy=1, **on)
        assert (await answer(claim)).accepted
        await head_end.until(lambda: told(claim) == [STARTED], WAIT_S)
        window = await head_end.send_reserve(agent, authority="agg", power_w=1000, duration_s=600)
        assert (await answer(window)).accepted
        await head_end.until(lambda: told(claim) == [STARTED, SUPERSEDED], WAIT_S)
        late = await head_end.send_claim(agent, authority="vpp", duration_s=60, primacy=1, **on)
        refused = (await answer(late)).as_json()
        assert refused["says"] == "reserved" and 590 <= refused["reserved_for_s"] <= 600
        own = await head_end.send_reserve(agent, authority="vpp", power_w=1000, duration_s=60)
        assert (await answer(own)).as_json()["says"] == "role forbids"
        await head_end.send_cancel(window)
        await head_end.until(lambda: told(claim) == [STARTED, SUPERSEDED, STARTED], WAIT_S)
        assert told(window) == [STARTED, CANCELLED]
        held, *_ = head_end.records(agent, "reservation")
        assert (held["source"], held["place"], held["devices"], held["power_w"]) == ("agg", "", [1], 1000)
        exported = list(head_end.pages(agent))
    verifier = Verifier([head_end.settings.agents[0].public_key])
    for raw in exported:
        verifier.add(raw)
    assert verifier.report().ok
