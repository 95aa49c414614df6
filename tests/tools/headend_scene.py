"""A broker, a head-end and an agent in the field, for tests of the head-end."""

from __future__ import annotations

import contextlib
from collections.abc import AsyncIterator
from pathlib import Path

from tests.needs import needs_program
from tests.tools import evidence as e
from tests.tools.field_agent import WAIT_S, FieldAgent
from tools.broker import Broker
from tools.headend import Authority, BrokerAccess, HeadEnd, KnownAgent, Settings

MAKER_SECRET = 77
RECEIPT_KEY = e.private_key(1001)
GRID_KEY = e.private_key(1002)
AGGREGATOR_KEY = e.private_key(1003)


def settings_for(folder: Path, broker: Broker, *makers: e.Maker) -> Settings:
    return Settings(
        database=folder / "headend.sqlite",
        broker=BrokerAccess(
            broker.host, broker.port, "localhost", broker.ca.cert, broker.head_end.cert, broker.head_end.key
        ),
        receipt_key=RECEIPT_KEY,
        authorities=(Authority("dso", "grid", GRID_KEY), Authority("vpp", "aggregator", AGGREGATOR_KEY)),
        agents=tuple(KnownAgent(f"house-{number}", maker.public) for number, maker in enumerate(makers)),
    )


@contextlib.asynccontextmanager
async def scene(folder: Path) -> AsyncIterator[tuple[HeadEnd, FieldAgent]]:
    """A broker, a head-end and one agent that has announced itself."""
    needs_program("nats-server")
    maker = e.Maker(MAKER_SECRET)
    broker = Broker(folder, [maker.agent.hex()])
    async with broker, HeadEnd(settings_for(folder, broker, maker)) as head_end, FieldAgent(maker, broker) as agent:
        await head_end.connected()
        agent.announce()
        await head_end.announced(agent.agent)
        yield head_end, agent


def agent_status(head_end: HeadEnd) -> dict:
    (found,) = head_end.status()["agents"]
    return found


async def refused(head_end: HeadEnd, name: str, count: int = 1) -> None:
    """Wait until something was refused under a name."""
    await head_end.until(lambda: agent_status(head_end)["refusals"].get(name, 0) >= count, WAIT_S)
