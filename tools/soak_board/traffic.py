"""What the board is asked meanwhile: a limit that goes up and down and is renewed, claims, and a house that changes."""

from __future__ import annotations

import asyncio
import random

from tools.headend import HeadEnd
from tools.soak.truth import Truth

LIMITS_W = (5000, 9000, 6500)
RENEW_S = 15.0
RENEWALS_A_LEVEL = 4
LASTS_S = 120
BASE_W = (400, 1000)
CLAIMS = (("boiler", (0, 1)), ("room", (18000, 20000, 21500)), ("charger", (8000, 12000, 16000)))


class Traffic:
    """Talks to the agent through the head-end; `levels` holds when which limit was sent, `stirs` what else moved."""

    def __init__(self, agent: str, head_end: HeadEnd, truth: Truth, seed: int) -> None:
        self.levels: list[tuple[float, int]] = []
        self.stirs: list[float] = []
        self.sent = 0
        self.refused: list[str] = []
        self._agent = agent
        self._head_end = head_end
        self._truth = truth
        self._rng = random.Random(seed)  # noqa: S311  (a seed must give the same run again)

    async def run(self) -> None:
        """Renew and disturb until cancelled."""
        await asyncio.gather(self._renew(), self._disturb())

    async def _renew(self) -> None:
        turn = 0
        while True:
            level_w = LIMITS_W[turn // RENEWALS_A_LEVEL % len(LIMITS_W)]
            self.levels.append((self._truth.now_s(), level_w))
            await self._accepted(
                await self._head_end.send_limit(self._agent, value_w=level_w, duration_s=LASTS_S, authority="dso")
            )
            turn += 1
            await asyncio.sleep(RENEW_S)

    async def _disturb(self) -> None:
        while True:
            await asyncio.sleep(self._rng.uniform(20, 30))
            self.stirs.append(self._truth.now_s())
            if self._rng.random() < 0.5:
                await self._truth.change(base_w=self._rng.randint(*BASE_W))
                continue
            device, set_points = self._rng.choice(CLAIMS)
            lasts_s = self._rng.randint(5, 20)
            self.stirs.append(self._truth.now_s() + lasts_s)
            await self._accepted(
                await self._head_end.send_claim(
                    self._agent, device=device, set_point=self._rng.choice(set_points), duration_s=lasts_s,
                    primacy=self._rng.randint(10, 200), authority="aggregator",
                )
            )  # fmt: skip

    async def _accepted(self, command: str) -> None:
        self.sent += 1
        try:
            answers = await self._head_end.answers(command)
        except TimeoutError:
            self.refused.append("no answer")
            return
        self.refused += [f"reason {answer.reason}" for answer in answers if not answer.accepted]
