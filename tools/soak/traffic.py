"""What goes on while things die: limits renewed, claims, commands that must be refused, and a house that changes."""

from __future__ import annotations

import asyncio
import contextlib
import random
from dataclasses import dataclass, field
from typing import Any

from cryptography.hazmat.primitives.asymmetric import ec

from tools import wire
from tools.demo.layout import Layout
from tools.errors import UsageError
from tools.headend import Answer, HeadEnd
from tools.soak.truth import Truth

LIMIT_W = {
    "gateway": 5400,
    "board": 4300,
}  # in force all the time; the charger at 6 A and the house leave room to steer
RENEW_S = 15.0
LASTS_S = 180
PAUSE_S = (1.0, 4.0)
BASE_W = (400, 1000)
CLAIMS = {  # device -> set-points that an aggregator may ask for
    "gateway": (("boiler", (0, 1)), ("battery", (-1500, 0, 2000)), ("heat-pump", (1500, 2000, 30000))),
    "board": (("charger", (8000, 12000, 16000)),),  # always more than its limit: who binds is known
}
FAR_S = 1 << 30


@dataclass
class Told:
    """What was sent, and what came back."""

    sent: int = 0
    claims: list[str] = field(default_factory=list)
    bad: list[str] = field(default_factory=list)  # commands that must never be accepted
    answers: dict[str, Answer] = field(default_factory=dict)  # command -> the answer as it was first seen


class Traffic:
    """Talks to both agents through the head-end, and moves the house."""

    def __init__(self, layout: Layout, head_end: HeadEnd, truth: Truth, seed: int) -> None:
        self.told = Told()
        self._agents = {"gateway": layout.gateway_id, "board": layout.board_id}
        self._keys = layout.authority_keys
        self._head_end = head_end
        self._truth = truth
        self._rng = random.Random(seed + 1)  # noqa: S311  (a seed must give the same run again)

    async def limits_in_force(self, timeout_s: float) -> None:
        """Return once both agents have accepted their limit. Raises: TimeoutError."""
        commands = [await self._limit(name) for name in self._agents]
        for command in commands:
            await self._head_end.answers(command, timeout_s=timeout_s)

    async def run(self) -> None:
        """Renew and disturb until cancelled."""
        await asyncio.gather(self._renew(), self._disturb(), self._read_answers())

    async def _renew(self) -> None:
        while True:
            await asyncio.sleep(RENEW_S)
            for name in self._agents:
                await self._limit(name)

    async def _limit(self, name: str) -> str:
        self.told.sent += 1
        command = await self._head_end.send_limit(
            self._agents[name], value_w=LIMIT_W[name], duration_s=LASTS_S, authority="dso"
        )
        self.told.claims.append(command)
        return command

    async def _disturb(self) -> None:
        acts = (self._claim, self._claim, self._claim, self._house, self._house, self._bad, self._cancel)
        while True:
            await asyncio.sleep(self._rng.uniform(*PAUSE_S))
            act = self._rng.choice(acts)
            with contextlib.suppress(UsageError):  # raw bytes are not kept while the broker is away
                await act(self._rng.choice(list(self._agents)))

    async def _read_answers(self) -> None:
        while True:
            await asyncio.sleep(1)
            for command in self.told.claims[-50:]:
                with contextlib.suppress(TimeoutError):
                    for answer in await self._head_end.answers(command, 0, 0.1):
                        self.told.answers.setdefault(answer.command, answer)

    async def _claim(self, name: str) -> None:
        device, set_points = self._rng.choice(CLAIMS[name])
        self.told.sent += 1
        command = await self._head_end.send_claim(
            self._agents[name],
            device=device,
            set_point=self._rng.choice(set_points),
            duration_s=self._rng.randint(5, 40),
            primacy=self._rng.randint(10, 200),
            authority="aggregator",
        )
        self.told.claims.append(command)

    async def _cancel(self, _name: str) -> None:
        claims = [command for command in self.told.claims[-10:] if command]
        if claims:
            self.told.sent += 1
            await self._head_end.send_cancel(self._rng.choice(claims[1::2] or claims), authority="aggregator")

    async def _house(self, _name: str) -> None:
        act = self._rng.random()
        if act < 0.6:
            await self._truth.change(base_w=self._rng.randint(*BASE_W))
        else:
            await self._truth.change(car="leave" if act < 0.7 else "arrive")

    async def _bad(self, name: str) -> None:
        agent = self._agents[name]
        raw = self._rng.choice(
            (self._garbage, self._oversize, self._forged, self._late, self._role, self._unknown, self._old)
        )(agent)
        self.told.sent += 1
        command = await self._head_end.send_raw(agent, raw)
        if command not in self.told.claims:  # a replayed one was good once
            self.told.bad.append(command)

    def _garbage(self, _agent: str) -> bytes:
        return self._rng.randbytes(self._rng.randint(1, 400))

    def _oversize(self, _agent: str) -> bytes:
        return self._rng.randbytes(5000)

    def _forged(self, agent: str) -> bytes:
        good = self._sealed(agent, "dso", wire.LIMIT, ["", 0, 20000, 600])
        stranger = wire.seal(wire.payload_of(wire.open_envelope(good)), ec.generate_private_key(ec.SECP256R1()))
        return good[:-64] + stranger[-64:]

    def _late(self, agent: str) -> bytes:
        return self._sealed(agent, "dso", wire.LIMIT, ["", 0, 20000, 600], expires_s=0)

    def _role(self, agent: str) -> bytes:
        return self._sealed(agent, "aggregator", wire.LIMIT, ["", 0, 20000, 600])

    def _unknown(self, agent: str) -> bytes:
        return self._sealed(agent, "aggregator", wire.CLAIM, ["toaster", 1, 600, 1])

    def _old(self, _agent: str) -> bytes:
        return self._head_end.raw_command(self._rng.choice(self.told.claims))

    def _sealed(self, agent: str, authority: str, kind: int, body: list[Any], expires_s: int = FAR_S) -> bytes:
        """Sign a command with a counter far below those in use, so that the key's counter is not spent."""
        return wire.seal(
            wire.command(bytes.fromhex(agent), 1, self._rng.randint(1, 1 << 20), expires_s, kind, body),
            self._keys[authority],
        )
