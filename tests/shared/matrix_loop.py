"""Cells of the failsafe matrix that need the whole agent: its uplink, the writes to products, the leases of grants."""

from __future__ import annotations

from agent import record
from agent.claims import TARGET, Claim
from agent.limits import IMPORT, SITE, Limit
from hal import quantities as q
from tests.shared.matrix import FAULT_S, FLAP_GONE_S, FLAP_HERE_S, FLAPS, GRANTS, TARGET_W
from tests.shared.matrix_agent import SIGNED, Agent

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.shared.matrix import Cell

CLAIMED = (8000, 1000, 3000, 0, 1, 18000)  # what the owner wants when the fault begins
OTHER = (7000, -500, 2000, 1, 2, 19500)  # and when it ends
LEASE_S = 10
SAYS_MAX = 3  # a set-point that stays impossible is no news; one that changes is
WARM_S = 35
CALM_S = 15
CHANGES_MAX = 6  # of one set-point, until a site under a limit is at rest
LIMIT_W = 4200
NEAR_W = 300
ABSURD, NEGATIVE = 999999, -999999


async def flap(agent: Agent, switch: Callable[[bool], None]) -> None:
    """Let the input go and come; it is gone when this returns."""
    for _ in range(FLAPS - 1):
        switch(True)
        await agent.run(FLAP_GONE_S)
        switch(False)
        await agent.run(FLAP_HERE_S)
    switch(True)
    await agent.run(FLAP_GONE_S)


async def reach(agent: Agent, cell: Cell, limited: bool = False) -> None:
    """Run to where the cell's fault begins."""
    await agent.start()
    if cell.phase != "boot":
        await agent.run(WARM_S)
    elif cell.condition != "never seen":
        await agent.run(2)
    if limited and cell.phase == "limited":
        agent.state.limits.append(Limit(SITE, IMPORT, LIMIT_W, "dso", 0, b"l" * 32))
        await agent.run(WARM_S)


async def play_write_path(cell: Cell, failing: tuple[int, ...]) -> None:
    """Let the writes of some devices fail while the agent wants something new of all."""
    agent = Agent()

    def switch(on: bool) -> None:
        for at in failing:
            device = agent.devices[at]
            device.gone = on and cell.condition not in ("absurd", "negative")
            device.stubborn = {"absurd": ABSURD, "negative": NEGATIVE}.get(cell.condition) if on else None

    if cell.condition == "never seen":
        switch(True)
    await reach(agent, cell)
    held, began = agent.held(), 0 if cell.condition == "never seen" else len(agent.said)
    began_s = agent.now_s()
    switch(True)
    if cell.phase == "limited":
        agent.state.limits.append(Limit(SITE, IMPORT, LIMIT_W, "dso", 0, b"l" * 32))
    elif cell.phase == "running" or cell.condition != "never seen":
        agent.claim(CLAIMED)
    if cell.condition == "flapping":
        await flap(agent, switch)
    else:
        await agent.run(FAULT_S)
        for at in failing:
            assert agent.held()[at] == held[at], (at, agent.held())
            judge_failing(agent, cell, at, began, began_s)
    for at in range(len(agent.devices)):
        if at not in failing:
            assert agent.outcomes(at)[-1] in ("applied", "defaulted")
            assert "failed" not in agent.outcomes(at) and "rejected" not in agent.outcomes(at)
    await end_write_path(agent, cell, switch)


def judge_failing(agent: Agent, cell: Cell, at: int, began: int, began_s: int) -> None:
    """A write that fails is said once for each set-point, with what the product kept if it told."""
    since = [said for said in agent.said[began:] if said[0] == at + 1 and said[1] in ("failed", "rejected")]
    if not since:
        assert agent.held()[at] == granted(agent)[at], (at, agent.held(), granted(agent))
        return
    assert len(since) <= SAYS_MAX, since
    word, within_s = cell.enters[0]
    kept = {"absurd": ABSURD, "negative": NEGATIVE}.get(cell.condition)
    assert [(said[1], said[3]) for said in since] == [(word, kept)] * len(since), since
    if cell.phase != "limited":  # there the later ones ask for more as the limit stays passed
        assert since[0][4] <= began_s + within_s + 1, (since, began_s)


async def end_write_path(agent: Agent, cell: Cell, switch: Callable[[bool], None]) -> None:
    """Every product holds what it was granted in time, is written once, and then left alone."""
    ended = len(agent.said)
    for device in agent.devices:
        device.writes = []
    if cell.phase != "limited":
        if cell.condition == "returns same":
            del agent.state.claims[:]
        elif cell.condition == "returns different":
            agent.claim(OTHER)
    await agent.run(1)
    switch(False)
    await agent.run(cell.leaves[0][1])
    assert agent.held() == granted(agent), (agent.held(), granted(agent))
    for at, device in enumerate(agent.devices):
        assert len(device.writes) <= CHANGES_MAX, (at, device.writes)
        assert [now for was, now in zip(device.writes, device.writes[1:]) if was == now] == [], (at, device.writes)
        tried = [said[1] for said in agent.said[ended:] if said[0] == at + 1]
        assert not tried or tried[-1] in ("applied", "defaulted"), tried
    if cell.condition == "returns different" and cell.phase != "limited":
        assert agent.devices[5].writes == [OTHER[5]], agent.devices[5].writes  # what was wanted meanwhile is over
    if cell.phase != "limited":
        rested = len(agent.said)
        await agent.run(CALM_S)
        assert len(agent.said) == rested, agent.said[rested:]
    else:
        assert (await agent.loop.posts[0].driver.read())[q.POWER_W] <= LIMIT_W
    await agent.stop()


def granted(agent: Agent) -> tuple[int | None, ...]:
    """Return what the products should hold."""
    units = agent.state.units[1:]
    return tuple(
        [agent.devices[at].default if unit.setpoint is None else unit.setpoint for at, unit in enumerate(units)]
    )


async def play_lease(cell: Cell) -> None:
    """Let the loop no longer turn, or grant what no product may be told."""
    agent = Agent()
    wrong = {"absurd": ABSURD, "negative": NEGATIVE}.get(cell.condition)

    def instead() -> None:
        agent.loop.watchdog.feed()
        for at in range(1, len(agent.devices) + 1):
            actuator = agent.loop.posts[at].actuator
            if wrong is not None and actuator is not None:
                actuator.grant((at, wrong, "nobody"), agent.clock.now_ms() + 10000)

    def switch(on: bool) -> None:
        agent.loop.turn = instead if on else agent.turn  # type: ignore[method-assign]  # the fault

    if cell.condition == "never seen":
        switch(True)
    await reach(agent, cell, limited=cell.condition != "never seen")
    held = agent.held()
    for device in agent.devices:
        device.writes = []
    del agent.said[:]
    cycles = 1
    if cell.condition == "flapping":
        cycles = FLAPS
        await flap(agent, switch)
    else:
        switch(True)
        await agent.run(LEASE_S - 2)
        assert agent.held() == held
        await agent.run(FAULT_S - LEASE_S + 2)
    if wrong is not None:
        assert agent.held() == held and sum([len(device.writes) for device in agent.devices]) == 0
    elif cell.condition != "never seen":
        assert agent.held() == tuple([device.default for device in agent.devices])
    else:
        assert [device.writes for device in agent.devices] == [[]] * len(agent.devices)
    if cell.condition == "returns different":
        agent.claim(OTHER)
    switch(False)
    await agent.run(cell.leaves[0][1])
    assert agent.held() == granted(agent), (agent.held(), granted(agent))
    await agent.run(CALM_S)
    assert agent.held() == granted(agent)
    for at in range(len(agent.devices)):
        judge_lease(agent.outcomes(at), cell, cycles, at)
    assert [said for said in agent.said if said[1] == record.FAILSAFE] == []
    await agent.stop()


def judge_lease(outcomes: list[str], cell: Cell, cycles: int, at: int) -> None:
    """Each end of a lease is said once, and each return."""
    if cell.condition in ("absurd", "negative"):
        own = at == 1 and "returns" not in cell.condition
        assert outcomes == ["rejected", "defaulted" if own else "applied"], outcomes
    elif cell.condition == "never seen":
        assert outcomes[:1] in (["applied"], ["defaulted"]) and len(outcomes) <= 2, outcomes
    elif at == 1 and cell.phase == "limited":  # it covers for what the others do by themselves
        assert outcomes[0] == "defaulted" and len(outcomes) <= 4 * cycles, outcomes
    elif at == 1 and cell.condition != "returns different":
        assert outcomes == ["defaulted"] * cycles, outcomes
    else:
        assert outcomes[: 2 * cycles] == ["defaulted", "applied"] * cycles, outcomes
        assert len(outcomes) <= 2 * cycles + CHANGES_MAX, outcomes


async def play_uplink(cell: Cell) -> None:
    """Let the way upstream be gone, or bring what no authority would send: no device notices."""
    agent = Agent()
    if cell.condition != "never seen":
        agent.uplink.set_connected(True)
    await reach(agent, cell)
    before = "all"
    if cell.phase == "limited":
        before = "all, within the limit"
        until_s = agent.now_s() + WARM_S + FAULT_S
        raw = await agent.limit(LIMIT_W, WARM_S + FAULT_S)
        if cell.condition == "never seen":  # it was kept from an earlier epoch
            agent.state.limits.append(Limit(SITE, IMPORT, LIMIT_W, "dso", until_s * 1000, b"l" * 32))
        else:
            await agent.deliver(raw)
        await agent.run(WARM_S)
    elif cell.targeted:
        before = "the target"
        until_ms = 1000 * (agent.now_s() + WARM_S + FAULT_S)
        agent.state.claims.append(Claim(SITE, TARGET_W, 5, 1, "agg", until_ms, b"t" * 32, TARGET))
        await agent.run(WARM_S)
    await agent.run(2)
    assert await is_held(agent, before), agent.held()
    del agent.said[:]
    refused: list[int] = []
    if cell.condition == "absurd":
        refused = await say_nonsense(agent)
    elif cell.condition == "negative":
        await agent.deliver(await agent.limit(-1, 60))
        refused = [record.MALFORMED]
    elif cell.condition == "flapping":
        await flap(agent, lambda gone: agent.uplink.set_connected(not gone))
    else:
        agent.uplink.set_connected(False)
        await agent.run(FAULT_S - 3)
    if cell.condition != "flapping":
        assert await is_held(agent, before), agent.held()
    refused += await come_back(agent, cell)
    await agent.run(CALM_S)
    decisions = [said[1] for said in agent.said if said[0] == "decision"]
    assert decisions == refused, decisions
    if cell.condition != "returns different":
        await judge_limit_end(agent, cell)
    assert [said for said in agent.said if said[1] in (record.FAILSAFE, record.DEVICE_STATE)] == []
    assert [said for said in agent.said if said[1] == record.EVENT and said[2] == record.STARTED] == []
    await agent.stop()


async def is_held(agent: Agent, name: str) -> bool:
    """Tell whether the products hold what GRANTS names, or the target is met."""
    if name == "the target":
        return abs((await agent.loop.posts[0].driver.read())[q.POWER_W] - TARGET_W) <= NEAR_W
    return agent.held() == GRANTS[name]


async def say_nonsense(agent: Agent) -> list[int]:
    """Deliver what no authority would send; return why it is refused, in order."""
    for raw in (b"\xff" * 40, bytes(5000), b"\x00"):
        await agent.deliver(raw)
    assert agent.uplink.dropped_oversize == 1
    await agent.run(2)
    return [record.MALFORMED, record.MALFORMED]


async def come_back(agent: Agent, cell: Cell) -> list[int]:
    """Connect, and let the authority say the same again or something else; return the answers that are due."""
    agent.uplink.collect()
    agent.uplink.set_connected(True)
    await agent.run(3)
    await agent.settle(SIGNED)
    sessions = [payload for channel, payload in agent.uplink.collect() if channel == "session"]
    assert len(sessions) == 1 or cell.condition in ("absurd", "negative"), len(sessions)
    if cell.condition == "returns same":
        raw = await agent.limit(LIMIT_W + 1000, 1)
        await agent.deliver(raw)
        await agent.run(2)
        await agent.deliver(raw)
        return [record.ACCEPTED, record.REPLAYED]
    if cell.condition == "returns different":
        await agent.deliver(await agent.limit(9000, 600))
        return [record.ACCEPTED]
    return []


async def judge_limit_end(agent: Agent, cell: Cell) -> None:
    """A limit ends at its time and the defaults return, link or no link."""
    agent.uplink.set_connected(False)
    await agent.run(WARM_S)
    assert agent.state.limits == [] and agent.state.claims == []
    if cell.phase != "boot":
        assert agent.held()[0] == GRANTS["all"][0]
