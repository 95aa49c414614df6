"""An agent that ends leaves every product in its default mode, and writes to none that it does not know."""

from __future__ import annotations

from agent.worker import Post, Worker
from hal import quantities as q
from hal.capabilities.switch import Switch
from hal.errors import LineTimeout, WrongDevice
from hal.memory import ManualClock


class Contact(Switch):
    """Knows where its register is once it was opened."""

    def __init__(self) -> None:
        self.told: list[str] = []
        self.fault: Exception | None = None
        self.register: list[int] = []

    async def open(self) -> None:
        """Find the register."""
        self.told.append("open")
        if self.fault is not None:
            raise self.fault
        self.register = [1]

    async def read(self) -> dict[int, int]:
        """Return the state."""
        if self.fault is not None:
            raise self.fault
        return {q.ON: self.register[0]}

    async def set_on(self, on: int) -> int:
        """Take the state."""
        self.told.append("set %d" % on)
        self.register[0] = on
        return on

    async def default_mode(self) -> int:
        """Open the contact."""
        return await self.set_on(0)


def at_work():
    """Return a contact that was granted something, and who serves it."""
    contact, clock = Contact(), ManualClock()
    post = Post(0, contact, lambda _: None)
    assert post.actuator is not None
    post.actuator.grant((0, 1, "test"), 1 << 40)
    return contact, Worker([post], clock)


async def fails(contact, worker, fault, every_ms):
    """Let a contact fail ten times, asked so often."""
    contact.fault = fault
    for _ in range(10):
        worker.clock.advance(every_ms)
        await worker.posts[0].poll(worker.clock)


async def test_who_was_granted_and_not_yet_met_is_met_first():
    contact, worker = at_work()
    await worker.stand_down()
    assert contact.told == ["open", "set 0"]


async def test_who_was_met_is_told_once():
    contact, worker = at_work()
    await worker.round()
    await worker.stand_down()
    assert contact.told == ["open", "set 0"]


async def test_who_was_met_and_fell_silent_is_tried_as_it_was_known():
    contact, worker = at_work()
    await worker.round()
    await fails(contact, worker, LineTimeout("contact", 500), 10000)
    del contact.told[:]
    await worker.stand_down()
    assert contact.told == ["set 0"]


async def test_nothing_is_written_to_another_product_or_to_nobody():
    for fault in (WrongDevice("contact", "another"), LineTimeout("contact", 500)):
        contact, worker = at_work()
        contact.fault = fault
        await worker.round()
        await worker.stand_down()
        assert contact.told == ["open", "open"]


async def test_nothing_is_written_to_another_product_in_the_place_of_one_that_was_known():
    contact, worker = at_work()
    await worker.round()
    await fails(contact, worker, LineTimeout("contact", 500), 10000)
    await fails(contact, worker, WrongDevice("contact", "another"), 100000)
    del contact.told[:]
    await worker.stand_down()
    assert "set 0" not in contact.told
