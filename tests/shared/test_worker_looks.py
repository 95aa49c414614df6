"""The worker asks what products hold behind everything else: it keeps no write and no reading waiting."""

from __future__ import annotations

from agent.actuator import Actuator
from agent.worker import Post, Worker
from hal import quantities as q
from hal.capabilities import Meter
from hal.capabilities.switch import Switch
from hal.errors import LineTimeout
from hal.memory import ManualClock


class Contact(Switch):
    """Says in `told` what it was asked."""

    def __init__(self, name, told) -> None:
        self.name = name
        self.told = told
        self.silent = False
        self.during_look = None

    def _heard(self, verb) -> None:
        if self.silent:
            raise LineTimeout(self.name, 500)
        self.told.append((self.name, verb))

    async def read(self):
        self._heard("read")
        return {q.ON: 1}

    async def set_on(self, on):
        self._heard("set")
        return on

    async def kept(self):
        self._heard("look")
        if self.during_look is not None:
            self.during_look()
        return 1


class Bench:
    """Some contacts behind one worker, all closed by us."""

    def __init__(self, names) -> None:
        self.told = []
        self.clock = ManualClock()
        self.contacts = [Contact(name, self.told) for name in names]
        self.worker = Worker([Post(at, each, lambda _: None) for at, each in enumerate(self.contacts)], self.clock)

    async def second(self):
        """Let a second pass; return what was asked, in order."""
        del self.told[:]
        self.clock.advance(1000)
        for at, post in enumerate(self.worker.posts):
            post.actuator.grant((at, 1, "test"), 1 << 40)
        await self.worker.round()
        await self.worker.look()
        return list(self.told)


async def test_looks_come_after_every_write_and_reading():
    bench = Bench(("a", "b"))
    assert await bench.second() == [("a", "read"), ("b", "read")]
    told = await bench.second()
    assert told[:4] == [("a", "set"), ("b", "set"), ("a", "read"), ("b", "read")]
    assert sorted(told[4:]) == [("a", "look"), ("b", "look")]
    for _ in range(4):
        assert await bench.second() == [("a", "read"), ("b", "read")]
    assert sorted((await bench.second())[2:]) == [("a", "look"), ("b", "look")]


async def test_what_is_wanted_meanwhile_goes_before_the_next_look_and_everybody_has_a_turn():
    bench = Bench(("a", "b", "c"))
    await bench.second()
    for contact in bench.contacts:
        contact.during_look = bench.worker.wake.set  # there is always something to write
    looked = []
    for _ in range(3):
        looks = [name for name, verb in await bench.second() if verb == "look"]
        assert len(looks) == 1
        looked += looks
        bench.worker.wake.clear()
    assert sorted(looked) == ["a", "b", "c"]


async def test_a_product_that_does_not_answer_is_not_looked_at_until_it_was_told_again():
    bench = Bench(("a",))
    for _ in range(2):
        await bench.second()
    contact = bench.contacts[0]
    contact.silent = True
    for _ in range(2):
        assert await bench.second() == []
    for _ in range(10):
        contact.silent = False
        told = await bench.second()
        if ("a", "look") in told:
            break
        assert told in ([("a", "read")], [("a", "set"), ("a", "read")])
    else:
        raise AssertionError("never looked at again")
    order = [verb for _, verb in told]
    assert "set" not in order[order.index("look") :]


async def test_a_meter_is_not_asked_what_it_holds():
    asked = []

    class Silent(Meter):
        async def kept(self):
            asked.append("kept")

    worker = Worker([Post(0, Silent(), lambda _: None)], ManualClock())
    await worker.round()
    await worker.look()
    await Worker([], ManualClock()).look()
    assert asked == []


async def test_a_defect_in_a_driver_is_not_hidden():
    contact = Contact("a", [])

    async def kept():
        raise KeyError("defect")

    contact.kept = kept
    hand = Actuator(0, contact, lambda _: None)
    hand.grant((0, 1, "test"), 1 << 40)
    await hand.act(0)
    seen = None
    try:
        await hand.look(0)
    except KeyError as defect:
        seen = defect
    assert seen is not None and seen.args == ("defect",)
