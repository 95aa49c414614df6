"""One actuator on a real driver and a product in memory; the tests say what time it is."""

from __future__ import annotations

from agent import record
from agent.actuator import Actuator
from agent.step import Outcome
from tests.shared.products import charger_unit, driver_of, pump_unit, put

WRITES = (5, 6, 16)
FAR_MS = 1 << 40


class Hand:
    """`act` and `look` return what was asked of the product: addresses written, and how many requests a look took."""

    def __init__(self, model, unit, options=None) -> None:
        self.unit = unit
        self.driver = driver_of(model, unit, options)
        self.heard = []
        self.actuator = Actuator(3, self.driver, self.heard.append)

    def grant(self, setpoint, until_ms=FAR_MS, source="claim") -> bool:
        return self.actuator.grant((3, setpoint, source), until_ms)

    async def act(self, now_ms):
        self.unit.asked = []
        await self.actuator.act(now_ms)
        return [address for function, address, _ in self.unit.asked if function in WRITES]

    async def look(self, now_ms):
        self.unit.asked = []
        await self.actuator.look(now_ms)
        assert [asked for asked in self.unit.asked if asked[0] in WRITES] == []
        return len(self.unit.asked)

    async def apply(self, setpoint, now_ms=0) -> None:
        """Grant and write; what is said of it is not kept."""
        self.grant(setpoint)
        await self.act(now_ms)
        self.said()

    def said(self):
        """Return and forget outcomes as (set-point, outcome, evidence, kept, source) and states as numbers."""
        told = []
        for item in self.heard:
            assert item.device == 3
            if type(item) is Outcome:
                told.append((item.setpoint, item.outcome, item.evidence, item.kept, item.source))
            else:
                told.append(item.state)
        del self.heard[:]
        return told


def somebody_charges(unit, current_a) -> None:
    """Let another controller write the charger's set-point."""
    put(unit.registers, 1210, "f", current_a)
    unit.after_write(unit)


def pump():
    """Return the hand of a heat pump: it has no watchdog, and its registers wear out."""
    return Hand("luxtronik-shi", pump_unit())


def charger():
    """Return the hand of a charger, which falls back by itself."""
    return Hand("alfen-eve", charger_unit())


async def contested(now_ms=7000):
    """Return a charger that is limited to 10 A and was found at 20 A."""
    hand = charger()
    await hand.apply(10000)
    somebody_charges(hand.unit, 20.0)
    await hand.look(now_ms - 1000)
    await hand.look(now_ms)
    assert hand.said() == [record.FOREIGN_CONTROLLER]
    return hand


async def outlasted(hand, now_ms=7000):
    """Bring ours back and forget what was said of it."""
    assert await hand.act(now_ms) == [1210]
    hand.said()
