"""CPU time of the agent for one poll against the bare program's, and the memory the agent holds.

The sides run one after the other, A B C A B C, each fresh, on the same devices and broker. A window begins some
seconds after the start, when everything is connected and imported; its CPU time is that of the whole process with all
threads, its polls are counted by the devices. The first agent runs on until it is old enough for its memory to be read.
C is the bare program again, with as few messages as the agent sends: what of the difference is only batching.
"""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from statistics import median

from tools.bench.child import Child
from tools.bench.site import BARE, PAGE_S, Stage


@dataclass(frozen=True)
class Plan:
    """How long is measured: seconds before a window, in it, and before the agent's memory is read."""

    rounds: int = 3
    warm_s: float = 4.0
    window_s: float = 10.0
    memory_s: float = 60.0


@dataclass
class Polling:
    """CPU milliseconds per poll, which is one read request, one figure a window, and the agent's memory in KiB."""

    agent_ms: list[float] = field(default_factory=list)
    bare_ms: list[float] = field(default_factory=list)
    batched_ms: list[float] = field(default_factory=list)
    memory_kb: dict[str, int] = field(default_factory=dict)
    memory_after_s: float = 0.0

    def ratio(self, against_ms: list[float]) -> float:
        """Return how much more the agent uses, median over the rounds."""
        return median(ours / theirs for ours, theirs in zip(self.agent_ms, against_ms, strict=True))


def measure(stage: Stage, plan: Plan) -> Polling:
    """Measure all sides. Raises: BenchError."""
    found = Polling()
    for turn in range(plan.rounds):
        began_s = time.monotonic()
        with stage.agent() as agent:
            found.agent_ms.append(_window(stage, agent, plan))
            if turn == 0:
                time.sleep(max(0.0, plan.memory_s - (time.monotonic() - began_s)))
                found.memory_kb = agent.memory_kb()
                found.memory_after_s = time.monotonic() - began_s
        with stage.bare() as bare:
            found.bare_ms.append(_window(stage, bare, plan))
        with stage.bare(PAGE_S) as bare:
            found.batched_ms.append(_window(stage, bare, plan))
    return found


def _window(stage: Stage, child: Child, plan: Plan) -> float:
    child.hear("ready" if child.name == BARE else "epoch")
    time.sleep(plan.warm_s)
    reads, cpu_s = stage.reads(), child.cpu_s()
    time.sleep(plan.window_s)
    return (child.cpu_s() - cpu_s) * 1000 / (stage.reads() - reads)
