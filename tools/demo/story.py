"""What is done to the house: a limit, a set-point, a pause, a dead broker, and three commands that must be refused."""

from __future__ import annotations

import asyncio
import time
from dataclasses import dataclass, field

from cryptography.hazmat.primitives.asymmetric import ec

from tools import wire
from tools.demo.layout import Layout
from tools.demo.watch import Watch
from tools.headend import HeadEnd

LIMIT_W = 4200  # §14a EnWG: what a controllable device may always draw
BATTERY_W = -1500
FORGED_W = 5000
IMPORT_LIMIT = "import limit"
ANSWER_S = 20
REASONS = {0: "accepted", 3: "bad signature", 6: "replayed", 7: "expired"}


@dataclass(frozen=True)
class Pace:
    """How long each part takes, in seconds."""

    settle: float
    hold: float
    outage: float
    pause: float


NORMAL = Pace(settle=12, hold=10, outage=15, pause=15)
FAST = Pace(settle=11, hold=1, outage=5, pause=6)


@dataclass
class Command:
    """One command of the story and what became of it."""

    name: str
    agent: str
    circuit: str  # where its effect is metered
    commanded: str
    expected: int  # reason code
    command: str
    sent_s: float
    sent_civil_s: float
    reason: int | None = None
    answered_s: float = 0
    until_s: float = 0


@dataclass
class Told:
    """What the story did, for the checks and the picture."""

    commands: list[Command] = field(default_factory=list)
    before_w: float = 0  # what the site drew before it was limited
    limit_s: tuple[float, float] = (0, 0)
    battery_s: tuple[float, float] = (0, 0)
    pause_s: tuple[float, float] = (0, 0)
    outage_s: tuple[float, float] = (0, 0)


class Story:
    """Plays the story once."""

    def __init__(self, layout: Layout, head_end: HeadEnd, watch: Watch, pace: Pace) -> None:
        self.layout = layout
        self.head_end = head_end
        self.watch = watch
        self.pace = pace
        self.told = Told()

    async def play(self) -> Told:
        """Do everything in order; returns what was done. Raises: TimeoutError when an answer never came."""
        await self._fill_up()
        await self._limit()
        await self._battery()
        await self._outage()
        await self._pause()
        await self._attack()
        self.told.limit_s = (self.told.limit_s[0], self.watch.now_s())
        return self.told

    async def _fill_up(self) -> None:
        self.watch.note("the car begins to charge")
        await self.watch.until(lambda sample: sample.grid_w > 10000, 40)
        await asyncio.sleep(1)
        self.told.before_w = self.watch.mean_w("grid", self.watch.now_s() - 1, self.watch.now_s()) or 0.0

    async def _limit(self) -> None:
        layout, began_s = self.layout, self.watch.now_s()
        for agent, circuit in ((layout.gateway_id, "grid"), (layout.board_id, "charger")):
            name = f"{IMPORT_LIMIT}, {'house' if circuit == 'grid' else circuit}"
            command = await self.head_end.send_limit(agent, value_w=LIMIT_W, duration_s=600, authority="dso")
            self._sent(name, agent, circuit, f"<= {LIMIT_W} W", 0, command)
        await self._answered(2)
        self.watch.limit_w = LIMIT_W
        self.told.limit_s = (began_s, 0)
        await asyncio.sleep(self.pace.settle)

    async def _battery(self) -> None:
        began_s = self.watch.now_s()
        command = await self.head_end.send_claim(
            self.layout.gateway_id,
            device="battery",
            set_point=BATTERY_W,
            duration_s=600,
            primacy=10,
            authority="aggregator",
        )
        self._sent("battery set-point", self.layout.gateway_id, "inverter", f"{BATTERY_W} W", 0, command)
        await self._answered(1)
        await asyncio.sleep(self.pace.settle)
        self.told.battery_s = (began_s, self.watch.now_s())

    async def _outage(self) -> None:
        began_s = self.watch.now_s()
        self.watch.note("the broker is killed")
        self.layout.broker.kill()
        await asyncio.sleep(self.pace.outage)
        await asyncio.to_thread(self.layout.broker.start)
        self.watch.note("the broker is back")
        self.told.outage_s = (began_s, self.watch.now_s())
        await self.head_end.connected(60)
        for name, agent in (("gateway", self.layout.gateway_id), ("board", self.layout.board_id)):
            await self._heard_since(agent, self.told.outage_s[1])
            self.watch.note(f"the {name} agent is connected again")

    async def _heard_since(self, agent: str, since_s: float) -> None:
        """Wait until the agent has announced itself after a moment of the story."""
        back_s = self.watch.began + since_s
        for _ in range(600):
            if (await self.head_end.announced(agent)).heard_s >= back_s:
                return
            await asyncio.sleep(0.1)
        raise TimeoutError(f"agent {agent} did not come back")

    async def _pause(self) -> None:
        began_s = self.watch.now_s()
        command = await self.head_end.send_claim(
            self.layout.board_id,
            device="charger",
            set_point=0,
            duration_s=int(self.pace.pause),
            primacy=10,
            authority="aggregator",
        )
        self._sent("charger pause", self.layout.board_id, "charger", "0 mA", 0, command)
        await self._answered(1)
        await asyncio.sleep(self.pace.pause)
        self.told.pause_s = (began_s, self.watch.now_s())

    async def _attack(self) -> None:
        """Send what must be refused: a foreign signature, an old command again, one whose time is over."""
        layout = self.layout
        genuine = next(each for each in self.told.commands if each.name == "battery set-point")
        raw = self.head_end.raw_command(genuine.command)
        session = await self.head_end.announced(layout.gateway_id)
        key = layout.authority_keys["aggregator"]
        body = ["battery", FORGED_W, 600, 1]
        forged = _with_other_signature(
            wire.seal(self._payload(session.epoch, 1 << 40, session.agent_now_s() + 60, body), key)
        )
        expired = wire.seal(self._payload(session.epoch, genuine_counter(raw) + 1000, 1, body), key)
        for name, attempt, reason in (("forged", forged, 3), ("replayed", raw, 6), ("expired", expired, 7)):
            command = await self.head_end.send_raw(layout.gateway_id, attempt)
            self._sent(
                name,
                layout.gateway_id,
                "inverter",
                f"{FORGED_W} W" if attempt is not raw else f"{BATTERY_W} W",
                reason,
                command,
            )
        await self._answered(3)
        await asyncio.sleep(self.pace.hold)

    def _payload(self, epoch: int, counter: int, expires_s: int, body: list[object]) -> list[object]:
        return wire.command(bytes.fromhex(self.layout.gateway_id), epoch, counter, expires_s, wire.CLAIM, body)

    def _sent(self, name: str, agent: str, circuit: str, commanded: str, expected: int, command: str) -> None:
        self.watch.note(f"{name} {commanded}")
        self.told.commands.append(
            Command(name, agent, circuit, commanded, expected, command, self.watch.now_s(), time.time())
        )

    async def _answered(self, last: int) -> None:
        """Wait for the signed answers to the last commands; the newest decision on each counts."""
        for each in self.told.commands[-last:]:
            count = 2 if each.name == "replayed" else 1
            answers = await self.head_end.answers(each.command, count, ANSWER_S)
            each.reason, each.answered_s = answers[-1].reason, self.watch.now_s()
            said = REASONS.get(each.reason, str(each.reason))
            self.watch.note(f"{each.name}: {said}, signed answer after {each.answered_s - each.sent_s:.1f} s")


def genuine_counter(raw: bytes) -> int:
    """Return the counter of a signed command."""
    counter: int = wire.payload_of(wire.open_envelope(raw))[4]
    return counter


def _with_other_signature(raw: bytes) -> bytes:
    """Return the envelope with a signature by nobody the agent knows."""
    stranger = ec.generate_private_key(ec.SECP256R1())
    other = wire.seal(wire.payload_of(wire.open_envelope(raw)), stranger)
    return raw[:-64] + other[-64:]
