"""Cells of the failsafe matrix about what the agent reads back: who cannot be asked, who lies, who was overwritten."""

from __future__ import annotations

from agent import record
from hal.capabilities import PERSISTENT
from tests.shared.matrix import BOOT, FAULT_S, LIMITED
from tests.shared.matrix_agent import Agent, Twin
from tests.shared.matrix_loop import ABSURD, CALM_S, CLAIMED, NEGATIVE, WARM_S, flap, granted, reach

TYPE_CHECKING = False
if TYPE_CHECKING:
    from tests.shared.matrix import Cell

MEDDLED = (7000, -500, 2000, 1, 3, 19500)  # what another controller writes
LIES = {"absurd": ABSURD, "negative": NEGATIVE}
WRITES_MAX = 7  # in the fault and until control is regained, pauses growing
MEDDLES_S = 10  # so long after nobody could look any more another controller writes


async def play_read_back(cell: Cell) -> None:
    """Let looks fail or lie while every device has a set-point that somebody asked for."""
    agent = Agent()

    def switch(on: bool) -> None:
        for device in agent.devices:
            device.mute = on and cell.condition not in LIES
            device.claims_to_hold = LIES.get(cell.condition) if on else None

    if cell.condition == "never seen":
        switch(True)
    await reach(agent, cell, limited=True)
    agent.claim(CLAIMED)
    await agent.run(3 if cell.phase == BOOT else WARM_S)
    held, began_s = agent.held(), agent.now_s()
    assert held == granted(agent), (held, granted(agent))
    forget(agent)
    if cell.condition == "flapping":
        await flap(agent, switch)
    else:
        switch(True)
        await agent.run(MEDDLES_S)
        if cell.differs:
            meddle(agent)
        await agent.run(FAULT_S - MEDDLES_S)
    fought = cell.differs and cell.phase == LIMITED  # what draws too much is throttled, whoever let it
    inside = MEDDLED if cell.differs else held
    assert agent.held() == inside or fought, (agent.held(), inside)
    judge(agent, cell.enters, began_s)
    entered, ended_s = len(states(agent)), agent.now_s()
    switch(False)
    await agent.run(max([within_s for _, within_s in cell.leaves] + [1]))
    judge(agent, cell.leaves, ended_s, entered, fought)
    rested = len(agent.said)
    await agent.run(CALM_S)
    assert agent.held() == granted(agent)
    if not fought:
        assert agent.said[rested:] == [] and agent.held() == held, agent.said[rested:]
        for device in agent.devices:
            judge_writes(device, cell)
    await agent.stop()


def forget(agent: Agent) -> None:
    """Count from now on."""
    del agent.said[:]
    for device in agent.devices:
        device.writes = []


def meddle(agent: Agent) -> None:
    """Let another controller write every product."""
    for device, setpoint in zip(agent.devices, MEDDLED):
        device.held = setpoint


def states(agent: Agent) -> list[tuple[int, str, int]]:
    """Return (device, what was found, second) of all that was said about control."""
    names = {record.FOREIGN_CONTROLLER: "foreign", record.CONTROL_REGAINED: "regained"}
    return [(said[4], names[said[2]], said[3]) for said in agent.said if said[1] == record.DEVICE_STATE]


def judge(agent: Agent, words: tuple[tuple[str, int], ...], since_s: int, first: int = 0, fought: bool = False) -> None:
    """Each word is said once of each device, in time, and nothing else; `fought`: of loads perhaps not."""
    told = states(agent)[first:]
    for at in range(len(agent.devices)):
        mine = [(what, at_s - since_s) for device, what, at_s in told if device == at + 1]
        assert [what for what, _ in mine] == [what for what, _ in words] or (fought and not mine and at < 5), (at, mine)
        for (what, after_s), (_, within_s) in zip(mine, words):
            assert after_s <= within_s, (at, what, after_s)


def judge_writes(device: Twin, cell: Cell) -> None:
    """Nothing is written anew where nothing was found; against another controller with growing pauses."""
    if cell.enters or cell.leaves:
        assert 1 <= len(device.writes) <= (2 if device.write_cost == PERSISTENT else WRITES_MAX), device.writes
    else:
        assert device.writes == [], device.writes
