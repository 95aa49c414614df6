"""What a UART line with a direction pin promises beyond contracts/line.py, over tests/fakes/machine/serial.py.

Bench: `line` at 9600 baud and `line_at(baud)`, whose direction is pin 6; `said()` is what the board did so far,
[(microseconds, what)]; `on_direction(changed)` has `changed(level)` called at every turn.

A busy machine takes the processor away between the last bit and the pin, at one request or at all of them. So what is
judged is what the line itself does there, at each: who else gets a turn, whether it sleeps, what processor's time it
takes.
"""

import asyncio

from hal.errors import LineDown
from tests.ports.contracts.line import AT_ONCE, LATE, NEVER, answer, ask, missing, outcome
from tests.waiting import until

PIN = "pin 6 "
SPENT = "spent "


def frames(bench):
    """Return (pin high, first bit, last bit, pin low) of each request that left, in microseconds."""
    said = [(at_us, what) for at_us, what in bench.said() if what in (PIN + "1", PIN + "0", "first bit", "last bit")]
    while said[0][1] == PIN + "0":
        said.pop(0)  # it listens from the start
    assert [what for _, what in said] == [PIN + "1", "first bit", "last bit", PIN + "0"] * (len(said) // 4)
    return [tuple([at_us for at_us, _ in said[at : at + 4]]) for at in range(0, len(said), 4)]


def spent_us(bench):
    """Return the processor's time from the last look at a request that was leaving to the pin, of each."""
    return [int(what[len(SPENT) :]) for _, what in bench.said() if what.startswith(SPENT)]


async def test_it_drives_before_the_first_bit_and_listens_right_after_the_last(bench):
    for tag in range(10):
        assert await ask(bench.line, AT_ONCE, tag) == answer(AT_ONCE, tag)
    spans = frames(bench)
    assert len(spans) == 10
    for high_us, first_us, last_us, low_us in spans:
        assert high_us <= first_us < last_us <= low_us
    assert len(spent_us(bench)) == 10 and max(spent_us(bench)) < 3000  # a unit waits 4 ms; the host counts by 1 ms


async def test_nobody_else_has_a_turn_while_a_short_request_leaves(bench):
    turns, high, low = [0], [], []
    bench.on_direction(lambda level: (high if level else low).append(turns[0]))

    async def others():
        while True:
            turns[0] += 1
            await asyncio.sleep(0)

    task = asyncio.create_task(others())
    for tag in range(10):
        await ask(bench.line, AT_ONCE, tag)
    task.cancel()
    assert turns[0] > 100 and len(high) == 10 and low[-10:] == high
    assert not [what for _, what in bench.said() if what == "sleeps"]


def lost(bench):
    """Return what left while the board listened, and what came while it did not."""
    return [what for _, what in bench.said() if what.startswith(("lost", "deaf"))]


async def test_nothing_is_lost_to_the_direction(bench):
    for tag in range(10):
        await ask(bench.line, AT_ONCE, tag)
    assert lost(bench) == []


async def test_a_long_request_leaves_whole_and_others_run_meanwhile(bench):
    """64 characters take 533 ms at 1200 baud; all but the last 30 belong to other tasks."""
    turns = []

    async def others():
        while True:
            turns.append(1)
            await asyncio.sleep(0.005)

    task = asyncio.create_task(others())
    request = bytes((AT_ONCE, 7)) * 32
    line = bench.line_at(1200)
    for _ in range(3):
        assert await line.exchange(request, missing, 2000) == answer(AT_ONCE, 7)
    task.cancel()
    assert len(turns) >= 60
    spans = frames(bench)
    assert [(last_us - first_us) // 1000 for _, first_us, last_us, _ in spans] == [533] * 3
    assert max(spent_us(bench)) < 10000  # 3.5 characters are 29 ms here
    assert min([low_us - last_us for _, _, last_us, low_us in spans]) < 29000


async def test_who_is_cancelled_while_sending_leaves_no_bytes_behind(bench):
    request = bytes((NEVER, 1)) * 32
    slow = bench.line_at(1200)
    task = asyncio.create_task(slow.exchange(request, missing, 2000))
    assert await until(lambda: "first bit" in [what for _, what in bench.said()])
    task.cancel()
    try:  # noqa: SIM105
        await task
    except asyncio.CancelledError:
        pass
    assert [what for _, what in bench.said() if what.startswith(PIN)][-1] == PIN + "0"
    assert await ask(slow, AT_ONCE, 2) == answer(AT_ONCE, 2) and lost(bench) == []


async def test_somebody_else_who_talks_is_waited_for_and_said(bench):
    """The far end goes on talking; nothing is sent into it."""
    assert await outcome(bench.line, LATE, 1, 60) is not LineDown
    reads = []

    def talk(size_bytes):
        reads.append(size_bytes)
        return b"\x55" if len(reads) % 2 else None  # something new after every silence

    before = len(frames(bench))
    bench.line._port.read = talk
    assert await outcome(bench.line, AT_ONCE, 2) is LineDown
    assert len(frames(bench)) == before
